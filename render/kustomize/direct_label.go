package kustomize

import (
	"slices"
	"strings"

	"sigs.k8s.io/kustomize/api/types"
)

// spot is where labels go in resources of a kind: keys by way of mappings and lists. What is not there is made, or is passed by.
type spot struct {
	path []string
	made bool
}

func into(path string) spot    { return spot{strings.Split(path, "/"), true} }
func ifThere(path string) spot { return spot{strings.Split(path, "/"), false} }

// These are the fields that labels go to, as documented; TestLabelsAsTheLibrary holds the library against them.
var (
	ownLabels      = into("metadata/labels")
	ownAnnotations = into("metadata/annotations")
	podTemplate    = into("spec/template/metadata")
	jobTemplates   = []spot{into("spec/jobTemplate/metadata"), into("spec/jobTemplate/spec/template/metadata")}
	neighbours     = []spot{
		ifThere("spec/template/spec/affinity/podAffinity/preferredDuringSchedulingIgnoredDuringExecution/podAffinityTerm/labelSelector/matchLabels"),
		ifThere("spec/template/spec/affinity/podAffinity/requiredDuringSchedulingIgnoredDuringExecution/labelSelector/matchLabels"),
		ifThere("spec/template/spec/affinity/podAntiAffinity/preferredDuringSchedulingIgnoredDuringExecution/podAffinityTerm/labelSelector/matchLabels"),
		ifThere("spec/template/spec/affinity/podAntiAffinity/requiredDuringSchedulingIgnoredDuringExecution/labelSelector/matchLabels"),
		ifThere("spec/template/spec/topologySpreadConstraints/labelSelector/matchLabels"),
	}
	ownSelector = into("spec/selector/matchLabels")
	claims      = into("spec/volumeClaimTemplates[]/metadata/labels") // in each; without the brackets a mapping would be made of them where there are none
)

// templates are the metadata of what a resource has made: pods, and jobs.
func (it *item) templates() []spot {
	group, version := splitVersion(it.apiVersion)
	switch {
	case it.kind == "Deployment", it.kind == "ReplicaSet", it.kind == "DaemonSet", it.kind == "StatefulSet" && group == "apps",
		it.kind == "Job" && group == "batch", it.kind == "ReplicationController" && version == "v1":
		return []spot{podTemplate}
	case it.kind == "CronJob" && group == "batch":
		return jobTemplates
	}
	return nil
}

// selectors are the labels by which a resource finds its pods, and those of its claims.
func (it *item) selectors() []spot {
	group, version := splitVersion(it.apiVersion)
	ofApps := group == "apps"
	switch {
	case it.kind == "Service" && version == "v1", it.kind == "ReplicationController" && version == "v1":
		return []spot{into("spec/selector")}
	case it.kind == "Deployment" && ofApps:
		return append(slices.Clip(neighbours), ownSelector)
	case it.kind == "Deployment", it.kind == "ReplicaSet", it.kind == "DaemonSet":
		return []spot{ownSelector}
	case it.kind == "StatefulSet" && ofApps:
		return append(slices.Clip(neighbours), ownSelector, claims)
	case it.kind == "Job" && group == "batch", it.kind == "PodDisruptionBudget" && group == "policy":
		return []spot{ifThere("spec/selector/matchLabels")}
	case it.kind == "CronJob" && group == "batch":
		return []spot{ifThere("spec/jobTemplate/spec/selector/matchLabels")}
	case it.kind == "NetworkPolicy" && group == "networking.k8s.io":
		return []spot{ifThere("spec/podSelector/matchLabels"), ifThere("spec/ingress/from/podSelector/matchLabels"), ifThere("spec/egress/to/podSelector/matchLabels")}
	}
	return nil
}

// noteGiven remembers what is set. The library keeps one value for all places where it has set a label: whoever changes it in one of
// them later changes all, so what was set once may not be set again.
func (d *direct) noteGiven(pairs map[string]string) {
	for key := range pairs {
		d.leaveIf(d.given[key])
		d.given[key] = true
	}
}

// allLabels are those of a kustomization in both words that there are for them.
func (k *kustomization) allLabels() []types.Label {
	if len(k.CommonLabels) == 0 {
		return k.Labels
	}
	return append(slices.Clip(k.Labels), types.Label{Pairs: k.CommonLabels, IncludeSelectors: true})
}

func (d *direct) label(l types.Label, items []*item) {
	d.noteGiven(l.Pairs)
	for _, it := range items {
		d.setTexts(it.values, l.Pairs, ownLabels)
		if l.IncludeTemplates || l.IncludeSelectors {
			for _, s := range it.templates() {
				d.setTexts(it.values, l.Pairs, s.below("labels"))
			}
		}
		if l.IncludeSelectors {
			for _, s := range it.selectors() {
				d.setTexts(it.values, l.Pairs, s)
			}
		}
	}
}

func (d *direct) annotate(annotations map[string]string, items []*item) {
	d.noteGiven(annotations)
	for _, it := range items {
		d.setTexts(it.values, annotations, ownAnnotations)
		templates := it.templates()
		d.leaveIf(it.kind == "StatefulSet" && len(templates) == 0 && len(annotations) > 0) // of no group that labels go to
		for _, s := range templates {
			d.setTexts(it.values, annotations, s.below("annotations"))
		}
	}
}

// below is a field of the mapping in a spot.
func (s spot) below(key string) spot { return spot{append(slices.Clip(s.path), key), s.made} }

// setTexts sets keys in the mappings in a spot.
func (d *direct) setTexts(v any, pairs map[string]string, at spot) {
	if len(pairs) == 0 {
		return
	}
	switch v := v.(type) {
	case []any:
		d.leaveIf(len(at.path) == 0)
		for _, below := range v {
			if d.strange || d.ctx.Err() != nil {
				d.leave()
				return
			}
			d.setTexts(below, pairs, at)
		}
	case map[string]any:
		if len(at.path) == 0 {
			d.setPairs(v, pairs)
			return
		}
		key, inList := strings.CutSuffix(at.path[0], "[]")
		below, there := v[key]
		if !there {
			if !at.made || inList {
				return
			}
			below = map[string]any{}
			v[key] = below
		}
		d.setTexts(below, pairs, spot{at.path[1:], at.made})
	default:
		d.leave()
	}
}

func (d *direct) setPairs(to map[string]any, pairs map[string]string) {
	for key, value := range pairs {
		d.leaveIf(!isWord(key) || isTabbed(value))
		if _, isText := to[key].(string); !isText {
			_, there := to[key]
			d.leaveIf(there)
		}
		to[key] = value
	}
}
