package render

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const digest = "sha256:7d865e959b2466918c9863afca942d0fb89d7c9ac0c99bafc3749504ded97730"

const workloads = `apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  template:
    spec:
      initContainers: [{name: wait, image: busybox}, {name: init, image: "ghcr.io/acme/web:1"}]
      containers:
      - {name: web, image: ghcr.io/acme/web, env: [{name: IMAGE, value: ghcr.io/acme/web}]}
      - {name: proxy, image: "ghcr.io/acme/web-proxy:1"}
      ephemeralContainers: [{name: debug, image: "ghcr.io/acme/web@sha256:0000"}]
      volumes: [{name: model, image: {reference: "ghcr.io/acme/model:1"}}]
---
apiVersion: batch/v1
kind: CronJob
metadata: {name: night}
spec: {jobTemplate: {spec: {template: {spec: {containers: [{name: job, image: "ghcr.io/acme/web:0.9"}]}}}}}
---
apiVersion: v1
kind: Pod
metadata: {name: single}
spec: {containers: [{name: web, image: "docker.io/library/redis:8"}, {name: other, image: "localhost:5000/redis:8"}]}
---
apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata: {name: flow}
spec: {templates: [{name: a, container: {image: "ghcr.io/acme/web:1"}}, {name: b, script: {image: other}}], image: "ghcr.io/acme/web:1"}
---
apiVersion: example.com/v1
kind: Deployment
metadata: {name: web}
spec: {template: {spec: {containers: [{name: not-a-pod, image: "ghcr.io/acme/web:1"}]}}}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: settings}
data: {image: "ghcr.io/acme/web:1"}
`

func TestPin(t *testing.T) {
	ms := mustCanonical(t, workloads)
	before := archive(ms)
	images := []Image{
		{Name: "ghcr.io/acme/web", Tag: "1234e56", Digest: digest, Fields: []string{"Workflow.spec.templates[].container.image", "Pod.spec.containers[].image"}},
		{Name: "ghcr.io/acme/cache", Match: "redis", Tag: "9", Rewrite: map[string]string{"ghcr.io": "never.example.com", "ghcr.io/acme": "prod.example.com:5000/mirror/"}},
		{Name: "ghcr.io/acme/model", Digest: digest},
		{Name: "ghcr.io/acme/absent", Digest: digest},
		{Name: "ghcr.io/acme/tolerated", Digest: digest, Optional: true},
	}
	got, err := Pin(ms, images)
	if err != nil {
		t.Fatal(err)
	}
	const web, cache = "ghcr.io/acme/web:1234e56@" + digest, "prod.example.com:5000/mirror/cache:9"
	want := []Pinned{
		{"ghcr.io/acme/web", "cronjob-night.yaml", "spec.jobTemplate.spec.template.spec.containers[job].image", "ghcr.io/acme/web:0.9", web},
		{"ghcr.io/acme/web", "deployment-web.yaml", "spec.template.spec.containers[web].image", "ghcr.io/acme/web", web},
		{"ghcr.io/acme/web", "deployment-web.yaml", "spec.template.spec.ephemeralContainers[debug].image", "ghcr.io/acme/web@sha256:0000", web},
		{"ghcr.io/acme/web", "deployment-web.yaml", "spec.template.spec.initContainers[init].image", "ghcr.io/acme/web:1", web},
		{"ghcr.io/acme/model", "deployment-web.yaml", "spec.template.spec.volumes[model].image.reference", "ghcr.io/acme/model:1", "ghcr.io/acme/model@" + digest},
		{"ghcr.io/acme/cache", "pod-single.yaml", "spec.containers[web].image", "docker.io/library/redis:8", cache},
		{"ghcr.io/acme/web", "workflow-flow_argoproj.io.yaml", "spec.templates[a].container.image", "ghcr.io/acme/web:1", web},
	}
	if diff := cmp.Diff(want, got.Pinned); diff != "" {
		t.Errorf("pinned (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"image ghcr.io/acme/absent is not in the render; say optional: true if that is meant"}, got.Notices); diff != "" {
		t.Errorf("notices (-want +got):\n%s", diff)
	}
	golden(t, "testdata/pinned.golden", archive(got.Manifests))
	if !bytes.Equal(archive(ms), before) || strings.Contains(join(ms), digest) {
		t.Error("the manifests handed in have changed")
	}
	for _, m := range append(got.Manifests, ms...) {
		if again := write(nil, m.Node()); !bytes.Equal(again, m.Data) {
			t.Errorf("%s: Node does not say what Data says:\n%s", m.Path, again)
		}
	}
}

// TestPinAgain: manifests that say it already are left alone.
func TestPinAgain(t *testing.T) {
	images := []Image{{Name: "ghcr.io/acme/web", Tag: "2", Digest: digest, Rewrite: map[string]string{"ghcr.io": "prod.example.com"}}}
	once, err := Pin(mustCanonical(t, workloads), images)
	if err != nil {
		t.Fatal(err)
	}
	twice, err := Pin(once.Manifests, images)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(once.Manifests, twice.Manifests); diff != "" {
		t.Error(diff)
	}
	for _, p := range twice.Pinned {
		if p.From != p.To {
			t.Errorf("%s: %s again from %s to %s", p.Path, p.Field, p.From, p.To)
		}
	}
	if len(twice.Pinned) != len(once.Pinned) {
		t.Errorf("found %d images, then %d", len(once.Pinned), len(twice.Pinned))
	}
}

func TestPinRefuses(t *testing.T) {
	const sealed = "\n---\napiVersion: v1\nkind: Pod\nmetadata: {name: sealed}\nspec: {containers: [{name: a, image: \"ghcr.io/acme/web:1\"}]}\nsops: {mac: x}\n"
	web := Image{Name: "ghcr.io/acme/web", Digest: digest}
	tests := []struct {
		name, stream string
		images       []Image
		want, hint   string
	}{
		{"no image of the release", workloads, []Image{{Name: "ghcr.io/acme/we", Tag: "1"}, {Name: "x", Tag: "1", Optional: true}},
			"the render uses no image of the release (ghcr.io/acme/we); it uses docker.io/library/busybox, docker.io/library/redis, ghcr.io/acme/model, ghcr.io/acme/web, ghcr.io/acme/web-proxy, localhost:5000/redis",
			"say with match: how the templates call the image, with fields: where a custom resource names it, or optional: true"},
		{"no images at all", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}", []Image{web}, "the render uses no image of the release (ghcr.io/acme/web); it names no image at all", ""},
		{"two claim one", workloads, []Image{web, {Name: "web", Match: "ghcr.io/acme/web", Digest: digest}}, "cronjob-night.yaml: spec.jobTemplate.spec.template.spec.containers[job].image is ghcr.io/acme/web:0.9, which both images ghcr.io/acme/web and web of the release match", ""},
		{"nothing to pin to", workloads, []Image{{Name: "a"}}, "image a: neither tag nor digest", ""},
		{"sealed", workloads + sealed, []Image{web}, "pod-sealed.yaml: spec.containers[a].image is ghcr.io/acme/web:1, and a document encrypted with SOPS cannot be edited", ""},
		{"bad field", workloads, []Image{{Name: "a", Tag: "1", Fields: []string{"Workflow"}}}, `image a: field "Workflow": want a kind and a path, as in Workflow.spec.templates[].image`, ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := Pin(mustCanonical(t, test.stream), test.images)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Fatalf("got %v, want %s", err, test.want)
			}
			var h interface{ Hint() string }
			if test.hint != "" && (!errors.As(err, &h) || h.Hint() != test.hint) {
				t.Errorf("hint %v", h)
			}
		})
	}
}

