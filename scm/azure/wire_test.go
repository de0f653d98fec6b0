package azure_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/ferry-cd/ferry/door"
	"github.com/ferry-cd/ferry/scm"
	"github.com/ferry-cd/ferry/scm/azure"
)

// answers serves what a server may answer to anything.
func answers(t *testing.T, h http.HandlerFunc) *azure.Client {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	c, err := azure.Open(t.Context(), azure.Options{URL: s.URL + "/acme", Repository: "shop/gitops", Identities: s.URL, Pace: -1, Sleep: quick,
		Credential: azure.PAT(door.NewToken("token-of-somebody"))})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// Every word of the server has its meaning, and the server's own words and its name for the exchange are kept.
func TestErrors(t *testing.T) {
	for name, row := range map[string]struct {
		code      int
		key, text string
		want      error
	}{
		"exists":             {409, "GitPullRequestExistsException", "TF401179: An active pull request exists.", scm.ErrConflict},
		"stale":              {409, "GitPullRequestStaleException", "TF401192: modified", scm.ErrConflict},
		"not editable":       {400, "GitPullRequestNotEditableException", "TF401181: due to its state", scm.ErrConflict},
		"cannot be active":   {400, "GitPullRequestCannotBeActivated", "TF401398: no longer exists", scm.ErrInvalid},
		"policy":             {403, "GitPullRequestUpdateRejectedByPolicyException", "a policy", scm.ErrForbidden},
		"no pull request":    {404, "GitPullRequestNotFoundException", "TF401180: not found", scm.ErrNotFound},
		"no repository":      {404, "GitRepositoryNotFoundException", "TF401019: does not exist", scm.ErrNotFound},
		"no project":         {404, "ProjectDoesNotExistWithNameException", "TF200016: does not exist", scm.ErrNotFound},
		"no permission":      {403, "GitNeedsPermissionException", "TF401027: You need", scm.ErrForbidden},
		"not authorized":     {401, "UnauthorizedRequestException", "TF400813: The user is not authorized", scm.ErrUnauthorized},
		"authorized, as 400": {400, "UnauthorizedRequestException", "TF400813: The user is not authorized", scm.ErrUnauthorized},
		"bad":                {400, "InvalidArgumentValueException", "Parameter 'Title'", scm.ErrInvalid},
		"too large":          {413, "", "too large", scm.ErrInvalid},
		"unknown":            {404, "NewException", "something new", scm.ErrNotFound},
	} {
		c := answers(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("ActivityId", "the-activity")
			w.WriteHeader(row.code)
			_, _ = w.Write([]byte(`{"$id":"1","message":"` + row.text + `","typeKey":"` + row.key + `"}`))
		})
		err := c.ClosePullRequest(t.Context(), 7, "r")
		fails(t, name, err, row.want, row.text, "the-activity", "close pull request 7 of shop/gitops")
	}
}

func TestSignInPages(t *testing.T) {
	page := "<!DOCTYPE html><title>Azure DevOps Services | Sign In</title>"
	for name, h := range map[string]http.HandlerFunc{
		"203": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			w.WriteHeader(http.StatusNonAuthoritativeInfo)
			_, _ = w.Write([]byte(page))
		},
		"203 without a type": func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNonAuthoritativeInfo) },
		"a redirect": func(w http.ResponseWriter, r *http.Request) {
			if strings.Contains(r.URL.Path, "_signin") {
				w.Header().Set("Content-Type", "text/html")
				_, _ = w.Write([]byte(page))
				return
			}
			http.Redirect(w, r, "/_signin?realm=dev.azure.com", http.StatusFound)
		},
	} {
		c := answers(t, h)
		_, list := c.PullRequests(t.Context(), scm.Filter{})
		_, post := c.SetStatus(t.Context(), strings.Repeat("a", 40), scm.Status{Context: "a", State: scm.Success})
		for _, err := range []error{list, post, c.ClosePullRequest(t.Context(), 1, "r")} {
			fails(t, name, err, scm.ErrUnauthorized, "sign-in page")
			if e, ok := unwrapped(err).(interface{ Hint() string }); !ok || e.Hint() == "" {
				t.Errorf("%s: %v has no next step", name, err)
			}
		}
	}
	// A write that is sent away to a sign-in page is not followed.
	var posts int
	c := answers(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet {
			_, _ = w.Write([]byte(`{"pullRequestId":1,"status":"active","value":[]}`))
			return
		}
		posts++
		http.Redirect(w, r, "/_signin", http.StatusFound)
	})
	fails(t, "a write", c.ClosePullRequest(t.Context(), 1, ""), scm.ErrUnauthorized)
	if posts != 1 {
		t.Errorf("%d writes", posts)
	}
}

// unwrapped is the error of the server within what was said around it.
func unwrapped(err error) error {
	for {
		if _, ok := err.(interface{ Hint() string }); ok {
			return err
		}
		next, ok := err.(interface{ Unwrap() error })
		if !ok {
			return err
		}
		err = next.Unwrap()
	}
}

