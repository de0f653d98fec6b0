package diff

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/ferry-cd/ferry/render"
	"github.com/google/go-cmp/cmp"
)

// told gives changes as lines that a test can show.
func told(changes []Change) []string {
	var all []string
	for _, c := range changes {
		line := string(c.Kind) + " " + c.Resource.String()
		if c.Was != nil {
			line += ", was " + c.Was.String()
		}
		for _, mark := range []struct {
			on   bool
			word string
		}{{c.NoiseOnly, "noise only"}, {c.Restarts, "restarts"}, {c.Unreadable, "unreadable"}} {
			if mark.on {
				line += ", " + mark.word
			}
		}
		all = append(all, line)
		for _, f := range c.Fields {
			all = append(all, "  "+toldField(f))
		}
	}
	return all
}

func toldField(f Field) string {
	s := string(f.Kind) + " " + f.Path
	if f.Old != nil || f.New != nil {
		s += " " + compact(f.Old) + " -> " + compact(f.New)
	}
	if f.Position > 0 {
		s += fmt.Sprintf(" at %d", f.Position)
	}
	if f.Masked {
		s += " masked"
	}
	if f.Noise {
		s += " (noise)"
	}
	return s
}

func compact(v any) string {
	data, err := json.Marshal(v)
	if err != nil {
		return err.Error()
	}
	return string(data)
}

// fieldsOf compares two documents of one resource.
func fieldsOf(t testing.TB, old, new string) []string {
	t.Helper()
	var all []string
	for _, c := range Compare(set(t, old), set(t, new)).Resources {
		for _, f := range c.Fields {
			all = append(all, toldField(f))
		}
	}
	return all
}

const (
	custom = `{apiVersion: example.com/v1, kind: Thing, metadata: {name: a}, spec: `
	config = `{apiVersion: v1, kind: ConfigMap, metadata: {name: a}, data: `
)

