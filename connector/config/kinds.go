package config

import (
	"errors"
	"fmt"
	"net"
	"regexp"
	"strconv"
	"strings"
	"sync"

	"github.com/ferry-cd/ferry/environments"
)

// The kinds of text in connector.yaml that ferry.yaml has not.
type (
	namespace     string
	objectName    string
	unitKind      string
	filePath      string
	envName       string
	listenAddress string
	urlPattern    string
	outcome       string
	slug          string
	project       string
	azureProject  string
	workflow      string
	refName       string
	eventName     string
	inputName     string
	input         string
)

// Ends of a promotion, and the word that starts ferry advance.
const (
	Healthy    = "healthy"
	Failed     = "failed"
	Superseded = "superseded"
	TimedOut   = "timed-out"
	Closed     = "closed"
	Advance    = "advance"
)

var ends = []string{Healthy, Failed, Superseded, TimedOut, Closed}

const label = `[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?`

// Rule implements environments.Kind.
func (namespace) Rule() environments.Rule {
	return environments.Rule{Name: "a namespace", Pattern: `^` + label + `$`}
}

// Rule implements environments.Kind.
func (objectName) Rule() environments.Rule {
	return environments.Rule{Name: "the name of an object", Pattern: `^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$`}
}

// Rule implements environments.Kind.
func (unitKind) Rule() environments.Rule {
	return environments.Rule{Enum: []string{"Kustomization", "HelmRelease", "Application"}}
}

// Rule implements environments.Kind.
func (filePath) Rule() environments.Rule {
	return environments.Rule{Name: "the path of a file", Pattern: `^[^\x00-\x1f\x7f]+$`}
}

// Rule implements environments.Kind.
func (envName) Rule() environments.Rule {
	return environments.Rule{Name: "the name of an environment variable", Pattern: `^[A-Za-z_][A-Za-z0-9_]{0,255}$`}
}

// Rule implements environments.Kind.
func (listenAddress) Rule() environments.Rule {
	return environments.Rule{Name: "an address to listen on", Check: func(s string) error {
		_, port, err := net.SplitHostPort(s)
		if n, perr := strconv.Atoi(port); err != nil || perr != nil || n < 0 || n > 65535 {
			return errors.New("write it as :8080 or 127.0.0.1:8080")
		}
		return nil
	}}
}

// Rule implements environments.Kind.
func (urlPattern) Rule() environments.Rule {
	return environments.Rule{Name: "an address, with * for any text", Pattern: `^((ssh://)?git@)?[^\s@]+$`}
}

// Rule implements environments.Kind.
func (outcome) Rule() environments.Rule {
	return environments.Rule{Enum: append(append([]string{}, ends...), Advance)}
}

// Rule implements environments.Kind.
func (slug) Rule() environments.Rule {
	return environments.Rule{Name: "a repository as OWNER/NAME", Pattern: `^[A-Za-z0-9][-A-Za-z0-9_.]{0,99}/[A-Za-z0-9_.-]{1,100}$`, Check: noDots}
}

// Rule implements environments.Kind.
func (project) Rule() environments.Rule {
	return environments.Rule{Name: "the path of a project", Pattern: `^[A-Za-z0-9_][-A-Za-z0-9_.]*(/[A-Za-z0-9_][-A-Za-z0-9_.]*)+$`, Check: noDots}
}

// Rule implements environments.Kind.
func (azureProject) Rule() environments.Rule {
	return environments.Rule{Name: "a project", Pattern: `^[^\x00-\x1f\x7f/\\?#%:*"<>|]{1,64}$`, Check: noDots}
}

// Rule implements environments.Kind.
func (workflow) Rule() environments.Rule {
	return environments.Rule{Name: "the file of a workflow", Pattern: `^[A-Za-z0-9_][-A-Za-z0-9_.]{0,200}\.ya?ml$`}
}

// Rule implements environments.Kind.
func (refName) Rule() environments.Rule {
	return environments.Rule{Name: "a branch or tag", Pattern: `^[A-Za-z0-9_][-A-Za-z0-9_./+@]{0,250}$`, Check: noDots}
}

// Rule implements environments.Kind.
func (eventName) Rule() environments.Rule {
	return environments.Rule{Name: "the type of an event", Pattern: `^[A-Za-z0-9_][-A-Za-z0-9_.]{0,99}$`}
}

// Rule implements environments.Kind.
func (inputName) Rule() environments.Rule {
	return environments.Rule{Name: "the name of an input", Pattern: `^[A-Za-z_][-A-Za-z0-9_]{0,99}$`}
}

// Rule implements environments.Kind.
func (input) Rule() environments.Rule {
	return environments.Rule{Name: "text with placeholders", Check: checkPlaceholders}
}

// noDots refuses what would climb in an address that it is put into.
func noDots(s string) error {
	for part := range strings.SplitSeq(s, "/") {
		if strings.Trim(part, ".") == "" {
			return errors.New("a part of it is empty or only dots")
		}
	}
	return nil
}

// Placeholders are the words that are filled into inputs and variables.
var Placeholders = []string{"environment", "app", "cluster", "commit", "outcome", "version", "source", "repository", "key"}

var placeholder = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`\{([^{}]*)\}`)
})

func checkPlaceholders(s string) error {
	if len(s) > 1000 {
		return errors.New("it has more than 1,000 bytes")
	}
	for _, found := range placeholder().FindAllStringSubmatch(s, -1) {
		known := false
		for _, p := range Placeholders {
			known = known || p == found[1]
		}
		if !known {
			return &noPlaceholder{found[1]}
		}
	}
	return nil
}

type noPlaceholder struct{ name string }

func (e *noPlaceholder) Error() string {
	return fmt.Sprintf("there is no placeholder {%s}", e.name)
}
func (e *noPlaceholder) Hint() string { return environments.DidYouMean(e.name, Placeholders) }
