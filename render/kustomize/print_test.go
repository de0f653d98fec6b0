package kustomize

import (
	"strings"
	"testing"

	"sigs.k8s.io/kustomize/api/provider"
)

// FuzzPrint holds our printing of a resource against the library's.
func FuzzPrint(f *testing.F) {
	for _, value := range []string{
		"2024-01-01", `"2024-01-01T00:00:00Z"`, "yes", `"no"`, "010", "0o14", "0x1F", "1e3", "1e21", "1.0", "-0.0", "0.1", "1_000", ".inf", ".nan", "~", "null", `""`, "12345678901234567890",
		"123456789012345678901234567890", "|\n  a\n   b\n", ">-\n  a\n  b\n", "'a: b'", "=", "[]", "{}", "[a, 1, {b: c}]", `"\u0085"`, `"\x7f"`, "\U0001F600", "!!str 5", "!custom x", "!!binary aGk=",
		"&a {x: 1}", "{? a : b}", "{5: a}", "{true: a}", "a word that is longer than the line of eighty columns on which the printer of the library breaks plain text",
		`"` + strings.Repeat("quoted and long ", 12) + `"`, "- a\n- - b\n  - c", `"a\tb"`, `"trailing "`, `" leading"`, `"a\n\n"`, `"# no comment"`, "0b11", "1:30", "+1", "<<", "{<<: {a: b}}",
	} {
		f.Add(value)
	}
	factory := provider.NewDepProvider().GetResourceFactory()
	f.Fuzz(func(t *testing.T, value string) {
		if len(value) > 1<<14 {
			return
		}
		all, err := factory.SliceFromBytes([]byte("apiVersion: v1\nkind: A\nmetadata: {name: a}\ndata:\n  key: " + strings.ReplaceAll(value, "\n", "\n    ") + "\n"))
		if err != nil || len(all) != 1 {
			return
		}
		library, wantErr := all[0].AsYAML()
		ours, ok := printTree(all[0].YNode())
		if ok && (wantErr != nil || string(ours) != string(library)) {
			t.Fatalf("ours:\n%s\nthe library's (%v):\n%s", ours, wantErr, library)
		}
	})
}
