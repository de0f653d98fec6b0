package registry_test

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ferry-cd/ferry/source/registry"
	"github.com/ferry-cd/ferry/source/registry/registrytest"
)

// serve starts a registry for a test.
func serve(t *testing.T) *registrytest.Server {
	t.Helper()
	s := registrytest.New()
	t.Cleanup(s.Close)
	return s
}

// client reads from registries without waiting between tries.
func client(t *testing.T, o registry.Options) *registry.Client {
	t.Helper()
	if o.Sleep == nil {
		o.Sleep = func(ctx context.Context, _ time.Duration) error { return ctx.Err() }
	}
	c, err := registry.New(o)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// keys reads a docker configuration.
func keys(t *testing.T, config string, helper registry.Helper) *registry.Keys {
	t.Helper()
	k, err := registry.LoadKeys(registry.KeyOptions{Helper: helper, Now: time.Now,
		Getenv:   func(name string) string { return map[string]string{"DOCKER_AUTH_CONFIG": config}[name] },
		ReadFile: func(string) ([]byte, error) { return nil, fs.ErrNotExist }})
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// login is a docker configuration with one user's password.
func login(host, user, password string) string {
	return fmt.Sprintf(`{"auths":{%q:{"auth":%q}}}`, host, base64.StdEncoding.EncodeToString([]byte(user+":"+password)))
}

func TestTagsBecomeDigests(t *testing.T) {
	s := serve(t)
	want := s.Image("acme/shop", "1.4.0", "hello", nil)
	c := client(t, registry.Options{})
	m, err := c.Manifest(t.Context(), s.Host+"/acme/shop:1.4.0")
	if err != nil {
		t.Fatal(err)
	}
	if m.Digest != want || m.Image == nil || m.Index != nil || m.MediaType != registrytest.ManifestType || m.Reference() != s.Host+"/acme/shop@"+want {
		t.Errorf("got %+v, want %s", m, want)
	}
	data, err := c.Blob(t.Context(), s.Host+"/acme/shop", m.Image.Layers[0].Digest.String(), m.Image.Layers[0].Size, 100)
	if err != nil || string(data) != "hello" {
		t.Errorf("layer: %q, %v", data, err)
	}
}

func TestIndexesAreKept(t *testing.T) {
	s := serve(t)
	want := s.Index("acme/shop", "2", nil, nil, "amd64", "arm64")
	m, err := client(t, registry.Options{}).Manifest(t.Context(), s.Host+"/acme/shop:2")
	if err != nil {
		t.Fatal(err)
	}
	if m.Digest != want || m.Index == nil || len(m.Index.Manifests) != 2 {
		t.Errorf("got %+v, want the index %s", m, want)
	}
}

func TestFacts(t *testing.T) {
	s := serve(t)
	full := map[string]string{"org.opencontainers.image.source": "https://github.com/acme/shop", "org.opencontainers.image.revision": "abc", "org.opencontainers.image.version": "1.4.0"}
	s.Image("labels", "1", "x", full)
	s.Index("index", "1", map[string]string{"org.opencontainers.image.revision": "def"}, full, "amd64", "arm64")
	s.Image("hostile", "1", "x", map[string]string{"org.opencontainers.image.source": "a\x1b[31mb\u202ec", "org.opencontainers.image.version": strings.Repeat("9", 5000)})
	s.Artifact("chart", "1", map[string]string{"org.opencontainers.image.version": "7"}, "application/vnd.cncf.helm.config.v1+json", []byte("{}"), nil)
	c := client(t, registry.Options{})
	for repository, want := range map[string]registry.Facts{
		"labels":  {Source: "https://github.com/acme/shop", Revision: "abc", Version: "1.4.0"},
		"index":   {Source: "https://github.com/acme/shop", Revision: "def", Version: "1.4.0"},
		"hostile": {Source: "a [31mbc"},
		"chart":   {Version: "7"},
	} {
		m, err := c.Manifest(t.Context(), s.Host+"/"+repository+":1")
		if err != nil {
			t.Fatal(err)
		}
		if got, err := c.Facts(t.Context(), m); err != nil || got != want {
			t.Errorf("%s: got %+v, %v, want %+v", repository, got, err, want)
		}
	}
}

func TestTags(t *testing.T) {
	s := serve(t)
	var want []string
	for _, tag := range []string{"1.0.0", "12e4567", "0x10", "latest", "2"} {
		s.Image("acme/shop", tag, tag, nil)
		want = append(want, tag)
	}
	slices.Sort(want)
	got, err := client(t, registry.Options{}).Tags(t.Context(), s.Host+"/acme/shop")
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("got %v, %v, want %v", got, err, want)
	}
}

func TestAbsent(t *testing.T) {
	s := serve(t)
	digest := s.Image("acme/shop", "1", "hello", nil)
	c := client(t, registry.Options{})
	if _, err := c.Manifest(t.Context(), s.Host+"/acme/shop:2"); !errors.Is(err, registry.ErrAbsent) || !strings.Contains(err.Error(), "/acme/shop:2 does not exist") {
		t.Errorf("an absent tag: %v", err)
	}
	for d, want := range map[string]bool{digest: true, "sha256:" + strings.Repeat("0", 64): false} {
		if got, err := c.Exists(t.Context(), s.Host+"/acme/shop", d); err != nil || got != want {
			t.Errorf("%s exists: %v, %v", d, got, err)
		}
	}
}
