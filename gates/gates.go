// Package gates answers one question about a release that could enter an environment: may it be proposed, may it be
// merged, and if not, what does it wait for? It is pure: a snapshot of Git and the forge goes in, a verdict with a
// sentence for each gate comes out. Nothing here reads, writes or asks for the time.
//
//	evidence.go   what the snapshot holds: commits, statuses, reviews, holds
//	prove.go      Prove: is a (release, configuration) proven in an environment, and since when
//	timeline.go   the replay behind Prove, and the reasoning about time
//	gates.go      Evaluate: the verdict
//	upstream.go   the gates that hold back proposing: healthy, soak
//	checks.go     named statuses, upstream and on the head
//	approvals.go  people
//	authors.go    whether a person wrote what is to be approved
//	calendar.go   windows, freezes and holds
//	images.go     whether the images are still where they are pulled from
//	override.go   what a person decided to pass, and the gates of quicker ways
package gates

import (
	"time"

	"github.com/ferry-cd/ferry/environments"
)

// Stage is what a gate holds back.
type Stage string

// The stages: a pull request is opened, and merged.
const (
	Proposing Stage = "propose"
	Merging   Stage = "merge"
)

// Names of the gates, as people know them from ferry.yaml.
const (
	gateHealthy   = "healthy"
	gateSoak      = "soak"
	gateChecks    = "checks"
	gateApprovals = "approvals"
	gateWindows   = "windows"
	gateFreezes   = "freezes"
	gateManual    = "manual"
	gateHold      = "hold"
	gateTickets   = "tickets"
	gateImages    = "imageExists"
)

// Input is the snapshot that Evaluate judges.
type Input struct {
	Placement environments.Placement // the app in the environment to enter
	Trust     environments.Trust
	Upstreams []Proof  // of this release, one for each environment of Placement.After
	Evidence  []Commit // upstream commits whose record names the release: where checks are looked for
	Head      Head     // the promotion's head; zero before there is one
	Reviews   []Review // of the pull request
	// Groups resolves names that are not persons, such as "team/release", to persons. A name that needs it and is not
	// there counts as unknown: nobody's approval counts through it.
	Groups map[string][]string
	// Authors wrote what the release adds to what runs there; nil where nobody asks for them.
	Authors *Authors
	Holds   []Hold
	// Override is what a person decided to pass, nil where nobody did.
	Override *Override
	// Tickets are what the release says it is about.
	Tickets []string
	// Images are what registries say of the release's images; nil where nobody asked them.
	Images []Image
	// Explicit says that a person asked for exactly this promotion by name.
	Explicit bool
	// Now is compared with times that the forge gave, so it is best the forge's own clock. Times are shown in its zone.
	Now time.Time
	// Dated says the day of every time in reasons, for those who read them later.
	Dated bool
}

// Verdict says for each gate whether it passes. A gate that is not configured is not listed.
type Verdict struct {
	Propose []Condition `json:"propose"`
	Merge   []Condition `json:"merge"`
}

// Condition is one gate's answer.
type Condition struct {
	Gate   string    `json:"gate"`
	Pass   bool      `json:"pass"`
	Holds  Stage     `json:"holds"`          // what it holds back while it does not pass
	Reason string    `json:"reason"`         // for people: "soak: healthy in qa since 10:02 UTC, needs 24h, 3h12m left"
	Hint   string    `json:"hint,omitempty"` // what a person can do, where waiting does not help
	Until  time.Time `json:"until,omitzero"` // the earliest moment at which time alone lets it pass
	fixed  bool      // nobody may override it
}

// Evaluate judges a snapshot. The same snapshot gives the same verdict, word for word.
func Evaluate(in Input) Verdict {
	holds := holding(in)
	v := Verdict{Propose: under(Proposing, holds), Merge: under(Merging, holds)}
	v.Propose = append(v.Propose, healthy(in)...)
	v.Propose = append(v.Propose, soak(in)...)
	v.Propose = append(v.Propose, tickets(in)...)
	v.Propose = append(v.Propose, imageExists(in)...)
	for _, c := range checks(in) {
		if c.Holds == Proposing {
			v.Propose = append(v.Propose, c)
		} else {
			v.Merge = append(v.Merge, c)
		}
	}
	v.Merge = append(v.Merge, approvals(in)...)
	v.Merge = append(v.Merge, windows(in)...)
	v.Merge = append(v.Merge, freezes(in)...)
	v.Merge = append(v.Merge, manual(in)...)
	v.overridden(in)
	return v
}

// Holding gives the holds that stop an app in an environment now, each as a condition.
func Holding(in Input) []Condition { return under(Proposing, holding(in)) }

func under(s Stage, cs []Condition) []Condition {
	out := make([]Condition, 0, len(cs))
	for _, c := range cs {
		c.Holds = s
		out = append(out, c)
	}
	return out
}

func manual(in Input) []Condition {
	if !in.Placement.Gates.Manual {
		return nil
	}
	c := Condition{Gate: gateManual, Pass: in.Explicit, Holds: Merging, Reason: "manual: a person asked for it"}
	if !c.Pass {
		c.Reason = "manual: waits for a person"
		c.Hint = "merge the pull request, or run ferry promote --app " + in.Placement.App + " --env " + in.Placement.Environment
	}
	return []Condition{c}
}

// MayPropose tells whether a pull request may be opened or updated.
func (v Verdict) MayPropose() bool { return passes(v.Propose) }

// MayMerge tells whether it may be merged. What held back proposing holds back merging too: a proof that was withdrawn
// while the pull request was open stops it.
func (v Verdict) MayMerge() bool { return passes(v.Propose) && passes(v.Merge) }

// Waiting lists the conditions that do not pass, those for proposing first, each gate's sentence once.
func (v Verdict) Waiting() []Condition {
	var out []Condition
	said := map[string]bool{}
	for _, cs := range [][]Condition{v.Propose, v.Merge} {
		for _, c := range cs {
			if !c.Pass && !said[c.Reason] {
				said[c.Reason] = true
				out = append(out, c)
			}
		}
	}
	return out
}

func passes(cs []Condition) bool {
	for _, c := range cs {
		if !c.Pass {
			return false
		}
	}
	return true
}

// NextWakeup gives the first moment at which time alone can change any of the verdicts; zero where none waits for time.
//
// A verdict waits for all of its conditions, so nothing can happen before the latest of them; of several verdicts the
// first counts.
func NextWakeup(verdicts ...Verdict) time.Time {
	var next time.Time
	for _, v := range verdicts {
		if t := v.wakeup(); !t.IsZero() && (next.IsZero() || t.Before(next)) {
			next = t
		}
	}
	return next
}

func (v Verdict) wakeup() time.Time {
	if !v.MayPropose() {
		return latest(v.Propose)
	}
	return latest(v.Merge)
}

func latest(cs []Condition) time.Time {
	var last time.Time
	for _, c := range cs {
		if !c.Pass && c.Until.After(last) {
			last = c.Until
		}
	}
	return last
}
