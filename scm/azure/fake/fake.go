// Package fake is an Azure DevOps for tests: one organization with one project and one repository, in memory, over real
// Git. It keeps state, takes its time where the real one does, and refuses what the real one refuses, in its words.
//
// fake.go is the server and its door, pulls.go pull requests and their completion, show.go what is told of them, talk.go reviewers, threads and labels,
// rules.go statuses and policies, people.go identities and permissions.
package fake

import (
	"crypto/sha1"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ferry-cd/ferry/scm/scmtest/hosttest"
)

// The names of the one repository there is. The project has a space, as many do.
const (
	Organization = "acme"
	Project      = "Shop Front"
	Repository   = "gitops"
)

// Fake is the forge.
type Fake struct {
	Host *hosttest.Host
	Repo *hosttest.Repo
	// Tokens of two accounts that may write.
	Bot, Person string
	// Lag is how many calls pass until a push or a completion is worked out.
	Lag int
	// SignIn answers bad credentials with a sign-in page, as the service does where it is not told otherwise.
	SignIn bool
	// NoLabels leaves labels out of pull requests, as some servers do; they have to be asked for.
	NoLabels bool

	t        testing.TB
	mu       sync.Mutex
	names    []string // accounts, in the order they came
	pulls    []*pull
	statuses map[string][]status
	policies []policy
	spelling map[string]string // labels as they were first written, by their lower case
	teams    map[string][]string
	items    map[int]*item
	deny     map[string]int // permissions denied for the repository, by account
	serial   int
}

// New starts one that ends with the test.
func New(t testing.TB) *Fake {
	t.Helper()
	h := hosttest.New(t)
	f := &Fake{Host: h, Repo: h.Repo(Organization + "/" + Project + "/_git/" + Repository), t: t, statuses: map[string][]status{},
		spelling: map[string]string{}, teams: map[string][]string{}, deny: map[string]int{}, items: map[int]*item{}}
	f.Bot, f.Person = f.Account("ferry", hosttest.Write), f.Account("ada", hosttest.Write)
	h.Handle(f.routes())
	return f
}

// Account makes a person, or changes what they may do, and gives a token of them.
func (f *Fake) Account(name string, role hosttest.Role) (token string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !slices.Contains(f.names, name) {
		f.names = append(f.names, name)
	}
	return f.Host.Person(name, role)
}

// URL is that of the organization.
func (f *Fake) URL() string { return f.Host.URL() + "/" + Organization }

// Identities is where its identities are asked for.
func (f *Fake) Identities() string { return f.Host.URL() + "/vssps/" + Organization }

// Remote is what git pushes to, with a token.
func (f *Fake) Remote(token string) string {
	return strings.Replace(f.Host.URL(), "://", "://ferry:"+token+"@", 1) + "/" + Organization + "/Shop%20Front/_git/" + Repository
}

// Team makes a team of the project.
func (f *Fake) Team(name string, members ...string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.teams[name] = members
}

// Deny takes permissions on the repository from a person, whatever groups they are in.
func (f *Fake) Deny(name string, bits int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.deny[name] = bits
}

// Fingerprint changes with every write.
func (f *Fake) Fingerprint() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	data, err := json.Marshal([]any{f.pulls, f.statuses})
	if err != nil {
		f.t.Error(err)
	}
	return string(data)
}

