package kustomize

import (
	"reflect"
	"slices"
	"strings"

	"sigs.k8s.io/kustomize/api/builtins" //nolint:staticcheck // these are the transformers that a build runs; nothing else offers them
	"sigs.k8s.io/kustomize/api/resmap"
	"sigs.k8s.io/kustomize/api/types"
	"sigs.k8s.io/kustomize/kyaml/resid"
)

// Labels and images are what nearly every overlay sets. For each of them the library writes the list of fields that they go
// to as YAML and reads it back, in every build, and once more for the older word for labels where nobody wrote it: a seventh
// of a small build. Where nothing comes after them that could see a label or an image, the same transformers of the library
// are applied to what has been built without them.
type last struct {
	text   []byte // the kustomization without them
	labels []types.Label
	images []types.Image
}

// Fields that labels go to in templates, and images everywhere, as documented; a test holds them against the command line.
var (
	metadataLabels = types.FieldSpec{Path: "metadata/labels", CreateIfNotPresent: true}
	templateLabels = []types.FieldSpec{
		labelsIn("spec/template/metadata/labels", resid.Gvk{Version: "v1", Kind: "ReplicationController"}),
		labelsIn("spec/template/metadata/labels", resid.Gvk{Kind: "Deployment"}),
		labelsIn("spec/template/metadata/labels", resid.Gvk{Kind: "ReplicaSet"}),
		labelsIn("spec/template/metadata/labels", resid.Gvk{Kind: "DaemonSet"}),
		labelsIn("spec/template/metadata/labels", resid.Gvk{Group: "apps", Kind: "StatefulSet"}),
		labelsIn("spec/template/metadata/labels", resid.Gvk{Group: "batch", Kind: "Job"}),
		labelsIn("spec/jobTemplate/metadata/labels", resid.Gvk{Group: "batch", Kind: "CronJob"}),
		labelsIn("spec/jobTemplate/spec/template/metadata/labels", resid.Gvk{Group: "batch", Kind: "CronJob"}),
	}
	imageFields = fieldsAt("spec/containers[]/image", "spec/initContainers[]/image", "spec/volumes[]/image/reference",
		"spec/template/spec/containers[]/image", "spec/template/spec/initContainers[]/image", "spec/template/spec/volumes[]/image/reference",
		"spec/jobTemplate/spec/template/spec/volumes[]/image/reference")
)

func labelsIn(path string, kind resid.Gvk) types.FieldSpec {
	return types.FieldSpec{Gvk: kind, Path: path, CreateIfNotPresent: true}
}

func fieldsAt(paths ...string) (all []types.FieldSpec) {
	for _, path := range paths {
		all = append(all, types.FieldSpec{Path: path, CreateIfNotPresent: true})
	}
	return all
}

// lastOf gives what may come last of the root kustomization; nil where nothing may.
func (w *walker) lastOf() *last {
	root := w.followed[0]
	if w.schema || w.modern[root.file] != nil || len(root.Labels)+len(root.Images) == 0 || !root.endsPlainly() {
		return nil
	}
	for _, k := range w.followed {
		if len(k.Configurations)+len(k.Crds)+len(k.Vars) > 0 {
			return nil
		}
	}
	l := &last{text: withoutKeys(string(root.text), "labels", "images"), labels: root.Labels, images: root.Images}
	want := root.Kustomization
	want.Labels, want.Images = nil, nil
	var got types.Kustomization
	if got.Unmarshal(l.text) != nil {
		return nil
	}
	if got.FixKustomization(); !reflect.DeepEqual(got, want) {
		return nil
	}
	return l
}

// endsPlainly tells whether the kustomization has nothing that comes after labels and images and could see them, and whether
// its labels go where they usually do.
func (k *kustomization) endsPlainly() bool {
	rest := k.Kustomization
	rest.CommonAnnotations, rest.Replicas, rest.Patches = nil, nil, nil
	rest.ConfigMapGenerator, rest.SecretGenerator, rest.GeneratorOptions = nil, nil, nil
	others := &kustomization{Kustomization: rest}
	return k.Kind == types.KustomizationKind && len(k.CommonLabels) == 0 && others.looksAround() == "" &&
		!slices.ContainsFunc(k.Labels, func(l types.Label) bool {
			return l.IncludeSelectors || l.IncludeVolumeClaimTemplates || len(l.FieldSpecs) > 0
		})
}

// withoutKeys leaves out keys at the left margin with what belongs to them. It looks at lines only: whoever calls it sees
// whether what is left is what was wanted.
func withoutKeys(text string, keys ...string) []byte {
	var out []byte
	skipping := false
	for line := range strings.Lines(text) {
		if !strings.ContainsAny(line[:1], " \t-#\r\n") {
			key, _, _ := strings.Cut(line, ":")
			skipping = slices.Contains(keys, key)
		}
		if !skipping {
			out = append(out, line...)
		}
	}
	return out
}

// apply does what the library does at the end of the root's transformers.
func (l *last) apply(m resmap.ResMap) error {
	for _, label := range l.labels {
		fields := []types.FieldSpec{metadataLabels}
		if label.IncludeTemplates {
			fields = append(fields, templateLabels...)
		}
		t := builtins.LabelTransformerPlugin{Labels: label.Pairs, FieldSpecs: fields}
		if err := t.Transform(m); err != nil {
			return err
		}
	}
	for _, image := range l.images {
		t := builtins.ImageTagTransformerPlugin{ImageTag: image, FieldSpecs: imageFields}
		if err := t.Transform(m); err != nil {
			return err
		}
	}
	return nil
}
