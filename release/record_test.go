package release

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	yaml3 "go.yaml.in/yaml/v3"
	yaml2 "sigs.k8s.io/yaml/goyaml.v2" // reads YAML 1.1
)

func podinfoRecord() Record {
	return Record{
		Version:     RecordVersion,
		App:         "podinfo",
		Environment: "dev",
		Release:     podinfo(),
		Inputs: NewInputs([]Input{
			{"values/podinfo.yaml", "3f2a567890123456789012345678901234567890"},
			{"values/dev/null", strings.Repeat("0", 40)},
			{`values/a b: "c" #d.yaml`, strings.Repeat("a", 64)},
		}),
		Files: []File{
			{"010", strings.Repeat("1", 40)},
			{"2026-01-01", strings.Repeat("2", 40)},
			{"deployment-podinfo.yaml", strings.Repeat("d", 40)},
			{"null", strings.Repeat("e", 40)},
			{"on", "123e456789012345678901234567890123456789"},
		},
		Made: Made{Ferry: "0.1.0", Renderer: "helm 3.22.0"},
	}
}

func TestRecordGolden(t *testing.T) {
	got, err := podinfoRecord().Marshal()
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "testdata/release.lock", got)
}

func golden(t *testing.T, path string, got []byte) {
	t.Helper()
	if os.Getenv("UPDATE") != "" {
		if err := os.WriteFile(path, got, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), string(got)); d != "" {
		t.Errorf("%s: %s", path, d)
	}
}

func TestRecordRoundTrip(t *testing.T) {
	plain := Record{Version: 1, App: "on", Environment: "1234", Inputs: NewInputs(nil),
		Release: Release{App: "on", Version: "~", Sequence: Sequence{Kind: Manual, Number: 1}}}
	for _, rec := range []Record{podinfoRecord(), plain} {
		data, err := rec.Marshal()
		if err != nil {
			t.Fatal(err)
		}
		got, err := ParseRecord(data)
		if err != nil {
			t.Fatalf("%v\n%s", err, data)
		}
		if d := cmp.Diff(rec, got); d != "" {
			t.Error(d)
		}
	}
}

// TestScalars holds every reader to the strings we wrote: those of YAML 1.1 and of 1.2.
func TestScalars(t *testing.T) {
	for _, s := range []string{
		"1234567", "12e4567", "12E4567", "1e3", "1.10", "1.2.3", ".5", "1.", "-1", "+1", "0x10", "0X1F", "010", "0o17", "0b11", "1_000", "190:20:30",
		"on", "On", "off", "yes", "NO", "y", "n", "true", "False", "null", "Null", "~", ".inf", ".NaN", "-.inf", "2026-01-01", "2026-1-1", "2026-01-01T10:00:00Z",
		"---", "...", "<<", "=", "-", "?", "a: b", "a #b", "a:", ":a", "@a", "`a", "*a", "&a", "!a", "%a", "|", ">", "[a]", "{a}", "a, b", `"`, `\`, `a"b\c`,
		" ", "é", "日本", "a b", "1.10-rc.1", "v1.10", "main@sha1:abc", "https://example.com/a?b=c#d", "sha256:abc", "0.1.0", "a.b", "_", "/", "1e", "0x", "e1", "abc_1",
		"1234567890123456789012345678901234567890", "00000000000000000000000000000000000000e1",
	} {
		document := []byte(fmt.Sprintf("k: %s\n%s: v\n", scalar(s), scalar(s)))
		for name, read := range map[string]func([]byte, any) error{
			"YAML 1.1": func(b []byte, v any) error { return yaml2.Unmarshal(b, v) },
			"YAML 1.2": yaml3.Unmarshal,
		} {
			var got map[any]any
			if err := read(document, &got); err != nil || got["k"] != any(s) || got[s] != any("v") {
				t.Errorf("%s reads %q as %#v, %v", name, document, got, err)
			}
		}
		root, p := yamlTree(document)
		if p != nil || root.items[0].text != s || root.keys[1].text != s || root.items[0].kind != text {
			t.Errorf("we read %q as %+v, %v", document, root, p)
		}
	}
}

