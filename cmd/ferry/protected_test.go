package main

import (
	"strings"
	"testing"

	githubfake "github.com/ferry-cd/ferry/scm/github/fake"
	"github.com/ferry-cd/ferry/scm/scmtest/hosttest"
)

// TestDirectIntoProtected writes an environment without pull requests to a branch that GitHub guards: what GitHub says is
// passed on with the way out, exit code 3, and nothing is called a success.
func TestDirectIntoProtected(t *testing.T) {
	for _, c := range []struct {
		name  string
		guard func(c *clinic)
		want  []string // in the answer; none where GitHub lets ferry pass
	}{
		{"branch protection", func(c *clinic) { c.Protect("main", githubfake.Protection{Rule: githubfake.Rule{Approvals: 1}}) },
			[]string{"dev: main does not take what ferry pushes", "GH006", "Changes must be made through a pull request.", "hint: let ferry's account pass that rule of main"}},
		{"a required status", func(c *clinic) {
			c.Protect("main", githubfake.Protection{Rule: githubfake.Rule{Statuses: []string{"ferry/gates"}}})
		}, []string{"GH006", `Required status check "ferry/gates" is expected.`}},
		{"a ruleset", func(c *clinic) {
			c.AddRuleset(githubfake.Ruleset{Branch: "main", Bypass: "never", Rule: githubfake.Rule{Approvals: 1, Statuses: []string{"ci", "scan"}}})
		}, []string{"GH013", "Changes must be made through a pull request.", "2 of 2 required status checks are expected."}},
		{"a ruleset that ferry may pass", func(c *clinic) {
			c.AddRuleset(githubfake.Ruleset{Branch: "main", Bypass: "always", Rule: githubfake.Rule{Approvals: 1}})
		}, nil},
		{"protection of administrators' own making", func(c *clinic) {
			c.env["FERRY_TOKEN"] = c.Host.Person("root", hosttest.Admin)
			c.Protect("main", githubfake.Protection{Rule: githubfake.Rule{Approvals: 1}})
		}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			at := newClinic(t)
			at.says("{name: dev, merge: auto}", "{name: dev, pullRequest: false}")
			at.push()
			c.guard(at)
			before, _ := at.Repo.Head("main")
			out, code := at.submit()
			after, _ := at.Repo.Head("main")
			if c.want == nil {
				if code != exitOK || !strings.Contains(out, "dev: wrote shop 1.0.0") || after == before {
					t.Errorf("%d, %s", code, out)
				}
				return
			}
			if code != exitRefused || strings.Contains(out, "wrote shop") || after != before {
				t.Errorf("%d, %s", code, out)
			}
			for _, words := range c.want {
				if !strings.Contains(out, words) {
					t.Errorf("%q is not in %s", words, out)
				}
			}
		})
	}
}

// A rule for every branch is for ferry's own two as well: which one to leave out is said.
func TestOwnBranchesProtected(t *testing.T) {
	for branch, run := range map[string]func(c *clinic) (string, int){
		"ferry-sources": func(c *clinic) (string, int) { return c.submit() },
		"ferry-state": func(c *clinic) (string, int) {
			return c.run("hold", "--env", "dev", "--reason", "a look", "--as", "ada")
		},
	} {
		t.Run(branch, func(t *testing.T) {
			t.Parallel()
			at := newClinic(t)
			at.push()
			at.Protect(branch, githubfake.Protection{Rule: githubfake.Rule{Approvals: 1}})
			out, code := run(at)
			if want := "hint: leave " + branch + " out of that rule, or let ferry's account pass it"; code == exitOK || !strings.Contains(out, want) || !strings.Contains(out, "GH006") {
				t.Errorf("%d, %s", code, out)
			}
		})
	}
}
