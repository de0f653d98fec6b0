package azure

import (
	"encoding/json"
	"errors"
	"mime"
	"net/http"
	"strings"

	"github.com/ferry-cd/ferry/door"
	"github.com/ferry-cd/ferry/scm"
)

// problem is an answer that is no success, with the server's name for the kind of it.
type problem struct {
	status *door.StatusError
	key    string // GitPullRequestExistsException
	text   string // TF401179: ...
	kind   error  // of scm; nil where no word fits
}

func (e *problem) Error() string {
	out := e.text
	if out == "" {
		out = e.status.Error()
	} else if e.status.RequestID != "" {
		out += " (request " + e.status.RequestID + ")"
	}
	if e.kind != nil {
		return e.kind.Error() + ": " + out
	}
	return out
}

// Unwrap implements the interface of errors.Is.
func (e *problem) Unwrap() []error {
	if e.kind == nil {
		return []error{e.status}
	}
	return []error{e.kind, e.status}
}

// ExitCode implements the table of exit codes: refused credentials.
func (e *problem) ExitCode() int {
	if errors.Is(e.kind, scm.ErrUnauthorized) {
		return 4
	}
	return 1
}

// Hint implements the optional next step of an error.
func (e *problem) Hint() string {
	if errors.Is(e.kind, scm.ErrUnauthorized) {
		return "the token has expired, was revoked, or is for another organization"
	}
	return ""
}

// kinds says what the server's exceptions mean where the status of the answer does not say it: "not found" is also what
// those get who may not look.
var kinds = map[string]error{
	"GitPullRequestExistsException":                 scm.ErrConflict,
	"GitPullRequestStaleException":                  scm.ErrConflict,
	"GitPullRequestNotEditableException":            scm.ErrConflict,
	"GitPullRequestCannotBeActivated":               scm.ErrInvalid,
	"GitPullRequestUpdateRejectedByPolicyException": scm.ErrForbidden,
	"GitPullRequestStatusRejectedByPolicyException": scm.ErrForbidden,
	"GitPullRequestNotFoundException":               scm.ErrNotFound,
	"GitRepositoryNotFoundException":                scm.ErrNotFound,
	"GitCommitDoesNotExistException":                scm.ErrNotFound,
	"GitUnresolvableToCommitException":              scm.ErrNotFound,
	"ProjectDoesNotExistWithNameException":          scm.ErrNotFound,
	"UnauthorizedRequestException":                  scm.ErrUnauthorized,
	"GitNeedsPermissionException":                   scm.ErrForbidden,
}

// failure makes an error of an answer that is no success. A sign-in page comes as 203, or as 200 after a redirect: it is a
// refusal of the credentials, whatever its status.
func failure(t *door.Transport, res *http.Response, body []byte) error {
	if signIn(res) {
		return &problem{kind: scm.ErrUnauthorized, text: "a sign-in page came in place of an answer",
			status: &door.StatusError{Code: res.StatusCode, Method: res.Request.Method, Path: res.Request.URL.Path}}
	}
	err := t.Failure(res)
	if err == nil && res.StatusCode < 300 {
		return nil
	}
	e := &problem{kind: scm.Meaning(res.StatusCode)}
	if !errors.As(err, &e.status) {
		e.status = &door.StatusError{Code: res.StatusCode, Method: res.Request.Method, Path: res.Request.URL.Path}
	}
	var said struct {
		Message string `json:"message"`
		Key     string `json:"typeKey"`
	}
	if json.Unmarshal(body, &said) == nil {
		e.key, e.text = said.Key, door.Excerpt([]byte(said.Message))
	}
	if kind, ok := kinds[e.key]; ok {
		e.kind = kind
	}
	return e
}

func signIn(res *http.Response) bool {
	kind, _, _ := mime.ParseMediaType(res.Header.Get("Content-Type"))
	return res.StatusCode == http.StatusNonAuthoritativeInfo || res.StatusCode < 300 && kind == "text/html" ||
		res.StatusCode/100 == 3 && strings.Contains(res.Header.Get("Location"), "_signin")
}

// refused tells whether the server named this exception.
func refused(err error, key string) bool {
	var p *problem
	return errors.As(err, &p) && p.key == key
}
