package main

import (
	"slices"

	"github.com/ferry-cd/ferry/report"
)

// output is what commands print with -o json, and the name of its schema.
type output struct {
	schema   string
	what     string
	document any
	commands []string
}

// outputs lists every document that a script may read. A command that has -o json and is not here fails a test.
var outputs = []output{
	{"report", "What ferry would do, or did", report.Document{}, []string{"plan", "submit", "advance", "promote", "adopt", "upgrade", "rollback", "retire", "hotfix", "check"}},
	{"diff", "What differs between two environments or commits", report.Comparison{}, []string{"diff"}},
	{"status", "Which version is where, and how it does", report.MatrixDocument{}, []string{"status"}},
	{"where", "Where a release is", report.PlacesDocument{}, []string{"where"}},
	{"wait", "How a wait ended", waitDocument{}, []string{"wait"}},
	{"audit", "Who promoted what, when, and on which evidence", auditDocument{}, []string{"audit"}},
	{"audit-confirmed", "An override that somebody else confirmed", confirmedDocument{}, []string{"audit --confirm"}},
	{"holds", "What is held", holdsDocument{}, []string{"hold", "resume"}},
	{"gates", "What a commit of a merge queue waits for", gatesDocument{}, []string{"gates"}},
	{"promotion", "That a pull request is a promotion, which its gates speak for", promotionDocument{}, []string{"check --pr"}},
	{"posted-status", "A status that was posted on a commit", statusDocument{}, []string{"report"}},
	{"upgrades", "What another ferry would write otherwise", upgradesDocument{}, []string{"upgrade --plan"}},
	{"validation", "What is wrong with the configuration", validation{}, []string{"validate"}},
	{"config", "What holds for an app in an environment", configDocument{}, []string{"config"}},
	{"explanation", "What keys of ferry.yaml, or rules of risk, mean", explainDocument{}, []string{"explain"}},
	{"pull-requests", "Pull requests", pullRequestsDocument{}, []string{"pr list"}},
	{"pull-request", "A pull request with what was said of it", pullRequestDocument{}, []string{"pr show", "pr approve", "pr request-changes", "pr comment", "pr merge", "pr close", "pr reopen"}},
	{"pull-request-created", "A pull request that was proposed", createdDocument{}, []string{"pr create"}},
	{"files", "What a pull request changes, file by file", filesDocument{}, []string{"pr diff"}},
	{"new-app", "What a new app brings", newApp{}, []string{"new app"}},
	{"owners", "Which paths somebody should own", ownersDocument{}, []string{"codeowners"}},
	{"start", "What init wrote", startDocument{}, []string{"init"}},
	{"connector-check", "What keeps a connector from working", triedDocument{}, []string{"connector check"}},
	{"artifact", "Which commit an OCI artifact was packed from", artifactDocument{}, []string{"connector artifact"}},
	{"findings", "What keeps promotions from working", findingsDocument{}, []string{"doctor"}},
	{"lock", "What templates need from elsewhere, pinned", lockDocument{}, []string{"vendor"}},
	{"pruned", "Stored templates that nothing needs any more", prunedDocument{}, []string{"prune"}},
	{"notifications", "Who got a test message", notificationsDocument{}, []string{"notify"}},
	{"version", "The version of ferry", versionDocument{}, []string{"version"}},
	{"failure", "What any command prints that failed before it had a result", failureDocument{}, nil},
}

// outputNamed finds an output by its schema.
func outputNamed(name string) (output, bool) {
	i := slices.IndexFunc(outputs, func(o output) bool { return o.schema == name })
	if i < 0 {
		return output{}, false
	}
	return outputs[i], true
}

func (o output) write() ([]byte, error) { return schemaOf(o.document, o.what) }
