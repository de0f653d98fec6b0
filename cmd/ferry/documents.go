package main

import (
	"encoding/json"
	"errors"
	"io"
	"strings"

	"github.com/ferry-cd/ferry/diff"
	"github.com/ferry-cd/ferry/environments"
	"github.com/ferry-cd/ferry/ledger"
	"github.com/ferry-cd/ferry/promote"
	"github.com/ferry-cd/ferry/release"
	"github.com/ferry-cd/ferry/report"
	"github.com/ferry-cd/ferry/scm"
	"github.com/ferry-cd/ferry/setup"
	"github.com/ferry-cd/ferry/source"
	"github.com/ferry-cd/ferry/supply"
)

// What commands print with -o json, where it is not a report. Each has a version, and a schema in outputs.

// form begins every document. The version is raised when something that a script may rely on goes or changes its meaning;
// what is added raises nothing.
type form struct {
	SchemaVersion int `json:"schemaVersion"`
}

var current = form{report.SchemaVersion}

// failureDocument is printed where a command failed before it had a result.
type failureDocument struct {
	form
	Result   string   `json:"result" jsonschema:"enum=failed"`
	ExitCode int      `json:"exitCode"`
	Errors   []string `json:"errors"`
	Hint     string   `json:"hint,omitempty"`
}

// validation is what validate found.
type validation struct {
	form
	Valid        bool                   `json:"valid"`
	Apps         int                    `json:"apps"`
	Environments int                    `json:"environments"`
	Problems     []environments.Problem `json:"problems"`
	Warnings     []string               `json:"warnings,omitempty"`
}

type versionDocument struct {
	form
	Version string `json:"version"`
	Go      string `json:"go"`
}

type configDocument struct {
	form
	App         string                 `json:"app"`
	Environment string                 `json:"environment"`
	Settings    []environments.Setting `json:"settings"`
}

type explainDocument struct {
	form
	Fields []environments.Field `json:"fields,omitempty"`
	Rules  []diff.Rule          `json:"rules,omitempty"`
}

type upgradesDocument struct {
	form
	Upgrades []promote.Upgrade `json:"upgrades"`
}

type gatesDocument struct {
	form
	Apps []promote.Judged `json:"apps"`
}

type auditDocument struct {
	form
	promote.Audit
}

type confirmedDocument struct {
	form
	Confirmed ledger.Override `json:"confirmed"`
}

type holdsDocument struct {
	form
	Changed bool          `json:"changed"`
	Holds   []ledger.Hold `json:"holds"` // that are on now, of the scope that was asked for
}

type artifactDocument struct {
	form
	Changed bool             `json:"changed"` // false where the same note was there already
	Note    release.Artifact `json:"note"`
}

type waitDocument struct {
	form
	Result      string `json:"result"` // merged, healthy; or why not: superseded, rejected, failed, timed-out
	App         string `json:"app"`
	Environment string `json:"environment"`
	Release     string `json:"release"`
	Why         string `json:"why,omitempty"`
}

type statusDocument struct {
	form
	Changed bool       `json:"changed"` // false: it said so already
	Commit  string     `json:"commit"`
	Status  scm.Status `json:"status"`
}

type promotionDocument struct {
	form
	Number    int  `json:"number"`
	Promotion bool `json:"promotion"`
}

type pullRequestsDocument struct {
	form
	PullRequests []scm.PullRequest `json:"pullRequests"`
}

type pullRequestDocument struct {
	form
	prView
}

type createdDocument struct {
	form
	Outcome     scm.Outcome     `json:"outcome"`
	PullRequest scm.PullRequest `json:"pullRequest"`
}

type notificationsDocument struct {
	form
	Sent []string `json:"sent"` // names of the variables whose addresses took the message
}

type lockDocument struct {
	form
	Wrote bool            `json:"wrote"`
	Needs []supply.Locked `json:"needs"`
}

type prunedDocument struct {
	form
	Pruned []source.Pruned `json:"pruned"`
}

type findingsDocument struct {
	form
	Findings []setup.Finding `json:"findings"`
}

type ownersDocument struct {
	form
	Paths []setup.Owned `json:"paths"`
}

type startDocument struct {
	form
	Written []string `json:"written"`
	Kept    []string `json:"kept"` // that were there, and were left as they are
	Notes   []string `json:"notes"`
}

type filesDocument struct {
	form
	Files []fileDiff `json:"files"`
}

// writeJSON prints a result for scripts: one indented document.
func writeJSON(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	return e.Encode(v)
}

// written knows whether anything was written.
type written struct {
	io.Writer
	n int
}

func (c *written) Write(p []byte) (int, error) {
	c.n += len(p)
	return c.Writer.Write(p)
}

// printFailure gives a script a document also where a command failed before it had a result.
func (a *app) printFailure(err error) {
	if a.result == nil || a.result.n > 0 {
		return
	}
	doc := failureDocument{form: current, Result: report.ResultFailed, ExitCode: exitCode(err), Errors: []string{}}
	for line := range strings.Lines(scm.Text(err.Error())) {
		doc.Errors = append(doc.Errors, strings.TrimRight(line, "\n"))
	}
	var h hinter
	if errors.As(err, &h) {
		doc.Hint = h.Hint()
	}
	if err := writeJSON(a.Out, doc); err != nil {
		a.say(failure, "%s", err)
	}
}
