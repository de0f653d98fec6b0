package diff

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/ferry-cd/ferry/render"
	"github.com/google/go-cmp/cmp"
)

// set reads manifests from documents separated by ---, through the canonical form where they can take it.
func set(t testing.TB, docs string) render.Manifests {
	t.Helper()
	var ms render.Manifests
	for doc := range strings.SplitSeq(docs, "\n---\n") {
		if strings.TrimSpace(doc) == "" {
			continue
		}
		canonical, err := render.Canonical(render.Output{Documents: []render.Document{{Source: "test", Data: []byte(doc)}}}, "")
		if err != nil {
			if strings.Count(doc, "{") == strings.Count(doc, "}") {
				t.Fatalf("%v: %s", err, doc)
			}
			canonical = render.Manifests{broken(doc)}
		}
		ms = append(ms, canonical...)
	}
	return ms
}

// broken stands for a file that was damaged in Git after ferry had written it.
func broken(doc string) render.Manifest {
	return render.Manifest{Identity: render.Identity{Kind: "ConfigMap", Name: "a"}, Path: "configmap-a.yaml", Data: []byte(doc)}
}

func risksOf(t testing.TB, e Example, o Options) []Risk {
	t.Helper()
	return CompareWith(set(t, e.Old), set(t, e.New), o).Risks
}

func has(risks []Risk, rule string) bool {
	return slices.ContainsFunc(risks, func(r Risk) bool { return r.Rule == rule })
}

func TestRulesJudgeTheirExamples(t *testing.T) {
	for _, rule := range Rules() {
		t.Run(rule.ID, func(t *testing.T) {
			if rule.Title == "" || rule.Why == "" || rule.Level == Off {
				t.Errorf("the row is not complete: %+v", rule)
			}
			if rule.find == nil {
				checkFact(t, rule)
				return
			}
			if risks := risksOf(t, rule.Good, Options{}); has(risks, rule.ID) {
				t.Errorf("the good example is reported: %+v", risks)
			}
			risks := risksOf(t, rule.Bad, Options{})
			i := slices.IndexFunc(risks, func(r Risk) bool { return r.Rule == rule.ID })
			if i < 0 {
				t.Fatalf("the bad example is not reported: %+v", risks)
			}
			if r := risks[i]; r.Reason == "" || r.Resource.Name == "" || r.File == "" || r.Level != rule.Level {
				t.Errorf("the report is not complete: %+v", r)
			}
			if risks := risksOf(t, rule.Bad, Options{Levels: map[string]Level{rule.ID: Off}}); has(risks, rule.ID) {
				t.Error("reported although switched off")
			}
			same := Example{Old: rule.Bad.New, New: rule.Bad.New}
			if d := CompareWith(set(t, same.Old), set(t, same.New), Options{}); len(d.Risks) > 0 {
				t.Errorf("a risk where nothing changes: %+v", d.Risks)
			}
		})
	}
}

// checkFact checks a rule that only repeats what the caller knows.
func checkFact(t *testing.T, rule Rule) {
	t.Helper()
	facts := []Fact{{Rule: rule.ID, File: "f.yaml", Reason: "because"}}
	risks := risksOf(t, Example{}, Options{Facts: facts})
	want := []Risk{{Rule: rule.ID, Level: rule.Level, Title: rule.Title, File: "f.yaml", Reason: "because"}}
	if diff := cmp.Diff(want, risks); diff != "" {
		t.Error(diff)
	}
	if risks := risksOf(t, Example{}, Options{Facts: facts, Levels: map[string]Level{rule.ID: Off}}); len(risks) > 0 {
		t.Errorf("reported although switched off: %+v", risks)
	}
}

func TestRulesAreToldApart(t *testing.T) {
	seen := map[string]bool{}
	for _, rule := range Rules() {
		if seen[rule.ID] {
			t.Errorf("%s is there twice", rule.ID)
		}
		seen[rule.ID] = true
	}
}

