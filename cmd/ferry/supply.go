package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"

	"github.com/ferry-cd/ferry/charts"
	"github.com/ferry-cd/ferry/door"
	"github.com/ferry-cd/ferry/environments"
	"github.com/ferry-cd/ferry/git"
	"github.com/ferry-cd/ferry/release"
	"github.com/ferry-cd/ferry/render/kustomize"
	"github.com/ferry-cd/ferry/source"
	"github.com/ferry-cd/ferry/source/registry"
	"github.com/ferry-cd/ferry/supply"
)

// openSupply brings in charts, artifacts and bases with the credentials that Helm, docker and git are given here. Those for
// the GitOps repository are used for repositories on its host, home, and for no other.
func (a *app) openSupply(home string, o *registryOptions, open func() (*registry.Client, error), log func(string)) (*supply.Supply, error) {
	known, err := a.chartRepositories()
	if err != nil {
		return nil, err
	}
	ca, err := a.certificates()
	if err != nil {
		return nil, err
	}
	var keyring []byte
	if file := a.Getenv("FERRY_KEYRING"); file != "" {
		if keyring, err = os.ReadFile(a.below(file)); err != nil {
			return nil, fmt.Errorf("FERRY_KEYRING: %w", err)
		}
	}
	return supply.New(supply.Options{
		Charts:   charts.New(charts.Options{Login: known.Login, CABundle: ca, Keyring: keyring, PlainHTTP: o.plain.Value(), Now: a.Now, Log: log}),
		Registry: ociSupply{open},
		Git: func(ctx context.Context, address string) (*git.Repository, error) {
			return a.openElsewhere(ctx, home, address)
		},
		Gather: func(read func(string) ([]byte, error), list func(string) []string, dir string) (map[string][]byte, error) {
			return kustomize.New().Gather(read, list, dir)
		},
		Alias: known.Address,
	}), nil
}

// openElsewhere opens a repository that is neither the app's nor the GitOps one.
func (a *app) openElsewhere(ctx context.Context, home, address string) (*git.Repository, error) {
	how := git.Options{Now: a.Now, SSHKey: door.NewToken(a.Getenv("FERRY_SSH_KEY")), SSHAgent: a.Getenv("SSH_AUTH_SOCK"), KnownHosts: a.knownHosts()}
	if host := hostOf(address); host != "" && host == hostOf(home) {
		var err error
		if how, err = a.gitOptions(git.Identity{}); err != nil {
			return nil, err
		}
	}
	ca, err := a.certificates()
	if err != nil {
		return nil, err
	}
	how.CABundle = ca
	return git.Open(ctx, address, how)
}

// chartRepositories reads what helm repo add keeps, where Helm would.
func (a *app) chartRepositories() (charts.Repositories, error) {
	file, must := a.Getenv("HELM_REPOSITORY_CONFIG"), true
	if file == "" {
		must = false
		switch {
		case a.Getenv("HELM_CONFIG_HOME") != "":
			file = filepath.Join(a.Getenv("HELM_CONFIG_HOME"), "repositories.yaml")
		case a.Getenv("XDG_CONFIG_HOME") != "":
			file = filepath.Join(a.Getenv("XDG_CONFIG_HOME"), "helm", "repositories.yaml")
		case a.Getenv("HOME") != "":
			file = filepath.Join(a.Getenv("HOME"), ".config", "helm", "repositories.yaml")
		default:
			return nil, nil
		}
	}
	data, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) && !must {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the chart repositories that are known here: %w", err)
	}
	return charts.ReadRepositories(file, data)
}

// ociSupply is a registry as package supply asks for it.
type ociSupply struct {
	open func() (*registry.Client, error)
}

// Tags implements supply.Registry.
func (o ociSupply) Tags(ctx context.Context, repository string) ([]string, error) {
	c, err := o.open()
	if err != nil {
		return nil, err
	}
	return c.Tags(ctx, repository)
}

// Artifact implements supply.Registry.
func (o ociSupply) Artifact(ctx context.Context, reference string) (supply.Artifact, error) {
	c, err := o.open()
	if err != nil {
		return supply.Artifact{}, err
	}
	m, err := c.Manifest(ctx, reference)
	if err != nil {
		return supply.Artifact{}, err
	}
	out := supply.Artifact{Digest: m.Digest}
	if m.Image == nil {
		return out, nil
	}
	out.Type = string(m.Image.Config.MediaType)
	for _, l := range m.Image.Layers {
		out.Layers = append(out.Layers, supply.Layer{Type: string(l.MediaType), Digest: l.Digest.String(), Size: l.Size})
	}
	return out, nil
}

