package supply

import (
	"context"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ferry-cd/ferry/charts"
	"github.com/ferry-cd/ferry/charts/chartstest"
	"github.com/ferry-cd/ferry/git"
	"github.com/ferry-cd/ferry/git/gittest"
	"github.com/ferry-cd/ferry/render/kustomize"
	"github.com/ferry-cd/ferry/source/registry"
	"github.com/ferry-cd/ferry/source/registry/registrytest"
)

// world is a chart repository, a registry and a Git server, and supplies that ask them.
type world struct {
	t        *testing.T
	charts   *chartstest.Server
	registry *registrytest.Server
	git      string // address of the server
	bare     string
	opened   int
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, charts: chartstest.New(t), registry: registrytest.New()}
	t.Cleanup(w.registry.Close)
	return w
}

// serve starts the Git server with the files of one repository's first commit.
func (w *world) serve(files map[string]string) string {
	w.bare = gittest.Bare(w.t, files)
	w.git = gittest.NewServer(w.t, w.bare)
	return w.git
}

func (w *world) supply() *Supply {
	w.t.Helper()
	client, err := registry.New(registry.Options{Sleep: func(context.Context, time.Duration) error { return nil }})
	if err != nil {
		w.t.Fatal(err)
	}
	return New(Options{
		Charts:   charts.New(charts.Options{Timeout: 10 * time.Second, Sleep: func(context.Context, time.Duration) error { return nil }}),
		Registry: adapter{client},
		Git: func(ctx context.Context, address string) (*git.Repository, error) {
			w.opened++
			return git.Open(ctx, address, git.Options{})
		},
		Gather: func(read func(string) ([]byte, error), list func(string) []string, dir string) (map[string][]byte, error) {
			return kustomize.New().Gather(read, list, dir)
		},
		Alias: func(name string) string { return map[string]string{"known": w.charts.URL}[name] },
	})
}

// adapter is the registry as supply asks for it; the program has the same.
type adapter struct{ *registry.Client }

func (a adapter) Artifact(ctx context.Context, reference string) (Artifact, error) {
	m, err := a.Manifest(ctx, reference)
	if err != nil {
		return Artifact{}, err
	}
	out := Artifact{Digest: m.Digest}
	if m.Image == nil {
		return out, nil
	}
	out.Type = string(m.Image.Config.MediaType)
	for _, l := range m.Image.Layers {
		out.Layers = append(out.Layers, Layer{Type: string(l.MediaType), Digest: l.Digest.String(), Size: l.Size})
	}
	return out, nil
}

// push puts a chart into the registry, as helm push does.
func (w *world) push(repository, tag string, files map[string][]byte, name string) string {
	return w.registry.Artifact(repository, tag, nil, helmConfig, []byte("{}"), map[string][]byte{helmLayer: chartstest.Pack(name, files)})
}

func (w *world) oci(repository string) string { return "oci://" + w.registry.Host + "/" + repository }

// text is files as a test writes them.
func text(files map[string]string) map[string][]byte {
	out := map[string][]byte{}
	for name, data := range files {
		out[name] = []byte(strings.NewReplacer("\t", "  ").Replace(data))
	}
	return out
}

func paths(files map[string][]byte) []string { return slices.Sorted(maps.Keys(files)) }

// withLock gives the files of a source with its lock.
func withLock(t *testing.T, s *Supply, files map[string][]byte, update bool) map[string][]byte {
	t.Helper()
	lock, _, err := s.Vendor(context.Background(), files, update)
	if err != nil {
		t.Fatal(err)
	}
	data, err := lock.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	out := maps.Clone(files)
	out[LockName] = data
	return out
}
