package promote_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/ferry-cd/ferry/gates"
	"github.com/ferry-cd/ferry/git"
	"github.com/ferry-cd/ferry/promote"
	"github.com/ferry-cd/ferry/release"
	"github.com/ferry-cd/ferry/scm"
	"github.com/ferry-cd/ferry/source"
)

// proposals is a dev that takes two approvals, so that a pull request stays open while newer releases come.
func proposals(supersede string) string {
	return strings.Replace(ferryYAML, "{name: dev, pullRequest: false}", "{name: dev, merge: auto, supersede: "+supersede+", gates: {approvals: {count: 2}}}", 1)
}

// What a newer release does to an open pull request is the environment's choice.
func TestSupersede(t *testing.T) {
	for _, tt := range []struct {
		mode     string
		approved bool
		want     string
	}{
		{"replace", false, "1.2.0"}, {"replace", true, "1.2.0"},
		{"on-approval", false, "1.2.0"}, {"on-approval", true, "1.1.0"},
		{"queue", false, "1.1.0"}, {"queue", true, "1.1.0"},
	} {
		t.Run(tt.mode, func(t *testing.T) {
			w := newWorld(t, proposals(tt.mode), nil)
			w.mustSubmit(1)
			if tt.approved {
				w.approve("grace", 1)
			}
			r := w.mustSubmit(2)
			if got := w.open(); !slices.Equal(got, []string{"1 shop " + tt.want + " -> dev"}) {
				t.Fatalf("open: %v", got)
			}
			if tt.want == "1.1.0" {
				wantsIn(t, waits(r), "dev: supersede: "+tt.mode+": pull request #1 keeps what it proposes")
			}
			before := w.refs()
			w.advance()
			if w.refs() != before {
				t.Error("a run with nothing to do wrote something")
			}
			w.must(w.forge("ada").ClosePullRequest(w.ctx, 1, "no"))
			w.advance()
			if tt.want == "1.1.0" && !slices.Equal(w.open(), []string{"2 shop 1.2.0 -> dev"}) {
				t.Errorf("the one that waited: %v", w.open())
			}
		})
	}
}

// A pull request remembers all that it superseded, says whose approvals ended, and what was superseded gets that status.
func TestWhatIsSupersededIsNamed(t *testing.T) {
	w := newWorld(t, proposals("replace"), nil)
	w.mustSubmit(1)
	first := w.pull(1).HeadSHA
	w.approve("grace", 1)
	w.mustSubmit(2)
	wantsIn(t, w.pull(1).Body, "what grace approved is not what this proposes now")
	w.mustSubmit(3)
	wantsIn(t, w.pull(1).Body, "1.1.0", "1.2.0")
	wantsIn(t, w.git("log", "-1", "--format=%B", "ferry/dev/shop"), "Ferry-Supersedes: shop 1.2.0 (github-2)", "Ferry-Supersedes: shop 1.1.0 (github-1)")
	statuses, err := w.forge("ada").Statuses(w.ctx, first)
	w.must(err)
	if statuses[0].State != scm.Superseded || !strings.Contains(statuses[0].Text, "1.2.0") {
		t.Errorf("the first head says %+v", statuses[0])
	}
}

// An approval is of content, not of a commit: moving to a newer base keeps it.
func TestAnApprovalSurvivesARebase(t *testing.T) {
	w := newWorld(t, strings.Replace(proposals("replace"), "count: 2", "count: 1", 1), nil)
	w.mustSubmit(1)
	old := w.pull(1).HeadSHA
	w.push("main", map[string]string{"README.md": "changed\n"})
	w.approve("grace", 1)
	rebased := w.git("-c", "user.name=f", "-c", "user.email=f@example.com", "commit-tree", "-p", "main", "-m", "shop 1.1.0 -> dev", w.onto(old, "dev/shop"))
	w.git("update-ref", "refs/heads/ferry/dev/shop", rebased)
	w.advance()
	if got := w.version("dev", "shop"); got != "1.1.0" {
		t.Errorf("dev has %q: %v", got, waits(w.advance()))
	}
}

// onto gives the tree of main with a folder of a commit.
func (w *world) onto(commit, folder string) string {
	w.Helper()
	repo, err := git.Open(w.ctx, w.gitops, w.options("f"))
	w.must(err)
	main, err := repo.Commit(w.ctx, w.head("main"))
	w.must(err)
	id, err := repo.EditTree(w.ctx, main.Tree, git.Edit{Path: folder, Mode: git.ModeDir, ID: git.ID(w.git("rev-parse", commit+":"+folder))})
	w.must(err)
	c, err := repo.WriteCommit(w.ctx, git.NewCommit{Tree: id, Message: "tree"})
	w.must(err)
	w.must(repo.Push(w.ctx, git.Update{Ref: "refs/heads/scratch", New: c}))
	w.git("update-ref", "-d", "refs/heads/scratch")
	return string(id)
}

