package render

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"
)

// marker is a patcher that leaves the patch's text in the resource, or deletes it.
type marker struct{}

func (marker) Patch(_ context.Context, resource []byte, p Patch) ([]byte, error) {
	switch {
	case bytes.Contains(p.Data, []byte("$patch: delete")):
		return nil, nil
	case bytes.Contains(p.Data, []byte("fail")):
		return nil, errors.New("it failed")
	}
	return append(bytes.Clone(resource), "patched: true\n"...), nil
}

const all = `{apiVersion: v1, kind: Secret, metadata: {name: shop}}
---
{apiVersion: apps/v1, kind: Deployment, metadata: {name: shop}}
---
{apiVersion: apps/v1, kind: Deployment, metadata: {name: other, namespace: away}}
---
{apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRole, metadata: {name: shop}}
---
{apiVersion: cert-manager.io/v1, kind: Certificate, metadata: {name: shop}}
---
{apiVersion: example.com/v1, kind: Widget, metadata: {name: shop}}
---
{apiVersion: example.com/v1, kind: Plant, metadata: {name: shop}}
---
{apiVersion: apiextensions.k8s.io/v1, kind: CustomResourceDefinition, metadata: {name: widgets.example.com}, spec: {group: example.com, scope: Namespaced, names: {kind: Widget}}}
---
{apiVersion: apiextensions.k8s.io/v1, kind: CustomResourceDefinition, metadata: {name: plants.example.com}, spec: {group: example.com, scope: Cluster, names: {kind: Plant}}}
---
{apiVersion: v1, kind: ConfigMap, metadata: {name: sealed}, data: {a: "ENC[AES256_GCM,data:x]"}, sops: {mac: "ENC[x]"}}
`

func manifestsOf(t *testing.T, text string) Manifests {
	t.Helper()
	ms, err := Canonical(Output{Documents: Split(Document{Source: "all.yaml", Line: 1, Data: []byte(text)})}, "shop")
	if err != nil {
		t.Fatal(err)
	}
	return ms
}

func files(ms Manifests, containing string) string {
	var names []string
	for _, m := range ms {
		if strings.Contains(string(m.Data), containing) {
			names = append(names, m.Path)
		}
	}
	return strings.Join(names, " ")
}

func TestDrop(t *testing.T) {
	ms := manifestsOf(t, all)
	a := After{Namespace: "shop", Drop: []Target{{Kind: "Secret", Name: "shop"}, {Kind: "Custom*", Name: "*.example.com"}, {Group: "apps", Kind: "Deployment", Name: "*", Namespace: "shop"},
		{Kind: "Job", Name: "gone"}, {Kind: "Job", Name: "gone-*"}}}
	left, notices, err := a.Apply(context.Background(), ms, nil)
	if err != nil {
		t.Fatal(err)
	}
	const want = "certificate-shop_cert-manager.io.yaml clusterrole-shop.yaml configmap-sealed.yaml deployment-other@away.yaml plant-shop_example.com.yaml widget-shop_example.com.yaml"
	if got := files(left, ""); got != want {
		t.Errorf("left\n%s\nwant\n%s", got, want)
	}
	if len(notices) != 1 || notices[0] != "drop: there is no Job gone in the render" {
		t.Errorf("notices: %q", notices)
	}
	if len(ms) != 10 {
		t.Error("what was handed in was changed")
	}
}

