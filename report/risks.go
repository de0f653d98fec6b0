package report

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/ferry-cd/ferry/diff"
	"github.com/ferry-cd/ferry/door"
)

// Risks writes docs/risks.md: every rule of risk with an example that it lets pass and one that it reports.
func Risks() []byte {
	var out bytes.Buffer
	out.WriteString(risksOpening)
	for _, r := range diff.Rules() {
		fmt.Fprintf(&out, "| [`%s`](#%s) | %s | %s |\n", r.ID, r.ID, r.Level, r.Title)
	}
	for _, r := range diff.Rules() {
		fmt.Fprintf(&out, "\n### %s\n\n%s (%s). %s\n", r.ID, r.Title, r.Level, r.Why)
		example(&out, "Reported", r.Bad)
		example(&out, "Not reported", r.Good)
	}
	return out.Bytes()
}

const risksOpening = `# Risks

What ferry looks for in a change, highest first in every report. A rule is a reason to look twice, never a refusal. This page is made
from the rules themselves (` + "`ferry explain risks -o markdown`" + `). In ` + "`ferry.yaml`" + `, a rule is switched off, lowered or raised by its name:

    risk: {delete-workload: "off", image-downgrade: critical}

A name that is no rule is an error with a suggestion.

| rule | level | what it finds |
| --- | --- | --- |
`

func example(out *bytes.Buffer, title string, e diff.Example) {
	if e == (diff.Example{}) {
		return
	}
	fmt.Fprintf(out, "\n%s:\n\n```diff\n", title)
	for _, side := range []struct{ sign, text string }{{"-", e.Old}, {"+", e.New}} {
		for line := range strings.SplitSeq(strings.TrimSpace(side.text), "\n") {
			if line != "" {
				fmt.Fprintln(out, side.sign+" "+line)
			}
		}
	}
	out.WriteString("```\n")
}

// Risks lists the rules for a terminal.
func (w Terminal) Risks() error {
	t := &lines{Terminal: w}
	for _, r := range diff.Rules() {
		t.styled(styleOfLevel(r.Level), 0, door.Lines("%s (%s)", outside(r.ID), outside(r.Level.String())))
		t.styled(normal, 4, door.Lines("%s. %s", outside(r.Title), outside(r.Why)))
	}
	return t.err
}
