package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// What a package makes at its start is paid for by every run, also by `ferry version` and by each command of a pipeline: a
// pattern with a count of two hundred costs as much as reading ferry.yaml. So patterns are compiled where the first one asks.
func TestStartCompilesNoPattern(t *testing.T) {
	files := token.NewFileSet()
	err := filepath.WalkDir("../..", func(path string, e fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case e.IsDir() && (e.Name() == "testdata" || e.Name() == "fake" || e.Name() == "scmtest" || e.Name() == "bench"):
			return filepath.SkipDir
		case e.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go"):
			return nil
		}
		f, err := parser.ParseFile(files, path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		for _, at := range compiledAtStart(f) {
			t.Errorf("%s: a pattern is compiled whenever ferry starts; put it into a sync.OnceValue", files.Position(at))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// compiledAtStart finds the patterns in the variables of a package, outside of functions.
func compiledAtStart(f *ast.File) (found []token.Pos) {
	for _, d := range f.Decls {
		vars, ok := d.(*ast.GenDecl)
		if !ok {
			continue
		}
		ast.Inspect(vars, func(n ast.Node) bool {
			if s, ok := n.(*ast.SelectorExpr); ok && s.Sel.Name == "MustCompile" {
				found = append(found, s.Pos())
			}
			_, inFunction := n.(*ast.FuncLit)
			return !inFunction
		})
	}
	return found
}

func TestStartCompilesNoPatternFinds(t *testing.T) {
	f, err := parser.ParseFile(token.NewFileSet(), "x.go", `package x
var a = regexp.MustCompile("a")
var b = map[string]*regexp.Regexp{"b": regexp.MustCompile("b")}
var c = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile("c") })
func d() { regexp.MustCompile("d") }
`, 0)
	if err != nil {
		t.Fatal(err)
	}
	if found := compiledAtStart(f); len(found) != 2 {
		t.Errorf("found %d of the 2 patterns", len(found))
	}
}

// These fill tables of types whenever a program starts that links them, and with them come hundreds of packages that do so too:
// together a fifth of what starting ferry takes. Our own tests may link them, to compare.
func TestStartLinksNoTablesOfKubernetes(t *testing.T) {
	out, err := exec.Command("go", "list", "-deps", ".").Output()
	if err != nil {
		t.Fatal(err)
	}
	linked := strings.Fields(string(out))
	for _, heavy := range []string{
		"k8s.io/client-go/kubernetes/scheme",                       // check/schema lists the kinds itself, when it is asked
		"k8s.io/client-go/tools/leaderelection",                    // connector/cluster elects over the dynamic client
		"k8s.io/client-go/discovery",                               // and asks for the two answers it needs
		"helm.sh/helm/v3/pkg/chartutil",                            // render/helm has its own
		"helm.sh/helm/v3/pkg/releaseutil",                          // imports it
		"helm.sh/helm/v3/pkg/release",                              // imports times and types of Kubernetes for a name of a hook
		"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1", // came with it
	} {
		if slices.Contains(linked, heavy) {
			t.Errorf("%s is linked", heavy)
		}
	}
	if !slices.Contains(linked, "helm.sh/helm/v3/pkg/chart") {
		t.Error("the list does not show what is linked")
	}
}
