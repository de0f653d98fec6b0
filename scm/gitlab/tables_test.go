package gitlab_test

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	lib "github.com/xanzy/go-gitlab"

	"github.com/ferry-cd/ferry/door"
	"github.com/ferry-cd/ferry/scm"
	"github.com/ferry-cd/ferry/scm/gitlab"
	"github.com/ferry-cd/ferry/scm/gitlab/fake"
)

func TestStates(t *testing.T) {
	for word, want := range map[string]scm.State{"opened": scm.Open, "locked": scm.Open, "merged": scm.Merged, "closed": scm.Closed, "unheard-of": ""} {
		if got := gitlab.States[word]; got != want {
			t.Errorf("%s: %q, want %q", word, got, want)
		}
	}
	for state, want := range map[scm.StatusState]string{scm.Pending: "pending", scm.Success: "success", scm.Failure: "failed", scm.Superseded: "canceled"} {
		if got := gitlab.Said[state]; string(got) != want || gitlab.Heard[want] != state {
			t.Errorf("%s: said as %q, heard as %q", state, got, gitlab.Heard[want])
		}
	}
	for word, want := range map[string]scm.StatusState{
		"created": scm.Pending, "waiting_for_resource": scm.Pending, "waiting_for_callback": scm.Pending, "preparing": scm.Pending, "running": scm.Pending,
		"manual": scm.Pending, "scheduled": scm.Pending, "canceling": scm.Pending, "skipped": scm.Superseded, "of tomorrow": scm.Pending,
	} {
		if got := gitlab.StatusRow(&lib.CommitStatus{Status: word}).State; got != want {
			t.Errorf("%s: %q, want %q", word, got, want)
		}
	}
	for state, want := range map[scm.StatusState]string{scm.Pending: "running", scm.Success: "success", scm.Failure: "failed", scm.Superseded: "canceled"} {
		if got := gitlab.Deployed[state]; string(got) != want {
			t.Errorf("deployment %s: %q, want %q", state, got, want)
		}
	}
}

// A status has the time of its state, not that of its line: soaking counts from it.
func TestStatusTime(t *testing.T) {
	at := func(n int) *time.Time { x := time.Unix(int64(n), 0).UTC(); return &x }
	for want, row := range map[int]*lib.CommitStatus{
		1: {CreatedAt: at(1)},
		2: {CreatedAt: at(1), StartedAt: at(2)},
		3: {CreatedAt: at(1), StartedAt: at(2), FinishedAt: at(3)},
		4: {CreatedAt: at(1), FinishedAt: at(4)},
	} {
		if got := gitlab.StatusRow(row).Time; !got.Equal(*at(want)) {
			t.Errorf("%v, want %d", got, want)
		}
	}
}

func TestMergeCommit(t *testing.T) {
	for name, mr := range map[string]lib.MergeRequest{
		"merge":        {MergeCommitSHA: "want", SquashCommitSHA: "squash", SHA: "head"},
		"squash":       {SquashCommitSHA: "want", SHA: "head"},
		"fast-forward": {SHA: "want"},
	} {
		mr.State = "merged"
		if got := gitlab.Translated(&mr).MergeCommit; got != "want" {
			t.Errorf("%s: %s", name, got)
		}
	}
}

