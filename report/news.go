package report

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/ferry-cd/ferry/door"
	"github.com/ferry-cd/ferry/environments"
	"github.com/ferry-cd/ferry/gates"
	"github.com/ferry-cd/ferry/ledger"
	"github.com/ferry-cd/ferry/promote"
)

// News is one thing that a run made happen or was the first to put on record, in the words of a chat: plain text.
type News struct {
	Events      []string // what it counts as; the first is the closest: approval, opened, merged, healthy, failed, rolled-back
	Environment string
	Apps        []string
	Title       door.Text // "shop 1.3.0 -> 1.4.0 in prod waits for approval"
	Text        []door.Text
	URL         string
}

// old is how long ago something may have happened that is still news: the first run in an old repository puts years on record.
const old = 24 * time.Hour

// NewsOf gives what a run has to tell. A run tells what it wrote itself, so a rerun has nothing to tell, and of two runs at
// once one does. A merge is told by the run that puts it on record, whoever merged.
func NewsOf(r *promote.Report, now time.Time) []News {
	var all []News
	for _, d := range r.Done {
		if !d.Wrote || d.Err != nil {
			continue
		}
		if n, ok := newsOf(d, now); ok {
			all = append(all, n)
		}
	}
	return all
}

func newsOf(d promote.Done, now time.Time) (News, bool) {
	switch {
	case d.Audit != nil:
		return entryNews(*d.Audit, now)
	case d.Action == promote.ActionOpen || d.Action == promote.ActionUpdate && len(d.Supersedes) > 0:
		return openNews(d), true
	case d.Action == promote.ActionWrite && len(d.Changes) > 0:
		return changeNews(d, "merged", "is on the branch"), true
	}
	return News{}, false
}

// openNews is about a pull request that is new, or has new content.
func openNews(d promote.Done) News {
	if !waitsForPeople(d.Promotion) {
		return changeNews(d, "opened", "is proposed")
	}
	n := changeNews(d, "approval", "waits for approval")
	n.Events = append(n.Events, "opened")
	return n
}

// waitsForPeople tells whether nobody but a person can bring a pull request on.
func waitsForPeople(pr promote.Promotion) bool {
	asks := func(c gates.Condition) bool { return !c.Pass && c.Gate == "approvals" }
	return pr.Merge == environments.Review || slices.ContainsFunc(pr.Conditions, asks)
}

func changeNews(d promote.Done, event, state string) News {
	s := sheetOf(d.Promotion)
	n := News{Events: []string{event}, Environment: d.Environment, Title: door.Lines("%s %s", outside(d.Title()), outside(state))}
	for _, c := range d.Changes {
		n.Apps = append(n.Apps, c.App)
	}
	n.Text = append(n.Text, door.Lines("resources: %s", counts(s.totals)))
	for _, r := range s.risks[:min(len(s.risks), 3)] {
		n.Text = append(n.Text, door.Lines("risk %s: %s", outside(r.Level.String()), outside(r.Title)))
	}
	for _, o := range d.Overrides {
		n.Text = append(n.Text, door.Lines("override: %s", outside(o)))
	}
	if d.PullRequest != nil {
		n.URL = d.PullRequest.URL
	}
	return n
}

// entryNews is about a merge that somebody made, or about how it did.
func entryNews(e ledger.Entry, now time.Time) (News, bool) {
	n := News{Environment: e.Environment, Apps: []string{e.App}, URL: e.URL}
	what := outside(e.App + " " + e.Release.Version)
	at := e.Time
	switch {
	case e.Health == nil || e.Health.State == "retired":
		n.Events, n.Title = []string{"merged"}, door.Lines("%s is merged into %s", what, outside(e.Environment))
		if e.Kind == "rollback" {
			n.Events, n.Title = []string{"rolled-back", "merged"}, door.Lines("%s is rolled back to %s", outside(e.App+" in "+e.Environment), outside(e.Release.Version))
		} else if e.Kind == "retirement" {
			n.Title = door.Lines("%s is retired from %s", what, outside(e.Environment))
		}
		n.Text = append(n.Text, door.Lines("by %s", outside(cmp.Or(e.Merger, "someone unknown"))))
		if e.PullRequest == 0 && e.Health == nil {
			return n, false // written straight to the branch: the run that wrote it has told
		}
	case e.Health.State == "healthy":
		n.Events, n.Title, at = []string{"healthy"}, door.Lines("%s is healthy in %s", what, outside(e.Environment)), e.Health.Since
	case e.Health.State == "failed", e.Health.State == "timed-out":
		n.Events, n.Title, at = []string{"failed"}, door.Lines("%s in %s: %s", what, outside(e.Environment), outside(e.Health.State)), e.Health.Since
		n.Text = append(n.Text, outside(e.Health.Why))
	default:
		return n, false
	}
	return n, now.Sub(at) < old
}

