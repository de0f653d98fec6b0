package scm

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/ferry-cd/ferry/door"
)

func TestTranslate(t *testing.T) {
	for code, want := range map[int]error{400: ErrInvalid, 401: ErrUnauthorized, 403: ErrForbidden, 404: ErrNotFound, 409: ErrConflict, 410: ErrNotFound,
		412: ErrConflict, 413: ErrInvalid, 422: ErrInvalid, 500: nil, 405: nil} {
		err := Translate(fmt.Errorf("open: %w", &door.StatusError{Code: code, Method: "GET", Path: "/x", RequestID: "r-1"}), time.Time{})
		if want != nil && !errors.Is(err, want) || !strings.Contains(err.Error(), "r-1") {
			t.Errorf("%d: %v", code, err)
		}
		var status *door.StatusError
		if !errors.As(err, &status) || status.Code != code {
			t.Errorf("%d: the answer is lost in %v", code, err)
		}
	}
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	var limited *RateLimitedError
	if err := Translate(&door.WaitError{Until: now.Add(time.Hour)}, now); !errors.As(err, &limited) || limited.RetryAfter != time.Hour {
		t.Error(err)
	}
	if Translate(nil, now) != nil || !errors.Is(Translate(io.EOF, now), io.EOF) {
		t.Error("what is no failure of the transport changed")
	}
}
