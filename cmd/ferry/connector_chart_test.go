package main

import (
	"bytes"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/ferry-cd/ferry/connector/cluster"
	"github.com/ferry-cd/ferry/connector/config"
)

const connectorChart = "../../deploy/connector"

// chart renders the connector's chart with our own renderer, as ferry render does.
func chart(t *testing.T, args ...string) []map[string]any {
	t.Helper()
	var docs []map[string]any
	d := yaml.NewDecoder(bytes.NewReader(chartText(t, args...)))
	for {
		var doc map[string]any
		if err := d.Decode(&doc); err != nil {
			break
		}
		docs = append(docs, doc)
	}
	if len(docs) < 8 {
		t.Fatalf("%d resources", len(docs))
	}
	return docs
}

func chartText(t *testing.T, args ...string) []byte {
	t.Helper()
	dir, err := filepath.Abs(connectorChart)
	if err != nil {
		t.Fatal(err)
	}
	all := append([]string{"render", "--name", "ferry-connector", "--namespace", "ferry-connector", "--kube-version", "1.34", "-f", "values-manifests.yaml"}, args...)
	out, said, code := ran(t.Context(), dir, nil, append(all, "chart")...)
	if code != 0 {
		t.Fatalf("%d: %s", code, said)
	}
	return []byte(out)
}

func ofKind(docs []map[string]any, kind string) []map[string]any {
	return slices.DeleteFunc(slices.Clone(docs), func(d map[string]any) bool { return d["kind"] != kind })
}

// at follows keys and indices down.
func at(v any, keys ...any) any {
	for _, k := range keys {
		switch k := k.(type) {
		case string:
			m, _ := v.(map[string]any)
			v = m[k]
		case int:
			l, _ := v.([]any)
			if k >= len(l) {
				return nil
			}
			v = l[k]
		}
	}
	return v
}

// The pod can do nothing that it need not.
func TestChartIsHardened(t *testing.T) {
	docs := chart(t)
	pod := at(ofKind(docs, "Deployment")[0], "spec", "template", "spec")
	one := at(pod, "containers", 0)
	for what, want := range map[string]struct{ have, want any }{
		"runAsNonRoot":  {at(pod, "securityContext", "runAsNonRoot"), true},
		"seccomp":       {at(pod, "securityContext", "seccompProfile", "type"), "RuntimeDefault"},
		"escalation":    {at(one, "securityContext", "allowPrivilegeEscalation"), false},
		"read-only":     {at(one, "securityContext", "readOnlyRootFilesystem"), true},
		"capabilities":  {fmt.Sprint(at(one, "securityContext", "capabilities", "drop")), "[ALL]"},
		"memory":        {at(one, "resources", "limits", "memory"), "256Mi"},
		"replicas":      {at(ofKind(docs, "Deployment")[0], "spec", "replicas"), 2},
		"liveness":      {at(one, "livenessProbe", "httpGet", "path"), "/livez"},
		"readiness":     {at(one, "readinessProbe", "httpGet", "path"), "/readyz"},
		"host network":  {at(pod, "hostNetwork"), nil},
		"network":       {fmt.Sprint(at(ofKind(docs, "NetworkPolicy")[0], "spec", "policyTypes")), "[Ingress Egress]"},
		"open to all":   {at(ofKind(docs, "NetworkPolicy")[0], "spec", "ingress", 0, "from") == nil, false},
		"secrets mount": {at(one, "volumeMounts", 1, "readOnly"), true},
	} {
		if want.have != want.want {
			t.Errorf("%s is %v, not %v", what, want.have, want.want)
		}
	}
}

// What connector.yaml becomes in the cluster is one that the connector reads.
func TestChartWritesAConfiguration(t *testing.T) {
	for _, args := range [][]string{nil, {"--set", "namespaces[0]=flux-system"}} {
		text, _ := at(ofKind(chart(t, args...), "ConfigMap")[0], "data", "connector.yaml").(string)
		c, err := config.Load(config.File, []byte(text))
		if err != nil || len(c.Repositories) != 1 || c.Webhooks == nil || len(c.Namespaces) != len(args)/2 {
			t.Errorf("%+v, %v of\n%s", c, err, text)
		}
	}
	data, err := os.ReadFile(connectorChart + "/connector.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := config.Load(config.File, data); err != nil {
		t.Error(err)
	}
}

