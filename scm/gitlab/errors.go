package gitlab

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/ferry-cd/ferry/door"
	"github.com/ferry-cd/ferry/scm"
)

// refusals is what GitLab means by a status code beyond what the code means everywhere. The first row that fits holds.
// https://docs.gitlab.com/api/merge_requests/#merge-a-merge-request
var refusals = []struct {
	code  int
	words string // a part of what the server said, in lower case
	means error
}{
	{http.StatusMethodNotAllowed, "", scm.ErrForbidden}, // of a merge: a rule is in the way
	{http.StatusNotAcceptable, "", scm.ErrConflict},     // "Branch cannot be merged", before GitLab 15
	{http.StatusUnprocessableEntity, "branch cannot be merged", scm.ErrConflict},
}

// meaning puts a failure of the way or a refusal of the server into the words of scm.
func (c *Client) meaning(err error) error {
	var status *door.StatusError
	var gone *url.Error
	switch {
	case err == nil:
		return nil
	case errors.As(err, &status):
		return c.refusal(status)
	case errors.As(err, &gone):
		err = gone.Err // what wraps it names the act; the address is in what it says
	}
	return scm.Translate(err, c.now())
}

func (c *Client) refusal(status *door.StatusError) error {
	if status.Code == http.StatusTooManyRequests {
		return fmt.Errorf("%w: %w", &scm.RateLimitedError{RetryAfter: time.Minute}, status)
	}
	for _, r := range refusals {
		if r.code == status.Code && strings.Contains(strings.ToLower(status.Body), r.words) {
			return fmt.Errorf("%w: %w", r.means, status)
		}
	}
	return scm.Translate(status, c.now())
}

// says tells whether an error is a refusal with a status code, in which the server used some words (in lower case).
func says(err error, code int, words string) bool {
	var status *door.StatusError
	return errors.As(err, &status) && status.Code == code && strings.Contains(strings.ToLower(status.Body), words)
}

// absent tells whether the server does not have something, or keeps it from this account: features of paid licenses answer
// 404, those above one's role 403.
func absent(err error) bool {
	return says(err, http.StatusNotFound, "") || says(err, http.StatusForbidden, "")
}
