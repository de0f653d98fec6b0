package main

import (
	"context"
	"fmt"
	"io"

	"github.com/urfave/cli/v2"

	"github.com/ferry-cd/ferry/release"
	"github.com/ferry-cd/ferry/scm"
)

// prActOptions are what one needs to do something to a pull request.
type prActOptions struct {
	prOptions
	head, text string
}

// maxStdin bounds a text that comes through a pipe; forges take less.
const maxStdin = 1 << 20

// textFlag is for words about a pull request; "-" reads them from the standard input.
func textFlag(name, usage string, o *prActOptions) cli.Flag {
	return &cli.StringFlag{Name: name, Destination: &o.text, Usage: usage + "; - reads the standard input"}
}

func headFlag(o *prActOptions) cli.Flag {
	return &cli.StringFlag{Name: "head", Destination: &o.head, Usage: "only if the head is still this full `COMMIT`"}
}

// prAct is the shape of the commands that do something: parse, sit down, do it, say what came of it.
func (a *app) prAct(name, usage, synopsis string, o *prActOptions, flags []cli.Flag, act func(context.Context, desk, prActOptions) (string, error)) *cli.Command {
	return &cli.Command{
		Name:      name,
		Usage:     usage,
		UsageText: prUsage(name, synopsis),
		Flags:     prFlags(&o.prOptions, flags...),
		Action: func(c *cli.Context) error {
			if err := o.parse(c); err != nil {
				return err
			}
			return a.runPRAct(c.Context, *o, act)
		},
	}
}

func (a *app) runPRAct(ctx context.Context, o prActOptions, act func(context.Context, desk, prActOptions) (string, error)) error {
	text, err := a.words(o.text)
	if err != nil {
		return err
	}
	d, err := a.sitDown(ctx, o.prOptions)
	if err != nil {
		return err
	}
	o.text = text
	said, err := act(ctx, d, o)
	if err != nil {
		return err
	}
	if o.output == "json" {
		v, err := d.view(ctx, o.number)
		if err != nil {
			return err
		}
		return writeJSON(a.Out, pullRequestDocument{current, v})
	}
	_, err = fmt.Fprintln(a.Out, said)
	return err
}

// words gives a text that was typed, or piped in.
func (a *app) words(text string) (string, error) {
	if text != "-" {
		return text, nil
	}
	data, err := io.ReadAll(io.LimitReader(a.In, maxStdin+1))
	if err == nil && len(data) > maxStdin {
		err = fmt.Errorf("more than %d bytes", maxStdin)
	}
	if err != nil {
		return "", fmt.Errorf("read standard input: %w", err)
	}
	return string(data), nil
}

func (a *app) prVerdictCommand(name string, verdict scm.Verdict, usage string) *cli.Command {
	var o prActOptions
	flags := []cli.Flag{textFlag("body", "`TEXT` to say with it", &o), headFlag(&o)}
	cmd := a.prAct(name, usage, "[--body TEXT] [--head COMMIT]", &o, flags, func(ctx context.Context, d desk, o prActOptions) (string, error) {
		reviewer, ok := d.forge.(scm.Reviewer)
		if !ok {
			return "", unable("give reviews")
		}
		r, err := reviewer.Review(ctx, o.number, scm.Review{Verdict: verdict, SHA: o.head, Body: o.text})
		if err != nil {
			return "", err
		}
		return fmt.Sprintf("#%d at %s: %s by %s", o.number, short(r.SHA), r.Verdict, r.Author), nil
	})
	cmd.Before = func(*cli.Context) error {
		if verdict != scm.Approved && scm.Text(o.text) == "" {
			return usagef("ferry pr %s needs --body", name)
		}
		return nil
	}
	return cmd
}

func (a *app) prMergeCommand() *cli.Command {
	var o prActOptions
	flags := []cli.Flag{textFlag("message", "`TEXT` of the merge commit", &o), headFlag(&o)}
	return a.prAct("merge", "merge it, if nothing is against that", "[--message TEXT] [--head COMMIT]", &o, flags, func(ctx context.Context, d desk, o prActOptions) (string, error) {
		pr, err := d.forge.PullRequest(ctx, o.number)
		if err != nil {
			return "", err
		}
		if o.head == "" {
			o.head = pr.HeadSHA
		}
		if said := a.unpassed(ctx, d, pr); said != "" {
			a.say(warning, "%s", said)
		}
		commit, err := d.forge.MergePullRequest(ctx, o.number, scm.Merge{Head: o.head, Message: o.text})
		if err != nil {
			return "", err
		}
		if pr.State == scm.Merged {
			return fmt.Sprintf("#%d was merged already, as %s", o.number, short(commit)), nil
		}
		return fmt.Sprintf("#%d merged into %s as %s", o.number, pr.Base, short(commit)), nil
	})
}

// unpassed is what a person who merges past ferry's gates should know; "" where there is nothing.
func (a *app) unpassed(ctx context.Context, d desk, pr scm.PullRequest) string {
	history, err := d.forge.Statuses(ctx, pr.HeadSHA)
	if err != nil || pr.State != scm.Open {
		return ""
	}
	for _, s := range newestStatuses(history) {
		if s.Context == release.GatesContext && s.State != scm.Success {
			return fmt.Sprintf("%s said at %s: %s; the audit will show what was merged past it", s.Context, moment(s.Time), scm.Line(s.Text))
		}
	}
	return ""
}

func (a *app) prCloseCommand() *cli.Command {
	var o prActOptions
	flags := []cli.Flag{textFlag("reason", "`TEXT` that says why", &o)}
	return a.prAct("close", "close it without merging", "[--reason TEXT]", &o, flags, func(ctx context.Context, d desk, o prActOptions) (string, error) {
		if err := d.forge.ClosePullRequest(ctx, o.number, o.text); err != nil {
			return "", err
		}
		return fmt.Sprintf("#%d closed", o.number), nil
	})
}

func (a *app) prReopenCommand() *cli.Command {
	var o prActOptions
	return a.prAct("reopen", "open a closed one again", "", &o, nil, func(ctx context.Context, d desk, o prActOptions) (string, error) {
		reopener, ok := d.forge.(scm.Reopener)
		if !ok {
			return "", unable("open pull requests again")
		}
		if err := reopener.ReopenPullRequest(ctx, o.number); err != nil {
			return "", err
		}
		return fmt.Sprintf("#%d open", o.number), nil
	})
}
