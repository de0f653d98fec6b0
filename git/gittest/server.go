package gittest

import (
	"bytes"
	"compress/gzip"
	"crypto/subtle"
	"fmt"
	"io"
	"net/http"
	"net/http/cgi"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// Server is what a test server does differently from one that allows everything.
type Server struct {
	config [][2]string
	wraps  []func(http.Handler) http.Handler
}

// quiet is what a server leaves out: its repositories end with the test.
var quiet = [][2]string{{"receive.autogc", "false"}, {"core.fsync", "none"}, {"gc.auto", "0"}}

// Option changes a Server.
type Option func(t testing.TB, s *Server)

func setting(key, value string) Option {
	return func(_ testing.TB, s *Server) { s.config = append(s.config, [2]string{key, value}) }
}

// NoFilter makes a server that cannot leave blobs away.
func NoFilter() Option { return setting("uploadpack.allowFilter", "false") }

// NoWants makes a server that gives only what its refs name.
func NoWants() Option { return setting("uploadpack.allowAnySHA1InWant", "false") }

// NoAtomic makes a server that moves refs one by one.
func NoAtomic() Option { return setting("receive.advertiseAtomic", "false") }

// PushOptions makes a server that takes push options.
func PushOptions() Option { return setting("receive.advertisePushOptions", "true") }

// Wrap puts a handler of the test's own before the server.
func Wrap(wrap func(http.Handler) http.Handler) Option {
	return func(_ testing.TB, s *Server) { s.wraps = append(s.wraps, wrap) }
}

// Observe calls see with every request.
func Observe(see func(*http.Request)) Option {
	return Wrap(func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { see(r); next.ServeHTTP(w, r) })
	})
}

// Latency answers every request that much later.
func Latency(d time.Duration) Option { return Observe(func(*http.Request) { time.Sleep(d) }) }

// Auth asks for a user and a password, or a token in its place.
func Auth(user, password string) Option {
	return Wrap(func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			u, p, _ := r.BasicAuth()
			if subtle.ConstantTimeCompare([]byte(u+"\x00"+p), []byte(user+"\x00"+password)) != 1 {
				w.Header().Set("WWW-Authenticate", `Basic realm="git"`)
				http.Error(w, "who are you?", http.StatusUnauthorized)
				return
			}
			next.ServeHTTP(w, r)
		})
	})
}

// RefusePush declines every push by a hook that says why.
func RefusePush(why string) Option {
	return func(t testing.TB, s *Server) {
		hooks := t.TempDir()
		script := fmt.Sprintf("#!/bin/sh\necho %s >&2\nexit 1\n", strconv.Quote(why))
		if err := os.WriteFile(filepath.Join(hooks, "pre-receive"), []byte(script), 0o700); err != nil {
			t.Fatal(err)
		}
		s.config = append(s.config, [2]string{"core.hooksPath", hooks})
	}
}

// OnlyMultiACK refuses to give anything to clients that do not speak multi_ack, as Azure DevOps does.
func OnlyMultiACK() Option {
	return Wrap(func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Method == http.MethodPost && strings.HasSuffix(r.URL.Path, "/git-upload-pack") {
				body, err := io.ReadAll(r.Body)
				if err != nil || !bytes.Contains(body, []byte(" multi_ack")) {
					http.Error(w, "multi_ack is needed", http.StatusBadRequest)
					return
				}
				r.Body = io.NopCloser(bytes.NewReader(body))
			}
			next.ServeHTTP(w, r)
		})
	})
}

// Handler serves the bare repositories below root over smart HTTP, as their configuration allows.
func Handler(t testing.TB, root string) http.Handler {
	t.Helper()
	s := &Server{config: [][2]string{{"safe.directory", "*"}}}
	return s.handler(filepath.Join(Run(t, root, "--exec-path"), "git-http-backend"), root)
}

// Body reads the body of a request and leaves it readable, unpacked where the client packed it.
func Body(r *http.Request) []byte {
	data, _ := io.ReadAll(r.Body)
	r.Body = io.NopCloser(bytes.NewReader(data))
	if r.Header.Get("Content-Encoding") != "gzip" {
		return data
	}
	z, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		return nil
	}
	plain, _ := io.ReadAll(z)
	return plain
}

// NewServer serves a bare repository, and what lies beside it, over smart HTTP on this machine until the test ends. It can
// do all that git can, as far as no option forbids.
func NewServer(t testing.TB, dir string, options ...Option) (url string) {
	t.Helper()
	s := &Server{config: [][2]string{
		{"http.receivepack", "true"}, {"uploadpack.allowFilter", "true"}, {"uploadpack.allowAnySHA1InWant", "true"},
		{"safe.directory", "*"},
	}}
	for _, o := range options {
		o(t, s)
	}
	server := httptest.NewServer(s.handler(filepath.Join(Run(t, dir, "--exec-path"), "git-http-backend"), filepath.Dir(dir)))
	t.Cleanup(server.Close)
	return server.URL + "/" + filepath.Base(dir)
}

func (s *Server) handler(backend, root string) http.Handler {
	env := slices.Clip(append(env(append(s.config, quiet...)...), "GIT_PROJECT_ROOT="+root, "GIT_HTTP_EXPORT_ALL=1"))
	var h http.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c := cgi.Handler{Path: backend, Env: append(env, "GIT_PROTOCOL="+r.Header.Get("Git-Protocol")), Stderr: io.Discard}
		c.ServeHTTP(w, r)
	})
	for i := len(s.wraps) - 1; i >= 0; i-- {
		h = s.wraps[i](h)
	}
	return h
}
