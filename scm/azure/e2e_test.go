package azure_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/ferry-cd/ferry/door"
	"github.com/ferry-cd/ferry/scm"
	"github.com/ferry-cd/ferry/scm/azure"
	"github.com/ferry-cd/ferry/scm/scmtest"
)

// The suite on a real organization or server: FERRY_E2E_AZURE_URL is its address, FERRY_E2E_AZURE_REPO names the project
// (PROJECT/any), FERRY_E2E_AZURE_TOKEN may make repositories there and FERRY_E2E_AZURE_PERSON_TOKEN is somebody else's, who
// may contribute. It makes a repository for every promise and deletes it.
func TestContractOnAServer(t *testing.T) {
	s := server{url: strings.TrimSuffix(os.Getenv("FERRY_E2E_AZURE_URL"), "/"), token: os.Getenv("FERRY_E2E_AZURE_TOKEN"),
		person: os.Getenv("FERRY_E2E_AZURE_PERSON_TOKEN")}
	s.project, _, _ = strings.Cut(os.Getenv("FERRY_E2E_AZURE_REPO"), "/")
	if s.url == "" || s.token == "" || s.person == "" || s.project == "" {
		t.Skip("FERRY_E2E_AZURE_URL, _REPO, _TOKEN and _PERSON_TOKEN name no server")
	}
	scmtest.Run(t, s.fixture)
}

// server is a real one.
type server struct{ url, project, token, person string }

func (s server) fixture(t *testing.T) scmtest.Fixture {
	name := fmt.Sprintf("ferry-e2e-%d", time.Now().UnixNano())
	made := s.call(t, http.MethodPost, "repositories", map[string]any{"name": name})
	id := fmt.Sprint(made["id"])
	t.Cleanup(func() { s.call(t, http.MethodDelete, "repositories/"+id, nil) })
	u, err := url.Parse(s.url)
	if err != nil {
		t.Fatal(err)
	}
	u.User = url.UserPassword(azure.Username, s.person)
	return scmtest.Fixture{
		Bot: s.client(t, name, s.token), Person: s.client(t, name, s.person),
		Twin:     func(t *testing.T) scm.Client { return s.client(t, name, s.token) },
		Remote:   u.JoinPath(url.PathEscape(s.project), "_git", name).String(),
		Protect:  func(t *testing.T, r scmtest.Rules) { s.protect(t, id, r) },
		Stranger: "nobody@ferry-e2e.invalid",
		Cannot:   cannot, MaxBody: azure.MaxBody, Patience: 30 * time.Second,
	}
}

func (s server) client(t *testing.T, name, token string) *azure.Client {
	t.Helper()
	c, err := azure.Open(t.Context(), azure.Options{URL: s.url, Repository: s.project + "/" + name, Page: 5, Credential: azure.PAT(door.NewToken(token))})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// protect makes policies as the settings of a branch would.
func (s server) protect(t *testing.T, id string, r scmtest.Rules) {
	scope := []any{map[string]any{"repositoryId": id, "refName": "refs/heads/" + r.Branch, "matchKind": "Exact"}}
	policy := func(kind string, settings map[string]any) {
		settings["scope"] = scope
		s.call(t, http.MethodPost, "policy/configurations", map[string]any{"isEnabled": true, "isBlocking": true, "type": map[string]any{"id": kind}, "settings": settings})
	}
	for _, name := range r.Statuses {
		at := strings.LastIndexByte(name, '/')
		policy("cbdc66da-9728-4af8-aada-9a5a32e4a226", map[string]any{"statusGenre": name[:max(at, 0)], "statusName": name[at+1:], "invalidateOnSourceUpdate": true})
	}
	if r.Approvals > 0 {
		policy("fa4e907d-c16b-4a4c-9dfa-4906e5d171dd", map[string]any{"minimumApproverCount": r.Approvals, "creatorVoteCounts": false, "resetOnSourcePush": true})
	}
}

// call is one that the driver never makes.
func (s server) call(t *testing.T, method, path string, in any) map[string]any {
	t.Helper()
	data, err := json.Marshal(in)
	if err != nil {
		t.Fatal(err)
	}
	if strings.HasPrefix(path, "repositories") {
		path = "git/" + path
	}
	at := s.url + "/" + url.PathEscape(s.project) + "/_apis/" + path + "?api-version=7.0"
	req, err := http.NewRequest(method, at, bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	req.SetBasicAuth("", s.token)
	req.Header.Set("Content-Type", "application/json")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	var out map[string]any
	if err != nil || res.StatusCode >= 300 || len(body) > 0 && json.Unmarshal(body, &out) != nil {
		t.Fatalf("%s %s: %s: %v\n%s", method, path, res.Status, err, body)
	}
	return out
}
