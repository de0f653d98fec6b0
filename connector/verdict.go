package connector

import (
	"time"

	"github.com/ferry-cd/ferry/release"
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

// The phases of a target. Healthy, Failed, Superseded and TimedOut are ends, and newer evidence may open a Failed or
// TimedOut one again.
const (
	Queued     Phase = "queued"     // no unit has seen the commit yet
	Applying   Phase = "applying"   // a unit is at it
	Verifying  Phase = "verifying"  // applied, not yet known to be healthy
	Healthy    Phase = "healthy"    // every unit of the app says so, of this commit or one with the same folder
	Failed     Phase = "failed"     //
	Superseded Phase = "superseded" // another commit with another folder took its place before it was done
	TimedOut   Phase = "timed out"  // the deadline passed
	Unknown    Phase = "unknown"    // what the engine says cannot be read; never a success
)

// Verdict is what is known of a target.
type Verdict struct {
	Target
	Phase   Phase
	Text    string    // who claims what, in a line: the worst unit and its reason
	URL     string    // where a person can look, if anywhere
	Since   time.Time // when this became so, by the engine's clock
	Checked bool      // health was looked at; a Healthy without it is "applied, not health-checked"
}