func TestRisksAreRanked(t *testing.T) {
	e := Example{
		Old: `{apiVersion: apps/v1, kind: Deployment, metadata: {name: a}, spec: {replicas: 4}}
---
{apiVersion: v1, kind: Namespace, metadata: {name: ns}}
---
{apiVersion: v1, kind: Service, metadata: {name: s}}`,
		New: `{apiVersion: apps/v1, kind: Deployment, metadata: {name: a}, spec: {replicas: 2}}`,
	}
	rules := func(risks []Risk) (ids []string) {
		for _, r := range risks {
			ids = append(ids, r.Level.String()+" "+r.Rule)
		}
		return ids
	}
	want := []string{"critical delete-namespace", "high delete-service", "medium replicas-cut"}
	if diff := cmp.Diff(want, rules(risksOf(t, e, Options{}))); diff != "" {
		t.Error(diff)
	}
	raised := Options{Levels: map[string]Level{"replicas-cut": Critical, "delete-namespace": Low}}
	want = []string{"critical replicas-cut", "high delete-service", "low delete-namespace"}
	if diff := cmp.Diff(want, rules(risksOf(t, e, raised))); diff != "" {
		t.Error(diff)
	}
}

func TestUnknownRules(t *testing.T) {
	got := UnknownRules(map[string]Level{"zzz": High, "privileged": Low, "delete-everything": Off})
	if diff := cmp.Diff([]string{"delete-everything", "zzz"}, got); diff != "" {
		t.Error(diff)
	}
}

func TestLevelsAreWords(t *testing.T) {
	var o struct{ A, B Level }
	if err := json.Unmarshal([]byte(`{"A": "off", "B": "critical"}`), &o); err != nil || o.A != Off || o.B != Critical {
		t.Errorf("read %v, %v", o, err)
	}
	if data, err := json.Marshal(o); err != nil || string(data) != `{"A":"off","B":"critical"}` {
		t.Errorf("wrote %s, %v", data, err)
	}
	if err := json.Unmarshal([]byte(`{"A": "huge"}`), &o); err == nil || !strings.Contains(err.Error(), "medium") {
		t.Errorf("huge: %v", err)
	}
}

const (
	deploy = `{apiVersion: apps/v1, kind: Deployment, metadata: {name: a, namespace: ns}, spec: `
	pod    = `{apiVersion: v1, kind: Pod, metadata: {name: a}, spec: `
	role   = `{apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRole, metadata: {name: a}, rules: `
	policy = `{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: a}, spec: `
	claim  = `{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {name: a}, spec: `
	crd    = `{apiVersion: apiextensions.k8s.io/v1, kind: CustomResourceDefinition, metadata: {name: a}, spec: {versions: [{name: v1, schema: {openAPIV3Schema: `
)

