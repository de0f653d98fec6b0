package main

import (
	"cmp"
	"context"
	"fmt"
	"net/mail"
	"path/filepath"
	"sync"

	"github.com/urfave/cli/v2"

	"github.com/ferry-cd/ferry/cmd/ferry/memory"
	"github.com/ferry-cd/ferry/door"
	"github.com/ferry-cd/ferry/git"
	"github.com/ferry-cd/ferry/promote"
	"github.com/ferry-cd/ferry/report"
	"github.com/ferry-cd/ferry/source"
	"github.com/ferry-cd/ferry/source/registry"
)

// gitopsOptions name the GitOps repository and who writes to it.
type gitopsOptions struct {
	repo     string
	identity string
	user     string // on the embedded forge; "" is ferry itself
	registry *registryOptions
	limits   limitsFlag
	forge    forgeOptions
}

// as gives the same repository for another user of the embedded forge.
func (o gitopsOptions) as(user string) gitopsOptions {
	o.user = user
	return o
}

func gitopsFlags(o *gitopsOptions) []cli.Flag {
	o.registry = &registryOptions{}
	return append(append([]cli.Flag{
		&cli.StringFlag{Name: "repo", Aliases: []string{"R"}, EnvVars: []string{"FERRY_REPO"}, Destination: &o.repo,
			Usage: "GitOps repository: `URL` or path of a bare repository (default: the origin of this checkout)"},
		&cli.StringFlag{Name: "identity", EnvVars: []string{"FERRY_IDENTITY"}, Destination: &o.identity, Value: "ferry <ferry@localhost>",
			Usage: "author of ferry's commits, as `NAME <MAIL>`"},
		&cli.GenericFlag{Name: "limits", EnvVars: []string{"FERRY_LIMITS"}, Value: &o.limits,
			Usage: "the most that ferry.yaml may allow a render, as `KEY=SIZE,...`: memory=512MB,time=1m"},
	}, forgeFlags(&o.forge)...), registryFlags(o.registry)...)
}

func (o gitopsOptions) author() (git.Identity, error) {
	a, err := mail.ParseAddress(o.identity)
	if err != nil || a.Name == "" {
		return git.Identity{}, usagef("--identity %q is not of the form: Name <mail@example.com>", o.identity)
	}
	return git.Identity{Name: a.Name, Email: a.Address}, nil
}

// gitops is an opened GitOps repository with everything that a promotion needs.
type gitops struct {
	*promote.Promoter
	store    *source.Store
	history  *history
	registry func() (*registry.Client, error) // opened when it is first needed
}

// openGitOps opens the repository and, where there is one, its forge.
func (a *app) openGitOps(ctx context.Context, o gitopsOptions) (*gitops, error) {
	id, err := o.author()
	if err != nil {
		return nil, err
	}
	remote, err := a.remote(ctx, o.repo)
	if err != nil {
		return nil, err
	}
	how, err := a.gitOptions(id)
	if err != nil {
		return nil, err
	}
	user := cmp.Or(o.user, "ferry")
	at, err := a.connect(ctx, remote, user, o.forge, how)
	if err != nil {
		return nil, err
	}
	repo, forge := at.repo, at.forge
	a.sayCalls(forge, o.forge)
	ci, err := source.FromCI(a.Getenv)
	if err != nil {
		return nil, err
	}
	store := source.NewStore(repo)
	words, past := report.Writer{Budget: budget(forge)}, &history{app: a, gitops: remote, opened: map[string]*git.Repository{}, forges: map[string]sourceForge{}, id: id, user: user, said: at.said(o.forge)}
	p := &promote.Promoter{Repo: repo, Sources: store, Renderers: renderers(), Judges: judges{}, Write: words.PullRequest, Message: words.Message, Words: report.Words(),
		Commits: past.commits, Limits: o.limits.Limits, Now: a.Now, Version: version, Run: ci.RunURL,
		Progress: func(format string, v ...any) { a.say(info, format, v...) }, Step: a.progress, Busy: memory.LargePages}
	if forge != nil {
		p.Forge, p.Signer = forge, at.signing()
	}
	images := sync.OnceValues(func() (*registry.Client, error) { return a.openRegistry(o.registry, a.registryLog(o.forge)) })
	p.Registry = newStock(images)
	return &gitops{Promoter: p, store: store, history: past, registry: images}, nil
}

// remote finds the GitOps repository that a command is about.
func (a *app) remote(ctx context.Context, repo string) (string, error) {
	if repo != "" {
		return repo, nil
	}
	checkout, err := source.OpenCheckout(ctx, a.Dir, git.Options{Now: a.Now})
	if err != nil {
		return "", usagef("which GitOps repository? give --repo, set FERRY_REPO, or run this in a checkout of it")
	}
	if checkout.Origin() == "" {
		return checkout.Dir(), nil
	}
	return checkout.Origin(), nil
}

// writeReport says what a run did, to everyone who is to hear of it, and turns its failures into the command's error.
func (a *app) writeReport(ctx context.Context, format string, r *promote.Report) error {
	a.announce(ctx, r)
	err := a.summarise(func() string { return report.RunMarkdown(r) })
	if err != nil {
		return err
	}
	switch format {
	case "json":
		err = report.JSON(a.Out, r)
	case "markdown":
		_, err = fmt.Fprint(a.Out, report.RunMarkdown(r))
	default:
		err = a.terminal().Report(r)
	}
	if err != nil {
		return err
	}
	return r.Errors()
}

// gitOptions say who writes, with which credentials, and with which signature.
func (a *app) gitOptions(id git.Identity) (git.Options, error) {
	o := git.Options{Identity: id, Now: a.Now, Username: a.Getenv("FERRY_USERNAME"), Token: a.token("FERRY_TOKEN"),
		SSHKey: door.NewToken(a.Getenv("FERRY_SSH_KEY")), SSHAgent: a.Getenv("SSH_AUTH_SOCK"), KnownHosts: a.knownHosts()}
	key := a.token("FERRY_SIGNING_KEY")
	if key.IsZero() {
		return o, nil
	}
	signer, err := git.NewSigner(key, a.token("FERRY_SIGNING_PASSPHRASE"))
	if err != nil {
		return o, usagef("FERRY_SIGNING_KEY: %w", err)
	}
	o.Signer = signer
	return o, nil
}

func (a *app) knownHosts() string {
	if file := a.Getenv("FERRY_KNOWN_HOSTS"); file != "" || a.Getenv("HOME") == "" {
		return file
	}
	return filepath.Join(a.Getenv("HOME"), ".ssh", "known_hosts")
}