// An override lets what ferry.yaml allows pass, and only together with somebody else; a record of one that nobody may
// give is worth nothing.
func TestOverride(t *testing.T) {
	w := newWorld(t, chainYAML, nil)
	w.mustSubmit(1)
	ada := func(names ...string) error {
		w.tick()
		p := w.ferry()
		p.Forge = w.forge("ada")
		r, err := p.Override(w.ctx, promote.Emergency{Key: promote.Key{App: "shop", Environment: "prod"}, Gates: names, Reason: "prod is down"})
		if err == nil {
			err = r.Errors()
		}
		return err
	}
	if err := ada("approvals"); err == nil || !strings.Contains(err.Error(), "nobody may override approvals") {
		t.Errorf("got %v", err)
	}
	w.must(ada("healthy", "soak"))
	if got := w.open(); !slices.Equal(got, []string{"1 shop 1.1.0 -> prod"}) {
		t.Fatalf("open: %v", got)
	}
	wantsIn(t, waits(w.advance()), "override by ada: 0 of 1, of others")
	wantsIn(t, w.body(1), "**high** `shop` is not proven in dev", "which ada overrides (environment-skipped)")
	w.approve("grace", 1)
	// The policy is taken back before the merge: the record alone proves nothing.
	w.push("main", map[string]string{"ferry.yaml": strings.Replace(chainYAML, "by: [ada]", "by: [linus]", 1)})
	w.advance()
	if got := w.version("prod", "shop"); got != "" {
		t.Fatalf("prod has %s", got)
	}
	w.push("main", map[string]string{"ferry.yaml": chainYAML})
	w.advance()
	if got := w.version("prod", "shop"); got != "1.1.0" {
		t.Fatalf("prod has %q", got)
	}
	wantsIn(t, w.git("log", "-1", "--format=%B", "main"), "Ferry-Override: shop: healthy,soak by ada: prod is down")
	p := w.ferry()
	p.Forge = w.forge("ada")
	if _, err := p.Confirm(w.ctx, promote.Key{App: "shop", Environment: "prod"}); err == nil || !strings.Contains(err.Error(), "cannot confirm") {
		t.Errorf("one's own override: %v", err)
	}
	p.Forge = w.forge("grace")
	o, err := p.Confirm(w.ctx, promote.Key{App: "shop", Environment: "prod"})
	w.must(err)
	wantsIn(t, o.Reviewed, "grace")
}

// body is the description of a pull request.
func (w *world) body(number int) string {
	w.Helper()
	pr, err := w.forge("ada").PullRequest(w.ctx, number)
	w.must(err)
	return pr.Body
}

// ruled is a forge with teams, rules and a queue, on top of the embedded one.
type ruled struct {
	promote.Forge
	rules   scm.Rules
	teams   map[string][]string
	queued  map[int]bool
	history []string
}

func (r *ruled) Rules(context.Context, string) (scm.Rules, error) { return r.rules, nil }

func (r *ruled) Members(_ context.Context, team string) ([]string, error) {
	if members, ok := r.teams[team]; ok {
		return members, nil
	}
	return nil, scm.ErrNotFound
}

func (r *ruled) PullRequests(ctx context.Context, f scm.Filter) ([]scm.PullRequest, error) {
	prs, err := r.Forge.PullRequests(ctx, f)
	for i := range prs {
		prs[i].Queued = r.queued[prs[i].Number]
	}
	return prs, err
}

func (r *ruled) EnqueuePullRequest(_ context.Context, number int, _ scm.Merge) error {
	r.queued[number], r.history = true, append(r.history, "in")
	return nil
}

func (r *ruled) DequeuePullRequest(_ context.Context, number int) error {
	r.queued[number], r.history = false, append(r.history, "out")
	return nil
}

func (w *world) with(r *ruled) *promote.Report {
	w.Helper()
	w.tick()
	p := w.ferry()
	r.Forge, p.Forge = p.Forge, r
	got, err := p.Advance(w.ctx, promote.Options{})
	w.must(err)
	w.must(got.Errors())
	return got
}

