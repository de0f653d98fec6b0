package report

import (
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/ferry-cd/ferry/door"
	"github.com/ferry-cd/ferry/promote"
)

// Status writes the matrix: a row per app, a column per environment, and below it what waits for what.
func (w Terminal) Status(m promote.Matrix, now time.Time) error {
	t := tabwriter.NewWriter(w.Out, 0, 0, 3, ' ', 0)
	row := []string{"APP"}
	for _, e := range m.Environments {
		row = append(row, strings.ToUpper(e))
	}
	fmt.Fprintln(t, strings.Join(row, "\t"))
	for _, app := range m.Apps {
		row := []string{app}
		for _, e := range m.Environments {
			row = append(row, cellText(m, app, e, now))
		}
		fmt.Fprintln(t, strings.Join(row, "\t"))
	}
	if err := t.Flush(); err != nil {
		return err
	}
	if err := w.waitingCells(m); err != nil {
		return err
	}
	return w.needPeople(m)
}

// needPeople lists what nobody but a person can settle.
func (w Terminal) needPeople(m promote.Matrix) error {
	t := &lines{Terminal: w}
	for _, h := range m.Holds {
		if slices.ContainsFunc(m.Cells, func(c promote.Cell) bool {
			return h.Covers(c.App, c.Environment) && slices.ContainsFunc(c.Waiting, func(w string) bool { return strings.Contains(w, promote.ReasonOf(h)) })
		}) {
			continue // said there
		}
		t.line(door.Lines("held: %s: %s", outside(held(h.App, h.Environment)), outside(promote.ReasonOf(h))))
	}
	for _, o := range m.Unreviewed {
		t.line(door.Lines("override of %s in %s by %s: somebody else confirms it until %s (ferry audit --confirm)", outside(o.App), outside(o.Environment), outside(o.By),
			outside(o.Review.UTC().Format(time.RFC3339))))
	}
	for _, o := range m.Orphans {
		t.line(door.Lines("orphan: %s on %s holds %s %s, which ferry.yaml does not name any more", outside(o.Folder), outside(o.Branch), outside(o.App), outside(o.Version)))
	}
	return t.err
}

func held(app, environment string) string {
	switch {
	case app == "" && environment == "":
		return "everything"
	case app == "":
		return environment
	case environment == "":
		return app
	}
	return app + " in " + environment
}

func cellText(m promote.Matrix, app, environment string, now time.Time) string {
	c, ok := m.Cell(app, environment)
	if !ok {
		return "-"
	}
	text := "(empty)"
	if c.Version != "" {
		text = outside(c.Version).Line() + " " + c.State
		if c.State == "missing" {
			text = outside(c.Version).Line() + " no report yet"
		} else if !c.Since.IsZero() {
			text += " " + age(now.Sub(c.Since))
		}
	} else if c.State != "empty" {
		text = c.State
	}
	if c.Behind > 0 {
		text += fmt.Sprintf(", %d behind", c.Behind)
	}
	if c.Open != nil {
		text += fmt.Sprintf(", #%d %s open", c.Open.Number, outside(c.Open.Version))
	}
	return text
}

func (w Terminal) waitingCells(m promote.Matrix) error {
	t := &lines{Terminal: w}
	for _, c := range m.Cells {
		if len(c.Waiting) == 0 && c.State != "failed" && c.State != "unreadable" {
			continue
		}
		t.line(outside(""))
		t.line(door.Lines("%s in %s", outside(c.App), outside(c.Environment)))
		if c.State == "failed" || c.State == "unreadable" {
			t.styled(alarm, 2, door.Lines("%s: %s", outside(c.State), outside(c.Why)))
		}
		for _, reason := range c.Waiting {
			t.styled(normal, 2, outside(reason))
		}
	}
	return t.err
}

// Where writes in which environments a release is, by app.
func (w Terminal) Where(what string, places []promote.Place, now time.Time) error {
	t := &lines{Terminal: w}
	if len(places) == 0 {
		t.line(door.Lines("%s is nowhere: no environment, open pull request or accepted release carries it", outside(what)))
		return t.err
	}
	app := ""
	for _, p := range places {
		if p.App != app {
			app = p.App
			t.line(door.Lines("%s %s (%s)", outside(app), outside(p.Release.Version), outside(p.Release.Sequence.String())))
		}
		t.styled(normal, 2, place(p, now))
	}
	return t.err
}

func place(p promote.Place, now time.Time) door.Text {
	env := outside(p.Environment)
	switch p.State {
	case "running":
		if p.Cell.State == "missing" {
			return door.Lines("%s: runs there, no report yet", env)
		}
		return door.Lines("%s: runs there, %s since %s", env, outside(p.Cell.State), outside(age(now.Sub(p.Cell.Since))))
	case "open":
		return door.Lines("%s: proposed by #%s (%s)", env, number(p.Cell.Open.Number), outside(strings.Join(p.Cell.Waiting, "; ")))
	case "passed":
		return door.Lines("%s: was there, now %s", env, outside(p.Now))
	case "rejected", "held":
		return door.Lines("%s: %s: %s", env, outside(p.State), outside(p.Why))
	}
	return outside("accepted, in no environment yet")
}