func (f *Fake) routes() http.Handler {
	mux := http.NewServeMux()
	git := "/" + Organization + "/{project}/_apis/git/repositories/{repository}"
	pulls := git + "/pullRequests"
	one := pulls + "/{id}"
	for pattern, h := range map[string]func(*ask) (any, error){
		"GET " + git:                                       f.repository,
		"GET " + git + "/diffs/commits":                    f.diff,
		"GET " + git + "/commits/{sha}/statuses":           f.commitStatuses,
		"POST " + git + "/commits/{sha}/statuses":          f.postCommitStatus,
		"GET " + pulls:                                     f.listPulls,
		"POST " + pulls:                                    f.createPull,
		"GET " + one:                                       f.getPull,
		"PATCH " + one:                                     f.editPull,
		"GET " + one + "/iterations":                       f.iterations,
		"GET " + one + "/conflicts":                        f.conflicts,
		"GET " + one + "/labels":                           f.listLabels,
		"POST " + one + "/labels":                          f.addLabel,
		"DELETE " + one + "/labels/{label}":                f.removeLabel,
		"PUT " + one + "/reviewers/{who}":                  f.putReviewer,
		"PATCH " + one + "/reviewers":                      f.resetVotes,
		"GET " + one + "/threads":                          f.listThreads,
		"POST " + one + "/threads":                         f.openThread,
		"PATCH " + one + "/threads/{thread}/comments/{c}":  f.editComment,
		"DELETE " + one + "/threads/{thread}/comments/{c}": f.removeComment,
		"GET " + one + "/statuses":                         f.pullStatuses,
		"POST " + one + "/statuses":                        f.postPullStatus,
		"GET /" + Organization + "/{project}/_apis/wit/workitems/{item}":          f.workItem,
		"PATCH /" + Organization + "/{project}/_apis/wit/workitems/{item}":        f.editWorkItem,
		"GET /" + Organization + "/_apis/connectionData":                          f.connection,
		"GET /vssps/" + Organization + "/_apis/identities":                        f.searchIdentities,
		"GET /" + Organization + "/{project}/_apis/git/policy/configurations":     f.configurations,
		"GET /" + Organization + "/{project}/_apis/policy/evaluations":            f.evaluations,
		"POST /" + Organization + "/_apis/security/permissionevaluationbatch":     f.permissions,
		"GET /" + Organization + "/_apis/accesscontrollists/{namespace}":          f.accessLists,
		"GET /" + Organization + "/_apis/projects/{project}/teams/{team}":         f.team,
		"GET /" + Organization + "/_apis/projects/{project}/teams/{team}/members": f.members,
	} {
		mux.Handle(pattern, f.door(pattern, h))
	}
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		f.answer(w, nil, &refusal{404, "", fmt.Sprintf("The controller for path '%s' was not found or does not implement IController.", r.URL.Path)}, nil)
	})
	return mux
}

// ask is one call: who asks for what.
type ask struct {
	*http.Request
	who    string
	role   hosttest.Role
	header http.Header // of the answer
}

// refusal is an error as the server says it.
type refusal struct {
	code      int
	key, text string
}

func (e *refusal) Error() string { return e.text }

func bad(format string, args ...any) error {
	return &refusal{400, "InvalidArgumentValueException", fmt.Sprintf(format, args...)}
}

// previewOnly tells the resources that are only offered as a preview.
func previewOnly(pattern string) bool {
	return slices.ContainsFunc([]string{"connectionData", "policy/evaluations", "/conflicts"}, func(p string) bool { return strings.Contains(pattern, p) })
}

// door lets in who may come in, one at a time.
func (f *Fake) door(pattern string, h func(*ask) (any, error)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		a := &ask{Request: r, header: http.Header{}}
		var known bool
		if a.who, a.role, known = f.Host.Who(hosttest.TokenOf(r)); !known {
			f.signIn(w, r)
			return
		}
		f.mu.Lock()
		defer f.mu.Unlock()
		f.pass()
		out, err := f.admit(a, pattern)
		if err == nil {
			out, err = h(a)
		}
		f.answer(w, out, err, a.header)
	})
}