// A team is who the forge says it is; one that nobody knows lets nobody approve.
func TestTeamsApprove(t *testing.T) {
	for _, tt := range []struct {
		name, from string
		teams      map[string][]string
		want       string
	}{
		{"a member", "[team/release, team/ops]", map[string][]string{"release": {"linus"}, "ops": {"grace"}}, "1.1.0"},
		{"nobody of it", "[team/release]", map[string][]string{"release": {"linus"}}, ""},
		{"unknown", "[team/release]", nil, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t, strings.Replace(proposals("replace"), "count: 2", "count: 1, from: "+tt.from, 1), nil)
			w.mustSubmit(1)
			w.approve("grace", 1)
			r := w.with(&ruled{teams: tt.teams})
			if got := w.version("dev", "shop"); got != tt.want {
				t.Errorf("dev has %q: %s", got, waits(r))
			}
		})
	}
}

// A branch with a queue is merged through it, and what begins to be held is taken out again.
func TestTheForgesQueue(t *testing.T) {
	w := newWorld(t, strings.Replace(proposals("replace"), "count: 2", "count: 1", 1), nil)
	w.mustSubmit(1)
	w.approve("grace", 1)
	forge := &ruled{rules: scm.Rules{Queue: true, Statuses: []string{release.GatesContext}}, queued: map[int]bool{}}
	r := w.with(forge)
	for _, pr := range r.Plan.Promotions {
		if len(pr.Notes) > 0 {
			t.Errorf("notes: %q", pr.Notes)
		}
	}
	w.with(forge)
	if !slices.Equal(forge.history, []string{"in"}) {
		t.Fatalf("queue: %v", forge.history)
	}
	w.push("main", map[string]string{".ferry/holds/dev.yaml": "version: 1\nenvironment: dev\nreason: stop\n"})
	w.with(forge)
	w.with(forge)
	if !slices.Equal(forge.history, []string{"in", "out"}) || w.version("dev", "shop") != "" {
		t.Errorf("queue: %v, dev has %q", forge.history, w.version("dev", "shop"))
	}
}

// What a branch asks for beside ferry's gates is named, and nothing is merged that would be refused.
func TestRulesOfTheBranchAreNamed(t *testing.T) {
	w := newWorld(t, strings.Replace(ferryYAML, "{name: dev, pullRequest: false}", "{name: dev, merge: auto, gates: {manual: true}}", 1), nil)
	w.mustSubmit(1)
	r := w.with(&ruled{rules: scm.Rules{Statuses: []string{"security/scan"}, Approvals: 1}})
	wantsIn(t, waits(r), "rule: main asks for the status security/scan, which nobody has reported", "rule: main asks for 1 approvals, of which there are 0")
}

// A group travels together where that is asked for: one that waits holds the others.
func TestTogether(t *testing.T) {
	config := strings.ReplaceAll(strings.Replace(two, "pullRequest: false", "merge: review, together: true", 1), "namespace: store", "namespace: store, group: storefront")
	w := newWorld(t, config, map[string]string{"dev/search/by-hand.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: theirs}\n"})
	w.templates("search", map[string]string{"d.yaml.tmpl": deployment})
	_, err := source.NewStore(w.ferry().Repo).Accept(w.ctx, w.apps, []release.Release{w.release("search", 1)})
	w.must(err)
	r := w.mustSubmit(1)
	if got := w.open(); got != nil {
		t.Fatalf("open: %v", got)
	}
	wantsIn(t, waits(r), "together: search: ")
	w.push("main", map[string]string{"dev/search/by-hand.yaml": ""})
	w.advance()
	if got := w.open(); !slices.Equal(got, []string{"1 search, shop 1.1.0 -> dev"}) {
		t.Errorf("open: %v", got)
	}
}

// A hand edit is discarded only on request, on record.
func TestOverwrite(t *testing.T) {
	w := newWorld(t, ferryYAML, nil)
	w.mustSubmit(1)
	original := w.file("main", "dev/shop/service-shop.yaml")
	w.push("main", map[string]string{"dev/shop/service-shop.yaml": strings.Replace(original, "80", "81", 1)})
	w.healthy("dev")
	wantsIn(t, waits(w.advance()), "qa: healthy: withdrawn in dev: dev/shop/service-shop.yaml is not what ferry proposed")
	dev := promote.Scope{Apps: []string{"shop"}, Environments: []string{"dev"}}
	_, err := w.run(promote.Options{Explicit: true, Overwrite: true, Scope: dev})
	w.must(err)
	if got := w.file("main", "dev/shop/service-shop.yaml"); got != original {
		t.Errorf("dev has %s", got)
	}
	wantsIn(t, w.git("log", "-1", "--format=%B", "main"), "Ferry-Discards: hand edits of dev/shop/service-shop.yaml")
}

