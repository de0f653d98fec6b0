package helm

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"sync"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"helm.sh/helm/v3/pkg/chart"

	"github.com/ferry-cd/ferry/render/helm/chartutil"
)

// schemaURL is the name under which Helm knows every values.schema.json; relative references resolve against it.
const schemaURL = "file:///values.schema.json"

// checkSchemas holds the values of the chart and of every subchart against their schemas and reports all mistakes.
func (b *blueprint) checkSchemas(ch *chart.Chart, values chartutil.Values, dir string) error {
	err := b.checkChart(ch, values, dir)
	if err == nil {
		return nil
	}
	return &SchemaError{err: err}
}

func (b *blueprint) checkChart(ch *chart.Chart, values map[string]any, dir string) error {
	var errs []error
	if ch.Schema != nil {
		if err := b.checkSchema(values, ch.Schema); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", join(dir, "values.schema.json"), err))
		}
	}
	for _, sub := range ch.Dependencies() {
		raw := values[sub.Name()]
		if raw == nil {
			continue
		}
		file := join(dir, "charts/"+sub.Name())
		subValues, ok := raw.(map[string]any)
		if !ok {
			errs = append(errs, fmt.Errorf("%s: the values of a subchart are a map, not a %T", file, raw))
			continue
		}
		errs = append(errs, b.checkChart(sub, subValues, file))
	}
	return errors.Join(errs...)
}

// checkSchema applies one schema. The library panics on some that are not schemas at all.
func (b *blueprint) checkSchema(values chartutil.Values, schema []byte) (err error) {
	defer recovered(&err)
	compiled, err := b.schemas.compiled(schema)
	if err != nil {
		return err
	}
	if err := compiled.Validate(values.AsMap()); err != nil {
		return errors.New(strings.TrimPrefix(err.Error(), "jsonschema validation failed with '"+schemaURL+"#'\n"))
	}
	return nil
}

func recovered(err *error) {
	if r := recover(); r != nil {
		*err = fmt.Errorf("not a usable JSON schema: %v", r)
	}
}

// compiledSchema is a schema that is ready to be applied, or why it never will be.
type compiledSchema struct {
	*jsonschema.Schema
	err  error
	once sync.Once
}

// schemas are those that were compiled, by their text. That takes far longer than to apply one, and charts that were made from
// one model have the same.
type schemas struct {
	mu   sync.Mutex
	kept map[string]*compiledSchema
	size int
}

// maxSchemas bounds the text of the schemas that are remembered.
const maxSchemas = 4 << 20

// compiled compiles each schema once.
func (s *schemas) compiled(schema []byte) (*jsonschema.Schema, error) {
	c := s.of(schema)
	c.once.Do(func() { c.Schema, c.err = compile(schema) })
	return c.Schema, c.err
}

func (s *schemas) of(schema []byte) *compiledSchema {
	s.mu.Lock()
	defer s.mu.Unlock()
	c, ok := s.kept[string(schema)]
	if ok {
		return c
	}
	if s.size += len(schema); s.kept == nil || s.size > maxSchemas {
		s.kept, s.size = map[string]*compiledSchema{}, len(schema)
	}
	c = &compiledSchema{}
	s.kept[string(schema)] = c
	return c
}

func compile(schema []byte) (compiled *jsonschema.Schema, err error) {
	defer recovered(&err)
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(schema))
	if err != nil {
		return nil, fmt.Errorf("not JSON: %w", err)
	}
	compiler := jsonschema.NewCompiler()
	compiler.UseLoader(closedLoader{})
	if err := compiler.AddResource(schemaURL, doc); err != nil {
		return nil, err
	}
	if compiled, err = compiler.Compile(schemaURL); err != nil {
		return nil, compileError(err)
	}
	return compiled, nil
}

// closedLoader is asked for every document a schema refers to outside itself. Helm would fetch it or open the file.
type closedLoader struct{}

func (closedLoader) Load(url string) (any, error) {
	// Helm cannot resolve a URN and takes one as "anything goes"; so must we, or a chart that installs would not render.
	if strings.HasPrefix(url, "urn:") {
		return true, nil
	}
	return nil, &remoteSchema{url}
}

// remoteSchema is a $ref that leaves the chart.
type remoteSchema struct{ url string }

func (e *remoteSchema) Error() string {
	return fmt.Sprintf("refers to %s; a schema may only refer to itself, a render opens neither network nor files", e.url)
}

func (e *remoteSchema) Hint() string {
	return "copy the definitions into values.schema.json and refer to them as #/$defs/..."
}

// compileError brings a refused reference to the front, from under the library's layers.
func compileError(err error) error {
	var remote *remoteSchema
	var load *jsonschema.LoadURLError
	if errors.As(err, &load) && errors.As(load.Err, &remote) {
		return remote
	}
	return err
}
