package report

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/ferry-cd/ferry/promote"
)

// Status writes the matrix: a row per app, a column per environment, and below it what waits for what.
func Status(w io.Writer, m promote.Matrix, now time.Time) error {
	t := tabwriter.NewWriter(w, 0, 0, 3, ' ', 0)
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
	return waitingCells(w, m)
}

func cellText(m promote.Matrix, app, environment string, now time.Time) string {
	c, ok := m.Cell(app, environment)
	if !ok {
		return "-"
	}
	text := "(empty)"
	if c.Version != "" {
		text = plain(c.Version) + " " + c.State
		if !c.Since.IsZero() {
			text += " " + age(now.Sub(c.Since))
		}
	} else if c.State != "empty" {
		text = c.State
	}
	if c.Behind > 0 {
		text += fmt.Sprintf(", %d behind", c.Behind)
	}
	if c.Open != nil {
		text += fmt.Sprintf(", #%d %s open", c.Open.Number, plain(c.Open.Version))
	}
	return text
}

func waitingCells(w io.Writer, m promote.Matrix) error {
	t := &lines{w: w}
	for _, c := range m.Cells {
		if len(c.Waiting) == 0 && c.State != "failed" && c.State != "unreadable" {
			continue
		}
		t.line("")
		t.line("%s in %s", c.App, c.Environment)
		if c.State == "failed" || c.State == "unreadable" {
			t.line("  %s: %s", c.State, plain(c.Why))
		}
		for _, reason := range c.Waiting {
			t.line("  %s", plain(reason))
		}
	}
	return t.err
}

// Where writes in which environments a release is, by app.
func Where(w io.Writer, what string, places []promote.Place, now time.Time) error {
	t := &lines{w: w}
	if len(places) == 0 {
		t.line("%s is nowhere: no environment, open pull request or accepted release carries it", plain(what))
		return t.err
	}
	app := ""
	for _, p := range places {
		if p.App != app {
			app = p.App
			t.line("%s %s (%s)", app, plain(p.Release.Version), p.Release.Sequence)
		}
		t.line("  %s", place(p, now))
	}
	return t.err
}

func place(p promote.Place, now time.Time) string {
	switch p.State {
	case "running":
		return fmt.Sprintf("%s: runs there, %s since %s", p.Environment, p.Cell.State, age(now.Sub(p.Cell.Since)))
	case "open":
		return fmt.Sprintf("%s: proposed by #%d (%s)", p.Environment, p.Cell.Open.Number, strings.Join(mapped(p.Cell.Waiting, plain), "; "))
	case "passed":
		return fmt.Sprintf("%s: was there, now %s", p.Environment, plain(p.Now))
	}
	return "accepted, in no environment yet"
}

func mapped(in []string, f func(string) string) []string {
	var out []string
	for _, s := range in {
		out = append(out, f(s))
	}
	return out
}
