package main

import (
	"encoding/json"
	"reflect"

	"github.com/invopop/jsonschema"

	"github.com/ferry-cd/ferry/diff"
	"github.com/ferry-cd/ferry/report"
)

// reportSchema gives the JSON Schema of what plan, submit, advance and promote print with -o json.
func reportSchema() ([]byte, error) {
	return schemaOf(report.Document{}, "What ferry would do, or did")
}

// comparisonSchema gives that of what diff prints.
func comparisonSchema() ([]byte, error) {
	return schemaOf(report.Comparison{}, "What differs between two environments or commits")
}

func schemaOf(v any, title string) ([]byte, error) {
	r := jsonschema.Reflector{Anonymous: true, ExpandedStruct: true, AllowAdditionalProperties: true, Mapper: levelSchema}
	s := r.Reflect(v)
	s.Title = title
	data, err := json.MarshalIndent(s, "", "  ")
	return append(data, '\n'), err
}

// levelSchema tells that levels of risk are words.
func levelSchema(t reflect.Type) *jsonschema.Schema {
	if t != reflect.TypeFor[diff.Level]() {
		return nil
	}
	s := &jsonschema.Schema{Type: "string"}
	for l := diff.Off; l <= diff.Critical; l++ {
		s.Enum = append(s.Enum, l.String())
	}
	return s
}
