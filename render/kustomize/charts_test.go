package kustomize

import (
	"bytes"
	"context"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ferry-cd/ferry/render"
	"github.com/ferry-cd/ferry/render/helm"
)

// chartWith is a chart that shows its values, its release and what it knows of the cluster.
func chartWith(dir string) render.Files {
	files := render.Files{}
	for name, text := range map[string]string{
		"Chart.yaml":              "apiVersion: v2\nname: web\nversion: 1.0.0\n",
		"values.yaml":             "text: chart\nlist: [a, b]\nnested: {kept: 1, gone: 2}\n",
		"crds/crd.yaml":           "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: tries.example.com}\nspec: {group: example.com, names: {kind: Try, plural: tries}, scope: Namespaced, versions: []}\n",
		"templates/config.yaml":   "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {{ .Release.Name }}-config\ndata:\n  values: {{ omit .Values \"global\" | toJson | quote }}\n  kube: {{ .Capabilities.KubeVersion.Version }}\n  api: {{ .Capabilities.APIVersions.Has \"example.com/v1\" | quote }}\n",
		"templates/place.yaml":    "apiVersion: v1\nkind: Service\nmetadata: {name: web, namespace: {{ .Release.Namespace }}}\nspec: {ports: [{port: 80}]}\n",
		"templates/hook.yaml":     "apiVersion: batch/v1\nkind: Job\nmetadata: {name: hook, annotations: {helm.sh/hook: pre-install}}\nspec: {template: {spec: {restartPolicy: Never, containers: [{name: a, image: b}]}}}\n",
		"templates/notes/a.tpl":   "{{ define \"x\" }}{{ end }}",
		"templates/nothing.yaml":  "{{ if false }}kind: X{{ end }}\n",
		"templates/separate.yaml": "---\napiVersion: v1\nkind: Secret\nmetadata: {name: one}\n---\napiVersion: v1\nkind: Secret\nmetadata: {name: two}\n",
	} {
		files[dir+"/"+name] = []byte(text)
	}
	return files
}

// TestChartsAsKustomizeInflatesThem compares with the two commands, which find the chart where ferry finds it.
func TestChartsAsKustomizeInflatesThem(t *testing.T) {
	for name, c := range map[string]struct{ place, kustomization string }{
		"plain":       {"charts/web", "helmCharts: [{name: web, releaseName: shop, kubeVersion: v1.30.0}]"},
		"pulled":      {"charts/web-1.0.0/web", "helmCharts: [{name: web, releaseName: shop, version: 1.0.0, repo: https://charts.example.com, kubeVersion: v1.30.0}]"},
		"home":        {"far/web", "helmGlobals: {chartHome: far}\nhelmCharts: [{name: web, releaseName: shop, kubeVersion: v1.30.0}]"},
		"inline":      {"charts/web", "helmCharts: [{name: web, releaseName: shop, kubeVersion: v1.30.0, valuesInline: {text: mine, list: [c], nested: {gone: null}}}]"},
		"merge":       {"charts/web", "helmCharts: [{name: web, releaseName: shop, kubeVersion: v1.30.0, valuesMerge: merge, valuesInline: {text: mine, more: 1}}]"},
		"replace":     {"charts/web", "helmCharts: [{name: web, releaseName: shop, kubeVersion: v1.30.0, valuesMerge: replace, valuesInline: {more: 1}}]"},
		"files":       {"charts/web", "helmCharts: [{name: web, releaseName: shop, kubeVersion: v1.30.0, valuesFile: v.yaml, additionalValuesFiles: [more.yaml], valuesInline: {list: [z]}}]"},
		"namespace":   {"charts/web", "namespace: theirs\nhelmCharts: [{name: web, releaseName: shop, namespace: ours, kubeVersion: v1.30.0}]"},
		"definitions": {"charts/web", "helmCharts: [{name: web, releaseName: shop, includeCRDs: true, kubeVersion: v1.30.0, apiVersions: [example.com/v1], skipHooks: true}]"},
		"with others": {"charts/web", "namePrefix: p-\nresources: [own.yaml]\nconfigMapGenerator: [{name: g, literals: [a=b]}]\ncommonLabels: {a: b}\npatches: [{target: {kind: Service}, patch: '[{op: add, path: /spec/type, value: NodePort}]'}]\nhelmCharts: [{name: web, releaseName: shop, kubeVersion: v1.30.0}, {name: web, releaseName: second, kubeVersion: v1.30.0, valuesInline: {text: other}, skipHooks: true}]\npatchesStrategicMerge: []\n"},
	} {
		t.Run(name, func(t *testing.T) {
			files := chartWith(c.place)
			files["kustomization.yaml"] = []byte(c.kustomization + "\n")
			files["v.yaml"], files["more.yaml"] = []byte("text: file\nlist: [q]\n"), []byte("added: true\n")
			files["own.yaml"] = []byte("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: own}\n")
			want, wantErr := oracleWithHelm(t, files)
			got, err := New().WithCharts(helm.New()).Render(context.Background(), render.Request{Files: files, Dir: ".", Kubernetes: render.Kubernetes{Version: "v1.20.0"}, KeepHooks: true})
			if (err == nil) != (wantErr == "") {
				t.Fatalf("ferry says %v, kustomize says %s", err, wantErr)
			}
			if d := cmp.Diff(want, string(got.Raw)); d != "" {
				t.Errorf("other bytes than kustomize build --enable-helm (-kustomize +ferry):\n%s", d)
			}
		})
	}
}