// TestPlainStaysReadable keeps quotes away from what needs none.
func TestPlainStaysReadable(t *testing.T) {
	for _, s := range []string{"podinfo", "v1.10", "deployment-podinfo.yaml", digestA, "https://github.com/acme/podinfo", "refs/heads/main", "3f2a567890abcdef"} {
		if scalar(s) != s {
			t.Errorf("%s is written as %s", s, scalar(s))
		}
	}
}

// resealed writes a record's body with a digest that matches, as someone who knows the format could.
func resealed(body string) []byte {
	return fmt.Appendf(nil, "%sdigest: sha256:%x\n", body, sha256.Sum256([]byte(body)))
}

func body(t *testing.T) string {
	t.Helper()
	data, err := podinfoRecord().Marshal()
	if err != nil {
		t.Fatal(err)
	}
	return string(data[:bytes.LastIndex(data, []byte("digest: "))])
}

func TestParseRecordFindsEdits(t *testing.T) {
	good, err := podinfoRecord().Marshal()
	if err != nil {
		t.Fatal(err)
	}
	for name, bad := range map[string][]byte{
		"empty":           nil,
		"value changed":   bytes.Replace(good, []byte("refs/heads/main"), []byte("refs/heads/other"), 1),
		"comment changed": bytes.Replace(good, []byte("do not edit"), []byte("do edit"), 1),
		"line added":      append(bytes.Clone(good), "x: y\n"...),
		"line end lost":   good[:len(good)-1],
		"digest lost":     good[:bytes.LastIndex(good, []byte("digest: "))],
		"other line ends": bytes.ReplaceAll(good, []byte("\n"), []byte("\r\n")),
		"broken YAML":     bytes.Replace(good, []byte("release:"), []byte("release: {["), 1),
		"too big":         append(bytes.Clone(good), make([]byte, maxRecord)...),
		"conflict":        append([]byte("<<<<<<< HEAD\n"), good...),
	} {
		_, err := ParseRecord(bad)
		var hint interface{ Hint() string }
		if !errors.Is(err, ErrEdited) || !errors.As(err, &hint) || hint.Hint() == "" {
			t.Errorf("%s: got %v", name, err)
		}
	}
	if _, err := ParseRecord(good); err != nil {
		t.Error(err)
	}
}

func TestParseRecordFromNewerFerry(t *testing.T) {
	_, err := ParseRecord([]byte("version: 2\nshape: new\nseal: of another kind\n"))
	if !errors.Is(err, ErrNewer) || !strings.Contains(err.Error(), "its version is 2") {
		t.Errorf("got %v", err)
	}
}

