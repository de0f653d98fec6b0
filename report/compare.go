package report

import (
	"io"

	"github.com/ferry-cd/ferry/door"
	"github.com/ferry-cd/ferry/promote"
)

// Compare writes how two states differ, app by app.
func (w Terminal) Compare(from, to string, changes []promote.Change) error {
	t := &lines{Terminal: w}
	s := sheetOf(promote.Promotion{Environment: to, Changes: changes})
	if touched(s.totals) == 0 {
		t.line(door.Lines("%s and %s hold the same resources", outside(from), outside(to)))
	}
	for _, c := range changes {
		if c.Diff.Empty() && c.From != nil && c.From.Release.Version == c.To.Release.Version {
			continue
		}
		t.styled(strong, 0, door.Lines("%s in %s: %s, %s", outside(c.App), outside(c.Environment), compared(c), sentence(c.Diff.Totals.Counts)))
		for _, img := range c.Diff.Images {
			t.styled(normal, 4, door.Lines("image %s", imageChange(img)))
		}
		t.changes(c.Diff)
	}
	t.notes(s)
	return t.err
}

// compared says which releases are held against each other; one of them may be missing.
func compared(c promote.Change) door.Text {
	if c.To.Version == 0 {
		return door.Lines("%s is not there", outside(c.From.Release.Version))
	}
	return versions(c)
}

// CompareMarkdown gives the same as Markdown.
func CompareMarkdown(from, to string, changes []promote.Change) string {
	s := sheetOf(promote.Promotion{Environment: to, Changes: changes})
	p := pager{sheet: s, level: fieldDetail}
	if touched(s.totals) == 0 {
		return door.Say("%s and %s hold the same resources.\n", outside(from).Code(), outside(to).Code()).String()
	}
	return door.Join("\n", door.Say("**From %s to %s:** %s.\n", outside(from).Code(), outside(to).Code(), p.effect()), p.riskBlock(), p.byKind(), p.sections()).String()
}

// Comparison is the JSON form of what differs between two states.
type Comparison struct {
	SchemaVersion int    `json:"schemaVersion"`
	From          string `json:"from"`
	To            string `json:"to"`
	Changed       bool   `json:"changed"`
	Apps          []App  `json:"apps"`
}

// CompareJSON writes the same as JSON.
func CompareJSON(w io.Writer, from, to string, changes []promote.Change) error {
	c := Comparison{SchemaVersion: SchemaVersion, From: from, To: to, Apps: []App{}}
	for _, change := range changes {
		c.Apps = append(c.Apps, appOf(change))
		c.Changed = c.Changed || !change.Diff.Empty()
	}
	return encode(w, c)
}
