package main

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/google/go-containerregistry/pkg/registry"

	reader "github.com/ferry-cd/ferry/source/registry"
)

const (
	manyImages  = 50
	manyTags    = 9000
	registryBar = time.Second
)

// registries measures what intake asks of them: a release of many images by tag, with what each says of its source, through
// the program; and the tags of one repository, listed page by page and filtered.
func (b *bench) registries(ctx context.Context) error {
	images, tags := manyImages, manyTags
	if b.smoke {
		images, tags = 5, 2500
	}
	s := &shelf{Handler: registry.New(registry.Logger(log.New(io.Discard, "", 0)))}
	server := httptest.NewServer(s)
	defer server.Close()
	host := server.Listener.Addr().String()
	document, err := s.fill(host, images, tags)
	if err != nil {
		return err
	}
	file := filepath.Join(b.dir, "tags.json")
	if err := os.WriteFile(file, document, 0o600); err != nil {
		return err
	}
	resolved, err := repeat(3, func() (cost, error) {
		return b.measured(ctx, b.dir, b.ferry, "release", "create", "--release", file, "-o", filepath.Join(b.dir, "release.json"))
	})
	if err != nil {
		return err
	}
	b.rows = append(b.rows, row{what: fmt.Sprintf("%d images by tag made digests, with their labels, over loopback, wall", images), bar: "<= " + seconds(registryBar),
		ferry: seconds(resolved.wall) + ", " + megabytes(resolved.rss), kept: resolved.wall <= registryBar})
	return b.listed(ctx, host, tags)
}

func (b *bench) listed(ctx context.Context, host string, tags int) error {
	began := time.Now()
	c, err := reader.New(reader.Options{})
	if err != nil {
		return err
	}
	all, err := c.Tags(ctx, host+"/acme/many")
	if err != nil {
		return err
	}
	kept := 0
	for _, tag := range all {
		if strings.HasPrefix(tag, "1.") {
			kept++
		}
	}
	took := time.Since(began)
	if len(all) != tags || kept == 0 {
		return fmt.Errorf("%d tags, %d of 1.x; want %d", len(all), kept, tags)
	}
	b.rows = append(b.rows, row{what: fmt.Sprintf("%d tags listed in pages and filtered, wall", tags), bar: "<= " + seconds(registryBar), ferry: seconds(took), kept: took <= registryBar})
	return nil
}

// shelf is a registry whose lists of tags come in pages, as those of real ones do.
type shelf struct {
	http.Handler
	tags []string
}

// ServeHTTP implements http.Handler.
func (s *shelf) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path != "/v2/acme/many/tags/list" {
		s.Handler.ServeHTTP(w, r)
		return
	}
	const page = 1000
	from := 0
	_, _ = fmt.Sscanf(r.URL.Query().Get("last"), "%d", &from)
	to := min(from+page, len(s.tags))
	if to < len(s.tags) {
		w.Header().Set("Link", fmt.Sprintf(`</v2/acme/many/tags/list?n=%d&last=%d>; rel="next"`, page, to))
	}
	_ = json.NewEncoder(w).Encode(map[string]any{"name": "acme/many", "tags": s.tags[from:to]})
}

// fill stores images and gives a release document that names them by tag.
func (s *shelf) fill(host string, images, tags int) ([]byte, error) {
	for n := range tags {
		s.tags = append(s.tags, fmt.Sprintf("%d.%d.0", n%7, n))
	}
	config := []byte(`{"architecture":"amd64","os":"linux","config":{"Labels":{"org.opencontainers.image.revision":"` + strings.Repeat("a", 40) + `"}},"rootfs":{"type":"layers","diff_ids":[]}}`)
	var named []map[string]string
	for n := range images {
		name := fmt.Sprintf("acme/service-%d", n)
		if err := s.put(http.MethodPost, "/v2/"+name+"/blobs/uploads/?digest="+url.QueryEscape(digestOf(config)), "application/octet-stream", config); err != nil {
			return nil, err
		}
		manifest := fmt.Sprintf(`{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":{"mediaType":"application/vnd.oci.image.config.v1+json","digest":%q,"size":%d},"layers":[],"annotations":{"n":"%d"}}`,
			digestOf(config), len(config), n)
		if err := s.put(http.MethodPut, "/v2/"+name+"/manifests/1.0", "application/vnd.oci.image.manifest.v1+json", []byte(manifest)); err != nil {
			return nil, err
		}
		named = append(named, map[string]string{"name": host + "/" + name, "tag": "1.0"})
	}
	return json.Marshal(map[string]any{"schemaVersion": 1, "releases": []any{map[string]any{"app": "shop", "version": "1.0", "images": named,
		"sequence": map[string]any{"kind": "manual", "number": 1},
		"source":   map[string]any{"repository": "https://github.com/acme/shop", "commit": strings.Repeat("a", 40), "time": "2026-11-05T10:00:00Z"}}}})
}

func digestOf(data []byte) string { return fmt.Sprintf("sha256:%x", sha256.Sum256(data)) }

func (s *shelf) put(method, path, kind string, body []byte) error {
	req := httptest.NewRequest(method, path, strings.NewReader(string(body)))
	req.Header.Set("Content-Type", kind)
	w := httptest.NewRecorder()
	s.Handler.ServeHTTP(w, req)
	if w.Code >= 300 {
		return fmt.Errorf("%s %s: %d %s", method, path, w.Code, w.Body)
	}
	return nil
}
