// Package report says what a plan would do, what a run did and how things stand: one model, several writers.
//
//	sheet.go      the model: what a reviewer of one promotion has to know
//	budget.go     how much room a forge leaves, and how much detail fits
//	pull.go       the text of a pull request and, where it is too small, the comment with the rest
//	blocks.go     its tables and lists; sections.go what is folded away below them
//	compare.go    two environments, or two commits
//	risks.go      the page of all rules
//	source.go     the comment on a source's pull request
//	summary.go    plans and runs as Markdown, for the summary of a job
//	template.go   the words that ferry.yaml puts in the place of ours
//	commits.go    what sources bring; tickets.go what a release is about
//	links.go      where two revisions of a source can be compared
//	terminal.go   a terminal: its width and its colours; text.go writes plans and runs there
//	status.go     the matrix of apps and environments, and where a release is
//	json.go       the stable form for scripts
//	ci.go         what a CI hears of a run, on GitHub; ci_gitlab.go and ci_azure.go elsewhere
//	words.go      small pieces that all of them use
//
// What comes from outside (names, versions, values, reasons) is a door.Text before anything is written, and Markdown is
// put together from door.Inert alone: what could act does not compile.
package report

// SchemaVersion of every JSON document of this package.
const SchemaVersion = 1
