package gates

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/ferry-cd/ferry/environments"
	"github.com/ferry-cd/ferry/release"
)

// Standing of a (release, configuration) in an environment.
type Standing string

// The standings; only Healthy is proven.
const (
	Healthy   Standing = "healthy"
	InDoubt   Standing = "pending"    // reported on, not yet decided
	Failed    Standing = "failed"     // a failure came later than every success
	Withdrawn Standing = "withdrawn"  // a person took the proof back
	Replaced  Standing = "superseded" // something else went live before this was seen healthy
	Missing   Standing = "missing"    // nobody reported
	Untrusted Standing = "untrusted"  // only those reported whose word does not count
	Absent    Standing = "absent"     // not on the environment's branch
)

// Proof says whether a (release, configuration) is proven in an environment.
type Proof struct {
	Environment string    `json:"environment"`
	Proven      bool      `json:"proven"`
	State       Standing  `json:"state"`
	Since       time.Time `json:"since,omitzero"`   // proven without a break from here on; set when Proven
	Merged      time.Time `json:"merged,omitzero"`  // committer time of the first commit that carries it
	Commit      string    `json:"commit,omitempty"` // a commit that proves it, else the newest that carries it
	Why         string    `json:"why"`              // for people, without the environment's name
	Hint        string    `json:"hint,omitempty"`
	Ignored     []string  `json:"ignored,omitempty"` // creators whose statuses do not count, sorted
	// Due is when machines should have reported: the deadline of the environment after Merged; zero where there is none.
	Due time.Time `json:"due,omitzero"`
	// FailedAt is when the failure was reported, where State is Failed.
	FailedAt time.Time `json:"failedAt,omitzero"`
	// Unchecked says that merging alone was the proof.
	Unchecked bool `json:"unchecked,omitempty"`
}

// Prove answers whether what a stretch carries is proven in the environment of p.
//
// A (release, configuration) is proven when a commit whose folder holds its record has a success status from a trusted
// reporter in the context ferry/<environment>/<app>, or in each cluster's context where clusters are declared; the
// clusters may have reported on different commits of the stretch. timeline.go says how several statuses make one
// answer. health.from replaces the contexts: by one check, by all contexts that match a pattern (at least one), or by
// nothing at all, where merging is the proof.
func Prove(p environments.Placement, trust environments.Trust, s Stretch) Proof {
	proof := Proof{Environment: p.Environment, State: Absent, Why: "not there yet"}
	if len(s.Commits) == 0 {
		return proof
	}
	proof.Commit = s.Commits[0].ID
	proof.Merged = s.Commits[len(s.Commits)-1].Time
	if p.Deadline > 0 {
		proof.Due = proof.Merged.Add(p.Deadline)
	}
	if p.Health.From == fromMerged {
		return proveMerged(proof, s)
	}
	views, ignored := views(p, trust, s)
	proof.Ignored = slices.Sorted(maps.Keys(ignored))
	conclude(&proof, s, views)
	if proof.State == Missing || proof.State == Untrusted {
		proof.Hint = mend(p, trust, proof)
	}
	return proof
}

// What health.from can say; nothing means connector.
const (
	fromStatus = "status"
	fromCheck  = "check"
	fromMerged = "merged"
)

// proveMerged takes the commit for the proof. Its time is the committer's, the only one there is.
func proveMerged(proof Proof, s Stretch) Proof {
	proof.Unchecked = true
	if n := len(s.Withdrawn); n > 0 {
		proof.State, proof.Why = Withdrawn, s.Withdrawn[n-1].Reason
		return proof
	}
	proof.Proven, proof.State, proof.Since = true, Healthy, proof.Merged
	proof.Why = "merged, not health-checked"
	return proof
}

// view is what one context says.
type view struct {
	context string
	line    timeline
	state   Standing
}

// views replays every context that the proof needs, sorted, and names the creators that do not count.
func views(p environments.Placement, trust environments.Trust, s Stretch) ([]view, map[string]bool) {
	ignored := map[string]bool{}
	var out []view
	for _, context := range contexts(p, s) {
		who := reporters(trust.Connector)
		if p.Health.From == fromStatus || p.Health.From == fromCheck {
			who = checkReporters(trust, context)
		}
		line := replay(s, context, who)
		maps.Copy(ignored, line.ignored)
		out = append(out, view{context, line, line.standing()})
	}
	if p.Health.From == fromStatus {
		out = withoutStrangers(out)
	}
	return out, ignored
}

