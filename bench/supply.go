package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/google/go-containerregistry/pkg/registry"
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
	w := &warehouse{Handler: registry.New(registry.Logger(log.New(io.Discard, "", 0))), asked: map[string]int{}}
	if err := w.fill(); err != nil {
		return err
	}
	server := httptest.NewServer(w)
	defer server.Close()
	m := &mono{bench: b, apps: apps, dir: filepath.Join(b.dir, "mono"), needs: []string{
		"{name: common, version: 1.x, repository: " + server.URL + "}",
		"{name: lib, version: 2.x, repository: \"oci://" + server.Listener.Addr().String() + "/acme\"}"}}
	if err := m.make(ctx); err != nil {
		return err
	}
	w.forget()
	took, err := m.submit(ctx)
	if err != nil {
		return err
	}
	index, archive, manifests, blobs := w.count("/index.yaml"), w.count("/common-1.2.0.tgz"), w.count("/manifests/"), w.count("/blobs/")
	once := index == 1 && archive == 1 && manifests == 1 && blobs == 1
	b.rows = append(b.rows, row{what: fmt.Sprintf("two dependencies of %d apps, each fetched (index, archive; manifest, blob)", apps), bar: "1, 1; 1, 1",
		ferry: fmt.Sprintf("%d, %d; %d, %d in %s", index, archive, manifests, blobs, seconds(took.wall)), kept: once})
	if !once {
		return fmt.Errorf("dependencies of %d apps: the index was asked for %d times, the archive %d, the manifest %d, the blob %d; once is enough",
			apps, index, archive, manifests, blobs)
	}
	return nil
}

// warehouse is a registry and, beside it, a chart repository; it counts what it is asked for.
type warehouse struct {
	http.Handler
	common []byte // the archive of a chart

	mu    sync.Mutex
	asked map[string]int // by path
}

// ServeHTTP implements http.Handler.
func (w *warehouse) ServeHTTP(out http.ResponseWriter, r *http.Request) {
	w.mu.Lock()
	w.asked[r.URL.Path]++
	w.mu.Unlock()
	switch r.URL.Path {
	case "/index.yaml":
		fmt.Fprintf(out, "apiVersion: v1\nentries:\n  common:\n  - {apiVersion: v2, name: common, version: 1.2.0, urls: [common-1.2.0.tgz], digest: %q}\n",
			strings.TrimPrefix(digestOf(w.common), "sha256:"))
	case "/common-1.2.0.tgz":
		_, _ = out.Write(w.common)
	case "/common-1.2.0.tgz.prov":
		http.NotFound(out, r)
	default:
		w.Handler.ServeHTTP(out, r)
	}
}

// count gives the requests for paths with a part.
func (w *warehouse) count(part string) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	n := 0
	for path, times := range w.asked {
		if strings.HasSuffix(path, part) || strings.Contains(path, part) && strings.HasSuffix(part, "/") {
			n += times
		}
	}
	return n
}

func (w *warehouse) forget() {
	w.mu.Lock()
	defer w.mu.Unlock()
	clear(w.asked)
}

// fill makes both charts, and pushes one as helm push does.
func (w *warehouse) fill() error {
	var err error
	w.common, err = packed("common", smallChart("common", "1.2.0"))
	lib, other := packed("lib", smallChart("lib", "2.0.0"))
	if err := errors.Join(err, other); err != nil {
		return err
	}
	s := &shelf{Handler: w.Handler}
	config := []byte("{}")
	for _, blob := range [][]byte{config, lib} {
		if err := s.put(http.MethodPost, "/v2/acme/lib/blobs/uploads/?digest="+url.QueryEscape(digestOf(blob)), "application/octet-stream", blob); err != nil {
			return err
		}
	}
	manifest := fmt.Sprintf(`{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":{"mediaType":%q,"digest":%q,"size":%d},"layers":[{"mediaType":%q,"digest":%q,"size":%d}]}`,
		helmConfig, digestOf(config), len(config), helmLayer, digestOf(lib), len(lib))
	return s.put(http.MethodPut, "/v2/acme/lib/manifests/2.0.0", "application/vnd.oci.image.manifest.v1+json", []byte(manifest))
}

func smallChart(name, version string, needs ...string) map[string][]byte {
	meta := "apiVersion: v2\nname: " + name + "\nversion: " + version + "\ndependencies: [" + strings.Join(needs, ", ") + "]\n"
	return map[string][]byte{"Chart.yaml": []byte(meta),
		"templates/c.yaml": []byte("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: \"{{ .Release.Name }}-" + name + "\"}\n")}
}

// packed makes the archive of a chart.
func packed(name string, files map[string][]byte) ([]byte, error) {
	var out bytes.Buffer
	zip := gzip.NewWriter(&out)
	tape := tar.NewWriter(zip)
	for _, p := range slices.Sorted(maps.Keys(files)) {
		err := tape.WriteHeader(&tar.Header{Name: name + "/" + p, Mode: 0o644, Size: int64(len(files[p])), Typeflag: tar.TypeReg})
		if _, wrote := tape.Write(files[p]); err != nil || wrote != nil {
			return nil, errors.Join(err, wrote)
		}
	}
	err := errors.Join(tape.Close(), zip.Close())
	return out.Bytes(), err
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
		for file, data := range smallChart(name, "0.1.0", m.needs...) {
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
