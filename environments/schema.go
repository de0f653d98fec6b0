package environments

import (
	"encoding/json"
	"reflect"
	"strings"

	"github.com/invopop/jsonschema"
)

// Where the JSON Schemas are published.
const (
	SchemaID     = "https://ferry-cd.github.io/ferry/schema/ferry-v1.json"
	TeamSchemaID = "https://ferry-cd.github.io/ferry/schema/ferry-app-v1.json"
)

// Schema gives the JSON Schema of ferry.yaml, made from the types that the decoder fills.
func Schema() ([]byte, error) {
	return schemaOf(rootFile{}, SchemaID, "The configuration of a GitOps repository for ferry")
}

// TeamSchema gives the JSON Schema of the files that ferry.yaml includes.
func TeamSchema() ([]byte, error) {
	return schemaOf(teamFile{}, TeamSchemaID, "Apps of a team, included by ferry.yaml")
}

func schemaOf(file any, id, title string) ([]byte, error) {
	r := jsonschema.Reflector{
		Anonymous:                  true,
		ExpandedStruct:             true,
		FieldNameTag:               "yaml",
		RequiredFromJSONSchemaTags: true,
		Namer:                      func(t reflect.Type) string { return strings.TrimSuffix(t.Name(), "File") },
		Mapper:                     textSchema,
		LookupComment: func(t reflect.Type, name string) string {
			if name == "" {
				return ""
			}
			f, _ := t.FieldByName(name)
			return f.Tag.Get("doc")
		},
	}
	s := r.Reflect(file)
	s.ID, s.Title = jsonschema.ID(id), title
	data, err := json.MarshalIndent(s, "", "  ")
	return append(data, '\n'), err
}

// textSchema says what the rule of a kind of text says, as far as a schema can; nil for anything else.
func textSchema(t reflect.Type) *jsonschema.Schema {
	r, ok := ruleOf(reflect.Zero(t))
	if !ok {
		return nil
	}
	s := &jsonschema.Schema{Type: "string", Pattern: r.pattern}
	for _, word := range r.enum {
		s.Enum = append(s.Enum, word)
	}
	return s
}
