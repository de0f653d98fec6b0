package render

import (
	"reflect"
	"testing"
	"unicode/utf8"

	yamlv3 "go.yaml.in/yaml/v3"
)

// awkward are strings that some reader of YAML takes for something else, or cannot read without care.
var awkward = []string{
	"", " ", "a", "010", "0o10", "1_000", "0x10", "0b11", "12e4567", "1e3", "1e", "1.0", ".5", "1.", "+1", "-1", "-", "+", ".", "..", "...", "---", "--- a",
	"on", "off", "yes", "no", "y", "n", "Y", "N", "True", "FALSE", "yEs", "null", "NULL", "~", "~/bin", "2026-01-01", "2026-1-1", "2026-01-01T10:00:00Z",
	"1:30", "190:20:30.15", "10:00", "8080:80", "=", "=a", "<<", ".inf", "-.INF", ".nan", "inf", "NaN", "Infinity", " a", "a ", "\ta", "a\t", "a\tb", "- a", "-a", "--a", "? a", "?a", ": a", ":a",
	"a: b", "a:b", "a:", "a #b", "a#b", "#a", "&a", "*a", "!a", "!!str a", "|", ">", "|\n", "%a", "@a", "`a`", "{a}", "[a]", "a, b", "{{ .Values.a }}", "'", "\"", "it's", `"a"`, `a\b`, `\`, "'a\"b\\",
	"\x00", "\x01", "\x7f", "\u0085", "\u00a0", "\u00ad", "\u200b", "\u200d", "\u2028", "\u2029", "\u202e", "\ufeff", "\ufffe", "\U000e0001", "\U0001f600", "é", "日本",
	"a\n", "a\n\n", "a\nb", "a\nb\n", "a\nb\n\n", "\n", "\n\n", "\na", "\n\na\n", " a\nb", "\n a\nb", "a\n b", "\ta\nb", "a\n\tb", "a \nb", "a\n \nb", "a\nb ", "a\n ", "a\r\nb", "a\rb", "a\n---\nb", "a\n...\nb\n", "a\n#b\n", "# a\nb\n", "a: b\nc: d\n", "- a\n- b\n", "a\nb\u2028c", "a\n\x01",
	"1.2.3", "v1.2.3", "1234567", "1234e56", "sha256:abc", "10.0.0.1/8", "100m", "1Gi", "5s", "0", "00", "0777", "08", "0.0", "-0", "1__0", "_1", "0b+1", "0x", "123456789012345678901234567890",
}

// FuzzString holds every string, wherever it stands, to what YAML readers of both kinds make of what we wrote.
func FuzzString(f *testing.F) {
	for _, s := range awkward {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if !utf8.ValidString(s) || len(s) > 1<<16 {
			return
		}
		checkString(t, s)
	})
}

func checkString(t *testing.T, s string) {
	t.Helper()
	leaf := func() *yamlv3.Node { return str(s, 0) }
	mapping := func(pairs ...*yamlv3.Node) *yamlv3.Node {
		return &yamlv3.Node{Kind: yamlv3.MappingNode, Content: pairs}
	}
	sequence := func(items ...*yamlv3.Node) *yamlv3.Node {
		return &yamlv3.Node{Kind: yamlv3.SequenceNode, Content: items}
	}
	root := mapping(
		str("a", 0), leaf(),
		str("b", 0), sequence(leaf(), sequence(leaf(), leaf()), mapping(str("c", 0), leaf(), str("d", 0), leaf()), leaf()),
		str("e", 0), mapping(str("f", 0), mapping(str("g", 0), leaf()), str("h", 0), leaf()),
		str("z", 0), str("end", 0),
	)
	if len(s) <= maxKey {
		root.Content = append(root.Content, str("k", 0), mapping(leaf(), leaf()))
		if field(root, s) == nil {
			root.Content = append(root.Content, leaf(), leaf())
		}
	}
	want := value(root)
	text := write(nil, root)
	if got := kubernetes(t, text); !reflect.DeepEqual(got, want) {
		t.Fatalf("Kubernetes reads %q in\n%s", got, text)
	}
	if got := modern(t, text); !reflect.DeepEqual(got, want) {
		t.Fatalf("a YAML 1.2 reader reads %q in\n%s", got, text)
	}
	again, _, bad := parse(text)
	if bad != nil {
		t.Fatalf("refused: %v\n%s", bad, text)
	}
	if got := value(again); !reflect.DeepEqual(got, want) {
		t.Fatalf("we read %q in\n%s", got, text)
	}
}
