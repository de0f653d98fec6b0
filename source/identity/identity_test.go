package identity_test

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/ferry-cd/ferry/source/identity"
	"github.com/ferry-cd/ferry/source/identity/identitytest"
)

var github = map[string]any{"repository": "acme/shop", "ref": "refs/heads/main", "sha": strings.Repeat("1", 40)}

func TestVerify(t *testing.T) {
	i, other := identitytest.New(t), identitytest.New(t)
	now := time.Now()
	const audience = "ferry:sha256:1"
	forged := other.Token(audience, now, with(github, "iss", i.URL))
	parts := strings.Split(i.Token(audience, now, github), ".")
	unsigned := "eyJhbGciOiJub25lIn0." + parts[1] + "."
	for _, c := range []struct{ name, token, want string }{
		{"GitHub's", i.Token(audience, now, github), ""},
		{"GitLab's", i.Token(audience, now, map[string]any{"project_path": "acme/shop", "ref_path": "refs/heads/main", "sha": strings.Repeat("1", 40)}), ""},
		{"one that ended an hour ago", i.Token(audience, now.Add(-time.Hour), github), ""},
		{"one of last week", i.Token(audience, now.Add(-7*24*time.Hour), github), "too far from now"},
		{"one of tomorrow", i.Token(audience, now.Add(24*time.Hour), github), "from now"},
		{"one of another release", i.Token("ferry:sha256:2", now, github), "not right"},
		{"one of somebody else", other.Token(audience, now, github), "trust.issuers"},
		{"a forged one", forged, "not right"},
		{"one that nobody signed", unsigned, "not right"},
		{"one with other claims", parts[0] + "." + strings.Split(i.Token(audience, now, with(github, "repository", "evil/shop")), ".")[1] + "." + parts[2], "not right"},
		{"one of no job", i.Token(audience, now, nil), "names no repository"},
		{"none", "a.b.c", "is no token"},
		{"none at all", "abc", "is no token"},
	} {
		v := identity.Verifier{Issuers: []string{i.URL}, Now: time.Now}
		got, err := v.Verify(t.Context(), c.token, audience)
		switch {
		case c.want == "" && (err != nil || got.Repository != "acme/shop" || got.Ref != "refs/heads/main" || got.Commit != strings.Repeat("1", 40)):
			t.Errorf("%s: %+v, %v", c.name, got, err)
		case c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)):
			t.Errorf("%s: %+v, %v", c.name, got, err)
		case err != nil && strings.Contains(err.Error(), c.token):
			t.Errorf("%s is in its error", c.name)
		}
	}
}

func with(m map[string]any, key string, value any) map[string]any {
	out := map[string]any{key: value}
	for k, v := range m {
		if k != key {
			out[k] = v
		}
	}
	return out
}

// An issuer is a server like any other.
func TestHostileIssuers(t *testing.T) {
	for name, wrap := range map[string]func(w http.ResponseWriter, r *http.Request) bool{
		"another issuer's configuration": func(w http.ResponseWriter, _ *http.Request) bool {
			fmt.Fprint(w, `{"issuer": "https://elsewhere.example", "jwks_uri": "https://elsewhere.example/keys"}`)
			return true
		},
		"elsewhere": func(w http.ResponseWriter, r *http.Request) bool {
			http.Redirect(w, r, "/else", http.StatusFound)
			return true
		},
		"endless": func(w http.ResponseWriter, r *http.Request) bool {
			for r.Context().Err() == nil {
				if _, err := w.Write([]byte(strings.Repeat(" ", 1<<16))); err != nil {
					break
				}
			}
			return true
		},
		"nothing": func(w http.ResponseWriter, _ *http.Request) bool { w.WriteHeader(500); return true },
	} {
		i := identitytest.New(t)
		i.Wrap = wrap
		v := identity.Verifier{Issuers: []string{i.URL}, Now: time.Now}
		if got, err := v.Verify(t.Context(), i.Token("a", time.Now(), github), "a"); err == nil {
			t.Errorf("%s: %+v", name, got)
		}
	}
	i := identitytest.New(t)
	far := identity.Verifier{Issuers: []string{"http://ci.example.com"}, Now: time.Now}
	if _, err := far.Verify(t.Context(), i.Token("a", time.Now(), with(github, "iss", "http://ci.example.com")), "a"); err == nil || !strings.Contains(err.Error(), "https://") {
		t.Error(err)
	}
}

func TestRequest(t *testing.T) {
	i := identitytest.New(t)
	i.Claims = github
	token, err := identity.Request(t.Context(), i.Job, "ferry:sha256:1")
	if err != nil {
		t.Fatal(err)
	}
	v := identity.Verifier{Issuers: []string{i.URL}, Now: time.Now}
	if c, err := v.Verify(t.Context(), token, "ferry:sha256:1"); err != nil || c.Repository != "acme/shop" {
		t.Errorf("%+v, %v", c, err)
	}
	if _, err := identity.Request(t.Context(), func(string) string { return "" }, "a"); !errors.Is(err, identity.ErrNone) {
		t.Error(err)
	}
	wrong := func(name string) string {
		if name == "ACTIONS_ID_TOKEN_REQUEST_TOKEN" {
			return "wrong-secret-123456"
		}
		return i.Job(name)
	}
	if _, err := identity.Request(t.Context(), wrong, "a"); err == nil || strings.Contains(err.Error(), "wrong-secret") {
		t.Error(err)
	}
}