func TestMergeStatus(t *testing.T) {
	c := open(t, fake.New(t), fake.Bot)
	const wait, may, conflict, moved, rule = "wait", "may", "conflict", "moved", "rule"
	words := map[string]string{
		"": may, "mergeable": may, "of tomorrow": may,
		"unchecked": wait, "checking": wait, "preparing": wait, "approvals_syncing": wait,
		"conflict": conflict, "broken_status": conflict,
		"not_open": moved, "commits_status": moved,
		"draft_status": rule, "ci_must_pass": rule, "ci_still_running": rule, "not_approved": rule, "requested_changes": rule,
		"discussions_not_resolved": rule, "need_rebase": rule, "blocked_status": rule, "merge_request_blocked": rule, "external_status_checks": rule,
		"status_checks_must_pass": rule, "jira_association": rule, "jira_association_missing": rule, "policies_denied": rule,
		"security_policy_violations": rule, "security_policy_pipeline_check": rule, "locked_paths": rule, "locked_lfs_files": rule, "merge_time": rule,
		"title_regex": rule,
	}
	for word, want := range words {
		unsettled, err := c.Obstacle(t.Context(), word)
		var ruled *scm.RuleError
		var conflicts *scm.MergeConflictError
		got := may
		switch {
		case unsettled:
			got = wait
		case errors.As(err, &conflicts):
			got = conflict
		case errors.As(err, &ruled):
			got = rule
			if ruled.Branch != "main" || ruled.Rule == "" {
				t.Errorf("%s: %+v", word, ruled)
			}
		case errors.Is(err, scm.ErrConflict):
			got = moved
		case err != nil:
			got = err.Error()
		}
		if got != want {
			t.Errorf("%s: %s (%v), want %s", word, got, err, want)
		}
	}
	for _, w := range gitlab.StatusWords() {
		if _, tried := words[w]; !tried {
			t.Errorf("%s has no row here", w)
		}
	}
}

func TestErrors(t *testing.T) {
	c := open(t, fake.New(t), fake.Bot)
	for _, row := range []struct {
		code int
		body string
		want error
	}{
		{400, `{"message":"Cannot transition status via :enqueue from :pending"}`, scm.ErrInvalid},
		{401, `{"message":"401 Unauthorized"}`, scm.ErrUnauthorized},
		{403, `{"error":"insufficient_scope"}`, scm.ErrForbidden},
		{404, `{"message":"404 Project Not Found"}`, scm.ErrNotFound},
		{405, `{"message":"405 Method Not Allowed"}`, scm.ErrForbidden},
		{406, `{"message":"Branch cannot be merged"}`, scm.ErrConflict},
		{409, `{"message":["Another open merge request already exists for this source branch: !7"]}`, scm.ErrConflict},
		{412, ``, scm.ErrConflict},
		{413, `<html>`, scm.ErrInvalid},
		{422, `{"message":"Branch cannot be merged"}`, scm.ErrConflict},
		{422, `{"message":"You can't use same project/branch for source and target"}`, scm.ErrInvalid},
		{418, `teapot`, nil},
	} {
		err := c.Meaning(&url.Error{Op: "Get", URL: "https://x", Err: &door.StatusError{Code: row.code, Method: "GET", Path: "/p", RequestID: "01ID", Body: row.body}})
		for _, kind := range []error{scm.ErrInvalid, scm.ErrUnauthorized, scm.ErrForbidden, scm.ErrNotFound, scm.ErrConflict} {
			if errors.Is(err, kind) != (kind == row.want) { //nolint:errorlint // the row names the very error
				t.Errorf("%d %s: %v, want %v", row.code, row.body, err, row.want)
			}
		}
		if !strings.Contains(err.Error(), "01ID") || strings.Contains(err.Error(), "https://x") {
			t.Errorf("%d: %v", row.code, err)
		}
	}
	var limited *scm.RateLimitedError
	for _, err := range []error{&door.StatusError{Code: 429}, &door.WaitError{Until: time.Now().Add(time.Hour)}} {
		if err := c.Meaning(&url.Error{Err: err}); !errors.As(err, &limited) || limited.RetryAfter <= 0 {
			t.Errorf("%v", err)
		}
	}
	if err := c.Meaning(nil); err != nil {
		t.Error(err)
	}
}