func TestFields(t *testing.T) {
	for name, c := range map[string]struct {
		old, new string
		want     []string
	}{
		"scalars":                        {custom + `{a: 1, b: x, c: true, d: null}}`, custom + `{a: 2, b: w, c: false, d: 1.5}}`, []string{"changed spec.a 1 -> 2", `changed spec.b "x" -> "w"`, "changed spec.c true -> false", "changed spec.d null -> 1.5"}},
		"come and gone":                  {custom + `{a: 1}}`, custom + `{b: {c: [1]}}}`, []string{"removed spec.a 1 -> null", `added spec.b null -> {"c":[1]}`}},
		"other shape":                    {custom + `{a: [1]}}`, custom + `{a: {b: 1}}}`, []string{`changed spec.a [1] -> {"b":1}`}},
		"text and number are two things": {custom + `{a: 1}}`, custom + `{a: "1"}}`, []string{`changed spec.a 1 -> "1"`}},
		"null is no absence":             {custom + `{a: null}}`, custom + `{}}`, []string{"removed spec.a"}},
		"odd keys":                       {custom + `{"a.b/c": 1, "1": 2, "": 3, "x y": 4, a-b: 5}}`, custom + `{"a.b/c": 2, "1": 3, "": 4, "x y": 5, a-b: 6}}`, []string{`changed spec[""] 3 -> 4`, `changed spec["1"] 2 -> 3`, "changed spec.a-b 5 -> 6", `changed spec["a.b/c"] 1 -> 2`, `changed spec["x y"] 4 -> 5`}},
		"API version":                    {`{apiVersion: example.com/v1, kind: Thing, metadata: {name: a}}`, `{apiVersion: example.com/v2, kind: Thing, metadata: {name: a}}`, []string{`changed apiVersion "example.com/v1" -> "example.com/v2"`}},

		"quantities":          {pod + `{containers: [{name: c, resources: {limits: {cpu: 500m, memory: 1Gi}, requests: {cpu: 1}}}]}}`, pod + `{containers: [{name: c, resources: {limits: {cpu: 0.5, memory: 1024Mi}, requests: {cpu: "1000m"}}}]}}`, []string{`respelled spec.containers[c].resources.limits.cpu "500m" -> 0.5 (noise)`, `respelled spec.containers[c].resources.limits.memory "1Gi" -> "1024Mi" (noise)`, `respelled spec.containers[c].resources.requests.cpu 1 -> "1000m" (noise)`}},
		"other quantities":    {pod + `{containers: [{name: c, resources: {limits: {cpu: 500m}}}]}}`, pod + `{containers: [{name: c, resources: {limits: {cpu: 5}}}]}}`, []string{`changed spec.containers[c].resources.limits.cpu "500m" -> 5`}},
		"no quantities":       {config + `{cpu: 500m}}`, config + `{cpu: "0.5"}}`, []string{`changed data.cpu "500m" -> "0.5"`}},
		"a quantity bomb":     {pod + `{containers: [{name: c, resources: {limits: {cpu: 1e999999999}}}]}}`, pod + `{containers: [{name: c, resources: {limits: {cpu: 1e999999998}}}]}}`, []string{`changed spec.containers[c].resources.limits.cpu "1e999999999" -> "1e999999998"`}},
		"numbers":             {custom + `{a: 1.50, b: 10, c: 1e3}}`, custom + `{a: 1.5, b: 11, c: 1000}}`, []string{"respelled spec.a 1.50 -> 1.5 (noise)", "changed spec.b 10 -> 11", "respelled spec.c 1e3 -> 1000 (noise)"}},
		"durations":           {custom + `{interval: 60s, scrapeTimeout: 1h, name: 60s}}`, custom + `{interval: 1m, scrapeTimeout: 61m, name: 1m}}`, []string{`respelled spec.interval "60s" -> "1m" (noise)`, `changed spec.name "60s" -> "1m"`, `changed spec.scrapeTimeout "1h" -> "61m"`}},
		"no duration in data": {config + `{interval: 60s}}`, config + `{interval: 1m}}`, []string{`changed data.interval "60s" -> "1m"`}},

		"containers by name":           {pod + `{containers: [{name: a, image: x}, {name: b, image: w}]}}`, pod + `{containers: [{name: b, image: z}, {name: a, image: x}]}}`, []string{`reordered spec.containers ["a","b"] -> ["b","a"] (noise)`, `changed spec.containers[b].image "w" -> "z"`}},
		"init containers run in order": {pod + `{initContainers: [{name: a}, {name: b}]}}`, pod + `{initContainers: [{name: b}, {name: a}]}}`, []string{`reordered spec.initContainers ["a","b"] -> ["b","a"]`}},
		"env in order":                 {pod + `{containers: [{name: c, env: [{name: A, value: "1"}, {name: B, value: "2"}]}]}}`, pod + `{containers: [{name: c, env: [{name: B, value: "2"}, {name: C, value: "3"}, {name: A, value: "9"}]}]}}`, []string{`reordered spec.containers[c].env ["A","B"] -> ["B","A"]`, `added spec.containers[c].env[C] null -> {"name":"C","value":"3"} at 2`, `changed spec.containers[c].env[A].value "1" -> "9"`}},
		"ports with a protocol":        {pod + `{containers: [{name: c, ports: [{containerPort: 53}, {containerPort: 53, protocol: UDP}]}]}}`, pod + `{containers: [{name: c, ports: [{containerPort: 53, protocol: UDP, name: dns}]}]}}`, []string{`removed spec.containers[c].ports[53/TCP] {"containerPort":53} -> null`, `added spec.containers[c].ports[53/UDP].name null -> "dns"`}},
		"mounts by path":               {pod + `{containers: [{name: c, volumeMounts: [{mountPath: /a, name: v}, {mountPath: /b, name: v}]}]}}`, pod + `{containers: [{name: c, volumeMounts: [{mountPath: /b, name: w}, {mountPath: /a, name: v}]}]}}`, []string{`reordered spec.containers[c].volumeMounts ["/a","/b"] -> ["/b","/a"] (noise)`, `changed spec.containers[c].volumeMounts[/b].name "v" -> "w"`}},
		"keys that look like an index": {pod + `{imagePullSecrets: [{name: "1"}]}}`, pod + `{imagePullSecrets: [{name: "1", x: w}]}}`, []string{`added spec.imagePullSecrets["1"].x null -> "w"`}},
		"two of one name":              {pod + `{containers: [{name: a, image: x}, {name: a, image: w}]}}`, pod + `{containers: [{name: a, image: x}, {name: a, image: z}]}}`, []string{`changed spec.containers[1].image "w" -> "z"`}},
		"args by place":                {pod + `{containers: [{name: c, args: [--a, --b, --c]}]}}`, pod + `{containers: [{name: c, args: [--x, --a, --c]}]}}`, []string{`removed spec.containers[c].args[1] "--b" -> null`, `added spec.containers[c].args[0] null -> "--x"`}},
		"one arg changes":              {pod + `{containers: [{name: c, args: [--a=1, --b]}]}}`, pod + `{containers: [{name: c, args: [--a=2, --b]}]}}`, []string{`changed spec.containers[c].args[0] "--a=1" -> "--a=2"`}},
		"verbs are a set":              {role + `[{apiGroups: [""], resources: [pods], verbs: [get, list]}]}`, role + `[{apiGroups: [""], resources: [pods], verbs: [list, get, watch]}]}`, []string{`reordered rules[pods].verbs ["get","list"] -> ["list","get"] (noise)`, `added rules[pods].verbs[watch] null -> "watch" at 3`}},
		"rules by what they are about": {role + `[{apiGroups: [apps], resources: [deployments], verbs: [get]}, {apiGroups: [""], resources: [pods], verbs: [get]}]}`, role + `[{apiGroups: [""], resources: [pods], verbs: [get]}]}`, []string{`removed rules[apps/deployments] {"apiGroups":["apps"],"resources":["deployments"],"verbs":["get"]} -> null`}},
		"hosts of an ingress":          {`{apiVersion: networking.k8s.io/v1, kind: Ingress, metadata: {name: a}, spec: {rules: [{host: a.example, http: {paths: [{path: /, pathType: Prefix}]}}, {http: {}}]}}`, `{apiVersion: networking.k8s.io/v1, kind: Ingress, metadata: {name: a}, spec: {rules: [{host: a.example, http: {paths: [{path: /, pathType: Exact}]}}, {http: {x: 1}}]}}`, []string{`removed spec.rules[a.example].http.paths[//Prefix] {"path":"/","pathType":"Prefix"} -> null`, `added spec.rules[a.example].http.paths[//Exact] null -> {"path":"/","pathType":"Exact"} at 1`, "added spec.rules[*].http.x null -> 1"}},
		"names in a custom resource":   {custom + `{steps: [{name: a, x: 1}, {name: b, x: 1}]}}`, custom + `{steps: [{name: b, x: 2}, {name: a, x: 1}]}}`, []string{`reordered spec.steps ["a","b"] -> ["b","a"]`, "changed spec.steps[b].x 1 -> 2"}},
		"lists of lists":               {custom + `{m: [[1, 2], [3]]}}`, custom + `{m: [[1, 2], [4]]}}`, []string{"changed spec.m[1][0] 3 -> 4"}},
		"a list gets its first item":   {custom + `{m: []}}`, custom + `{m: [1]}}`, []string{"added spec.m[0] null -> 1"}},

		"labels":                        {deploy + `{}, extra: 1}`, strings.Replace(deploy, "namespace: ns", "namespace: ns, labels: {a: b}, annotations: {c: d}", 1) + `{}, extra: 1}`, []string{`added metadata.annotations null -> {"c":"d"} (noise)`, `added metadata.labels null -> {"a":"b"} (noise)`}},
		"labels of pods":                {deploy + `{template: {metadata: {labels: {v: "1"}, annotations: {checksum/config: aa, vault.hashicorp.com/role: x}}}}}`, deploy + `{template: {metadata: {labels: {v: "2"}, annotations: {checksum/config: bb, vault.hashicorp.com/role: w}}}}}`, []string{`changed spec.template.metadata.annotations["checksum/config"] "aa" -> "bb" (noise)`, `changed spec.template.metadata.annotations["vault.hashicorp.com/role"] "x" -> "w"`, `changed spec.template.metadata.labels.v "1" -> "2" (noise)`}},
		"labels that select":            {deploy + `{selector: {matchLabels: {v: "1"}}}}`, deploy + `{selector: {matchLabels: {v: "2"}}}}`, []string{`changed spec.selector.matchLabels.v "1" -> "2"`}},
		"labels of a namespace":         {`{apiVersion: v1, kind: Namespace, metadata: {name: a, labels: {pod-security.kubernetes.io/enforce: restricted}}}`, `{apiVersion: v1, kind: Namespace, metadata: {name: a}}`, []string{`removed metadata.labels {"pod-security.kubernetes.io/enforce":"restricted"} -> null`}},
		"annotations of an ingress":     {`{apiVersion: networking.k8s.io/v1, kind: Ingress, metadata: {name: a, annotations: {x: "1"}}}`, `{apiVersion: networking.k8s.io/v1, kind: Ingress, metadata: {name: a, annotations: {x: "2"}}}`, []string{`changed metadata.annotations.x "1" -> "2"`}},
		"annotations that engines obey": {strings.Replace(deploy, "namespace: ns", "namespace: ns, annotations: {a: b}", 1) + `{}}`, strings.Replace(deploy, "namespace: ns", "namespace: ns, annotations: {argocd.argoproj.io/sync-wave: '1', a: b}", 1) + `{}}`, []string{`added metadata.annotations["argocd.argoproj.io/sync-wave"] null -> "1"`}},
		"a checksum of a secret":        {deploy + `{template: {metadata: {annotations: {checksum/secret: aa}}}}}`, deploy + `{template: {metadata: {annotations: {checksum/secret: bb}}}}}`, []string{`changed spec.template.metadata.annotations["checksum/secret"] masked (noise)`}},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, fieldsOf(t, c.old, c.new)); diff != "" {
				t.Error(diff)
			}
			if got := Compare(set(t, c.new), set(t, c.new)); !got.Empty() {
				t.Errorf("differs from itself: %v", told(got.Resources))
			}
		})
	}
}

