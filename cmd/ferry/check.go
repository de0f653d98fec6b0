package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/urfave/cli/v2"

	"github.com/ferry-cd/ferry/promote"
	"github.com/ferry-cd/ferry/report"
	"github.com/ferry-cd/ferry/scm"
)

type checkOptions struct {
	gitops gitopsOptions
	number int
	commit string
	output string
}

func (a *app) checkCommand() *cli.Command {
	var o checkOptions
	return &cli.Command{
		Name:  "check",
		Usage: "show what a person's pull request to the GitOps repository does to every environment",
		Description: "It validates the configuration of that pull request, renders every app whose inputs change before and after, and sets\n" +
			"ferry/gates on the head: success where everything can be rendered, since it is not a promotion.",
		Flags: append(gitopsFlags(&o.gitops),
			&cli.IntFlag{Name: "pr", Destination: &o.number, Usage: "`NUMBER` of the pull request"},
			&cli.StringFlag{Name: "commit", Destination: &o.commit, Usage: "`SHA`, where there is no pull request"},
			outputFlag()),
		Action: func(c *cli.Context) error {
			o.output = c.String("output")
			return a.runCheck(c.Context, o)
		},
	}
}

func (a *app) runCheck(ctx context.Context, o checkOptions) error {
	if err := checkFormat(o.output, "text", "json"); err != nil {
		return err
	}
	if (o.number == 0) == (o.commit == "") {
		return usagef("check what? give --pr or --commit")
	}
	g, err := a.openGitOps(ctx, o.gitops)
	if err != nil {
		return err
	}
	s, err := g.Load(ctx, promote.Scope{})
	if err != nil {
		return err
	}
	if o.number != 0 {
		if o.commit, err = a.headOf(ctx, g, s, o.number); err != nil {
			return err
		}
		if o.commit == "" {
			if o.output == "json" {
				return writeJSON(a.Out, promotionDocument{current, o.number, true})
			}
			_, err := fmt.Fprintf(a.Out, "#%d is a promotion: its gates speak for it\n", o.number)
			return err
		}
	}
	plan, err := g.Check(ctx, s, o.commit)
	if err == nil {
		err = errors.Join(plan.Failures...)
	}
	if err != nil {
		return errors.Join(err, g.PassCheck(ctx, o.commit, false, "the change cannot be rendered, see ferry check"))
	}
	if err := g.PassCheck(ctx, o.commit, true, ""); err != nil {
		return err
	}
	if err := a.commentEffects(ctx, g, o.number, plan); err != nil {
		return err
	}
	if o.output == "json" {
		return report.PlanJSON(a.Out, plan)
	}
	return a.terminal().Plan(plan)
}

// headOf gives the head of a person's pull request; "" where it is one of ferry's.
func (a *app) headOf(ctx context.Context, g *gitops, s *promote.Snapshot, number int) (string, error) {
	forge, ok := g.Forge.(scm.Client)
	if !ok {
		return "", usagef("%s is on no forge that ferry knows: give --commit", g.Repo.URL())
	}
	pr, err := forge.PullRequest(ctx, number)
	if err != nil || s.Promotes(pr) {
		return "", err
	}
	return pr.HeadSHA, nil
}

const checkMarker = "<!-- ferry:check -->"

// commentEffects keeps one comment on the pull request up to date.
func (a *app) commentEffects(ctx context.Context, g *gitops, number int, plan *promote.Plan) error {
	forge, ok := g.Forge.(scm.Commenter)
	if !ok || number == 0 {
		return nil
	}
	text := checkMarker + "\nNothing that runs would change.\n"
	if len(plan.Promotions) > 0 {
		text = checkMarker + "\n"
		for _, pr := range plan.Promotions {
			text += report.Writer{Budget: report.Local}.Markdown(pr) + "\n"
		}
	}
	_, err := forge.EnsureComment(ctx, number, checkMarker, text)
	return err
}
