package main

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestNotifications tells, by the real program, who hears what: a webhook on loopback writes each message to a file.
func TestNotifications(t *testing.T) {
	dir, err := filepath.Abs("../../testdata/notifications")
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{Dir: dir, RequireExplicitExec: true, Setup: func(env *testscript.Env) error {
		heard := filepath.Join(env.WorkDir, "heard.txt")
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			f, err := os.OpenFile(heard, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
			if err == nil {
				fmt.Fprintf(f, "%s\n", body)
				err = f.Close()
			}
			if err != nil || strings.HasSuffix(r.URL.Path, "/refusing") {
				w.WriteHeader(http.StatusForbidden)
			}
		}))
		env.Defer(s.Close)
		env.Setenv("NO_COLOR", "1")
		env.Setenv("CHAT", "generic+"+s.URL+"/secretpath")
		env.Setenv("REFUSING", "generic+"+s.URL+"/secretpath/refusing")
		for _, who := range []string{"AUTHOR", "COMMITTER"} {
			env.Setenv("GIT_"+who+"_NAME", "Ada")
			env.Setenv("GIT_"+who+"_EMAIL", "ada@example.com")
		}
		return os.WriteFile(heard, nil, 0o600)
	}})
}
