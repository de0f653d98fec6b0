package kustomize

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/ferry-cd/ferry/render"
)

// TestCases builds every tree of testdata/cases as the CLI does. The lines above the first file of a case are remarks,
// "dir NAME" for the folder to build, and the word "refused" where both must refuse.
func TestCases(t *testing.T) {
	for _, name := range caseFiles(t) {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".txtar"), func(t *testing.T) {
			t.Parallel()
			c := readCase(t, name)
			out, err := same(t, c.files, c.dir)
			if c.refused != (err != nil) {
				t.Fatalf("refused = %v is what the case says; got %v", c.refused, err)
			}
			checkDocuments(t, out)
		})
	}
}

type testCase struct {
	files   render.Files
	dir     string
	refused bool
}

func caseFiles(t testing.TB) []string {
	t.Helper()
	names, err := filepath.Glob("testdata/cases/*.txtar")
	if err != nil || len(names) == 0 {
		t.Fatalf("no cases: %v", err)
	}
	return names
}

func readCase(t testing.TB, name string) testCase {
	t.Helper()
	archive, err := txtar.ParseFile(name)
	if err != nil {
		t.Fatal(err)
	}
	c := testCase{files: render.Files{}, dir: "."}
	for _, f := range archive.Files {
		c.files[f.Name] = f.Data
	}
	for _, line := range strings.Split(string(archive.Comment), "\n") {
		if line == "refused" {
			c.refused = true
		}
		if dir, ok := strings.CutPrefix(line, "dir "); ok {
			c.dir = dir
		}
	}
	return c
}

// checkDocuments holds the documents against the raw output.
func checkDocuments(t *testing.T, out render.Output) {
	t.Helper()
	var joined []string
	for _, d := range out.Documents {
		joined = append(joined, string(d.Data))
	}
	if strings.Join(joined, "---\n") != string(out.Raw) {
		t.Fatal("the documents do not add up to the raw output")
	}
}

// TestOwn builds our own kustomizations as the CLI does.
func TestOwn(t *testing.T) {
	files := readFiles(t, "../../testdata/kustomize")
	for _, dir := range kustomizations(t, files) {
		if strings.Contains(dir, "components/") {
			continue
		}
		t.Run(dir, func(t *testing.T) {
			t.Parallel()
			if _, err := same(t, files, dir); err != nil {
				t.Fatal(err)
			}
		})
	}
}