func TestParseRecordRefuses(t *testing.T) {
	whole := body(t)
	for want, change := range map[string][2]string{
		`2:1: the record has an unknown key "extra"`:                     {"version: 1\n", "extra: 1\nversion: 1\n"},
		`the record has no "version"`:                                    {"version: 1\n", ""},
		`the record has no "release"`:                                    {"release:", "releases:"},
		`the record has "app" twice`:                                     {"app: podinfo\n", "app: podinfo\napp: podinfo\n"},
		"the version is 0, not 1":                                        {"version: 1\n", "version: 0\n"},
		`file name "../up" is not safe`:                                  {"  \"010\": ", "  \"../up\": "},
		`file name "a/b" is not safe`:                                    {"  \"010\": ", "  a/b: "},
		`file name ".git" is not safe`:                                   {"  \"010\": ", "  .git: "},
		`file name "release.lock" is not safe`:                           {"  \"null\": ", "  release.lock: "},
		`file "010" comes after "010"`:                                   {"  \"2026-01-01\": ", "  \"010\": "},
		`file "a" comes after "deployment`:                               {"  \"null\": ", "  a: "},
		`files "deployment-podinfo.YAML" and "deployment-podinfo.yaml" `: {"  \"2026-01-01\": ", "  deployment-podinfo.YAML: "},
		`is not 40 or 64 hex digits`:                                     {strings.Repeat("d", 40), strings.Repeat("D", 40)},
		"the digest of the inputs does not match":                        {"values/podinfo.yaml", "values/podinfo2.yaml"},
		"the number must be a number, not a string":                      {"number: 9007199254740993", "number: many"},
		"the version must be a string, not a number":                     {"  version: \"1.10\"", "  version: 110"},
		"31:26: the value is no simple string or number":                 {"values/podinfo.yaml: 3f", "values/podinfo.yaml: &a 3f"},
		"the value is no simple":                                         {"tag: \"1.10\"", "tag: 1.10"},
		"4:14: the value is no simple string or number":                  {"environment: dev", "environment: [dev]"},
		"4:1: a key and a colon were expected":                           {"environment: dev", "environment dev"},
		"4:1: the key has no value":                                      {"environment: dev", "environment:"},
		"the indentation fits no line above":                             {"environment: dev", "   environment: dev"},
		"3:1: a key and a colon were expected":                           {"app: podinfo\n", strings.Repeat("k", maxKey+1) + ": x\n"},
		"nested too deep":                                                {"environment: dev", strings.Repeat(" ", 40) + "environment: dev"},
		"files must be an object, not a string":                          {"files:\n", "files: x\nmade:\n"},
		`image "web" is named twice`:                                     {"ghcr.io/acme/sidecar\n", "web\n"},
		`environment name "de/v" is not valid`:                           {"environment: dev", "environment: de/v"},
		`"2026" is no time`:                                              {`"2026-11-05T10:00:00Z"`, `"2026"`},
		"the text is not UTF-8":                                          {"1.9", "1.\xff"},
	} {
		if strings.Count(whole, change[0]) == 0 {
			t.Fatalf("the record has no %q:\n%s", change[0], whole)
		}
		_, err := ParseRecord(resealed(strings.Replace(whole, change[0], change[1], 1)))
		if err == nil || !strings.Contains(err.Error(), want) || errors.Is(err, ErrEdited) {
			t.Errorf("%q -> %q:\ngot  %v\nwant %s", change[0], change[1], err, want)
		}
	}
}