// The corners of the rules: each row is a change and the one rule that matters, reported or not.
func TestRulesAtTheirEdges(t *testing.T) {
	for name, c := range map[string]struct {
		rule     string
		old, new string
		reason   string // part of it; "" = not reported
	}{
		"replicas 5 to 2":                  {"replicas-cut", deploy + `{replicas: 5}}`, deploy + `{replicas: 2}}`, "from 5 to 2"},
		"replicas 5 to 3":                  {"replicas-cut", deploy + `{replicas: 5}}`, deploy + `{replicas: 3}}`, ""},
		"replicas to zero is no cut":       {"replicas-cut", deploy + `{replicas: 5}}`, deploy + `{replicas: 0}}`, ""},
		"replicas no longer stated":        {"replicas-cut", deploy + `{replicas: 4}}`, deploy + `{}}`, "from 4 to 1"},
		"replicas left to an autoscaler":   {"replicas-cut", deploy + `{replicas: 4}}`, deploy + "{}}\n---\n" + `{apiVersion: autoscaling/v2, kind: HorizontalPodAutoscaler, metadata: {name: h, namespace: ns}, spec: {scaleTargetRef: {kind: Deployment, name: a}}}`, ""},
		"replicas stated as zero at last":  {"replicas-zero", deploy + `{}}`, deploy + `{replicas: 0}}`, "from 1 to 0"},
		"replicas of a word":               {"replicas-zero", deploy + `{replicas: many}}`, deploy + `{replicas: 0}}`, ""},
		"scaled up from zero":              {"replicas-zero", deploy + `{replicas: 0}}`, deploy + `{replicas: 1}}`, ""},
		"statefulset replicas may change":  {"immutable-statefulset", strings.ReplaceAll(deploy, "Deployment", "StatefulSet") + `{replicas: 1}}`, strings.ReplaceAll(deploy, "Deployment", "StatefulSet") + `{replicas: 2}}`, ""},
		"statefulset default stated":       {"immutable-statefulset", strings.ReplaceAll(deploy, "Deployment", "StatefulSet") + `{}}`, strings.ReplaceAll(deploy, "Deployment", "StatefulSet") + `{podManagementPolicy: OrderedReady}}`, ""},
		"statefulset service name":         {"immutable-statefulset", strings.ReplaceAll(deploy, "Deployment", "StatefulSet") + `{serviceName: a}}`, strings.ReplaceAll(deploy, "Deployment", "StatefulSet") + `{serviceName: b}}`, "refuses"},
		"selector gone":                    {"immutable-selector", deploy + `{selector: {matchLabels: {a: b}}}}`, deploy + `{}}`, "refuses"},
		"kept by flux":                     {"delete-volume", `{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {name: a, annotations: {kustomize.toolkit.fluxcd.io/prune: disabled}}}`, "", "stays in the cluster"},
		"cluster ip no longer stated":      {"immutable-cluster-ip", `{apiVersion: v1, kind: Service, metadata: {name: a}, spec: {clusterIP: None}}`, `{apiVersion: v1, kind: Service, metadata: {name: a}, spec: {}}`, ""},
		"headless at last":                 {"immutable-cluster-ip", `{apiVersion: v1, kind: Service, metadata: {name: a}, spec: {}}`, `{apiVersion: v1, kind: Service, metadata: {name: a}, spec: {clusterIP: None}}`, "headless"},
		"headless no more":                 {"immutable-cluster-ip", `{apiVersion: v1, kind: Service, metadata: {name: a}, spec: {clusterIP: None}}`, `{apiVersion: v1, kind: Service, metadata: {name: a}, spec: {clusterIP: 10.0.0.1}}`, "headless"},
		"headless and external":            {"immutable-cluster-ip", `{apiVersion: v1, kind: Service, metadata: {name: a}, spec: {}}`, `{apiVersion: v1, kind: Service, metadata: {name: a}, spec: {type: ExternalName, clusterIP: None}}`, ""},
		"claim on another class":           {"immutable-field", claim + `{storageClassName: fast}}`, claim + `{storageClassName: slow}}`, "refuses"},
		"claim says its default":           {"immutable-field", claim + `{}}`, claim + `{volumeMode: Filesystem}}`, ""},
		"claim in other units":             {"claim-shrink", claim + `{resources: {requests: {storage: 1Gi}}}}`, claim + `{resources: {requests: {storage: 1073741824}}}}`, ""},
		"role of a binding":                {"immutable-field", `{apiVersion: rbac.authorization.k8s.io/v1, kind: RoleBinding, metadata: {name: a}, roleRef: {name: x}}`, `{apiVersion: rbac.authorization.k8s.io/v1, kind: RoleBinding, metadata: {name: a}, roleRef: {name: y}}`, "refuses"},
		"immutable lifted":                 {"immutable-field", `{apiVersion: v1, kind: ConfigMap, metadata: {name: a}, immutable: true}`, `{apiVersion: v1, kind: ConfigMap, metadata: {name: a}}`, "lift"},
		"immutable and renamed":            {"immutable-field", `{apiVersion: v1, kind: ConfigMap, metadata: {name: a-5d8f6c9b7k}, immutable: true, data: {a: b}}`, `{apiVersion: v1, kind: ConfigMap, metadata: {name: a-6d8f6c9b7k}, immutable: true, data: {a: c}}`, ""},
		"privileged as before":             {"privileged", pod + `{containers: [{name: c, securityContext: {privileged: true}}]}}`, pod + `{containers: [{name: c, image: x, securityContext: {privileged: true}}]}}`, ""},
		"privileged init container":        {"privileged", pod + `{}}`, pod + `{initContainers: [{name: c, securityContext: {privileged: true}}]}}`, "becomes privileged"},
		"privileged in a cron job":         {"privileged", "", `{apiVersion: batch/v1, kind: CronJob, metadata: {name: a}, spec: {jobTemplate: {spec: {template: {spec: {containers: [{name: c, securityContext: {privileged: true}}]}}}}}}`, "becomes privileged"},
		"host path as before":              {"host-path", pod + `{volumes: [{name: v, hostPath: {path: /a}}]}}`, pod + `{volumes: [{name: v, hostPath: {path: /a, type: Directory}}]}}`, ""},
		"host path elsewhere":              {"host-path", pod + `{volumes: [{name: v, hostPath: {path: /a}}]}}`, pod + `{volumes: [{name: v, hostPath: {path: /}}]}}`, "reads /"},
		"host pid":                         {"host-namespace", pod + `{}}`, pod + `{hostPID: true}}`, "shares"},
		"capability no longer dropped":     {"capabilities-added", pod + `{containers: [{name: c, securityContext: {capabilities: {drop: [ALL]}}}]}}`, pod + `{containers: [{name: c}]}}`, "no longer drops ALL"},
		"capabilities dropped by ALL":      {"capabilities-added", pod + `{containers: [{name: c, securityContext: {capabilities: {drop: [KILL]}}}]}}`, pod + `{containers: [{name: c, securityContext: {capabilities: {drop: [ALL]}}}]}}`, ""},
		"user 0":                           {"run-as-root", pod + `{containers: [{name: c}], securityContext: {runAsUser: 1000}}}`, pod + `{containers: [{name: c}], securityContext: {runAsUser: 0}}}`, "user 0"},
		"user 0 as before":                 {"run-as-root", pod + `{containers: [{name: c}], securityContext: {runAsUser: 0}}}`, pod + `{containers: [{name: c, securityContext: {runAsUser: 0}}]}}`, ""},
		"root refused by the pod alone":    {"run-as-root", pod + `{containers: [{name: c}], securityContext: {runAsNonRoot: true}}}`, pod + `{containers: [{name: d}]}}`, "no longer refused"},
		"service stays external":           {"service-exposed", `{apiVersion: v1, kind: Service, metadata: {name: a}, spec: {type: LoadBalancer}}`, `{apiVersion: v1, kind: Service, metadata: {name: a}, spec: {type: NodePort}}`, ""},
		"service on a node port":           {"service-exposed", `{apiVersion: v1, kind: Service, metadata: {name: a}}`, `{apiVersion: v1, kind: Service, metadata: {name: a}, spec: {type: NodePort}}`, "NodePort"},
		"policy gone":                      {"network-policy-loosened", policy + `{podSelector: {}}}`, "", "deleted"},
		"policy for fewer pods":            {"network-policy-loosened", policy + `{podSelector: {}}}`, policy + `{podSelector: {matchLabels: {a: b}}}}`, "all the pods"},
		"policy for more pods":             {"network-policy-loosened", policy + `{podSelector: {matchLabels: {a: b}}}}`, policy + `{podSelector: {}}}`, ""},
		"policy without egress":            {"network-policy-loosened", policy + `{podSelector: {}, policyTypes: [Ingress, Egress]}}`, policy + `{podSelector: {}, policyTypes: [Ingress]}}`, "no longer limits egress"},
		"policy on another port":           {"network-policy-loosened", policy + `{podSelector: {}, ingress: [{ports: [{port: 80}]}]}}`, policy + `{podSelector: {}, ingress: [{ports: [{port: 81}]}]}}`, "anyone on port 81"},
		"policy on fewer ports":            {"network-policy-loosened", policy + `{podSelector: {}, ingress: [{}]}}`, policy + `{podSelector: {}, ingress: [{ports: [{port: 80}]}]}}`, ""},
		"policy for one more peer":         {"network-policy-loosened", policy + `{podSelector: {}, ingress: [{from: [{podSelector: {matchLabels: {a: b}}}]}]}}`, policy + `{podSelector: {}, ingress: [{from: [{podSelector: {matchLabels: {a: c}}}]}]}}`, "other pods"},
		"policy for narrower peers":        {"network-policy-loosened", policy + `{podSelector: {}, ingress: [{from: [{podSelector: {}}]}]}}`, policy + `{podSelector: {}, ingress: [{from: [{podSelector: {matchLabels: {a: c}}}]}]}}`, ""},
		"policy with a hole closed":        {"network-policy-loosened", policy + `{podSelector: {}, egress: [{to: [{ipBlock: {cidr: 0.0.0.0/0, except: [10.0.0.0/8]}}]}]}}`, policy + `{podSelector: {}, egress: [{to: [{ipBlock: {cidr: 0.0.0.0/0}}]}]}}`, "0.0.0.0/0"},
		"policy for a wider block":         {"network-policy-loosened", policy + `{podSelector: {}, ingress: [{from: [{ipBlock: {cidr: 10.0.0.0/16}}]}]}}`, policy + `{podSelector: {}, ingress: [{from: [{ipBlock: {cidr: 10.0.0.0/8}}]}]}}`, "10.0.0.0/8"},
		"policy that let nothing in":       {"network-policy-loosened", policy + `{podSelector: {}}}`, policy + `{podSelector: {}, ingress: [{}]}}`, "lets anyone through"},
		"policy that let everything out":   {"network-policy-loosened", policy + `{podSelector: {}}}`, policy + `{podSelector: {}, egress: [{}]}}`, ""},
		"policy beside the hole":           {"network-policy-loosened", policy + `{podSelector: {}, egress: [{to: [{ipBlock: {cidr: 0.0.0.0/0, except: [10.0.0.0/8]}}]}]}}`, policy + `{podSelector: {}, egress: [{to: [{ipBlock: {cidr: 192.168.0.0/16}}]}]}}`, ""},
		"right by another wildcard":        {"rbac-widened", role + `[{apiGroups: ["*"], resources: ["*/scale"], verbs: ["*"]}]}`, role + `[{apiGroups: [apps], resources: [deployments/scale], verbs: [update]}]}`, ""},
		"right to a new URL":               {"rbac-widened", role + `[{nonResourceURLs: [/healthz*], verbs: [get]}]}`, role + `[{nonResourceURLs: [/healthz/a, /metrics], verbs: [get]}]}`, "get /metrics"},
		"right to one more name":           {"rbac-widened", role + `[{apiGroups: [""], resources: [secrets], resourceNames: [a], verbs: [get]}]}`, role + `[{apiGroups: [""], resources: [secrets], resourceNames: [a, b], verbs: [get]}]}`, "get secrets (a, b)"},
		"right of a new role":              {"rbac-widened", "", role + `[{apiGroups: [apps], resources: [deployments], verbs: [get, list, watch, update, patch]}]}`, "and 2 more"},
		"rights bound in a namespace":      {"rbac-widened", "", `{apiVersion: rbac.authorization.k8s.io/v1, kind: RoleBinding, metadata: {name: a}, roleRef: {kind: Role, name: r}, subjects: [{kind: ServiceAccount, namespace: ns, name: s}]}`, "ServiceAccount ns/s gets Role r in its namespace"},
		"schema takes one value less":      {"definition-tightened", crd + `{properties: {x: {enum: [a, b]}}}}}]}}`, crd + `{properties: {x: {enum: [a]}}}}}]}}`, "x must no longer be b"},
		"schema takes one value more":      {"definition-tightened", crd + `{properties: {x: {enum: [a]}}}}}]}}`, crd + `{properties: {x: {enum: [a, b]}}}}}]}}`, ""},
		"schema of a list":                 {"definition-tightened", crd + `{properties: {x: {items: {maximum: 3}}}}}}]}}`, crd + `{properties: {x: {items: {maximum: 2}}}}}}]}}`, "x[] has a tighter maximum: 2"},
		"schema without a field":           {"definition-tightened", crd + `{properties: {x: {type: string}}}}}]}}`, crd + `{properties: {}}}}]}}`, "x is no longer known"},
		"schema open to the field":         {"definition-tightened", crd + `{properties: {x: {type: string}}}}}]}}`, crd + `{x-kubernetes-preserve-unknown-fields: true}}}]}}`, ""},
		"schema open to other fields":      {"definition-tightened", crd + `{properties: {x: {type: string}}}}}]}}`, crd + `{additionalProperties: {type: string}}}}]}}`, ""},
		"schema with a type":               {"definition-tightened", crd + `{properties: {x: {type: integer, minimum: 5}}}}}]}}`, crd + `{properties: {x: {type: string, minimum: 1}}}}}]}}`, "x must now be string"},
		"schema no longer null":            {"definition-tightened", crd + `{properties: {x: {nullable: true}}}}}]}}`, crd + `{properties: {x: {pattern: a}}}}}]}}`, "null"},
		"webhook that ignores at last":     {"webhook-failure-policy", `{apiVersion: admissionregistration.k8s.io/v1, kind: MutatingWebhookConfiguration, metadata: {name: a}, webhooks: [{name: w}]}`, `{apiVersion: admissionregistration.k8s.io/v1, kind: MutatingWebhookConfiguration, metadata: {name: a}, webhooks: [{name: w, failurePolicy: Ignore}]}`, "nothing is checked"},
		"webhook that states its default":  {"webhook-failure-policy", `{apiVersion: admissionregistration.k8s.io/v1, kind: MutatingWebhookConfiguration, metadata: {name: a}, webhooks: [{name: w}]}`, `{apiVersion: admissionregistration.k8s.io/v1, kind: MutatingWebhookConfiguration, metadata: {name: a}, webhooks: [{name: w, failurePolicy: Fail}]}`, ""},
		"image loses its digest":           {"image-unpinned", pod + `{containers: [{name: c, image: "a:1@sha256:aa"}]}}`, pod + `{containers: [{name: c, image: "a:2"}]}}`, "loses its digest"},
		"downgrade in an init container":   {"image-downgrade", pod + `{initContainers: [{name: c, image: "a:v1.2.0"}]}}`, pod + `{initContainers: [{name: c, image: "a:v1.2.0-rc.1"}]}}`, "back to v1.2.0-rc.1"},
		"another variant is no downgrade":  {"image-downgrade", pod + `{containers: [{name: c, image: "a:1.2.0"}]}}`, pod + `{containers: [{name: c, image: "a:1.2.0-alpine"}]}}`, ""},
		"request gone":                     {"limits-removed", pod + `{containers: [{name: c, resources: {requests: {cpu: 1}}}]}}`, pod + `{containers: [{name: c}]}}`, "was 1, now none"},
		"container gone with its limits":   {"limits-removed", pod + `{containers: [{name: c, resources: {requests: {cpu: 1}}}]}}`, pod + `{containers: [{name: d}]}}`, ""},
		"job under its next name":          {"immutable-job", `{apiVersion: batch/v1, kind: Job, metadata: {name: a-1.0.0}, spec: {template: {spec: {x: 1}}}}`, `{apiVersion: batch/v1, kind: Job, metadata: {name: a-1.1.0}, spec: {template: {spec: {x: 2}}}}`, ""},
		"definition deleted is not edited": {"definition-version-removed", crd + `{}}}]}}`, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			risks := risksOf(t, Example{c.old, c.new}, Options{})
			i := slices.IndexFunc(risks, func(r Risk) bool { return r.Rule == c.rule })
			switch {
			case c.reason == "" && i >= 0:
				t.Errorf("reported: %+v", risks[i])
			case c.reason != "" && i < 0:
				t.Errorf("not reported, only %+v", risks)
			case c.reason != "" && !strings.Contains(risks[i].Reason, c.reason):
				t.Errorf("the reason is %q, want %q in it", risks[i].Reason, c.reason)
			}
		})
	}
}
