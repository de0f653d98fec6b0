package schema

import (
	"crypto/sha256"
	"fmt"
	"maps"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"go.yaml.in/yaml/v3"

	"github.com/ferry-cd/ferry/render"
)

// definitionsIn finds the CustomResourceDefinitions of sets of manifests by the kind they define; the first one counts.
func definitionsIn(sets ...render.Manifests) map[[2]string]*render.Manifest {
	all := map[[2]string]*render.Manifest{}
	for _, ms := range sets {
		for i := range ms {
			if !ms[i].IsDefinition() {
				continue
			}
			spec := field(ms[i].Node(), "spec")
			key := [2]string{text(field(spec, "group")), text(field(field(spec, "names"), "kind"))}
			if all[key] == nil {
				all[key] = &ms[i]
			}
		}
	}
	return all
}

func field(n *yaml.Node, key string) *yaml.Node {
	if n == nil || n.Kind != yaml.MappingNode {
		return nil
	}
	for i := 0; i < len(n.Content); i += 2 {
		if n.Content[i].Value == key {
			return n.Content[i+1]
		}
	}
	return nil
}

func text(n *yaml.Node) string {
	if n == nil {
		return ""
	}
	return n.Value
}

// byDefinition holds a custom resource against the definition of its kind.
func byDefinition(d, m *render.Manifest) []mistake {
	version := m.APIVersion[strings.LastIndexByte(m.APIVersion, '/')+1:]
	key := fmt.Sprintf("%x %s", sha256.Sum256(d.Data), version)
	compiled, err := cached(key, func() (*jsonschema.Schema, error) {
		schema, err := versionOf(d, version)
		if schema == nil || err != nil {
			return nil, err
		}
		return compile(schema, "definition.json", nil)
	})
	switch {
	case err != nil:
		return []mistake{{text: err.Error(), mild: true}}
	case compiled == nil: // it has no schema: anything goes
		return nil
	}
	object, err := m.Value()
	if err != nil {
		return []mistake{{text: err.Error()}}
	}
	return validate(compiled, object)
}

// versionOf gives the JSON Schema of one version of a definition; nil where it has none. The error names what is wrong with
// the resource: a version that the definition does not serve.
func versionOf(d *render.Manifest, version string) (map[string]any, error) {
	value, err := d.Value()
	if err != nil {
		return nil, err
	}
	spec, _ := value["spec"].(map[string]any)
	versions, _ := spec["versions"].([]any)
	for _, v := range versions {
		one, _ := v.(map[string]any)
		if one["name"] != version {
			continue
		}
		open, _ := one["schema"].(map[string]any)
		schema, _ := open["openAPIV3Schema"].(map[string]any)
		if schema == nil {
			return nil, nil
		}
		return atRoot(convert(schema, true)), nil
	}
	if len(versions) == 0 {
		return nil, nil
	}
	return nil, fmt.Errorf("%s (%s) has no version %s", d.Identity, d.Path, version)
}

// atRoot lets every resource have what no definition need say.
func atRoot(schema map[string]any) map[string]any {
	properties, _ := schema["properties"].(map[string]any)
	properties = maps.Clone(properties)
	if properties == nil {
		properties = map[string]any{}
	}
	properties["apiVersion"], properties["kind"], properties["metadata"] = true, true, true
	schema["properties"] = properties
	return schema
}

// convert makes JSON Schema of the schema of a definition. A structural one forbids what it does not name: clusters drop
// such fields without a word. Inside allOf and the like it only says more of fields that are named elsewhere.
func convert(schema map[string]any, structural bool) map[string]any {
	out := maps.Clone(schema)
	for _, key := range []string{"properties", "patternProperties", "definitions"} {
		if all, ok := out[key].(map[string]any); ok {
			out[key] = convertEach(all, structural)
		}
	}
	for _, key := range []string{"items", "additionalProperties"} {
		if one, ok := out[key].(map[string]any); ok {
			out[key] = convert(one, structural)
		}
	}
	for _, key := range []string{"allOf", "anyOf", "oneOf"} {
		if list, ok := out[key].([]any); ok {
			out[key] = convertList(list)
		}
	}
	if not, ok := out["not"].(map[string]any); ok {
		out["not"] = convert(not, false)
	}
	bounds(out)
	if structural {
		closed(out)
	}
	if out["x-kubernetes-int-or-string"] == true {
		out["type"] = []any{"integer", "string"}
	}
	nullable(out)
	return out
}

func convertEach(all map[string]any, structural bool) map[string]any {
	out := maps.Clone(all)
	for key, v := range out {
		if one, ok := v.(map[string]any); ok {
			out[key] = convert(one, structural)
		}
	}
	return out
}

func convertList(list []any) []any {
	out := make([]any, len(list))
	for i, v := range list {
		out[i] = v
		if one, ok := v.(map[string]any); ok {
			out[i] = convert(one, false)
		}
	}
	return out
}

// bounds turns OpenAPI's exclusiveMinimum: true into JSON Schema's number.
func bounds(schema map[string]any) {
	for exclusive, limit := range map[string]string{"exclusiveMinimum": "minimum", "exclusiveMaximum": "maximum"} {
		flag, ok := schema[exclusive].(bool)
		if !ok {
			continue
		}
		delete(schema, exclusive)
		if flag && schema[limit] != nil {
			schema[exclusive] = schema[limit]
			delete(schema, limit)
		}
	}
}

func closed(schema map[string]any) {
	properties, ok := schema["properties"].(map[string]any)
	if !ok || schema["additionalProperties"] != nil || schema["x-kubernetes-preserve-unknown-fields"] == true {
		return
	}
	if schema["x-kubernetes-embedded-resource"] == true {
		atRoot(schema)
		properties = schema["properties"].(map[string]any)
	}
	if len(properties) > 0 {
		schema["additionalProperties"] = false
	}
}

func nullable(schema map[string]any) {
	if schema["nullable"] != true {
		return
	}
	switch t := schema["type"].(type) {
	case string:
		schema["type"] = []any{t, "null"}
	case []any:
		schema["type"] = append(t[:len(t):len(t)], "null")
	}
	if enum, ok := schema["enum"].([]any); ok {
		schema["enum"] = append(enum[:len(enum):len(enum)], nil)
	}
}
