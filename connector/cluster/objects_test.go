package cluster

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"

	"github.com/ferry-cd/ferry/connector"
)

// object reads one object from YAML.
func object(t testing.TB, text string) *unstructured.Unstructured {
	t.Helper()
	data, err := yaml.YAMLToJSON([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	o := &unstructured.Unstructured{}
	if err := o.UnmarshalJSON(data); err != nil {
		t.Fatal(err)
	}
	return o
}

// unit reads an object of any kind that is one.
func unit(t testing.TB, o *unstructured.Unstructured) connector.Unit {
	t.Helper()
	read, ok := map[string]func(*unstructured.Unstructured) connector.Unit{"Kustomization": Kustomization, "HelmRelease": HelmRelease, "Application": Application}[o.GetKind()]
	if !ok {
		t.Fatalf("%s is no unit", o.GetKind())
	}
	return read(o)
}

// Whole objects as the controllers write them, and as an enemy would: the units are read in review.
func TestObjects(t *testing.T) {
	files, err := filepath.Glob("testdata/objects/*.yaml")
	if err != nil || len(files) < 10 {
		t.Fatal(err, files)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".yaml"), func(t *testing.T) {
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			golden(t, strings.TrimSuffix(file, ".yaml")+".golden", show(unit(t, object(t, string(data)))))
		})
	}
}

func golden(t *testing.T, file, got string) {
	t.Helper()
	if os.Getenv("UPDATE") != "" {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), got); d != "" {
		t.Errorf("%s: UPDATE=1 rewrites it\n%s", file, d)
	}
}

// show writes what is set in a unit, a line for each field.
func show(u connector.Unit) string {
	var out bytes.Buffer
	lines(&out, "", reflect.ValueOf(u))
	return out.String()
}

func lines(out *bytes.Buffer, path string, v reflect.Value) {
	switch x := v.Interface().(type) {
	case time.Time:
		if !x.IsZero() {
			fmt.Fprintf(out, "%s: %s\n", path, x.Format(time.RFC3339))
		}
		return
	case connector.Revision:
		if !x.IsZero() {
			fmt.Fprintf(out, "%s: %s %s\n", path, x.Kind, x)
		}
		return
	}
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			lines(out, strings.TrimPrefix(path+"."+v.Type().Field(i).Name, "."), v.Field(i))
		}
	case reflect.Slice:
		for i := range v.Len() {
			lines(out, fmt.Sprintf("%s[%d]", path, i), v.Index(i))
		}
	default:
		if !v.IsZero() {
			fmt.Fprintf(out, "%s: %v\n", path, v.Interface())
		}
	}
}

// kustomization has one Ready condition.
func kustomization(t *testing.T, status, reason string) *unstructured.Unstructured {
	return object(t, fmt.Sprintf(`{apiVersion: kustomize.toolkit.fluxcd.io/v1, kind: Kustomization, metadata: {name: a, namespace: b},
status: {conditions: [{type: Ready, status: %q, reason: %q}]}}`, status, reason))
}

// Whatever a controller says as its reason comes through as it is, and only the word True makes a condition true.
func TestConditionsComeThrough(t *testing.T) {
	for _, c := range []struct{ status, want string }{
		{"True", connector.True}, {"False", connector.False}, {"Unknown", connector.Unclear},
		{"true", connector.Unclear}, {"", connector.Unclear}, {"Yes", connector.Unclear},
	} {
		got := unit(t, kustomization(t, c.status, "SomethingNew")).Ready
		if got.State != c.want || got.Reason != "SomethingNew" || got.Is() != (c.want == connector.True) {
			t.Errorf("status %q is read as %+v, want %s", c.status, got, c.want)
		}
	}
}

func TestArgoStates(t *testing.T) {
	app := func(status string) connector.Unit {
		return unit(t, object(t, `{apiVersion: argoproj.io/v1alpha1, kind: Application, metadata: {name: a, namespace: b}, spec: {source: {repoURL: "https://x/y", path: z}}, status: `+status+`}`))
	}
	for _, c := range []struct{ health, want string }{
		{"Healthy", connector.True}, {"Degraded", connector.False}, {"Missing", connector.False},
		{"Progressing", connector.Unclear}, {"Suspended", connector.Unclear}, {"Unknown", connector.Unclear},
		{"healthy", connector.Unclear}, {"Splendid", connector.Unclear}, {"", ""},
	} {
		if got := app(`{health: {status: "` + c.health + `"}}`).Healthy; got.State != c.want || got.Reason != c.health {
			t.Errorf("health %q is read as %+v", c.health, got)
		}
	}
	for _, c := range []struct{ phase, sync, ready, reconciling string }{
		{"Succeeded", "Synced", connector.True, ""},
		{"", "Synced", connector.True, ""},
		{"Succeeded", "OutOfSync", connector.Unclear, ""},
		{"Succeeded", "Unknown", connector.Unclear, ""},
		{"Succeeded", "Sunk", connector.Unclear, ""},
		{"Running", "Synced", connector.Unclear, connector.True},
		{"Terminating", "Synced", connector.Unclear, connector.True},
		{"Failed", "Synced", connector.False, ""},
		{"Error", "Synced", connector.False, ""},
		{"Wondering", "Synced", connector.Unclear, ""},
	} {
		u := app(`{sync: {status: "` + c.sync + `"}, operationState: {phase: "` + c.phase + `"}}`)
		if u.Ready.State != c.ready || u.Reconciling.State != c.reconciling {
			t.Errorf("operation %q and sync %q are read as ready %+v, reconciling %+v", c.phase, c.sync, u.Ready, u.Reconciling)
		}
	}
	for _, kind := range []string{"InvalidSpecError", "ComparisonError", "SyncError", "DeletionError", "UnknownError", "BrandNewError"} {
		u := app(`{sync: {status: Synced}, operationState: {phase: Succeeded}, conditions: [{type: ` + kind + `, message: no}]}`)
		if u.Ready.State != connector.False || u.Ready.Reason != kind || u.Stalled.Is() != (kind == "InvalidSpecError") {
			t.Errorf("%s: ready %+v, stalled %+v", kind, u.Ready, u.Stalled)
		}
	}
	if u := app(`{sync: {status: Synced}, operationState: {phase: Succeeded}, conditions: [{type: ExcludedResourceWarning}]}`); !u.Ready.Is() {
		t.Errorf("a warning made it %+v", u.Ready)
	}
}