func oracleWithHelm(t *testing.T, files render.Files) (out, problem string) {
	t.Helper()
	kustomize, err := cli()
	if err != nil {
		t.Fatal(err)
	}
	path, err := exec.Command("go", "tool", "-n", "helm").Output()
	if err != nil {
		t.Fatal(err)
	}
	root := t.TempDir()
	unpack(t, files, root)
	cmd := exec.Command(kustomize, "build", "--enable-helm", "--helm-command", strings.TrimSpace(string(path)), filepath.Join(root, "."))
	cmd.Env = []string{"HOME=" + t.TempDir(), "PATH=/nonexistent"}
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		return "", stderr.String()
	}
	return stdout.String(), ""
}

func TestChartsRefused(t *testing.T) {
	for want, kustomization := range map[string]string{
		`helmCharts: "web" is not in charts/web; a render fetches nothing`: "helmCharts: [{name: web, releaseName: a}]",
		`is not in charts/web-2.0.0/web`:                                   "helmCharts: [{name: web, version: 2.0.0, repo: https://x.example, releaseName: a}]",
		"has no releaseName":                                               "helmGlobals: {chartHome: far}\nhelmCharts: [{name: web}]",
		"leaves the sources":                                               "helmGlobals: {chartHome: ../..}\nhelmCharts: [{name: web, releaseName: a}]",
		"is no name of a chart":                                            "helmCharts: [{name: ../web, releaseName: a}]",
		`"../v.yaml" leaves the sources`:                                   "helmGlobals: {chartHome: far}\nhelmCharts: [{name: web, releaseName: a, valuesFile: ../v.yaml}]",
		`"none.yaml" does not exist`:                                       "helmGlobals: {chartHome: far}\nhelmCharts: [{name: web, releaseName: a, additionalValuesFiles: [none.yaml]}]",
		"hook":                                                             "helmGlobals: {chartHome: far}\nhelmCharts: [{name: web, releaseName: a}]",
	} {
		files := chartWith("far/web")
		files["kustomization.yaml"] = []byte(kustomization + "\n")
		_, err := New().WithCharts(helm.New()).Render(context.Background(), render.Request{Files: files, Dir: ".", Kubernetes: render.Kubernetes{Version: "1.34"}, Engine: "flux"})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s\ngot %v", want, err)
		}
	}
}
