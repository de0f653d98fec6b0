package render

import (
	"math/rand/v2"
	"strings"
	"testing"
)

func TestFileNames(t *testing.T) {
	tests := []struct {
		id   Identity
		want string
	}{
		{Identity{"apps", "Deployment", "", "podinfo"}, "deployment-podinfo.yaml"},
		{Identity{"apps", "Deployment", "shop", "podinfo"}, "deployment-podinfo.yaml"},
		{Identity{"apps", "Deployment", "monitoring", "podinfo"}, "deployment-podinfo@monitoring.yaml"},
		{Identity{"", "Service", "", "web.v2"}, "service-web.v2.yaml"},
		{Identity{"serving.knative.dev", "Service", "", "web"}, "service-web_serving.knative.dev.yaml"},
		{Identity{"cert-manager.io", "Certificate", "", "web"}, "certificate-web_cert-manager.io.yaml"},
		{Identity{"cert-manager.io", "Certificate", "other", "web"}, "certificate-web_cert-manager.io@other.yaml"},
		{Identity{"apiextensions.k8s.io", "CustomResourceDefinition", "", "widgets.example.com"}, "customresourcedefinition-widgets.example.com.yaml"},
		{Identity{"rbac.authorization.k8s.io", "ClusterRole", "", "system:reader"}, "clusterrole-system-reader~944cd32e79.yaml"},
		{Identity{"rbac.authorization.k8s.io", "ClusterRole", "", "Reader"}, "clusterrole-reader~239e365ca0.yaml"},
		{Identity{"rbac.authorization.k8s.io", "ClusterRole", "ignored", "reader"}, "clusterrole-reader.yaml"},
		{Identity{"kustomize.toolkit.fluxcd.io", "Kustomization", "", "web"}, "kustomization-web_kustomize.toolkit.fluxcd.io.yaml"},
		{Identity{"", "../../x", "", "../y"}, "------x-..-y~729c5944be.yaml"},
		{Identity{"", "Con", "", ".nul"}, "con-.nul.yaml"},
		{Identity{"", "ConfigMap", "", strings.Repeat("a", 253)}, "configmap-" + strings.Repeat("a", 174) + "~18824eaee2.yaml"},
	}
	for _, test := range tests {
		got := fileName(test.id, "shop")
		if got != test.want {
			t.Errorf("%v: got %s, want %s", test.id, got, test.want)
		}
		if len(got) > maxName {
			t.Errorf("%s is %d bytes long", got, len(got))
		}
	}
}

// TestFileNamesNeverCollide draws resources from a small and nasty alphabet; a file system that folds case must tell them all
// apart, and none may take the name of a file that means something to others.
func TestFileNamesNeverCollide(t *testing.T) {
	draw := rand.New(rand.NewPCG(1, 2))
	word := func(letters string, most int) string {
		b := make([]byte, draw.IntN(most+1))
		for i := range b {
			b[i] = letters[draw.IntN(len(letters))]
		}
		return string(b)
	}
	groups := []string{"", "apps", "a.b", "a.b-c", "a", "b"}
	kinds := []string{"Deployment", "Service", "Foo", "FOO", "A", "Kustomization", "Chart", "release"}
	var ms Manifests
	seen := map[Identity]bool{}
	for len(ms) < 20000 {
		id := Identity{groups[draw.IntN(len(groups))], kinds[draw.IntN(len(kinds))], word("ab-", 2), word("abAB-._:@~é", 5) + "n"}
		if real := id.In("a"); !seen[real] {
			seen[real] = true
			ms = append(ms, Manifest{Identity: id})
		}
	}
	nameFiles(ms, "a")
	taken := map[string]Identity{"kustomization.yaml": {}, "chart.yaml": {}, "release.lock": {}}
	for _, m := range ms {
		if other, ok := taken[strings.ToLower(m.Path)]; ok {
			t.Fatalf("%v and %v share %s", m.Identity, other, m.Path)
		}
		taken[strings.ToLower(m.Path)] = m.Identity
		if strings.ContainsAny(m.Path, `/\:*?"<>| `) || !strings.HasSuffix(m.Path, ".yaml") {
			t.Fatalf("%v is in %q", m.Identity, m.Path)
		}
	}
}

// TestFileNamesStay: what is added beside a resource does not rename it.
func TestFileNamesStay(t *testing.T) {
	const web = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\n"
	others := web
	for _, o := range []string{"v1\nkind: Deployment\nmetadata: {name: WEB}", "apps/v1\nkind: Deployment\nmetadata: {name: web, namespace: other}", "example.com/v1\nkind: Deployment\nmetadata: {name: web}", "apps/v1\nkind: StatefulSet\nmetadata: {name: web}"} {
		others += "---\napiVersion: " + o + "\n"
	}
	alone, among := mustCanonical(t, web)[0], mustCanonical(t, others)
	for _, m := range among {
		if m.Identity == alone.Identity && m.Path != alone.Path {
			t.Errorf("%s became %s", alone.Path, m.Path)
		}
	}
	if len(among) != 5 {
		t.Errorf("%d manifests of 5", len(among))
	}
}
