package report

import (
	"encoding/json"
	"io"
	"time"

	"github.com/ferry-cd/ferry/diff"
	"github.com/ferry-cd/ferry/gates"
	"github.com/ferry-cd/ferry/promote"
	"github.com/ferry-cd/ferry/release"
)

// The results of a run.
const (
	ResultDone    = "done"
	ResultNothing = "nothing-to-do"
	ResultWaiting = "waiting"
	ResultFailed  = "failed"
	ResultChanges = "changes" // of a plan
	// ResultSuperseded is that of a submit whose release is older than one that was accepted before.
	ResultSuperseded = "superseded"
)

// Document is the JSON form of a plan or a run.
type Document struct {
	SchemaVersion int         `json:"schemaVersion"`
	Result        string      `json:"result"`
	Changed       bool        `json:"changed"`
	Promotions    []Promotion `json:"promotions"`
	Waiting       []Waiting   `json:"waiting"`
	Errors        []string    `json:"errors"`
	NextWakeup    time.Time   `json:"nextWakeup,omitzero"`
	AuditBacklog  int         `json:"auditBacklog,omitempty"` // apps that the audit has not come to yet
}

// Promotion is one environment and unit.
type Promotion struct {
	Environment string            `json:"environment"`
	Unit        string            `json:"unit,omitempty"`
	Action      promote.Action    `json:"action"`
	Branch      string            `json:"branch,omitempty"`
	Base        string            `json:"base,omitempty"`
	Commit      string            `json:"commit,omitempty"`
	MergeCommit string            `json:"mergeCommit,omitempty"`
	PullRequest *PullRequestRef   `json:"pullRequest,omitempty"`
	Apps        []App             `json:"apps"`
	Supersedes  []release.Release `json:"supersedes,omitempty"`
	LeftOut     []string          `json:"leftOut,omitempty"`
	Overrides   []string          `json:"overrides,omitempty"`
	Discards    []string          `json:"discards,omitempty"`
	Notes       []string          `json:"notes,omitempty"`
	Conditions  []gates.Condition `json:"conditions,omitempty"`
	Error       string            `json:"error,omitempty"`
}

// PullRequestRef names a pull request.
type PullRequestRef struct {
	Number int    `json:"number"`
	URL    string `json:"url"`
	Title  string `json:"title"`
}

// App is one app of a promotion.
type App struct {
	App         string           `json:"app"`
	Environment string           `json:"environment"`
	Compare     string           `json:"compare,omitempty"` // page that shows what lies between the two sources
	Commits     []promote.Commit `json:"commits,omitempty"`
	From        string           `json:"from,omitempty"`
	Release     release.Release  `json:"release"`
	Inputs      string           `json:"inputs"`
	Origins     []promote.Origin `json:"origins,omitempty"`
	Notes       []string         `json:"notes,omitempty"`
	Diff        diff.Diff        `json:"diff"`
}

// Waiting is a release that may not move yet.
type Waiting struct {
	App         string            `json:"app"`
	Environment string            `json:"environment"`
	Version     string            `json:"version,omitempty"`
	Reason      string            `json:"reason,omitempty"`
	Hint        string            `json:"hint,omitempty"`
	Conditions  []gates.Condition `json:"conditions,omitempty"`
}

// JSON writes what a run did.
func JSON(w io.Writer, r *promote.Report) error {
	doc := document(r.Plan)
	for _, d := range r.Done {
		p := promotion(d.Promotion)
		p.Commit, p.MergeCommit = d.Commit, d.Merged
		if d.Err != nil {
			p.Error = d.Err.Error()
			doc.Errors = append(doc.Errors, p.Error)
		}
		doc.Promotions = append(doc.Promotions, p)
	}
	doc.Changed = r.Wrote()
	switch {
	case len(doc.Errors) > 0:
		doc.Result = ResultFailed
	case doc.Changed:
		doc.Result = ResultDone
	case len(doc.Waiting) > 0:
		doc.Result = ResultWaiting
	}
	return encode(w, doc)
}

// SupersededJSON writes that a submit had nothing to do: newer releases came before.
func SupersededJSON(w io.Writer, older []Waiting) error {
	doc := document(&promote.Plan{})
	doc.Result, doc.Waiting = ResultSuperseded, append(doc.Waiting, older...)
	return encode(w, doc)
}

