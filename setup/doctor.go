// Package setup helps before the first promotion, and when none comes.
//
//	doctor.go    Examine: what keeps promotions from working, each with its cause and what mends it
//	forge.go     what is asked of the forge: permissions, rules of branches, people, limits
//	state.go     what is asked of the repository: configuration, environments, reports of health
package setup

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/ferry-cd/ferry/environments"
	"github.com/ferry-cd/ferry/git"
	"github.com/ferry-cd/ferry/promote"
	"github.com/ferry-cd/ferry/release"
	"github.com/ferry-cd/ferry/scm"
)

// Finding is one thing that is wrong, or will be.
type Finding struct {
	ID       string   `json:"id"`       // what kind: token-expires
	Severity Severity `json:"severity"` // error: promotions do not work; warning: something is not as safe or as quick as it seems
	What     string   `json:"what"`
	Why      string   `json:"why"`
	Fix      string   `json:"fix"`
}

// Severity of a finding.
type Severity string

// The severities.
const (
	Bad     Severity = "error"
	Warning Severity = "warning"
)

// Subject is what is examined. What is nil is not asked.
type Subject struct {
	Promoter *promote.Promoter
	Forge    scm.Client
	Remote   string // of the repository, without credentials
	Signs    bool   // ferry's commits are verified ones: with a key of its own, or by the forge
	Now      time.Time
	// Time asks the forge for its time.
	Time func(ctx context.Context) (time.Time, error)
	// Address tells what is wrong with the place that a variable names in notify.
	Address func(variable string) error
	// Policies tells what is wrong with the policies of a configuration.
	Policies func(*environments.Config, environments.Source) environments.Problems
	// Image tells whether an image is in its registry and may be read.
	Image func(ctx context.Context, name, digest string) error
}

// examination is a subject with what was learnt of it.
type examination struct {
	Subject
	self     string
	snapshot *promote.Snapshot
	found    []Finding
}

func (e *examination) add(id string, s Severity, what, why, fix string) {
	f := Finding{id, s, what, why, fix}
	if !slices.Contains(e.found, f) {
		e.found = append(e.found, f)
	}
}

// Examine finds what is wrong, the worst first. It writes nothing. Whatever cannot be asked is a finding, too.
func Examine(ctx context.Context, s Subject) []Finding {
	e := &examination{Subject: s}
	if e.forge(ctx) && e.repository(ctx) {
		e.files(ctx)
		e.rules(ctx)
		e.people(ctx)
		e.names()
		e.state(ctx)
		e.plan(ctx)
		e.outside(ctx)
	}
	slices.SortStableFunc(e.found, func(a, b Finding) int {
		return strings.Compare(string(a.Severity), string(b.Severity)) // "error" comes before "warning"
	})
	return e.found
}

// Unopened is the finding where the repository or its forge could not even be opened.
func Unopened(err error) Finding {
	f := Finding{"repository", Bad, "the GitOps repository cannot be opened", err.Error(), hintOf(err, "give --repo, or set FERRY_REPO")}
	var code interface{ ExitCode() int }
	switch {
	case errors.Is(err, scm.ErrUnauthorized):
		f = refusedToken(err)
	case errors.As(err, &code) && code.ExitCode() == 4:
		f.ID, f.What, f.Fix = "credentials", "there are no credentials that the repository takes", hintOf(err, "set FERRY_TOKEN; docs/forges.md says which permissions it needs")
	case errors.Is(err, git.ErrNotFound):
		f.ID, f.Fix = "repository-missing", "look at the address; a repository that a token may not read is not there for it either"
	}
	return f
}

func refusedToken(err error) Finding {
	return Finding{"token-refused", Bad, "the forge refuses ferry's token", err.Error(), "make a new one; it is wrong, withdrawn or over"}
}

// hintOf gives the next step that an error knows.
func hintOf(err error, otherwise string) string {
	var h interface{ Hint() string }
	if errors.As(err, &h) && h.Hint() != "" {
		return h.Hint()
	}
	return otherwise
}

// placements gives everything that lies on the forge, by environment.
func (e *examination) placements() []environments.Placement { return e.snapshot.Config.Placements() }

// bases gives the branches that are merged into, the default branch first.
func (e *examination) bases() []string {
	all := []string{e.snapshot.DefaultBranch}
	for _, p := range e.placements() {
		if p.Branch != "" && !slices.Contains(all, p.Branch) {
			all = append(all, p.Branch)
		}
	}
	return all
}

// own are the branches that ferry alone pushes to.
func (e *examination) own() []string {
	all := []string{release.StateBranch, release.SourcesBranch}
	for _, p := range e.placements() {
		if p.PullRequest {
			return append(all, release.PromotionBranch(p.Environment, p.Unit))
		}
	}
	return all
}

// quantity puts a number before a word.
func quantity(n int, word string) string {
	if n == 1 {
		return "one " + word
	}
	return fmt.Sprintf("%d %ss", n, word)
}
