package render

import (
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"
)

// quickly reads in the quick way, and again with the library where the quick way took it; the two must not differ.
func quickly(t *testing.T, text string) bool {
	t.Helper()
	got, ok := quick([]byte(text))
	if !ok {
		return false
	}
	want, bad := decodeAny([]byte(text))
	if bad != nil {
		t.Fatalf("read what is no YAML: %v\n%s", bad, text)
	}
	if d := cmp.Diff(plainNode(want), plainNode(got)); d != "" {
		t.Fatalf("%s\n%s", text, d)
	}
	return true
}

// readNode is what counts of a node. Tags that nobody wrote and comments do not.
type readNode struct {
	Kind         yaml.Kind
	Style        yaml.Style
	Value        string
	Line, Column int
	Content      []readNode
}

func plainNode(n *yaml.Node) *readNode {
	if n == nil {
		return nil
	}
	p := &readNode{Kind: n.Kind, Style: n.Style, Value: n.Value, Line: n.Line, Column: n.Column}
	for _, child := range n.Content {
		p.Content = append(p.Content, *plainNode(child))
	}
	return p
}

func TestQuick(t *testing.T) {
	for _, text := range []string{
		"a: b\n", "a: b", "a:\n", "a:", "a:\nb: c\n", "a: {}\nb: []\n", "# x\n\na: b # y\n# z\n", "a: # x\n  b: c\n", "a: #x\nb: c\n",
		"a:\n- b\n- c\nd: e\n", "a:\n  - b\n  -\n  - c: d\n    e: f\n", "a:\n- b: c\n  d:\n  - e\n- - f\n  - g\n", "a:\n  b:\n    c: d\n  e: f\ng: h\n", "a:\n-\nb: c\n",
		"a: 'it''s'\nb: \"say \\\"so\\\"\\n\"\n", "'a b': c\n\"d\": e\n", "a: \"b\" # c\n", "a: 'b' # c\n", "a: ''\n", "a: \"\"\n",
		"a: |\n  b\n   c\n\n  d  \ne: f\n", "a: |-\n  b\n\n\nc: d\n", "a: |+\n  b\n\n\nc: d\n", "a: |\n  b", "a: |\n\n  b\n\n\n", "a: |-\n  b", "a: |+\n  b\n\n", "a:\n- |\n  b\n- c\n", "- - |\n  x\n",
		"a: |\n  b\n    \n   \n c: d\n", "a: |\n  # b\n# c\nd: e\n", "a:\n  - name: x\n    text: |\n      y\n    z: 1\n",
		"a: b\n  c\n  d\ne: f\n", "a: b\n\n\n  c\n", "a:\n- b\n  c\n- d\n", "a: b\n\n", "a: -1\nb: --c\nc: http://x:80/y#z\nd: a#b\n", "a: é\nb: c\n", "a: b c  \n", "a: - b\n", "a: b: c\n", "a: b:\n",
	} {
		taken := quickly(t, text)
		if _, bad := decodeAny([]byte(text)); bad != nil && taken {
			t.Errorf("%q is no YAML", text)
		}
	}
}

func TestQuickTakesWhatPeopleWrite(t *testing.T) {
	for _, text := range []string{
		"apiVersion: v1\nkind: Service\nmetadata:\n  name: web\n  labels: {}\nspec:\n  ports:\n  - name: http\n    port: 80\n    targetPort: \"x\"\n",
		"apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: 'web'\ndata:\n  a.txt: |\n    one\n\n      two\n  b: long text\n    that goes on\n",
	} {
		if !quickly(t, text) {
			t.Errorf("left to the library:\n%s", text)
		}
	}
}

// Texts put together from pieces that mean something to YAML reach what a fuzzer needs hours for.
func TestQuickOnManyTexts(t *testing.T) {
	pieces := []string{"a: b", "a:", "b: |", "c: |-", "d: |+", "- ", "-", "- a", "- a: b", "- - c", "- |", "", "", "  ", "# x", "word", "two words # y", "a: 'it''s'", "b: \"q\\n\"", "'k': v",
		"e: f: g", "x:", "- {}", "g: {}", "h: []", "é: ü", "i: é", "- --flag", "? a", ": b", "j: |2", "k: >", "l: &x y", "m: *x", "<<: a", "n: !!str 1", "...", "---", "o: \"", "p: 'x' y", "q: \"a\"#", "t: 'u", "v'", "w: \"x", "y\"", "z: 'u ", "a: {b: c, d: e f}", "b: [a, 'b', \"c\"]", "- {a: [b, {c: d}]}", "c: {a: -b}", "d: [a,b]", "e: {a: b }", "f: [ ]", "g: { a: b,}", "h: [a b , c]", "i: {a}", "j: :80", "k: {a:b}", "l: [a] # x", "m: [a]x", "n: {'a': b}", "o: [a: b]", "p: {a: }", "q: [~, 1, --x]", "r: {", "s: [", "t: {a", "u: {a:", "v: {a: ", "w: [a,", "x: [a, ", "y: {a: b,", "z: [\"", "a: ['b'", "b: [[[", "c: {a: {", "d: |x", "e: \"\\", "f: '", "0:0: {", "it''s'", "b\\", "d\\n e\"", "r:s", "s: a:", "\"t\": #u"}
	r := rand.New(rand.NewPCG(1, 2))
	taken := 0
	for range 60_000 {
		var b strings.Builder
		for range 1 + r.IntN(7) {
			b.WriteString(strings.Repeat(" ", r.IntN(4)*r.IntN(2)) + pieces[r.IntN(len(pieces))])
			if r.IntN(12) > 0 {
				b.WriteByte('\n')
			}
		}
		if quickly(t, b.String()) {
			taken++
		}
	}
	if taken < 1500 {
		t.Errorf("only %d were read the quick way", taken)
	}
}

func FuzzQuick(f *testing.F) {
	for _, text := range []string{"a: b\n", "a:\n- b: |-\n    c\n\n  d: 'e'\n", "a: \"b\\n\"\n\n'c': d\n  e\n"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) { quickly(t, text) })
}
