package kustomize

import (
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
	"sigs.k8s.io/kustomize/api/types"
)

// namespaced are kinds of Kubernetes that live in namespaces, refer to no namespace, and are in no danger of being taken for
// others; wide are those that live in none.
var (
	namespaced = wordsOf(`v1:ConfigMap v1:Secret v1:Service v1:ServiceAccount v1:Pod v1:PersistentVolumeClaim v1:ReplicationController v1:LimitRange
		v1:ResourceQuota v1:Endpoints apps/v1:Deployment apps/v1:StatefulSet apps/v1:DaemonSet apps/v1:ReplicaSet batch/v1:Job batch/v1:CronJob
		networking.k8s.io/v1:Ingress networking.k8s.io/v1:NetworkPolicy policy/v1:PodDisruptionBudget autoscaling/v1:HorizontalPodAutoscaler
		autoscaling/v2:HorizontalPodAutoscaler rbac.authorization.k8s.io/v1:Role`)
	wide = wordsOf(`rbac.authorization.k8s.io/v1:ClusterRole storage.k8s.io/v1:StorageClass scheduling.k8s.io/v1:PriorityClass
		networking.k8s.io/v1:IngressClass apiextensions.k8s.io/v1:CustomResourceDefinition`)
)

func wordsOf(text string) map[string]bool {
	words := map[string]bool{}
	for _, word := range strings.Fields(text) {
		words[word] = true
	}
	return words
}

// isTheirOwn tells groups that are not Kubernetes' own; the library takes their kinds for namespaced.
func isTheirOwn(apiVersion string) bool {
	group, version := splitVersion(apiVersion)
	return strings.Contains(group, ".") && !strings.HasSuffix(group, ".k8s.io") && version != ""
}

// place puts items into a namespace.
func (d *direct) place(namespace string, items []*item) {
	if namespace == "" {
		return
	}
	for _, it := range items {
		what := it.apiVersion + ":" + it.kind
		switch {
		case wide[what]:
			spec, _ := it.values["spec"].(map[string]any)
			_, converts := spec["conversion"]
			d.leaveIf(it.namespace != "" || converts)
			continue
		case namespaced[what]:
		case !isTheirOwn(it.apiVersion) || renamers[it.kind]:
			d.leave()
			return
		}
		it.moved = it.moved || it.namespace != namespace
		it.namespace = namespace
		it.metadata()["namespace"] = namespace
	}
}

func (it *item) metadata() map[string]any {
	metadata, _ := it.values["metadata"].(map[string]any)
	return metadata
}

// scaled are the kinds that replicas are set in.
var scaled = []string{"Deployment", "ReplicationController", "ReplicaSet", "StatefulSet"}

func (d *direct) scale(r types.Replica, items []*item) {
	found := false
	for _, it := range items {
		if it.name != r.Name || !slices.Contains(scaled, it.kind) {
			continue
		}
		spec, ok := it.values["spec"].(map[string]any)
		if !ok {
			d.leave()
			return
		}
		if had, there := spec["replicas"]; there {
			_, isNumber := had.(int)
			d.leaveIf(!isNumber)
		}
		spec["replicas"] = int(r.Count)
		found = true
	}
	d.leaveIf(!found)
}

// image changes an image wherever a list of containers, or a volume, names it.
func (d *direct) image(i types.Image, items []*item) {
	if i.TagSuffix != "" || i.Name == "" || i.NewTag != "" && i.Digest != "" || !isPlainName(i.Name, "-_/.") {
		d.leave()
		return
	}
	for _, it := range items {
		if it.kind != crdKind {
			d.imagesIn(i, it.values)
		}
	}
}

func (d *direct) imagesIn(i types.Image, v any) {
	switch v := v.(type) {
	case map[string]any:
		for key, below := range v {
			if key == "containers" || key == "initContainers" {
				d.imagesOf(i, below)
			}
			_, holdsImage := below.(map[string]any)
			d.leaveIf(key == "image" && holdsImage || key == "volumes" && holdsImages(below))
			d.imagesIn(i, below)
		}
	case []any:
		for _, below := range v {
			d.imagesIn(i, below)
		}
	}
}

// holdsImages tells volumes of which one is an image, written in whatever way.
func holdsImages(volumes any) bool {
	list, _ := volumes.([]any)
	return slices.ContainsFunc(list, func(v any) bool {
		volume, _ := v.(map[string]any)
		_, there := volume["image"]
		return there
	})
}

// imagesOf changes the image of each container in a list.
func (d *direct) imagesOf(i types.Image, list any) {
	containers, ok := list.([]any)
	d.leaveIf(!ok)
	for _, c := range containers {
		container, ok := c.(map[string]any)
		image, there := container["image"]
		text, isText := image.(string)
		d.leaveIf(!ok || there && !isText)
		if isText {
			container["image"] = d.renamed(i, text)
		}
	}
}

// renamed gives another name or tag to an image of this name. The library takes a dot in the name for any letter.
func (d *direct) renamed(i types.Image, image string) string {
	d.leaveIf(image != "" && !isPlainName(image, "-_/.:@"))
	if len(image) < len(i.Name) {
		return image
	}
	rest := image[len(i.Name):]
	if rest != "" && rest[0] != ':' && rest[0] != '@' {
		return image
	}
	if image[:len(i.Name)] != i.Name {
		d.leaveIf(looksLike(image[:len(i.Name)], i.Name))
		return image
	}
	if rest != "" && (rest[0] != ':' || !isPlainName(rest[1:], "-_.")) {
		d.leave()
		return image
	}
	name := i.Name
	if i.NewName != "" {
		name = i.NewName
	}
	switch {
	case i.NewTag != "":
		rest = ":" + i.NewTag
	case i.Digest != "":
		rest = "@" + i.Digest
	}
	d.leaveIf(!isWord(name + rest))
	return name + rest
}

// looksLike compares with dots that stand for anything; both are equally long.
func looksLike(s, pattern string) bool {
	for i := range len(pattern) {
		if pattern[i] != '.' && s[i] != pattern[i] {
			return false
		}
	}
	return true
}

// isWord tells text that YAML takes for text where it stands without quotes, as the library writes keys and images.
func isWord(s string) bool {
	return s != "" && !isTabbed(s) && (&yaml.Node{Kind: yaml.ScalarNode, Value: s}).ShortTag() == "!!str"
}

// isPlainName tells names of letters, digits and a few more.
func isPlainName(s, more string) bool {
	for i := range len(s) {
		if c := s[i]; (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && strings.IndexByte(more, c) < 0 {
			return false
		}
	}
	return s != ""
}
