package door

import (
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode"
)

// LostError says that a request was sent and its reply never came whole: what it asked for may have happened. Look
// before you ask again.
type LostError struct {
	Method, Path string
	Err          error
}

func (e *LostError) Error() string {
	return fmt.Sprintf("%s %s: the reply was lost: %v", e.Method, e.Path, e.Err)
}

// Unwrap implements the interface of errors.Is.
func (e *LostError) Unwrap() error { return e.Err }

// Lost tells whether what was asked for may have happened although its reply never came.
func Lost(err error) bool {
	var lost *LostError
	return errors.As(err, &lost)
}

// WaitError says that the server wants a longer pause than this run may wait.
type WaitError struct{ Until time.Time }

func (e *WaitError) Error() string {
	return "the server asks for a pause until " + e.Until.UTC().Format("2006-01-02 15:04:05 MST") + ", longer than this run may wait"
}

// Hint implements the optional next step of an error.
func (e *WaitError) Hint() string {
	return "run the same command again later; it continues where it stopped"
}

// StatusError is an answer that is no success.
type StatusError struct {
	Code         int
	Method, Path string
	RequestID    string // the server's own name for the exchange, for its operators
	Body         string // what it said, short and printable
}

func (e *StatusError) Error() string {
	text := fmt.Sprintf("%s %s: status %d", e.Method, e.Path, e.Code)
	if e.Body != "" {
		text += ": " + e.Body
	}
	if e.RequestID != "" {
		text += " (request " + e.RequestID + ")"
	}
	return text
}

// ExitCode implements the table of exit codes: refused credentials.
func (e *StatusError) ExitCode() int {
	if e.Code == 401 {
		return 4
	}
	return 1
}

// Refusal gives the status and the words of an answer that is no success; 0 where err is none.
func Refusal(err error) (code int, said string) {
	var refused *StatusError
	if errors.As(err, &refused) {
		return refused.Code, refused.Body
	}
	return 0, ""
}

const shown = 300 // characters of a server's answer in an error

// Excerpt makes one short line of what a server said: no control characters, no secrets.
func Excerpt(body []byte) string {
	if len(body) > 16*shown {
		body = body[:16*shown]
	}
	s := strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.IsSpace(r) {
			return ' '
		}
		if unicode.Is(unicode.Cf, r) { // direction marks and other characters that nobody sees
			return -1
		}
		return r
	}, strings.ToValidUTF8(string(body), "\uFFFD"))
	rs := []rune(Redact(strings.Join(strings.Fields(s), " ")))
	if len(rs) > shown {
		return string(rs[:shown]) + "…"
	}
	return string(rs)
}
