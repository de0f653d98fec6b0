package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/cgi"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// serve offers the repositories below root over smart HTTP on loopback, by git's own program, as a forge does: fetch
// with filters, push by anyone.
func serve(ctx context.Context, root string) (url string, stop func(), err error) {
	out, err := exec.CommandContext(ctx, "git", "--exec-path").Output()
	if err != nil {
		return "", nil, fmt.Errorf("find git: %w", err)
	}
	backend := &cgi.Handler{
		Path: filepath.Join(strings.TrimSpace(string(out)), "git-http-backend"),
		Env:  append(plainEnv(), "GIT_PROJECT_ROOT="+root, "GIT_HTTP_EXPORT_ALL=1", "REMOTE_USER=bench", "HOME="+root),
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", nil, err
	}
	server := &http.Server{Handler: versioned(backend), ReadHeaderTimeout: 10 * time.Second}
	go server.Serve(listener) //nolint:errcheck // it always ends with ErrServerClosed, and nobody is left to tell
	return "http://" + listener.Addr().String(), func() { _ = server.Close() }, nil
}

// versioned hands the wanted version of git's protocol on, which a CGI program finds in a variable of its own name.
func versioned(h *cgi.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		here := *h
		if v := r.Header.Get("Git-Protocol"); v != "" {
			here.Env = append(here.Env[:len(here.Env):len(here.Env)], "GIT_PROTOCOL="+v)
		}
		here.ServeHTTP(w, r)
	})
}
