package kustomize

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/openapi"
	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/ferry-cd/ferry/render"
)

// library is `kustomize build` by the library alone, as it is shipped. It crashes on some input, as the command does.
func library(files render.Files, dir string) (out []byte, err error) {
	err = fenced(false, func() (err error) {
		defer func() {
			if p := recover(); p != nil {
				err = fmt.Errorf("kustomize crashes: %v", p)
			}
		}()
		disk, err := diskOf(files)
		if err != nil {
			return err
		}
		o := krusty.MakeDefaultOptions()
		o.Reorder = krusty.ReorderOptionLegacy
		m, err := krusty.MakeKustomizer(o).Run(disk, path.Join(mount, dir))
		if err == nil {
			out, err = m.AsYaml()
		}
		return err
	})
	return out, err
}

// directly builds without the library and compares with it; false where it is left to the library.
func directly(t testing.TB, files render.Files, dir string) bool {
	t.Helper()
	w, err := walk(fromFiles(files), listed(files), dir, render.BuiltIn)
	if err != nil {
		return false
	}
	documents, ok := w.direct(context.Background())
	if !ok {
		return false
	}
	want, err := library(files, dir)
	if got := w.output(documents).Raw; err != nil || !bytes.Equal(got, want) {
		for _, name := range slices.Sorted(maps.Keys(files)) {
			t.Logf("## %s\n%s", name, files[name])
		}
		t.Fatalf("%v; other bytes than the library's (-library +ferry):\n%s", err, cmp.Diff(string(want), string(got)))
	}
	return true
}

// Kustomizations that nobody would think of are built as the library does, or by it.
func TestDirect(t *testing.T) {
	const trees = 250
	count := 0
	for seed := range uint64(trees) {
		d := newDice(seed)
		if dir := d.tree(); directly(t, d.files, dir) {
			count++
		}
	}
	if count < trees/12 {
		t.Errorf("only %d of %d were built directly: what was compared?", count, trees)
	}
}

// FuzzDirect is the same with as many as there is time for.
func FuzzDirect(f *testing.F) {
	for seed := range uint64(20) {
		f.Add(seed * 1000003)
	}
	f.Fuzz(func(t *testing.T, seed uint64) {
		d := newDice(seed)
		directly(t, d.files, d.tree())
	})
}

