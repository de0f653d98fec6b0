package main

import (
	"errors"
	"fmt"
	"os"
	"strconv"

	"golang.org/x/term"

	"github.com/ferry-cd/ferry/promote"
	"github.com/ferry-cd/ferry/report"
	"github.com/ferry-cd/ferry/scm"
)

// terminal says how to write for a person: in colour only where a terminal shows it and nobody asked for none
// (no-color.org), or where CI asks for it.
func (a *app) terminal() report.Terminal {
	t := report.Terminal{Out: a.Out, Colour: a.Getenv("FORCE_COLOR") != ""}
	if f, ok := a.Out.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		t.Colour = t.Colour || a.Getenv("TERM") != "dumb"
		if width, _, err := term.GetSize(int(f.Fd())); err == nil {
			t.Width = width
		}
	}
	// Whoever sets COLUMNS wants lines of that width, on a terminal and off it.
	if width, err := strconv.Atoi(a.Getenv("COLUMNS")); err == nil && width > 0 {
		t.Width = width
	}
	t.Colour = t.Colour && a.Getenv("NO_COLOR") == ""
	return t
}

// budget is the room that a forge leaves for the text of a pull request.
func budget(forge scm.Client) report.Budget {
	if forge == nil {
		return report.Local
	}
	return report.Within(forge.Limits())
}

// writePlan prints what would be done.
func (a *app) writePlan(format string, plan *promote.Plan) error {
	if err := a.summarise(func() string { return report.PlanMarkdown(plan) }); err != nil {
		return err
	}
	switch format {
	case "json":
		return report.PlanJSON(a.Out, plan)
	case "markdown":
		_, err := fmt.Fprint(a.Out, report.PlanMarkdown(plan))
		return err
	}
	return a.terminal().Plan(plan)
}

// summarise adds to the summary of the job, where the CI has one: GitHub names a file for it, and so do those that follow it.
func (a *app) summarise(text func() string) error {
	file := a.Getenv("GITHUB_STEP_SUMMARY")
	if file == "" {
		return nil
	}
	f, err := os.OpenFile(file, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return fmt.Errorf("write the summary of the job: %w", err)
	}
	_, err = f.WriteString(text() + "\n")
	return errors.Join(err, f.Close())
}
