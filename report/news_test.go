package report

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/ferry-cd/ferry/environments"
	"github.com/ferry-cd/ferry/gates"
	"github.com/ferry-cd/ferry/ledger"
	"github.com/ferry-cd/ferry/promote"
	"github.com/ferry-cd/ferry/release"
	"github.com/ferry-cd/ferry/scm"
)

var noon = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

func opened(app string) promote.Done {
	pr := promote.Promotion{Environment: "prod", Unit: app, Action: promote.ActionOpen, Merge: environments.Auto, PullRequest: &scm.PullRequest{URL: "https://example.com/1"},
		Changes: []promote.Change{{Key: promote.Key{App: app, Environment: "prod"}, To: release.Record{Release: release.Release{App: app, Version: "1.4.0"}}}}}
	return promote.Done{Promotion: pr, Wrote: true}
}

func entry(e ledger.Entry) promote.Done {
	e.App, e.Environment, e.Release.Version, e.PullRequest = "shop", "prod", "1.4.0", 7
	if e.Time.IsZero() {
		e.Time = noon
	}
	return promote.Done{Promotion: promote.Promotion{Action: promote.ActionRecord}, Audit: &e, Wrote: true}
}

func TestNews(t *testing.T) {
	waiting := opened("shop")
	waiting.Conditions = []gates.Condition{{Gate: "approvals"}}
	reviewed := opened("shop")
	reviewed.Merge = environments.Review
	again := opened("shop")
	again.Wrote = false
	failed := opened("shop")
	failed.Err = fmt.Errorf("no")
	replaced := opened("shop")
	replaced.Action, replaced.Supersedes = promote.ActionUpdate, []release.Release{{Version: "1.3.9"}}
	based := opened("shop")
	based.Action = promote.ActionUpdate
	long := noon.Add(-48 * time.Hour)
	for _, c := range []struct {
		name  string
		done  promote.Done
		event string
		title string
	}{
		{"a new pull request", opened("shop"), "opened", "shop 1.4.0 -> prod is proposed"},
		{"one that waits for approval", waiting, "approval opened", "shop 1.4.0 -> prod waits for approval"},
		{"one that people merge", reviewed, "approval opened", "shop 1.4.0 -> prod waits for approval"},
		{"one with a newer release", replaced, "opened", "shop 1.4.0 -> prod is proposed"},
		{"one on a newer base", based, "", ""},
		{"one that was there", again, "", ""},
		{"one that failed", failed, "", ""},
		{"a merge", entry(ledger.Entry{Merger: "ada"}), "merged", "shop 1.4.0 is merged into prod"},
		{"a merge of long ago", entry(ledger.Entry{Time: long}), "", ""},
		{"a rollback", entry(ledger.Entry{Kind: "rollback"}), "rolled-back merged", "shop in prod is rolled back to 1.4.0"},
		{"a retirement", entry(ledger.Entry{Kind: "retirement", Health: &ledger.Health{State: "retired"}}), "merged", "shop 1.4.0 is retired from prod"},
		{"health", entry(ledger.Entry{Time: long, Health: &ledger.Health{State: "healthy", Since: noon}}), "healthy", "shop 1.4.0 is healthy in prod"},
		{"a failure", entry(ledger.Entry{Health: &ledger.Health{State: "failed", Since: noon}}), "failed", "shop 1.4.0 in prod: failed"},
		{"no answer", entry(ledger.Entry{Health: &ledger.Health{State: "timed-out", Since: noon}}), "failed", "shop 1.4.0 in prod: timed-out"},
		{"something newer", entry(ledger.Entry{Health: &ledger.Health{State: "superseded", Since: noon}}), "", ""},
	} {
		news := NewsOf(&promote.Report{Done: []promote.Done{c.done}}, noon)
		if c.event == "" {
			if len(news) > 0 {
				t.Errorf("%s is news: %+v", c.name, news)
			}
			continue
		}
		if len(news) != 1 || strings.Join(news[0].Events, " ") != c.event || news[0].Title.Line() != c.title {
			t.Errorf("%s: %+v", c.name, news)
		}
	}
}

