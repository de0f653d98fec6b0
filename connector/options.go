package connector

import (
	"context"
	"time"

	"github.com/ferry-cd/ferry/git"
	"github.com/ferry-cd/ferry/scm"
)

// Forge is what the connector asks of a forge: to say, and to read what was said. Where it is also an scm.Deployer or an
// scm.BulkReader, that is used.
type Forge interface {
	Statuses(ctx context.Context, sha string) ([]scm.Status, error)
	SetStatus(ctx context.Context, sha string, s scm.Status) (bool, error)
	PullRequests(ctx context.Context, f scm.Filter) ([]scm.PullRequest, error)
	Self(ctx context.Context) (string, error)
}

// Pipelines are those who wait for an end, and those who move on when something became healthy.
type Pipelines interface {
	// Awaits tells whether anybody wants to be told of this end. Where nobody does, nothing is said on the forge either.
	Awaits(v Verdict) bool
	// Continue tells everybody who waits for this promotion how it ended. It comes at least once for each Key; nil means
	// that all who should know were told. An error is tried again later, with the same key.
	Continue(ctx context.Context, v Verdict) error
	// Advance asks for a run of `ferry advance` in a repository, as the configuration names it. why is a sentence for people.
	Advance(ctx context.Context, repository, why string) error
}

// Counter hears what the loop does, for metrics and logs. Its methods answer at once.
type Counter interface {
	// Evaluated is called after each look at everything in a repository.
	Evaluated(repository string, targets int, took time.Duration)
	// Posted is called after each attempt to say something to a forge.
	Posted(destination string, result PostResult)
	// Continued is called after each attempt to tell pipelines.
	Continued(repository string, phase Phase, err error)
	// Troubled is called when something cannot be read, each time that what is said of it changes.
	Troubled(repository, trouble string)
	// Ended is called when an end was delivered for the first time; it took from v.Landed until now.
	Ended(v Verdict, took time.Duration)
}

// PostResult is what became of an attempt.
type PostResult string

// The results of an attempt.
const (
	Delivered PostResult = "delivered"
	Unchanged PostResult = "unchanged" // the forge said so already
	Retried   PostResult = "retried"
	Dropped   PostResult = "parked"
)

// Options say what a Connector looks at and whom it tells.
type Options struct {
	Cluster      Cluster
	ClusterName  string // as the clusters of an environment in ferry.yaml name it; "" where they name none
	Repositories []Repository
	Pipelines    Pipelines   // nil = nobody waits
	Counter      Counter     // nil = nobody counts
	Leading      func() bool // whether this one may write; nil = always
	Now          func() time.Time
	Timing       Timing
	Version      string // of the running ferry, for requires in ferry.yaml
}

// Repository is one GitOps repository.
type Repository struct {
	Name      string   // as the configuration, State and metrics name it
	Addresses []string // under which the engines may know it, beside the one that it is read from
	// Open gives the repository. It is called again now and then, since what was fetched stays in memory.
	Open func(ctx context.Context) (*git.Repository, error)
	// Environments that this connector answers for; empty = all that name its cluster, and those that name none.
	Environments []string
	Units        []Rule      // which units apply what, where that cannot be seen
	Forge        Destination // of the GitOps repository
	// Connect gives Forge where that is not known yet. It is asked again, ever more rarely, until it answers: meanwhile the
	// repository waits, and no other does.
	Connect func(ctx context.Context) (Destination, error)
	// Sources gives where the statuses of a release's source commit go, by the repository that its record names; false
	// where they go nowhere.
	Sources      func(repository string) (Destination, bool)
	PullRequests bool                 // say it on the head of the promotion pull request, too
	Deployments  bool                 // show deployments, where the forge can
	Production   []string             // environments whose deployments are shown as production
	URL          func(Verdict) string // where a person can look; nil = nowhere
}

// Destination is a forge's repository with the credential that writes to it.
type Destination struct {
	Name  string // for people and metrics: github.com/acme/gitops
	Forge Forge
	// Credential names what is used to write; all destinations of one credential share its pace.
	Credential string
	// PerHour is how much may be written in any hour with the credential: 480, below the 500 that GitHub allows of what
	// creates content; negative = as much as Pace allows.
	PerHour int
}

// Timing holds the spans of the loop; a zero field is the default beside it.
type Timing struct {
	Poll     time.Duration // between looks at the heads of a repository that nobody woke: 1m
	Debounce time.Duration // how long a state that is no end must last before it is said: 10s
	Settle   time.Duration // how long Argo CD must say the same before it is believed: 5s
	Pace     time.Duration // between writes with one credential: 1s; negative = none
	Advance  time.Duration // between runs of `ferry advance` that nothing else asks for: 30m; negative = none
	Budget   int           // posts of one context on one commit: 50
	Waiting  int           // posts that wait to be delivered, in memory: 10,000
}
