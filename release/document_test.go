package release

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"
)

func TestReleasesRoundTrip(t *testing.T) {
	want := []Release{podinfo(), {App: "web", Version: "12e4567"}}
	data, err := FormatReleases(want)
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "testdata/release.json", data)
	got, err := ParseReleases(data)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestParseReleasesReadsAllOfJSON(t *testing.T) {
	got, err := ParseReleases([]byte("{\"schemaVersion\":1,\r\n\t\"releases\":[{\"app\":\"a\",\"version\":\"\\ud83d\\ude80\\/\\u00e9\",\"images\":[{\"name\":\"b\"},{\"name\":\"a\"}]}]}\n"))
	if err != nil {
		t.Fatal(err)
	}
	want := []Release{{App: "a", Version: "🚀/é", Images: []Image{{Name: "a"}, {Name: "b"}}}}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

// releaseWith is a document with one release whose members are given as JSON.
func releaseWith(members string) string {
	return `{"schemaVersion": 1, "releases": [` + "\n" + `{"app": "web", "version": "1"` + members + `}]}`
}

func TestParseReleasesRefuses(t *testing.T) {
	for in, want := range map[string]string{
		``:                                   "1:1: the text is not JSON: it ends too early",
		`[]`:                                 "1:1: the document must be an object, not a list",
		`null`:                               "1:1: the document must be an object, not null",
		`{"schemaVersion": 1, "releases": [`: "1:35: the text is not JSON: it ends too early",
		"{\n \"schemaVersion\": 1,\n \"releases\" [}":                                                    "3:13: the text is not JSON: invalid character '['",
		`{"schemaVersion": 1, "releases": []} x`:                                                         "1:38: there is more text after the document",
		`{"schemaVersion": 2, "releases": [{}]}`:                                                         "1:19: schemaVersion 2 is not supported",
		`{"schemaVersion": "1", "releases": [{}]}`:                                                       "1:19: schemaVersion must be a number, not a string",
		`{"schemaVersion": 1, "releases": []}`:                                                           "1:34: there is no release",
		`{"schemaVersion": 1}`:                                                                           `1:1: the document has no "releases"`,
		`{"schemaVersion": 1, "schemaVersion": 1}`:                                                       `1:22: the document has "schemaVersion" twice`,
		`{"schemaVersion": 1, "SchemaVersion": 1}`:                                                       `1:22: the document has an unknown key "SchemaVersion"`,
		"{\"schemaVersion\": 1, \"a\xff\": 1}":                                                           "1:24: the text is not UTF-8",
		strings.Repeat("[", 100):                                                                         "1:18: values are nested more than 16 deep",
		"[" + strings.Repeat("0,", 300_000) + "0]":                                                       "or there are more than 250000",
		strings.Repeat(" ", maxDocument+1):                                                               "more than 4194304 bytes",
		releaseWith(`, "sequence": 12`):                                                                  "2:44: the sequence must be an object, not a number",
		releaseWith(`, "sequence": {"kind": "github"}`):                                                  `2:44: the sequence has no "number"`,
		releaseWith(`, "sequence": {"kind": "x", "number": 1}`):                                          `2:53: sequence kind "x" does not exist`,
		releaseWith(`, "sequence": {"kind": "time", "number": 1.5}`):                                     "the number is 1.5, which is no whole number",
		releaseWith(`, "sequence": {"kind": "time", "number": 1e3}`):                                     "the number is 1e3, which is no whole number",
		releaseWith(`, "sequence": {"kind": "time", "number": 9223372036854775808}`):                     "which is no whole number of at most 63 bits",
		releaseWith(`, "sequence": {"kind": "time", "number": "1"}`):                                     "the number must be a number, not a string",
		releaseWith(`, "sequence": {"kind": "time", "number": -1}`):                                      "the sequence number is -1",
		releaseWith(`, "source": {"commit": 1234567890123456789012345678901234567890}`):                  "the commit must be a string, not a number",
		releaseWith(`, "source": {"commit": ""}`):                                                        "the commit is empty",
		releaseWith(`, "source": {"time": "yesterday"}`):                                                 `"yesterday" is no time`,
		releaseWith(`, "source": {"repository": "https://a:hunter2@x.example/y"}`):                       "carries credentials",
		releaseWith(`, "images": {"web": "x"}`):                                                          "images must be a list, not an object",
		releaseWith(`, "images": [{"name": "Web"}]`):                                                     "upper-case letters",
		releaseWith(`, "images": [{"name": "web"}, {"name": "docker.io/library/web"}]`):                  `image "docker.io/library/web" is named twice`,
		releaseWith(`, "images": [{"name": "web", "digest": "abc"}]`):                                    `image digest "abc" is not valid`,
		releaseWith(`, "images": [{"tag": true}]`):                                                       "the tag must be a string, not true",
		releaseWith(`, "root": "../x"`):                                                                  `root "../x" is not a safe path`,
		`{"schemaVersion": 1, "releases": [{"app": "a", "version": "1"}, {"app": "a", "version": "2"}]}`: `1:65: app "a" has two releases`,
	} {
		_, err := ParseReleases([]byte(in))
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%.100s\ngot  %v\nwant %s", in, err, want)
		}
	}
}

