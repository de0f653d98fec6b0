// Package registrytest is a registry on this machine that tests fill, ask and make misbehave. The content is kept by
// go-containerregistry's in-process registry; before it stand a porter who wants passes, as real registries do, and
// whatever fault a test wants.
package registrytest

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"

	"github.com/google/go-containerregistry/pkg/registry"
)

// Media types of the OCI image specification.
const (
	IndexType    = "application/vnd.oci.image.index.v1+json"
	ManifestType = "application/vnd.oci.image.manifest.v1+json"
	ConfigType   = "application/vnd.oci.image.config.v1+json"
	LayerType    = "application/vnd.oci.image.layer.v1.tar+gzip"
)

// Fault answers a request in place of the registry, or says that it does not.
type Fault func(w http.ResponseWriter, r *http.Request) bool

// Server is a registry.
type Server struct {
	*httptest.Server
	Host string // with port, as references begin

	inner http.Handler

	mu     sync.Mutex
	fault  Fault
	porter *porter
	seen   []Seen
}

// Seen is one request as it came.
type Seen struct{ Method, Path, Query, Authorization string }

// New starts a registry, without TLS. Close it.
func New() *Server {
	s := prepare()
	s.Server = httptest.NewServer(s)
	s.Host = s.Listener.Addr().String()
	return s
}

// NewTLS starts a registry with TLS.
func NewTLS() *Server {
	s := prepare()
	s.Server = httptest.NewUnstartedServer(s)
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.StartTLS()
	s.Host = s.Listener.Addr().String()
	return s
}

func prepare() *Server {
	return &Server{inner: registry.New(registry.Logger(log.New(io.Discard, "", 0)), registry.WithReferrersSupport(true))}
}

// ServeHTTP implements http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	s.seen = append(s.seen, Seen{r.Method, r.URL.Path, r.URL.RawQuery, r.Header.Get("Authorization")})
	fault, porter := s.fault, s.porter
	s.mu.Unlock()
	if fault != nil && fault(w, r) {
		return
	}
	if porter != nil && porter.stops(w, r, s.URL) {
		return
	}
	s.inner.ServeHTTP(w, r)
}

// Misbehave sets what answers before the registry does; nil makes it behave.
func (s *Server) Misbehave(f Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fault = f
}

// Seen gives the requests so far.
func (s *Server) Seen() []Seen {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.seen)
}

// Forget empties Seen.
func (s *Server) Forget() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.seen = nil
}

// put writes past porter and faults.
func (s *Server) put(method, path, kind string, body []byte) {
	req := httptest.NewRequest(method, path, bytes.NewReader(body))
	req.Header.Set("Content-Type", kind)
	w := httptest.NewRecorder()
	s.inner.ServeHTTP(w, req)
	if w.Code >= 300 {
		panic(fmt.Sprintf("registrytest: %s %s: %d %s", method, path, w.Code, w.Body))
	}
}

// Blob stores content and gives its digest.
func (s *Server) Blob(repository string, data []byte) string {
	digest := Digest(data)
	s.put(http.MethodPost, "/v2/"+repository+"/blobs/uploads/?digest="+url.QueryEscape(digest), "application/octet-stream", data)
	return digest
}

// Manifest stores a manifest under a tag, "" for none, and gives its digest.
func (s *Server) Manifest(repository, tag, kind string, manifest any) string {
	data, err := json.Marshal(manifest)
	if err != nil {
		panic(err)
	}
	digest := Digest(data)
	if tag == "" {
		tag = digest
	}
	s.put(http.MethodPut, "/v2/"+repository+"/manifests/"+tag, kind, data)
	return digest
}

// Delete takes a manifest away, as retention does. Tags that meant it mean nothing.
func (s *Server) Delete(repository, digest string) {
	s.put(http.MethodDelete, "/v2/"+repository+"/manifests/"+digest, "", nil)
}

// Digest is the digest of some bytes.
func Digest(data []byte) string {
	sum := sha256.Sum256(data)
	return "sha256:" + hex.EncodeToString(sum[:])
}

// Descriptor is a reference to content, as manifests hold it.
type Descriptor struct {
	MediaType   string            `json:"mediaType"`
	Digest      string            `json:"digest"`
	Size        int               `json:"size"`
	Annotations map[string]string `json:"annotations,omitempty"`
	Platform    *Platform         `json:"platform,omitempty"`
}

// Platform is what an image runs on.
type Platform struct {
	OS           string `json:"os"`
	Architecture string `json:"architecture"`
}

// manifest is an image or artifact.
type manifest struct {
	SchemaVersion int               `json:"schemaVersion"`
	MediaType     string            `json:"mediaType"`
	Config        Descriptor        `json:"config"`
	Layers        []Descriptor      `json:"layers"`
	Annotations   map[string]string `json:"annotations,omitempty"`
}

// index is several of them.
type index struct {
	SchemaVersion int               `json:"schemaVersion"`
	MediaType     string            `json:"mediaType"`
	Manifests     []Descriptor      `json:"manifests"`
	Annotations   map[string]string `json:"annotations,omitempty"`
}

// Image stores an image whose only content is a word, with labels, and gives its digest.
func (s *Server) Image(repository, tag, word string, labels map[string]string) string {
	config, err := json.Marshal(map[string]any{"architecture": "amd64", "os": "linux", "config": map[string]any{"Labels": labels},
		"rootfs": map[string]any{"type": "layers", "diff_ids": []string{Digest([]byte(word))}}})
	if err != nil {
		panic(err)
	}
	return s.Artifact(repository, tag, nil, ConfigType, config, map[string][]byte{LayerType: []byte(word)})
}

// Artifact stores a manifest with a configuration and layers by media type, and gives its digest.
func (s *Server) Artifact(repository, tag string, annotations map[string]string, configType string, config []byte, layers map[string][]byte) string {
	m := manifest{SchemaVersion: 2, MediaType: ManifestType, Annotations: annotations, Layers: []Descriptor{},
		Config: Descriptor{MediaType: configType, Digest: s.Blob(repository, config), Size: len(config)}}
	for kind, data := range layers {
		m.Layers = append(m.Layers, Descriptor{MediaType: kind, Digest: s.Blob(repository, data), Size: len(data)})
	}
	slices.SortFunc(m.Layers, func(a, b Descriptor) int { return strings.Compare(a.MediaType, b.MediaType) })
	return s.Manifest(repository, tag, ManifestType, m)
}

// Index stores an index of images, one for each architecture, and gives its digest.
func (s *Server) Index(repository, tag string, annotations, labels map[string]string, architectures ...string) string {
	all := index{SchemaVersion: 2, MediaType: IndexType, Annotations: annotations}
	for _, arch := range architectures {
		digest := s.Image(repository, "", repository+tag+arch, labels)
		w := httptest.NewRecorder()
		s.inner.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/v2/"+repository+"/manifests/"+digest, nil))
		all.Manifests = append(all.Manifests, Descriptor{MediaType: ManifestType, Digest: digest, Size: w.Body.Len(), Platform: &Platform{"linux", arch}})
	}
	return s.Manifest(repository, tag, IndexType, all)
}
