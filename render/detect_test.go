package render

import (
	"errors"
	"testing"
)

func TestDetect(t *testing.T) {
	tests := []struct {
		name             string
		dir              string
		files            []string
		want, text, hint string
	}{
		{"chart", "charts/web", []string{"charts/web/Chart.yaml", "charts/web/charts/db/Chart.yaml", "charts/web/templates/a.yaml"}, "helm", "", ""},
		{"chart at the root", ".", []string{"Chart.yaml"}, "helm", "", ""},
		{"kustomization", "deploy/", []string{"deploy/kustomization.yaml"}, "kustomize", "", ""},
		{"kustomization, other name", "deploy", []string{"deploy/Kustomization"}, "kustomize", "", ""},
		{"kustomization beside a base", "./overlay", []string{"overlay/kustomization.yml", "base/kustomization.yaml", "base/a.yaml"}, "kustomize", "", ""},
		{"plain", "deploy", []string{"deploy/web.yaml"}, "plain", "", ""},
		{"plain, in a folder below", "deploy", []string{"deploy/web/web.yml"}, "plain", "", ""},
		{"plain JSON", "deploy", []string{"deploy/web.json"}, "plain", "", ""},
		{"plain templates", "deploy", []string{"deploy/web.yaml.tmpl"}, "plain", "", ""},
		{"plain templates, other name", "deploy", []string{"deploy/web.yml.gotmpl"}, "plain", "", ""},
		{"both", "deploy", []string{"deploy/Chart.yaml", "deploy/kustomization.yml"}, "", "deploy: both Chart.yaml and kustomization.yml, so it is not clear how to render it", "remove one of the two, or point to a folder that has only one"},
		{"nothing", "deploy", []string{"deploy/README.md"}, "", "deploy: no Chart.yaml, no kustomization.yaml and no YAML files", ""},
		{"hidden", ".", []string{".github/workflows/ci.yaml", ".github/Chart.yaml"}, "", ".: no Chart.yaml, no kustomization.yaml and no YAML files", ""},
		{"no folder", "chart/web", []string{"charts/db/Chart.yaml", "charts/web/Chart.yaml", "README.md"}, "", "chart/web: no such folder among the templates", "did you mean charts/db?"},
		{"one folder up", "charts", []string{"charts/web/Chart.yaml", "deploy/kustomization.yaml", "charts/values.yaml"}, "", "charts: no Chart.yaml and no kustomization.yaml here but in charts/web below it, so these are no plain manifests either", "did you mean charts/web?"},
		{"one folder down", "charts/web/templates", []string{"charts/web/Chart.yaml", "charts/web/templates/NOTES.txt"}, "", "charts/web/templates: no Chart.yaml, no kustomization.yaml and no YAML files", "did you mean charts/web?"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			files := Files{}
			for _, name := range test.files {
				files[name] = nil
			}
			got, err := Detect(files, test.dir)
			if got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
			if test.text == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			var e *DetectError
			if !errors.As(err, &e) || e.Error() != test.text || e.Hint() != test.hint || e.ExitCode() != 2 {
				t.Errorf("got %v, hint %q", err, e.Hint())
			}
		})
	}
}
