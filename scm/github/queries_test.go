package github_test

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"

	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/parser"
	"github.com/vektah/gqlparser/v2/validator"
	"github.com/vektah/gqlparser/v2/validator/rules"
)

// queries judges GraphQL by GitHub's schema.
type queries struct{ schema *ast.Schema }

func newQueries(file string) (*queries, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	doc, err := parser.ParseSchemas(validator.Prelude, &ast.Source{Name: file, Input: string(data)})
	if err != nil {
		return nil, err
	}
	for _, def := range doc.Definitions { // the schema as published says some fields twice
		names := map[string]bool{}
		def.Fields = slices.DeleteFunc(def.Fields, func(f *ast.FieldDefinition) bool {
			again := names[f.Name]
			names[f.Name] = true
			return again
		})
	}
	schema, err := validator.ValidateSchemaDocument(doc)
	if err != nil {
		return nil, err
	}
	return &queries{schema}, nil
}

// judge says what is wrong with a query and the answer to it; "" for nothing.
func (q *queries) judge(sent, answer []byte) string {
	var ask struct {
		Query     string
		Variables map[string]any
	}
	var reply struct {
		Data   map[string]any
		Errors []any
	}
	if err := json.Unmarshal(sent, &ask); err != nil {
		return "the request: " + err.Error()
	}
	if err := json.Unmarshal(answer, &reply); err != nil {
		return "the answer: " + err.Error()
	}
	doc, errs := gqlparser.LoadQueryWithRules(q.schema, ask.Query, rules.NewDefaultRules())
	if errs != nil {
		return "the query: " + errs.Error()
	}
	op := doc.Operations[0]
	if _, err := validator.VariableValues(q.schema, op, ask.Variables); err != nil {
		return "the variables: " + err.Error()
	}
	if len(reply.Errors) > 0 {
		return "" // parts are missing then
	}
	return q.selection(op.SelectionSet, reply.Data)
}

func (q *queries) selection(set ast.SelectionSet, data map[string]any) string {
	for _, s := range set {
		problem := ""
		switch s := s.(type) {
		case *ast.Field:
			problem = q.value(s, s.Definition.Type, data[s.Alias], s.Alias)
		case *ast.InlineFragment:
			if data["__typename"] == s.TypeCondition {
				problem = q.selection(s.SelectionSet, data)
			}
		case *ast.FragmentSpread:
			if len(data) > 0 {
				problem = q.selection(s.Definition.SelectionSet, data)
			}
		}
		if problem != "" {
			return problem
		}
	}
	return ""
}

// value checks one value against its type.
func (q *queries) value(f *ast.Field, t *ast.Type, v any, at string) string {
	if v == nil {
		if t.NonNull {
			return at + " is never null"
		}
		return ""
	}
	if t.Elem != nil {
		list, ok := v.([]any)
		if !ok {
			return at + " is a list"
		}
		for i, one := range list {
			if problem := q.value(f, t.Elem, one, fmt.Sprintf("%s[%d]", at, i)); problem != "" {
				return problem
			}
		}
		return ""
	}
	def := q.schema.Types[t.NamedType]
	switch text, isText := v.(string); {
	case def.Kind == ast.Enum && !slices.ContainsFunc(def.EnumValues, func(e *ast.EnumValueDefinition) bool { return e.Name == text }):
		return fmt.Sprintf("%s is never %v", at, v)
	case def.Kind == ast.Scalar && t.NamedType == "Int":
		if _, ok := v.(float64); !ok {
			return at + " is a number"
		}
	case def.Kind == ast.Scalar && t.NamedType == "Boolean":
		if _, ok := v.(bool); !ok {
			return at + " is true or false"
		}
	case def.Kind == ast.Scalar && !isText:
		return at + " is a text"
	case def.Kind == ast.Object || def.Kind == ast.Interface || def.Kind == ast.Union:
		object, ok := v.(map[string]any)
		if !ok {
			return at + " is an object"
		}
		return q.selection(f.SelectionSet, object)
	}
	return ""
}
