package main

import (
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ferry-cd/ferry/connector/cluster/clustertest"
	"github.com/ferry-cd/ferry/scm"
	githubfake "github.com/ferry-cd/ferry/scm/github/fake"
)

// checkup is a GitHub and a cluster with Flux for ferry connector check to look at.
type checkup struct {
	*clinic
	kube string // kubeconfig
}

func newCheckup(t *testing.T) *checkup {
	c := &checkup{clinic: newClinic(t)}
	c.says("trust: {connector: [ferry-connector]}", "trust: {connector: [Ferry-CI, somebody]}") // GitHub knows the token's user as ferry-ci
	c.push()
	s := clustertest.New(t)
	s.Serve("kustomize.toolkit.fluxcd.io", "v1", "kustomizations", "Kustomization")
	s.Serve("coordination.k8s.io", "v1", "leases", "Lease")
	c.kube = s.Kubeconfig(t)
	return c
}

// examine runs the check as whoever has this token.
func (c *checkup) examine(url, token string) (out string, code int) {
	c.t.Helper()
	dir := c.t.TempDir()
	for name, text := range map[string]string{
		"token":          token,
		"connector.yaml": fmt.Sprintf("version: 1\nrepositories: [{url: %q, forge: {kind: github}, credentials: {token: {file: %q}}}]\n", url, filepath.Join(dir, "token")),
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			c.t.Fatal(err)
		}
	}
	out, said, code := ran(c.t.Context(), dir, nil, "connector", "check", "--config", "connector.yaml", "--kubeconfig", c.kube)
	return out + said, code
}

// A token that is good for too little is named with what it lacks; one that may post statuses is enough.
func TestConnectorCheckToken(t *testing.T) {
	for name, tt := range map[string]struct {
		token  func(c *checkup) string
		scopes string // of a classic token, as GitHub tells them with every answer
		want   string // in a finding
		code   int
	}{
		"may write":              {func(c *checkup) string { return c.Token(githubfake.Bot) }, "", "ok    repository", exitOK},
		"may only read":          {func(c *checkup) string { return c.Token(githubfake.Reader) }, "", "the credentials lack: Commit statuses: write", exitError},
		"classic, right scope":   {func(c *checkup) string { return c.Token(githubfake.Bot) }, "repo", "the credentials may read and post statuses", exitOK},
		"classic, other scope":   {func(c *checkup) string { return c.Token(githubfake.Bot) }, "read:org, gist", "the credentials lack: the scope repo", exitError},
		"nobody knows the token": {func(*checkup) string { return "ghp_typo" }, "", "FAIL  repository", exitError},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newCheckup(t)
			if tt.scopes != "" {
				c.Host.Wrap(func(next http.Handler) http.Handler {
					return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
						w.Header().Set("X-OAuth-Scopes", tt.scopes)
						next.ServeHTTP(w, r)
					})
				})
			}
			token := tt.token(c)
			out, code := c.examine(c.Repo.Remote(), token)
			if !strings.Contains(out, tt.want) || code != tt.code || strings.Contains(out, "FAIL") != (code != exitOK) {
				t.Errorf("%d, without %q:\n%s", code, tt.want, out)
			}
			if code != exitOK && !strings.Contains(out, "fix: ") {
				t.Errorf("no way out:\n%s", out)
			}
			if strings.Contains(out, token) {
				t.Errorf("the token is told:\n%s", out)
			}
		})
	}
}

// A connector whose statuses no gate would count is told so, with the name to trust.
func TestConnectorCheckTrust(t *testing.T) {
	c := newCheckup(t)
	c.says("trust: {connector: [Ferry-CI, somebody]}", "trust: {connector: [somebody]}")
	c.push()
	out, code := c.examine(c.Repo.Remote(), c.Token(githubfake.Bot))
	if code != exitError || !strings.Contains(out, "no gate will count what the connector says: trust.connector of ferry.yaml does not name ferry-ci") || !strings.Contains(out, "fix: name ferry-ci there") ||
		!strings.Contains(out, "1 thing keeps") {
		t.Errorf("%d:\n%s", code, out)
	}
	c.says("trust: {connector: [somebody]}", "") // then everybody's statuses count
	c.push()
	if out, code := c.examine(c.Repo.Remote(), c.Token(githubfake.Bot)); code != exitOK {
		t.Errorf("%d:\n%s", code, out)
	}
}

// What only promotions need keeps no connector from working.
func TestConnectorNeedsOnlyStatuses(t *testing.T) {
	for name, tt := range map[string]struct {
		missing []string
		ok      bool
	}{
		"an App that may only post statuses": {[]string{"Contents: write", "Pull requests: write"}, true},
		"an App that may not":                {[]string{"Commit statuses: write", "Contents: write"}, false},
		"Azure, no branches":                 {[]string{"Create branch", "Contribute to pull requests", "Force push (rewrite history, delete branches)"}, true},
		"Azure, read only":                   {[]string{"Contribute", "Create branch"}, false},
		"GitLab":                             {[]string{"the scope api (the token has read_api)"}, false},
		"GitLab, a guest":                    {[]string{"the role Developer or a higher one"}, false},
		"Gitea":                              {[]string{"write access to the repository"}, false},
	} {
		if f := allowedTo(scm.Permissions{Missing: tt.missing}); f.OK != tt.ok || f.OK == (f.Fix != "") {
			t.Errorf("%s: %+v", name, f)
		}
	}
}

// A host that takes a connection and says nothing ends the check in seconds, by name: a forge, and an API server.
func TestConnectorCheckHangs(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0") // the kernel accepts, nobody answers
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	silent := "http://" + l.Addr().String()
	for what, hang := range map[string]func(c *checkup) (url string){
		"repository " + l.Addr().String() + "/acme/gitops": func(*checkup) string { return silent + "/acme/gitops.git" },
		"cluster " + silent: func(c *checkup) string {
			text, err := os.ReadFile(c.kube)
			if err != nil {
				t.Fatal(err)
			}
			from := strings.Index(string(text), "http://")
			to := from + strings.Index(string(text[from:]), `"`)
			if err := os.WriteFile(c.kube, []byte(string(text[:from])+silent+string(text[to:])), 0o600); err != nil {
				t.Fatal(err)
			}
			return c.Repo.Remote()
		},
	} {
		t.Run(strings.Fields(what)[0], func(t *testing.T) {
			t.Parallel()
			c := newCheckup(t)
			url := hang(c)
			began := time.Now()
			out, code := c.examine(url, c.Token(githubfake.Bot))
			if code != exitError || !strings.Contains(out, "FAIL  "+what+": the host did not answer within 10s") || !strings.Contains(out, "1 thing keeps") {
				t.Errorf("%d, %s is not named:\n%s", code, what, out)
			}
			if took := time.Since(began); took > time.Minute {
				t.Errorf("it took %s", took)
			}
		})
	}
}
