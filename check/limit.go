package check

import (
	"encoding/json"
	"fmt"

	"github.com/ferry-cd/ferry/render"
)

// mostAnnotations is how many bytes the annotations of a resource may have, names and values together.
const mostAnnotations = 262_144

// mostGrowth is how much longer a resource may be in JSON than in YAML: one character as \u003c.
const mostGrowth = 6

// annotationLimit finds what kubectl apply and Argo CD cannot apply in the usual way: they keep a copy of the whole resource,
// as JSON, in an annotation.
func annotationLimit(m *render.Manifest) []Finding {
	if len(m.Data)*mostGrowth < mostAnnotations {
		return nil
	}
	value, err := m.Value()
	if err != nil {
		return nil
	}
	copied, err := json.Marshal(value)
	if err != nil {
		return nil
	}
	bytes := len(copied) + len(lastApplied) + annotations(value)
	if bytes <= mostAnnotations {
		return nil
	}
	return []Finding{{
		Rule: AnnotationLimit, Level: Warning, File: m.Path,
		Message: fmt.Sprintf("%s needs %d bytes of annotations for a client-side apply, and the cluster takes %d", m.Identity, bytes, mostAnnotations),
		Hint:    "apply it on the server's side: ServerSideApply=true in Argo CD's sync options; Flux does so by itself",
	}}
}

func annotations(resource map[string]any) int {
	metadata, _ := resource["metadata"].(map[string]any)
	all, _ := metadata["annotations"].(map[string]any)
	bytes := 0
	for name, value := range all {
		text, _ := value.(string)
		bytes += len(name) + len(text)
	}
	return bytes
}
