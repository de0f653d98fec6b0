package release

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"unicode/utf8"
)

const (
	maxDepth = 16      // of nested values; what we read needs five
	maxNodes = 250_000 // of one document
)

// jsonTree reads one JSON value into nodes.
func jsonTree(data []byte) (*node, *Problem) {
	if i := invalidUTF8(data); i >= 0 {
		return nil, placed(data, i, problem("save the file as UTF-8", "the text is not UTF-8"))
	}
	t := &jsonReader{data: data, dec: json.NewDecoder(bytes.NewReader(data)), line: 1}
	t.dec.UseNumber()
	root, p := t.value(0)
	if p != nil {
		return nil, p
	}
	if _, err := t.dec.Token(); !errors.Is(err, io.EOF) {
		return nil, placed(data, t.skip(), problem("", "there is more text after the document"))
	}
	return root, nil
}

type jsonReader struct {
	data []byte
	dec  *json.Decoder
	// line and lineStart move on with the tokens, so that places cost one pass over the text.
	line, lineStart, counted int
	nodes                    int
}

// skip gives the offset where the next token starts.
func (t *jsonReader) skip() int {
	at := int(t.dec.InputOffset())
	for at < len(t.data) && bytes.IndexByte([]byte(" \t\r\n,:"), t.data[at]) >= 0 {
		at++
	}
	return at
}

func (t *jsonReader) place(at int) (line, column int) {
	for ; t.counted < at && t.counted < len(t.data); t.counted++ {
		if t.data[t.counted] == '\n' {
			t.line, t.lineStart = t.line+1, t.counted+1
		}
	}
	return t.line, at - t.lineStart + 1
}

func (t *jsonReader) value(depth int) (*node, *Problem) {
	at := t.skip()
	line, column := t.place(at)
	n := &node{line: line, column: column}
	tok, err := t.dec.Token()
	if err != nil {
		return nil, placed(t.data, at, problem("", "the text is not JSON: %s", reason(err)))
	}
	if t.nodes++; depth > maxDepth || t.nodes > maxNodes {
		return nil, placed(t.data, at, problem("", "values are nested more than %d deep, or there are more than %d", maxDepth, maxNodes))
	}
	switch v := tok.(type) {
	case json.Delim:
		return n, t.children(n, v, depth)
	case string:
		n.kind, n.text = text, v
	case json.Number:
		n.kind, n.text = number, v.String()
	default: // true, false and null
		n.kind, n.text = word, string(t.data[at:t.dec.InputOffset()])
	}
	return n, nil
}

func (t *jsonReader) children(n *node, open json.Delim, depth int) *Problem {
	n.kind = mapping
	if open == '[' {
		n.kind = list
	}
	for t.dec.More() {
		if n.kind == mapping {
			key, p := t.value(depth + 1)
			if p != nil {
				return p
			}
			n.keys = append(n.keys, key)
		}
		item, p := t.value(depth + 1)
		if p != nil {
			return p
		}
		n.items = append(n.items, item)
	}
	at := t.skip()
	if _, err := t.dec.Token(); err != nil {
		return placed(t.data, at, problem("", "the text is not JSON: %s", reason(err)))
	}
	return nil
}

func reason(err error) string {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return "it ends too early"
	}
	return err.Error()
}

// placed gives a problem the line and column of an offset.
func placed(data []byte, at int, p *Problem) *Problem {
	before := data[:min(at, len(data))]
	p.Line = bytes.Count(before, []byte("\n")) + 1
	p.Column = len(before) - (bytes.LastIndexByte(before, '\n') + 1) + 1
	return p
}

// invalidUTF8 gives the offset of the first byte that is not UTF-8, or -1.
func invalidUTF8(data []byte) int {
	if utf8.Valid(data) {
		return -1
	}
	for i := 0; i < len(data); {
		r, size := utf8.DecodeRune(data[i:])
		if r == utf8.RuneError && size == 1 {
			return i
		}
		i += size
	}
	return -1
}
