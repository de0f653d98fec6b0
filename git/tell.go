package git

import (
	"context"
	"encoding/base64"
	"errors"
	"net/url"
	"slices"
	"strings"
	"unicode"

	"golang.org/x/crypto/ssh/knownhosts"

	"github.com/ferry-cd/ferry/door"
)

// serverError is what went wrong with a server, in words that hold no secret. It matches its kind.
type serverError struct {
	url    string
	kind   error // ErrUnreachable, ErrCredentials ...
	cause  string
	advice string
	ended  error // the context's error, where that was the end
}

func (e *serverError) Error() string {
	if e.cause == "" {
		return e.url + ": " + e.kind.Error()
	}
	return e.url + ": " + e.kind.Error() + ": " + e.cause
}

func (e *serverError) Unwrap() []error {
	return slices.DeleteFunc([]error{e.kind, e.ended}, func(err error) bool { return err == nil })
}

// Hint says what to do next.
func (e *serverError) Hint() string { return e.advice }

// ExitCode sets refused credentials apart.
func (e *serverError) ExitCode() int {
	if errors.Is(e.kind, ErrCredentials) {
		return 4
	}
	return 1
}

// teller makes errors safe to show: secrets are masked in whatever a library or a server says, control characters taken
// out, and nothing of the original error is kept.
func teller(a address, o Options) func(error) error {
	hide := secrets(a.login, o)
	return func(err error) error {
		var told *serverError
		if err == nil || errors.As(err, &told) {
			return err
		}
		told = classify(err)
		told.url = a.text
		told.cause = clean(door.Redact(hide.Replace(causeOf(err))))
		for _, end := range []error{context.Canceled, context.DeadlineExceeded} {
			if errors.Is(err, end) {
				told.ended = end
			}
		}
		return told
	}
}

// secrets masks credentials in all the forms in which they travel.
func secrets(l login, o Options) *strings.Replacer {
	var pairs []string
	hide := func(s string) {
		if s != "" {
			pairs = append(pairs, s, "***")
		}
	}
	secret := l.secret.Reveal()
	if secret == "" {
		secret, l.user = l.user, ""
	}
	// Longer forms first: the replacer takes the first that fits at a place.
	for _, s := range []string{l.user + ":" + secret, secret + ":"} {
		if secret != "" {
			hide(base64.StdEncoding.EncodeToString([]byte(s)))
		}
	}
	hide(url.QueryEscape(secret))
	hide(url.PathEscape(secret))
	hide(secret)
	hide(o.SSHKey.Reveal())
	return strings.NewReplacer(pairs...)
}

// classify finds the meaning of an error by its type, never by its text.
func classify(err error) *serverError {
	var status *statusError
	var key *knownhosts.KeyError
	_, isSaid := said(err)
	switch {
	case errors.As(err, &status):
		return classifyStatus(status.code)
	case errors.Is(err, errSSHLogin):
		return &serverError{kind: ErrCredentials, advice: "hand in a key that the server knows, or start an agent that holds one"}
	case errors.Is(err, errHostKey):
		return &serverError{kind: ErrUnreachable, advice: "add the server's key to known_hosts: ssh-keyscan shows it, compare it with what its owner publishes"}
	case errors.As(err, &key):
		return &serverError{kind: ErrUnreachable, advice: "the server's key is not the one in known_hosts: either it was renewed, or somebody stands in between"}
	case errors.Is(err, ErrTooLarge):
		return &serverError{kind: ErrTooLarge, advice: "a limit protects ferry from servers that send without end"}
	case isSaid:
		return &serverError{kind: ErrNotFound, advice: "check the address, and that the credentials may read this repository"}
	case errors.Is(err, errPack):
		return &serverError{kind: ErrUnreachable, advice: "the server's answer was damaged; try again, and look at proxies in between"}
	}
	return &serverError{kind: ErrUnreachable, advice: "check the address and the network, and try again"}
}

func classifyStatus(code int) *serverError {
	switch code {
	case 401, 403:
		return &serverError{kind: ErrCredentials, advice: "check that the token is valid and may read and write the contents of this repository"}
	case 404, 410:
		return &serverError{kind: ErrNotFound, advice: "check the address; servers also say this of a repository that the token may not see"}
	}
	return &serverError{kind: ErrUnreachable, advice: "the server has a problem; try again later"}
}

// causeOf leaves out the request that the HTTP client puts around an error.
func causeOf(err error) string {
	var request *url.Error
	if errors.As(err, &request) {
		return request.Err.Error()
	}
	if words, ok := said(err); ok {
		return words.Error()
	}
	return err.Error()
}

// clean makes one short line of what others say.
func clean(text string) string {
	text = strings.Map(func(c rune) rune {
		if unicode.IsControl(c) || !unicode.IsPrint(c) {
			return ' '
		}
		return c
	}, strings.ToValidUTF8(text, "?"))
	words := []rune(strings.Join(strings.Fields(text), " "))
	if len(words) > 400 {
		return string(words[:400]) + " ..."
	}
	return string(words)
}