func TestPatches(t *testing.T) {
	for _, c := range []struct {
		name, patch string
		target      Target
		patched     string // files
		err         string
	}{
		{"by itself", "{apiVersion: apps/v1, kind: Deployment, metadata: {name: shop}, spec: {}}", Target{}, "deployment-shop.yaml", ""},
		{"by itself, elsewhere", "{apiVersion: apps/v1, kind: Deployment, metadata: {name: other, namespace: away}, spec: {}}", Target{}, "deployment-other@away.yaml", ""},
		{"several", "{apiVersion: apps/v1, kind: Deployment, metadata: {name: shop}}\n---\n{apiVersion: v1, kind: Secret, metadata: {name: shop}}", Target{}, "deployment-shop.yaml secret-shop.yaml", ""},
		{"by target", "- {op: add}", Target{Kind: "Deployment"}, "deployment-other@away.yaml deployment-shop.yaml", ""},
		{"by a pattern of nothing", "- {op: add}", Target{Kind: "Job*"}, "", ""},
		{"of nothing", "{apiVersion: apps/v1, kind: Deployment, metadata: {name: none}}", Target{}, "", "patch p.yaml:1: there is no Deployment.apps none in the render"},
		{"elsewhere", "{apiVersion: apps/v1, kind: Deployment, metadata: {name: shop, namespace: away}}", Target{}, "", "there is no Deployment.apps away/shop in the render"},
		{"without a target", "a: b\n---\n- {op: add}", Target{}, "", "p.yaml:3:1: a JSON 6902 patch names no resource"},
		{"no patch", "text", Target{Kind: "Job"}, "", "p.yaml:1:1: neither a strategic merge patch (a mapping) nor a JSON 6902 patch (a list)"},
		{"empty", "# nothing\n", Target{Kind: "Job"}, "", "p.yaml: there is no patch in it"},
		{"failing", "fail: yes", Target{Kind: "Secret"}, "", "patch p.yaml:1: Secret shop: it failed"},
		{"sealed", "a: b", Target{Kind: "ConfigMap"}, "", "patch p.yaml:1: ConfigMap sealed is encrypted with SOPS, and cannot be edited"},
	} {
		t.Run(c.name, func(t *testing.T) {
			patches, err := ReadPatches(File{Path: "p.yaml", Data: []byte(c.patch)}, c.target)
			var left Manifests
			if err == nil {
				left, _, err = After{Namespace: "shop", Patches: patches}.Apply(context.Background(), manifestsOf(t, all), marker{})
			}
			if (err == nil) != (c.err == "") || err != nil && !strings.Contains(err.Error(), c.err) {
				t.Fatalf("got %v, want %q", err, c.err)
			}
			if got := files(left, "patched: true"); got != c.patched {
				t.Errorf("patched %q, want %q", got, c.patched)
			}
		})
	}
}

func TestPatchesThatLeaveNothing(t *testing.T) {
	patches, err := ReadPatches(File{Path: "p.yaml", Data: []byte("$patch: delete")}, Target{Kind: "Secret"})
	if err != nil {
		t.Fatal(err)
	}
	left, _, err := After{Patches: patches}.Apply(context.Background(), manifestsOf(t, "{apiVersion: v1, kind: Secret, metadata: {name: shop}}"), marker{})
	if err != nil || len(left) != 0 {
		t.Errorf("left %v, %v", left, err)
	}
}

// A resource that is added may stand in for one that was dropped, never beside it.
func TestExtra(t *testing.T) {
	extra := Split(Document{Source: "extra.yaml", Line: 1, Data: []byte("{apiVersion: v1, kind: Secret, metadata: {name: shop, labels: {ours: yes}}}")})
	a := After{Namespace: "shop", Extra: extra}
	if _, _, err := a.Apply(context.Background(), manifestsOf(t, all), nil); err == nil || !strings.Contains(err.Error(), "extra.yaml:1: Secret shop is rendered twice") {
		t.Errorf("beside: %v", err)
	}
	a.Drop = []Target{{Kind: "Secret", Name: "*"}}
	left, _, err := a.Apply(context.Background(), manifestsOf(t, all), nil)
	if got := files(left, "ours"); err != nil || got != "secret-shop.yaml" || len(left) != 10 {
		t.Errorf("instead: %q of %d, %v", got, len(left), err)
	}
}

func TestInjectNamespace(t *testing.T) {
	ms := manifestsOf(t, all)
	left, notices, err := After{Namespace: "shop", InjectNamespace: true}.Apply(context.Background(), ms, nil)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := files(left, "namespace: shop\n"), "deployment-shop.yaml secret-shop.yaml widget-shop_example.com.yaml"; got != want {
		t.Errorf("written into %q, want %q", got, want)
	}
	if got := files(ms, "namespace: shop\n"); got != "" {
		t.Errorf("what was handed in was changed: %s", got)
	}
	if len(notices) != 2 || !strings.Contains(notices[0], "Certificate.cert-manager.io shop is left as it is") || !strings.Contains(notices[1], "ConfigMap sealed") {
		t.Errorf("notices: %q", notices)
	}
}
