package environments

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// validConfigs are the folders under testdata/config, each a GitOps repository.
func validConfigs(t testing.TB) []string {
	t.Helper()
	found, err := filepath.Glob("testdata/config/*/ferry.yaml")
	if err != nil || len(found) == 0 {
		t.Fatalf("no configuration under testdata/config: %v", err)
	}
	for i := range found {
		found[i] = filepath.Base(filepath.Dir(found[i]))
	}
	return found
}

func load(t testing.TB, name string) *Config {
	t.Helper()
	c, err := Load(context.Background(), Dir(filepath.Join("testdata/config", name)), For("0.1.0-dev"))
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return c
}

// golden compares with a file under testdata/golden, or writes it when UPDATE is set.
func golden(t *testing.T, name, have string) {
	t.Helper()
	file := filepath.Join("testdata/golden", name)
	if os.Getenv("UPDATE") != "" {
		if err := os.WriteFile(file, []byte(have), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), have); diff != "" {
		t.Errorf("%s differs (-want +have), rewrite with UPDATE=1:\n%s", file, diff)
	}
}

func TestPlacements(t *testing.T) {
	for _, name := range validConfigs(t) {
		t.Run(name, func(t *testing.T) {
			c := load(t, name)
			if err := c.CheckFiles(Dir(filepath.Join("testdata/config", name))); err != nil {
				t.Error(err)
			}
			data, err := json.MarshalIndent(struct {
				Apps         []App
				Environments []Environment
				Trust        Trust
				Placements   []Placement
			}{c.Apps, c.Environments, c.Trust, c.Placements()}, "", " ")
			if err != nil {
				t.Fatal(err)
			}
			golden(t, name+".json", string(data)+"\n")
		})
	}
}

func TestEffective(t *testing.T) {
	for _, p := range []struct{ config, app, environment string }{
		{"shop", "web", "prod-eu"}, {"shop", "payments", "prod-eu"}, {"shop", "search", "prod-eu"}, {"regions", "shop", "us"},
	} {
		t.Run(p.config+"-"+p.app, func(t *testing.T) {
			settings, err := load(t, p.config).Effective(p.app, p.environment)
			if err != nil {
				t.Fatal(err)
			}
			var out strings.Builder
			for _, s := range settings {
				fmt.Fprintf(&out, "%s = %v (%s)\n", s.Key, s.Value, s.From)
			}
			golden(t, p.config+"-"+p.app+"-"+p.environment+".txt", out.String())
		})
	}
}

// TestEffectiveNamesTheLine reads each value back from the place that Effective gives.
func TestEffectiveNamesTheLine(t *testing.T) {
	for _, name := range validConfigs(t) {
		c := load(t, name)
		for _, p := range c.Placements() {
			settings, err := c.Effective(p.App, p.Environment)
			if err != nil {
				t.Fatal(err)
			}
			for _, s := range settings {
				text, ok := s.Value.(string)
				if !ok || s.From.File == "" || strings.HasPrefix(s.Key, "after") {
					continue
				}
				rest := textAt(t, filepath.Join("testdata/config", name, s.From.File), s.From)
				fill := filler(p)
				if !strings.HasPrefix(strings.TrimLeft(fill.Replace(rest), `"`), text) {
					t.Errorf("%s: %s %s: %s = %q, but at %s stands %q", name, p.App, p.Environment, s.Key, text, s.From, rest)
				}
			}
		}
	}
}

func textAt(t *testing.T, file string, at Position) string {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	line := []rune(strings.Split(string(data), "\n")[at.Line-1])
	return string(line[at.Column-1:])
}

// TestEveryKeyIsShown keeps testdata/config/shop complete: what is not written there is tested nowhere.
func TestEveryKeyIsShown(t *testing.T) {
	shown := map[string]bool{}
	for file, kind := range map[string]reflect.Type{"ferry.yaml": reflect.TypeFor[rootFile](), "teams/payments/ferry.app.yaml": reflect.TypeFor[teamFile]()} {
		data, err := os.ReadFile(filepath.Join("testdata/config/shop", file))
		if err != nil {
			t.Fatal(err)
		}
		nodes := 0
		collectKeys((&parser{reporter: &reporter{}, nodes: &nodes}).parse(data), kind, "", shown)
	}
	for _, f := range Fields() {
		if !shown[f.Key] {
			t.Errorf("%s does not occur in testdata/config/shop", f.Key)
		}
	}
}

func collectKeys(n *node, t reflect.Type, path string, shown map[string]bool) {
	t = mappingOf(t)
	switch {
	case n.kind == list:
		for _, item := range n.items {
			collectKeys(item, t, path, shown)
		}
	case n.kind == mapping && t != nil:
		for i, key := range n.keys {
			f, ok := fieldOf(t, key.text)
			at := canonical(join(path, key.text))
			shown[at] = true
			if !ok { // a free key: the name of an environment
				collectKeys(n.items[i], t, path, shown)
			} else if mappingOf(f.kind) != nil {
				collectKeys(n.items[i], f.kind, at, shown)
			}
		}
	}
}

// TestEveryFieldIsExplained holds the one source of schema, explain and reference complete: its examples are valid too.
func TestEveryFieldIsExplained(t *testing.T) {
	for _, f := range Fields() {
		if f.Meaning == "" || !strings.HasSuffix(f.Meaning, ".") || f.Example == "" {
			t.Errorf("%s has no meaning (a sentence) or no example: %+v", f.Key, f)
		}
		if problems := tryExample(f); len(problems) > 0 {
			t.Errorf("the example of %s is wrong: %v", f.Key, problems)
		}
	}
}

func tryExample(f Field) []Problem {
	var found reporter
	nodes := 0
	last := f.Key[strings.LastIndex(f.Key, ".")+1:]
	n := (&parser{reporter: &found, file: "example", nodes: &nodes}).parse([]byte(last + ": " + f.Example))
	if n == nil {
		return found.problems
	}
	t := reflect.TypeFor[rootFile]()
	parts := strings.Split(f.Key, ".")
	for _, part := range parts[:len(parts)-1] {
		key, _ := fieldOf(t, part)
		t = mappingOf(key.kind)
	}
	decoder{&found}.decode(n, reflect.New(t).Elem(), last)
	return slices.DeleteFunc(found.problems, func(p Problem) bool { return strings.Contains(p.Message, " has no ") })
}

// TestDefaultBranchByName shows that naming the default branch makes no second place of it.
func TestDefaultBranchByName(t *testing.T) {
	r := files{RootFile: `version: 1
defaults: {kubernetes: {version: "1.34"}, path: "all/{app}"}
environments: [{name: dev}, {name: prod, branch: main}]
apps: [{name: shop, source: {repository: ../shop}}]
`}
	if _, err := Load(context.Background(), r); err != nil {
		t.Errorf("two branches: %v", err)
	}
	_, err := Load(context.Background(), r, OnBranch("main"))
	const want = `ferry.yaml:2:49: the folder "all/shop" of "shop" in "prod" meets the folder "all/shop" of "shop" in "dev"`
	if err == nil || err.Error() != want {
		t.Errorf("have %v\nwant %s", err, want)
	}
}
