package scmtest

import (
	"errors"
	"reflect"
	"strings"
	"testing"

	"github.com/ferry-cd/ferry/scm"
)

var opening = []promise{
	{"a proposal becomes a pull request that can be read back", readBack},
	{"asking for the same again writes nothing", sameAgain},
	{"a proposal that changed edits the same pull request", edited},
	{"what cannot be a pull request is refused", refused},
	{"hostile text comes back harmless and compares equal", hostileText},
	{"a big body comes back whole", bigBody},
	{"one head into two bases makes two pull requests", twoBases},
	{"two clients asking at once make one pull request", ensureAtOnce},
	{"many opened at once get a number each", openManyAtOnce},
	{"the head follows the branch", headFollows},
}

func readBack(t *testing.T, s *stage) {
	sha := s.branch(t, "ferry/prod/web")
	want := scm.Proposal{Head: "ferry/prod/web", Base: "main", Title: "web 2 to prod", Body: "# web\n\n- image: web:1 -> web:2", Labels: []string{"prod", "ferry"}}
	made, outcome, err := s.Bot.EnsurePullRequest(s.ctx, want)
	if err != nil || outcome != scm.Created {
		t.Fatalf("outcome %q, %v", outcome, err)
	}
	read := s.pull(t, made.Number, isOpen)
	for _, pr := range []scm.PullRequest{made, read, s.list(t, scm.Filter{})[0]} {
		if pr.Number < 1 || pr.URL == "" || pr.State != scm.Open || pr.HeadSHA != sha || pr.Author != s.self(t, s.Bot) {
			t.Errorf("pull request %+v", pr)
		}
		if got := asProposed(pr); !reflect.DeepEqual(got, want.Normal()) {
			t.Errorf("got %+v\nwant %+v", got, want.Normal())
		}
		if pr.Created.IsZero() || !pr.Closed.IsZero() || pr.MergeCommit != "" || pr.ClosedBy != "" {
			t.Errorf("an open pull request has times and ends it cannot have: %+v", pr)
		}
	}
}

// asProposed is what a pull request says of itself, in the form in which texts are compared.
func asProposed(pr scm.PullRequest) scm.Proposal {
	return scm.Proposal{Head: pr.Head, Base: pr.Base, Title: pr.Title, Body: pr.Body, Labels: pr.Labels, Draft: pr.Draft}.Normal()
}

func sameAgain(t *testing.T, s *stage) {
	s.branch(t, "ferry/dev/web")
	want := scm.Proposal{Head: "ferry/dev/web", Base: "main", Title: "t", Body: "b", Labels: []string{"y", "x"}}
	first, _, err := s.Bot.EnsurePullRequest(s.ctx, want)
	if err != nil {
		t.Fatal(err)
	}
	s.unwritten(t, func() {
		for _, c := range []scm.Client{s.Bot, s.Twin(t)} {
			again, outcome, err := c.EnsurePullRequest(s.ctx, want)
			if err != nil || outcome != scm.Unchanged || again.Number != first.Number {
				t.Errorf("number %d, outcome %q, %v; want %d unchanged", again.Number, outcome, err, first.Number)
			}
		}
	})
}