// signIn is for those without good credentials.
func (f *Fake) signIn(w http.ResponseWriter, r *http.Request) {
	if !f.SignIn && r.Header.Get("X-TFS-FedAuthRedirect") == "Suppress" {
		w.Header().Set("WWW-Authenticate", `Basic realm="https://acme.example/"`)
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(http.StatusNonAuthoritativeInfo)
	_, _ = io.WriteString(w, "<!DOCTYPE html><html><title>Azure DevOps Services | Sign In</title></html>")
}

// admit checks the version, the names and the permission of a call.
func (f *Fake) admit(a *ask, pattern string) (any, error) {
	version := a.URL.Query().Get("api-version")
	number, preview := strings.CutSuffix(version, "-preview.1")
	switch {
	case version == "":
		return nil, &refusal{400, "VssVersionNotSpecifiedException", "No api-version was supplied for the request."}
	case number != "7.1" && number != "7.0":
		return nil, &refusal{400, "VssVersionOutOfRangeException", "The requested REST API version of " + version + " is out of range for this server."}
	case previewOnly(pattern) && !preview:
		return nil, &refusal{400, "VssInvalidPreviewVersionException", "The requested version \"" + version + "\" of the resource is under preview. The -preview flag must be supplied in the api-version for such requests."}
	}
	if project := a.PathValue("project"); project != "" && project != Project || project != "" && a.role < hosttest.Read {
		return nil, &refusal{404, "ProjectDoesNotExistWithNameException", "TF200016: The following project does not exist: " + project + ". Verify that the name of the project is correct and that the project exists on the specified Azure DevOps Server."}
	}
	if name := a.PathValue("repository"); name != "" && name != Repository {
		return nil, &refusal{404, "GitRepositoryNotFoundException", "TF401019: The Git repository with name or identifier " + name + " does not exist or you do not have permissions for the operation you are attempting."}
	}
	if a.Method != http.MethodGet && strings.Contains(pattern, "/git/") && a.role < hosttest.Write {
		return nil, &refusal{403, "GitNeedsPermissionException", "TF401027: You need the Git 'PullRequestContribute' permission to perform this action. Details: identity '" + mail(a.who) + "', scope 'repository'."}
	}
	return nil, nil
}

func (f *Fake) answer(w http.ResponseWriter, out any, err error, header http.Header) {
	for k, v := range header {
		w.Header()[k] = v
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8; api-version=7.1")
	w.Header().Set("ActivityId", fmt.Sprintf("00000000-0000-4000-8000-%012d", f.Host.Serial()))
	if err == nil {
		if err := json.NewEncoder(w).Encode(out); err != nil {
			f.t.Error(err)
		}
		return
	}
	no, ok := err.(*refusal)
	if !ok {
		no = &refusal{500, "Exception", err.Error()}
	}
	w.WriteHeader(no.code)
	_ = json.NewEncoder(w).Encode(map[string]any{"$id": "1", "innerException": nil, "message": no.text, "typeKey": no.key, "errorCode": 0, "eventId": 3000})
}

// read decodes a body; what it does not know it refuses.
func (a *ask) read(into any) error {
	dec := json.NewDecoder(a.Body)
	dec.DisallowUnknownFields()
	if err := dec.Decode(into); err != nil {
		return bad("TF400898: the body of the request is not understood: %v", err)
	}
	return nil
}

// many is how lists come.
func many[T any](all []T) map[string]any {
	if all == nil {
		all = []T{}
	}
	return map[string]any{"count": len(all), "value": all}
}

// page cuts a list as the call asks.
func page[T any](a *ask, all []T, top, skip string, most, usual int) ([]T, error) {
	number := func(name string, otherwise int) (int, error) {
		s := a.URL.Query().Get(name)
		if s == "" {
			return otherwise, nil
		}
		n, err := strconv.Atoi(s)
		if err != nil || n < 0 {
			return 0, bad("The value of %s is not valid.", name)
		}
		return n, nil
	}
	n, err := number(top, usual)
	if err != nil {
		return nil, err
	}
	from, err := number(skip, 0)
	if err != nil {
		return nil, err
	}
	from = min(from, len(all))
	return all[from:min(from+min(n, most), len(all))], nil
}

func (f *Fake) now() time.Time { return f.Host.Now() }

func (f *Fake) next() int {
	f.serial++
	return f.serial
}

// guid makes an id that is always the same for a name.
func guid(name string) string {
	h := sha1.Sum([]byte(name))
	return fmt.Sprintf("%x-%x-%x-%x-%x", h[:4], h[4:6], h[6:8], h[8:10], h[10:16])
}

func mail(name string) string { return name + "@acme.example" }