func TestMethods(t *testing.T) {
	for _, row := range []struct {
		merge  lib.MergeMethodValue
		squash lib.SquashOptionValue
		want   []scm.Method
	}{
		{lib.NoFastForwardMerge, lib.SquashOptionDefaultOff, []scm.Method{scm.MergeCommit, scm.Squash}},
		{lib.NoFastForwardMerge, lib.SquashOptionNever, []scm.Method{scm.MergeCommit}},
		{lib.NoFastForwardMerge, lib.SquashOptionAlways, []scm.Method{scm.Squash}},
		{lib.RebaseMerge, lib.SquashOptionDefaultOn, []scm.Method{scm.MergeCommit, scm.Squash}},
		{lib.FastForwardMerge, lib.SquashOptionDefaultOff, []scm.Method{scm.Rebase, scm.Squash}},
		{lib.FastForwardMerge, lib.SquashOptionNever, []scm.Method{scm.Rebase}},
	} {
		if got := gitlab.Methods(&lib.Project{MergeMethod: row.merge, SquashOption: row.squash}); !slices.Equal(got, row.want) {
			t.Errorf("%s, %s: %v, want %v", row.merge, row.squash, got, row.want)
		}
	}
}

func TestWildcards(t *testing.T) {
	for _, row := range []struct {
		pattern, branch string
		want            bool
	}{
		{"main", "main", true}, {"main", "mainline", false}, {"*", "a/b", true}, {"env/*", "env/prod", true}, {"env/*", "env/prod/eu", true},
		{"env/*", "env", false}, {"*-stable", "9-stable", true}, {"*-stable", "stable", false}, {"a*b*c", "axxbyyc", true}, {"a*b*c", "axxc", false},
		{"a*a", "a", false}, {"", "main", false},
	} {
		if got := gitlab.Matches(row.pattern, row.branch); got != row.want {
			t.Errorf("%q, %q: %v", row.pattern, row.branch, got)
		}
	}
}

func TestGroups(t *testing.T) {
	c := open(t, fake.New(t), fake.Bot)
	for team, want := range map[string]string{
		"release":       "[acme/platform/release acme/release]",
		"acme":          "[acme/platform/acme acme/acme acme]",
		"other/release": "[other/release]",
		"..":            "[]",
		"a b":           "[]",
		"":              "[]",
	} {
		if got := fmt.Sprint(c.Groups(team)); got != want {
			t.Errorf("%q: %s, want %s", team, got, want)
		}
	}
}

func TestRemotes(t *testing.T) {
	for remote, want := range map[string]string{
		"https://gitlab.com/acme/gitops.git":                       "https://gitlab.com acme/gitops",
		"https://ci:secret@gitlab.com/acme/platform/gitops":        "https://gitlab.com acme/platform/gitops",
		"https://GitLab.example.com:8443/a/b/c/d.git/":             "https://gitlab.example.com:8443 a/b/c/d",
		"http://gitlab.local/acme/gitops":                          "http://gitlab.local acme/gitops",
		"git@gitlab.com:acme/gitops.git":                           "https://gitlab.com acme/gitops",
		"gitlab.com:acme/gitops":                                   "https://gitlab.com acme/gitops",
		"ssh://git@gitlab.example.com:2222/acme/team.x/gitops.git": "https://gitlab.example.com acme/team.x/gitops",
		"ssh://git@altssh.gitlab.com:443/acme/gitops.git":          "https://gitlab.com acme/gitops",
		"https://github.com/acme/gitops":                           "",
		"https://code.example.com/acme/gitops":                     "",
		"https://gitlab.com/gitops":                                "",
		"https://gitlab.com/acme/../gitops":                        "",
		"https://gitlab.com/acme//gitops":                          "",
		"https://gitlab.com/acme/-/gitops?x":                       "",
		"/srv/gitlab/gitops.git":                                   "",
		"file:///srv/gitlab.com/gitops.git":                        "",
		"git@gitlab.com:acme":                                      "",
		"":                                                         "",
		"https://%zz":                                              "",
	} {
		o, ok := gitlab.Recognise(remote)
		if got := strings.TrimSpace(o.URL + " " + o.Repository); got != want || ok != (want != "") {
			t.Errorf("%s: %q, %v; want %q", remote, got, ok, want)
		}
	}
	if o, ok := gitlab.Parse("https://code.example.com/acme/gitops"); !ok || o.URL != "https://code.example.com" || o.Repository != "acme/gitops" {
		t.Errorf("a server of another name: %+v, %v", o, ok)
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"https://gitlab.com/acme/gitops.git", "git@gitlab.com:acme/gitops.git", "ssh://git@gitlab.example.com:22/a/b", "gitlab.com:../x", "https://[::1]:x/a/b"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, remote string) {
		o, ok := gitlab.Parse(remote)
		if !ok {
			return
		}
		if strings.Contains(o.URL, "@") || strings.Contains("/"+o.Repository+"/", "/../") || !strings.Contains(o.Repository, "/") {
			t.Errorf("%q: %+v", remote, o)
		}
		if again, ok := gitlab.Parse(o.URL + "/" + o.Repository); !ok || again.Repository != o.Repository {
			t.Errorf("%q: %+v, then %+v", remote, o, again)
		}
	})
}

