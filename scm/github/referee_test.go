package github_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"

	"github.com/ferry-cd/ferry/scm/github/fake"
)

// referee knows GitHub's own descriptions of its API, cut to what is in use: a request that they do not know, or an answer
// that GitHub would not give, fails the test.
type referee struct {
	routes  []route
	queries *queries
}

type route struct {
	path *regexp.Regexp
	of   *routers.Route
}

// operations are what the driver asks for over REST; a request for any other fails.
var operations = []string{
	"/app/installations/{installation_id}/access_tokens", "/meta", "/orgs/{org}/teams/{team_slug}/members", "/repos/{owner}/{repo}",
	"/repos/{owner}/{repo}/branches/{branch}", "/repos/{owner}/{repo}/branches/{branch}/protection", "/repos/{owner}/{repo}/collaborators/{username}/permission",
	"/repos/{owner}/{repo}/commits/{ref}/statuses", "/repos/{owner}/{repo}/deployments", "/repos/{owner}/{repo}/deployments/{deployment_id}/statuses",
	"/repos/{owner}/{repo}/git/blobs", "/repos/{owner}/{repo}/git/commits", "/repos/{owner}/{repo}/git/commits/{commit_sha}", "/repos/{owner}/{repo}/git/trees",
	"/repos/{owner}/{repo}/installation", "/repos/{owner}/{repo}/issues/comments/{comment_id}", "/repos/{owner}/{repo}/issues/{issue_number}/assignees",
	"/repos/{owner}/{repo}/issues/{issue_number}/comments", "/repos/{owner}/{repo}/issues/{issue_number}/labels", "/repos/{owner}/{repo}/pulls",
	"/repos/{owner}/{repo}/pulls/{pull_number}", "/repos/{owner}/{repo}/pulls/{pull_number}/merge", "/repos/{owner}/{repo}/pulls/{pull_number}/requested_reviewers",
	"/repos/{owner}/{repo}/pulls/{pull_number}/reviews", "/repos/{owner}/{repo}/pulls/{pull_number}/reviews/{review_id}/dismissals",
	"/repos/{owner}/{repo}/rules/branches/{branch}", "/repos/{owner}/{repo}/rulesets/{ruleset_id}", "/repos/{owner}/{repo}/statuses/{sha}",
}

// refereed puts the referee between a fake and whoever speaks to it, where the descriptions are at hand.
func refereed(t *testing.T, f *fake.Fake) {
	t.Helper()
	ref := theReferee(t)
	if ref == nil {
		return
	}
	f.Host.Wrap(func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if strings.Contains(r.URL.Path, ".git/") || r.Header.Get("Authorization") == "" {
				next.ServeHTTP(w, r)
				return
			}
			ref.watch(t, next, w, r)
		})
	})
}

const howToReferee = "run .ci/referee, and set FERRY_GITHUB_API to $PWD/.ci/cache/github-api"

// TestReferee makes sure that CI has the descriptions, and that the referee sees faults.
func TestReferee(t *testing.T) {
	ref := theReferee(t)
	if ref == nil {
		t.Skip("GitHub's descriptions of its API are not at hand: " + howToReferee)
	}
	for name, x := range map[string]struct{ method, path, sent, answer string }{
		"an unknown operation":   {"GET", "/repos/acme/gitops/nonsense", "", "{}"},
		"a wrong type":           {"POST", "/repos/acme/gitops/statuses/" + strings.Repeat("a", 40), `{"state": 1}`, `{}`},
		"a wrong state":          {"POST", "/repos/acme/gitops/statuses/" + strings.Repeat("a", 40), `{"state": "superseded"}`, `{}`},
		"an incomplete answer":   {"POST", "/repos/acme/gitops/statuses/" + strings.Repeat("a", 40), `{"state": "success"}`, `{"id": 1}`},
		"a field that is not":    {"POST", "/graphql", `{"query": "query { viewer { nickname } }"}`, `{"data": {}}`},
		"an argument too many":   {"POST", "/graphql", `{"query": "query { viewer(of: 1) { login } }"}`, `{"data": {}}`},
		"a wrong variable":       {"POST", "/graphql", `{"query": "query($n: Int!) { repository(owner: \"a\", name: \"b\") { pullRequest(number: $n) { id } } }", "variables": {"n": "one"}}`, `{"data": {}}`},
		"an answer without data": {"POST", "/graphql", `{"query": "query { viewer { login } }"}`, `{"data": {"viewer": {"login": null}}}`},
		"an unknown word":        {"POST", "/graphql", `{"query": "query { repository(owner: \"a\", name: \"b\") { pullRequest(number: 1) { state } } }"}`, `{"data": {"repository": {"pullRequest": {"state": "READY"}}}}`},
	} {
		r := httptest.NewRequest(x.method, "http://127.0.0.1"+x.path, strings.NewReader(x.sent))
		r.Header.Set("Content-Type", "application/json")
		if problem := ref.judge(r, []byte(x.sent), 201, http.Header{"Content-Type": {"application/json"}}, []byte(x.answer)); problem == "" {
			t.Errorf("%s is not seen", name)
		}
	}
}

var loadReferee = sync.OnceValues(func() (*referee, error) {
	folder := os.Getenv("FERRY_GITHUB_API")
	if folder == "" {
		return nil, nil
	}
	return newReferee(folder)
})

