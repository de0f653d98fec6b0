package connector

import (
	"slices"
	"strings"
	"time"

	"github.com/ferry-cd/ferry/release"
	"github.com/ferry-cd/ferry/scm"
)

// Target is one commit of an environment's branch that waits for an answer about one app.
type Target struct {
	Environment, App string
	Cluster          string // empty where the environment declares none
	Repository       string // of the GitOps repository, as the configuration names it
	Branch, Path     string // of the app's folder
	Commit, Tree     string // the commit, and the app's folder in it
	Live             bool   // the folder at the branch's head is this Tree
	Release          release.Release
	Landed           time.Time // when the commit came onto the branch
	Deadline         time.Time // when waiting ends
}

// Phase is how far a target has come.
type Phase string

// The phases of a target. Healthy, Failed, Superseded, TimedOut and Closed are ends, and newer evidence may open a Failed or
// TimedOut one again.
const (
	Queued     Phase = "queued"     // no unit has seen the commit yet
	Applying   Phase = "applying"   // a unit is at it
	Verifying  Phase = "verifying"  // applied, not yet known to be healthy
	Healthy    Phase = "healthy"    // every unit of the app says so, of this commit or one with the same folder
	Failed     Phase = "failed"     // a unit says so, of this commit or one with the same folder
	Superseded Phase = "superseded" // another commit with another folder took its place before it was done; or another release in its pull request, then Commit is the one of ferry-sources that accepted it
	TimedOut   Phase = "timed out"  // the deadline passed
	Closed     Phase = "closed"     // the pull request was closed and nothing was merged; Commit is its head then
	Unknown    Phase = "unknown"    // what the engine says cannot be read; never a success
)

// Ends are the phases that nothing but newer evidence changes, and that pipelines are told of.
var Ends = []Phase{Healthy, Failed, Superseded, TimedOut, Closed}

// End tells whether waiting is over.
func (p Phase) End() bool { return slices.Contains(Ends, p) }

// State is the phase as a commit status says it.
func (p Phase) State() scm.StatusState {
	switch p {
	case Healthy:
		return scm.Success
	case Failed, TimedOut:
		return scm.Failure
	case Superseded, Closed:
		return scm.Superseded
	}
	return scm.Pending
}

// Verdict is what is known of a target.
type Verdict struct {
	Target
	Phase   Phase
	Text    string    // who claims what, in a line: the worst unit and its reason
	URL     string    // where a person can look, if anywhere
	Since   time.Time // when this became so, by the engine's clock; zero where it does not tell
	Checked bool      // health was looked at; a Healthy without it is "applied, not health-checked"
	By      string    // the commit that superseded this one, or the newer one that it is included in; "" else
	Units   []Ref     // that track the app, as far as they were seen
}

// Context names the status that says the verdict on a commit.
func (t Target) Context() string { return release.StatusContext(t.Environment, t.App, t.Cluster) }

// ContinueContext names the status that remembers what pipelines were told. It is one for all clusters of an environment.
func (t Target) ContinueContext() string {
	return release.StatusContext(t.Environment, t.App, continueName)
}

const continueName = "continue"

// Key names a continuation: it may come more than once, always with the same key. A receiver that has acted on it does
// nothing the second time.
func (v Verdict) Key() string {
	return strings.Join([]string{v.Commit, v.Environment, v.App, strings.ReplaceAll(string(v.Phase), " ", "-")}, "/")
}
