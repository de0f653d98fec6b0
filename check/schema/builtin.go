package schema

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strconv"
	"strings"

	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	strict "sigs.k8s.io/json"

	"github.com/ferry-cd/ferry/render"
)

// Versions of Kubernetes' own kinds say when they came and went.
type (
	removed  interface{ APILifecycleRemoved() (major, minor int) }
	began    interface{ APILifecycleIntroduced() (major, minor int) }
	replaced interface {
		APILifecycleReplacement() schema.GroupVersionKind
	}
)

// builtIn reads a resource as a cluster does: into the type of its kind, refusing what that does not have.
func builtIn(m *render.Manifest, version string) verdict {
	gvk := schema.FromAPIVersionAndKind(m.APIVersion, m.Kind)
	into, err := kinds().New(gvk)
	if err != nil {
		if served[gvk.Group] {
			return verdict{known: true}
		}
		if kinds().IsGroupRegistered(gvk.Group) && ownGroup(gvk.Group) {
			return verdict{[]mistake{{field: "apiVersion", text: fmt.Sprintf("Kubernetes has no kind %s in %s", m.Kind, m.APIVersion)}}, true}
		}
		return verdict{}
	}
	found := inTime(into, gvk, version)
	if !fits(m.Node(), reflect.TypeOf(into).Elem()) {
		found = append(found, unfit(m, into)...)
	}
	return verdict{found, true}
}

// unfit gives what does not fit a type.
func unfit(m *render.Manifest, into runtime.Object) (found []mistake) {
	object, err := m.Value()
	if err != nil {
		return []mistake{{text: err.Error()}}
	}
	data, err := json.Marshal(object)
	if err != nil {
		return []mistake{{text: err.Error()}}
	}
	unknown, err := strict.UnmarshalStrict(data, into)
	if err != nil {
		found = append(found, wrongType(err))
	}
	for _, u := range unknown {
		found = append(found, unknownField(u))
	}
	return found
}

// served are groups of Kubernetes whose types are not among those of its clients.
var served = map[string]bool{"apiextensions.k8s.io": true, "apiregistration.k8s.io": true}

// ownGroup tells groups in which nobody else defines kinds.
func ownGroup(group string) bool {
	return !strings.Contains(group, ".") || strings.HasSuffix(group, ".k8s.io") && !strings.HasSuffix(group, ".x-k8s.io")
}

// inTime tells of API versions that a cluster of this version does not have any more, or not yet.
func inTime(into runtime.Object, gvk schema.GroupVersionKind, version string) []mistake {
	minor, ok := minorOf(version)
	if !ok {
		return nil
	}
	if r, ok := into.(removed); ok {
		if major, last := r.APILifecycleRemoved(); major == 1 && minor >= last {
			text := fmt.Sprintf("Kubernetes 1.%d serves %s no more; it went with 1.%d", minor, gvk.GroupVersion(), last)
			if next, ok := into.(replaced); ok {
				text += fmt.Sprintf(", use %s", next.APILifecycleReplacement().GroupVersion())
			}
			return []mistake{{field: "apiVersion", text: text}}
		}
	}
	if b, ok := into.(began); ok {
		if major, first := b.APILifecycleIntroduced(); major == 1 && minor < first {
			return []mistake{{field: "apiVersion", text: fmt.Sprintf("Kubernetes 1.%d does not serve %s %s yet; it came with 1.%d", minor, gvk.GroupVersion(), gvk.Kind, first)}}
		}
	}
	return nil
}

// minorOf reads 34 in "1.34", "v1.34.2".
func minorOf(version string) (int, bool) {
	parts := strings.Split(strings.TrimPrefix(version, "v"), ".")
	if len(parts) < 2 || parts[0] != "1" {
		return 0, false
	}
	n, err := strconv.Atoi(strings.SplitN(strings.SplitN(parts[1], "-", 2)[0], "+", 2)[0])
	return n, err == nil
}

// wrongType puts the path of a field that cannot be read in front of the words of the library.
func wrongType(err error) mistake {
	text := strings.TrimPrefix(err.Error(), "json: cannot unmarshal ")
	if what, rest, ok := strings.Cut(text, " into Go struct field "); ok {
		field, want, _ := strings.Cut(rest, " of type ")
		_, path, _ := strings.Cut(field, ".")
		return mistake{field: path, text: fmt.Sprintf("%s where %s is wanted", what, plainType(want))}
	}
	return mistake{text: text}
}

func plainType(goType string) string {
	switch t := strings.TrimPrefix(goType, "*"); {
	case strings.HasPrefix(t, "int") || strings.HasPrefix(t, "uint"):
		return "a whole number"
	case strings.HasPrefix(t, "float"):
		return "a number"
	case t == "bool":
		return "true or false"
	case strings.HasPrefix(t, "["):
		return "a list"
	case strings.HasPrefix(t, "map") || strings.Contains(t, "."):
		return "a mapping"
	}
	return "text"
}

func unknownField(err error) mistake {
	if path, ok := strings.CutPrefix(err.Error(), "unknown field "); ok {
		if name, err := strconv.Unquote(path); err == nil {
			return mistake{field: name, text: "there is no such field"}
		}
	}
	return mistake{text: err.Error()}
}
