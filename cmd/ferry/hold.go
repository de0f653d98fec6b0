package main

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/ferry-cd/ferry/door"
	"github.com/ferry-cd/ferry/ledger"
	"github.com/ferry-cd/ferry/promote"
	"github.com/ferry-cd/ferry/scm"
)

type holdOptions struct {
	gitops           gitopsOptions
	app, env, reason string
	until, as        string
	list             bool
	output           string
}

func (a *app) holdCommand() *cli.Command {
	var o holdOptions
	return &cli.Command{
		Name:  "hold",
		Usage: "stop everything, an environment, an app, or an app in an environment; --list shows what is held",
		Flags: append(gitopsFlags(&o.gitops),
			&cli.StringFlag{Name: "app", Destination: &o.app, Usage: "`APP`; without it, every app"},
			&cli.StringFlag{Name: "env", Destination: &o.env, Usage: "`ENVIRONMENT`; without it, every environment"},
			&cli.StringFlag{Name: "reason", Destination: &o.reason, Usage: "`WHY`, for those who wait"},
			&cli.StringFlag{Name: "until", Destination: &o.until, Usage: "`WHEN` it ends by itself: a time such as 2026-12-24T18:00:00Z, or how long, such as 2h"},
			&cli.StringFlag{Name: "as", Destination: &o.as, Usage: "`NAME` of the person, on the embedded forge"},
			&cli.BoolFlag{Name: "list", Destination: &o.list, Usage: "show what is held"},
			outputInto(&o.output),
		),
		Action: func(c *cli.Context) error { return a.runHold(c.Context, o) },
	}
}

func (a *app) runHold(ctx context.Context, o holdOptions) error {
	if err := checkFormat(o.output, "text", "json"); err != nil {
		return err
	}
	if o.reason == "" && !o.list {
		return usagef("hold it why? give --reason")
	}
	until, err := a.moment(o.until)
	if err != nil {
		return err
	}
	g, s, who, err := a.openHolds(ctx, &o)
	if err != nil {
		return err
	}
	if !o.list {
		h := ledger.Hold{App: o.app, Environment: o.env, Reason: scm.Text(o.reason), By: who, Since: a.Now(), Until: until}
		h.ID = h.Name()
		err = g.Hold(ctx, s, h)
		if err == nil && o.output == "json" {
			err = writeJSON(a.Out, holdsDocument{current, true, []ledger.Hold{h}})
		} else if err == nil {
			_, err = fmt.Fprintf(a.Out, "held: %s: %s\n", scopeText(o.app, o.env), h.Reason)
		}
		return err
	}
	held := g.Holds(s, scopeOfOne(o.app, o.env))
	if o.output == "json" {
		return writeJSON(a.Out, holdsDocument{current, false, append([]ledger.Hold{}, held...)})
	}
	for _, h := range held {
		fmt.Fprintf(a.Out, "%s: %s\n  %s\n", scopeText(h.App, h.Environment), scm.Text(promote.ReasonOf(h)), whose(h))
	}
	if len(held) == 0 {
		fmt.Fprintln(a.Out, "nothing is held")
	}
	return nil
}

// whose says who holds, since when and until when, and where that is on record.
func whose(h ledger.Hold) string {
	since, until := "", "until somebody resumes"
	if !h.Since.IsZero() {
		since = " since " + h.Since.UTC().Format(time.RFC3339)
	}
	if !h.Until.IsZero() {
		until = "until " + h.Until.UTC().Format(time.RFC3339)
	}
	return fmt.Sprintf("by %s%s, %s (%s)", door.Outside(cmp.Or(h.By, "somebody")).Line(), since, until, h.ID)
}

func (a *app) resumeCommand() *cli.Command {
	var o holdOptions
	return &cli.Command{
		Name:  "resume",
		Usage: "end the holds of just this scope, also those of a rollback or a hotfix",
		Flags: append(gitopsFlags(&o.gitops),
			&cli.StringFlag{Name: "app", Destination: &o.app, Usage: "`APP`, as it was held"},
			&cli.StringFlag{Name: "env", Destination: &o.env, Usage: "`ENVIRONMENT`, as it was held"},
			&cli.StringFlag{Name: "as", Destination: &o.as, Usage: "`NAME` of the person, on the embedded forge"},
			outputInto(&o.output),
		),
		Action: func(c *cli.Context) error { return a.runResume(c.Context, o) },
	}
}

func (a *app) runResume(ctx context.Context, o holdOptions) error {
	if err := checkFormat(o.output, "text", "json"); err != nil {
		return err
	}
	g, s, who, err := a.openHolds(ctx, &o)
	if err != nil {
		return err
	}
	ended, err := g.Resume(ctx, s, o.app, o.env, who)
	wrote := len(ended) > 0
	if err != nil {
		return err
	}
	if o.output == "json" {
		return a.writeResumed(wrote, g, s)
	}
	said := "resumed: " + scopeText(o.app, o.env)
	if !wrote {
		said = "nothing was held: " + scopeText(o.app, o.env)
	}
	for _, e := range ended {
		said += "\n  " + door.Outside(e).Line()
	}
	if _, err := fmt.Fprintln(a.Out, said); err != nil || wrote {
		return err
	}
	for _, h := range g.Holds(s, promote.Scope{}) {
		fmt.Fprintf(a.Out, "still held: %s: %s\n", scopeText(h.App, h.Environment), scm.Text(promote.ReasonOf(h)))
	}
	return nil
}

// writeResumed says what is held after all. What was resumed is still in the snapshot that was read before.
func (a *app) writeResumed(wrote bool, g *gitops, s *promote.Snapshot) error {
	doc := holdsDocument{current, wrote, []ledger.Hold{}}
	if !wrote {
		doc.Holds = append(doc.Holds, g.Holds(s, promote.Scope{})...)
	}
	return writeJSON(a.Out, doc)
}

// openHolds opens the repository for a person and checks that the names are known.
func (a *app) openHolds(ctx context.Context, o *holdOptions) (*gitops, *promote.Snapshot, string, error) {
	g, err := a.openGitOps(ctx, o.gitops.as(o.as))
	if err != nil {
		return nil, nil, "", err
	}
	s, err := g.Load(ctx, promote.Scope{})
	if err != nil {
		return nil, nil, "", err
	}
	if err := s.Known(scopeOfOne(o.app, o.env)); err != nil {
		return nil, nil, "", err
	}
	who, err := a.actor(ctx, g, o.as)
	return g, s, who, err
}

// actor is who decides: the name that the forge knows the credentials by, else the person that Git knows.
func (a *app) actor(ctx context.Context, g *gitops, as string) (string, error) {
	if g.Forge != nil && as != "" {
		return g.Forge.Self(ctx)
	}
	return a.user(ctx, as)
}

// moment reads a time or how long from now; "" is none.
func (a *app) moment(text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	if d, err := time.ParseDuration(text); err == nil && d > 0 {
		return a.Now().Add(d), nil
	}
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return time.Time{}, usagef("--until %q is neither a time such as 2026-12-24T18:00:00Z nor a duration such as 2h", text)
	}
	return t, nil
}

// scopeOfOne is of this app and this environment; of all, where one is not named.
func scopeOfOne(app, env string) promote.Scope {
	var s promote.Scope
	if app != "" {
		s.Apps = []string{app}
	}
	if env != "" {
		s.Environments = []string{env}
	}
	return s
}

func scopeText(app, env string) string {
	switch {
	case app == "" && env == "":
		return "everything"
	case app == "":
		return env
	case env == "":
		return app + " everywhere"
	}
	return app + " in " + env
}
