package helm

import (
	"context"
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ferry-cd/ferry/render"
)

func TestVersion(t *testing.T) {
	mod, err := os.ReadFile("../../go.mod")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(mod), "helm.sh/helm/v3 "+New().Version()+"\n") {
		t.Errorf("go.mod has another version of Helm than %s", New().Version())
	}
}

// TestWords says what a person reads when a chart cannot be rendered: file, line, column where there is one, and why.
func TestWords(t *testing.T) {
	for name, want := range map[string]string{
		"bad-name":           `Chart.yaml: validation: chart.metadata.name "../app" is invalid`,
		"bad-yaml":           `values.yaml:2: error converting YAML to JSON: yaml: line 2: did not find expected node content`,
		"bad-values-file":    `more.yaml:2: read the values: error converting YAML to JSON: yaml: line 2: found a tab character that violates indentation`,
		"exec-error":         `templates/a.yaml:2:13: executing "app/templates/a.yaml" at <.Values.a.b.c>: can't evaluate field b in type interface {}`,
		"fail":               `templates/_x.tpl:2:3: a person has to choose a colon: or not`,
		"helmignore":         `Chart.yaml: there is no chart here`,
		"include-recursion":  `templates/a.yaml:1:19: executing "x" at <include "x" .>: error calling include: template "x" includes itself more than 1000 times`,
		"library-itself":     `Chart.yaml: a library chart cannot be installed on its own`,
		"missing-dependency": `Chart.yaml: not in charts/: redis 18.x from https://charts.example.com`,
		"no-version":         `Chart.yaml: validation: chart.metadata.version is required`,
		"not-yaml":           `templates/a.yaml: renders to something that is not YAML: error converting YAML to JSON: yaml: line 2: mapping values are not allowed in this context`,
		"parse-error":        `templates/a.yaml:2: missing value for if`,
		"required":           `templates/a.yaml:1:6: host must be set`,
		"schema-relative":    "the values do not fit the chart's schema:\nvalues.schema.json: refers to file:///other.json; a schema may only refer to itself, a render opens neither network nor files",
		"schema-refuses":     "the values do not fit the chart's schema:\nvalues.schema.json: - at '': missing property 'name'\n- at '/count': got string, want integer\ncharts/child/values.schema.json: - at '/size': minimum: got -1, want 0",
		"starstar":           `.helmignore: double-star (**) syntax is not supported`,
		"too-new":            `Chart.yaml: the chart needs Kubernetes >=1.99.0 and is rendered for v1.34`,
		"unknown-function":   `templates/a.yaml:2: function "env" not defined`,
	} {
		r, _ := readCase(t, "testdata/cases/"+name+".txtar")
		r.Kubernetes.Version = "1.34"
		_, err := New().Render(context.Background(), r)
		if err == nil || err.Error() != want {
			t.Errorf("%s: got\n%v\nwant\n%s", name, err, want)
		}
	}
}

func TestKubernetesVersion(t *testing.T) {
	r := chartOf("version: {{ .Capabilities.KubeVersion }}\n")
	for _, given := range []string{"", "newest"} {
		r.Kubernetes.Version = given
		_, err := New().Render(context.Background(), r)
		var hint interface{ Hint() string }
		if !errors.As(err, &hint) || !strings.Contains(hint.Hint(), "--kube-version") {
			t.Errorf("version %q: got %v", given, err)
		}
	}
	for given, want := range map[string]string{"1.34": "v1.34", "v1.34.2": "v1.34.2", "1.31.4-eks-123": "v1.31.4"} {
		r.Kubernetes.Version = given
		out, err := New().Render(context.Background(), r)
		if err != nil || !strings.Contains(string(out.Raw), "version: "+want+"\n") {
			t.Errorf("version %s: got %s, %v", given, out.Raw, err)
		}
	}
}

// TestHooks says what becomes of hooks, by engine.
func TestHooks(t *testing.T) {
	r, _ := readCase(t, "testdata/cases/hooks.txtar")
	r.Kubernetes.Version, r.Dir = "1.34", "."
	for _, engine := range []string{"", "flux"} {
		r.Engine = engine
		_, err := New().Render(context.Background(), r)
		var hooks *HookError
		if !errors.As(err, &hooks) || hooks.ExitCode() != 3 || !strings.Contains(hooks.Hint(), "engine: argocd") {
			t.Fatalf("engine %q: got %v", engine, err)
		}
		want := []Hook{
			{Template: "hooks/templates/hooks.yaml", Kind: "ConfigMap", Name: "two", Events: []string{"pre-install"}},
			{Template: "hooks/templates/hooks.yaml", Kind: "Job", Name: "one", Events: []string{"pre-install", "post-upgrade"}},
		}
		if diff := cmp.Diff(want, hooks.Hooks); diff != "" {
			t.Errorf("refused hooks (-want +got):\n%s", diff)
		}
	}
	r.Engine = "argocd"
	out, err := New().Render(context.Background(), r)
	if err != nil {
		t.Fatal(err)
	}
	var sources []string
	for _, d := range out.Documents {
		sources = append(sources, d.Source)
	}
	if len(sources) != 3 || !strings.HasSuffix(string(out.Raw), "helm.sh/hook-weight: \"5\"}}\n") {
		t.Errorf("documents %v of\n%s", sources, out.Raw)
	}
	want := []string{
		"hooks/templates/hooks.yaml: test Pod three is left out",
		"hooks/templates/hooks.yaml: test Pod four is left out",
		"hooks/templates/hooks.yaml: a resource whose helm.sh/hook Helm does not know is left out, as Helm does",
	}
	if diff := cmp.Diff(want, out.Notices); diff != "" {
		t.Errorf("notices (-want +got):\n%s", diff)
	}
}

