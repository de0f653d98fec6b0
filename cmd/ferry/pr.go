package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/ferry-cd/ferry/git"
	"github.com/ferry-cd/ferry/scm"
)

func (a *app) prCommand() *cli.Command {
	return &cli.Command{
		Name:  "pr",
		Usage: "look at pull requests of the GitOps repository, and review and merge them",
		Subcommands: []*cli.Command{
			a.prListCommand(),
			a.prShowCommand(),
			a.prDiffCommand(),
			a.prCreateCommand(),
			a.prVerdictCommand("approve", scm.Approved, "say that it may be merged as it is"),
			a.prVerdictCommand("request-changes", scm.ChangesRequested, "say what has to change first (--body)"),
			a.prVerdictCommand("comment", scm.Commented, "say something about it (--body)"),
			a.prMergeCommand(),
			a.prCloseCommand(),
			a.prReopenCommand(),
		},
		Action: cli.ShowSubcommandHelp,
	}
}

// prOptions are what all commands about pull requests know.
type prOptions struct {
	repo, as, output string
	number           int
	at               forgeOptions
}

func prFlags(o *prOptions, more ...cli.Flag) []cli.Flag {
	output := outputFlag().(*cli.StringFlag)
	output.Destination = &o.output
	return append(append(more, forgeFlags(&o.at)...),
		&cli.StringFlag{Name: "repo", Aliases: []string{"R"}, EnvVars: []string{"FERRY_REPO"}, Destination: &o.repo, Usage: "`PATH or URL` of the GitOps repository (default: the current folder's, or its origin)"},
		&cli.StringFlag{Name: "as", Destination: &o.as, Usage: "`NAME` to act under (default: Git's user.name, or the system's)"},
		output)
}

// prUsage is the synopsis of a command about one pull request.
func prUsage(name, flags string) string {
	return strings.TrimSpace("ferry pr "+name+" NUMBER "+flags) + " [-R REPOSITORY] [--as NAME] [-o text|json]"
}

// parse reads what comes after the flags: the number of a pull request, or its URL, which names the repository too.
func (o *prOptions) parse(c *cli.Context) error {
	if c.NArg() != 1 {
		return usagef("ferry pr %s takes the number of one pull request", c.Command.Name)
	}
	arg := c.Args().First()
	if dir, number, ok := pullRequestURL(arg); ok {
		o.number = number
		if o.repo == "" {
			o.repo = dir
		}
		return checkFormat(o.output, "text", "json")
	}
	number, err := strconv.Atoi(strings.TrimPrefix(arg, "#"))
	if err != nil || number < 1 {
		return usagef("%q is no number of a pull request", arg)
	}
	o.number = number
	return checkFormat(o.output, "text", "json")
}

// desk is where a person sits: at a forge, with its repository at hand.
type desk struct {
	forge scm.Client
	repo  *git.Repository
	user  string
}

func (a *app) sitDown(ctx context.Context, o prOptions) (desk, error) {
	remote, err := a.gitops(ctx, o.repo)
	if err != nil {
		return desk{}, err
	}
	user, err := a.user(ctx, o.as)
	if err != nil {
		return desk{}, err
	}
	who, err := a.identity(ctx, user)
	if err != nil {
		return desk{}, err
	}
	how, err := a.gitOptions(who)
	if err != nil {
		return desk{}, err
	}
	at, err := a.connect(ctx, remote, user, o.at, how)
	if err == nil && at.forge == nil {
		err = &noForgeError{at.repo.URL()}
	}
	a.sayCalls(at.forge, o.at)
	return desk{forge: at.forge, repo: at.repo, user: user}, err
}

// gitops finds the GitOps repository: the one that was named, the bare one that the working folder lies in, or the origin
// of the checkout that it lies in.
func (a *app) gitops(ctx context.Context, named string) (string, error) {
	if named != "" {
		return a.located(named), nil
	}
	dir, repo, err := a.repositoryHere(ctx)
	if err != nil {
		return "", err
	}
	if repo.Bare() {
		return dir, nil
	}
	origin, err := repo.Config("remote.origin.url")
	if err != nil {
		return "", err
	}
	if origin == "" {
		return "", usagef("%s has no remote named origin: name the GitOps repository with --repo", dir)
	}
	if info, err := os.Stat(filepath.Join(dir, origin)); err == nil && info.IsDir() && !filepath.IsAbs(origin) {
		origin = filepath.Join(dir, origin)
	}
	return origin, nil
}

// located makes the path of a repository absolute, and leaves URLs alone.
func (a *app) located(named string) string {
	full := filepath.Join(a.Dir, named)
	if _, err := os.Stat(full); err == nil && !filepath.IsAbs(named) {
		return full
	}
	return named
}

// repositoryHere is the nearest repository that the working folder lies in.
func (a *app) repositoryHere(ctx context.Context) (string, *git.Repository, error) {
	for dir := a.Dir; ; dir = filepath.Dir(dir) {
		repo, err := git.Open(ctx, dir, git.Options{})
		if err == nil || !errors.Is(err, git.ErrNotFound) {
			return dir, repo, err
		}
		if dir == filepath.Dir(dir) {
			return "", nil, usagef("%s lies in no Git repository: name the GitOps repository with --repo", a.Dir)
		}
	}
}

// short is enough of a commit's id for people.
func short(sha string) string { return git.ID(sha).Short() }

// unable says that a forge leaves something to its own pages.
func unable(what string) error {
	return fmt.Errorf("this forge does not let ferry %s: use its web pages", what)
}
