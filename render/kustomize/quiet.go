package kustomize

import (
	"sigs.k8s.io/kustomize/api/types"
	"sigs.k8s.io/yaml"
)

// modernise puts today's words in place of those that kustomize only still reads: about each of them the library writes a
// line to the standard error of the program around it, in every build and every part of one. patchesStrategicMerge,
// patchesJson6902 and vars have no other word of quite the same meaning, so they stay, and so do their lines.
func (k *kustomization) modernise() {
	modern := k.Kustomization                                         // whose bases and imageTags are resources and images already
	if old := modern.CommonLabels; len(old) > 0 && !k.labelsTwice() { //nolint:staticcheck // people write it, and this is where it ends
		modern.Labels = append(modern.Labels[:len(modern.Labels):len(modern.Labels)], types.Label{Pairs: old, IncludeSelectors: true})
		modern.CommonLabels = nil //nolint:staticcheck // the same
	}
	if data, err := yaml.Marshal(modern); err == nil {
		k.modern[k.file] = data
	}
}

// labelsTwice tells whether a label is given in both ways, which kustomize refuses.
func (k *kustomization) labelsTwice() bool {
	for _, l := range k.Labels {
		for name := range l.Pairs {
			if _, twice := k.CommonLabels[name]; twice {
				return true
			}
		}
	}
	return false
}
