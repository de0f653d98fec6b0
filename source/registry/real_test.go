package registry_test

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/ferry-cd/ferry/source/registry"
	"github.com/ferry-cd/ferry/source/registry/registrytest"
)

// A real registry says what ours in memory says. FERRY_E2E_REGISTRY is its address on this machine, such as
// 127.0.0.1:5000; it takes pushes from anybody.
func TestRealRegistry(t *testing.T) {
	host := os.Getenv("FERRY_E2E_REGISTRY")
	if host == "" {
		t.Skip("FERRY_E2E_REGISTRY names no registry")
	}
	name := host + "/acme/shop"
	config := []byte(`{"architecture":"amd64","os":"linux","config":{"Labels":{"org.opencontainers.image.version":"1.4.0"}},"rootfs":{"type":"layers","diff_ids":[]}}`)
	push(t, host, config)
	manifest := fmt.Sprintf(`{"schemaVersion":2,"mediaType":%q,"config":{"mediaType":%q,"digest":%q,"size":%d},"layers":[]}`,
		registrytest.ManifestType, registrytest.ConfigType, registrytest.Digest(config), len(config))
	want := put(t, host, "1.4.0", registrytest.ManifestType, manifest)
	index := put(t, host, "all", registrytest.IndexType, fmt.Sprintf(`{"schemaVersion":2,"mediaType":%q,"manifests":[{"mediaType":%q,"digest":%q,"size":%d,"platform":{"os":"linux","architecture":"amd64"}}]}`,
		registrytest.IndexType, registrytest.ManifestType, want, len(manifest)))
	for n := range 1200 { // more than a page
		put(t, host, fmt.Sprintf("t%d", n), registrytest.ManifestType, manifest)
	}

	c := client(t, registry.Options{})
	m, err := c.Manifest(t.Context(), name+":1.4.0")
	if err != nil || m.Digest != want {
		t.Fatalf("%+v, %v, want %s", m, err, want)
	}
	if m, err = c.Manifest(t.Context(), name+":all"); err != nil || m.Digest != index || m.Index == nil {
		t.Fatalf("%+v, %v, want %s", m, err, index)
	}
	if facts, err := c.Facts(t.Context(), m); err != nil || facts.Version != "1.4.0" {
		t.Errorf("%+v, %v", facts, err)
	}
	tags, err := c.Tags(t.Context(), name)
	if err != nil || len(tags) != 1202 || !slices.Contains(tags, "t1199") {
		t.Errorf("%d tags, %v", len(tags), err)
	}
	if there, err := c.Exists(t.Context(), name, want); err != nil || !there {
		t.Errorf("exists: %v, %v", there, err)
	}
	if there, err := c.Exists(t.Context(), name, "sha256:"+strings.Repeat("0", 64)); err != nil || there {
		t.Errorf("does not exist: %v, %v", there, err)
	}
	if _, err := c.Manifest(t.Context(), name+":none"); !errors.Is(err, registry.ErrAbsent) {
		t.Errorf("absent: %v", err)
	}
}

// push stores a blob.
func push(t *testing.T, host string, data []byte) {
	t.Helper()
	res := request(t, http.MethodPost, "http://"+host+"/v2/acme/shop/blobs/uploads/", "", nil)
	at, err := url.Parse(res.Header.Get("Location"))
	if err != nil {
		t.Fatal(err)
	}
	query := at.Query()
	query.Set("digest", registrytest.Digest(data))
	at.RawQuery, at.Scheme, at.Host = query.Encode(), "http", host
	request(t, http.MethodPut, at.String(), "application/octet-stream", data)
}

// put stores a manifest and gives its digest.
func put(t *testing.T, host, tag, kind, manifest string) string {
	t.Helper()
	request(t, http.MethodPut, "http://"+host+"/v2/acme/shop/manifests/"+tag, kind, []byte(manifest))
	return registrytest.Digest([]byte(manifest))
}

func request(t *testing.T, method, address, kind string, body []byte) *http.Response {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, address, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", kind)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if res.StatusCode >= 300 {
		t.Fatalf("%s %s: %s", method, address, res.Status)
	}
	return res
}
