package gitea_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi2"
	"github.com/getkin/kin-openapi/openapi2conv"
	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"

	"github.com/ferry-cd/ferry/scm/gitea/fake"
)

// described is Gitea's own description of its API; nil where FERRY_GITEA_API names none, which .ci/referee fetches.
var described = sync.OnceValues(func() (*openapi3.T, error) {
	path := os.Getenv("FERRY_GITEA_API")
	if path == "" {
		return nil, nil
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var old openapi2.T
	if err := json.Unmarshal(data, &old); err != nil {
		return nil, err
	}
	old.BasePath, old.Host = "", ""
	doc, err := openapi2conv.ToV3(&old)
	if err == nil {
		nothings(doc)
	}
	return doc, err
})

// nothings lets null stand for what is not there: Go's servers and clients, this one's among them, make no difference, and
// their descriptions do not say so. Names of fields are read without their case there, which is how "Do" is a "do".
func nothings(doc *openapi3.T) {
	for _, schema := range doc.Components.Schemas {
		for _, property := range schema.Value.Properties {
			orNothing(property)
		}
	}
	for _, response := range doc.Components.Responses {
		for _, media := range response.Value.Content {
			if media.Schema != nil && media.Schema.Value.Type.Is("array") {
				media.Schema.Value.Nullable = true
			}
		}
	}
	doc.Components.Schemas["MergePullRequestOption"].Value.Required = nil
}

func orNothing(s *openapi3.SchemaRef) {
	if s.Ref == "" {
		s.Value.Nullable = true
		return
	}
	*s = openapi3.SchemaRef{Value: &openapi3.Schema{Nullable: true, AllOf: openapi3.SchemaRefs{{Ref: s.Ref, Value: s.Value}}}}
}

// refereed fails the test where the driver asks, or the fake answers, what Gitea's description does not know.
func refereed(t *testing.T, f *fake.Fake) {
	t.Helper()
	doc, err := described()
	if err != nil {
		t.Fatal(err)
	}
	if doc == nil {
		return
	}
	f.Wrap(func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			path, ok := strings.CutPrefix(r.URL.EscapedPath(), "/api/v1")
			if !ok {
				next.ServeHTTP(w, r)
				return
			}
			sent, _ := io.ReadAll(r.Body)
			r.Body = io.NopCloser(bytes.NewReader(sent))
			rec := httptest.NewRecorder()
			next.ServeHTTP(rec, r)
			if err := judge(doc, r, path, sent, rec); err != nil {
				t.Errorf("%s %s: %v\nsent %s\nanswer %d %s", r.Method, r.URL, err, sent, rec.Code, rec.Body)
			}
			for name, values := range rec.Header() {
				w.Header()[name] = values
			}
			w.WriteHeader(rec.Code)
			_, _ = w.Write(rec.Body.Bytes())
		})
	})
}

func judge(doc *openapi3.T, r *http.Request, path string, sent []byte, rec *httptest.ResponseRecorder) error {
	pattern, params := operation(doc, path)
	item := doc.Paths.Value(pattern)
	if item == nil || item.GetOperation(r.Method) == nil {
		return errors.New("there is no such operation")
	}
	if rec.Code >= 500 {
		return nil
	}
	r.Body = io.NopCloser(bytes.NewReader(sent))
	in := &openapi3filter.RequestValidationInput{Request: r, PathParams: params,
		Route: &routers.Route{Spec: doc, Path: pattern, PathItem: item, Method: r.Method, Operation: item.GetOperation(r.Method)},
		Options: &openapi3filter.Options{AuthenticationFunc: openapi3filter.NoopAuthenticationFunc, ExcludeRequestBody: len(sent) == 0,
			ExcludeResponseBody: rec.Body.Len() == 0 || rec.Code >= 400, MultiError: true}}
	if err := openapi3filter.ValidateRequest(r.Context(), in); err != nil && rec.Code < 400 {
		return err
	}
	if strings.Contains(pattern, "/git/refs/{ref}") {
		return nil // one ref that is named whole comes alone, which the description does not say
	}
	out := &openapi3filter.ResponseValidationInput{RequestValidationInput: in, Status: rec.Code, Header: rec.Header(), Options: in.Options}
	out.SetBodyBytes(rec.Body.Bytes())
	return openapi3filter.ValidateResponse(r.Context(), out)
}

// operation finds the pattern of a path: that with the fewest variables.
func operation(doc *openapi3.T, path string) (pattern string, params map[string]string) {
	for candidate := range doc.Paths.Map() {
		got := matched(candidate, path)
		if got != nil && !strings.Contains(candidate, "}.{") && (params == nil || len(got) < len(params)) {
			pattern, params = candidate, got
		}
	}
	return pattern, params
}

// matched gives the variables of a pattern; some of the server's hold several segments.
func matched(pattern, path string) map[string]string {
	want, have := strings.Split(pattern, "/"), strings.Split(path, "/")
	params := map[string]string{}
	for i, segment := range want {
		name, variable := strings.CutPrefix(segment, "{")
		name = strings.TrimSuffix(name, "}")
		switch {
		case i >= len(have):
			return nil
		case variable && i == len(want)-1 && slices.Contains([]string{"branch", "ref", "basehead", "name"}, name):
			params[name] = strings.Join(have[i:], "/")
			return params
		case variable:
			params[name] = have[i]
		case segment != have[i]:
			return nil
		}
	}
	if len(want) != len(have) {
		return nil
	}
	return params
}

// The referee sees what is wrong.
func TestReferee(t *testing.T) {
	doc, err := described()
	if err != nil {
		t.Fatal(err)
	}
	if doc == nil {
		t.Skip("FERRY_GITEA_API names no description: run .ci/referee")
	}
	for name, row := range map[string]struct {
		path, sent, answer string
		fair               bool
	}{
		"as it should be":    {"/repos/a/b/pulls", `{"head":"h","base":"main","title":"t"}`, `{"number":1,"title":"t"}`, true},
		"a wrong question":   {"/repos/a/b/pulls", `{"head":1}`, `{}`, false},
		"a wrong answer":     {"/repos/a/b/pulls", `{"head":"h"}`, `{"number":"one"}`, false},
		"no such operation":  {"/repos/a/b/pullrequests", `{}`, `{}`, false},
		"a body in no order": {"/repos/a/b/pulls", `[]`, `{}`, false},
	} {
		r := httptest.NewRequest(http.MethodPost, "/api/v1"+row.path, strings.NewReader(row.sent))
		r.Header.Set("Content-Type", "application/json")
		rec := httptest.NewRecorder()
		rec.Header().Set("Content-Type", "application/json;charset=utf-8")
		rec.WriteHeader(http.StatusCreated)
		_, _ = rec.WriteString(row.answer)
		if err := judge(doc, r, row.path, []byte(row.sent), rec); (err == nil) != row.fair {
			t.Errorf("%s: %v", name, err)
		}
	}
}