// TestPodLists holds the lists that are merged here against the library's schema.
func TestPodLists(t *testing.T) {
	lists := map[string]map[string]string{}
	maps.Copy(lists, otherLists)
	for kind, pod := range podSpecs {
		lists[kind] = map[string]string{}
		for at, by := range podLists {
			lists[kind][pod+at] = by
		}
	}
	check := func(kind, at, by string) error {
		version, name, _ := strings.Cut(kind, ":")
		schema := openapi.SchemaForResourceType(yaml.TypeMeta{APIVersion: version, Kind: name})
		for key := range strings.SplitSeq(strings.Trim(at, "/"), "/") {
			if schema != nil && schema.Schema.Type.Contains("array") {
				schema = schema.Elements()
			}
			if schema = schema.Field(key); schema == nil {
				return fmt.Errorf("%s has no %s", kind, at)
			}
		}
		strategy, keys := schema.PatchStrategyAndKeyList()
		if by == "" && strategy != "" || by != "" && (strategy != "merge" || !slices.Equal(keys, []string{by})) {
			return fmt.Errorf("%s of %s: %q by %q, and not by %q", at, kind, strategy, keys, by)
		}
		return nil
	}
	err := fenced(false, func() error {
		for kind, all := range lists {
			for at, by := range all {
				if err := check(kind, at, by); err != nil {
					t.Error(err)
				}
			}
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

// TestKeyedFields holds the fields whose lists are merged by keys against the library's schema.
func TestKeyedFields(t *testing.T) {
	err := fenced(false, func() error {
		openapi.SchemaForResourceType(yaml.TypeMeta{APIVersion: "v1", Kind: "Pod"}) // which reads all
		count := 0
		for name, definition := range openapi.Schema().Definitions {
			for field, schema := range definition.Properties {
				strategy, keys := (&openapi.ResourceSchema{Schema: &schema}).PatchStrategyAndKeyList()
				if !schema.Type.Contains("array") || strategy == "" {
					continue
				}
				count++
				parent := ""
				if strings.HasSuffix(name, "Container") {
					parent = "containers"
				}
				key, ok := keyIn(parent, field)
				want := append(slices.Clip(keys), "")
				if !ok || key != want[0] {
					t.Errorf("%s of %s goes by %q, not by %q", field, name, keys, key)
				}
			}
		}
		if count < 40 {
			t.Errorf("the schema has %d such lists: was it read?", count)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

// usual is an overlay as most are.
func usual() render.Files {
	return render.Files{
		"base/kustomization.yaml": []byte("resources: [app.yaml]\nconfigMapGenerator:\n- name: settings\n  literals: [LEVEL=info, MARKUP=<&>]\n"),
		"base/app.yaml": []byte("# the app\napiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: web # its name\nspec:\n  replicas: 1\n  template:\n    spec:\n      containers:\n" +
			"        - name: main\n          image: example.com/web\n          env:\n            - {name: A, value: a}\n          envFrom:\n            - configMapRef: {name: settings}\n" +
			"---\napiVersion: v1\nkind: Service\nmetadata:\n  name: web\nspec:\n  ports:\n    - {port: 80}\n"),
		"top/kustomization.yaml": []byte("namespace: shop\nresources: [../base]\nlabels: [{pairs: {tier: web, \"on\": \"1\"}, includeTemplates: true}]\ncommonAnnotations: {owner: us}\n" +
			"images: [{name: example.com/web, newName: example.org/web, newTag: \"7\"}]\nreplicas: [{name: web, count: 3}]\n" +
			"configMapGenerator: [{name: settings, behavior: merge, envs: [more.env]}, {name: page, files: [page.txt, again=page.txt]}]\n" +
			"patches:\n- path: patch.yaml\n- target: {kind: Service, name: web}\n  patch: |-\n    - {op: replace, path: /spec/ports/0/port, value: 8081}\n" +
			"- target: {kind: Deployment}\n  patch: '[{\"op\": \"add\", \"path\": \"/spec/paused\", \"value\": true}, {\"op\":\"add\",\"path\":\"/spec/template/spec/containers/0/args\",\"value\":[\"-v\", \"1\"]}]'\n"),
		"top/more.env":   []byte("# more\nREGION=eu\nLEVEL=debug\n"),
		"top/page.txt":   []byte("hello\n  world\n"),
		"top/patch.yaml": []byte("apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec:\n  template:\n    spec:\n      containers:\n      - name: main\n        env: [{name: B, value: \"yes\"}]\n        resources: {limits: {memory: 1Gi}}\n      - name: side\n"),
	}
}

// What most people write needs no library, and comes out as from the command.
func TestUsualIsDirect(t *testing.T) {
	if !directly(t, usual(), "top") {
		t.Fatal("it was left to the library")
	}
	if out, err := same(t, usual(), "top"); err != nil || len(out.Documents) != 4 {
		t.Fatalf("%d documents, %v", len(out.Documents), err)
	}
}

// So does what many write.
func TestWhatIsDirect(t *testing.T) {
	for what, more := range map[string]string{
		"selectors":                 "commonLabels: {team: us}\n",
		"selectors in today's word": "components: [../part]\n",
		"what is taken away":        "components: [../less]\n",
		"no hash":                   "generatorOptions: {disableNameSuffixHash: true, labels: {made: here}}\nconfigMapGenerator: [{name: more, literals: [a=b], options: {annotations: {b: c}}}]\n",
	} {
		files := usual()
		files["part/kustomization.yaml"] = []byte("apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\nlabels: [{pairs: {part: one}, includeSelectors: true}]\n" +
			"resources: [app.yaml]\nconfigMapGenerator: [{name: settings, behavior: merge, literals: [LEVEL=part]}]\npatches: [{target: {kind: Deployment}, path: patch.yaml}]\n")
		files["part/app.yaml"] = []byte("apiVersion: v1\nkind: ServiceAccount\nmetadata:\n  name: web\n")
		files["part/patch.yaml"] = []byte("apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: any}\nspec:\n  template:\n    spec:\n      serviceAccountName: web\n" +
			"      affinity: {podAntiAffinity: {requiredDuringSchedulingIgnoredDuringExecution: [{topologyKey: zone, labelSelector: {matchLabels: {app: web}}}]}}\n")
		files["less/kustomization.yaml"] = []byte("apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\npatches:\n- patch: |\n    $patch: delete\n    apiVersion: v1\n    kind: Service\n    metadata:\n      name: web\n")
		text := string(files["top/kustomization.yaml"])
		if strings.Contains(what, "taken") || strings.Contains(what, "hash") { // what is there otherwise changes the service, and generates
			text = "resources: [../base]\n"
		}
		files["top/kustomization.yaml"] = []byte(text + more)
		if !directly(t, files, "top") {
			t.Errorf("%s: it was left to the library", what)
		}
	}
}

// TestLabelsAsTheLibrary holds all fields that labels go to against the library: in kinds of Kubernetes and of others, with all
// on the way and with nothing.
func TestLabelsAsTheLibrary(t *testing.T) {
	const (
		term = "{labelSelector: {matchLabels: {a: b}}}"
		near = "{requiredDuringSchedulingIgnoredDuringExecution: [" + term + ", {topologyKey: x}], preferredDuringSchedulingIgnoredDuringExecution: [{podAffinityTerm: " + term + "}, {weight: 1}]}"
		pod  = "{metadata: {name: x}, spec: {affinity: {podAffinity: " + near + ", podAntiAffinity: " + near + "}, topologySpreadConstraints: [" + term + ", {maxSkew: 1}]}}"
		all  = "{selector: {matchLabels: {a: b}, matchExpressions: []}, podSelector: {matchLabels: {a: b}}, ingress: [{from: [{podSelector: {matchLabels: {a: b}}}]}], " +
			"egress: [{to: [{podSelector: {matchLabels: {a: b}}}]}], template: " + pod + ", volumeClaimTemplates: [{metadata: {name: x}}, {spec: {}}], " +
			"jobTemplate: {spec: {selector: {matchLabels: {a: b}}, template: " + pod + "}}}"
	)
	kinds := []string{"Service", "ReplicationController", "Deployment", "ReplicaSet", "DaemonSet", "StatefulSet", "Job", "CronJob", "PodDisruptionBudget", "NetworkPolicy", "Pod", "Rollout"}
	for _, version := range []string{"v1", "v1beta1", "apps/v1", "apps/v1beta2", "batch/v1", "policy/v1", "networking.k8s.io/v1", "example.com/v1"} {
		var text string
		for i, kind := range kinds {
			for spec := range strings.SplitSeq(all+"\n{}\n{selector: {}, template: {}, podSelector: {}}", "\n") {
				text += fmt.Sprintf("---\napiVersion: %s\nkind: %s\nmetadata:\n  name: n-%d-%d\nspec: %s\n", version, kind, i, len(spec), spec)
			}
		}
		for what, labels := range map[string]string{"all": "labels: [{pairs: {l: m}, includeSelectors: true}]\n", "templates": "labels: [{pairs: {l: m}, includeTemplates: true}]\n", "old": "commonLabels: {l: m}\n"} {
			files := render.Files{"kustomization.yaml": []byte("resources: [all.yaml]\n" + labels), "all.yaml": []byte(text)}
			if !directly(t, files, ".") {
				t.Errorf("%s, %s: it was left to the library", version, what)
			}
		}
	}
}

// Files of others are refused by the library, whatever they are used for.
func TestFilesOfOthers(t *testing.T) {
	files := usual()
	files["top/kustomization.yaml"] = []byte("resources: [../base/app.yaml]\n")
	if directly(t, files, "top") {
		t.Error("it was built here")
	}
	if _, err := same(t, files, "top"); err == nil {
		t.Error("it was built")
	}
}

// What is not known to be done exactly is the library's, and so are mistakes.
func TestLeftToTheLibrary(t *testing.T) {
	for what, more := range map[string]string{
		"another field":       "namePrefix: a-\n",
		"labels in claims":    "labels: [{pairs: {a: b}, includeVolumeClaimTemplates: true}]\n",
		"immutable":           "generatorOptions: {immutable: true}\nconfigMapGenerator: [{name: more, literals: [a=b]}]\n",
		"options of a merge":  "generatorOptions: {labels: {a: b}}\nconfigMapGenerator: [{name: settings, behavior: merge, literals: [a=b]}]\n",
		"a patch of nothing":  "patches: [{patch: '{apiVersion: v1, kind: Service, metadata: {name: none}}'}]\n",
		"a patch that fails":  "patches: [{target: {kind: Service}, patch: '[{\"op\": \"remove\", \"path\": \"/spec/none\"}]'}]\n",
		"a test":              "patches: [{target: {kind: Service}, patch: '[{\"op\": \"test\", \"path\": \"/spec/ports/0/port\", \"value\": 80}]'}]\n",
		"JSON that is YAML":   "patches: [{target: {kind: Service}, patch: '[{op: add, path: /spec/x, value: y}]'}]\n",
		"a directive":         "patches: [{target: {kind: Service}, patch: \"{apiVersion: v1, kind: Service, metadata: {name: x}, spec: {$patch: delete}}\"}]\n",
		"all taken away":      "patches: [{target: {kind: .*}, patch: \"{$patch: delete, apiVersion: v1, kind: Service, metadata: {name: x}}\"}]\n",
		"a list of two keys":  "patches: [{target: {kind: Service}, patch: \"{apiVersion: v1, kind: Service, metadata: {name: x}, spec: {ports: [{port: 81}]}}\"}]\n",
		"a pattern":           "patches: [{target: {kind: Serv.*}, patch: '[{\"op\": \"add\", \"path\": \"/spec/x\", \"value\": \"y\"}]'}]\n",
		"a generated twin":    "configMapGenerator: [{name: settings, literals: [a=b]}]\n",
		"variables from here": "configMapGenerator: [{name: env, envs: [names.env]}]\n",
		"nobody to scale":     "replicas: [{name: none, count: 1}]\n",
		"a label once more":   "labels: [{pairs: {a: b}}, {pairs: {a: c}}]\n",
		"tag and digest":      "images: [{name: example.com/web, newTag: a, digest: sha256:00}]\n",
		"a file of others":    "patches: [{path: ../base/app.yaml}]\n",
		"values of others":    "configMapGenerator: [{name: more, files: [../base/app.yaml]}]\n",
		"looks like it":       "images: [{name: example.co./web, newTag: a}]\n",
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			files := usual()
			files["top/names.env"] = []byte("HOME\n")
			files["top/kustomization.yaml"] = []byte("resources: [../base]\n" + more)
			if directly(t, files, "top") {
				t.Error("it was built here")
			}
			same(t, files, "top")
		})
	}
}
