package kustomize

import (
	"bytes"
	"fmt"
	"path"
	"slices"

	"sigs.k8s.io/kustomize/api/types"

	"github.com/ferry-cd/ferry/render"
)

// patchShare of what may be read is what a patch may have: each of its operations is a tree of its own, and inserts move
// what is there.
const patchShare = 16

// checkSpread refuses kustomizations that put much into many resources: a patch of one megabyte for each of a thousand is a
// gigabyte, written in two. What they may add has the bounds of what they may read.
func (w *walker) checkSpread() error {
	most := w.limits.Memory / inputShare
	for _, k := range w.followed {
		if heaviest := k.heaviestPatch(); heaviest > most/patchShare {
			return &render.LimitError{What: fmt.Sprintf("%s: a patch of %s, and no patch may have more than %s", k.file, render.Size(heaviest), render.Size(most/patchShare)), Limit: render.MemoryLimit}
		}
		weight := k.selectingWeight()
		if n, over := w.isOver(weight, most, w.spotCount); over {
			return &render.LimitError{What: fmt.Sprintf("%s: labels of %s for as many as %d selectors and claims; together they may take no more than %s", k.file, render.Size(weight), n, render.Size(most)),
				Limit: render.MemoryLimit}
		}
		weight = k.weight()
		if n, over := w.isOver(weight, most, w.resourceCount); over {
			return &render.LimitError{What: fmt.Sprintf("%s: puts %s into as many as %d resources; together they may take no more than %s", k.file, render.Size(weight), n, render.Size(most)),
				Limit: render.MemoryLimit}
		}
	}
	return nil
}

// isOver tells whether all that a weight is put into take more than most together, and how many they are then. They are
// counted only where even one in each byte would be too many.
func (w *walker) isOver(weight, most int, count func() int) (n int, over bool) {
	if weight < most/max(w.size, 1) {
		return 0, false
	}
	n = count()
	return n, weight > most/max(n, 1)
}

// resourceCount gives at most how many resources there are, those in lists too.
func (w *walker) resourceCount() (n int) {
	for name := range w.listed {
		n += bytes.Count(w.files[name], []byte("kind"))
	}
	return n
}

// spotCount gives at most how many selectors, and templates of claims, there are beside one for each resource.
func (w *walker) spotCount() (n int) {
	for name := range w.listed {
		data := w.files[name]
		n += bytes.Count(data, []byte("matchLabels"))
		if bytes.Contains(data, []byte("volumeClaimTemplates")) {
			n += bytes.Count(data, []byte("\n")) + bytes.Count(data, []byte("{"))
		}
	}
	return n
}

// selectingWeight is how many bytes a kustomization puts into one selector at most.
func (k *kustomization) selectingWeight() (n int) {
	for _, l := range k.allLabels() {
		if l.IncludeSelectors || l.IncludeVolumeClaimTemplates {
			n += weightOf(l.Pairs)
		}
	}
	return n
}

// weight is how many bytes a kustomization puts into one resource at most.
func (k *kustomization) weight() int {
	n := len(k.NamePrefix) + len(k.NameSuffix) + len(k.Namespace) + weightOf(k.CommonLabels) + weightOf(k.CommonAnnotations)
	for _, l := range k.Labels {
		n += weightOf(l.Pairs)
	}
	for _, i := range k.Images {
		n += len(i.NewName) + len(i.NewTag) + len(i.Digest)
	}
	named := map[string]int{} // patches that are for one name alone
	for _, p := range slices.Concat(k.Patches, k.PatchesJson6902) {
		size := k.patchSize(p)
		switch {
		case p.Target == nil: // it names the one resource that it is for
		case isPlainName(p.Target.Name, "-"):
			named[p.Target.Name] += size
		default:
			n += size
		}
	}
	heaviest := 0
	for _, size := range named {
		heaviest = max(heaviest, size)
	}
	return n + heaviest
}

func (k *kustomization) heaviestPatch() (most int) {
	for _, p := range slices.Concat(k.Patches, k.PatchesJson6902) {
		most = max(most, k.patchSize(p))
	}
	for _, p := range k.PatchesStrategicMerge {
		most = max(most, len(p), len(k.files[path.Join(k.dir, string(p))]))
	}
	return most
}

func (k *kustomization) patchSize(p types.Patch) int {
	return len(p.Patch) + len(k.files[path.Join(k.dir, p.Path)])
}

func weightOf(texts map[string]string) (n int) {
	for key, value := range texts {
		n += len(key) + len(value)
	}
	return n
}
