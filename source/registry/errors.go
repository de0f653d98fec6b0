package registry

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/ferry-cd/ferry/door"
)

// ErrAbsent says that a registry does not have what was asked for.
var ErrAbsent = errors.New("not in the registry")

// AbsentError is ErrAbsent with what was asked for. Some registries say the same of what one may not see.
type AbsentError struct {
	What string
	Said string
}

func (e *AbsentError) Error() string {
	return e.What + " does not exist" + because(e.Said)
}

// Is makes it an ErrAbsent.
func (e *AbsentError) Is(target error) bool { return target == ErrAbsent }

// Hint implements the optional next step of an error.
func (e *AbsentError) Hint() string {
	return "check the name and the tag, and that it was pushed; some registries say the same of what the credentials may not see"
}

// RefusedError says that a registry wants other credentials.
type RefusedError struct {
	What, Host string
	As         string // who was refused; "" = nobody in particular
	Said       string
	Helper     string // a program that may know credentials and was not asked
}

func (e *RefusedError) Error() string {
	as := "without credentials"
	if e.As != "" {
		as = "as " + e.As
	}
	text := fmt.Sprintf("%s does not show %s %s%s", e.Host, e.What, as, because(e.Said))
	if e.Helper != "" {
		text += "; its credentials are kept by the program docker-credential-" + e.Helper + ", which ferry did not start"
	}
	return text
}

// Hint implements the optional next step of an error.
func (e *RefusedError) Hint() string {
	if e.Helper != "" {
		return "--credential-helpers lets ferry start it; or put the credentials themselves into a config.json and name its folder in DOCKER_CONFIG"
	}
	return "docker login " + e.Host + ", or name the folder of a config.json with its credentials in DOCKER_CONFIG; or give the image by digest, then nobody is asked"
}

// ExitCode implements the table of exit codes: refused credentials.
func (e *RefusedError) ExitCode() int { return 4 }

// ContentError says that a registry answered with something that is not what it should be.
type ContentError struct{ What, Why string }

func (e *ContentError) Error() string { return e.What + ": " + e.Why }

func contentf(what, format string, args ...any) error {
	return &ContentError{what, fmt.Sprintf(format, args...)}
}

type unknownHostError struct {
	host string
	err  error
}

func (e *unknownHostError) Error() string { return "there is no host " + e.host }
func (e *unknownHostError) Unwrap() error { return e.err }
func (e *unknownHostError) Hint() string {
	return "check the image's registry; --registry-mirror HOST=MIRROR asks another one in its place"
}

type plainHostError struct{ host string }

func (e *plainHostError) Error() string {
	return e.host + " speaks plain HTTP: everybody on the way could change what it says, and read the credentials"
}
func (e *plainHostError) Hint() string {
	return "--registry-http " + e.host + " allows it, for this host alone"
}
func (e *plainHostError) ExitCode() int { return 2 }

// usageError is a mistake in what was asked for.
type usageError struct{ text string }

func (e *usageError) Error() string { return e.text }
func (e *usageError) ExitCode() int { return 2 }

func because(said string) string {
	if said == "" {
		return ""
	}
	return ": " + said
}

// said gives the messages of a registry's error, in its form; "" where it has another.
func said(body []byte) string {
	var words struct {
		Errors []struct{ Code, Message string }
	}
	if json.Unmarshal(body, &words) != nil {
		return ""
	}
	var all []string
	for _, e := range words.Errors[:min(len(words.Errors), 3)] {
		all = append(all, strings.TrimSpace(e.Code+" "+e.Message))
	}
	return door.Excerpt([]byte(strings.Join(all, "; ")))
}
