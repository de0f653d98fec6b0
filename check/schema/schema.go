// Package schema holds manifests against schemas that are at hand: nothing is ever fetched.
//
//	schema.go      which schema a resource has
//	builtin.go     Kubernetes' own kinds: the types that its clients are made of, and when each version came and went
//	kinds.go       which types those are
//	definition.go  CustomResourceDefinitions, made into JSON Schemas
//	files.go       JSON Schemas that lie in the repository, under the names that schema collections give them
//	fits.go        what surely fits its type, told without reading it
//	compile.go     JSON Schemas, compiled once
//
// A schema file of the repository goes before a definition, a definition before what is built in.
package schema

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"go.yaml.in/yaml/v3"

	"github.com/ferry-cd/ferry/check"
	"github.com/ferry-cd/ferry/render"
)

// Judge gives the resources that do not fit their schema. The error is about files that cannot be read.
func Judge(ctx context.Context, q check.Schemas, ms render.Manifests) ([]check.Finding, error) {
	level := check.Warning
	if q.Strict {
		level = check.Error
	}
	j := &judge{Schemas: q, definitions: definitionsIn(ms, q.Definitions)}
	var findings []check.Finding
	for i := range ms {
		if err := ctx.Err(); err != nil {
			return nil, fmt.Errorf("hold manifests against schemas: %w", err)
		}
		mistakes, err := j.resource(ctx, &ms[i])
		if err != nil {
			return nil, err
		}
		for _, m := range mistakes {
			findings = append(findings, check.Finding{Rule: check.SchemaRule, Level: m.level(level), File: ms[i].Path, Field: m.field,
				Message: ms[i].Identity.String() + ": " + m.text, Hint: m.hint})
		}
	}
	slices.SortStableFunc(findings, func(a, b check.Finding) int { return cmp.Compare(a.File, b.File) })
	return findings, nil
}

// judge is one question, answered.
type judge struct {
	check.Schemas
	definitions map[[2]string]*render.Manifest // by group and kind
}

// mistake is one thing in which a resource does not fit.
type mistake struct {
	field, text, hint string
	mild              bool // a warning, however strict the question
}

func (m mistake) level(l check.Level) check.Level {
	if m.mild {
		return check.Warning
	}
	return l
}

// maxMistakes of one resource are told.
const maxMistakes = 10

func (j *judge) resource(ctx context.Context, m *render.Manifest) ([]mistake, error) {
	if m.Kind == "CustomResourceDefinition" && served[m.Group] && j.file(m) == "" && j.definitions[[2]string{m.Group, m.Kind}] == nil {
		return nil, nil // definitions are long, and nothing here judges them
	}
	if root := m.Node(); root == nil || root.Kind != yaml.MappingNode || isEncrypted(root) {
		return nil, nil // its values are not what they will be
	}
	found, err := j.mistakes(ctx, m)
	if n := len(found); n > maxMistakes {
		found = append(found[:maxMistakes:maxMistakes], mistake{text: fmt.Sprintf("and %d mistakes more", n-maxMistakes)})
	}
	return found, err
}

func isEncrypted(root *yaml.Node) bool {
	sops := field(root, "sops")
	return sops != nil && sops.Tag != "!!null"
}

func (j *judge) mistakes(ctx context.Context, m *render.Manifest) ([]mistake, error) {
	if name := j.file(m); name != "" {
		compiled, err := j.compileFile(ctx, name)
		if err != nil {
			return nil, err
		}
		object, err := m.Value()
		return validate(compiled, object), err
	}
	if d := j.definitions[[2]string{m.Group, m.Kind}]; d != nil {
		return byDefinition(d, m), nil
	}
	// Most resources of an app say the same in every environment.
	own := m.Once(judged{j.Version}, func() any { return builtIn(m, j.Version) }).(verdict)
	if own.known {
		return own.found, nil
	}
	if j.Strict {
		return []mistake{{text: "there is no schema for " + m.APIVersion, hint: "put its CustomResourceDefinition, or a JSON Schema, into .ferry/schemas", mild: true}}, nil
	}
	return nil, nil
}

// judged is what a verdict on one of Kubernetes' own kinds depends on besides the resource.
type judged struct{ version string }

// verdict says what is wrong with a resource; known is false for kinds that are not Kubernetes' own.
type verdict struct {
	found []mistake
	known bool
}
