package render

import (
	"fmt"
	"strings"
)

// Problem is one thing wrong with a document.
type Problem struct {
	Source       string // template or file
	Document     int    // among the documents of Source, from 1; 0 where Line counts from the top of Source itself
	Line, Column int    // from 1, of Source or of the document; 0 where unknown
	Text         string
	Next         string // what to do about it; may be empty
}

func (p Problem) Error() string { return p.place() + p.Text }

// place is source:line:column where that can be opened in an editor, else "source, document 2, line 5".
func (p Problem) place() string {
	if p.Source == "" && p.Line == 0 {
		return ""
	}
	if p.Document == 0 && p.Source != "" {
		return p.Source + colons(p.Line, p.Column) + ": "
	}
	parts := make([]string, 0, 3)
	if p.Source != "" {
		parts = append(parts, p.Source, fmt.Sprintf("document %d", p.Document))
	}
	if p.Line > 0 {
		parts = append(parts, fmt.Sprintf("line %d", p.Line))
	}
	return strings.Join(parts, ", ") + ": "
}

func colons(line, column int) string {
	switch {
	case line == 0:
		return ""
	case column == 0:
		return fmt.Sprintf(":%d", line)
	}
	return fmt.Sprintf(":%d:%d", line, column)
}

// Hint is the optional next step of an error.
func (p Problem) Hint() string { return p.Next }

// ExitCode is that of wrong input.
func (p Problem) ExitCode() int { return 2 }

// Problems are all that is wrong with a render, in its order.
type Problems []Problem

func (ps Problems) Error() string {
	lines := make([]string, len(ps))
	for i, p := range ps {
		lines[i] = p.Error()
	}
	return strings.Join(lines, "\n")
}

// Hint is the first next step that any of them has.
func (ps Problems) Hint() string {
	for _, p := range ps {
		if p.Next != "" {
			return p.Next
		}
	}
	return ""
}

// ExitCode is that of wrong input.
func (ps Problems) ExitCode() int { return 2 }

// inFile says that they are in a file of that path.
func (ps Problems) inFile(path string) Problems { return ps.in(Document{Source: path, Line: 1}, 0) }

// in says which document they were found in.
func (ps Problems) in(d Document, number int) Problems {
	placed := make(Problems, len(ps))
	for i, p := range ps {
		p.Source, p.Document = d.Source, number
		if d.Line > 0 {
			p.Document = 0
			p.Line = max(p.Line, 1) + d.Line - 1
		}
		placed[i] = p
	}
	return placed
}
