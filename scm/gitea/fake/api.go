package fake

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	sdk "code.gitea.io/sdk/gitea"

	"github.com/ferry-cd/ferry/scm/scmtest/hosttest"
)

// call is one request to the API.
type call struct {
	*http.Request
	w    http.ResponseWriter
	user string
	role hosttest.Role
}

// refusal is an answer that is none.
type refusal struct {
	code int
	says string
}

func (e *refusal) Error() string { return e.says }

func refuse(code int, format string, args ...any) error {
	return &refusal{code, fmt.Sprintf(format, args...)}
}

var notFound = refuse(http.StatusNotFound, "The target couldn't be found.")

type answer func(c *call) (code int, body any, err error)

func (f *Fake) routes() http.Handler {
	mux := http.NewServeMux()
	const repo = "/api/v1/repos/{owner}/{repo}"
	routes := []struct {
		pattern string
		needs   hosttest.Role
		answer  answer
	}{
		{"GET /api/v1/user", hosttest.None, f.self},
		{"GET /api/v1/orgs/{org}/teams", hosttest.Read, f.teams},
		{"GET /api/v1/teams/{id}/members", hosttest.Read, f.members},
		{"GET " + repo, hosttest.Read, f.repository},
		{"GET " + repo + "/teams", hosttest.Read, f.teams},
		{"GET " + repo + "/assignees", hosttest.Read, f.assignees},
		{"GET " + repo + "/collaborators/{name}/permission", hosttest.Read, f.permission},
		{"GET " + repo + "/branches/{branch...}", hosttest.Read, f.branch},
		{"GET " + repo + "/branch_protections/{name...}", hosttest.Admin, f.protection},
		{"GET " + repo + "/compare/{range...}", hosttest.Read, f.compare},
		{"GET " + repo + "/git/refs/{ref...}", hosttest.Read, f.refs},
		{"GET " + repo + "/git/commits/{sha}", hosttest.Read, f.commit},
		{"GET " + repo + "/commits/{ref}/statuses", hosttest.Read, f.listStatuses},
		{"POST " + repo + "/statuses/{sha}", hosttest.Write, f.createStatus},
		{"GET " + repo + "/labels", hosttest.Read, f.listLabels},
		{"POST " + repo + "/labels", hosttest.Write, f.createLabel},
		{"GET " + repo + "/pulls", hosttest.Read, f.listPulls},
		{"POST " + repo + "/pulls", hosttest.Read, f.createPull},
		{"GET " + repo + "/pulls/{index}", hosttest.Read, f.getPull},
		{"PATCH " + repo + "/pulls/{index}", hosttest.Read, f.editPull},
		{"POST " + repo + "/pulls/{index}/merge", hosttest.Read, f.mergePull},
		{"DELETE " + repo + "/pulls/{index}/merge", hosttest.Read, f.cancelMerge},
		{"GET " + repo + "/pulls/{index}/reviews", hosttest.Read, f.listReviews},
		{"POST " + repo + "/pulls/{index}/reviews", hosttest.Read, f.createReview},
		{"POST " + repo + "/pulls/{index}/reviews/{id}/dismissals", hosttest.Read, f.dismiss},
		{"POST " + repo + "/pulls/{index}/requested_reviewers", hosttest.Read, f.requestReviews},
		{"GET " + repo + "/issues/{index}/timeline", hosttest.Read, f.timeline},
		{"GET " + repo + "/issues/{index}/comments", hosttest.Read, f.listComments},
		{"POST " + repo + "/issues/{index}/comments", hosttest.Read, f.createComment},
		{"PATCH " + repo + "/issues/comments/{id}", hosttest.Read, f.editComment},
		{"DELETE " + repo + "/issues/comments/{id}", hosttest.Read, f.deleteComment},
	}
	for _, r := range routes {
		mux.HandleFunc(r.pattern, func(w http.ResponseWriter, req *http.Request) { f.serve(w, req, r.needs, r.answer) })
	}
	return mux
}

// serve answers one request at a time, as one database does.
func (f *Fake) serve(w http.ResponseWriter, r *http.Request, needs hosttest.Role, a answer) {
	if f.Before != nil {
		f.Before(r)
	}
	c := &call{Request: r, w: w}
	code, body, err := f.admitted(c, needs, a)
	var no *refusal
	if errors.As(err, &no) {
		code, body = no.code, map[string]string{"message": no.says, "url": f.URL() + "/api/swagger"}
	}
	w.Header().Set("Content-Type", "application/json;charset=utf-8")
	w.WriteHeader(code)
	if body != nil {
		_ = json.NewEncoder(w).Encode(body)
	}
}

func (f *Fake) admitted(c *call, needs hosttest.Role, a answer) (int, any, error) {
	user, role, ok := f.Who(hosttest.TokenOf(c.Request))
	owner, repo := c.PathValue("owner"), c.PathValue("repo")
	switch {
	case !ok:
		return 0, nil, refuse(http.StatusUnauthorized, "invalid username, password or token")
	case owner+repo != "" && owner+"/"+repo != Repository, role < min(needs, hosttest.Read):
		return 0, nil, notFound
	case role < needs:
		return 0, nil, refuse(http.StatusForbidden, "user should have a permission to write to a repo")
	}
	c.user, c.role = user, role
	f.mu.Lock()
	defer f.mu.Unlock()
	code, body, err := a(c)
	if err == nil && c.Method != http.MethodGet {
		f.writes++
	}
	return code, body, err
}

// read decodes a body; a field that the server does not know is none of ours.
func read[T any](c *call) (T, error) {
	var in T
	dec := json.NewDecoder(c.Body)
	dec.DisallowUnknownFields()
	if err := dec.Decode(&in); err != nil {
		return in, refuse(http.StatusUnprocessableEntity, "%v", err)
	}
	return in, nil
}

// page cuts a list as the server does: a page longer than allowed is shorter, and the header tells how many there are.
func page[T any](f *Fake, c *call, all []T) (int, any, error) {
	q := c.URL.Query()
	n, _ := strconv.Atoi(q.Get("page"))
	size, _ := strconv.Atoi(q.Get("limit"))
	if size <= 0 || size > f.Page {
		size = f.Page
	}
	from := min((max(n, 1)-1)*size, len(all))
	c.w.Header().Set("X-Total-Count", strconv.Itoa(len(all)))
	return http.StatusOK, append([]T{}, all[from:min(from+size, len(all))]...), nil
}

// number of a path.
func (c *call) number(name string) int64 {
	n, err := strconv.ParseInt(c.PathValue(name), 10, 64)
	if err != nil {
		return 0
	}
	return n
}

func (f *Fake) user(name string) *sdk.User {
	if name == "" {
		return nil
	}
	var id int64
	for _, r := range name {
		id = id*31 + int64(r)
	}
	return &sdk.User{ID: id, UserName: name, Email: name + "@example.com"}
}

func (f *Fake) users(names []string) []*sdk.User {
	out := []*sdk.User{}
	for _, n := range names {
		out = append(out, f.user(n))
	}
	return out
}

// known tells whether there is such an account; names have no case.
func (f *Fake) known(name string) (string, bool) {
	for account := range f.tokens {
		if strings.EqualFold(account, name) {
			return account, true
		}
	}
	return "", false
}
