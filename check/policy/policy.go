// Package policy judges manifests by the rules that ferry.yaml states as CEL expressions.
//
//	policy.go  rules in, findings out
//	compile.go an expression, compiled once, and what is wrong with it
//
// A rule sees one resource at a time, and nothing else: no clock, no network, no other resource. What it may cost is
// bounded, so that no expression keeps a run from ending.
package policy

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/cel-go/cel"

	"github.com/ferry-cd/ferry/check"
	"github.com/ferry-cd/ferry/render"
)

// Limits of one rule.
const (
	maxCost  = 1_000_000 // of one evaluation, in CEL's units: far above what a rule over a resource of 1 MB needs
	maxFound = 20        // resources that are named
	every    = 1000      // turns of a loop after which a cancelled run is noticed
)

// Judge gives the resources that do not follow the rules, by rule, then in the order of the manifests. The error is about
// rules that cannot be compiled, or a run that was stopped.
func Judge(ctx context.Context, rules []check.Policy, about check.Subject, ms render.Manifests) ([]check.Finding, error) {
	var findings []check.Finding
	var problems []error
	for _, rule := range rules {
		program, err := compile(rule.Rule)
		if err != nil {
			problems = append(problems, fmt.Errorf("%s: policy %q: %w", rule.From, rule.Name, err))
			continue
		}
		found := judge(ctx, program, rule, about, ms)
		if err := ctx.Err(); err != nil {
			return nil, fmt.Errorf("policy %q: %w", rule.Name, err)
		}
		findings = append(findings, found...)
	}
	return findings, errors.Join(problems...)
}

func judge(ctx context.Context, program cel.Program, rule check.Policy, about check.Subject, ms render.Manifests) []check.Finding {
	level := check.Error
	if rule.Warning {
		level = check.Warning
	}
	var found []check.Finding
	more := 0
	for i := range ms {
		text := ask(ctx, program, rule, about, &ms[i])
		switch {
		case text == "":
		case len(found) == maxFound:
			more++
		default:
			found = append(found, check.Finding{Rule: check.PolicyRule, Level: level, File: ms[i].Path,
				Message: fmt.Sprintf("%s: policy %q: %s", ms[i].Identity, rule.Name, text), Hint: "the rule is in " + rule.From})
		}
	}
	if more > 0 {
		found = append(found, check.Finding{Rule: check.PolicyRule, Level: level, Message: fmt.Sprintf("policy %q: %d more resources do not follow it", rule.Name, more)})
	}
	return found
}

// ask gives what is wrong with one resource; "" where it follows the rule. A rule that cannot be evaluated is not followed.
func ask(ctx context.Context, program cel.Program, rule check.Policy, about check.Subject, m *render.Manifest) string {
	object, err := m.Value()
	if err != nil {
		return err.Error()
	}
	result, _, err := program.ContextEval(ctx, map[string]any{
		"object": object, "app": about.App, "environment": about.Environment,
	})
	if err != nil {
		return fmt.Sprintf("%s (the rule cannot be evaluated: %v)", rule.Message, err)
	}
	if followed, ok := result.Value().(bool); !ok || !followed {
		return rule.Message
	}
	return ""
}
