package helm

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"helm.sh/helm/v3/pkg/releaseutil"
)

// sortable are texts on which a reader could differ from Helm's.
var sortable = []string{
	"kind: A\n---\n---\nkind: B\n", "---\n--- # x\nkind: A", "kind: B\n--- kind: A\n---\n", "a\n----\nb: c", "\n \n---\t\n---\nkind: Z\n   \n---a: b",
	"Kind: A\nMETADATA: {NAME: x}", "kind: 5\napiVersion: 1.0\nmetadata: {name: true, annotations: {a: 1, b: null}}", "kind: [A]", "metadata: x", "metadata:\nkind: A",
	"kind: A\nkind: B", "kind: Service\n---\nkind: Namespace\n---\nkind: Zoo\n---\nkind: Ape\n---\nkind: Zoo\nmetadata: {name: second}",
	"metadata: {annotations: {helm.sh/hook: 'pre-install, POST-delete', helm.sh/hook-weight: '5'}}\nkind: Job", "metadata: {annotations: {helm.sh/hook: crd-install}}",
	"metadata: {annotations: {helm.sh/hook: test-success}, name: n}\nkind: Pod", "metadata: {annotations: {}}", "a: &x {kind: B}\n<<: *x", "a: b: c", "- a", "plain", "a:\tb",
	"a: |\n  ---\n  b\nkind: ConfigMap", "a: !!int x", "? a\n: b", "kind: \"A\\x41\"", "data: {a: .nan}", "a: 'b\n\n---\nkind: C'", "%YAML 1.1\n---\nkind: A", "kind: A # c\n...\nkind: B",
	"\u2028kind: A", "kind: A\r\n---\r\nkind: B", "\"kind\": A", "kind: A\n x: b", "metadata: {name: 2024-01-01}", "kind: yes", "metadata:\n  annotations:\n    a: |\n      b\n",
}

// FuzzSort holds the sorting of manifests against Helm's own.
func FuzzSort(f *testing.F) {
	for _, text := range sortable {
		f.Add(text)
	}
	templates, err := filepath.Glob("../../testdata/charts/*/templates/*.yaml")
	if err != nil || len(templates) == 0 {
		f.Fatalf("no templates: %v", err)
	}
	for _, name := range templates {
		data, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(data))
	}
	f.Fuzz(func(t *testing.T, text string) {
		if len(text) > 1<<16 || strings.Count(text, "\n---") > 100 {
			return
		}
		files := map[string]string{"b.yaml": text, "a/c.yaml": "kind: Service\n---\nkind: Ape\n", "_d.yaml": text}
		hooks, plain, wantErr := releaseutil.SortManifests(files, nil, releaseutil.InstallOrder)
		got, err := sortManifests(files)
		if (err == nil) != (wantErr == nil) {
			t.Fatalf("ours says %v\nHelm's says %v", err, wantErr)
		}
		if err != nil {
			if err.Error() != wantErr.Error() {
				t.Fatalf("ours says %v\nHelm's says %v", err, wantErr)
			}
			return
		}
		var want, have []string
		for _, m := range plain {
			want = append(want, m.Name+" "+m.Head.Kind+"\n"+m.Content)
		}
		for _, m := range got.plain {
			have = append(have, m.file+" "+m.Kind+"\n"+m.text)
		}
		if diff := cmp.Diff(want, have); diff != "" {
			t.Fatalf("manifests (-Helm +ours):\n%s", diff)
		}
		var wantHooks []*hook
		for _, h := range hooks {
			own := &hook{Name: h.Name, Kind: h.Kind, Path: h.Path, Manifest: h.Manifest, Weight: h.Weight}
			for _, e := range h.Events {
				own.Events = append(own.Events, e.String())
			}
			wantHooks = append(wantHooks, own)
		}
		if diff := cmp.Diff(wantHooks, got.hooks); diff != "" {
			t.Fatalf("hooks (-Helm +ours):\n%s", diff)
		}
	})
}

func TestInstallOrder(t *testing.T) {
	if diff := cmp.Diff([]string(releaseutil.InstallOrder), strings.Fields(installOrder)); diff != "" {
		t.Errorf("Helm's order, and ours:\n%s", diff)
	}
}
