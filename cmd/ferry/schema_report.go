package main

import (
	"encoding/json"
	"reflect"

	"github.com/invopop/jsonschema"

	"github.com/ferry-cd/ferry/diff"
)

// schemaOf gives the JSON Schema of a document that a command prints.
func schemaOf(v any, title string) ([]byte, error) {
	r := jsonschema.Reflector{Anonymous: true, ExpandedStruct: true, AllowAdditionalProperties: true, Mapper: wordSchema}
	s := r.Reflect(v)
	s.Title = title
	data, err := json.MarshalIndent(s, "", "  ")
	return append(data, '\n'), err
}

// wordSchema tells that levels of risk are words.
func wordSchema(t reflect.Type) *jsonschema.Schema {
	if t != reflect.TypeFor[diff.Level]() {
		return nil
	}
	s := &jsonschema.Schema{Type: "string"}
	for l := diff.Off; l <= diff.Critical; l++ {
		s.Enum = append(s.Enum, l.String())
	}
	return s
}
