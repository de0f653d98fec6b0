package helm

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/ferry-cd/ferry/render"
)

// TestCases renders every chart of testdata/cases as the CLI does. The lines above the first file of a case are flags of
// the CLI, the word "refused" where both must refuse, and remarks.
func TestCases(t *testing.T) {
	names, err := filepath.Glob("testdata/cases/*.txtar")
	if err != nil || len(names) == 0 {
		t.Fatalf("no cases: %v", err)
	}
	for _, name := range names {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".txtar"), func(t *testing.T) {
			t.Parallel()
			r, refused := readCase(t, name)
			out, err := same(t, r)
			if refused != (err != nil) {
				t.Fatalf("refused = %v is what the case says; got %v", refused, err)
			}
			if err == nil && len(out.Documents) == 0 {
				t.Fatal("the case renders nothing")
			}
			checkDocuments(t, out)
		})
	}
}

func readCase(t testing.TB, name string) (r render.Request, refused bool) {
	t.Helper()
	archive, err := txtar.ParseFile(name)
	if err != nil {
		t.Fatal(err)
	}
	r.Dir, r.Files = ".", render.Files{}
	for _, f := range archive.Files {
		r.Files[f.Name] = f.Data
	}
	for _, line := range strings.Split(string(archive.Comment), "\n") {
		flag, value, _ := strings.Cut(line, " ")
		path, text, _ := strings.Cut(value, "=")
		switch flag {
		case "refused":
			refused = true
		case "-f":
			r.Values = append(r.Values, render.File{Path: value, Data: r.Files[value]})
			delete(r.Files, value)
		case "--set", "--set-string", "--set-literal":
			r.Set = append(r.Set, render.Set{Path: path, Value: text, Typed: flag == "--set", Literal: flag == "--set-literal"})
		case "--api-versions":
			r.Kubernetes.APIs = append(r.Kubernetes.APIs, value)
		}
	}
	return r, refused
}

// checkDocuments holds the documents against the raw output: all of it is there, in its order, and nothing else.
func checkDocuments(t *testing.T, out render.Output) {
	t.Helper()
	rest := string(out.Raw)
	for _, d := range out.Documents {
		text := strings.TrimSpace(string(d.Data))
		i := strings.Index(rest, text)
		if i < 0 {
			t.Fatalf("document of %s is not in the raw output, or not in its place:\n%s", d.Source, text)
		}
		for _, line := range strings.Split(rest[:i], "\n") {
			line = strings.TrimSpace(line)
			if line != "" && !strings.HasPrefix(line, "#") && !strings.HasPrefix(line, "---") && line != "..." {
				t.Fatalf("no document holds this line of the raw output: %q", line)
			}
		}
		if strings.Contains("\n"+text+"\n", "\n---\n") {
			t.Fatalf("two documents in one, from %s:\n%s", d.Source, text)
		}
		rest = rest[i+len(text):]
	}
}

// TestCharts renders our own charts with every file of their ci folder, alone and all together, for three clusters.
func TestCharts(t *testing.T) {
	root := "../../testdata/charts"
	clusters := []render.Kubernetes{
		{Version: "1.29"}, {Version: "v1.31.4"}, {Version: "1.34", APIs: []string{"monitoring.coreos.com/v1/ServiceMonitor", "autoscaling/v2"}},
	}
	sets := []render.Set{{Path: "global.domain", Value: "example.org", Typed: true}, {Path: "example.version", Value: "1.10"}}
	for _, dir := range []string{"storefront", "mall", "operator"} {
		files := readFiles(t, root)
		for name, values := range valueSets(t, filepath.Join(root, dir, "ci")) {
			for _, k := range clusters {
				t.Run(dir+"/"+name+"/"+k.Version, func(t *testing.T) {
					t.Parallel()
					out, err := same(t, render.Request{Files: files, Dir: dir, Values: values, Set: sets, Kubernetes: k})
					if err != nil {
						t.Fatal(err)
					}
					checkDocuments(t, out)
				})
			}
		}
	}
}

func valueSets(t *testing.T, dir string) map[string][]render.File {
	t.Helper()
	sets := map[string][]render.File{"defaults": nil}
	names, err := filepath.Glob(filepath.Join(dir, "*.yaml"))
	if err != nil || len(names) == 0 {
		t.Fatalf("no values in %s: %v", dir, err)
	}
	for _, name := range names {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		f := render.File{Path: filepath.Base(name), Data: data}
		sets[f.Path] = []render.File{f}
		sets["all"] = append(sets["all"], f)
	}
	return sets
}