func edited(t *testing.T, s *stage) {
	s.branch(t, "ferry/dev/web")
	want := scm.Proposal{Head: "ferry/dev/web", Base: "main", Title: "t", Body: "b", Labels: []string{"x"}}
	first, _, err := s.Bot.EnsurePullRequest(s.ctx, want)
	if err != nil {
		t.Fatal(err)
	}
	for _, step := range []struct {
		name   string
		change func(*scm.Proposal)
	}{
		{"title", func(p *scm.Proposal) { p.Title = "other" }},
		{"body", func(p *scm.Proposal) { p.Body = "other\n\nbody" }},
		{"labels", func(p *scm.Proposal) { p.Labels = []string{"y", "z"} }},
		{"no labels", func(p *scm.Proposal) { p.Labels = nil }},
		{"draft", func(p *scm.Proposal) { p.Draft = true }},
		{"ready", func(p *scm.Proposal) { p.Draft = false }},
		{"no body", func(p *scm.Proposal) { p.Body = "" }},
	} {
		step.change(&want)
		for _, expected := range []scm.Outcome{scm.Updated, scm.Unchanged} {
			pr, outcome, err := s.Bot.EnsurePullRequest(s.ctx, want)
			if err != nil || outcome != expected || pr.Number != first.Number {
				t.Fatalf("%s: number %d, outcome %q, %v; want %d, %s", step.name, pr.Number, outcome, err, first.Number, expected)
			}
			if got := asProposed(s.pull(t, pr.Number, isOpen)); !reflect.DeepEqual(got, want.Normal()) {
				t.Errorf("%s: got %+v\nwant %+v", step.name, got, want.Normal())
			}
		}
	}
}

func refused(t *testing.T, s *stage) {
	s.branch(t, "ferry/dev/web")
	s.git.commit(t, "old", "main", files{"readme.md": "# other\n"})
	s.git.at(t, "old")
	s.git.push(t, "contained")
	s.git.push(t, "main")
	s.unwritten(t, func() {
		for name, p := range map[string]scm.Proposal{
			"a head that does not exist":      {Head: "ferry/dev/none", Base: "main", Title: "t"},
			"a base that does not exist":      {Head: "ferry/dev/web", Base: "none", Title: "t"},
			"a head that is the base":         {Head: "main", Base: "main", Title: "t"},
			"a head with nothing new":         {Head: "contained", Base: "main", Title: "t"},
			"no title":                        {Head: "ferry/dev/web", Base: "main", Title: "\n"},
			"a branch that cannot be a name":  {Head: "ferry/dev/../web", Base: "main", Title: "t"},
			"a head that is a prefix of one":  {Head: "ferry/dev", Base: "main", Title: "t"},
			"a commit in place of the branch": {Head: s.git.tip(t, "ferry/dev/web"), Base: "main", Title: "t"},
		} {
			if _, _, err := s.Bot.EnsurePullRequest(s.ctx, p); !errors.Is(err, scm.ErrInvalid) {
				t.Errorf("%s: %v, want ErrInvalid", name, err)
			}
		}
	})
	if prs := s.list(t, scm.Filter{}); len(prs) > 0 {
		t.Errorf("pull requests all the same: %+v", prs)
	}
}

func hostileText(t *testing.T, s *stage) {
	for i, text := range []string{
		"<script>alert(1)</script> [x](javascript:y) ![i](http://evil.example/p.png) @everyone fixes #1",
		"``` \n---\n# not a title\n| a | b |\n${{ secrets.TOKEN }} $(id) `id` %s %n {{.}}",
		"é漢字 👩‍🚀 \u202eabc\u202c עברית",
		"tab\there \\ \"quoted\" 'single' \\u0000 &amp; \\n",
		"line one\r\nline two\rline three\n\n\n",
		"bell\a escape\x1b[31mred null\x00 del\x7f c1\u009b31m invalid\xff",
		`{"state":"merged"}` + "\n" + `- [ ] "x": y`,
	} {
		head := "ferry/dev/h" + string(rune('a'+i))
		s.branch(t, head)
		want := scm.Proposal{Head: head, Base: "main", Title: "T " + text, Body: "B " + text}
		pr, _, err := s.Bot.EnsurePullRequest(s.ctx, want)
		if err != nil {
			t.Errorf("%q: %v", text, err)
			continue
		}
		if got := asProposed(s.pull(t, pr.Number, isOpen)); !reflect.DeepEqual(got, want.Normal()) {
			t.Errorf("got  %+v\nwant %+v", got, want.Normal())
		}
		if _, outcome, err := s.Bot.EnsurePullRequest(s.ctx, want); err != nil || outcome != scm.Unchanged {
			t.Errorf("%q again: outcome %q, %v; want unchanged", text, outcome, err)
		}
	}
}

