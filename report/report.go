// Package report says what a plan would do, what a run did and how things stand: one model, several writers.
//
//	text.go     plans and runs for a terminal
//	pull.go     the text of a pull request, within a forge's limits
//	status.go   the matrix of apps and environments, and where a release is
//	json.go     the stable form for scripts
//	words.go    small pieces that all of them use
//
// Text from outside (names, versions, values, reasons) goes through plain or code before it is written.
package report

// SchemaVersion of every JSON document of this package.
const SchemaVersion = 1
