package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/ferry-cd/ferry/door"
	"github.com/ferry-cd/ferry/environments"
	"github.com/ferry-cd/ferry/git"
	"github.com/ferry-cd/ferry/promote"
	"github.com/ferry-cd/ferry/report"
	"github.com/ferry-cd/ferry/scm"
	"github.com/ferry-cd/ferry/setup"
)

type newAppOptions struct {
	gitops gitopsOptions
	app    setup.NewApp
	plan   bool
	output string
}

func (a *app) newCommand() *cli.Command {
	return &cli.Command{Name: "new", Usage: "bring something new into the GitOps repository, by a pull request", Subcommands: []*cli.Command{a.newAppCommand()}}
}

func (a *app) newAppCommand() *cli.Command {
	var o newAppOptions
	return &cli.Command{
		Name:      "app",
		Usage:     "a new app: its entry, values files, and what the engine needs to apply it",
		ArgsUsage: "NAME",
		Description: "All of it comes in one pull request, so that the first promotion that is merged really deploys. What the engine needs follows the\n" +
			"templates in .ferry/new-app of the repository: one folder each for flux, argocd and any, with {app}, {environment}, {folder},\n" +
			"{namespace}, {repository} and {branch} in paths and texts. Without them, ferry's own are used.",
		Flags: append(gitopsFlags(&o.gitops),
			&cli.StringFlag{Name: "source", Destination: &o.app.Repository, Usage: "`URL` of the repository that the app's templates come from"},
			&cli.StringFlag{Name: "path", Destination: &o.app.Path, Usage: "`FOLDER` there: a chart, a kustomization or manifests"},
			&cli.StringSliceFlag{Name: "image", Usage: "`NAME` of an image that its releases carry; may be repeated"},
			&cli.StringFlag{Name: "namespace", Destination: &o.app.Namespace, Usage: "`NAMESPACE`, if the environments do not name one"},
			&cli.StringFlag{Name: "team", Destination: &o.app.Team, Usage: "`TEAM` that owns it"},
			&cli.StringFlag{Name: "group", Destination: &o.app.Group, Usage: "`GROUP` of apps that share a pull request"},
			&cli.StringSliceFlag{Name: "only", Usage: "`ENVIRONMENT` that it goes to, if not to all; may be repeated"},
			&cli.BoolFlag{Name: "plan", Destination: &o.plan, Usage: "show what would come, write nothing"}, outputFlag()),
		Action: func(c *cli.Context) error {
			if c.NArg() != 1 || o.app.Repository == "" {
				return usagef("ferry new app takes one name and needs --source")
			}
			o.app.Name, o.app.Images, o.app.Only, o.output = c.Args().First(), c.StringSlice("image"), c.StringSlice("only"), c.String("output")
			return a.runNewApp(c.Context, o)
		},
	}
}

// newApp is what came, as -o json prints it.
type newApp struct {
	SchemaVersion int      `json:"schemaVersion"`
	App           string   `json:"app"`
	Files         []string `json:"files"`
	Branch        string   `json:"branch,omitempty"`
	PullRequest   int      `json:"pullRequest,omitempty"`
	URL           string   `json:"url,omitempty"`
	Notes         []string `json:"notes,omitempty"`
}

func (a *app) runNewApp(ctx context.Context, o newAppOptions) error {
	if err := checkFormat(o.output, "text", "json"); err != nil {
		return err
	}
	g, err := a.openGitOps(ctx, o.gitops)
	if err != nil {
		return err
	}
	s, err := g.Load(ctx, promote.Scope{})
	if err != nil {
		return err
	}
	added, err := setup.Add(ctx, s.Files(ctx, g.Promoter), o.app, door.Redact(g.Repo.URL()), s.DefaultBranch,
		environments.For(version), environments.OnBranch(s.DefaultBranch), environments.Knowing(report.Words()))
	if err != nil {
		return err
	}
	out := newApp{SchemaVersion: 1, App: o.app.Name, Files: slices.Sorted(maps.Keys(added.Files)), Notes: added.Notes}
	if o.plan {
		return a.writeNewApp(o, out, added)
	}
	out.Branch = "ferry-new/" + o.app.Name
	if err := g.branchWith(ctx, out.Branch, git.ID(s.Head()), added.Files, "New app "+o.app.Name); err != nil {
		return err
	}
	if g.Forge != nil {
		pr, _, err := g.Forge.EnsurePullRequest(ctx, scm.Proposal{New: true, Head: out.Branch, Base: s.DefaultBranch, Title: "New app " + o.app.Name, Body: newAppBody(out)})
		if err != nil {
			return err
		}
		out.PullRequest, out.URL = pr.Number, pr.URL
	}
	return a.writeNewApp(o, out, added)
}

func newAppBody(n newApp) string {
	var b strings.Builder
	fmt.Fprintf(&b, "Brings the app `%s`: its entry, its values files, and what the engine needs to apply it. Nothing runs before its first release is handed over with `ferry submit --app %s`.\n\n", n.App, n.App)
	for _, f := range n.Files {
		fmt.Fprintf(&b, "- `%s`\n", f)
	}
	return b.String()
}

// branchWith makes a branch of one commit on top of base that puts some files. A branch of that name that is there is somebody's.
func (g *gitops) branchWith(ctx context.Context, branch string, base git.ID, files map[string]string, message string) error {
	on, err := g.Repo.Commit(ctx, base)
	if err != nil {
		return err
	}
	var edits []git.Edit
	for _, name := range slices.Sorted(maps.Keys(files)) {
		id, err := g.Repo.WriteBlob([]byte(files[name]))
		if err != nil {
			return err
		}
		edits = append(edits, git.Edit{Path: name, Mode: git.ModeFile, ID: id})
	}
	tree, err := g.Repo.EditTree(ctx, on.Tree, edits...)
	if err != nil {
		return err
	}
	id, err := g.Repo.WriteCommit(ctx, git.NewCommit{Tree: tree, Parents: []git.ID{base}, Message: message})
	if err != nil {
		return err
	}
	err = g.Repo.Push(ctx, git.Update{Ref: "refs/heads/" + branch, New: id})
	var moved *git.MovedError
	if errors.As(err, &moved) {
		return &branchThereError{branch}
	}
	return err
}

// branchThereError is a branch that somebody made before.
type branchThereError struct{ branch string }

func (e *branchThereError) Error() string { return "there is a branch " + e.branch + " already" }
func (e *branchThereError) Hint() string {
	return "merge or close its pull request and delete it, then try again"
}
func (e *branchThereError) ExitCode() int { return exitRefused }

func (a *app) writeNewApp(o newAppOptions, n newApp, added setup.Added) error {
	if o.output == "json" {
		return writeJSON(a.Out, n)
	}
	for _, name := range n.Files {
		if !o.plan {
			fmt.Fprintln(a.Out, name)
			continue
		}
		fmt.Fprintf(a.Out, "-- %s --\n%s", name, added.Files[name])
	}
	for _, note := range n.Notes {
		a.say(notice, "%s", note)
	}
	switch {
	case n.PullRequest > 0:
		fmt.Fprintf(a.Out, "opened #%d: %s\n", n.PullRequest, n.URL)
	case n.Branch != "":
		fmt.Fprintln(a.Out, "pushed", n.Branch)
	}
	return nil
}
