package main

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/ferry-cd/ferry/promote"
	"github.com/ferry-cd/ferry/release"
	"github.com/ferry-cd/ferry/scm"
)

type reportOptions struct {
	gitops                       gitopsOptions
	app, env, cluster, check     string
	state, text, url, as, commit string
	output                       string
}

func (a *app) reportCommand() *cli.Command {
	var o reportOptions
	return &cli.Command{
		Name:  "report",
		Usage: "say how an app does in an environment, or how a check went, as a commit status",
		Description: "With --app and --env it posts what a connector posts, ferry/<env>/<app>; with --check a status of that name,\n" +
			"for gates that ask for it. The commit is the head of the environment's branch unless --commit names another. What is not\n" +
			"deployed there at that commit has nothing to report.",
		Flags: append(gitopsFlags(&o.gitops),
			&cli.StringFlag{Name: "app", Destination: &o.app, Usage: "`APP`"},
			&cli.StringFlag{Name: "env", Destination: &o.env, Usage: "`ENVIRONMENT`"},
			&cli.StringFlag{Name: "cluster", Destination: &o.cluster, Usage: "`CLUSTER`, where the environment declares clusters"},
			&cli.StringFlag{Name: "check", Destination: &o.check, Usage: "`NAME` of a check, e.g. acceptance/qa/shop"},
			&cli.StringFlag{Name: "state", Destination: &o.state, Usage: "`STATE`: success, failure, pending or superseded"},
			&cli.StringFlag{Name: "text", Destination: &o.text, Usage: "`WHY`, in a few words"},
			&cli.StringFlag{Name: "url", Destination: &o.url, Usage: "`URL` with more"},
			&cli.StringFlag{Name: "commit", Destination: &o.commit, Usage: "`SHA` of the GitOps repository"},
			&cli.StringFlag{Name: "as", Destination: &o.as, Usage: "`NAME` of the reporter, on the embedded forge"},
			outputInto(&o.output),
		),
		Action: func(c *cli.Context) error { return a.runReport(c.Context, o) },
	}
}

func (a *app) runReport(ctx context.Context, o reportOptions) error {
	if err := checkFormat(o.output, "text", "json"); err != nil {
		return err
	}
	states := []scm.StatusState{scm.Success, scm.Failure, scm.Pending, scm.Superseded}
	if !slices.Contains(states, scm.StatusState(o.state)) {
		return usagef("--state %s: the states are success, failure, pending and superseded", o.state)
	}
	name := o.check
	if (o.check == "") == (o.app == "" || o.env == "") {
		return usagef("report on what? give --app and --env, or --check")
	}
	if name == "" {
		name = release.StatusContext(o.env, o.app, o.cluster)
	}
	g, err := a.openGitOps(ctx, o.gitops.as(o.as))
	if err != nil {
		return err
	}
	if g.Forge == nil {
		return fmt.Errorf("%s is on no forge that ferry knows: there is nowhere to post a status", g.Repo.URL())
	}
	sha, err := a.reported(ctx, g, o)
	if err != nil {
		return err
	}
	status := scm.Status{Context: name, State: scm.StatusState(o.state), Text: o.text, URL: o.url}
	wrote, err := g.Forge.SetStatus(ctx, sha, status)
	if err != nil {
		return err
	}
	if o.output == "json" {
		return writeJSON(a.Out, statusDocument{current, wrote, sha, status})
	}
	said := "said so already"
	if wrote {
		said = o.state
	}
	_, err = fmt.Fprintf(a.Out, "%s on %s: %s\n", name, sha[:min(len(sha), 10)], said)
	return err
}

// reported gives the commit that a report is about. A check is on any commit of the repository, the state of an app on one
// that holds it.
func (a *app) reported(ctx context.Context, g *gitops, o reportOptions) (string, error) {
	if o.check != "" && o.commit != "" {
		return o.commit, nil
	}
	s, err := g.Load(ctx, promote.Scope{Apps: []string{o.app}})
	if err != nil {
		return "", err
	}
	if o.check != "" {
		return s.Head(), nil
	}
	sha, err := g.Reported(ctx, s, promote.Subject{App: o.app, Environment: o.env, Cluster: o.cluster, Commit: o.commit})
	if err == nil {
		a.unheard(ctx, g, s.Config.Trust.Connector)
	}
	return sha, err
}

// unheard tells a reporter whom nobody trusts that gates will not listen. Who the reporter is may be unknown: then
// the gates say it.
func (a *app) unheard(ctx context.Context, g *gitops, trusted []string) {
	if self, heard := heard(ctx, g.Forge, trusted); !heard {
		a.say(notice, "%s is not in trust.connector of ferry.yaml: no gate will count this report", self)
	}
}

// heard tells whether gates count what this client says. Where nobody is named, everybody is heard.
func heard(ctx context.Context, forge interface {
	Self(context.Context) (string, error)
}, trusted []string) (self string, ok bool) {
	self, err := forge.Self(ctx)
	if err != nil || self == "" || len(trusted) == 0 {
		return self, true
	}
	return self, slices.ContainsFunc(trusted, func(name string) bool { return strings.EqualFold(name, self) })
}
