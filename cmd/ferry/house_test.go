package main

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

const module = "github.com/ferry-cd/ferry"

// arrows says which of our rooms each room may import: a floor plan, every arrow pointing down. A room that is not here
// may not exist; a driver stands below its parent and knows only that. docs/design.md gives the reasons.
var arrows = map[string][]string{
	"release":                       {},
	"door":                          {},
	"templates":                     {},
	"environments":                  {"release"},
	"render":                        {"release"},
	"render/helm":                   {"render", "render/helm/template", "render/helm/chartutil", "render/helm/engine"},
	"render/helm/engine":            {"render"},
	"render/helm/chartutil":         {"render/helm/chartutil/version"},
	"render/helm/chartutil/version": {},
	"render/helm/template":          {},
	"render/kustomize":              {"render"},
	"render/plain":                  {"render"},
	"check":                         {"render"},
	"check/policy":                  {"check", "render"},
	"check/schema":                  {"check", "render"},
	"diff":                          {"render"},
	"git":                           {"door"},
	"scm":                           {"door"},
	"scm/scmtest":                   {"scm"},
	"scm/local":                     {"scm", "door", "git"},
	"scm/github":                    {"scm", "door"},
	"scm/gitlab":                    {"scm", "door"},
	"scm/azure":                     {"scm", "door"},
	"scm/gitea":                     {"scm", "door"},
	"scm/bitbucket":                 {"scm", "door"},
	"source":                        {"release", "git", "door"},
	"source/registry":               {"release", "door"},
	"source/identity":               {"door"},
	"archive":                       {},
	"charts":                        {"door", "archive"},
	"supply":                        {"charts", "archive", "git", "door"},
	"source/helper":                 {"source/registry", "door"},
	"gates":                         {"release", "environments"},
	"ledger":                        {"release", "git"},
	"promote":                       {"release", "environments", "render", "check", "diff", "git", "scm", "gates", "ledger"},
	"report":                        {"promote", "release", "environments", "render", "check", "diff", "git", "scm", "gates", "door", "ledger"},
	"connector":                     {"release", "environments", "git", "scm", "door"},
	"connector/cluster":             {"connector"},
	"connector/pipeline":            {"connector", "door", "release"},
	"connector/hooks":               {"door"},
	"connector/config":              {"environments", "door"},
	"connector/operate":             {"connector", "door"},
	"notify":                        {"report", "door"},
	"site":                          {"report", "promote", "release", "environments", "render", "check", "diff", "git", "scm", "gates", "ledger"},
	"setup":                         {"templates", "report", "promote", "source", "release", "environments", "render", "check", "diff", "git", "scm", "gates", "door"},
	"cmd/ferry":                     {"*"},
	"bench":                         {"*"},
}

// owners says which rooms may bring a heavy or a dangerous library into the house, by the longest prefix of the import
// path.
var owners = map[string][]string{
	"helm.sh/helm":                                {"render/helm"},
	"sigs.k8s.io/kustomize/api":                   {"render/kustomize"},
	"sigs.k8s.io/kustomize/kyaml":                 {"render/kustomize"},
	"github.com/go-git":                           {"git"},
	"github.com/go-git/go-git/v5/plumbing/format": {"git", "source"}, // how .gitignore and .git/config are written, no more
	"github.com/google/go-github":                 {"scm/github"},
	"github.com/xanzy/go-gitlab":                  {"scm/gitlab"},
	"gitlab.com/gitlab-org/api":                   {"scm/gitlab"},
	"code.gitea.io/sdk":                           {"scm/gitea"},
	"k8s.io/client-go":                            {"connector/cluster"},
	"github.com/google/cel-go":                    {"check/policy"},
	"github.com/google/go-containerregistry":      {"source/registry", "bench"},
	"github.com/prometheus/client_golang":         {"connector/operate"},
	"github.com/urfave/cli":                       {"cmd/ferry"},
	"github.com/invopop/jsonschema":               {"release", "environments", "cmd/ferry"},
	"os/exec":                                     {"bench", "source/helper"}, // nothing that ferry reads may start a program; people may name one that keeps their credentials
}

// pkg is what go list tells of a package.
type pkg struct {
	ImportPath string
	Imports    []string
	Standard   bool
}

// house is every package of ours and everything below it.
type house map[string]pkg

