package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/ferry-cd/ferry/scm"
)

func (a *app) prShowCommand() *cli.Command {
	var o prOptions
	return &cli.Command{
		Name:      "show",
		Usage:     "show a pull request: its text, reviews and statuses, and whether it can be merged",
		UsageText: prUsage("show", ""),
		Flags:     prFlags(&o),
		Action: func(c *cli.Context) error {
			if err := o.parse(c); err != nil {
				return err
			}
			return a.runPRShow(c.Context, o)
		},
	}
}

// prView is a pull request with what was said of it, as -o json prints it.
type prView struct {
	scm.PullRequest
	Reviews   []scm.Review `json:"reviews"`  // oldest first
	Statuses  []scm.Status `json:"statuses"` // newest first, one a context
	Approvers []string     `json:"approvedBy"`
	Objectors []string     `json:"changesRequestedBy"`
	Obstacle  string       `json:"obstacle,omitempty"` // why it cannot be merged now
}

func (a *app) runPRShow(ctx context.Context, o prOptions) error {
	d, err := a.sitDown(ctx, o)
	if err != nil {
		return err
	}
	v, err := d.view(ctx, o.number)
	if err != nil {
		return err
	}
	if o.output == "json" {
		return writeJSON(a.Out, pullRequestDocument{current, v})
	}
	return v.write(a.Out)
}

func (d desk) view(ctx context.Context, number int) (prView, error) {
	pr, err := d.forge.PullRequest(ctx, number)
	if err != nil {
		return prView{}, err
	}
	reviews, err := d.forge.Reviews(ctx, number)
	if err != nil {
		return prView{}, err
	}
	history, err := d.forge.Statuses(ctx, pr.HeadSHA)
	if err != nil {
		return prView{}, err
	}
	v := prView{PullRequest: pr, Reviews: append([]scm.Review{}, reviews...), Statuses: newestStatuses(history)}
	v.Approvers = append([]string{}, scm.Approvers(pr, reviews)...)
	v.Objectors = append([]string{}, scm.Objectors(pr, reviews)...)
	v.Obstacle, err = d.obstacle(ctx, pr)
	return v, err
}

// newestStatuses keeps the newest of each context.
func newestStatuses(history []scm.Status) []scm.Status {
	newest, seen := []scm.Status{}, map[string]bool{}
	for _, s := range history {
		if !seen[s.Context] {
			newest, seen[s.Context] = append(newest, s), true
		}
	}
	return newest
}

// obstacle says why an open pull request cannot be merged now, "" when it can.
func (d desk) obstacle(ctx context.Context, pr scm.PullRequest) (string, error) {
	f, ok := d.forge.(scm.Foreteller)
	if pr.State != scm.Open {
		return "", nil
	}
	if !ok {
		if pr.Conflict {
			return (&scm.MergeConflictError{Head: pr.Head, Base: pr.Base}).Error(), nil
		}
		return "", nil
	}
	err := f.ForetellMerge(ctx, pr.Number)
	var conflict *scm.MergeConflictError
	var rule *scm.RuleError
	switch {
	case errors.As(err, &conflict):
		return conflict.Error(), nil
	case errors.As(err, &rule):
		return rule.Error(), nil
	case errors.Is(err, scm.ErrForbidden) && pr.Draft:
		return "it is a draft", nil
	}
	return "", err
}

// write is for people. Whatever comes from the forge goes through scm.Line or scm.Text: a terminal obeys escape sequences.
func (v prView) write(w io.Writer) error {
	var out strings.Builder
	fmt.Fprintf(&out, "#%d %s\n", v.Number, scm.Line(v.Title))
	table := tabwriter.NewWriter(&out, 0, 0, 2, ' ', 0)
	fmt.Fprintf(table, "branch\t%s -> %s\n", v.Head, v.Base)
	fmt.Fprintf(table, "head\t%s\n", v.HeadSHA)
	fmt.Fprintf(table, "opened\tby %s, %s\n", scm.Line(v.Author), moment(v.Created))
	if len(v.Labels) > 0 {
		fmt.Fprintf(table, "labels\t%s\n", scm.Line(strings.Join(v.Labels, ", ")))
	}
	fmt.Fprintf(table, "state\t%s\n", v.state())
	fmt.Fprintf(table, "url\t%s\n", v.URL)
	if err := table.Flush(); err != nil {
		return err
	}
	if body := scm.Text(v.Body); body != "" {
		fmt.Fprintf(&out, "\n%s\n", body)
	}
	v.writeReviews(&out)
	v.writeStatuses(&out)
	_, err := io.WriteString(w, out.String())
	return err
}

// state is one line about where the pull request stands.
func (v prView) state() string {
	by := ""
	if v.ClosedBy != "" {
		by = " by " + scm.Line(v.ClosedBy)
	}
	switch {
	case v.State == scm.Merged:
		return fmt.Sprintf("merged%s as %s, %s", by, v.MergeCommit, moment(v.Closed))
	case v.State == scm.Closed && v.CloseReason != "":
		return fmt.Sprintf("closed%s, %s: %s", by, moment(v.Closed), scm.Line(v.CloseReason))
	case v.State == scm.Closed:
		return fmt.Sprintf("closed%s, %s", by, moment(v.Closed))
	case v.Obstacle != "":
		return "open, cannot be merged: " + scm.Line(v.Obstacle)
	}
	return "open, can be merged"
}

func (v prView) writeReviews(out *strings.Builder) {
	if len(v.Reviews) > 0 {
		fmt.Fprintf(out, "\nreviews\n")
	}
	for _, r := range v.Reviews {
		of := short(r.SHA)
		if r.SHA != v.HeadSHA {
			of += ", not the head"
		}
		fmt.Fprintf(out, "  %s: %s (%s), %s\n", scm.Line(r.Author), r.Verdict, of, moment(r.Time))
		for line := range strings.Lines(scm.Text(r.Body)) {
			fmt.Fprintf(out, "    %s\n", strings.TrimRight(line, "\n"))
		}
	}
}

func (v prView) writeStatuses(out *strings.Builder) {
	if len(v.Statuses) > 0 {
		fmt.Fprintf(out, "\nstatuses of the head\n")
	}
	for _, s := range v.Statuses {
		fmt.Fprintf(out, "  %s: %s", scm.Line(s.Context), s.State)
		if s.Text != "" {
			fmt.Fprintf(out, ", %s", scm.Line(s.Text))
		}
		fmt.Fprintf(out, " (%s, %s)\n", scm.Line(s.Creator), moment(s.Time))
	}
}

func moment(t time.Time) string { return t.UTC().Format("2006-01-02 15:04 UTC") }
