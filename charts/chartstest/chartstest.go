// Package chartstest is a chart repository for tests, in process: it keeps what is published to it, serves an index and
// archives over HTTP as the programs that people run for that do, asks for a password where it is told to, and counts.
package chartstest

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"go.yaml.in/yaml/v3"
)

// Server is a chart repository.
type Server struct {
	*httptest.Server
	User, Password string // asked for where there is a user
	NoDigests      bool   // the index does not tell digests

	mu      sync.Mutex
	files   map[string][]byte
	entries map[string][]entry
	special map[string]http.HandlerFunc
	hits    map[string]int
	seen    []string
}

type entry struct {
	APIVersion string   `yaml:"apiVersion"`
	Name       string   `yaml:"name"`
	Version    string   `yaml:"version"`
	URLs       []string `yaml:"urls"`
	Digest     string   `yaml:"digest,omitempty"`
}

// New starts an empty repository; it ends with the test.
func New(t testing.TB) *Server {
	t.Helper()
	s := Start()
	t.Cleanup(s.Close)
	return s
}

// Start starts an empty repository. Close it.
func Start() *Server {
	s := &Server{files: map[string][]byte{}, entries: map[string][]entry{}, special: map[string]http.HandlerFunc{}, hits: map[string]int{}}
	s.Server = httptest.NewServer(s)
	return s
}

// ServeHTTP implements http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	s.hits[r.URL.Path]++
	s.seen = append(s.seen, r.Header.Get("Authorization"))
	special, data := s.special[r.URL.Path], s.file(r.URL.Path)
	s.mu.Unlock()
	user, password, _ := r.BasicAuth()
	switch {
	case s.User != "" && (user != s.User || password != s.Password):
		w.Header().Set("WWW-Authenticate", "Basic")
		http.Error(w, "who are you?", http.StatusUnauthorized)
	case special != nil:
		special(w, r)
	case data == nil:
		http.NotFound(w, r)
	default:
		_, _ = w.Write(data)
	}
}

func (s *Server) file(path string) []byte {
	if path != "/index.yaml" {
		return s.files[path]
	}
	index, err := yaml.Marshal(map[string]any{"apiVersion": "v1", "entries": s.entries, "generated": "2026-01-01T00:00:00Z"})
	if err != nil {
		panic(err)
	}
	return index
}

// Publish packs a chart and lists it. It gives the digest of the archive.
func (s *Server) Publish(name, version string, files map[string][]byte) string {
	return s.PublishArchive(name, version, Pack(name, files))
}

// PublishArchive lists an archive under any name and version.
func (s *Server) PublishArchive(name, version string, data []byte) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	file := fmt.Sprintf("charts/%s-%s.tgz", name, version)
	s.files["/"+file] = data
	e := entry{APIVersion: "v2", Name: name, Version: version, URLs: []string{file}}
	if !s.NoDigests {
		e.Digest = strings.TrimPrefix(digest(data), "sha256:")
	}
	all := slices.DeleteFunc(s.entries[name], func(o entry) bool { return o.Version == version })
	s.entries[name] = append([]entry{e}, all...)
	return digest(data)
}

// List puts a version into the index that lies wherever urls say.
func (s *Server) List(name, version, digest string, urls ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.entries[name] = append(s.entries[name], entry{APIVersion: "v2", Name: name, Version: version, URLs: urls, Digest: digest})
}

// Put replaces a file, without the index hearing of it.
func (s *Server) Put(path string, data []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.files[path] = data
}

// Handle answers a path in a way of its own.
func (s *Server) Handle(path string, f http.HandlerFunc) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.special[path] = f
}

// Hits counts the requests for a path.
func (s *Server) Hits(path string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.hits[path]
}

// Requests counts all requests.
func (s *Server) Requests() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.seen)
}

// Credentials lists what was shown in the Authorization header, request by request.
func (s *Server) Credentials() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.seen)
}

func digest(data []byte) string {
	sum := sha256.Sum256(data)
	return "sha256:" + hex.EncodeToString(sum[:])
}

// Chart gives the files of a small chart with one ConfigMap, and with dependencies as Chart.yaml writes them.
func Chart(name, version, text string, dependencies ...string) map[string][]byte {
	meta := fmt.Sprintf("apiVersion: v2\nname: %s\nversion: %s\n", name, version)
	if len(dependencies) > 0 {
		meta += "dependencies:\n"
		for _, d := range dependencies {
			meta += "  - " + d + "\n"
		}
	}
	return map[string][]byte{
		"Chart.yaml":  []byte(meta),
		"values.yaml": []byte("text: " + text + "\n"),
		"templates/config.yaml": []byte("apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {{ .Release.Name }}-" + name +
			"\ndata:\n  version: {{ .Chart.Version | quote }}\n  text: {{ .Values.text | quote }}\n"),
	}
}

// Pack makes the archive of a chart, the same for the same files.
func Pack(name string, files map[string][]byte) []byte {
	var out bytes.Buffer
	zip := gzip.NewWriter(&out)
	tape := tar.NewWriter(zip)
	for _, p := range slices.Sorted(maps.Keys(files)) {
		must(tape.WriteHeader(&tar.Header{Name: name + "/" + p, Mode: 0o644, Size: int64(len(files[p])), Typeflag: tar.TypeReg}))
		_, err := tape.Write(files[p])
		must(err)
	}
	must(tape.Close())
	must(zip.Close())
	return out.Bytes()
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}
