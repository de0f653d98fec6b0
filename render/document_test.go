package render

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestSplit(t *testing.T) {
	tests := []struct {
		name, stream string
		want         []string // line: data
	}{
		{"nothing", "", nil},
		{"comments", "# a\n\n---\n# b\n---\n", nil},
		{"one", "a: 1", []string{"1: a: 1"}},
		{"leading marker", "---\na: 1\n", []string{"2: a: 1\n"}},
		{"comment kept with what follows", "# c\na: 1\n---\n# d\n\nb: 1\n", []string{"1: # c\na: 1\n", "4: # d\n\nb: 1\n"}},
		{"marker with comment", "a: 1\n--- # next\nb: 1\n", []string{"1: a: 1\n", "2: --- # next\nb: 1\n"}},
		{"marker with content", "--- {a: 1}\n--- |\n  text\n", []string{"1: --- {a: 1}\n", "2: --- |\n  text\n"}},
		{"windows", "a: 1\r\n---\r\nb: 1\r\n", []string{"1: a: 1\r\n", "3: b: 1\r\n"}},
		{"in a block", "a: |\n  ---\n  x\nb: 1\n", []string{"1: a: |\n  ---\n  x\nb: 1\n"}},
		{"no marker", "a: 1\n----\n---x\n", []string{"1: a: 1\n----\n---x\n"}},
		{"end marker", "a: 1\n...\n# c\n...\nb: 1\n", []string{"1: a: 1\n", "5: b: 1\n"}},
		{"directive", "%YAML 1.1\n# c\n---\na: 1\n---\nb: 1\n", []string{"1: %YAML 1.1\n# c\n---\na: 1\n", "6: b: 1\n"}},
		{"percent in content", "a:\n%x\n---\nb: 1", []string{"1: a:\n%x\n", "4: b: 1"}},
		{"byte order mark", "\ufeff---\na: 1\n", []string{"1: \ufeff---\na: 1\n"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var got []string
			for _, d := range Split(Document{Source: "x", Line: 1, Data: []byte(test.stream)}) {
				got = append(got, fmt.Sprintf("%d: %s", d.Line, d.Data))
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// TestDocumentRemembers: several rooms look into a document, and it is parsed once.
func TestDocumentRemembers(t *testing.T) {
	d := NewDocument("a.yaml", 1, []byte("apiVersion: v1\nkind: Pod\nmetadata: {name: a}\n"))
	first, err := d.Node()
	if err != nil {
		t.Fatal(err)
	}
	second, _ := d.Node()
	ms, err := Canonical(Output{Documents: []Document{d}}, "")
	if err != nil || first != second || ms[0].Node() != first {
		t.Errorf("parsed again: %p %p %p %v", first, second, ms[0].Node(), err)
	}
	if none, err := NewDocument("a.yaml", 1, []byte("# nothing\n")).Node(); none != nil || err != nil {
		t.Errorf("an empty document is %v, %v", none, err)
	}
}

func TestCheckSyntax(t *testing.T) {
	docs := []Document{NewDocument("a.yaml", 0, []byte("a: 1")), NewDocument("a.yaml", 0, []byte("a: 1\nb: c: d")), NewDocument("b.yaml", 7, []byte("a: 1\nb: c: d")), NewDocument("c.yaml", 1, []byte("a: 1\n--- b"))}
	const want = "a.yaml, document 2, line 2: broken YAML: mapping values are not allowed in this context\n" +
		"b.yaml:8: broken YAML: mapping values are not allowed in this context\n" +
		"c.yaml:2: a second document begins here; Kubernetes would read only the first"
	if err := CheckSyntax(docs); err == nil || err.Error() != want {
		t.Errorf("got\n%v\nwant\n%s", err, want)
	}
	if err := CheckSyntax(docs[:1]); err != nil {
		t.Error(err)
	}
}

// TestSyntaxPlaces holds the places of errors to where the mistakes are: the library's own lines are off by one for some.
func TestSyntaxPlaces(t *testing.T) {
	tests := []struct {
		text string
		line int
	}{
		{"a: b: c\n", 1}, {"a: 1\nb: c: d\n", 2}, {"a: 1\nb:\n  c: 1\n d: 2\n", 4}, {"a: 1\nb: [1, 2\nc: 3\n", 2}, {"a: 1\nb:\n\tc: 1\n", 3},
		{"a: 1\nb: \"x\nc: 3", 2}, {"a: 1\nb: *x\n", 2}, {"a: 1\n- b\n", 2}, {"a: 1\nb: @x\n", 2}, {"a: 1\nb: \"\\q\"\n", 2}, {"a: 1\nb: {a: 1\n", 2},
		{"a: 1\nb: \x01\n", 2}, {"a: 1\nb: \xff\n", 2}, {"a: !x!y b\n", 1}, {"a: 1\nfoo\nb: 2\n", 2}, {"[[[", 1},
	}
	for _, test := range tests {
		if _, _, bad := parse([]byte(test.text)); len(bad) != 1 || bad[0].Line != test.line {
			t.Errorf("%q: want line %d, got %v", test.text, test.line, bad)
		}
	}
}
