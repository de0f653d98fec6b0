package azure_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ferry-cd/ferry/door"
	"github.com/ferry-cd/ferry/scm"
	"github.com/ferry-cd/ferry/scm/azure"
	"github.com/ferry-cd/ferry/scm/scmtest/hosttest"
)

// entra is a token endpoint: it believes one assertion, and gives the tokens that next says.
func entra(t *testing.T, assertion string, next func() string) (url string, mints *int) {
	t.Helper()
	mints = new(int)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		*mints++
		w.Header().Set("Content-Type", "application/json")
		want := map[string]string{"grant_type": "client_credentials", "client_id": "app", "client_assertion": assertion,
			"client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer", "scope": "499b84ac-1321-427f-aa17-267ca6975798/.default"}
		for field, value := range want {
			if r.FormValue(field) != value || r.URL.Path != "/tenant/oauth2/v2.0/token" {
				w.WriteHeader(http.StatusUnauthorized)
				fmt.Fprintf(w, `{"error":"invalid_client","error_description":"AADSTS700213: No matching federated identity record found for %s"}`, field)
				return
			}
		}
		fmt.Fprintf(w, `{"token_type":"Bearer","expires_in":3600,"access_token":%q}`, next())
	}))
	t.Cleanup(s.Close)
	return s.URL, mints
}

func TestWorkloadIdentity(t *testing.T) {
	f := forge(t)
	file := filepath.Join(t.TempDir(), "assertion")
	if err := os.WriteFile(file, []byte("assertion-canary\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	authority, mints := entra(t, "assertion-canary", func() string { return f.Bot })
	now := time.Date(2026, 5, 4, 10, 0, 0, 0, time.UTC)
	w := azure.WorkloadIdentity{Tenant: "tenant", Client: "app", AssertionFile: file, Authority: authority, Now: func() time.Time { return now }, Sleep: quick}
	c := open(t, f, "", func(o *azure.Options) { o.Credential = w.Credential() })
	look := func(want int) {
		t.Helper()
		if _, err := c.PullRequests(t.Context(), scm.Filter{}); err != nil || *mints != want {
			t.Errorf("%v after %d tokens, want %d", err, *mints, want)
		}
	}
	look(1)
	now = now.Add(57 * time.Minute)
	look(1)
	now = now.Add(2 * time.Minute) // it would end during the next call
	look(2)
	// A token that is refused before its time is replaced once; when the new one is refused too, that is the error.
	f.Host.Revoke(f.Bot)
	_, err := c.PullRequests(t.Context(), scm.Filter{})
	fails(t, "revoked", err, scm.ErrUnauthorized)
	if *mints != 3 {
		t.Errorf("%d tokens", *mints)
	}
	w.Client = "other"
	c = open(t, f, "", func(o *azure.Options) { o.Credential = w.Credential() })
	_, err = c.PullRequests(t.Context(), scm.Filter{})
	fails(t, "not federated", err, scm.ErrUnauthorized, "AADSTS700213", "other")
	if strings.Contains(err.Error(), "canary") {
		t.Errorf("%v", err)
	}
	w.AssertionFile = filepath.Join(t.TempDir(), "none")
	c = open(t, f, "", func(o *azure.Options) { o.Credential = w.Credential() })
	if _, err = c.PullRequests(t.Context(), scm.Filter{}); err == nil || !strings.Contains(err.Error(), "none") {
		t.Errorf("without a file: %v", err)
	}
}

func TestFromEnvironment(t *testing.T) {
	federated := map[string]string{"AZURE_TENANT_ID": "t", "AZURE_CLIENT_ID": "c", "AZURE_FEDERATED_TOKEN_FILE": "/nowhere"}
	for name, row := range map[string]struct {
		env  map[string]string
		want string
	}{
		"nothing":             {nil, ""},
		"a token of ferry's":  {map[string]string{"FERRY_TOKEN": "aaaaaaaa", "SYSTEM_ACCESSTOKEN": "bbbbbbbb"}, "Basic OmFhYWFhYWFh"},
		"one of Azure's":      {map[string]string{"AZURE_DEVOPS_EXT_PAT": "aaaaaaaa"}, "Basic OmFhYWFhYWFh"},
		"the job's own":       {map[string]string{"SYSTEM_ACCESSTOKEN": "bbbbbbbb", "AZURE_TENANT_ID": "t"}, "Bearer bbbbbbbb"},
		"a workload identity": {federated, "error"},
	} {
		got := azure.FromEnvironment(func(key string) string { return row.env[key] }, azure.WorkloadIdentity{})
		if (got == nil) != (row.want == "") {
			t.Errorf("%s: %v", name, got)
		}
		if got == nil {
			continue
		}
		r := httptest.NewRequest(http.MethodGet, "https://dev.azure.com/acme", nil)
		err := got.Authorize(t.Context(), r)
		if (err != nil) != (row.want == "error") || err == nil && r.Header.Get("Authorization") != row.want {
			t.Errorf("%s: %q, %v", name, r.Header.Get("Authorization"), err)
		}
	}
}

// No token shows in errors, in the log or in an address, whatever goes wrong.
func TestCanaries(t *testing.T) {
	f := forge(t)
	const canary = "canary-0123456789abcdef"
	var said []string
	for _, credential := range []door.Credential{azure.PAT(door.NewToken(canary)), azure.Bearer(door.NewToken(canary))} {
		for _, page := range []bool{false, true} {
			f.SignIn = page
			c := open(t, f, "", func(o *azure.Options) {
				o.Credential, o.Log = credential, func(line string) { said = append(said, line) }
			})
			_, self := c.Self(t.Context())
			_, _, ensure := c.EnsurePullRequest(t.Context(), promotion)
			_, status := c.SetStatus(t.Context(), strings.Repeat("a", 40), scm.Status{Context: "a", State: scm.Success, Text: canary})
			for _, err := range []error{self, ensure, status} {
				fails(t, "a bad token", err, scm.ErrUnauthorized)
				said = append(said, err.Error())
				if e, ok := err.(interface{ ExitCode() int }); ok && e.ExitCode() != 4 {
					t.Errorf("%v: exit code %d", err, e.ExitCode())
				}
			}
		}
	}
	if len(said) < 20 {
		t.Errorf("only %q was said", said)
	}
	for _, line := range said {
		if strings.Contains(line, canary) || strings.Contains(line, "OmNhbmFyeS0wMTIz") {
			t.Errorf("the token shows in %q", line)
		}
	}
}

func TestAccess(t *testing.T) {
	f := forge(t)
	out := open(t, f, f.Account("out", hosttest.None))
	_, err := out.PullRequests(t.Context(), scm.Filter{})
	fails(t, "an outsider", err, scm.ErrNotFound, "TF200016", "request 00000000")
	reader := open(t, f, f.Account("eve", hosttest.Read))
	push(t, f, promotion.Head, "web.yaml", "a")
	_, _, err = reader.EnsurePullRequest(t.Context(), promotion)
	fails(t, "a reader", err, scm.ErrForbidden, "PullRequestContribute", promotion.Head)
	got, err := reader.Permissions(t.Context())
	if err != nil || got.Admin || strings.Join(got.Missing, "|") != "Contribute|Create branch|Force push (rewrite history, delete branches)|Contribute to pull requests" || len(got.Unknown) == 0 {
		t.Errorf("a reader: %+v, %v", got, err)
	}
	got, err = open(t, f, f.Account("root", hosttest.Admin)).Permissions(t.Context())
	if err != nil || !got.Admin || got.Missing != nil {
		t.Errorf("an administrator: %+v, %v", got, err)
	}
}