func TestSources(t *testing.T) {
	const sha, digest = "383ec6df6936fec40dd4e81f355efd033c3943eb", "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
	for _, c := range []struct {
		name, object string
		want         Source
	}{
		{"branch", `{kind: GitRepository, spec: {url: "ssh://git@github.com/acme/gitops", ref: {branch: main}}, status: {artifact: {revision: "main@sha1:` + sha + `"}}}`,
			Source{Repository: "ssh://git@github.com/acme/gitops", Branch: "main", Holds: connector.Revision{Kind: "git", Branch: "main", Algorithm: "sha1", Value: sha}, Commit: sha}},
		{"Flux's default", `{kind: GitRepository, spec: {url: "https://a/b"}}`, Source{Repository: "https://a/b", Branch: "master"}},
		{"a ref", `{kind: GitRepository, spec: {url: "https://a/b", ref: {name: refs/heads/env/prod}}}`, Source{Repository: "https://a/b", Branch: "env/prod"}},
		{"a pull request", `{kind: GitRepository, spec: {url: "https://a/b", ref: {name: refs/pull/4/head}}}`, Source{Repository: "https://a/b", Branch: "refs/pull/4/head"}},
		{"a tag", `{kind: GitRepository, spec: {url: "https://a/b", ref: {tag: v1}}}`, Source{Repository: "https://a/b", Branch: "v1"}},
		{"a commit of a branch", `{kind: GitRepository, spec: {url: "https://a/b", ref: {branch: main, commit: ` + sha + `}}}`, Source{Repository: "https://a/b", Branch: "main"}},
		{"an artifact that says what it was made from", `{kind: OCIRepository, spec: {url: "oci://ghcr.io/acme/fleet", ref: {tag: latest}}, status: {artifact: {revision: "latest@sha256:` + digest + `",
metadata: {org.opencontainers.image.source: "https://github.com/acme/gitops", org.opencontainers.image.revision: "main@sha1:` + sha + `"}}}}`,
			Source{Address: "oci://ghcr.io/acme/fleet", Repository: "https://github.com/acme/gitops", Branch: "main", Holds: connector.Revision{Kind: "oci", Branch: "latest", Algorithm: "sha256", Value: digest}, Commit: sha}},
		{"an artifact that does not", `{kind: OCIRepository, spec: {url: "oci://ghcr.io/acme/fleet"}, status: {artifact: {revision: "latest@sha256:` + digest + `"}}}`,
			Source{Address: "oci://ghcr.io/acme/fleet", Holds: connector.Revision{Kind: "oci", Branch: "latest", Algorithm: "sha256", Value: digest}}},
		{"a bucket", `{kind: Bucket, spec: {endpoint: minio.example.com, bucketName: fleet}, status: {artifact: {revision: "sha256:` + digest + `"}}}`,
			Source{Address: "minio.example.com/fleet", Holds: connector.Revision{Kind: "bucket", Algorithm: "sha256", Value: digest}}},
		{"an external artifact", `{kind: ExternalArtifact, spec: {sourceRef: {kind: X, name: y}}, status: {artifact: {revision: "latest@sha256:` + digest + `"}}}`,
			Source{Holds: connector.Revision{Branch: "latest", Algorithm: "sha256", Value: digest}}},
	} {
		o := object(t, `{apiVersion: source.toolkit.fluxcd.io/v1, metadata: {name: fleet, namespace: flux-system}, `+c.object[1:])
		c.want.Ref = connector.Ref{Kind: o.GetKind(), Namespace: "flux-system", Name: "fleet"}
		if d := cmp.Diff(c.want, NewSource(o)); d != "" {
			t.Errorf("%s:\n%s", c.name, d)
		}
	}
}