// Numbers would lose what people wrote: the tag 1.10 would deploy 1.1, the short commit 12e4567 nothing at all.
func TestParseReleasesAsksForQuotes(t *testing.T) {
	for _, literal := range []string{"1.10", "12e4567", "1234567", "0"} {
		for _, in := range []string{
			`{"schemaVersion": 1, "releases": [{"app": "web", "version": ` + literal + `}]}`,
			releaseWith(`, "images": [{"name": "web", "tag": ` + literal + `}]`),
		} {
			_, err := ParseReleases([]byte(in))
			var ps Problems
			if !errors.As(err, &ps) || len(ps) != 1 || ps.Hint() != fmt.Sprintf("quote it: %q", literal) {
				t.Errorf("%s: got %v, hint %q", in, err, ps.Hint())
			}
		}
	}
}

func TestParseReleasesReportsAllAtOnce(t *testing.T) {
	_, err := ParseReleases([]byte("{\n  \"releases\": [\n    {\"app\": \"Web\", \"version\": 1,\n     \"extra\": 1}],\n  \"schemaVersion\": 1}"))
	var ps Problems
	if !errors.As(err, &ps) {
		t.Fatal(err)
	}
	want := `r.json:3:13: app name "Web" is not valid
r.json:3:31: the version must be a string, not a number
r.json:4:6: the release has an unknown key "extra"`
	if d := cmp.Diff(want, ps.In("r.json").Error()); d != "" {
		t.Error(d)
	}
	if !strings.HasPrefix(ps[0].Error(), "3:13: ") {
		t.Errorf("naming the file changed the original: %v", ps[0])
	}
}

func TestSchema(t *testing.T) {
	got, err := Schema()
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "testdata/release.schema.json", got)
}

// TestSchemaAgreesWithTheParser holds the two definitions of a release document together.
func TestSchemaAgreesWithTheParser(t *testing.T) {
	schema := compileSchema(t)
	full, err := FormatReleases([]Release{podinfo()})
	if err != nil {
		t.Fatal(err)
	}
	for in, valid := range map[string]bool{
		string(full):    true,
		releaseWith(``): true,
		releaseWith(`, "sequence": {"kind": "gitlab", "number": 1}`):    true,
		releaseWith(`, "sequence": {"kind": "gitlab", "number": 0}`):    false,
		releaseWith(`, "sequence": {"kind": "jenkins", "number": 1}`):   false,
		releaseWith(`, "sequence": {"kind": "gitlab"}`):                 false,
		releaseWith(`, "sequence": 1`):                                  false,
		releaseWith(`, "extra": 1`):                                     false,
		releaseWith(`, "images": [{"name": "web", "tag": 1.10}]`):       false,
		releaseWith(`, "images": [{"name": "web", "tag": "a b"}]`):      false,
		releaseWith(`, "images": [{"name": "web", "digest": "x"}]`):     false,
		releaseWith(`, "images": [{"tag": "1"}]`):                       false,
		releaseWith(`, "source": {"commit": "abc"}`):                    false,
		releaseWith(`, "source": {"ref": ""}`):                          false,
		releaseWith(`, "source": {"branch": "x"}`):                      false,
		releaseWith(`, "templates": "abc"`):                             false,
		`{"schemaVersion": 1, "releases": []}`:                          false,
		`{"schemaVersion": 2, "releases": [{"app":"a","version":""}]}`:  false,
		`{"schemaVersion": 1, "releases": [{"app":"A","version":"1"}]}`: false,
		`{"schemaVersion": 1, "releases": [{"version":"1"}]}`:           false,
		`{"schemaVersion": 1, "releases": [{"app":"a"}]}`:               false,
		`{"releases": [{"app":"a","version":"1"}]}`:                     false,
	} {
		value, err := jsonschema.UnmarshalJSON(strings.NewReader(in))
		if err != nil {
			t.Fatal(err)
		}
		if err := schema.Validate(value); (err == nil) != valid {
			t.Errorf("schema: %s: %v", in, err)
		}
		if _, err := ParseReleases([]byte(in)); (err == nil) != valid {
			t.Errorf("parser: %s: %v", in, err)
		}
	}
}

func compileSchema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	data, err := Schema()
	if err != nil {
		t.Fatal(err)
	}
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource(SchemaID, value); err != nil {
		t.Fatal(err)
	}
	schema, err := c.Compile(SchemaID)
	if err != nil {
		t.Fatal(err)
	}
	return schema
}

func FuzzParseReleases(f *testing.F) {
	full, err := FormatReleases([]Release{podinfo()})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(full)
	f.Add([]byte(releaseWith(`, "sequence": {"kind": "github", "number": 1e3}`)))
	f.Add([]byte(`{"schemaVersion": 1, "releases": [{"app": "a", "version": "\ud800"}]}`))
	f.Add([]byte("[[[[{\"\":\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		releases, err := ParseReleases(data)
		if err != nil {
			var ps Problems
			if !errors.As(err, &ps) || len(ps) == 0 || ps.Error() == "" {
				t.Fatalf("an error without problems: %v", err)
			}
			return
		}
		if !json.Valid(data) {
			t.Fatalf("accepted, but not JSON: %s", data)
		}
		again, err := FormatReleases(releases)
		if err != nil {
			t.Fatal(err)
		}
		got, err := ParseReleases(again)
		if d := cmp.Diff(releases, got); err != nil || d != "" {
			t.Fatalf("%v %s\n%s", err, d, again)
		}
	})
}