func TestMessages(t *testing.T) {
	apps := []environments.App{{Name: "shop", Team: "storefront"}, {Name: "cart", Team: "other"}}
	news := NewsOf(&promote.Report{Done: []promote.Done{opened("shop"), opened("cart")}}, noon)
	for _, c := range []struct {
		to   environments.Notify
		want int
	}{
		{environments.Notify{Events: []string{"opened"}}, 2},
		{environments.Notify{Events: []string{"approval", "failed"}}, 0},
		{environments.Notify{Events: []string{"opened"}, Apps: []string{"cart"}}, 1},
		{environments.Notify{Events: []string{"opened"}, Teams: []string{"storefront"}}, 1},
		{environments.Notify{Events: []string{"opened"}, Environments: []string{"dev"}}, 0},
	} {
		if got := Messages(c.to, apps, news); len(got) != c.want {
			t.Errorf("%+v gives %+v", c.to, got)
		}
	}
	own := Messages(environments.Notify{Events: []string{"opened"}, Text: "{{ .Event }} {{ .Environment }} {{ join \",\" .Apps }} {{ .URL }}"}, apps, news)
	if own[0].Title != "" || own[0].Text != "opened prod shop https://example.com/1" {
		t.Errorf("%+v", own)
	}
}

// A change of everything is one message, and text from outside calls nobody.
func TestManyNewsAreOneMessage(t *testing.T) {
	var r promote.Report
	for i := range 300 {
		d := opened(fmt.Sprintf("app-%d", i))
		d.Changes[0].To.Release.Version = "<!channel> @all " + strings.Repeat("x", 50)
		r.Done = append(r.Done, d)
	}
	got := Messages(environments.Notify{Events: []string{"opened"}}, nil, NewsOf(&r, noon))
	if len(got) != 1 || got[0].Title != "ferry: 300 news" || len(got[0].Text) > maxMessage+100 || !strings.Contains(got[0].Text, " more\n") {
		t.Errorf("%d messages: %+v", len(got), got)
	}
	if strings.Contains(got[0].Text, "<!") || strings.Contains(got[0].Text, " @all") {
		t.Error(got[0].Text[:200])
	}
}

func TestNewsTemplatesAreChecked(t *testing.T) {
	for text, want := range map[string]string{"{{ .Title }}": "", "{{ .Nothing }}": "Nothing", "{{ if false }}x{{ end }}": "nothing comes out", "{{ printf \"%9999d\" 1 }}": "printf"} {
		err := checkTemplate("notify", text)
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s: %v", text, err)
		}
		if err != nil && strings.Contains(err.Error(), "report.") {
			t.Errorf("%s: %v", text, err)
		}
	}
}

// Everything that a run can have done is told in every form: decisions have no pull request.
func TestEveryActionIsTold(t *testing.T) {
	for _, action := range []promote.Action{promote.ActionOpen, promote.ActionUpdate, promote.ActionWrite, promote.ActionClose, promote.ActionQueue, promote.ActionMerge, promote.ActionRecord, promote.ActionKeep} {
		d := opened("shop")
		d.Action, d.Notes = action, []string{"ada rejected 1.5.0"}
		if action == promote.ActionRecord || action == promote.ActionWrite {
			d.PullRequest = nil
		}
		r := &promote.Report{Plan: &promote.Plan{}, Done: []promote.Done{d}}
		var text strings.Builder
		if err := (Terminal{Out: &text}).Report(r); err != nil {
			t.Fatal(err)
		}
		if markdown := RunMarkdown(r); action != promote.ActionKeep && (!strings.Contains(markdown, "prod") || !strings.Contains(text.String(), "prod")) {
			t.Errorf("%s: %q, %q", action, markdown, text.String())
		}
	}
}