// TestHooksAsAsked shows that what ferry.yaml says of hooks holds for every engine.
func TestHooksAsAsked(t *testing.T) {
	r, _ := readCase(t, "testdata/cases/hooks.txtar")
	r.Kubernetes.Version, r.Dir = "1.34", "."
	for _, engine := range []string{"flux", "argocd"} {
		r.Engine = engine
		for hooks, documents := range map[string]int{"keep": 3, "drop": 1} {
			r.Hooks = hooks
			out, err := New().Render(context.Background(), r)
			if err != nil || len(out.Documents) != documents {
				t.Errorf("%s, hooks: %s: %d documents, want %d, %v", engine, hooks, len(out.Documents), documents, err)
			}
			if told := strings.Contains(strings.Join(out.Notices, "\n"), "hooks/templates/hooks.yaml: hook Job one is left out"); told != (hooks == "drop") {
				t.Errorf("%s, hooks: %s: notices %q", engine, hooks, out.Notices)
			}
		}
		r.Hooks = "fail"
		var refused *HookError
		if _, err := New().Render(context.Background(), r); !errors.As(err, &refused) || !strings.Contains(refused.Hint(), "hooks: drop") {
			t.Errorf("%s, hooks: fail: %v", engine, err)
		}
	}
}

func TestDefinitionsAreAsked(t *testing.T) {
	r, _ := readCase(t, "testdata/cases/crds.txtar")
	r.Kubernetes.Version = "1.34"
	without, err := New().Render(context.Background(), r)
	if err != nil {
		t.Fatal(err)
	}
	r.IncludeCRDs = true
	with, err := New().Render(context.Background(), r)
	if err != nil || len(with.Documents) != len(without.Documents)+7 || !strings.HasSuffix(string(with.Raw), string(without.Raw)) {
		t.Errorf("%d documents without definitions, %d with them, %v", len(without.Documents), len(with.Documents), err)
	}
	if d := with.Documents[3]; d.Source != "crds/crds/b.yaml" || d.Line != 1 {
		t.Errorf("the fourth document is of %s:%d", d.Source, d.Line)
	}
}

func TestDeprecated(t *testing.T) {
	r := chartOf("a: b\n")
	r.Files["chart/Chart.yaml"] = append(r.Files["chart/Chart.yaml"], "deprecated: true\n"...)
	out, err := New().Render(context.Background(), r)
	if diff := cmp.Diff([]string{"chart/Chart.yaml: the chart is deprecated"}, out.Notices); err != nil || diff != "" {
		t.Errorf("%v, notices (-want +got):\n%s", err, diff)
	}
}

func TestDefaultsOfTheCLI(t *testing.T) {
	out, err := New().Render(context.Background(), chartOf("a: {{ .Release.Name }} {{ .Release.Namespace }} {{ .Release.IsInstall }} {{ .Release.Revision }}\n"))
	if want := "---\n# Source: chart/templates/a.yaml\na: release-name default true 1\n"; err != nil || string(out.Raw) != want {
		t.Errorf("got %q, %v, want %q", out.Raw, err, want)
	}
	r := chartOf("a: b\n")
	r.Name = "Not A Name"
	if _, err := New().Render(context.Background(), r); err == nil || !strings.Contains(err.Error(), `release name "Not A Name"`) {
		t.Errorf("got %v", err)
	}
}

func TestNothingToRender(t *testing.T) {
	out, err := same(t, chartOf("# nothing but a remark\n"))
	if err != nil || len(out.Documents) != 0 {
		t.Errorf("got %d documents, %v", len(out.Documents), err)
	}
	if out, err = same(t, chartOf("\n")); err != nil || string(out.Raw) != "\n" {
		t.Errorf("got %q, %v", out.Raw, err)
	}
}

func TestContext(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := New().Render(ctx, chartOf("a: b\n")); !errors.Is(err, context.Canceled) {
		t.Errorf("a cancelled render gave %v", err)
	}
}

// TestLiteralSettings sets values as configuration does: whatever they are made of.
func TestLiteralSettings(t *testing.T) {
	r := chartOf("a: {{ .Values.image.tag | toJson }}\n")
	for _, value := range []string{"1.10", "2024-05-01", "a,b=c", `back\slash`, "{x,y}", "null", "true", ""} {
		r.Set = []render.Set{{Path: "image.tag", Value: value, Literal: true}}
		out, err := New().Render(context.Background(), r)
		if want := "a: " + toJSON(value) + "\n"; err != nil || !strings.HasSuffix(string(out.Raw), want) {
			t.Errorf("%q: got %s, %v", value, out.Raw, err)
		}
	}
}