// theReferee gives the referee; nil where it is not asked for, which in CI it has to be.
func theReferee(t *testing.T) *referee {
	t.Helper()
	ref, err := loadReferee()
	if err != nil {
		t.Fatalf("%v: %s", err, howToReferee)
	}
	if ref == nil && os.Getenv("CI") != "" {
		t.Fatal("FERRY_GITHUB_API is not set: " + howToReferee)
	}
	return ref
}

func newReferee(folder string) (*referee, error) {
	data, err := os.ReadFile(filepath.Join(folder, "rest.json"))
	if err != nil {
		return nil, err
	}
	cut, err := cutDescription(data)
	if err != nil {
		return nil, err
	}
	doc, err := openapi3.NewLoader().LoadFromData(cut)
	if err != nil {
		return nil, err
	}
	ref := &referee{}
	for _, path := range operations {
		item := doc.Paths.Value(path)
		pattern := regexp.MustCompile(`\\\{[a-z_]+\\\}`).ReplaceAllStringFunc(regexp.QuoteMeta(path), func(name string) string {
			return "(?P<" + strings.Trim(name, `\{}`) + ">[^/]+)"
		})
		for method, op := range item.Operations() {
			ref.routes = append(ref.routes, route{regexp.MustCompile("^" + pattern + "$"), &routers.Route{Spec: doc, Path: path, PathItem: item, Method: method, Operation: op}})
		}
	}
	ref.queries, err = newQueries(filepath.Join(folder, "schema.graphql"))
	return ref, err
}

// cutDescription keeps the operations in use and what they refer to: all of it takes seconds to load.
func cutDescription(data []byte) ([]byte, error) {
	var whole map[string]any
	if err := json.Unmarshal(data, &whole); err != nil {
		return nil, err
	}
	paths, kept := whole["paths"].(map[string]any), map[string]any{}
	for _, p := range operations {
		kept[p] = paths[p]
	}
	components := map[string]map[string]any{}
	var follow func(any)
	follow = func(v any) {
		switch v := v.(type) {
		case []any:
			for _, one := range v {
				follow(one)
			}
		case map[string]any:
			if ref, ok := v["$ref"].(string); ok {
				parts := strings.Split(ref, "/") // #/components/KIND/NAME
				kind, name := parts[2], parts[3]
				if components[kind] == nil {
					components[kind] = map[string]any{}
				}
				if _, seen := components[kind][name]; !seen {
					of := whole["components"].(map[string]any)[kind].(map[string]any)[name]
					components[kind][name] = of
					follow(of)
				}
			}
			delete(v, "examples") // many, large, and some of them wrong
			for _, one := range v {
				follow(one)
			}
		}
	}
	follow(kept)
	return json.Marshal(map[string]any{"openapi": whole["openapi"], "info": whole["info"], "paths": kept, "components": components})
}

// watch lets one exchange pass and judges it.
func (ref *referee) watch(t *testing.T, next http.Handler, w http.ResponseWriter, r *http.Request) {
	sent, _ := io.ReadAll(r.Body)
	seen := r.Clone(context.Background())
	r.Body, seen.Body = io.NopCloser(bytes.NewReader(sent)), io.NopCloser(bytes.NewReader(sent))
	rec := httptest.NewRecorder()
	next.ServeHTTP(rec, r)
	if problem := ref.judge(seen, sent, rec.Code, rec.Header(), rec.Body.Bytes()); problem != "" {
		if len(problem) > 1500 {
			problem = problem[:1500]
		}
		t.Errorf("%s %s: %s", r.Method, r.URL.Path, problem)
	}
	for name, values := range rec.Header() {
		w.Header()[name] = values
	}
	w.WriteHeader(rec.Code)
	_, _ = w.Write(rec.Body.Bytes())
}

// judge says what is wrong with an exchange; "" for nothing.
func (ref *referee) judge(r *http.Request, sent []byte, code int, header http.Header, answer []byte) string {
	path := strings.TrimPrefix(strings.TrimPrefix(r.URL.EscapedPath(), "/api/v3"), "/api")
	if path == "/graphql" {
		if code >= 400 {
			return ""
		}
		return ref.queries.judge(sent, answer)
	}
	for _, one := range ref.routes {
		match := one.path.FindStringSubmatch(path)
		if match == nil || one.of.Method != r.Method {
			continue
		}
		params := map[string]string{}
		for i, name := range one.path.SubexpNames() {
			if name != "" {
				params[name] = match[i]
			}
		}
		if len(sent) > 0 {
			r.Body = io.NopCloser(bytes.NewReader(sent))
		}
		in := &openapi3filter.RequestValidationInput{Request: r, PathParams: params, Route: one.of,
			Options: &openapi3filter.Options{AuthenticationFunc: openapi3filter.NoopAuthenticationFunc, ExcludeRequestBody: len(sent) == 0, MultiError: true}}
		if err := openapi3filter.ValidateRequest(r.Context(), in); err != nil && code < 400 {
			return "the request: " + err.Error()
		}
		out := &openapi3filter.ResponseValidationInput{RequestValidationInput: in, Status: code, Header: header, Options: in.Options}
		out.SetBodyBytes(answer)
		if err := openapi3filter.ValidateResponse(r.Context(), out); err != nil {
			return "the answer: " + err.Error()
		}
		return ""
	}
	return "there is no such operation"
}
