package kustomize

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
	"sigs.k8s.io/kustomize/api/resource"
	"sigs.k8s.io/kustomize/api/types"
	"sigs.k8s.io/kustomize/kyaml/resid"

	"github.com/ferry-cd/ferry/render"
)

// The library looks at every resource once for every other one: 4,000 take it 20 s. Where nothing in the kustomizations
// looks from one resource to another, the same kustomizations build part of the resources as they build all of them; so
// they are built in parts, which are put together in the library's order. What may refer to another resource stays in
// one part with what it may refer to.
const (
	splitFrom = 300 // resources
	partSize  = 80
)

// parts gives the files of a build in parts; one part where it cannot be split, with the reason.
func (w *walker) parts() (all []render.Files, count int, why string) {
	whole := []render.Files{w.files}
	if w.documents+len(w.files) < splitFrom {
		return whole, 0, ""
	}
	renames := false
	for _, k := range w.followed {
		if field := k.looksAround(); field != "" {
			return whole, 0, fmt.Sprintf("%s uses %s, which looks from one resource to another", k.file, field)
		}
		renames = renames || k.NamePrefix != "" || k.NameSuffix != ""
	}
	objects, err := w.objects()
	if err != nil {
		return whole, 0, err.Error()
	}
	if len(objects) < splitFrom {
		return whole, 0, ""
	}
	tied, free := separate(objects, renames)
	if len(tied) > many {
		return whole, 0, fmt.Sprintf("%d of its resources may refer to one another", len(tied))
	}
	if len(tied) > 0 {
		all = append(all, w.only(tied))
	}
	for part := range slices.Chunk(free, partSize) {
		all = append(all, w.only(part))
	}
	return all, len(objects), ""
}

// looksAround names a field that is not about each resource by itself; "" where there is none.
func (k *kustomization) looksAround() string {
	rest := k.Kustomization
	rest.TypeMeta, rest.MetaData, rest.Resources = types.TypeMeta{}, nil, nil
	rest.Namespace, rest.NamePrefix, rest.NameSuffix = "", "", ""
	rest.Labels, rest.CommonLabels, rest.CommonAnnotations, rest.Images = nil, nil, nil, nil //nolint:staticcheck // people write it
	fields := reflect.ValueOf(rest)
	for i := range fields.NumField() {
		if v := fields.Field(i); !v.IsZero() && (v.Kind() != reflect.Slice && v.Kind() != reflect.Map || v.Len() > 0) {
			name, _, _ := strings.Cut(fields.Type().Field(i).Tag.Get("json"), ",")
			return cmp.Or(name, fields.Type().Field(i).Name)
		}
	}
	return ""
}

// object is one resource of a file.
type object struct {
	file       string
	kind, name string
	text       []byte
}

// objects lists the resources of all files that are no kustomizations.
func (w *walker) objects() ([]object, error) {
	var all []object
	seen := map[[2]string]bool{}
	for _, file := range slices.Sorted(maps.Keys(w.files)) {
		if slices.ContainsFunc(w.followed, func(k *kustomization) bool { return k.file == file }) {
			continue
		}
		for _, d := range render.Split(render.Document{Source: file, Data: w.files[file]}) {
			var head struct {
				Kind     string
				Metadata struct{ Name string }
			}
			if err := yaml.Unmarshal(d.Data, &head); err != nil || head.Kind == "" || head.Metadata.Name == "" || strings.HasSuffix(head.Kind, "List") {
				return nil, fmt.Errorf("%s holds something that is not one resource", file)
			}
			id := [2]string{head.Kind, head.Metadata.Name}
			if seen[id] {
				return nil, fmt.Errorf("there are two of %s %s", head.Kind, head.Metadata.Name)
			}
			seen[id] = true
			all = append(all, object{file, head.Kind, head.Metadata.Name, d.Data})
		}
	}
	return all, nil
}

// leaves are kinds that refer to nothing by name.
var leaves = map[string]bool{"ConfigMap": true, "Secret": true}

// renamers are kinds in which the library also writes the namespace of what they refer to, so that a change of namespace
// is enough for it to look around.
var renamers = map[string]bool{"RoleBinding": true, "ClusterRoleBinding": true, "MutatingWebhookConfiguration": true, "ValidatingWebhookConfiguration": true,
	"APIService": true, "CustomResourceDefinition": true, "PersistentVolume": true, "Namespace": true, "ValidatingAdmissionPolicyBinding": true}

