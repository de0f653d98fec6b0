package fake

import (
	"fmt"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/parser"
)

// field is a value that depends on arguments.
type field func(args object) (any, error)

// failed is an error of GraphQL, beside an answer of 200.
type failed struct{ kind, message string }

func (e *failed) Error() string { return e.message }

// run is the execution of one document against objects: each has its __typename and its fields by name.
type run struct {
	doc    *ast.QueryDocument
	vars   object
	errors []any
}

func (f *Fake) graphql(c *call) (reply, error) {
	doc, err := parser.ParseQuery(&ast.Source{Input: c.text("query")})
	if err != nil || len(doc.Operations) != 1 {
		return reply{200, object{"errors": []any{object{"message": fmt.Sprint("Parse error: ", err)}}}}, nil
	}
	if f.NoTeams && strings.Contains(c.text("query"), "on Team") {
		return reply{200, object{"errors": []any{object{"type": "INSUFFICIENT_SCOPES", "message": "Your token has not been granted the required scopes to execute this query. " +
			"The 'slug' field requires one of the following scopes: ['read:org', 'read:discussion'], but your token has only been granted the: ['repo'] scopes."}}}}, nil
	}
	vars, _ := c.body["variables"].(object)
	x := &run{doc: doc, vars: vars}
	root := f.query(c)
	if doc.Operations[0].Operation == ast.Mutation {
		root = f.mutation(c)
	}
	data := x.selection(doc.Operations[0].SelectionSet, root, nil)
	out := object{"data": data}
	if len(x.errors) > 0 {
		out["errors"] = x.errors
	}
	return reply{200, out}, nil
}

// selection answers what is asked of one object.
func (x *run) selection(set ast.SelectionSet, of object, path []any) object {
	out := object{}
	for _, s := range set {
		switch s := s.(type) {
		case *ast.Field:
			out[s.Alias] = x.field(s, of, append(append([]any{}, path...), s.Alias))
		case *ast.InlineFragment:
			x.fragment(s.TypeCondition, s.SelectionSet, of, path, out)
		case *ast.FragmentSpread:
			d := x.doc.Fragments.ForName(s.Name)
			if d == nil {
				x.fail(path, &failed{"", "Fragment " + s.Name + " was used, but not defined"})
				continue
			}
			x.fragment(d.TypeCondition, d.SelectionSet, of, path, out)
		}
	}
	return out
}

func (x *run) fragment(on string, set ast.SelectionSet, of object, path []any, out object) {
	if on != of["__typename"] {
		return
	}
	for k, v := range x.selection(set, of, path) {
		out[k] = v
	}
}

func (x *run) field(s *ast.Field, of object, path []any) any {
	value, known := of[s.Name]
	if !known {
		x.fail(path, &failed{"", fmt.Sprintf("Field '%s' doesn't exist on type '%v'", s.Name, of["__typename"])})
		return nil
	}
	if f, ok := value.(field); ok {
		args := object{}
		for _, a := range s.Arguments {
			if v, err := a.Value.Value(x.vars); err == nil && (v != nil || a.Value.Kind != ast.Variable) {
				args[a.Name] = v
			}
		}
		var err error
		if value, err = f(args); err != nil {
			x.fail(path, err)
			return nil
		}
	}
	return x.value(s, value, path)
}

func (x *run) value(s *ast.Field, value any, path []any) any {
	switch v := value.(type) {
	case object:
		if v == nil {
			return nil
		}
		return x.selection(s.SelectionSet, v, path)
	case []object:
		out := []any{}
		for i, one := range v {
			out = append(out, x.value(s, one, append(append([]any{}, path...), i)))
		}
		return out
	}
	return value
}

func (x *run) fail(path []any, err error) {
	no, ok := err.(*failed)
	if !ok {
		no = &failed{"UNPROCESSABLE", err.Error()}
	}
	e := object{"message": no.message, "path": path}
	if no.kind != "" {
		e["type"] = no.kind
	}
	x.errors = append(x.errors, e)
}
