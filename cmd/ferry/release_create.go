package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/urfave/cli/v2"

	"github.com/ferry-cd/ferry/git"
	"github.com/ferry-cd/ferry/release"
	"github.com/ferry-cd/ferry/source"
	"github.com/ferry-cd/ferry/source/registry"
)

// releaseCreateOptions say what is written down, and where.
type releaseCreateOptions struct {
	release  releaseOptions
	registry *registryOptions
	file     string
	add      bool
	attest   bool
	verbose  bool
}

func (a *app) releaseCommand() *cli.Command {
	return &cli.Command{
		Name:        "release",
		Usage:       "write releases down where they are built, to be submitted elsewhere",
		Subcommands: []*cli.Command{a.releaseCreateCommand()},
	}
}

func (a *app) releaseCreateCommand() *cli.Command {
	o := releaseCreateOptions{registry: &registryOptions{}}
	return &cli.Command{
		Name:  "create",
		Usage: "write release.json: the source commit, the place in the order, and every image by digest",
		Description: "It needs no GitOps repository and no credentials for one: tags are resolved here, where the images were pushed, and ferry submit\n" +
			"--release release.json hands over what is written. With --add, several apps of one commit come into one document.",
		Flags: append(append(releaseFlags(), registryFlags(o.registry)...),
			&cli.StringFlag{Name: "output", Aliases: []string{"o"}, Destination: &o.file, Value: "release.json", Usage: "`FILE` to write, or - for stdout"},
			&cli.BoolFlag{Name: "add", Destination: &o.add, Usage: "add to the document, which holds other apps of the same commit"},
			&cli.BoolFlag{Name: "attest", Destination: &o.attest, Usage: "let the CI say in the document who wrote it, for trust.issuers in ferry.yaml (GitHub Actions: permission id-token: write)"},
			&cli.BoolFlag{Name: "verbose", Destination: &o.verbose, Usage: "show what is asked of registries"}),
		Action: func(c *cli.Context) error {
			o.release = releaseOf(c)
			return a.runReleaseCreate(c.Context, o)
		},
	}
}

func (a *app) runReleaseCreate(ctx context.Context, o releaseCreateOptions) error {
	if o.release.dev {
		return usagef("--dev is for trying out: a document that travels is of a commit")
	}
	document, err := a.readReleases(o.release)
	if err != nil {
		return err
	}
	releases := document.Releases
	open := sync.OnceValues(func() (*registry.Client, error) {
		return a.openRegistry(o.registry, a.registryLog(forgeOptions{verbose: o.verbose}))
	})
	b := &builder{app: a, options: o.release, pinner: a.pinner(open, o.release)}
	if b.checkout, err = source.OpenCheckout(ctx, a.below(o.release.source), git.Options{Now: a.Now}); err != nil && !allKnown(releases) {
		return err
	}
	if b.ci, err = source.FromCI(a.Getenv); err != nil {
		return err
	}
	if err := b.written(ctx, releases); err != nil {
		return err
	}
	if o.add {
		if releases, err = a.addTo(o.file, releases); err != nil {
			return err
		}
	}
	document = release.Document{Releases: releases}
	if o.attest {
		if document.Identity, err = a.attest(ctx, releases); err != nil {
			return err
		}
	}
	data, err := release.FormatDocument(document)
	if err != nil {
		return err
	}
	if err := a.writeDocument(o.file, data); err != nil || o.file == "-" {
		return err
	}
	var named []string
	for _, r := range releases {
		named = append(named, r.App+" "+r.Version)
	}
	a.say(info, "wrote %s: %s, of commit %s", o.file, strings.Join(named, ", "), short(releases[0].Source.Commit))
	return nil
}

// allKnown tells whether every release names its commit, so that no checkout is needed.
func allKnown(releases []release.Release) bool {
	return !slices.ContainsFunc(releases, func(r release.Release) bool {
		return r.Source.Commit == "" || r.Source.Repository == "" || r.Source.Time.IsZero()
	})
}

// written completes releases as far as that goes without ferry.yaml: which templates belong to an app, and which images it
// may carry, is said there.
func (b *builder) written(ctx context.Context, releases []release.Release) error {
	var problems []error
	for i := range releases {
		problems = append(problems, b.origin(ctx, &releases[i]), b.order(&releases[i]))
	}
	if err := errors.Join(problems...); err != nil {
		return err
	}
	if !b.options.allowTags {
		if err := b.pinner.pin(ctx, releases, nil); err != nil {
			return err
		}
	}
	for _, r := range releases {
		for _, img := range r.Images {
			if img.Digest == "" && !b.options.allowTags {
				problems = append(problems, usagef("image %s has neither a tag nor a digest", img.Reference()))
			}
		}
		problems = append(problems, r.Validate())
	}
	return errors.Join(problems...)
}

// addTo puts releases beside those of a document: the same commit, and an app once.
func (a *app) addTo(file string, fresh []release.Release) ([]release.Release, error) {
	if file == "-" {
		return nil, usagef("--add needs a file")
	}
	document, err := a.readDocument(file)
	if errors.Is(err, os.ErrNotExist) {
		return fresh, nil
	}
	if err != nil {
		return nil, err
	}
	there := document.Releases
	for _, r := range fresh {
		there = slices.DeleteFunc(there, func(old release.Release) bool { return old.App == r.App })
	}
	for _, old := range there {
		if old.Source.Commit != fresh[0].Source.Commit || old.Source.Repository != fresh[0].Source.Repository {
			return nil, usagef("%s holds %s of %s %s, and this is %s %s: one document is of one commit", file, old.App,
				old.Source.Repository, short(old.Source.Commit), fresh[0].Source.Repository, short(fresh[0].Source.Commit))
		}
	}
	all := slices.Concat(there, fresh)
	slices.SortFunc(all, func(a, b release.Release) int { return strings.Compare(a.App, b.App) })
	return all, nil
}

// writeDocument writes a file whole or not at all.
func (a *app) writeDocument(name string, data []byte) error {
	if name == "-" {
		_, err := a.Out.Write(data)
		return err
	}
	path := a.below(name)
	f, err := os.CreateTemp(filepath.Dir(path), ".release-*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	_, err = f.Write(data)
	if err := errors.Join(err, f.Chmod(0o644), f.Close()); err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	return os.Rename(f.Name(), path)
}
