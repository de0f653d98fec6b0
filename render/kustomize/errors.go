package kustomize

import (
	"fmt"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Problem is one mistake in a kustomization, or one thing in it that a render must not do.
type Problem struct {
	File   string
	Line   int // 0 = unknown
	Column int
	Field  string // as in the kustomization: resources, patches, ...
	Entry  string // what the field says
	Reason string
	hint   string
	policy bool // refused, not broken
}

func (p *Problem) Error() string {
	var b strings.Builder
	b.WriteString(p.File)
	if p.Line > 0 {
		b.WriteString(":" + strconv.Itoa(p.Line) + ":" + strconv.Itoa(p.Column))
	}
	b.WriteString(": ")
	if p.Field != "" {
		fmt.Fprintf(&b, "%s: ", p.Field)
	}
	if p.Entry != "" {
		fmt.Fprintf(&b, "%q ", shorten(p.Entry))
	}
	b.WriteString(p.Reason)
	return b.String()
}

// Hint is what to do next, "" where the reason says it.
func (p *Problem) Hint() string { return p.hint }

// ExitCode tells a refusal from a mistake.
func (p *Problem) ExitCode() int {
	if p.policy {
		return 3
	}
	return 1
}

// shorten keeps an inline plugin or patch from filling the screen.
func shorten(entry string) string {
	line, rest, more := strings.Cut(strings.TrimSpace(entry), "\n")
	if more && strings.TrimSpace(rest) != "" {
		return line + " ..."
	}
	return line
}

// at finds the place of an entry in the text of a kustomization: the first scalar that is equal to it, alone or after a
// key and an equals sign.
func at(text []byte, entry string) (line, column int) {
	var doc yaml.Node
	if err := yaml.Unmarshal(text, &doc); err != nil || entry == "" {
		return 0, 0
	}
	if n := find(&doc, entry); n != nil {
		return n.Line, n.Column
	}
	return 0, 0
}

func find(n *yaml.Node, value string) *yaml.Node {
	if n.Kind == yaml.ScalarNode && (n.Value == value || strings.HasSuffix(n.Value, "="+value)) {
		return n
	}
	for _, child := range n.Content {
		if found := find(child, value); found != nil {
			return found
		}
	}
	return nil
}
