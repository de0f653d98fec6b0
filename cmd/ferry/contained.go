package main

import (
	"context"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/ferry-cd/ferry/git"
	"github.com/ferry-cd/ferry/release"
)

// contained takes out of a set the releases that bring nothing: the same templates and the same images as the release of
// the app that was accepted last, which therefore contains them. A release that is handed over alone is meant: it stays.
func (b *builder) contained(ctx context.Context, releases []release.Release, accepted map[string]release.Release) ([]release.Release, error) {
	if len(releases) < 2 {
		return releases, nil
	}
	var fresh []release.Release
	for _, r := range releases {
		last, any := accepted[r.App]
		same, err := b.bringsNothing(ctx, r, last)
		if err != nil {
			return nil, err
		}
		if !any || !same {
			fresh = append(fresh, r)
			continue
		}
		b.pinner.say("%s: contained in %s (%s): the same templates and images", r.App, last.Version, last.Sequence)
	}
	return fresh, nil
}

func (b *builder) bringsNothing(ctx context.Context, r, last release.Release) (bool, error) {
	// A release that is handed over again is for those to judge who keep the order.
	if r.Sequence == last.Sequence || r.Templates != last.Templates || r.Root != last.Root || !sameImages(r.Images, last.Images) {
		return false, nil
	}
	if r.Version == last.Version && r.Source.Commit == last.Source.Commit {
		return true, nil
	}
	says, err := b.saysItsName(ctx, r)
	return !says, err
}

// sameImages compares what runs: a tag beside a digest is a label. Images that were trusted by tag are never known to be
// the same.
func sameImages(a, b []release.Image) bool {
	key := func(images []release.Image) (map[string]string, bool) {
		all := make(map[string]string, len(images))
		for _, i := range images {
			all[i.Name] = i.Repository + "@" + i.Digest
		}
		return all, !slices.ContainsFunc(images, func(i release.Image) bool { return i.Digest == "" })
	}
	x, pinned := key(a)
	y, too := key(b)
	return pinned && too && maps.Equal(x, y)
}

// saysItsName tells whether what is rendered may depend on the name of a release, or on its commit: then another name is
// another input.
func (b *builder) saysItsName(ctx context.Context, r release.Release) (bool, error) {
	for _, p := range b.config.Placements() {
		for _, img := range p.Images {
			for _, value := range img.Set {
				if p.App == r.App && strings.Contains(value, ".Release.") {
					return true, nil
				}
			}
		}
	}
	if b.checkout == nil {
		return true, nil
	}
	return mentions(ctx, b.repository(), git.ID(r.Templates))
}

// mentions looks into templates that are ours to fill: Helm's .Release is another one, of which nothing but the app's name
// is used.
func mentions(ctx context.Context, repo *git.Repository, tree git.ID) (bool, error) {
	entries, err := repo.Walk(ctx, tree, "")
	if err != nil {
		return false, fmt.Errorf("read templates: %w", err)
	}
	var ids []git.ID
	for _, e := range entries {
		if strings.HasSuffix(e.Path, ".tmpl") {
			ids = append(ids, e.ID)
		}
	}
	blobs, err := repo.Blobs(ctx, ids...)
	if err != nil {
		return false, fmt.Errorf("read templates: %w", err)
	}
	for _, data := range blobs {
		for _, m := range ofRelease().FindAllSubmatch(data, -1) {
			if !slices.Contains([]string{".App", ".Name", ".Namespace"}, string(m[1])) {
				return true, nil
			}
		}
	}
	return false, nil
}

// ofRelease finds what a template reads of a release.
var ofRelease = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`(?:\.|")Release(\.\w+)?`)
})
