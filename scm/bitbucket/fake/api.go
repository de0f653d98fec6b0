package fake

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"

	"github.com/ferry-cd/ferry/scm/scmtest/hosttest"
)

// object is JSON.
type object = map[string]any

// call is one request to the API.
type call struct {
	*http.Request
	user string
	role hosttest.Role
}

type refusal struct {
	code int
	says string
}

func (e *refusal) Error() string { return e.says }

func refuse(code int, format string, args ...any) error {
	return &refusal{code, fmt.Sprintf(format, args...)}
}

type answer func(c *call) (code int, body any, err error)

func (f *Fake) routes() http.Handler {
	mux := http.NewServeMux()
	const repo = "/2.0/repositories/{workspace}/{repo}"
	for _, r := range []struct {
		pattern string
		needs   hosttest.Role
		answer  answer
	}{
		{"GET /2.0/user", hosttest.None, f.self},
		{"GET /2.0/user/permissions/repositories", hosttest.None, f.ownPermission},
		{"GET /2.0/workspaces/{workspace}/permissions/repositories/{repo}", hosttest.Admin, f.permission},
		{"GET " + repo + "/commit/{sha}", hosttest.Read, f.commit},
		{"GET " + repo + "/commit/{sha}/statuses", hosttest.Read, f.listStatuses},
		{"POST " + repo + "/commit/{sha}/statuses/build", hosttest.Write, f.setStatus},
		{"GET " + repo + "/commit/{sha}/statuses/build/{key}", hosttest.Read, f.getStatus},
		{"GET " + repo + "/branch-restrictions", hosttest.Admin, f.listRestrictions},
		{"GET " + repo + "/pullrequests", hosttest.Read, f.listPulls},
		{"POST " + repo + "/pullrequests", hosttest.Write, f.createPull},
		{"GET " + repo + "/pullrequests/{id}", hosttest.Read, f.getPull},
		{"PUT " + repo + "/pullrequests/{id}", hosttest.Write, f.editPull},
		{"POST " + repo + "/pullrequests/{id}/merge", hosttest.Write, f.mergePull},
		{"POST " + repo + "/pullrequests/{id}/decline", hosttest.Write, f.declinePull},
		{"GET " + repo + "/pullrequests/{id}/diffstat", hosttest.Read, f.diffstat},
		{"GET " + repo + "/pullrequests/{id}/activity", hosttest.Read, f.activity},
		{"GET " + repo + "/pullrequests/{id}/comments", hosttest.Read, f.listComments},
		{"POST " + repo + "/pullrequests/{id}/comments", hosttest.Read, f.createComment},
		{"PUT " + repo + "/pullrequests/{id}/comments/{comment}", hosttest.Read, f.editComment},
		{"DELETE " + repo + "/pullrequests/{id}/comments/{comment}", hosttest.Read, f.deleteComment},
	} {
		mux.HandleFunc(r.pattern, func(w http.ResponseWriter, req *http.Request) { f.serve(w, req, r.needs, r.answer) })
	}
	return mux
}

func (f *Fake) serve(w http.ResponseWriter, r *http.Request, needs hosttest.Role, a answer) {
	if f.Before != nil {
		f.Before(r)
	}
	code, body, err := f.admitted(&call{Request: r}, needs, a)
	var no *refusal
	if errors.As(err, &no) {
		code, body = no.code, object{"type": "error", "error": object{"message": no.says}}
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(code)
	if body != nil {
		_ = json.NewEncoder(w).Encode(body)
	}
}

func (f *Fake) admitted(c *call, needs hosttest.Role, a answer) (int, any, error) {
	user, role, ok := f.Who(hosttest.TokenOf(c.Request))
	workspace, repo := c.PathValue("workspace"), c.PathValue("repo")
	switch {
	case !ok:
		return 0, nil, refuse(http.StatusUnauthorized, "Token is invalid, expired, or not supported for this endpoint.")
	case workspace+repo != "" && workspace+"/"+repo != Repository, role < min(needs, hosttest.Read):
		return 0, nil, refuse(http.StatusNotFound, "You may not have access to this repository or it no longer exists in this workspace.")
	case role < needs:
		return 0, nil, refuse(http.StatusForbidden, "Your credentials lack one or more required privilege scopes.")
	}
	c.user, c.role = user, role
	f.mu.Lock()
	defer f.mu.Unlock()
	f.settle()
	code, body, err := a(c)
	if err == nil && c.Method != http.MethodGet {
		f.writes++
	}
	return code, body, err
}

func read[T any](c *call) (T, error) {
	var in T
	dec := json.NewDecoder(c.Body)
	dec.DisallowUnknownFields()
	if err := dec.Decode(&in); err != nil {
		return in, refuse(http.StatusBadRequest, "%v", err)
	}
	return in, nil
}

// page cuts a list, and gives the address of the next part.
func page[T any](f *Fake, c *call, all []T) (int, any, error) {
	q := c.URL.Query()
	n, _ := strconv.Atoi(q.Get("page"))
	size, _ := strconv.Atoi(q.Get("pagelen"))
	if size > 100 && c.PathValue("id") == "" || size > 500 {
		return 0, nil, refuse(http.StatusBadRequest, "Invalid pagelen")
	}
	if size <= 0 {
		size = 10
	}
	size, n = min(size, f.Page), max(n, 1)
	from := min((n-1)*size, len(all))
	to := min(from+size, len(all))
	body := object{"values": append([]T{}, all[from:to]...), "page": n, "pagelen": size, "size": len(all)}
	if to < len(all) {
		next := url.URL{Path: c.URL.Path}
		q.Set("page", strconv.Itoa(n+1))
		next.RawQuery = q.Encode()
		body["next"] = f.URL() + next.String()
	}
	return http.StatusOK, body, nil
}

func (c *call) number(name string) int {
	n, _ := strconv.Atoi(c.PathValue(name))
	return n
}

func user(name string) object {
	if name == "" {
		return nil
	}
	return object{"type": "user", "uuid": UUID(name), "display_name": name, "nickname": name}
}

// named gives the account of a uuid.
func (f *Fake) named(uuid string) (string, bool) {
	for name := range f.tokens {
		if UUID(name) == uuid {
			return name, true
		}
	}
	return "", false
}

func (f *Fake) self(c *call) (int, any, error) { return http.StatusOK, user(c.user), nil }

var words = map[hosttest.Role]string{hosttest.Read: "read", hosttest.Write: "write", hosttest.Admin: "admin"}

func (f *Fake) ownPermission(c *call) (int, any, error) {
	return page(f, c, []object{{"permission": words[c.role], "user": user(c.user)}})
}

func (f *Fake) permission(c *call) (int, any, error) {
	var out []object
	for name := range f.tokens {
		if c.URL.Query().Get("q") == fmt.Sprintf("user.uuid=%q", UUID(name)) {
			out = append(out, object{"permission": words[f.Role(name)], "user": user(name)})
		}
	}
	return page(f, c, out)
}

func (f *Fake) listRestrictions(c *call) (int, any, error) { return page(f, c, f.restrictions) }
