package github

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/google/go-github/v60/github"

	"github.com/ferry-cd/ferry/door"
	"github.com/ferry-cd/ferry/scm"
)

// kinds are the meanings of status codes: https://docs.github.com/en/rest/using-the-rest-api/troubleshooting-the-rest-api.
var kinds = map[int]error{
	http.StatusBadRequest:                 scm.ErrInvalid,
	http.StatusUnauthorized:               scm.ErrUnauthorized,
	http.StatusForbidden:                  scm.ErrForbidden,
	http.StatusNotFound:                   scm.ErrNotFound, // also for what one may not see
	http.StatusMethodNotAllowed:           scm.ErrForbidden,
	http.StatusConflict:                   scm.ErrConflict,
	http.StatusGone:                       scm.ErrNotFound,
	http.StatusRequestEntityTooLarge:      scm.ErrInvalid,
	http.StatusUnprocessableEntity:        scm.ErrInvalid,
	http.StatusUnavailableForLegalReasons: scm.ErrForbidden,
}

// refusal is GitHub's no, in its own words.
type refusal struct {
	kind      error // of scm; nil where the code means nothing to us
	code      int
	message   string
	requestID string
	needs     string // the permissions that would have been enough
}

func (e *refusal) Error() string {
	text := fmt.Sprintf("GitHub says %q (status %d", e.message, e.code)
	if e.requestID != "" {
		text += ", request " + e.requestID
	}
	return text + ")"
}

// Unwrap implements the interface of errors.Is.
func (e *refusal) Unwrap() error { return e.kind }

// Hint implements the optional next step of an error.
func (e *refusal) Hint() string {
	switch {
	case e.code == http.StatusUnauthorized:
		return "give a token that is still valid"
	case e.needs != "" && (e.code == http.StatusForbidden || e.code == http.StatusNotFound):
		return "the token needs one of these permissions: " + e.needs
	}
	return ""
}

// ExitCode implements the table of exit codes: credentials.
func (e *refusal) ExitCode() int {
	if e.code == http.StatusUnauthorized || e.code == http.StatusForbidden {
		return 4
	}
	return 1
}

// said puts what went wrong into the words of scm.
func (c *Client) said(err error) error {
	var response *github.ErrorResponse
	var primary *github.RateLimitError
	var secondary *github.AbuseRateLimitError
	var wait *door.WaitError
	switch {
	case errors.As(err, &wait):
		return fmt.Errorf("%w (%w)", &scm.RateLimitedError{RetryAfter: wait.Until.Sub(c.o.Now()).Round(time.Second)}, err)
	case errors.As(err, &primary):
		return &scm.RateLimitedError{RetryAfter: max(primary.Rate.Reset.Sub(c.o.Now()), time.Minute).Round(time.Second)}
	case errors.As(err, &secondary):
		return &scm.RateLimitedError{RetryAfter: max(secondary.GetRetryAfter(), time.Minute)}
	case errors.As(err, &response) && response.Response != nil:
		return refused(response)
	}
	return err
}

func refused(e *github.ErrorResponse) *refusal {
	res := e.Response
	texts := []string{e.Message}
	for _, one := range e.Errors {
		switch {
		case one.Message != "":
			texts = append(texts, one.Message)
		case one.Field != "":
			texts = append(texts, one.Resource+" "+one.Field+" "+one.Code)
		}
	}
	return &refusal{kinds[res.StatusCode], res.StatusCode, door.Excerpt([]byte(strings.Join(texts, ": "))),
		door.Excerpt([]byte(res.Header.Get("X-GitHub-Request-Id"))), door.Excerpt([]byte(res.Header.Get("X-Accepted-GitHub-Permissions")))}
}

// is tells whether GitHub refused with one of these codes.
func is(err error, codes ...int) bool {
	var response *github.ErrorResponse
	if !errors.As(err, &response) || response.Response == nil {
		return false
	}
	for _, code := range codes {
		if response.Response.StatusCode == code {
			return true
		}
	}
	return false
}

// limited tells GitHub's own signs of a limit: no requests remain, or it says so in words. 403 has many meanings, so the
// words count, here alone: https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api.
func (c *Client) limited(res *http.Response, body []byte) (time.Duration, bool) {
	spent := res.Header.Get("X-RateLimit-Remaining") == "0"
	switch {
	case res.StatusCode == http.StatusForbidden && bytes.Contains(body, []byte("secondary rate limit")):
		return 0, true
	case res.StatusCode == http.StatusForbidden && spent,
		res.StatusCode == http.StatusOK && spent && bytes.Contains(body, []byte(`"RATE_LIMITED"`)):
		reset, err := strconv.ParseInt(res.Header.Get("X-RateLimit-Reset"), 10, 64)
		if err != nil {
			return 0, true
		}
		return max(time.Unix(reset, 0).Sub(c.o.Now()), time.Second), true
	}
	return 0, false
}

// again repeats an act that may happen twice, such as setting a field to a value, when its reply was lost.
func again(ctx context.Context, act func(context.Context) error) error {
	var lost *door.LostError
	err := act(ctx)
	for try := 0; try < 2 && errors.As(err, &lost); try++ {
		err = act(ctx)
	}
	return err
}