// TestPinOptional: a release whose images are all optional may be in no manifest.
func TestPinOptional(t *testing.T) {
	got, err := Pin(mustCanonical(t, workloads), []Image{{Name: "a", Tag: "1", Optional: true}})
	if err != nil || len(got.Pinned) > 0 || len(got.Notices) > 0 {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestRepository(t *testing.T) {
	tests := map[string]string{
		"nginx":                     "docker.io/library/nginx",
		"nginx:1.29":                "docker.io/library/nginx",
		"docker.io/nginx@" + digest: "docker.io/library/nginx",
		"index.docker.io/library/nginx:1@" + digest: "docker.io/library/nginx",
		"acme/web:1":                     "docker.io/acme/web",
		"ghcr.io/acme/web":               "ghcr.io/acme/web",
		"GHCR.io/acme/web:v1":            "ghcr.io/acme/web",
		"registry:5000/web":              "registry:5000/web",
		"registry:5000/web:1":            "registry:5000/web",
		"localhost/web:1":                "localhost/web",
		"localhost:5000/a/b/c@" + digest: "localhost:5000/a/b/c",
		"":                               "",
		":tag":                           "",
		"@" + digest:                     "",
	}
	for in, want := range tests {
		if got := repository(in); got != want {
			t.Errorf("%s: got %s, want %s", in, got, want)
		}
	}
}

func TestRewritten(t *testing.T) {
	rewrite := map[string]string{"docker.io": "mirror.example.com/hub/", "ghcr.io/acme": "prod.example.com", "ghcr.io/acme/web": "prod.example.com/site"}
	tests := map[string]string{
		"nginx":               "mirror.example.com/hub/library/nginx",
		"ghcr.io/acme/api":    "prod.example.com/api",
		"ghcr.io/acme/web":    "prod.example.com/site",
		"ghcr.io/acmeister/x": "ghcr.io/acmeister/x",
		"quay.io/x":           "quay.io/x",
	}
	for in, want := range tests {
		if got := rewritten(in, rewrite); got != want {
			t.Errorf("%s: got %s, want %s", in, got, want)
		}
	}
}

func TestFieldPaths(t *testing.T) {
	root := mustCanonical(t, `{apiVersion: x/v1, kind: K, metadata: {name: k, annotations: {"example.com/image": one}}, spec: {list: [{image: two}, {name: x, image: three}, text], deep: [[four], [five]]}}`)[0].Node()
	tests := []struct {
		path string
		want map[string]string
	}{
		{`K.metadata.annotations["example.com/image"]`, map[string]string{`metadata.annotations["example.com/image"]`: "one"}},
		{"K.spec.list[].image", map[string]string{"spec.list[0].image": "two", "spec.list[x].image": "three"}},
		{"K.spec.list[*].image", map[string]string{"spec.list[0].image": "two", "spec.list[x].image": "three"}},
		{"K.spec.deep[][]", map[string]string{"spec.deep[0][0]": "four", "spec.deep[1][0]": "five"}},
		{"K.spec.list.image", map[string]string{}},
		{"K.spec[].image", map[string]string{}},
		{"K.nothing", map[string]string{}},
	}
	for _, test := range tests {
		path, err := parseFieldPath(test.path)
		if err != nil {
			t.Fatal(err)
		}
		got := map[string]string{}
		for _, s := range path.sites(root) {
			got[s.field] = s.node.Value
		}
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", test.path, diff)
		}
	}
	for _, bad := range []string{"", "K", "K.", ".a", "K..a", "K.a.", "K.a[", "K.a[0]", "K.a[x]", "K.a[]b", "K.a['b']", "K.a[].", `K.a["b]`} {
		if _, err := parseFieldPath(bad); err == nil {
			t.Errorf("%q is taken for a path", bad)
		}
	}
}
