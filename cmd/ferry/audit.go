package main

import (
	"context"
	"encoding/csv"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/ferry-cd/ferry/door"
	"github.com/ferry-cd/ferry/ledger"
	"github.com/ferry-cd/ferry/promote"
)

type auditOptions struct {
	gitops       gitopsOptions
	scope        promote.Scope
	from, to, as string
	output       string
	confirm      bool
}

func (a *app) auditCommand() *cli.Command {
	var o auditOptions
	return &cli.Command{
		Name:  "audit",
		Usage: "show who promoted what, when, tested where, approved by whom; and what came without evidence",
		Description: "It reads what ferry recorded on ferry-state and compares it with the history of the environments.\n" +
			"With --confirm somebody else says that an override was right.",
		Flags: append(gitopsFlags(&o.gitops), append(scopeFlags(),
			&cli.StringFlag{Name: "from", Destination: &o.from, Usage: "`DAY` it begins, such as 2026-11-01; in UTC"},
			&cli.StringFlag{Name: "to", Destination: &o.to, Usage: "`DAY` it ends with"},
			&cli.BoolFlag{Name: "confirm", Destination: &o.confirm, Usage: "confirm the override of --app in --env"},
			&cli.StringFlag{Name: "as", Destination: &o.as, Usage: "`NAME` of the person, on the embedded forge"},
			&cli.StringFlag{Name: "output", Aliases: []string{"o"}, Value: "text", Usage: "`FORMAT`: text, markdown, csv or json"})...),
		Action: func(c *cli.Context) error {
			o.scope, o.output = scopeOf(c), c.String("output")
			return a.runAudit(c.Context, o)
		},
	}
}

func (a *app) runAudit(ctx context.Context, o auditOptions) error {
	if err := checkFormat(o.output, "text", "markdown", "csv", "json"); err != nil {
		return err
	}
	from, err := dayOf("--from", o.from)
	if err != nil {
		return err
	}
	to, err := dayOf("--to", o.to)
	if err != nil {
		return err
	}
	if !to.IsZero() {
		to = to.AddDate(0, 0, 1)
	}
	g, err := a.openGitOps(ctx, o.gitops.as(o.as))
	if err != nil {
		return err
	}
	if o.confirm {
		return a.confirm(ctx, g, o.scope, o.output)
	}
	s, err := g.Load(ctx, o.scope)
	if err != nil {
		return err
	}
	audit, err := g.Audit(ctx, s, o.scope, from, to)
	if err != nil {
		return err
	}
	switch o.output {
	case "json":
		return writeJSON(a.Out, auditDocument{current, audit})
	case "csv":
		return auditCSV(a.Out, audit)
	case "markdown":
		return auditMarkdown(a.Out, audit)
	}
	return auditText(a.Out, audit)
}

func (a *app) confirm(ctx context.Context, g *gitops, scope promote.Scope, format string) error {
	if len(scope.Apps) != 1 || len(scope.Environments) != 1 {
		return usagef("confirm which override? give --app and --env")
	}
	o, err := g.Confirm(ctx, promote.Key{App: scope.Apps[0], Environment: scope.Environments[0]})
	if err != nil {
		return err
	}
	if format == "json" {
		return writeJSON(a.Out, confirmedDocument{current, o})
	}
	_, err = fmt.Fprintf(a.Out, "confirmed: the override of %s by %s in %s\n", o.App, door.Outside(o.By).Line(), o.Environment)
	return err
}

func dayOf(flag, text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	t, err := time.Parse(time.DateOnly, text)
	if err != nil {
		return t, usagef("%s %q is no day such as 2026-11-01", flag, text)
	}
	return t, nil
}

var auditHead = []string{"time", "environment", "app", "version", "sequence", "kind", "from", "commit", "pull request", "author", "approvers", "merger", "tested", "overrides", "health", "evidence"}

func auditCSV(w io.Writer, a promote.Audit) error {
	c := csv.NewWriter(w)
	rows := [][]string{auditHead}
	for _, r := range auditRows(a) {
		for i := range r {
			r[i] = inertCell(r[i])
		}
		rows = append(rows, r)
	}
	return c.WriteAll(rows)
}

// inertCell keeps a spreadsheet from taking somebody's words for a formula.
func inertCell(text string) string {
	if text != "" && strings.ContainsRune("=+-@", rune(text[0])) {
		return "'" + text
	}
	return text
}

// auditText is a line for each change, and below it what else is known.
func auditText(w io.Writer, a promote.Audit) error {
	var b strings.Builder
	for _, r := range auditRows(a) {
		line := func(i int) string { return door.Outside(r[i]).Line() }
		fmt.Fprintf(&b, "%s  %s  %s %s", line(0), line(1), line(2), line(3))
		if r[6] != "" {
			fmt.Fprintf(&b, " (from %s)", line(6))
		}
		fmt.Fprintf(&b, "  evidence: %s\n", line(15))
		for _, i := range []int{5, 7, 8, 9, 10, 11, 12, 13, 14} {
			if r[i] != "" && r[i] != "0" {
				fmt.Fprintf(&b, "    %-12s %s\n", auditHead[i], line(i))
			}
		}
	}
	if b.Len() == 0 {
		b.WriteString("nothing is on record\n")
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func auditMarkdown(w io.Writer, a promote.Audit) error {
	var b strings.Builder
	b.WriteString("| " + strings.Join(auditHead, " | ") + " |\n|" + strings.Repeat(" --- |", len(auditHead)) + "\n")
	for _, r := range auditRows(a) {
		for i := range r {
			r[i] = strings.ReplaceAll(door.Outside(r[i]).Prose().String(), "|", `\|`)
		}
		b.WriteString("| " + strings.Join(r, " | ") + " |\n")
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func auditRows(a promote.Audit) [][]string {
	var rows [][]string
	for _, e := range a.Entries {
		from, health, evidence := "", "", "yes"
		if e.From != nil {
			from = e.From.Version
		}
		if e.Health != nil {
			health = e.Health.State
		}
		if !e.Evidence() {
			evidence = "no"
		} else if open := e.Unmet(); len(open) > 0 {
			evidence = "yes, but not passed: " + strings.Join(open, ", ")
		}
		rows = append(rows, []string{e.Time.UTC().Format(time.RFC3339), e.Environment, e.App, e.Release.Version, e.Release.Sequence.String(), e.Kind, from, e.Commit,
			strconv.Itoa(e.PullRequest), e.Author, strings.Join(e.Approvers, " "), e.Merger, tested(e), overridesText(e), health, evidence})
	}
	for _, m := range a.Missing {
		rows = append(rows, []string{m.Time.UTC().Format(time.RFC3339), m.Environment, m.App, m.Version, "", "", "", m.Commit, "", m.By, "", "", "", "", "", "no: " + m.Why})
	}
	return rows
}

// tested is where the release was proven before.
func tested(e ledger.Entry) string {
	var all []string
	for _, g := range e.Gates {
		if g.Gate == "healthy" || g.Gate == "checks" {
			all = append(all, g.Reason)
		}
	}
	return strings.Join(all, "; ")
}

func overridesText(e ledger.Entry) string {
	var all []string
	for _, o := range e.Overrides {
		all = append(all, fmt.Sprintf("%s by %s: %s", strings.Join(o.Gates, ","), o.By, o.Reason))
	}
	return strings.Join(all, "; ")
}