// A commit is only claimed where somebody said it: of a revision that the source no longer holds, the artifact says nothing.
func TestResolve(t *testing.T) {
	const one, two = "383ec6df6936fec40dd4e81f355efd033c3943eb", "1baab450ec6a117787b5678dc6c849e33a5e6bbf"
	digest := func(c string) connector.Revision {
		return connector.Revision{Kind: connector.OCI, Branch: "latest", Algorithm: "sha256", Value: strings.Repeat(c, 64)}
	}
	ref := connector.Ref{Kind: "OCIRepository", Namespace: "x", Name: "fleet"}
	sources := map[connector.Ref]Source{ref: {Ref: ref, Address: "oci://a/b", Repository: "https://a/b", Branch: "main", Holds: digest("b"), Commit: two}}
	all := func(connector.Ref) bool { return true }
	u := connector.Unit{Engine: connector.Flux, Origins: []connector.Origin{{Source: ref, Applied: digest("a"), Commit: one, Attempted: digest("b")}}}
	got := resolve(u, sources, all).Origins[0]
	if got.Commit != one || got.Attempting != two || got.Repository != "https://a/b" || got.Branch != "main" || got.Available != digest("b") {
		t.Errorf("resolved to %+v", got)
	}
	u.Origins[0].Commit, u.Origins[0].Applied = "", digest("c")
	if got := resolve(u, sources, all).Origins[0]; got.Commit != "" {
		t.Errorf("a digest that nobody knows became commit %s", got.Commit)
	}
	missing := connector.Unit{Engine: connector.Flux, Origins: []connector.Origin{{Source: connector.Ref{Kind: "GitRepository", Namespace: "x", Name: "gone"}}}}
	if got := resolve(missing, sources, all).Origins[0].Fetched; got.State != connector.False || got.Message != "GitRepository x/gone does not exist" {
		t.Errorf("a missing source is told as %+v", got)
	}
	if got := resolve(missing, sources, func(connector.Ref) bool { return false }).Origins[0].Fetched; got.State != "" {
		t.Errorf("a source that was not read is told as %+v", got)
	}
}

// What lies in another cluster is not looked for in this one.
func TestRemote(t *testing.T) {
	for text, want := range map[string]bool{
		`{kind: Kustomization, spec: {kubeConfig: {secretRef: {name: x}}}}`:                            true,
		`{kind: HelmRelease, spec: {kubeConfig: {secretRef: {name: x}}}}`:                              true,
		`{kind: Kustomization, spec: {}}`:                                                              false,
		`{kind: Application, spec: {destination: {server: "https://kubernetes.default.svc"}}}`:         false,
		`{kind: Application, spec: {destination: {name: in-cluster}}}`:                                 false,
		`{kind: Application, spec: {destination: {server: "https://eu-1.example.com", namespace: x}}}`: true,
		`{kind: Application, spec: {destination: {name: eu-1}}}`:                                       true,
	} {
		u := unit(t, object(t, "{apiVersion: x/v1, "+text[1:]))
		if u.Remote != want {
			t.Errorf("%s is remote: %v", text, u.Remote)
		}
		u.Ready.State = connector.False
		if asked := len(inTrouble([]connector.Unit{u})) > 0; asked == want {
			t.Errorf("%s: its workloads are asked: %v", text, asked)
		}
	}
}

func TestResourcesAreCounted(t *testing.T) {
	var ids []any
	for i := range maxResources + 7 {
		ids = append(ids, map[string]any{"id": fmt.Sprintf("default_web-%d_apps_Deployment", i), "v": "v1"})
	}
	o := kustomization(t, "True", "ReconciliationSucceeded")
	if err := unstructured.SetNestedSlice(o.Object, ids, "status", "inventory", "entries"); err != nil {
		t.Fatal(err)
	}
	if u := unit(t, o); len(u.Resources) != maxResources || u.Omitted != 7 {
		t.Errorf("%d resources, %d omitted", len(u.Resources), u.Omitted)
	}
}

// Any object at all is read without a panic, the same way twice, and into a unit of bounded size without control characters.
func FuzzObjects(f *testing.F) {
	files, err := filepath.Glob("testdata/objects/*.yaml")
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		seed, err := yaml.YAMLToJSON(data)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var content map[string]any
		if json.Unmarshal(data, &content) != nil {
			return
		}
		o := &unstructured.Unstructured{Object: content}
		for _, read := range []func(*unstructured.Unstructured) connector.Unit{Kustomization, HelmRelease, Application} {
			u := read(o)
			if !reflect.DeepEqual(u, read(o)) {
				t.Error("read differently the second time")
			}
			if len(u.Resources) > maxResources || len(u.Origins) > maxOrigins || len(u.Ready.Message) > maxMessage*3 {
				t.Error("a unit without bounds")
			}
			if text := show(u); strings.ContainsFunc(strings.ReplaceAll(text, "\n", ""), unicode.IsControl) {
				t.Errorf("control characters in %q", text)
			}
			resolve(u, map[connector.Ref]Source{NewSource(o).Ref: NewSource(o)}, func(connector.Ref) bool { return true })
		}
	})
}