// Blob implements supply.Registry.
func (o ociSupply) Blob(ctx context.Context, repository, digest string, size, most int64) ([]byte, error) {
	c, err := o.open()
	if err != nil {
		return nil, err
	}
	return c.Blob(ctx, repository, digest, size, most)
}

// bringer brings templates in for releases that are being made.
type bringer struct {
	*supply.Supply
	store *source.Store
}

// bringer makes one for a GitOps repository.
func (g *gitops) bringer(a *app, o gitopsOptions) (*bringer, error) {
	s, err := a.openSupply(g.history.gitops, o.registry, g.registry, a.registryLog(o.forge))
	if err != nil {
		return nil, err
	}
	return &bringer{s, g.store}, nil
}

// fetch brings in the templates of an app whose source is elsewhere.
func (b *builder) fetch(ctx context.Context, r *release.Release, src environments.AppSource) error {
	root := ""
	if src.Ref != "" {
		root = src.Root
		for _, p := range b.config.Placements() {
			if p.App == r.App {
				root = p.Root
			}
		}
	}
	got, err := b.bringer.Source(ctx, supply.Source{OCI: src.OCI, Helm: src.Helm, Chart: src.Chart, Version: src.Version,
		Repository: src.Repository, Ref: src.Ref, Root: root})
	if err != nil {
		return fmt.Errorf("source of %s: %w", r.App, err)
	}
	if got.Notice != "" {
		b.app.say(notice, "%s", got.Notice)
	}
	r.Fetched = release.Fetched{From: got.From, Name: got.Name, Version: got.Version, Digest: got.Digest}
	r.Root = stored(root)
	return b.store(ctx, r, got.Repo, got.Tree, got.Files)
}

// store completes templates by what they need from elsewhere, and makes them a tree of the GitOps repository where they are
// more than a tree that a repository has already.
func (b *builder) store(ctx context.Context, r *release.Release, repo *git.Repository, tree git.ID, files map[string][]byte) error {
	var err error
	if files == nil {
		if files, err = source.Read(ctx, repo, tree); err != nil {
			return fmt.Errorf("read the templates of %s: %w", r.App, err)
		}
	}
	changed, notices, err := b.bringer.Complete(ctx, files)
	if err != nil {
		return fmt.Errorf("templates of %s: %w", r.App, err)
	}
	for _, n := range notices {
		b.app.say(notice, "%s", n)
	}
	if repo == nil {
		whole := maps.Clone(files)
		maps.Copy(whole, changed)
		changed = whole
	} else if len(changed) == 0 && b.checkout != nil && repo == b.checkout.Repository() {
		r.Templates = string(tree)
		return nil
	}
	made, err := b.bringer.store.Bring(ctx, repo, tree, changed)
	r.Templates = string(made)
	return err
}

// thirdParty tells an app that no CI builds: all of it is fetched. Its releases have no source commit, and are the same
// while their content is.
func (b *builder) thirdParty(conf environments.App, r *release.Release) bool {
	if !conf.Source.Fetched() || len(r.Images) > 0 || r.Source.Commit != "" {
		return false
	}
	for _, p := range b.config.Placements() {
		if p.App == r.App && len(p.Images) > 0 {
			return false
		}
	}
	return true
}

// unbuilt gives a release that no CI built its name and its place in the order: those of the accepted one where nothing
// changed, so that asking every night proposes nothing.
func (b *builder) unbuilt(r *release.Release) {
	last, ok := b.state.Accepted[r.App]
	if ok && last.Templates == r.Templates && (r.Version == "" || r.Version == last.Version) && b.options.sequence == "" {
		*r = last
		return
	}
	if r.Version == "" {
		r.Version = r.Fetched.Version
	}
	if b.options.sequence == "" && b.ci.Sequence == (release.Sequence{}) && r.Sequence == (release.Sequence{}) {
		r.Sequence = release.Sequence{Kind: release.Time, Number: b.app.Now().Unix()}
		if last.Sequence.Kind == release.Time { // two in one second are two, and a clock that goes back is no order
			r.Sequence.Number = max(r.Sequence.Number, last.Sequence.Number+1)
		}
	}
}
