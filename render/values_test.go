package render

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestMergeValues(t *testing.T) {
	files := func(texts ...string) (fs []File) {
		for _, text := range texts {
			fs = append(fs, File{Path: "values.yaml", Data: []byte(text)})
		}
		return fs
	}
	type m = map[string]any
	tests := []struct {
		name  string
		files []File
		set   []Set
		want  m
	}{
		{"nothing", nil, nil, m{}},
		{"empty files", files("", "# comment\n", "null"), nil, m{}},
		{"maps merge", files("a: {b: 1, c: 2}", "a: {c: 3, d: {e: x}}"), nil, m{"a": m{"b": int64(1), "c": int64(3), "d": m{"e": "x"}}}},
		{"lists replace", files("a: [1, 2, 3]", "a: [4]"), nil, m{"a": []any{int64(4)}}},
		{"null deletes", files("a: {b: 1, c: 2}\nd: 1", "a: {b: null}\nd: ~"), nil, m{"a": m{"c": int64(2)}}},
		{"null deletes nothing", files("a: {b: null}"), nil, m{"a": m{}}},
		{"deleted and set again", files("a: {b: 1}", "a: null", "a: {c: 2}"), nil, m{"a": m{"c": int64(2)}}},
		{"map over scalar", files("a: 1", "a: {b: 1}"), nil, m{"a": m{"b": int64(1)}}},
		{"scalar over map", files("a: {b: 1}", "a: 1"), nil, m{"a": int64(1)}},
		{"read as Helm reads", files("a: yes\nb: 010\nc: 1.5\nd: 2026-01-01\ne: '010'"), nil, m{"a": true, "b": int64(8), "c": 1.5, "d": "2026-01-01", "e": "010"}},
		{"set makes the way", files("a: {b: 1}"), []Set{{Path: "a.c.d", Value: "x"}}, m{"a": m{"b": int64(1), "c": m{"d": "x"}}}},
		{"set is a string", nil, []Set{{Path: "a", Value: "1"}, {Path: "b", Value: "true"}}, m{"a": "1", "b": "true"}},
		{"typed", nil, []Set{{Path: "a", Value: "1", Typed: true}, {Path: "b", Value: "TRUE", Typed: true}, {Path: "c", Value: "010", Typed: true}, {Path: "d", Value: "0", Typed: true}, {Path: "e", Value: "1.5", Typed: true}},
			m{"a": int64(1), "b": true, "c": "010", "d": int64(0), "e": "1.5"}},
		{"typed null deletes", files("a: {b: 1}"), []Set{{Path: "a.b", Value: "null", Typed: true}}, m{"a": m{}}},
		{"list of values", nil, []Set{{Path: "a", Value: "{x,1\\,2,}", Typed: true}, {Path: "b", Value: "{}"}}, m{"a": []any{"x", "1,2"}, "b": []any{}}},
		{"several in one", nil, []Set{{Path: "a", Value: "1,b.c=2,d=x\\,y", Typed: true}}, m{"a": int64(1), "b": m{"c": int64(2)}, "d": "x,y"}},
		{"index", files("a: [{b: 1}, 2]"), []Set{{Path: "a[0].b", Value: "x"}, {Path: "a[3][1]", Value: "y"}}, m{"a": []any{m{"b": "x"}, int64(2), nil, []any{nil, "y"}}}},
		{"escaped dots", nil, []Set{{Path: `a\.b.c\[0\]`, Value: "x"}}, m{"a.b": m{"c[0]": "x"}}},
		{"literal", nil, []Set{{Path: "a.b", Value: `{x},y=\z`, Literal: true}}, m{"a": m{"b": `{x},y=\z`}}},
		{"literal over string over typed", nil, []Set{{Path: "a", Value: "3", Literal: true}, {Path: "a", Value: "2"}, {Path: "a", Value: "1", Typed: true}, {Path: "b", Value: "2"}, {Path: "b", Value: "1", Typed: true}}, m{"a": "3", "b": "2"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, err := MergeValues(test.files, test.set)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// TestMergeValuesTellsAll: every bad file with its place, every bad setting with its path.
func TestMergeValuesTellsAll(t *testing.T) {
	files := []File{{"a.yaml", []byte("a: 1\nb: c: d\n")}, {"b.yaml", []byte("x: 1\n\nx: 2\n")}, {"c.yaml", []byte("- a\n")}, {"d.yaml", []byte("good: true")}}
	set := []Set{{Path: "", Value: "x"}, {Path: "a..b", Value: "x"}, {Path: "a[x]", Value: "x"}, {Path: "a[1001]", Value: "x"}, {Path: "a", Value: "{x"}, {Path: "a", Value: "{x}y"}, {Path: "a", Value: "1,2"}, {Path: "a.", Value: "1"}}
	_, err := MergeValues(files, set)
	const want = `a.yaml:2: broken YAML: mapping values are not allowed in this context
b.yaml:3:1: the key "x" appears twice, first in line 1
c.yaml:1:1: values are a mapping, this is a list
set value : the path is empty
set value a..b: the path "a..b" misses a key
set value a[x]: the path "a[x]": want an index from 0 to 1000 in brackets
set value a[1001]: the path "a[1001]": want an index from 0 to 1000 in brackets
set value a: a list needs a closing }
set value a: "y" after a list
set value a: "2" after a comma is no path=value; write \, for a comma in the value
set value a.: the path "a." ends with a dot`
	if err == nil {
		t.Fatal("accepted")
	}
	if diff := cmp.Diff(want, err.Error()); diff != "" {
		t.Error(diff)
	}
}

// TestMergeValuesSharesNothing: what one render does to its values does not reach the next.
func TestMergeValuesSharesNothing(t *testing.T) {
	files := []File{{"a.yaml", []byte("a: &x {b: 1}\nc: *x")}}
	values, err := MergeValues(files, []Set{{Path: "c.b", Value: "2"}})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]any{"a": map[string]any{"b": int64(1)}, "c": map[string]any{"b": "2"}}, values); diff != "" {
		t.Error(diff)
	}
}

// FuzzSet: no path or value of a setting ends in a panic or in a list without measure.
func FuzzSet(f *testing.F) {
	for _, s := range []Set{{Path: "a.b[0]", Value: "{x,y}"}, {Path: `a\.b`, Value: `1\,2,b=3`, Typed: true}, {Path: "a[1000][1000]", Value: ",", Literal: true}} {
		f.Add(s.Path, s.Value, s.Typed, s.Literal)
	}
	f.Fuzz(func(t *testing.T, path, value string, typed, literal bool) {
		values, err := MergeValues([]File{{"a", []byte("a: [{b: c}]")}}, []Set{{path, value, typed, literal}})
		if (err == nil) == (values == nil) {
			t.Errorf("values %v and error %v", values, err)
		}
	})
}
