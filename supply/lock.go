package supply

import (
	"bytes"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"

	"go.yaml.in/yaml/v3"
)

// LockName is the file, in the folder that is stored with a release, that says at which content everything is that the
// folder needs from elsewhere.
const LockName = "ferry.lock"

const (
	lockVersion = 1
	maxLock     = 4 << 20
)

// Lock is ferry.lock.
type Lock struct{ Needs []Locked }

// Locked is one need at one content.
type Locked struct {
	In      string `json:"in"`                // the file that names it
	Asks    string `json:"asks"`              // what it names
	Version string `json:"version,omitempty"` // of a chart: what the range became
	Digest  string `json:"digest,omitempty"`  // sha256:... of a chart's archive, of an OCI manifest, or of a file
	Commit  string `json:"commit,omitempty"`  // of a Git repository
}

func (l Lock) find(in, asks string) (Locked, bool) {
	i := slices.IndexFunc(l.Needs, func(n Locked) bool { return n.In == in && n.Asks == asks })
	if i < 0 {
		return Locked{}, false
	}
	return l.Needs[i], true
}

// Marshal writes the file: the same for the same needs.
func (l Lock) Marshal() ([]byte, error) {
	type item struct {
		In      string `yaml:"in"`
		Asks    string `yaml:"asks"`
		Version string `yaml:"version,omitempty"`
		Digest  string `yaml:"digest,omitempty"`
		Commit  string `yaml:"commit,omitempty"`
	}
	doc := struct {
		Version int    `yaml:"version"`
		Needs   []item `yaml:"needs"`
	}{Version: lockVersion}
	sorted := slices.SortedFunc(slices.Values(l.Needs), func(a, b Locked) int {
		return slices.Compare([]string{a.In, a.Asks}, []string{b.In, b.Asks})
	})
	for _, n := range sorted {
		doc.Needs = append(doc.Needs, item(n))
	}
	var out bytes.Buffer
	out.WriteString("# Written by ferry vendor; do not edit. What this folder needs from elsewhere, each at one content.\n")
	e := yaml.NewEncoder(&out)
	e.SetIndent(2)
	if err := e.Encode(doc); err != nil {
		return nil, fmt.Errorf("write %s: %w", LockName, err)
	}
	return out.Bytes(), nil
}

// LockError is everything that is wrong with a ferry.lock.
type LockError struct{ Problems []string }

func (e *LockError) Error() string { return strings.Join(e.Problems, "\n") }

// Hint is the next step.
func (e *LockError) Hint() string { return "write it anew: ferry vendor --update" }

// ExitCode is that of wrong input.
func (e *LockError) ExitCode() int { return 2 }

// ParseLock reads what Marshal wrote, strictly; all mistakes are told at once. file names it in messages.
func ParseLock(file string, data []byte) (Lock, error) {
	p := &lockParser{file: file}
	var doc yaml.Node
	switch err := yaml.Unmarshal(data, &doc); {
	case len(data) > maxLock:
		p.problems = append(p.problems, fmt.Sprintf("%s: it has more than %d bytes", file, maxLock))
	case err != nil:
		p.problems = append(p.problems, file+": "+strings.TrimPrefix(err.Error(), "yaml: "))
	case len(doc.Content) == 0:
		p.problems = append(p.problems, file+": it is empty")
	default:
		p.root(doc.Content[0])
	}
	if len(p.problems) > 0 {
		return Lock{}, &LockError{p.problems}
	}
	return p.lock, nil
}

type lockParser struct {
	file     string
	lock     Lock
	problems []string
}

func (p *lockParser) blame(n *yaml.Node, format string, args ...any) {
	p.problems = append(p.problems, p.file+":"+strconv.Itoa(n.Line)+":"+strconv.Itoa(n.Column)+": "+fmt.Sprintf(format, args...))
}

// object visits the keys of a mapping; each may be there once, and no other may be.
func (p *lockParser) object(n *yaml.Node, what string, known map[string]func(*yaml.Node)) map[string]bool {
	seen := map[string]bool{}
	if n.Kind != yaml.MappingNode {
		p.blame(n, "%s must be a mapping", what)
		return nil
	}
	for i := 0; i < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		read, ok := known[key.Value]
		switch {
		case !ok:
			p.blame(key, "%s has an unknown key %q", what, clip(key.Value))
		case seen[key.Value]:
			p.blame(key, "%s has %q twice", what, key.Value)
		default:
			read(value)
		}
		seen[key.Value] = true
	}
	return seen
}

func (p *lockParser) root(n *yaml.Node) {
	seen := p.object(n, "the lock", map[string]func(*yaml.Node){
		"version": func(v *yaml.Node) {
			if v.Value != strconv.Itoa(lockVersion) {
				p.blame(v, "version %q is not known; this ferry reads version %d", clip(v.Value), lockVersion)
			}
		},
		"needs": func(v *yaml.Node) {
			if v.Kind != yaml.SequenceNode {
				p.blame(v, "needs must be a list")
				return
			}
			for _, item := range v.Content {
				p.need(item)
			}
		},
	})
	if seen != nil && !seen["version"] {
		p.blame(n, "the lock has no version")
	}
}

var commitForm = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^([0-9a-f]{40}|[0-9a-f]{64})$`)
})

func (p *lockParser) need(n *yaml.Node) {
	var l Locked
	text := func(into *string, form *regexp.Regexp, what string) func(*yaml.Node) {
		return func(v *yaml.Node) {
			switch {
			case v.Kind != yaml.ScalarNode || v.Value == "":
				p.blame(v, "%s must be a text", what)
			case form != nil && !form.MatchString(v.Value):
				p.blame(v, "%q is no %s", clip(v.Value), what)
			}
			*into = v.Value
		}
	}
	seen := p.object(n, "the need", map[string]func(*yaml.Node){
		"in": text(&l.In, nil, "in"), "asks": text(&l.Asks, nil, "asks"), "version": text(&l.Version, nil, "version"),
		"digest": text(&l.Digest, digestForm(), "digest: sha256: and 64 hex digits"), "commit": text(&l.Commit, commitForm(), "full commit id"),
	})
	switch {
	case seen == nil:
	case !seen["in"] || !seen["asks"]:
		p.blame(n, "the need does not say who asks for what")
	case seen["digest"] == seen["commit"]:
		p.blame(n, "the need must have a digest or a commit, one of the two")
	default:
		if _, twice := p.lock.find(l.In, l.Asks); twice {
			p.blame(n, "%s asks for %q twice", clip(l.In), clip(l.Asks))
		}
	}
	p.lock.Needs = append(p.lock.Needs, l)
}

func clip(s string) string {
	const most = 100
	if r := []rune(s); len(r) > most {
		return string(r[:most]) + "..."
	}
	return s
}