func TestResources(t *testing.T) {
	const hashed = "{apiVersion: v1, kind: ConfigMap, metadata: {name: settings-%s}, data: {%s}}"
	uses := func(name string) string {
		return deploy + `{template: {spec: {volumes: [{name: v, configMap: {name: settings-` + name + `}}]}}}}`
	}
	for name, c := range map[string]struct {
		old, new string
		want     []string
	}{
		"come and gone": {deploy + `{}}`, custom + `{}}`, []string{"removed Deployment ns/a", "added Thing.example.com a"}},
		"moved to another namespace": {deploy + `{}}`, strings.Replace(deploy, ": ns", ": other", 1) + `{}}`,
			[]string{"removed Deployment ns/a", "added Deployment other/a"}},
		"a generated ConfigMap": {fmt.Sprintf(hashed, "5d8f6c9b7k", "a: b") + "\n---\n" + uses("5d8f6c9b7k"), fmt.Sprintf(hashed, "6d8f6c9b7k", "a: c") + "\n---\n" + uses("6d8f6c9b7k"), []string{
			"renamed ConfigMap settings-6d8f6c9b7k, was ConfigMap settings-5d8f6c9b7k", `  changed data.a "b" -> "c"`,
			"changed Deployment ns/a, noise only, restarts", `  changed spec.template.spec.volumes[v].configMap.name "settings-5d8f6c9b7k" -> "settings-6d8f6c9b7k" (noise)`}},
		"a generated ConfigMap of the same data": {fmt.Sprintf(hashed, "5d8f6c9b7k", "a: b"), fmt.Sprintf(hashed, "6d8f6c9b7k", "a: b"), []string{"renamed ConfigMap settings-6d8f6c9b7k, was ConfigMap settings-5d8f6c9b7k, noise only"}},
		"a ConfigMap of another name":            {fmt.Sprintf(hashed, "one", "a: b"), fmt.Sprintf(hashed, "two", "a: b"), []string{"removed ConfigMap settings-one", "added ConfigMap settings-two"}},
		"several of one family": {fmt.Sprintf(hashed, "111111aa", "a: one, b: two, c: three, d: four") + "\n---\n" + fmt.Sprintf(hashed, "222222bb", "x: five, y: six, z: seven"),
			fmt.Sprintf(hashed, "333333cc", "x: five, y: six, z: eight") + "\n---\n" + fmt.Sprintf(hashed, "444444dd", "a: one, b: two, c: three, d: five") + "\n---\n" + fmt.Sprintf(hashed, "555555ee", "q: r, s: t, u: v, w: x"), []string{
				"renamed ConfigMap settings-333333cc, was ConfigMap settings-222222bb", `  changed data.z "seven" -> "eight"`,
				"renamed ConfigMap settings-444444dd, was ConfigMap settings-111111aa", `  changed data.d "four" -> "five"`,
				"added ConfigMap settings-555555ee"}},
		"all of it new, under one name": {fmt.Sprintf(hashed, "111111aa", "a: one, b: two, c: three"), fmt.Sprintf(hashed, "222222bb", "x: four, w: five, z: six, v: seven, u: eight, t: nine"),
			[]string{"renamed ConfigMap settings-222222bb, was ConfigMap settings-111111aa", `  removed data.a "one" -> null`, `  removed data.b "two" -> null`, `  removed data.c "three" -> null`,
				`  added data.t null -> "nine"`, `  added data.u null -> "eight"`, `  added data.v null -> "seven"`, `  added data.w null -> "five"`, `  added data.x null -> "four"`, `  added data.z null -> "six"`}},
		"nobody alike": {fmt.Sprintf(hashed, "111111aa", "a: one, b: two, c: three, d: four, e: five, f: six, g: seven, h: eight") + "\n---\n" + fmt.Sprintf(hashed, "222222bb", "i: one, j: two, k: three, l: four, m: five, o: six, p: seven, q: eight"),
			fmt.Sprintf(hashed, "333333cc", "r: one, s: two, t: three, u: four, v: five, w: six, x: seven, z: eight"),
			[]string{"removed ConfigMap settings-111111aa", "removed ConfigMap settings-222222bb", "added ConfigMap settings-333333cc"}},
		"a Job for each version": {`{apiVersion: batch/v1, kind: Job, metadata: {name: migrate-1-4-0}}`, `{apiVersion: batch/v1, kind: Job, metadata: {name: migrate-1-5-0}}`,
			[]string{"renamed Job migrate-1-5-0, was Job migrate-1-4-0"}},
		"a Deployment for each version": {`{apiVersion: apps/v1, kind: Deployment, metadata: {name: web-1}}`, `{apiVersion: apps/v1, kind: Deployment, metadata: {name: web-2}}`,
			[]string{"removed Deployment web-1", "added Deployment web-2"}},
		"another API version": {`{apiVersion: policy/v1beta1, kind: PodDisruptionBudget, metadata: {name: a}}`, `{apiVersion: policy/v1, kind: PodDisruptionBudget, metadata: {name: a}}`,
			[]string{"changed PodDisruptionBudget a", `  changed apiVersion "policy/v1beta1" -> "policy/v1"`}},
		"noise only": {strings.Replace(deploy, "namespace: ns", "namespace: ns, labels: {v: '1'}", 1) + `{template: {metadata: {annotations: {checksum/x: aa}}}}}`,
			strings.Replace(deploy, "namespace: ns", "namespace: ns, labels: {v: '2'}", 1) + `{template: {metadata: {annotations: {checksum/x: bb}}}}}`, []string{
				"changed Deployment ns/a, noise only, restarts", `  changed metadata.labels.v "1" -> "2" (noise)`, `  changed spec.template.metadata.annotations["checksum/x"] "aa" -> "bb" (noise)`}},
		"no restart for another spelling": {deploy + `{template: {spec: {containers: [{name: c, resources: {limits: {cpu: 1}}}]}}}}`, deploy + `{template: {spec: {containers: [{name: c, resources: {limits: {cpu: 1000m}}}]}}}}`,
			[]string{"changed Deployment ns/a, noise only", `  respelled spec.template.spec.containers[c].resources.limits.cpu 1 -> "1000m" (noise)`}},
		"no restart": {deploy + `{replicas: 1}}`, deploy + `{replicas: 3}}`, []string{"changed Deployment ns/a", "  changed spec.replicas 1 -> 3"}},
		"restart":    {deploy + `{template: {spec: {nodeName: a}}}}`, deploy + `{template: {spec: {nodeName: b}}}}`, []string{"changed Deployment ns/a, restarts", `  changed spec.template.spec.nodeName "a" -> "b"`}},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, told(Compare(set(t, c.old), set(t, c.new)).Resources)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestMovesBetweenFilesAreNoChange(t *testing.T) {
	old, new := set(t, deployment), set(t, deployment)
	file := func(data string) render.Manifests {
		return render.Manifests{{Identity: new[0].Identity, Path: "elsewhere.yaml", Data: []byte(data)}}
	}
	commented := "# the same, with a comment\n" + string(new[0].Data)
	new = file(commented)
	d := Compare(old, new)
	if !d.Empty() || d.Totals.Unchanged != 1 {
		t.Errorf("%v, %+v", told(d.Resources), d.Totals)
	}
	new = file(strings.Replace(commented, "replicas: 3", "replicas: 4", 1))
	if c := Compare(old, new).Resources; len(c) != 1 || c[0].OldPath != old[0].Path || c[0].NewPath != "elsewhere.yaml" {
		t.Errorf("%+v", c)
	}
}

// A chart that begins to write the namespace into its manifests has changed nothing in the cluster.
func TestNamespaceOfTheApp(t *testing.T) {
	old, new := set(t, `{apiVersion: v1, kind: Service, metadata: {name: web}}`), set(t, `{apiVersion: v1, kind: Service, metadata: {name: web, namespace: shop}}`)
	d := CompareWith(old, new, Options{Namespace: "shop"})
	want := []string{"changed Service shop/web, noise only", `  added metadata.namespace null -> "shop" (noise)`}
	if diff := cmp.Diff(want, told(d.Resources)); diff != "" || len(d.Risks) > 0 {
		t.Error(diff, d.Risks)
	}
	d = CompareWith(old, new, Options{Namespace: "other"})
	if diff := cmp.Diff([]string{"removed Service web", "added Service shop/web"}, told(d.Resources)); diff != "" || len(d.Risks) != 1 {
		t.Error(diff, d.Risks)
	}
}

func TestUnreadable(t *testing.T) {
	bad := render.Manifests{broken("data: {a: hunter2")}
	for name, d := range map[string]Diff{"old": Compare(bad, set(t, config+`{}}`)), "new": Compare(set(t, config+`{}}`), bad)} {
		if diff := cmp.Diff([]string{"changed ConfigMap a, unreadable"}, told(d.Resources)); diff != "" || !has(d.Risks, "unreadable") {
			t.Error(name, diff, d.Risks)
		}
	}
	if d := Compare(bad, bad); !d.Empty() {
		t.Errorf("differs from itself: %v", told(d.Resources))
	}
}

func TestTotals(t *testing.T) {
	old := set(t, strings.Join([]string{deploy + `{}}`, config + `{a: b}}`, `{apiVersion: v1, kind: ConfigMap, metadata: {name: same}}`,
		`{apiVersion: v1, kind: ConfigMap, metadata: {name: x-1a2b3c4d}}`, `{apiVersion: v1, kind: Service, metadata: {name: a}}`}, "\n---\n"))
	new := set(t, strings.Join([]string{strings.Replace(deploy, "namespace: ns", "namespace: ns, labels: {x: z}", 1) + `{}}`, config + `{a: c}}`,
		`{apiVersion: v1, kind: ConfigMap, metadata: {name: same}}`, `{apiVersion: v1, kind: ConfigMap, metadata: {name: x-5a6b7c8d}}`,
		`{apiVersion: v1, kind: ConfigMap, metadata: {name: new}}`}, "\n---\n"))
	want := Totals{
		Counts: Counts{Added: 1, Removed: 1, Changed: 2, Renamed: 1, Noise: 2, Unchanged: 1},
		Kinds: []KindTotal{
			{Kind: "ConfigMap", Counts: Counts{Added: 1, Changed: 1, Renamed: 1, Noise: 1, Unchanged: 1}},
			{Kind: "Deployment", Group: "apps", Counts: Counts{Changed: 1, Noise: 1}},
			{Kind: "Service", Counts: Counts{Removed: 1}},
		},
	}
	if diff := cmp.Diff(want, Compare(old, new).Totals); diff != "" {
		t.Error(diff)
	}
}

// Scripts read this: an empty list is [], never null.
func TestDiffAsJSON(t *testing.T) {
	data, err := json.Marshal(Compare(nil, nil))
	if err != nil {
		t.Fatal(err)
	}
	want := `{"resources":[],"images":[],"risks":[],"totals":{"added":0,"removed":0,"changed":0,"renamed":0,"noise":0,"unchanged":0,"kinds":[]}}`
	if diff := cmp.Diff(want, string(data)); diff != "" {
		t.Error(diff)
	}
}