func TestTitles(t *testing.T) {
	for _, row := range []struct {
		title  string
		draft  bool
		stored string
	}{
		{"web 2 to qa", false, "web 2 to qa"},
		{"web 2 to qa", true, "Draft: web 2 to qa"},
		{"Draft: web", false, "\u2060Draft: web"},
		{"Draft: web", true, "Draft: Draft: web"},
		{"[draft] web", false, "\u2060[draft] web"},
		{"WIP: web", false, "\u2060WIP: web"},
		{"drafty", false, "drafty"},
	} {
		stored := gitlab.TitleFor(scm.Proposal{Title: row.title, Draft: row.draft})
		if stored != row.stored || gitlab.TitleOf(stored, row.draft) != row.title {
			t.Errorf("%q, %v: stored as %q, read as %q", row.title, row.draft, stored, gitlab.TitleOf(stored, row.draft))
		}
	}
	if got := gitlab.TitleOf("(Draft)  of a person", true); got != "of a person" {
		t.Errorf("%q", got)
	}
}

func FuzzInert(f *testing.F) {
	for _, s := range []string{"/merge", "a\n/close\n/approve x", "  /merge", "\\/merge", "```\n/x\n```", "\\\\/a\n\t\\/b", "/", "a/b"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		s = scm.Text(s)
		stored := gitlab.Inert(s)
		for line := range strings.Lines(stored) {
			if strings.HasPrefix(strings.TrimLeft(line, " \t"), "/") {
				t.Errorf("%q is stored as %q", s, stored)
			}
		}
		if got := gitlab.AsRead(stored); got != s {
			t.Errorf("%q is stored as %q and read as %q", s, stored, got)
		}
	})
}

// A text that grows by being made inert stays within the limit.
func TestInertWithin(t *testing.T) {
	for _, limit := range []int{10, 100, 101} {
		got := gitlab.InertTo(strings.Repeat("/a\n", 100), limit)
		if n := utf8.RuneCountInString(got); n > limit || n < limit-8 {
			t.Errorf("%d characters within %d: %q", n, limit, got)
		}
	}
}

func TestOpenRefuses(t *testing.T) {
	for name, o := range map[string]gitlab.Options{
		"no server":       {Repository: "a/b"},
		"no scheme":       {URL: "gitlab.com", Repository: "a/b"},
		"a password":      {URL: "https://u:s3cr3t-canary@gitlab.com", Repository: "a/b"},
		"no project":      {URL: "https://gitlab.com"},
		"no group":        {URL: "https://gitlab.com", Repository: "gitops"},
		"a way out of it": {URL: "https://gitlab.com", Repository: "a/../b"},
	} {
		_, err := gitlab.Open(t.Context(), o)
		var hint interface{ Hint() string }
		var exit interface{ ExitCode() int }
		if err == nil || !errors.As(err, &hint) || hint.Hint() == "" || !errors.As(err, &exit) || exit.ExitCode() != 2 || strings.Contains(err.Error(), "canary") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
