package render

import (
	"slices"

	"go.yaml.in/yaml/v3"
)

// podSpecs says where the kinds of Kubernetes that make pods keep the pod's spec.
var podSpecs = map[string]string{
	"Pod":                   "spec",
	"PodTemplate":           "template.spec",
	"ReplicationController": "spec.template.spec",
	"Deployment":            "spec.template.spec",
	"ReplicaSet":            "spec.template.spec",
	"StatefulSet":           "spec.template.spec",
	"DaemonSet":             "spec.template.spec",
	"Job":                   "spec.template.spec",
	"CronJob":               "spec.jobTemplate.spec.template.spec",
}

var podImages = []string{"initContainers[].image", "containers[].image", "ephemeralContainers[].image", "volumes[].image.reference"}

var podPaths = func() map[string][]fieldPath {
	paths := map[string][]fieldPath{}
	for kind, spec := range podSpecs {
		for _, image := range podImages {
			path, err := parseFieldPath(kind + "." + spec + "." + image)
			if err != nil {
				panic(err)
			}
			paths[kind] = append(paths[kind], path)
		}
	}
	return paths
}()

// pathsOf gives the fields of a resource that may name images.
func (p *pinner) pathsOf(id Identity) []fieldPath {
	var paths []fieldPath
	if id.IsBuiltIn() {
		paths = slices.Clone(podPaths[id.Kind])
	}
	for _, path := range p.paths {
		if path.kind == id.Kind {
			paths = append(paths, path)
		}
	}
	return paths
}

// sitesOf gives the fields that paths lead to, each once, in the order of the file.
func sitesOf(root *yaml.Node, paths []fieldPath) []site {
	var all []site
	if root == nil {
		return nil
	}
	for _, path := range paths {
		all = append(all, path.sites(root)...)
	}
	slices.SortStableFunc(all, func(a, b site) int { return slices.Compare(a.at, b.at) })
	return slices.CompactFunc(all, func(a, b site) bool { return slices.Equal(a.at, b.at) })
}