// A branch with somebody else's commit says so on its pull request, and is rebuilt only on request.
func TestRebuild(t *testing.T) {
	w := newWorld(t, strings.Replace(ferryYAML, "{name: dev, pullRequest: false}", "{name: dev}", 1), nil)
	w.mustSubmit(1)
	foreign := w.push("ferry/dev/shop", map[string]string{"README.md": "mine\n"})
	w.advance()
	statuses, err := w.forge("ada").Statuses(w.ctx, string(foreign))
	w.must(err)
	if len(statuses) == 0 || statuses[0].State != scm.Pending || !strings.Contains(statuses[0].Text, "foreign commit") {
		t.Errorf("the head says %+v", statuses)
	}
	_, err = w.run(promote.Options{Explicit: true, Rebuild: true, Scope: promote.Scope{Apps: []string{"shop"}, Environments: []string{"dev"}}})
	w.must(err)
	if got := w.file("ferry/dev/shop", "README.md"); got != "people's own\n" {
		t.Errorf("rebuilt, it has %q", got)
	}
	wantsIn(t, w.git("log", "-1", "--format=%B", "ferry/dev/shop"), "Ferry-Discards: work of somebody else on ferry/dev/shop")
	before := w.refs()
	w.advance()
	if w.refs() != before {
		t.Error("a run with nothing to do wrote something")
	}
}

// A machine that never answers is not waited for: the text says that its time is over.
func TestAWaitForAMachineEnds(t *testing.T) {
	w := newWorld(t, ferryYAML, nil)
	w.mustSubmit(1)
	for range 61 {
		w.tick()
	}
	r := w.advance()
	wantsIn(t, waits(r), "qa: healthy: timed out in dev")
	if i := slices.IndexFunc(r.Plan.Waiting[0].Conditions, func(c gates.Condition) bool { return c.Gate == "healthy" }); i < 0 {
		t.Errorf("%+v", r.Plan.Waiting)
	}
}

// An app or environment that leaves ferry.yaml takes its pull request with it, by name; what it left is shown.
func TestWhatLeavesTheConfiguration(t *testing.T) {
	w := newWorld(t, strings.Replace(ferryYAML, "{name: qa, after: [dev], merge: auto}", "{name: qa, after: [dev]}", 1), nil)
	w.mustSubmit(1)
	w.healthy("dev")
	w.advance()
	gone := strings.Replace(ferryYAML, "  - {name: qa, after: [dev], merge: auto}\n  - {name: prod, after: [qa]}\n", "  - {name: prod, after: [dev]}\n", 1)
	w.push("main", map[string]string{"ferry.yaml": gone})
	_, err := w.run(promote.Options{Scope: promote.Scope{Environments: []string{"prod"}}})
	w.must(err)
	if got := w.open(); !slices.Contains(got, "1 shop 1.1.0 -> qa") {
		t.Fatalf("a run about something else closed it: %v", got)
	}
	w.advance()
	pr := w.pull(1)
	if pr.State != scm.Closed || !strings.Contains(pr.CloseReason, "shop in qa is not in ferry.yaml any more") {
		t.Errorf("#1 is %s: %q", pr.State, pr.CloseReason)
	}
}

// An environment that is written directly from now on needs no pull request.
func TestSwitchingPullRequestsOff(t *testing.T) {
	w := newWorld(t, strings.Replace(ferryYAML, "{name: dev, pullRequest: false}", "{name: dev}", 1), nil)
	w.mustSubmit(1)
	w.push("main", map[string]string{"ferry.yaml": ferryYAML})
	w.advance()
	if got := w.version("dev", "shop"); got != "1.1.0" || w.open() != nil || w.pull(1).State != scm.Closed {
		t.Errorf("dev has %q, open %v", got, w.open())
	}
	before := w.refs()
	w.advance()
	if w.refs() != before {
		t.Error("a run with nothing to do wrote something")
	}
}

// Folders of nobody are named.
func TestOrphans(t *testing.T) {
	w := newWorld(t, two, nil)
	w.templates("search", map[string]string{"d.yaml.tmpl": deployment})
	_, err := w.submit(w.release("shop", 1), w.release("search", 1))
	w.must(err)
	var kept []string
	for _, line := range strings.Split(two, "\n") {
		if !strings.Contains(line, "name: search") {
			kept = append(kept, line)
		}
	}
	w.push("main", map[string]string{"ferry.yaml": strings.Join(kept, "\n")})
	p := w.ferry()
	s, err := p.Load(w.ctx, promote.Scope{})
	w.must(err)
	got, err := p.Orphans(w.ctx, s)
	w.must(err)
	if len(got) != 1 || got[0].App != "search" || got[0].Folder != "dev/search" || got[0].Version != "1.1.0" {
		t.Errorf("orphans: %+v", got)
	}
}