// PlanJSON writes what would be done.
func PlanJSON(w io.Writer, plan *promote.Plan) error {
	doc := document(plan)
	for _, pr := range plan.Promotions {
		doc.Promotions = append(doc.Promotions, promotion(pr))
	}
	for _, m := range plan.Merges {
		pr := m.PullRequest
		doc.Promotions = append(doc.Promotions, Promotion{Environment: m.Environment, Unit: m.Unit, Action: promote.ActionMerge, Apps: []App{},
			PullRequest: &PullRequestRef{pr.Number, pr.URL, pr.Title}})
	}
	doc.Changed = Changes(plan)
	switch {
	case len(doc.Errors) > 0:
		doc.Result = ResultFailed
	case doc.Changed:
		doc.Result = ResultChanges
	case len(doc.Waiting) > 0:
		doc.Result = ResultWaiting
	}
	return encode(w, doc)
}

// Changes tells whether applying a plan would write anything.
func Changes(plan *promote.Plan) bool {
	for _, pr := range plan.Promotions {
		if pr.Action != promote.ActionKeep {
			return true
		}
	}
	return len(plan.Merges) > 0 || len(plan.Decisions) > 0
}

func document(plan *promote.Plan) Document {
	doc := Document{SchemaVersion: SchemaVersion, Result: ResultNothing, Promotions: []Promotion{}, Waiting: []Waiting{}, Errors: []string{}, NextWakeup: plan.NextWakeup, AuditBacklog: plan.Backlog}
	for _, w := range plan.Waiting {
		doc.Waiting = append(doc.Waiting, Waiting{App: w.App, Environment: w.Environment, Version: w.Version, Reason: w.Reason, Hint: w.Hint, Conditions: w.Conditions})
	}
	for _, err := range plan.Failures {
		doc.Errors = append(doc.Errors, err.Error())
	}
	return doc
}

func promotion(pr promote.Promotion) Promotion {
	out := Promotion{Environment: pr.Environment, Unit: pr.Unit, Action: pr.Action, Branch: pr.Branch, Base: pr.Base, Apps: []App{},
		Supersedes: pr.Supersedes, LeftOut: pr.LeftOut, Overrides: pr.Overrides, Discards: pr.Discards, Notes: pr.Notes, Conditions: pr.Conditions}
	if pr.PullRequest != nil {
		out.PullRequest = &PullRequestRef{pr.PullRequest.Number, pr.PullRequest.URL, pr.PullRequest.Title}
	}
	for _, c := range pr.Changes {
		out.Apps = append(out.Apps, appOf(c))
	}
	return out
}

func appOf(c promote.Change) App {
	app := App{App: c.App, Environment: c.Environment, Release: c.To.Release, Inputs: c.To.Inputs.Digest, Origins: c.Origins, Commits: c.Commits, Notes: noteLines(c), Diff: c.Diff}
	if c.From != nil {
		app.From = c.From.Release.Version
		app.Compare = compareLink(c.To.Release.Source.Repository, c.From.Release.Source.Commit, c.To.Release.Source.Commit)
	}
	return app
}

func noteLines(c promote.Change) []string {
	var all []string
	for _, n := range notes(c) {
		all = append(all, n.Line())
	}
	return all
}

// MatrixDocument is the JSON form of the matrix.
type MatrixDocument struct {
	SchemaVersion int `json:"schemaVersion"`
	promote.Matrix
}

// PlacesDocument is the JSON form of where a release is.
type PlacesDocument struct {
	SchemaVersion int             `json:"schemaVersion"`
	What          string          `json:"what"`
	Places        []promote.Place `json:"places"`
}

// StatusJSON writes the matrix.
func StatusJSON(w io.Writer, m promote.Matrix) error {
	return encode(w, MatrixDocument{SchemaVersion, m})
}

// WhereJSON writes where a release is.
func WhereJSON(w io.Writer, what string, places []promote.Place) error {
	if places == nil {
		places = []promote.Place{}
	}
	return encode(w, PlacesDocument{SchemaVersion, what, places})
}

func encode(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	return e.Encode(v)
}
