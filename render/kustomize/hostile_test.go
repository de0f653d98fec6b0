package kustomize

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/ferry-cd/ferry/render"
)

// canary is a server that counts who calls and a PATH on which git and other commands leave a mark.
type canary struct {
	url  string
	hits atomic.Int64
	mark string
	temp string // the temporary folder, in which the library would clone
}

func newCanary(t *testing.T) *canary {
	t.Helper()
	c := &canary{mark: filepath.Join(t.TempDir(), "mark"), temp: t.TempDir()}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		c.hits.Add(1)
		fmt.Fprint(w, "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: fetched}\n")
	}))
	t.Cleanup(server.Close)
	c.url = server.URL
	bin := t.TempDir()
	for _, name := range []string{"git", "helm", "helmV3", "docker", "sh", "plugin"} {
		script := "#!/bin/sh\necho " + name + " >> " + c.mark + "\n"
		if err := os.WriteFile(filepath.Join(bin, name), []byte(script), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("PATH", bin)
	t.Setenv("TMPDIR", c.temp)
	t.Setenv("KUSTOMIZE_PLUGIN_HOME", bin)
	return c
}

// silent fails the test if anything was fetched or run.
func (c *canary) silent(t *testing.T) {
	t.Helper()
	if n := c.hits.Load(); n != 0 {
		t.Errorf("the server was called %d times", n)
	}
	if ran, err := os.ReadFile(c.mark); err == nil {
		t.Errorf("commands ran: %s", ran)
	}
	if left, err := os.ReadDir(c.temp); err != nil || len(left) > 0 {
		t.Errorf("left in the temporary folder: %v, %v", left, err)
	}
}

func TestNothingIsFetchedOrRun(t *testing.T) {
	c := newCanary(t)
	plugin := "apiVersion: builtin\nkind: %s\nmetadata: {name: x}\n%s"
	trees := map[string]string{
		"resource over http":        "resources: [URL/x.yaml]",
		"base over http":            "bases: [URL/x.yaml]",
		"component over http":       "components: [URL/x]",
		"http in capitals":          "resources: [HTTP-URL/x.yaml]",
		"http without slashes":      "resources: ['http:x.yaml']",
		"git over http":             "resources: ['URL/org/repo.git//base?ref=v1']",
		"git over https":            "resources: ['https://127.0.0.1/org/repo?ref=main']",
		"git over ssh":              "resources: ['ssh://git@127.0.0.1/org/repo.git']",
		"git by scp":                "resources: ['git@127.0.0.1:org/repo.git']",
		"git by any user":           "resources: ['org-123@127.0.0.1:org/repo']",
		"git by prefix":             "resources: ['git::URL/org/repo']",
		"git on github":             "resources: [github.com/org/repo]",
		"git on GitHub":             "resources: ['GitHub.com:org/repo']",
		"git over file":             "resources: ['file:///etc']",
		"component from git":        "components: ['git@127.0.0.1:org/repo.git']",
		"generator over http":       "generators: [URL/x.yaml]",
		"transformer over http":     "transformers: [URL/x.yaml]",
		"validator from git":        "validators: ['git@127.0.0.1:org/repo.git']",
		"crds over http":            "crds: [URL/x.json]",
		"configuration over http":   "configurations: [URL/x.yaml]",
		"schema over http":          "openapi: {path: URL/x.json}",
		"patch over http":           "patches: [{path: URL/x.yaml}]",
		"old patch over http":       "patchesStrategicMerge: [URL/x.yaml]",
		"json patch over http":      "patchesJson6902: [{path: URL/x.yaml, target: {name: a, version: v1, kind: B}}]",
		"replacement over http":     "replacements: [{path: URL/x.yaml}]",
		"file over http":            "configMapGenerator: [{name: a, files: [URL/x.yaml]}]",
		"named file over http":      "configMapGenerator: [{name: a, files: ['k=URL/x.yaml']}]",
		"environment over http":     "configMapGenerator: [{name: a, envs: [URL/x.yaml]}]",
		"one environment":           "configMapGenerator: [{name: a, env: URL/x.yaml}]",
		"secret over http":          "secretGenerator: [{name: a, files: [URL/x.yaml]}]",
		"helm":                      "helmCharts: [{name: x, repo: URL}]",
		"patch in a plugin":         "transformers: ['" + inline(plugin, "PatchTransformer", "path: URL/x.yaml") + "']",
		"paths in a plugin":         "transformers: ['" + inline(plugin, "PatchStrategicMergeTransformer", "paths: [URL/x.yaml]") + "']",
		"operations in a plugin":    "transformers: ['" + inline(plugin, "PatchJson6902Transformer", "path: URL/x.yaml\ntarget: {name: x}") + "']",
		"replacement in a plugin":   "transformers: ['" + inline(plugin, "ReplacementTransformer", "replacements: [{path: URL/x.yaml}]") + "']",
		"targets in a plugin":       "transformers: ['" + inline(plugin, "ValueAddTransformer", "targetFilePath: URL/x.yaml") + "']",
		"files in a plugin":         "generators: ['" + inline(plugin, "ConfigMapGenerator", "files: [URL/x.yaml]") + "']",
		"secrets in a plugin":       "generators: ['" + inline(plugin, "SecretGenerator", "envs: [URL/x.yaml]") + "']",
		"any case in a plugin":      "transformers: ['" + inline(plugin, "PatchTransformer", "PATH: URL/x.yaml") + "']",
		"chart in a plugin":         "generators: ['" + inline(plugin, "HelmChartInflationGenerator", "name: x\nrepo: URL") + "']",
		"a plugin that is an url":   "transformers: [\"https://127.0.0.1/org/repo: x\\napiVersion: builtin\\nkind: A\\nmetadata: {name: a}\\n---\\napiVersion: builtin\\nkind: A\\nmetadata: {name: a}\\n\"]",
		"exec plugin":               "generators: [exec.yaml]",
		"function":                  "transformers: [function.yaml]",
		"container":                 "validators: [container.yaml]",
		"computed plugin":           "transformers: [computed]",
		"computed in the second":    "transformers: [listed]",
		"plugins of a generator":    "generators: [listed]",
		"resource in a nested base": "resources: [nested]",
	}
	files := map[string]string{
		"exec.yaml":                        "apiVersion: example.com/v1\nkind: plugin\nmetadata: {name: x}\n",
		"function.yaml":                    "apiVersion: example.com/v1\nkind: F\nmetadata: {name: x, annotations: {config.kubernetes.io/function: \"exec: {path: plugin}\"}}\n",
		"container.yaml":                   "apiVersion: example.com/v1\nkind: F\nmetadata: {name: x, annotations: {config.kubernetes.io/function: \"container: {image: x, network: true}\"}}\n",
		"computed/kustomization.yaml":      "resources: [p.yaml]\npatches: [{target: {kind: PatchTransformer}, patch: '[{\"op\": \"add\", \"path\": \"/path\", \"value\": \"URL/x.yaml\"}]'}]\n",
		"computed/p.yaml":                  inlineText(plugin, "PatchTransformer", "path: local.yaml"),
		"listed/kustomization.yaml":        "resources: [../computed]\n",
		"local.yaml":                       "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n",
		"nested/kustomization.yaml":        "resources: [deeper]\n",
		"nested/deeper/kustomization.yaml": "resources: [URL/x.yaml]\n",
	}
	for name, kustomization := range trees {
		t.Run(name, func(t *testing.T) {
			set := render.Files{"kustomization.yaml": fill(kustomization+"\n", c.url)}
			for file, text := range files {
				set[file] = fill(text, c.url)
			}
			_, err := New().Render(context.Background(), render.Request{Files: set, Dir: "."})
			var p *Problem
			if !errors.As(err, &p) {
				t.Fatalf("not refused by the walk: %v", err)
			}
			if p.ExitCode() != 3 || p.Hint() == "" || !strings.HasSuffix(p.File, ".yaml") {
				t.Errorf("a refusal names file, next step and kind: %q, hint %q, exit code %d", p, p.Hint(), p.ExitCode())
			}
		})
	}
	c.silent(t)
}

func inline(format, kind, fields string) string {
	return strings.ReplaceAll(inlineText(format, kind, fields), "\n", "\n\n")
}

func inlineText(format, kind, fields string) string { return fmt.Sprintf(format, kind, fields) }

func fill(text, url string) []byte {
	text = strings.ReplaceAll(text, "HTTP-URL", strings.Replace(url, "http:", "hTTp:", 1))
	return []byte(strings.ReplaceAll(text, "URL", url))
}

// TestCanary makes sure that the canary can sing: the library, left alone, does fetch.
func TestCanary(t *testing.T) {
	c := newCanary(t)
	w := &walker{limits: render.BuiltIn, dir: ".", files: render.Files{"kustomization.yaml": fill("resources: [URL/x.yaml, 'git@127.0.0.1:org/repo.git']\n", c.url)}}
	if _, err := w.runOn(w.files); err == nil {
		t.Fatal("git has nothing to clone here")
	}
	if _, err := os.Stat(c.mark); c.hits.Load() == 0 || err != nil {
		t.Errorf("without the walk the server would have been called (%d) and git run (%v)", c.hits.Load(), err)
	}
}

func TestPathsStayInside(t *testing.T) {
	for name, kustomization := range map[string]string{
		"above":           "resources: [../../other]",
		"above in a file": "configMapGenerator: [{name: a, files: [../../../etc/passwd]}]",
		"absolute":        "resources: [/etc]",
		"absolute file":   "secretGenerator: [{name: a, files: [shadow=/etc/shadow]}]",
		"backslashes":     `patches: [{path: ..\..\x.yaml}]`,
	} {
		t.Run(name, func(t *testing.T) {
			files := render.Files{"app/kustomization.yaml": []byte(kustomization), "other/kustomization.yaml": []byte("configMapGenerator: [{name: a}]")}
			_, err := New().Render(context.Background(), render.Request{Files: files, Dir: "app"})
			var p *Problem
			if !errors.As(err, &p) || p.ExitCode() != 3 || p.File != "app/kustomization.yaml" || p.Line == 0 {
				t.Fatalf("got %v", err)
			}
			if strings.HasPrefix(name, "above") && !strings.Contains(p.Hint(), "source.root") {
				t.Errorf("the hint does not name the way out: %s", p.Hint())
			}
		})
	}
	_, err := New().Render(context.Background(), render.Request{Files: render.Files{}, Dir: "../x"})
	if err == nil {
		t.Error("a folder outside the set was built")
	}
}

func TestCycles(t *testing.T) {
	for name, want := range map[string]string{
		"cycle":        `b/kustomization.yaml:1:13: resources: "../a" leads back to a, which is being built: a cycle`,
		"cycle-self":   `kustomization.yaml:1:13: resources: "." leads back to ., which is being built: a cycle`,
		"cycle-parent": `a/b/kustomization.yaml:1:13: resources: ".." leads back to a/b, which is being built: a cycle`,
	} {
		c := readCase(t, "testdata/cases/"+name+".txtar")
		_, err := New().Render(context.Background(), render.Request{Files: c.files, Dir: c.dir})
		if err == nil || err.Error() != want {
			t.Errorf("%s: got\n%v\nwant\n%s", name, err, want)
		}
	}
}

func TestAllProblemsAtOnce(t *testing.T) {
	files := render.Files{"kustomization.yaml": []byte("resources:\n  - https://example.com/a.yaml\n  - gone.yaml\npatches:\n  - path: none.yaml\n")}
	_, err := New().Render(context.Background(), render.Request{Files: files, Dir: "."})
	want := `kustomization.yaml:2:5: resources: "https://example.com/a.yaml" would be fetched; a render opens no connection and runs no git
kustomization.yaml:3:5: resources: "gone.yaml" is neither a file nor a folder with a kustomization.yaml
kustomization.yaml:5:11: patches: "none.yaml" does not exist`
	if err == nil || err.Error() != want {
		t.Errorf("got:\n%v\nwant:\n%s", err, want)
	}
}

// TestAliasBomb hands in ten lines that unfold to ten thousand million values, wherever the library parses YAML.
func TestAliasBomb(t *testing.T) {
	lines := []string{"a: &a [x, x, x, x, x, x, x, x, x, x]"}
	for c := 'b'; c < 'k'; c++ {
		lines = append(lines, fmt.Sprintf("%c: &%c [%s]", c, c, strings.Repeat(fmt.Sprintf("*%c, ", c-1), 10)))
	}
	bomb := func(indent string) string { return indent + strings.Join(lines, "\n"+indent) + "\n" }
	resource := "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata:\n" + bomb("  ")
	plugin := "apiVersion: builtin\nkind: PatchTransformer\nmetadata: {name: a}\n"
	nested := plugin + "patch: |\n" + bomb("  ")
	for name, files := range map[string]string{
		"kustomization":             bomb(""),
		"resource":                  "resources: [a.yaml]",
		"patch":                     "patches: [{path: a.yaml}]",
		"crd":                       "crds: [a.yaml]",
		"configuration":             "configurations: [a.yaml]",
		"inline patch":              "patches:\n- patch: |\n" + bomb("    "),
		"inline old patch":          "patchesStrategicMerge:\n- |\n" + bomb("    "),
		"plugin":                    "transformers: [plugin.yaml]",
		"inline plugin":             "transformers:\n- |\n  " + strings.ReplaceAll(plugin+bomb(""), "\n", "\n  "),
		"patch in a plugin":         "transformers: [nested.yaml]",
		"patch in an inline plugin": "transformers:\n- |\n  " + strings.ReplaceAll(nested, "\n", "\n  "),
		"endless":                   "resources: [endless.yaml]",
	} {
		t.Run(name, func(t *testing.T) {
			set := render.Files{
				"kustomization.yaml": []byte(files), "a.yaml": []byte(resource), "plugin.yaml": []byte(plugin + bomb("")), "nested.yaml": []byte(nested),
				"endless.yaml": []byte("apiVersion: v1\nkind: ConfigMap\nmetadata: &m {name: a, labels: *m}\n"),
			}
			_, err := New().Render(context.Background(), render.Request{Files: set, Dir: "."})
			if err == nil || !strings.Contains(err.Error(), "unfold") {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestLimits(t *testing.T) {
	for name, data := range map[string][]byte{
		"documents": bytes.Repeat([]byte("\n---\n{}"), render.BuiltIn.Documents/documentShare+1),
		"bytes":     bytes.Repeat([]byte("# a comment\n"), render.BuiltIn.Memory/inputShare/12+1),
	} {
		files := render.Files{"kustomization.yaml": []byte("resources: [a.yaml]"), "a.yaml": data}
		_, err := New().Render(context.Background(), render.Request{Files: files, Dir: ".", Limits: render.Limits{File: 100 << 20}})
		if err == nil || !strings.Contains(err.Error(), "kustomization.yaml:1:13: resources: \"a.yaml\" is one too many") {
			t.Errorf("%s: %v", name, err)
		}
	}
	var crowd bytes.Buffer
	for i := range many + 1 {
		fmt.Fprintf(&crowd, "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: c%d}\n", i)
	}
	files := render.Files{"kustomization.yaml": []byte("resources: [a.yaml]"), "a.yaml": crowd.Bytes()}
	out, err := New().Render(context.Background(), render.Request{Files: files, Dir: "."})
	if err != nil || len(out.Documents) != many+1 || len(out.Notices) != 0 {
		t.Errorf("%v, %v", out.Notices, err)
	}
}

func TestContext(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	c := readCase(t, "testdata/cases/components.txtar")
	if _, err := New().Render(ctx, render.Request{Files: c.files, Dir: c.dir}); !errors.Is(err, context.Canceled) {
		t.Errorf("a cancelled build gave %v", err)
	}
}