func listHouse(t *testing.T) house {
	t.Helper()
	cmd := exec.Command("go", "list", "-deps", "-json=ImportPath,Imports,Standard", "./...")
	cmd.Dir = "../.."
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v\n%s", err, stderr.String())
	}
	h := house{}
	for d := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p pkg
		switch err := d.Decode(&p); err {
		case nil:
			h[p.ImportPath] = p
		case io.EOF:
			return h
		default:
			t.Fatal(err)
		}
	}
}

// ours lists our packages, sorted.
func (h house) ours() []string {
	return slices.Sorted(func(yield func(string) bool) {
		for path := range h {
			if room(path) != "" && !yield(path) {
				return
			}
		}
	})
}

// room gives the room of a package: its longest beginning in the floor plan, or the folder where it has none; "" for
// packages of others.
func room(path string) string {
	rest, ok := strings.CutPrefix(path, module+"/")
	if !ok {
		return ""
	}
	for dir := rest; ; {
		if _, ok := arrows[dir]; ok {
			return dir
		}
		i := strings.LastIndexByte(dir, '/')
		if i < 0 {
			return rest
		}
		dir = dir[:i]
	}
}

// prop tells whether a package only serves tests, as a driver's stateful fake or a suite: no program may reach it, and it
// may start git to compare with. Props may build on each other, and the benchmarks, which nobody ships, play with them.
func prop(path string) bool {
	return strings.HasSuffix(path, "/fake") || strings.HasSuffix(path, "test") || strings.Contains(path, "test/")
}

// violations names every import that the floor plan forbids, each with the way that leads to it.
func (h house) violations() []string {
	var out []string
	for _, path := range h.ours() {
		here := room(path)
		allowed, known := arrows[here]
		if !known {
			out = append(out, here+" is not a room of the house: give it a place in the floor plan")
			continue
		}
		for _, imported := range h[path].Imports {
			there := room(imported)
			planned := there == here || slices.Contains(allowed, there) || slices.Contains(allowed, "*") || prop(path) && prop(imported)
			if there == "" || planned && (prop(path) || !prop(imported) || here == "bench") {
				continue
			}
			out = append(out, fmt.Sprintf("%s may not know %s: %s -> %s", here, name(imported), h.way(path), name(imported)))
		}
		if !prop(path) {
			out = append(out, h.guests(path)...)
		}
	}
	return out
}

// guests names the heavy libraries that a package brings in without owning them, directly or through somebody else's
// library. What it gets through another room of ours is that room's matter.
func (h house) guests(path string) []string {
	var out []string
	from := map[string]string{path: ""}
	for queue := []string{path}; len(queue) > 0; queue = queue[1:] {
		here := queue[0]
		for _, imported := range h[here].Imports {
			if _, seen := from[imported]; seen || room(imported) != "" {
				continue
			}
			from[imported] = here
			if prefix, rooms := owner(imported); prefix != "" && (here == path || !h[imported].Standard) {
				if !slices.Contains(rooms, room(path)) {
					out = append(out, fmt.Sprintf("%s belongs to %s: %s", prefix, strings.Join(rooms, ", "), h.way(path)+chain(from, imported)))
				}
				continue
			}
			if !h[imported].Standard {
				queue = append(queue, imported)
			}
		}
	}
	return out
}

func owner(path string) (prefix string, rooms []string) {
	for _, prefix := range slices.Backward(slices.Sorted(maps.Keys(owners))) {
		if strings.HasPrefix(path, prefix) {
			return prefix, owners[prefix]
		}
	}
	return "", nil
}

// chain is the way from a package of ours to a library.
func chain(from map[string]string, to string) string {
	out := ""
	for ; from[to] != ""; to = from[to] {
		out = " -> " + name(to) + out
	}
	return out
}

// way is the shortest way from the program to one of our packages, which it may not reach at all.
func (h house) way(to string) string {
	start := module + "/cmd/ferry"
	from := map[string]string{start: ""}
	for queue := []string{start}; len(queue) > 0; queue = queue[1:] {
		for _, next := range h[queue[0]].Imports {
			if _, seen := from[next]; !seen && room(next) != "" {
				from[next] = queue[0]
				queue = append(queue, next)
			}
		}
	}
	if _, reached := from[to]; !reached || to == start {
		return name(to)
	}
	return name(start) + chain(from, to)
}

func name(path string) string { return strings.TrimPrefix(path, module+"/") }

// The arrows of the house point down, and heavy libraries stay in their rooms.
func TestHouse(t *testing.T) {
	for _, v := range listHouse(t).violations() {
		t.Error(v)
	}
}

