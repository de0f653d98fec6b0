package render

import (
	"bytes"
	"iter"
	"strings"

	"go.yaml.in/yaml/v3"
)

// NewDocument makes a document that remembers what it parsed: whoever asks next does not parse again.
func NewDocument(source string, line int, data []byte) Document {
	return Document{Source: source, Line: line, Data: data, parsed: treeOf(data)}
}

// Node gives the document as Manifest.Node does; nil where it is empty. The error is Problems. Do not change the node.
func (d Document) Node() (*yaml.Node, error) {
	t := d.read()
	if t.bad != nil {
		return nil, t.bad.in(d, 1)
	}
	return t.root, nil
}

func (d Document) read() *tree {
	t := d.parsed
	if t == nil {
		t = &tree{}
	}
	_, _ = t.read(d.Data) // the tree keeps its error
	return t
}

// CheckSyntax parses documents, as Canonical does, and tells what is wrong with their YAML. The error is Problems.
func CheckSyntax(docs []Document) error {
	if err := CheckAliases(docs); err != nil {
		return err
	}
	var problems Problems
	for d, number := range numbered(docs) {
		problems = append(problems, d.read().bad.in(d, number)...)
	}
	if len(problems) > 0 {
		return problems
	}
	return nil
}

// CheckAliases refuses documents whose aliases add too much to all of them together: each alone may be small enough, and a
// hundred of them more than the memory holds. Whoever looks into the documents of a renderer asks first. The error is Problems.
func CheckAliases(docs []Document) error {
	aliased := 0
	for d, number := range numbered(docs) {
		if bytes.IndexByte(d.Data, '&') < 0 || bytes.IndexByte(d.Data, '*') < 0 {
			continue
		}
		if aliased += d.read().aliased; aliased > mostAliased {
			return Problems{{Text: "the aliases of all documents up to this one expand beyond all measure"}}.in(d, number)
		}
	}
	return nil
}

// numbered counts the documents of each source from 1.
func numbered(docs []Document) iter.Seq2[Document, int] {
	return func(yield func(Document, int) bool) {
		count := map[string]int{}
		for _, d := range docs {
			count[d.Source]++
			if !yield(d, count[d.Source]) {
				return
			}
		}
	}
}

// Equal compares what documents say and where they come from.
func (d Document) Equal(o Document) bool {
	return d.Source == o.Source && d.Line == o.Line && bytes.Equal(d.Data, o.Data)
}

// Split cuts a stream of YAML documents at its markers (--- and ...), and leaves out the empty ones.
func Split(stream Document) []Document {
	s := splitter{stream: stream, line: stream.Line}
	for s.end < len(stream.Data) {
		next := bytes.IndexByte(stream.Data[s.end:], '\n') + 1
		if next == 0 {
			next = len(stream.Data) - s.end
		}
		s.read(next)
	}
	s.cut()
	return s.documents
}

type splitter struct {
	stream     Document
	line       int // of the next line; 0 where unknown
	first      int // line where the document begins
	begin, end int // the document so far
	content    bool
	directive  bool // it has %YAML or %TAG lines, which belong to what follows the next marker
	documents  []Document
}

// read takes the next line, n bytes of it.
func (s *splitter) read(n int) {
	line := s.stream.Data[s.end : s.end+n]
	if s.content && line[0] != '-' && line[0] != '.' {
		s.take(n, true)
		return
	}
	text := strings.TrimRight(string(line), " \t\r\n")
	switch {
	case isMarker(text, "---"):
		if !s.directive {
			s.cut()
		}
		keep := s.directive || text != "---"
		s.content, s.directive = isContent(text[3:]), false
		s.take(n, keep)
	case isMarker(text, "..."):
		s.cut()
		s.take(n, false)
	default:
		s.directive = s.directive || !s.content && strings.HasPrefix(text, "%")
		s.content = s.content || !s.directive && isContent(text)
		s.take(n, true)
	}
}

// take moves on by a line. A bare marker is no part of the document that it begins.
func (s *splitter) take(n int, keep bool) {
	if s.begin == s.end {
		s.first = s.line
	}
	s.end += n
	if s.line > 0 {
		s.line++
	}
	if !keep {
		s.begin = s.end
	}
}

func (s *splitter) cut() {
	if s.content {
		s.documents = append(s.documents, NewDocument(s.stream.Source, s.first, s.stream.Data[s.begin:s.end:s.end]))
	}
	s.begin, s.content, s.directive = s.end, false, false
}

// isContent tells text from blanks and comments.
func isContent(line string) bool {
	line = strings.TrimLeft(line, " \t\ufeff")
	return line != "" && line[0] != '#'
}

// isMarker tells a line that starts with a document marker, wherever it stands: no scalar can hold one at the line's start.
func isMarker(line, marker string) bool {
	return strings.HasPrefix(line, marker) && (len(line) == 3 || line[3] == ' ' || line[3] == '\t')
}
