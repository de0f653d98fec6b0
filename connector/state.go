package connector

import (
	"cmp"
	"maps"
	"slices"
	"time"
)

// State is what a Connector knows, to be shown. It is a copy: nothing in it changes any more.
type State struct {
	Cluster      string            `json:"cluster,omitempty"`
	Leading      bool              `json:"leading"`
	Synced       bool              `json:"synced"` // the cluster is read completely
	Problems     []Problem         `json:"problems,omitempty"`
	Repositories []RepositoryState `json:"repositories"`
}

// RepositoryState is what is known of one GitOps repository. All text in it is safe to be shown as a line.
type RepositoryState struct {
	Name      string    `json:"name"`
	Problem   string    `json:"problem,omitempty"` // why Git or ferry.yaml cannot be read
	Evaluated time.Time `json:"evaluated,omitzero"`
	Verdicts  []Verdict `json:"verdicts"`         // of every target that is looked at, by environment, app and newest first
	Unused    []Ref     `json:"unused,omitempty"` // units that follow the repository and bring no app
	Waiting   int       `json:"waiting"`          // what is still to be said
	Oldest    time.Time `json:"oldest,omitzero"`  // since when the oldest of it waits
	Dropped   int       `json:"dropped,omitempty"`
	Parked    []Parked  `json:"parked,omitempty"`
}

// Parked is something that cannot be said, or not for now.
type Parked struct {
	Destination string    `json:"destination"`
	Commit      string    `json:"commit,omitempty"`  // empty where the whole destination is concerned
	Context     string    `json:"context,omitempty"` // the status, or the promotion that pipelines are not told of
	Why         string    `json:"why"`
	Since       time.Time `json:"since,omitzero"`
	Next        time.Time `json:"next,omitzero"` // when it is tried again; zero = not before it changes
}

// State tells what is known now.
func (c *Connector) State() State {
	s := State{Cluster: c.o.ClusterName, Leading: c.o.Leading(), Synced: c.o.Cluster.Synced(), Problems: c.o.Cluster.Problems()}
	for _, k := range c.keepers {
		k.mu.Lock()
		r := k.state
		k.mu.Unlock()
		s.Repositories = append(s.Repositories, r)
	}
	return s
}

// remember keeps what an evaluation found, to be shown.
func (k *keeper) remember(all []judged, unused []Ref, now time.Time) {
	verdicts := make([]Verdict, 0, len(all))
	for _, j := range all {
		verdicts = append(verdicts, k.standing(j))
	}
	slices.SortFunc(verdicts, func(a, b Verdict) int {
		return cmp.Or(cmp.Compare(a.Environment, b.Environment), cmp.Compare(a.App, b.App), b.Landed.Compare(a.Landed), cmp.Compare(a.Commit, b.Commit))
	})
	k.mu.Lock()
	defer k.mu.Unlock()
	k.state.Verdicts, k.state.Unused, k.state.Evaluated = verdicts, unused, now
}

// publish shows how delivery goes.
func (k *keeper) publish() {
	waiting, oldest, parked := k.outbox.standing()
	parked = append(parked, k.goOn.standing()...)
	k.mu.Lock()
	defer k.mu.Unlock()
	k.state.Waiting, k.state.Oldest, k.state.Parked, k.state.Dropped = waiting, oldest, parked, k.outbox.dropped
}

func (o *outbox) standing() (waiting int, oldest time.Time, parked []Parked) {
	for _, name := range slices.Sorted(maps.Keys(o.lines)) {
		if l := o.lines[name]; l.err != nil {
			parked = append(parked, Parked{Destination: name, Why: line(l.err.Error()), Since: l.since, Next: l.blocked})
		}
	}
	var stuck []*letter
	for _, l := range o.letters {
		if l.parked != nil {
			stuck = append(stuck, l)
			continue
		}
		waiting++
		oldest = earliest(oldest, l.since)
	}
	slices.SortFunc(stuck, (*letter).compare)
	for _, l := range stuck[:min(len(stuck), shownParked)] {
		parked = append(parked, Parked{Destination: l.destination, Commit: l.sha, Context: l.context, Why: line(l.parked.Error()), Since: l.since})
	}
	return waiting, oldest, append(parked, o.memory.contested()...)
}

// contested names where another account says over what this one had said: two who answer for one place.
func (m *memory) contested() []Parked {
	var out []Parked
	for at, k := range m.slots {
		if k.rival != "" {
			out = append(out, Parked{Destination: at.destination, Commit: at.sha, Context: at.context, Since: k.Time,
				Why: line(k.rival + " says this, too: of two connectors, each needs a cluster or environments of its own")})
		}
	}
	slices.SortFunc(out, func(a, b Parked) int {
		return cmp.Or(cmp.Compare(a.Commit, b.Commit), cmp.Compare(a.Context, b.Context), cmp.Compare(a.Destination, b.Destination))
	})
	return out[:min(len(out), shownParked)]
}

// shownParked is how many letters are named that cannot be delivered; more say the same.
const shownParked = 100

func (c *continuer) standing() []Parked {
	var out []Parked
	for _, name := range slices.Sorted(maps.Keys(c.tasks)) {
		if t := c.tasks[name]; t.err != nil && len(out) < shownParked {
			out = append(out, Parked{Destination: "pipelines", Commit: t.verdict.Commit, Context: t.verdict.Key(), Why: line(t.err.Error()), Next: t.due})
		}
	}
	if c.next.err != nil {
		out = append(out, Parked{Destination: "pipelines", Context: "ferry advance", Why: line(c.next.err.Error()), Next: c.next.due})
	}
	return out
}