// The chart grants every right that the code uses, and no other: cluster-wide, and in namespaces.
func TestChartGrantsWhatTheCodeUses(t *testing.T) {
	for _, args := range [][]string{nil, {"--set", "namespaces[0]=flux-system,namespaces[1]=argocd"}, {"--set", "explain=false"}, {"--name", "acme"}} {
		used, docs := map[string]bool{}, chart(t, args...)
		for _, v := range cluster.Verbs() {
			if v.Use == cluster.Explaining && strings.Contains(fmt.Sprint(args), "explain") {
				continue
			}
			for _, verb := range v.Verbs {
				right := verb + " " + v.Resource + "." + v.Group
				if v.Named {
					right += " named " + lease(docs)
				}
				used[right] = true
			}
		}
		cluster, roles := ofKind(docs, "ClusterRole"), ofKind(docs, "Role")
		namespaced := len(args) > 0 && strings.Contains(args[1], "namespaces")
		if len(cluster) == 0 != namespaced || len(roles) != map[bool]int{true: 3, false: 1}[namespaced] {
			t.Errorf("%v: %d ClusterRoles, %d Roles", args, len(cluster), len(roles))
		}
		granted := map[string]bool{}
		for _, role := range slices.Concat(cluster, roles) {
			maps.Copy(granted, grants(role))
		}
		if namespaced { // each of the two namespaces has them all
			if a, b := grants(roles[0]), grants(roles[1]); !maps.Equal(a, b) && !maps.Equal(grants(roles[1]), grants(roles[2])) && !maps.Equal(a, grants(roles[2])) {
				t.Error("the namespaces' roles differ")
			}
		}
		for right := range used {
			if !granted[right] {
				t.Errorf("%v: %s is used and not granted", args, right)
			}
		}
		for right := range granted {
			if !used[right] {
				t.Errorf("%v: %s is granted and not used", args, right)
			}
		}
	}
}

// lease is the name of the Lease that the connector is told to elect by.
func lease(docs []map[string]any) string {
	args, _ := at(ofKind(docs, "Deployment")[0], "spec", "template", "spec", "containers", 0, "args").([]any)
	for _, arg := range args {
		if name, ok := strings.CutPrefix(fmt.Sprint(arg), "--lease="); ok {
			return name
		}
	}
	return "no argument --lease"
}

// grants lists what a role allows; a star is a right that nothing uses.
func grants(role map[string]any) map[string]bool {
	out := map[string]bool{}
	rules, _ := role["rules"].([]any)
	for _, r := range rules {
		names, _ := at(r, "resourceNames").([]any)
		for _, group := range at(r, "apiGroups").([]any) {
			for _, resource := range at(r, "resources").([]any) {
				for _, verb := range at(r, "verbs").([]any) {
					right := fmt.Sprintf("%v %v.%v", verb, resource, group)
					for _, name := range names {
						out[fmt.Sprintf("%s named %v", right, name)] = true
					}
					if len(names) == 0 {
						out[right] = true
					}
				}
			}
		}
	}
	return out
}

// The plain manifests are the chart's.
func TestPlainManifestsAreCurrent(t *testing.T) {
	file := connectorChart + "/manifests.yaml"
	have := chartText(t)
	if os.Getenv("UPDATE") != "" {
		if err := os.WriteFile(file, have, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(want, have) {
		t.Errorf("%s is stale; run the tests with UPDATE=1", file)
	}
	out, said, code := ran(t.Context(), filepath.Dir(file), nil, "render", ".")
	if code != 0 || !strings.Contains(out, "url: https://github.com/acme/gitops") || !strings.Contains(out, "kind: Namespace") {
		t.Errorf("kustomization: %d %s", code, said)
	}
}