func TestLimits(t *testing.T) {
	wait := ""
	c := answers(t, func(w http.ResponseWriter, _ *http.Request) {
		if wait == "" {
			_, _ = w.Write([]byte(`{"value":[]}`))
			return
		}
		w.Header().Set("Retry-After", wait)
		wait = ""
		w.WriteHeader(http.StatusTooManyRequests)
	})
	wait = "30"
	if _, err := c.PullRequests(t.Context(), scm.Filter{}); err != nil || c.Calls().Waited != 30*time.Second {
		t.Errorf("%v after %v", err, c.Calls().Waited)
	}
	wait = "36000"
	_, err := c.PullRequests(t.Context(), scm.Filter{})
	var limited *scm.RateLimitedError
	if !asError(err, &limited) || limited.RetryAfter < 9*time.Hour {
		t.Errorf("%v", err)
	}
}

// Which resources are a preview differs between servers.
func TestPreviews(t *testing.T) {
	var asked []string
	c := answers(t, func(w http.ResponseWriter, r *http.Request) {
		version := r.URL.Query().Get("api-version")
		asked = append(asked, version)
		if !strings.HasSuffix(version, "-preview.1") {
			w.WriteHeader(http.StatusBadRequest)
			_, _ = w.Write([]byte(`{"message":"The -preview flag must be supplied","typeKey":"VssInvalidPreviewVersionException"}`))
			return
		}
		_, _ = w.Write([]byte(`{"value":[]}`))
	})
	if _, err := c.PullRequests(t.Context(), scm.Filter{}); err != nil || strings.Join(asked, " ") != "7.0 7.0-preview.1" {
		t.Errorf("asked for %q: %v", asked, err)
	}
}

func TestHostileAnswers(t *testing.T) {
	for name, body := range map[string]string{
		"no JSON": "null and void", "another kind": `{"value":{}}`, "a list": `[1]`, "null": "null", "nothing": "",
		"deep": strings.Repeat(`[`, 100_000), "numbers": `{"value":[{"pullRequestId":1e99}]}`, "endless pages": "",
	} {
		c := answers(t, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("X-MS-ContinuationToken", "again")
			_, _ = w.Write([]byte(body))
		})
		_, list := c.PullRequests(t.Context(), scm.Filter{})
		_, self := c.Self(t.Context())
		if self == nil || list == nil && name != "null" {
			t.Errorf("%s: %v, %v", name, list, self)
		}
	}
	// A server whose pages never end is left.
	c := answers(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-MS-ContinuationToken", "again")
		_, _ = w.Write([]byte(`{"id":"r","project":{"id":"p"},"value":[]}`))
	})
	if _, err := c.Rules(t.Context(), "main"); err == nil || !strings.Contains(err.Error(), "pages") {
		t.Errorf("endless pages: %v", err)
	}
}

// carrier answers every request itself, by the end of its path.
type carrier struct {
	answers map[string]string
	hosts   map[string]string // by the end of the path
	version string
}

func (c *carrier) RoundTrip(r *http.Request) (*http.Response, error) {
	out := httptest.NewRecorder()
	end := r.URL.Path[strings.LastIndexByte(r.URL.Path, '/')+1:]
	c.hosts[end], c.version = r.URL.Host, r.URL.Query().Get("api-version")
	if r.Header.Get("Authorization") == "" {
		out.WriteHeader(http.StatusUnauthorized)
	}
	_, _ = out.WriteString(c.answers[end])
	res := out.Result()
	res.Request = r
	return res, nil
}

// People are asked for where they are: in the cloud that is another host, which gets the credential too.
func TestWhereIdentitiesAre(t *testing.T) {
	for at, want := range map[string]struct{ host, version string }{
		"https://dev.azure.com/acme":           {"vssps.dev.azure.com", "7.1"},
		"https://acme.visualstudio.com":        {"acme.vssps.visualstudio.com", "7.1"},
		"https://tfs.example.com/tfs/Main%20C": {"tfs.example.com", "7.0"},
	} {
		stub := &carrier{hosts: map[string]string{}, answers: map[string]string{
			"pullRequests": `{"value":[]}`, "identities": `{"value":[]}`, "commits": `{"commonCommit":"a","targetCommit":"b"}`,
			"connectionData": `{"authenticatedUser":{"id":"me"}}`}}
		c, err := azure.Open(t.Context(), azure.Options{URL: at, Repository: "shop/gitops", Pace: -1, Under: stub, Credential: azure.PAT(door.NewToken("token-of-somebody"))})
		if err != nil {
			t.Fatal(err)
		}
		proposal := promotion
		proposal.Reviewers = []string{"ada@acme.example"}
		_, _, err = c.EnsurePullRequest(t.Context(), proposal)
		var persons *scm.PersonsError
		if !asError(err, &persons) || stub.hosts["identities"] != want.host || stub.version != want.version {
			t.Errorf("%s: asked %s by %s: %v", at, stub.hosts["identities"], stub.version, err)
		}
	}
}