func bigBody(t *testing.T, s *stage) {
	s.branch(t, "ferry/dev/web")
	body := "start " + strings.Repeat("漢字é\n", s.MaxBody/4-3) + "end"
	want := scm.Proposal{Head: "ferry/dev/web", Base: "main", Title: "t", Body: body}
	pr, _, err := s.Bot.EnsurePullRequest(s.ctx, want)
	if err != nil {
		t.Fatal(err)
	}
	if got := s.pull(t, pr.Number, isOpen).Body; scm.Text(got) != body {
		t.Errorf("%d bytes of %d came back", len(got), len(body))
	}
}

func twoBases(t *testing.T, s *stage) {
	s.able(t, TwoBases)
	s.git.at(t, "main")
	s.git.push(t, "env/prod")
	one := s.opened(t, "ferry/prod/web")
	two, outcome, err := s.Bot.EnsurePullRequest(s.ctx, scm.Proposal{Head: "ferry/prod/web", Base: "env/prod", Title: "t"})
	if err != nil || outcome != scm.Created || two.Number == one.Number {
		t.Fatalf("number %d after %d, outcome %q, %v", two.Number, one.Number, outcome, err)
	}
	if got := s.list(t, scm.Filter{Head: "ferry/prod/web", Base: "env/prod"}); len(got) != 1 || got[0].Number != two.Number {
		t.Errorf("by head and base: %+v", got)
	}
}

func ensureAtOnce(t *testing.T, s *stage) {
	s.branch(t, "ferry/prod/web")
	want := scm.Proposal{Head: "ferry/prod/web", Base: "main", Title: "t", Body: "b"}
	var outcomes tally
	twins := s.twins(t, 8)
	atOnce(len(twins), func(i int) {
		pr, outcome, err := twins[i].EnsurePullRequest(s.ctx, want)
		if err != nil {
			t.Error(err)
		}
		outcomes.add(string(outcome), pr.Number)
	})
	if prs := s.list(t, scm.Filter{State: scm.Open}); len(prs) != 1 {
		t.Errorf("%d open pull requests, want 1: %+v", len(prs), prs)
	}
	if n := len(outcomes.of[string(scm.Created)]); n != 1 {
		t.Errorf("%d clients say they created it, want 1: %v", n, outcomes.of)
	}
}

func openManyAtOnce(t *testing.T, s *stage) {
	const many = 6
	for i := range many {
		s.branch(t, "ferry/dev/"+string(rune('a'+i)))
	}
	var made tally
	twins := s.twins(t, many)
	atOnce(many, func(i int) {
		head := "ferry/dev/" + string(rune('a'+i))
		pr, _, err := twins[i].EnsurePullRequest(s.ctx, scm.Proposal{Head: head, Base: "main", Title: head})
		if err != nil {
			t.Error(err)
		}
		if pr.Head != head {
			t.Errorf("asked for %s, got %+v", head, pr)
		}
		made.add("", pr.Number)
	})
	if prs := s.list(t, scm.Filter{State: scm.Open}); len(prs) != many {
		t.Errorf("%d open, want %d (%v)", len(prs), many, made.of)
	}
}

func headFollows(t *testing.T, s *stage) {
	pr := s.opened(t, "ferry/dev/web")
	next := s.git.commit(t, "ferry/dev/web", "ferry/dev/web", files{"more.yaml": "a: 1\n"})
	s.pull(t, pr.Number, func(pr scm.PullRequest) bool { return pr.HeadSHA == next })
	forced := s.git.commit(t, "ferry/dev/web", "main", files{"other.yaml": "a: 1\n"})
	s.pull(t, pr.Number, func(pr scm.PullRequest) bool { return pr.HeadSHA == forced && isOpen(pr) })
}