// contexts names the contexts that have to be success, sorted.
func contexts(p environments.Placement, s Stretch) []string {
	switch {
	case p.Health.From == fromCheck:
		return []string{p.Health.Value}
	case p.Health.From == fromStatus:
		return matching(p.Health.Value, s)
	case len(p.Clusters) == 0:
		return []string{release.StatusContext(p.Environment, p.App, "")}
	}
	var out []string
	for _, cluster := range p.Clusters {
		out = append(out, release.StatusContext(p.Environment, p.App, cluster))
	}
	slices.Sort(out)
	return out
}

// matching finds the contexts of a pattern; where there is none yet, the pattern stands for them.
func matching(pattern string, s Stretch) []string {
	found := map[string]bool{}
	for _, c := range s.Commits {
		for _, status := range c.Statuses {
			if match(pattern, status.Context) {
				found[status.Context] = true
			}
		}
	}
	if len(found) == 0 {
		return []string{pattern}
	}
	return slices.Sorted(maps.Keys(found))
}

// withoutStrangers drops contexts that only those use who are not trusted, unless there are no others: anyone could
// block an environment by inventing one.
func withoutStrangers(vs []view) []view {
	known := slices.DeleteFunc(slices.Clone(vs), func(v view) bool { return v.state == Untrusted })
	if len(known) == 0 {
		return vs
	}
	return known
}

func (t *timeline) standing() Standing {
	if t.proven() {
		return Healthy
	}
	r, heard := t.last()
	switch {
	case heard && r.commit < 0:
		return Withdrawn
	case heard && r.State == Failure:
		return Failed
	case heard && r.State == Superseded:
		return Replaced
	case heard:
		return InDoubt // pending, or a word that we do not know
	case len(t.ignored) > 0:
		return Untrusted
	}
	return Missing
}

// severity orders standings: of several contexts the worst speaks for all.
var severity = []Standing{Healthy, InDoubt, Replaced, Missing, Untrusted, Failed, Withdrawn}

// conclude makes one answer of all contexts.
func conclude(proof *Proof, s Stretch, vs []view) {
	worst := slices.MaxFunc(vs, func(a, b view) int {
		return cmp.Compare(slices.Index(severity, a.state), slices.Index(severity, b.state))
	})
	proof.State = worst.state
	if r, _ := worst.line.last(); proof.State == Failed {
		proof.FailedAt = r.Time
	}
	proof.Proven = worst.state == Healthy
	if proof.Proven {
		youngest := slices.MaxFunc(vs, func(a, b view) int { return a.line.since.Compare(b.line.since) })
		proof.Since = youngest.line.since
		proof.Commit = s.Commits[youngest.line.witness()].ID
	}
	proof.Why = why(s, vs)
}

// why says in one sentence what each context says that is not healthy, or who said that all are.
func why(s Stretch, vs []view) string {
	var parts []string
	for _, v := range vs {
		if v.state != Healthy {
			parts = append(parts, v.context+": "+v.line.say(s, v.state))
		}
	}
	if len(parts) > 0 {
		return strings.Join(parts, "; ")
	}
	if len(vs) > 1 {
		return fmt.Sprintf("all of %d contexts report success", len(vs))
	}
	t := vs[0].line
	return said(t.newest[t.witness()], s)
}

func (t *timeline) say(s Stretch, state Standing) string {
	switch r, _ := t.last(); state {
	case Missing:
		return "no status on " + count(len(s.Commits), "commit")
	case Untrusted:
		return "only statuses that are not trusted, by " + strings.Join(slices.Sorted(maps.Keys(t.ignored)), ", ")
	case Withdrawn:
		return r.Text
	default:
		return said(r, s)
	}
}

// said quotes one report.
func said(r report, s Stretch) string {
	out := fmt.Sprintf("%s by %s on %s", r.State, named(r.Creator), short(s.Commits[r.commit].ID))
	if r.Text != "" {
		out += " (" + r.Text + ")"
	}
	return out
}

// mend tells what to do when nobody whose word counts has reported.
func mend(p environments.Placement, trust environments.Trust, proof Proof) string {
	if proof.State == Untrusted {
		key := "trust.connector"
		if p.Health.From == fromStatus || p.Health.From == fromCheck {
			key = "trust.checks"
		}
		return fmt.Sprintf("if %s may report, add it to %s in ferry.yaml", strings.Join(proof.Ignored, " or "), key)
	}
	switch p.Health.From {
	case fromStatus, fromCheck:
		return fmt.Sprintf("let what reports %q post it on the commits of %s, or choose another health.from", p.Health.Value, p.Environment)
	}
	hint := "does the connector of " + p.Environment + " run?"
	if len(trust.Connector) > 0 {
		hint += " (trusted: " + strings.Join(trust.Connector, ", ") + ")"
	}
	return hint + " Where there is none, let ferry report say it, or set health.from of " + p.Environment + " in ferry.yaml to status, check or merged"
}

func count(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}