func TestMarshalRefuses(t *testing.T) {
	for want, change := range map[string]func(*Record){
		"the record's version is 0":      func(r *Record) { r.Version = 0 },
		`the record is of "podinfo", it`: func(r *Record) { r.Release.App = "other" },
		`environment name "" is not`:     func(r *Record) { r.Environment = "" },
		"is not safe":                    func(r *Record) { r.Files[0].Name = "a/b" },
		"out of order or twice":          func(r *Record) { r.Files[0], r.Files[1] = r.Files[1], r.Files[0] },
		"does not match their list":      func(r *Record) { r.Inputs.List = r.Inputs.List[1:] },
		`input "../x" is not a safe`:     func(r *Record) { r.Inputs = NewInputs([]Input{{"../x", strings.Repeat("a", 40)}}) },
		`input x "y" is not 40`:          func(r *Record) { r.Inputs = NewInputs([]Input{{"x", "y"}}) },
		`input "x" comes after "x"`: func(r *Record) {
			r.Inputs = NewInputs([]Input{{"x", strings.Repeat("a", 40)}, {"x", strings.Repeat("b", 40)}})
		},
		"made \"a\\nb\" has invisible": func(r *Record) { r.Made.Ferry = "a\nb" },
		"the version is missing":       func(r *Record) { r.Release.Version = "" },
	} {
		rec := podinfoRecord()
		change(&rec)
		if _, err := rec.Marshal(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
}

func TestInputsDigestKnowsEveryPart(t *testing.T) {
	seen := map[string]bool{}
	for _, list := range [][]Input{nil, {{"a", "1"}}, {{"a", "2"}}, {{"b", "1"}}, {{"a", "1"}, {"b", "1"}}, {{"a1", ""}}} {
		seen[NewInputs(list).Digest] = true
	}
	if len(seen) != 6 {
		t.Errorf("6 lists have %d digests", len(seen))
	}
	if NewInputs([]Input{{"a", "1"}, {"b", "2"}}).Digest != NewInputs([]Input{{"b", "2"}, {"a", "1"}}).Digest {
		t.Error("the order of the list counts")
	}
}

func TestAcceptedRoundTrip(t *testing.T) {
	data, err := MarshalAccepted(podinfo())
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "testdata/accepted.lock", data)
	got, err := ParseAccepted(data)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(podinfo(), got); d != "" {
		t.Error(d)
	}
	if _, err := ParseAccepted(bytes.Replace(data, []byte("1.9"), []byte("1.8"), 1)); !errors.Is(err, ErrEdited) {
		t.Errorf("got %v", err)
	}
	if _, err := ParseRecord(data); err == nil {
		t.Error("an accepted release was read as a record")
	}
	if _, err := MarshalAccepted(Release{App: "x"}); err == nil {
		t.Error("an incomplete release was written")
	}
}

// FuzzParseRecord seals what it is given, so that the fuzzer gets behind the digest: whatever is accepted is valid,
// writes and reads back the same, and means the same to other readers of YAML.
func FuzzParseRecord(f *testing.F) {
	data, err := podinfoRecord().Marshal()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data[:bytes.LastIndex(data, []byte("digest: "))])
	f.Add([]byte("version: 1\n"))
	f.Add([]byte("a:\n  - b: \"\\\\\"\n    c: d\n"))
	f.Fuzz(func(t *testing.T, body []byte) {
		sameYAML(t, body)
		rec, err := ParseRecord(resealed(string(body)))
		if err != nil {
			return
		}
		again, err := rec.Marshal()
		if err != nil {
			t.Fatalf("%+v was read but cannot be written: %v", rec, err)
		}
		got, err := ParseRecord(again)
		if d := cmp.Diff(rec, got); err != nil || d != "" {
			t.Fatalf("%v %s", err, d)
		}
	})
}

// sameYAML checks that our reader, where it accepts a text, sees what a full reader sees.
func sameYAML(t *testing.T, body []byte) {
	root, p := yamlTree(body)
	if p != nil {
		return
	}
	var full yaml3.Node
	if err := yaml3.Unmarshal(body, &full); err != nil {
		if len(root.keys) == 0 {
			return
		}
		t.Fatalf("a full reader refuses what we accept: %v\n%s", err, body)
	}
	if len(root.keys) > 0 {
		sameNode(t, root, full.Content[0])
	}
}

func sameNode(t *testing.T, ours *node, full *yaml3.Node) {
	switch ours.kind {
	case mapping:
		if full.Kind != yaml3.MappingNode || len(full.Content) != 2*len(ours.keys) {
			t.Fatalf("line %d: a mapping of %d, they see %+v", ours.line, len(ours.keys), full)
		}
		for i := range ours.keys {
			sameNode(t, ours.keys[i], full.Content[2*i])
			sameNode(t, ours.items[i], full.Content[2*i+1])
		}
	case list:
		if full.Kind != yaml3.SequenceNode || len(full.Content) != len(ours.items) {
			t.Fatalf("line %d: a list of %d, they see %+v", ours.line, len(ours.items), full)
		}
		for i := range ours.items {
			sameNode(t, ours.items[i], full.Content[i])
		}
	default:
		tag := map[nodeKind]string{text: "!!str", number: "!!int"}[ours.kind]
		if full.ShortTag() != tag && !(tag == "!!int" && full.ShortTag() == "!!float") || full.Value != ours.text || full.Line != ours.line || full.Column != ours.column && printableASCII(full.Value) {
			t.Fatalf("we see %q (%s) at %d:%d, they see %q (%s) at %d:%d", ours.text, tag, ours.line, ours.column, full.Value, full.ShortTag(), full.Line, full.Column)
		}
	}
}

func printableASCII(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool { return r > 127 }) < 0
}
