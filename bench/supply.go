package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/ferry-cd/ferry/charts/chartstest"
	"github.com/ferry-cd/ferry/source/registry/registrytest"
)

const (
	manyDependents = 50
	helmConfig     = "application/vnd.cncf.helm.config.v1+json"
	helmLayer      = "application/vnd.cncf.helm.chart.content.v1.tar+gzip"
)

// dependencies hands over, in one document, apps that all need the same two charts, one of a chart repository and one of
// a registry, and counts what those were asked for.
func (b *bench) dependencies(ctx context.Context) error {
	apps := manyDependents
	if b.smoke {
		apps = 5
	}
	repository, images := chartstest.Start(), registrytest.New()
	defer repository.Close()
	defer images.Close()
	repository.Publish("common", "1.2.0", chartstest.Chart("common", "1.2.0", "c"))
	images.Artifact("acme/lib", "2.0.0", nil, helmConfig, []byte("{}"),
		map[string][]byte{helmLayer: chartstest.Pack("lib", chartstest.Chart("lib", "2.0.0", "l"))})
	m := &mono{bench: b, apps: apps, dir: filepath.Join(b.dir, "mono"), needs: []string{
		"{name: common, version: 1.x, repository: " + repository.URL + "}",
		"{name: lib, version: 2.x, repository: \"oci://" + images.Host + "/acme\"}"}}
	if err := m.make(ctx); err != nil {
		return err
	}
	index, archive := repository.Hits("/index.yaml"), repository.Hits("/charts/common-1.2.0.tgz")
	images.Forget()
	took, err := m.submit(ctx)
	if err != nil {
		return err
	}
	index, archive = repository.Hits("/index.yaml")-index, repository.Hits("/charts/common-1.2.0.tgz")-archive
	manifests, blobs := 0, 0
	for _, r := range images.Seen() {
		switch {
		case strings.Contains(r.Path, "/manifests/"):
			manifests++
		case strings.Contains(r.Path, "/blobs/"):
			blobs++
		}
	}
	once := index == 1 && archive == 1 && manifests == 1 && blobs == 1
	b.rows = append(b.rows, row{what: fmt.Sprintf("two dependencies of %d apps, each fetched (index, archive; manifest, blob)", apps), bar: "1, 1; 1, 1",
		ferry: fmt.Sprintf("%d, %d; %d, %d in %s", index, archive, manifests, blobs, seconds(took.wall)), kept: once})
	if !once {
		return fmt.Errorf("dependencies of %d apps: the index was asked for %d times, the archive %d, the manifest %d, the blob %d; once is enough",
			apps, index, archive, manifests, blobs)
	}
	return nil
}

// mono is a repository with the charts of many apps, and the GitOps repository that knows them.
type mono struct {
	*bench
	apps  int
	dir   string
	needs []string // of each chart
}

func (m *mono) make(ctx context.Context) error {
	config := "version: 1\ndefaults: {kubernetes: {version: \"1.34\"}, namespace: \"{app}\"}\nenvironments: [{name: dev, pullRequest: false}]\napps:\n"
	for n := range m.apps {
		name := fmt.Sprintf("app-%d", n)
		config += fmt.Sprintf("  - {name: %s, source: {repository: https://github.com/acme/mono, path: charts/%s}}\n", name, name)
		for file, data := range chartstest.Chart(name, "0.1.0", name, m.needs...) {
			if err := put(filepath.Join(m.dir, "app", "charts", name, file), data); err != nil {
				return err
			}
		}
	}
	if err := put(filepath.Join(m.dir, "gitops", "ferry.yaml"), []byte(config)); err != nil {
		return err
	}
	if err := m.lock(ctx); err != nil {
		return err
	}
	return m.commit(ctx)
}

// lock looks at one chart; the others need the very same.
func (m *mono) lock(ctx context.Context) error {
	charts := filepath.Join(m.dir, "app", "charts")
	if _, err := m.measured(ctx, charts, m.ferry, "vendor", "app-0"); err != nil {
		return err
	}
	data, err := os.ReadFile(filepath.Join(charts, "app-0", "ferry.lock"))
	for n := 1; n < m.apps && err == nil; n++ {
		err = put(filepath.Join(charts, fmt.Sprintf("app-%d", n), "ferry.lock"), data)
	}
	return err
}

func (m *mono) commit(ctx context.Context) error {
	for _, args := range [][]string{
		{"-C", "app", "init", "--quiet"}, {"-C", "app", "add", "."}, {"-C", "app", "commit", "--quiet", "-m", "Charts"},
		{"-C", "app", "remote", "add", "origin", "https://github.com/acme/mono.git"},
		{"-C", "gitops", "init", "--quiet", "--initial-branch=main"}, {"-C", "gitops", "add", "."}, {"-C", "gitops", "commit", "--quiet", "-m", "Environments"},
		{"clone", "--quiet", "--bare", "gitops", "gitops.git"},
	} {
		cmd := exec.CommandContext(ctx, "git", args...)
		cmd.Dir, cmd.Env = m.dir, plainEnv()
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("git %s: %w\n%s", strings.Join(args, " "), err, out)
		}
	}
	return nil
}

func (m *mono) submit(ctx context.Context) (cost, error) {
	for n := range m.apps {
		args := []string{"release", "create", "--source", "app", "--app", fmt.Sprintf("app-%d", n), "--version", "1.0", "--sequence", "1", "-o", "release.json"}
		if n > 0 {
			args = append(args, "--add")
		}
		if _, err := m.measured(ctx, m.dir, m.ferry, args...); err != nil {
			return cost{}, err
		}
	}
	return m.measured(ctx, m.dir, m.ferry, "submit", "--repo", filepath.Join(m.dir, "gitops.git"), "--source", "app", "--release", "release.json")
}

func put(file string, data []byte) error {
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		return err
	}
	return os.WriteFile(file, data, 0o600)
}
