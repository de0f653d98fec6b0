package diff

import (
	"slices"
	"strconv"

	"github.com/ferry-cd/ferry/render"
)

// scene is one changed resource as the rules look at it. A side is nil where the resource is not there.
type scene struct {
	id         render.Identity // as the cluster will see it
	old, new   *node
	images     []imageStep
	autoscaled map[scaled]bool
	unreadable bool
	renamed    bool
}

func newScene(p couple) *scene {
	s := &scene{id: p.shown().id, renamed: p.isRenamed()}
	if p.old != nil {
		s.old = parse(p.old.Manifest)
		s.unreadable = s.old == nil
	}
	if p.new != nil {
		s.new = parse(p.new.Manifest)
		s.unreadable = s.unreadable || s.new == nil
	}
	if s.unreadable {
		s.old, s.new = nil, nil
		return s
	}
	s.images = imageSteps(imagesOf(s.id.Kind, s.old), imagesOf(s.id.Kind, s.new))
	return s
}

// is tells whether the resource is of one of these kinds, written group/Kind; the core group is empty.
func (s *scene) is(kinds ...string) bool {
	return slices.Contains(kinds, s.id.Group+"/"+s.id.Kind)
}

func (s *scene) removed() bool { return s.old != nil && s.new == nil }
func (s *scene) both() bool    { return s.old != nil && s.new != nil }

// differ tells whether two values of a field differ in more than spelling and the order of what has none.
func (s *scene) differ(a, b *node, key string) bool {
	if a == nil || b == nil {
		return a.isSet() != b.isSet()
	}
	w := walker{root: s.id.Kind}
	w.compare(a, b, place{key: key})
	return slices.ContainsFunc(w.fields, func(f Field) bool { return f.Kind != Respelled && (f.Kind != Reordered || !f.Noise) })
}

// podTemplates are where kinds keep the pods they make, without their spec.
var podTemplates = map[string][]string{
	"/Pod": {}, "batch/CronJob": {"spec", "jobTemplate", "spec", "template"}, "/PodTemplate": {"template"},
}

// pod gives the spec of the pods that a resource makes and the path to it; nil where it makes none. Unknown kinds that have
// a template like a Deployment's are read like one.
func (s *scene) pod(n *node) (spec *node, path string) {
	keys, known := podTemplates[s.id.Group+"/"+s.id.Kind]
	if !known {
		keys = []string{"spec", "template"}
	}
	for _, key := range keys {
		path += key + "."
	}
	return n.at(keys...).get("spec"), path + "spec"
}

// container is one container of either side.
type container struct {
	path     string
	old, new *node // old is nil where the container is new
}

// containers gives those that will run, each with what it was.
func (s *scene) containers() []container {
	var all []container
	before, _ := s.pod(s.old)
	after, path := s.pod(s.new)
	for _, list := range []string{"containers", "initContainers", "ephemeralContainers"} {
		for i, c := range after.get(list).list() {
			name, key := c.get("name").str(), strconv.Itoa(i)
			if name != "" {
				key = itemKey(name)
			}
			all = append(all, container{path + "." + list + "[" + key + "]", named(before.get(list), name), c})
		}
	}
	return all
}

// named finds the item of a list by its name.
func named(list *node, name string) *node {
	for _, item := range list.list() {
		if name != "" && item.get("name").str() == name {
			return item
		}
	}
	return nil
}
