package gates

import (
	"strings"
	"time"

	"github.com/ferry-cd/ferry/release"
)

// State of a commit status. Anything that is none of these never passes.
type State string

// The states a status can have.
const (
	Success    State = "success"
	Failure    State = "failure"
	Pending    State = "pending"
	Superseded State = "superseded"
)

// Status is one commit status. Creator and Time are the forge's words, not the reporter's.
type Status struct {
	Context string
	State   State
	Creator string
	Text    string
	Time    time.Time
}

// Commit is a commit of an environment's branch with what was reported on it.
type Commit struct {
	ID       string
	Time     time.Time // committer time: a foreign clock, see timeline.go
	Statuses []Status  // the whole history of all contexts, newest first
}

// Stretch is a run of consecutive commits of an environment's branch in which the app's folder has one tree, so that
// all of them put the same thing into the environment. Runs with the same tree may be joined into one.
type Stretch struct {
	Release release.Release
	Inputs  string   // the record's digest of the configuration that was read
	Commits []Commit // newest first
	// Withdrawn lists decisions of people against this release here: a rollback, a rejection.
	Withdrawn []Withdrawal
}

// Withdrawal takes back the proof that stood at its time; a success after it counts again.
type Withdrawal struct {
	Time   time.Time
	Reason string // "rolled back to 1.3.9 by ada: checkout is slow"
}

// Head is the commit that a promotion would merge.
type Head struct {
	ID     string
	Author string    // who opened the pull request; never approves it
	Pushed time.Time // when ID got there, by the forge's clock
	// Same lists earlier heads with the same content, as after moving to a newer base: their approvals count.
	Same     []string
	Statuses []Status // newest first
}

// Decision of a review.
type Decision string

// The decisions that count; any other review is talk.
const (
	Approved         Decision = "approved"
	ChangesRequested Decision = "changes-requested"
)

// Review is one person's word on a pull request.
type Review struct {
	Author   string
	Decision Decision
	SHA      string // the head that was reviewed; "" where the forge does not tell
	Time     time.Time
	Outsider bool // the forge does not say that the author may write to the repository
}

// Hold is a person's "stop here".
type Hold struct {
	App         string // "" = every app
	Environment string // "" = every environment
	Reason      string
	By          string
	Until       time.Time // exclusive; zero = until someone resumes
}

// match compares a name with a pattern in which * stands for any characters, slashes too: reporters put them into
// their contexts as they please (kustomization/shop/0c9c2e41).
func match(pattern, name string) bool {
	parts := strings.Split(pattern, "*")
	if len(parts) == 1 {
		return pattern == name
	}
	first, last := parts[0], parts[len(parts)-1]
	if len(name) < len(first)+len(last) || !strings.HasPrefix(name, first) || !strings.HasSuffix(name, last) {
		return false
	}
	name = name[len(first) : len(name)-len(last)]
	for _, part := range parts[1 : len(parts)-1] {
		_, after, found := strings.Cut(name, part)
		if !found {
			return false
		}
		name = after
	}
	return true
}

func short(id string) string {
	if len(id) > 7 {
		return id[:7]
	}
	return id
}
