package main

import (
	"errors"
	"strings"

	"github.com/ferry-cd/ferry/check/policy"
	"github.com/ferry-cd/ferry/environments"
)

// checkPolicies compiles the rules of ferry.yaml and gives what is wrong with them, each at its place.
func checkPolicies(config *environments.Config, src environments.Source) environments.Problems {
	var problems environments.Problems
	for _, p := range config.Policies {
		err := policy.Check(p.Rule)
		if err == nil {
			continue
		}
		problem := environments.Problem{Position: p.From, Message: "the rule of policy " + p.Name + ": " + err.Error()}
		var m *policy.Mistake
		if errors.As(err, &m) {
			if text, err := src.ReadFile(p.From.File); err == nil {
				problem.Position = inside(string(text), p.From, m.Line, m.Column)
			}
		}
		problems = append(problems, problem)
	}
	return problems
}

// withPolicies adds what is wrong with policies to what else is.
func withPolicies(err error, wrong environments.Problems) error {
	var problems environments.Problems
	if len(wrong) == 0 || err != nil && !errors.As(err, &problems) {
		return err
	}
	return append(problems, wrong...)
}

// inside finds the place of a line and column of a text that is written at a place of a file: bare, in quotes, or as a
// block. Where YAML has folded lines or escapes, it is the beginning.
func inside(file string, at environments.Position, line, column int) environments.Position {
	lines := strings.Split(file, "\n")
	if at.Line < 1 || at.Line > len(lines) || at.Column > len(lines[at.Line-1]) {
		return at
	}
	written := lines[at.Line-1][at.Column-1:]
	switch {
	case strings.HasPrefix(written, "|") && at.Line+line <= len(lines):
		block := lines[at.Line]
		at.Column = len(block) - len(strings.TrimLeft(block, " ")) + column
		at.Line += line
	case line > 1 || strings.HasPrefix(written, ">") || strings.Contains(written, `\`):
	case strings.HasPrefix(written, `"`) || strings.HasPrefix(written, "'"):
		at.Column += column
	default:
		at.Column += column - 1
	}
	return at
}
