package scm

import (
	"errors"
	"net/http"
	"slices"
	"time"

	"github.com/ferry-cd/ferry/door"
)

// Translate puts an error of the transport into the words of the contract: a pause that is too long is a
// *RateLimitedError, an answer that is no success the error of Meaning. Other errors stay as they are; a driver that
// knows more from the answer says so itself.
func Translate(err error, now time.Time) error {
	var wait *door.WaitError
	var status *door.StatusError
	switch {
	case errors.As(err, &wait):
		return errors.Join(&RateLimitedError{RetryAfter: wait.Until.Sub(now).Round(time.Second)}, err)
	case errors.As(err, &status):
		if meaning := Meaning(status.Code); meaning != nil {
			return &meant{err, meaning}
		}
	}
	return err
}

// Meaning is what a status code of HTTP means in most APIs; nil where it means nothing in particular.
func Meaning(code int) error {
	switch code {
	case http.StatusUnauthorized:
		return ErrUnauthorized
	case http.StatusForbidden:
		return ErrForbidden
	case http.StatusNotFound, http.StatusGone:
		return ErrNotFound
	case http.StatusConflict, http.StatusPreconditionFailed:
		return ErrConflict
	case http.StatusBadRequest, http.StatusUnprocessableEntity, http.StatusRequestEntityTooLarge:
		return ErrInvalid
	}
	return nil
}

// Meant tells whether an error is one of the contract's already.
func Meant(err error) bool {
	return slices.ContainsFunc([]error{ErrNotFound, ErrConflict, ErrUnauthorized, ErrForbidden, ErrInvalid}, func(kind error) bool { return errors.Is(err, kind) })
}

// meant is an answer with its meaning.
type meant struct{ err, meaning error }

func (e *meant) Error() string   { return e.meaning.Error() + ": " + e.err.Error() }
func (e *meant) Unwrap() []error { return []error{e.meaning, e.err} }
