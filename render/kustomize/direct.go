package kustomize

import (
	"cmp"
	"context"
	"path"
	"slices"
	"strings"

	"sigs.k8s.io/kustomize/api/types"

	"github.com/ferry-cd/ferry/render"
)

// The library takes some 4 ms of processor time for an overlay of five resources: it writes the configuration of its transformers as
// YAML and reads it back, copies every resource at every step, and asks for every field of every resource what else it may
// refer to. Most overlays need little of that. Kustomizations with nothing but the fields below are built here, on plain
// values; whatever is unusual in them, and whatever would be an error, leaves the whole build to the library, which knows
// what to say. So each step only has to be right about what it does not leave.
type direct struct {
	*walker
	ctx     context.Context           // ends with the time of the render
	layers  map[string]*kustomization // that were not begun yet, by folder
	given   map[string]bool           // labels and annotations that a kustomization has set
	strange bool                      // this is for the library
}

// item is a resource while it is built.
type item struct {
	apiVersion, kind, name, namespace string
	values                            map[string]any
	hollow                            bool // it has a key with nothing behind it, which a merge takes away
	generated                         bool // its name gets a hash of its content
	moved                             bool // a kustomization has put it into another namespace
}

// leave says that only the library can go on. The steps run to their ends nevertheless; what they made is thrown away.
func (d *direct) leave() { d.strange = true }

func (d *direct) leaveIf(strange bool) { d.strange = d.strange || strange }

// directly is direct, of which a mistake of ours costs time and nothing else.
func (w *walker) directly(ctx context.Context) (documents []render.Document, ok bool) {
	defer func() {
		if recover() != nil || !ok {
			w.stubbing, w.stubs, ok = false, map[string]*stub{}, false
		}
	}()
	return w.direct(ctx)
}

// direct builds the kustomization without the library; false where that is for the library.
func (w *walker) direct(ctx context.Context) ([]render.Document, bool) {
	d := &direct{walker: w, ctx: ctx, layers: map[string]*kustomization{}, given: map[string]bool{}}
	if w.schema || len(w.followed) == 0 || w.followed[0].Kind != types.KustomizationKind {
		return nil, false
	}
	for _, k := range w.followed {
		d.layers[k.dir] = k
		d.leaveIf(!k.isPlain() || k.CheckEmpty() != nil)
	}
	if d.strange {
		return nil, false
	}
	w.stubbing = w.leavesDefinitions()
	documents := d.build()
	return documents, !d.strange
}

// isPlain tells kustomizations of which everything can be done here, or is seen not to be when it is met.
func (k *kustomization) isPlain() bool {
	rest := k.Kustomization
	rest.Patches, rest.Replicas, rest.ConfigMapGenerator, rest.GeneratorOptions, rest.Components = nil, nil, nil, nil, nil
	others := &kustomization{Kustomization: rest}
	isKind := k.Kind == types.KustomizationKind && k.APIVersion == types.KustomizationVersion || k.Kind == types.ComponentKind && k.APIVersion == types.ComponentVersion
	return isKind && k.NamePrefix == "" && k.NameSuffix == "" && others.looksAround() == "" &&
		labelsGoUsually(k.allLabels()) && areUsual(k.CommonAnnotations)
}

// areUsual tells annotations that mean nothing to the library, which hides some of them and obeys others.
func areUsual(annotations map[string]string) bool {
	for key := range annotations {
		if strings.Contains(key, "config.k") {
			return false
		}
	}
	return true
}

// labelsGoUsually tells labels that go to metadata, templates and selectors, each of them once.
func labelsGoUsually(labels []types.Label) bool {
	seen := map[string]bool{}
	for _, l := range labels {
		if l.IncludeVolumeClaimTemplates || len(l.FieldSpecs) > 0 {
			return false
		}
		for key := range l.Pairs {
			if seen[key] {
				return false
			}
			seen[key] = true
		}
	}
	return true
}

func (d *direct) build() []render.Document {
	items := d.layer(d.followed[0], nil)
	if d.strange {
		return nil
	}
	d.addHashes(items)
	slices.SortFunc(items, func(a, b *item) int {
		return cmp.Or(cmp.Compare(kindRank(a.kind), kindRank(b.kind)), strings.Compare(a.sortKey(), b.sortKey()))
	})
	var documents []render.Document
	words, size := map[string]bool{}, 0
	for _, it := range items {
		doc := d.print(it, words)
		d.leaveIf(isOddNamespace(it.kind, it.apiVersion))
		if size += len(doc.Data); d.strange || size > d.limits.Memory || d.ctx.Err() != nil {
			d.leave()
			return nil
		}
		documents = append(documents, doc)
	}
	d.leaveIf(len(words) != len(d.stubs))
	return documents
}

// print gives the document of an item; words are of the stubs that were met.
func (d *direct) print(it *item, words map[string]bool) render.Document {
	data, ok := render.PrintValues(it.values)
	d.leaveIf(!ok)
	if spec, ok := it.values["spec"].(map[string]any); ok && it.kind == crdKind {
		word, _ := spec["versions"].(string)
		if s := d.stubs[word]; s != nil && !words[word] {
			words[word] = true
			return d.grafted(it.kind, it.name, data, s)
		}
	}
	return render.NewDocument(d.origin(it.kind, it.name), 0, data)
}

func (it *item) sortKey() string {
	group, version := splitVersion(it.apiVersion)
	return sortKey(group, version, it.kind, it.namespace, it.name)
}

// splitVersion takes an apiVersion apart.
func splitVersion(apiVersion string) (group, version string) {
	if group, version, ok := strings.Cut(apiVersion, "/"); ok {
		return group, version
	}
	return "", apiVersion
}

// include builds the kustomization, or the component, that an entry names. What is included twice is for the library, which may
// find a cycle in it.
func (d *direct) include(k *kustomization, entry, kind string, items []*item) []*item {
	below := d.layers[path.Join(k.dir, entry)]
	if below == nil || below.Kind != kind {
		d.leave()
		return nil
	}
	return d.layer(below, items)
}

// layer builds one kustomization with all below it. A component is built onto the items of the one that includes it.
func (d *direct) layer(k *kustomization, items []*item) []*item {
	if d.strange || d.ctx.Err() != nil {
		d.leave()
		return nil
	}
	delete(d.layers, k.dir)
	for _, entry := range k.Resources {
		items = append(items, d.resources(k, entry)...)
	}
	items = d.generate(k, items)
	for _, entry := range k.Components {
		items = d.include(k, entry, types.ComponentKind, items)
	}
	d.leaveIf(!areDistinct(items) || strings.ContainsAny(k.Namespace, ",\t"))
	for _, p := range k.Patches {
		items = d.patch(k, p, items)
	}
	d.leaveIf(len(items) == 0)
	for _, it := range items {
		d.leaveIf(d.strange || !it.isShaped())
	}
	if d.strange {
		return nil
	}
	d.place(k.Namespace, items)
	for _, l := range k.allLabels() {
		d.label(l, items)
	}
	d.annotate(k.CommonAnnotations, items)
	for _, r := range k.Replicas {
		d.scale(r, items)
	}
	for _, i := range k.Images {
		d.image(i, items)
	}
	return items
}

// areDistinct tells whether kind and name alone tell all items apart.
func areDistinct(items []*item) bool {
	seen := make(map[[2]string]bool, len(items))
	for _, it := range items {
		id := [2]string{it.kind, it.name}
		if seen[id] {
			return false
		}
		seen[id] = true
	}
	return true
}