// The floor plan itself has no way back up, and no room but the program and the benchmarks knows a driver.
func TestFloorPlan(t *testing.T) {
	for from, tos := range arrows {
		for _, to := range tos {
			if to == "*" {
				continue
			}
			if _, ok := arrows[to]; !ok {
				t.Errorf("%s -> %s: there is no such room", from, to)
			}
			inner := strings.HasPrefix(to, from+"/") && strings.Contains(from, "/")                     // a driver's own back room
			if parent, _, driver := strings.Cut(to, "/"); driver && !inner && to != "source/registry" { // a reader, and no driver of anything
				t.Errorf("%s -> %s: a driver of %s is known to the program alone", from, to, parent)
			}
			if reaches(to, from, map[string]bool{}) {
				t.Errorf("%s -> %s leads back up", from, to)
			}
		}
	}
}

func reaches(from, to string, seen map[string]bool) bool {
	if from == to {
		return true
	}
	seen[from] = true
	return slices.ContainsFunc(arrows[from], func(next string) bool { return !seen[next] && reaches(next, to, seen) })
}

// The linter shows the same plan while people type; it has to be the same.
func TestLinterKnowsTheFloorPlan(t *testing.T) {
	data, err := os.ReadFile("../../.golangci.yml")
	if err != nil {
		t.Fatal(err)
	}
	var lint struct {
		Linters struct {
			Settings struct {
				Depguard struct {
					Rules map[string]struct {
						Mode  string `yaml:"list-mode"`
						Files []string
						Allow []string
						Deny  []struct{ Pkg, Desc string }
					}
				}
			}
		}
	}
	if err := yaml.Unmarshal(data, &lint); err != nil {
		t.Fatal(err)
	}
	for from, tos := range arrows {
		if slices.Contains(tos, "*") {
			continue
		}
		rule := lint.Linters.Settings.Depguard.Rules[strings.ReplaceAll(from, "/", "-")]
		var allow []string
		for _, to := range tos {
			allow = append(allow, module+"/"+to+"$")
		}
		if !slices.Equal(rule.Allow, allow) || rule.Mode != "lax" || !slices.Equal(rule.Files, []string{"**/" + from + "/*.go", "!$test"}) ||
			len(rule.Deny) != 1 || rule.Deny[0].Pkg != module || rule.Deny[0].Desc == "" {
			t.Errorf("%s: .golangci.yml says %+v, the floor plan allows %v", from, rule, tos)
		}
	}
}

// What the house test would say of a house with every kind of mistake.
func TestHouseFindsMistakes(t *testing.T) {
	h := house{}
	add := func(path string, imports ...string) { h[path] = pkg{ImportPath: path, Imports: imports} }
	add(module+"/cmd/ferry", module+"/report", module+"/scm/gitlab", module+"/scm/gitlab/fake")
	add(module+"/git", module+"/git/gittest")
	add(module+"/git/gittest", "os/exec")
	add(module+"/report", module+"/promote", "example.com/pretty")
	add(module+"/promote", module+"/scm/gitlab", module+"/report", "os/exec")
	add(module+"/scm/gitlab", module+"/scm", "github.com/xanzy/go-gitlab")
	add(module+"/scm/gitlab/fake", module+"/scm")
	add(module+"/scm", module+"/utils")
	add(module + "/utils")
	add("example.com/pretty", "helm.sh/helm/v3/pkg/engine", "os/exec")
	add("helm.sh/helm/v3/pkg/engine")
	h["os/exec"] = pkg{ImportPath: "os/exec", Standard: true}
	want := []string{
		"cmd/ferry may not know scm/gitlab/fake: cmd/ferry -> scm/gitlab/fake",
		"git may not know git/gittest: git -> git/gittest",
		"promote may not know scm/gitlab: cmd/ferry -> report -> promote -> scm/gitlab",
		"promote may not know report: cmd/ferry -> report -> promote -> report",
		"os/exec belongs to bench, source/helper: cmd/ferry -> report -> promote -> os/exec",
		"helm.sh/helm belongs to render/helm: cmd/ferry -> report -> example.com/pretty -> helm.sh/helm/v3/pkg/engine",
		"scm may not know utils: cmd/ferry -> scm/gitlab -> scm -> utils",
		"utils is not a room of the house: give it a place in the floor plan",
	}
	if got := h.violations(); !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}
