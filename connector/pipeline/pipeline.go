// Package pipeline tells pipelines that what they waited for has ended: it starts them, or lets them go on. Where a message
// goes is the operator's word alone: nothing of a commit, a release or an event chooses a host, a project or a workflow.
//
//	pipeline.go  whom a promotion's end concerns, and who was told already
//	message.go   what is said; the same for everybody, in each host's form
//	host.go      the way out: one host, no redirect to another, no private address unless that was said
//	try.go       what ferry connector check asks: nothing that has an effect
//	github.go    workflow_dispatch, repository_dispatch, the status of a deployment
//	gitlab.go    a new pipeline, or a manual job in the one that built the release
//	azure.go     a run, or an agentless task in the run that built the release
//	gitea.go     workflow dispatch
//	webhook.go   any other: a signed message, as Standard Webhooks has it
package pipeline

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/ferry-cd/ferry/connector"
)

// Host is where a pipeline runs.
type Host interface {
	// Tell delivers a message. It may deliver it again when it came before: whoever receives it knows it by its key.
	// ErrNobody where nobody can be waiting.
	Tell(ctx context.Context, m Message) error
	// Try asks what can be asked without an effect, and says in a line what was found.
	Try(ctx context.Context) (string, error)
}

// ErrNobody says that nobody waits there: the release was not built there, or the run is over.
var ErrNobody = errors.New("nobody waits there")

// Pipeline is one that goes on.
type Pipeline struct {
	Name string
	Host Host
	// When are the ends that it is told; Advance asks it to run ferry advance.
	When    []connector.Phase
	Advance bool
	// Concerns tells whether it is for these; app and environment are empty for Advance. nil is for all.
	Concerns func(repository, environment, app string) bool
}

// Pipelines are all that a connector tells. It implements connector.Pipelines.
type Pipelines struct {
	all  []Pipeline
	seen func(Told)

	mu   sync.Mutex
	told map[string]bool
	keys []string
}

var _ connector.Pipelines = (*Pipelines)(nil)

// Told is one attempt to tell a pipeline.
type Told struct {
	Pipeline, Key string
	Err           error // ErrNobody where nobody waits
}

// New gathers pipelines. seen is told of every attempt; nil tells nobody.
func New(seen func(Told), all ...Pipeline) *Pipelines {
	if seen == nil {
		seen = func(Told) {}
	}
	return &Pipelines{all: all, seen: seen, told: map[string]bool{}}
}

// Continue tells every pipeline that waits for this end. When some could not be told the error names them, and only those
// are told when it is called again.
func (p *Pipelines) Continue(ctx context.Context, v connector.Verdict) error {
	return p.tell(ctx, ended(v), func(one Pipeline) bool { return one.awaits(v) })
}

// Awaits implements connector.Pipelines.
func (p *Pipelines) Awaits(v connector.Verdict) bool {
	return slices.ContainsFunc(p.all, func(one Pipeline) bool { return one.awaits(v) })
}

func (p Pipeline) awaits(v connector.Verdict) bool {
	return slices.Contains(p.When, v.Phase) && p.concerns(v.Repository, v.Environment, v.App)
}

// Advance asks for a run of ferry advance wherever that was configured for the repository.
func (p *Pipelines) Advance(ctx context.Context, repository, why string) error {
	return p.tell(ctx, advance(repository, why), func(one Pipeline) bool { return one.Advance && one.concerns(repository, "", "") })
}

// Advances tells whether anybody runs ferry advance for a repository.
func (p *Pipelines) Advances(repository string) bool {
	for _, one := range p.all {
		if one.Advance && one.concerns(repository, "", "") {
			return true
		}
	}
	return false
}

func (p Pipeline) concerns(repository, environment, app string) bool {
	return p.Concerns == nil || p.Concerns(repository, environment, app)
}

func (p *Pipelines) tell(ctx context.Context, m Message, wanted func(Pipeline) bool) error {
	var errs []error
	for _, one := range p.all {
		if !wanted(one) || p.knows(one.Name, m.Key) {
			continue
		}
		err := one.Host.Tell(ctx, m)
		p.seen(Told{one.Name, m.Key, err})
		if err != nil && !errors.Is(err, ErrNobody) {
			errs = append(errs, fmt.Errorf("tell pipeline %s that %s: %w", one.Name, m.says(), err))
			continue
		}
		p.remember(one.Name, m.Key)
	}
	return errors.Join(errs...)
}

// maxTold bounds what is remembered; what was forgotten may be told again, with the same key.
const maxTold = 10_000

// knows tells whether a pipeline was told by this process. A message without a key is news each time.
func (p *Pipelines) knows(name, key string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return key != "" && p.told[name+" "+key]
}

func (p *Pipelines) remember(name, key string) {
	if key == "" {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.told[name+" "+key] = true
	if p.keys = append(p.keys, name+" "+key); len(p.keys) > maxTold {
		delete(p.told, p.keys[0])
		p.keys = p.keys[1:]
	}
}
