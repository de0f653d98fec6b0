package render

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"
)

// printed are texts, each of a kind that is written in its own way.
var printed = []string{"", " ", "a", "plain text", "two  spaces", " before", "after ", "true", "Yes", "no", "NO", "nO", "~", "null", "nUll", "123", "0123", "0x1f", "0b101", "0o17", "1e3", "1_000", "-1", "+1",
	"1.5", ".5", ".inf", "-.inf", "+.INF", ".nan", ".", "..", "...", "... a", "-", "--", "---", "--- a", "- a", "-a", "?", "? a", "?a", ":", ": a", ":a", "a:", "a: b", "a:b", "a #b", "a#b", "#a", "1:30", "190:20:30.15", "10.0.0.1",
	"2026-01-02", "2026-1-2", "2026-01-02T03:04:05Z", "2026-01-02 03:04:05", "9223372036854775808", "99999999999999999999999", "1.2.3", "1.34", "08", "0.1e-7", "=", "<<", "it's", "'", "''", `"`, `a"b`, `a\b`, "[a]", "{a}", "a, b", "*a", "&a", "!a", "%a", "@a", "`a`", "|", ">", "a|b",
	"a\nb", "a\nb\n", "a\nb\n\n", "\n", "\na", "\n\na\n", " a\nb", "a \nb", "a\n b\n", "a\n\nb", "a\tb", "a\nb ", "a\n  \nb", "# a\nb", "a\r\nb", "ä", "— dash", "日本", "\u00a0", "\u2028", "\ufeff", "😀", "a\x00b", "a\x7fb",
	strings.Repeat("word ", 30) + "end", strings.Repeat("x", 200), strings.Repeat("x", 90) + " y", strings.Repeat("it's ", 40), strings.Repeat("a  b ", 30) + "c", "# " + strings.Repeat("word ", 30) + "end",
	strings.Repeat("ä ", 60) + "ö", strings.Repeat("x", 79) + " y z", strings.Repeat("x", 80) + " y z", strings.Repeat("12 ", 40) + "1", " " + strings.Repeat("word ", 30), strings.Repeat("k", 101), strings.Repeat("k", 129)}

// samePrint holds what is printed against the library's way through JSON.
func samePrint(t *testing.T, v any) {
	t.Helper()
	want, err := yaml.Marshal(v)
	got, ok := PrintValues(v)
	if ok && (err != nil || string(got) != string(want)) {
		t.Errorf("%#v\ngot\n%s\nwant (%v)\n%s", v, got, err, want)
	}
}

func TestPrintValuesAsTheLibrary(t *testing.T) {
	for _, s := range printed {
		samePrint(t, map[string]any{"key": s})
		samePrint(t, map[string]any{s: "value"})
		samePrint(t, []any{s})
		samePrint(t, s)
		samePrint(t, map[string]any{"list": []any{s, []any{s, s}, map[string]any{"a": s, "b": map[string]any{"c": []any{s}}}}})
	}
	for _, v := range []any{nil, true, 1, int64(math.MinInt64), uint64(math.MaxUint64), 1.5, 1.0, 1e21, 1e-7, 123456789.0, 1e6, math.Inf(1), float32(0.1), int32(1), json.Number("1"), map[string]any{}, []any{}, map[string]any(nil), []any(nil), []string{"a"}, map[string]string{"a": "b"}} {
		samePrint(t, v)
		samePrint(t, map[string]any{"key": v, "list": []any{v, []any{v}, map[string]any{"k": v}}})
	}
}

// TestPrintValuesOfAnyText makes texts of all that has a meaning somewhere in YAML, short ones and some longer than a line.
func TestPrintValuesOfAnyText(t *testing.T) {
	chance := rand.New(rand.NewPCG(1, 2))
	alphabet := []rune("  ::##--??''..,,[]{}&*!|>%@`\"\\\n0123456789eExX_+aAbByYnNtTfFoO~=<ä日")
	text := func(most int) string {
		var b strings.Builder
		for range chance.IntN(most) {
			b.WriteRune(alphabet[chance.IntN(len(alphabet))])
		}
		return b.String()
	}
	for range 4000 {
		samePrint(t, map[string]any{text(5): text(7), "k" + text(9): []any{text(4), "x" + text(150)}, text(3): map[string]any{"key": text(12)}})
	}
}

func TestPrintValuesSortsAsTheLibrary(t *testing.T) {
	keys := []string{"a", "b", "A", "B", "a1", "a2", "a10", "a01", "a001", "a1b", "a1.5", "a-b", "a.b", "a_b", "ab", "1", "2", "10", "01", "0", "00", "1a", "1-", "-1", "a/b", "a100", "a10b", "v1", "v1beta1", "v1alpha1", "v2", "v10", "x-1", "x-01", "x-", "x", "a1000000000000000000000", "a1000000000000000000001"}
	for _, a := range keys {
		for _, b := range keys {
			samePrint(t, map[string]any{a: 1, b: 2})
		}
	}
}

// TestPrintValuesQuickly: what charts hold is printed without a copy and without the library.
func TestPrintValuesQuickly(t *testing.T) {
	v := map[string]any{"apiVersion": "apps/v1", "kind": "Deployment", "metadata": map[string]any{"name": "web", "labels": map[string]any{"app.kubernetes.io/name": "web", "app.kubernetes.io/version": "1.4.0"}, "annotations": map[string]any{"prometheus.io/port": "8080", "prometheus.io/scrape": "true"}},
		"spec": map[string]any{"replicas": int64(3), "paused": false, "containers": []any{map[string]any{"name": "web", "image": "ghcr.io/acme/web:1.4.0@sha256:0123", "args": []any{"--listen=:8080", "-v"}, "cpu": "500m", "memory": "128Mi", "ratio": 0.5, "none": nil}}, "text": "a: b\nc: d\n"}}
	samePrint(t, v)
	if _, ok := printQuickly(v); !ok {
		t.Fatal("left to the library")
	}
	if n := testing.AllocsPerRun(100, func() { printQuickly(v) }); n > 2 {
		t.Errorf("%v allocations", n)
	}
}

// FuzzPrintValues: whatever JSON holds is printed as the library prints it, or not at all.
func FuzzPrintValues(f *testing.F) {
	for _, s := range printed {
		data, err := json.Marshal(map[string]any{s: []any{s, map[string]any{"k": s}}, "b": 1.5, "c": nil})
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var v any
		if json.Unmarshal(data, &v) == nil {
			samePrint(t, v)
		}
	})
}
