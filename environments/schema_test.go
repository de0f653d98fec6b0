package environments

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"go.yaml.in/yaml/v3"
	sigsyaml "sigs.k8s.io/yaml"
)

func compile(t *testing.T, schema func() ([]byte, error)) *jsonschema.Schema {
	t.Helper()
	data, err := schema()
	if err != nil {
		t.Fatal(err)
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("schema.json", doc); err != nil {
		t.Fatal(err)
	}
	return c.MustCompile("schema.json")
}

// admits tells whether the schema takes a YAML file.
func admits(t *testing.T, s *jsonschema.Schema, text []byte) bool {
	t.Helper()
	data, err := sigsyaml.YAMLToJSON(text)
	if err != nil {
		return false
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	return s.Validate(doc) == nil
}

func TestSchemaAdmitsWhatIsValid(t *testing.T) {
	root, team := compile(t, Schema), compile(t, TeamSchema)
	for _, name := range validConfigs(t) {
		for file, text := range repo(t, name) {
			switch filepath.Base(file) {
			case RootFile:
				if !admits(t, root, []byte(text)) {
					t.Errorf("%s: the schema refuses %s", name, file)
				}
			case "ferry.app.yaml":
				if !admits(t, team, []byte(text)) || admits(t, root, []byte(text)) {
					t.Errorf("%s: the schemas do not tell %s from ferry.yaml", name, file)
				}
			}
		}
	}
}

// TestSchemaAndDecoderAgree breaks the form of testdata/config/shop in every place in every way, and wants both or
// neither to refuse. The decoder also knows more than a schema can say; those reports are left out of the comparison.
func TestSchemaAndDecoderAgree(t *testing.T) {
	schema := compile(t, Schema)
	original, err := os.ReadFile("testdata/config/shop/ferry.yaml")
	if err != nil {
		t.Fatal(err)
	}
	r, refused := repo(t, "shop"), 0
	for _, m := range mutants(t, original) {
		r[RootFile] = string(m.text)
		_, err := Load(context.Background(), r)
		decoder, schema := formProblem(err), !admits(t, schema, m.text)
		if decoder != schema {
			t.Errorf("%s: the decoder refuses: %t, the schema: %t; %v", m.name, decoder, schema, err)
		}
		if schema {
			refused++
		}
	}
	if refused < 300 {
		t.Errorf("only %d mutants were refused", refused)
	}
}

// formProblem tells whether Load complains about the form: keys, types, what is required.
func formProblem(err error) bool {
	var ps Problems
	if !errors.As(err, &ps) {
		return false
	}
	return slices.ContainsFunc(ps, func(p Problem) bool {
		return strings.Contains(p.Message, "there is no key") || strings.Contains(p.Message, " must be ") ||
			strings.Contains(p.Message, "has no name") || strings.Contains(p.Message, "an entry of overrides has no") || strings.Contains(p.Message, "has no source") || strings.Contains(p.Message, "has no repository") ||
			strings.Contains(p.Message, "has no environments") || strings.Contains(p.Message, "has no version") ||
			strings.Contains(p.Message, "has no from") || strings.Contains(p.Message, "has no to") || strings.Contains(p.Message, "has no zone") ||
			strings.Contains(p.Message, "has no reason") || strings.Contains(p.Message, "has no pattern") || strings.Contains(p.Message, "has no path") || strings.Contains(p.Message, "has no kind") ||
			strings.Contains(p.Message, "has no rule") || strings.Contains(p.Message, "has no message") || strings.Contains(p.Message, "of the format, not")
	})
}

type mutant struct {
	name string
	text []byte
}

// mutants changes each value of a document to each other type, adds a key to each mapping that has fixed ones, and takes
// each key away.
func mutants(t *testing.T, original []byte) []mutant {
	t.Helper()
	var out []mutant
	var doc yaml.Node
	if err := yaml.Unmarshal(original, &doc); err != nil {
		t.Fatal(err)
	}
	write := func(name string) {
		text, err := yaml.Marshal(&doc)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, mutant{name, text})
	}
	var visit func(n *yaml.Node, path string)
	visit = func(n *yaml.Node, path string) {
		kept := *n
		for what, other := range map[string]yaml.Node{
			"null": {Kind: yaml.ScalarNode, Tag: "!!null", Value: "null"}, "a number": {Kind: yaml.ScalarNode, Tag: "!!int", Value: "7777"},
			"true": {Kind: yaml.ScalarNode, Tag: "!!bool", Value: "true"}, "an empty list": {Kind: yaml.SequenceNode, Tag: "!!seq"},
			"a list of lists": {Kind: yaml.SequenceNode, Tag: "!!seq", Content: []*yaml.Node{{Kind: yaml.SequenceNode, Tag: "!!seq"}}},
			"an odd mapping":  {Kind: yaml.MappingNode, Tag: "!!map", Content: []*yaml.Node{{Kind: yaml.ScalarNode, Value: "zebra"}, {Kind: yaml.MappingNode, Tag: "!!map"}}},
		} {
			if path == "" {
				break
			}
			*n = other
			write(path + " is " + what)
			*n = kept
		}
		for i := 0; n.Kind == yaml.MappingNode && i < len(n.Content); i += 2 {
			n.Content = slices.Delete(slices.Clone(kept.Content), i, i+2)
			write(path + " without " + kept.Content[i].Value)
			*n = kept
			visit(n.Content[i+1], join(path, n.Content[i].Value))
		}
		if n.Kind == yaml.SequenceNode && len(n.Content) > 0 {
			visit(n.Content[0], path+"[0]")
		}
	}
	visit(doc.Content[0], "")
	return out
}

// TestSchemasAreRead keeps the published schemas where a review sees them change.
func TestSchemasAreRead(t *testing.T) {
	for name, schema := range map[string]func() ([]byte, error){"ferry.schema.json": Schema, "ferry.app.schema.json": TeamSchema} {
		data, err := schema()
		if err != nil {
			t.Fatal(err)
		}
		golden(t, name, string(data))
	}
}
