package main

import (
	"context"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"
)

// unchanged measures a run that finds every app in every environment as it should be, which is what most runs find: it
// renders nothing. Every environment waits for the one before, as usual.
func (b *bench) unchanged(ctx context.Context) error {
	apps, times := unchangedApps, 5
	if b.smoke {
		apps, times = 4*fewApps, 1
	}
	m := &matrix{name: "unchanged", root: filepath.Join(b.dir, "unchanged"), environments: []string{"dev", "qa", "prod"}, chain: true}
	for n := range apps {
		m.apps = append(m.apps, matrixApp{name: fmt.Sprintf("app-%04d", n), kind: "helm"})
	}
	service, err := fs.Sub(chart, "chart")
	if err != nil {
		return err
	}
	s, err := b.stage(ctx, m, service)
	if err != nil {
		return err
	}
	if _, err := b.measured(ctx, m.root, b.ferry, "advance", "--repo", s.gitops); err != nil {
		return err
	}
	if err := s.holdsAll(ctx); err != nil {
		return err
	}
	c, err := repeat(times, func() (cost, error) { return s.ferry(ctx, "plan") })
	if err != nil {
		return err
	}
	b.rows = append(b.rows, row{what: fmt.Sprintf("nothing changed: %d apps in %d environments, wall", apps, len(m.environments)), bar: "<= " + seconds(unchangedBar),
		ferry: seconds(c.wall) + ", CPU " + seconds(c.cpu) + ", " + megabytes(c.rss), peer: "", kept: c.wall <= unchangedBar})
	return nil
}

// holdsAll makes sure that every app has arrived everywhere, so that what is measured has nothing to do.
func (s *stage) holdsAll(ctx context.Context) error {
	files, err := runGit(ctx, s.gitops, "ls-tree", "-r", "--name-only", "main")
	if err != nil {
		return err
	}
	if n := strings.Count(files, "/release.lock\n"); n != s.renders() {
		return fmt.Errorf("%d of %d arrived", n, s.renders())
	}
	return nil
}

// crowded measures one kustomization of very many resources, which takes the library a time that grows with their square.
func (b *bench) crowded(ctx context.Context) error {
	count := manyResources
	if b.smoke {
		count = 400
	}
	var all strings.Builder
	for n := range count {
		fmt.Fprintf(&all, "---\napiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: settings-%04d\ndata:\n  number: \"%d\"\n", n, n)
	}
	dir := filepath.Join(b.dir, "crowd")
	for name, text := range map[string]string{"many.yaml": all.String(),
		"kustomization.yaml": "resources: [many.yaml]\nnamespace: crowd\nnamePrefix: a-\nlabels: [{pairs: {team: crowd}}]\n"} {
		if err := write(filepath.Join(dir, name), text); err != nil {
			return err
		}
	}
	ours, err := b.measured(ctx, dir, b.ferry, "render", "--raw", ".")
	if err != nil {
		return err
	}
	theirs, err := b.measured(ctx, dir, b.kustomize, "build", ".")
	if err != nil {
		return err
	}
	b.rows = append(b.rows, row{what: fmt.Sprintf("one kustomization of %d resources, wall", count), bar: "<= " + seconds(manyResourcesBar),
		ferry: seconds(ours.wall) + ", CPU " + seconds(ours.cpu), peer: "kustomize build: " + seconds(theirs.wall), kept: ours.wall <= manyResourcesBar})
	return nil
}