// separate tells resources that refer to others, or that others may refer to, from those on their own.
func separate(objects []object, renames bool) (tied, free []object) {
	refers := func(o object) bool { return renamers[o.kind] || renames && !leaves[o.kind] }
	words := map[string]bool{}
	for _, o := range objects {
		if refers(o) {
			for _, word := range strings.FieldsFunc(string(o.text), func(r rune) bool { return !isNameRune(r) }) {
				words[word] = true
			}
		}
	}
	for _, o := range objects {
		if refers(o) || words[o.name] {
			tied = append(tied, o)
		} else {
			free = append(free, o)
		}
	}
	return tied, free
}

func isNameRune(r rune) bool {
	return r == '-' || r == '.' || r == ':' || r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z'
}

// only gives the files with just these resources in them.
func (w *walker) only(part []object) render.Files {
	files := render.Files{}
	for file := range w.files {
		files[file] = []byte{}
	}
	for _, k := range w.followed {
		files[k.file] = w.files[k.file]
	}
	for _, o := range part {
		files[o.file] = slices.Concat(files[o.file], []byte("---\n"), bytes.TrimRight(o.text, "\n"), []byte("\n"))
	}
	return files
}

// errNotSplit says that the parts did not add up to the whole, which is then built as ever.
var errNotSplit = errors.New("the parts do not add up")

// runParts builds every part and puts what comes out in the library's order.
func runParts(parts []render.Files, count int, build func(render.Files) ([]*resource.Resource, error)) ([]*resource.Resource, error) {
	var all []*resource.Resource
	for _, files := range parts {
		built, err := build(files)
		if err != nil {
			return nil, err
		}
		all = append(all, built...)
	}
	if len(all) != count {
		return nil, errNotSplit
	}
	return inOrder(all)
}

// inOrder is the order of `kustomize build`: some kinds first, some last, then by group, version, kind, namespace and name.
func inOrder(all []*resource.Resource) ([]*resource.Resource, error) {
	type placed struct {
		resid.ResId
		*resource.Resource
		key string
	}
	list := make([]placed, len(all))
	seen := map[resid.ResId]bool{}
	for i, res := range all {
		id := res.CurId()
		if seen[id] || isOddNamespace(id.Kind, res.GetApiVersion()) {
			return nil, errNotSplit
		}
		seen[id] = true
		list[i] = placed{id, res, sortKey(id.Group, id.Version, id.Kind, id.Namespace, id.Name)}
	}
	slices.SortFunc(list, func(a, b placed) int {
		return cmp.Or(cmp.Compare(kindRank(a.Kind), kindRank(b.Kind)), strings.Compare(a.key, b.key))
	})
	for i, p := range list {
		all[i] = p.Resource
	}
	return all, nil
}

// isOddNamespace tells namespaces of another API than Kubernetes', which the library puts in the reverse order beside some that
// are of it.
func isOddNamespace(kind, apiVersion string) bool { return kind == "Namespace" && apiVersion != "v1" }

// sortKey is what resources of one rank are sorted by.
func sortKey(group, version, kind, namespace, name string) string {
	return strings.Join([]string{cmp.Or(group, "~G"), cmp.Or(version, "~V"), cmp.Or(kind, "~K")}, "_") + "\x00" + cmp.Or(namespace, "~X") + "|" + cmp.Or(name, "~N")
}

// The kinds with a place of their own.
var (
	firstKinds = strings.Fields(`Namespace ResourceQuota StorageClass CustomResourceDefinition ServiceAccount PodSecurityPolicy Role ClusterRole
		RoleBinding ClusterRoleBinding ConfigMap Secret Endpoints Service LimitRange PriorityClass PersistentVolume PersistentVolumeClaim
		Deployment StatefulSet CronJob PodDisruptionBudget`)
	lastKinds = []string{"MutatingWebhookConfiguration", "ValidatingWebhookConfiguration"}
)

func kindRank(kind string) int {
	if i := slices.Index(firstKinds, kind); i >= 0 {
		return i - len(firstKinds)
	}
	return slices.Index(lastKinds, kind) + 1
}