// Message is what is sent: a title and, below it, the rest.
type Message struct{ Title, Text string }

// Limits of a message: chats cut or refuse longer ones (Telegram takes 4096 characters).
const (
	maxMessage = 3500
	maxAlone   = 5 // so many news in one run are messages of their own; more are one
)

// Messages gives what one place hears of a run, in its own words where ferry.yaml has some. Many news are one message, so
// that a change of everything is not hundreds.
func Messages(to environments.Notify, apps []environments.App, news []News) []Message {
	var all []Message
	for _, n := range news {
		if event, wanted := n.wantedBy(to, apps); wanted {
			all = append(all, n.message(event, to.Text))
		}
	}
	if len(all) <= maxAlone {
		return all
	}
	one := Message{Title: fmt.Sprintf("ferry: %d news", len(all))}
	for i, m := range all {
		line := "- " + m.Title + "\n"
		if len(one.Text)+len(line) > maxMessage {
			one.Text += fmt.Sprintf("and %d more\n", len(all)-i)
			break
		}
		one.Text += line
	}
	return []Message{one}
}

// wantedBy gives the event under which a place hears of news.
func (n News) wantedBy(to environments.Notify, apps []environments.App) (string, bool) {
	for _, event := range n.Events {
		for _, name := range n.Apps {
			app := environments.App{Name: name}
			if i := slices.IndexFunc(apps, func(a environments.App) bool { return a.Name == name }); i >= 0 {
				app = apps[i]
			}
			if to.Wants(event, n.Environment, app) {
				return event, true
			}
		}
	}
	return "", false
}

// newsData is what a template of a message may say.
type newsData struct {
	Event, Environment, Title, Text, URL string
	Apps                                 []any
}

// message puts news into words; a template that fails gives way to the built-in ones.
func (n News) message(event, text string) Message {
	m := Message{Title: chat(n.Title)}
	for _, t := range n.Text {
		m.Text += chat(t) + "\n"
	}
	data := newsData{Event: event, Environment: n.Environment, Title: m.Title, Text: m.Text, URL: n.URL}
	for _, a := range n.Apps {
		data.Apps = append(data.Apps, a)
	}
	m.Text = cut(m.Text+n.URL, maxMessage)
	if text == "" {
		return m
	}
	if own, err := expand(text, data); err == nil && strings.TrimSpace(own) != "" {
		return Message{Text: cut(own, maxMessage)}
	}
	return m
}

// chat is text from outside as chats show it: a line that calls nobody. What Slack reads as a command or a link begins
// with an angle bracket.
func chat(t door.Text) string { return strings.ReplaceAll(t.Title(), "<", "‹") }

func cut(s string, most int) string {
	r := []rune(strings.TrimRight(s, "\n"))
	if len(r) <= most {
		return string(r)
	}
	return string(r[:most-3]) + "..."
}

func checkNewsTemplate(text string) error {
	got, err := expand(text, newsData{Event: "approval", Environment: "prod", Title: "shop 1.3.0 -> 1.4.0 in prod", Text: "resources: +1 ~2 -0", URL: "https://example.com/1", Apps: []any{"shop"}})
	if err == nil && strings.TrimSpace(got) == "" {
		return errors.New("nothing comes out of it")
	}
	return err
}
