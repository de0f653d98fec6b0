package schema

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"golang.org/x/text/language"
	"golang.org/x/text/message"
)

// base is where schemas seem to lie. A reference that leaves it is refused.
const base = "schemas:///"

var compiled sync.Map // of func() (*jsonschema.Schema, error), by key

// cached compiles once for each key, which tells schemas apart by their content.
func cached(key string, make func() (*jsonschema.Schema, error)) (*jsonschema.Schema, error) {
	once, _ := compiled.LoadOrStore(key, sync.OnceValues(make))
	return once.(func() (*jsonschema.Schema, error))()
}

func decode(data []byte) (any, error) {
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(data))
	if err != nil {
		return nil, fmt.Errorf("not JSON: %w", err)
	}
	return doc, nil
}

// compile compiles a schema; read gives the files it refers to. The library panics on some that are no schemas at all.
func compile(doc any, name string, read func(string) ([]byte, error)) (s *jsonschema.Schema, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("not a usable JSON Schema: %v", p)
		}
	}()
	if m, ok := doc.(map[string]any); ok { // numbers as the library wants them
		data, err := json.Marshal(m)
		if err != nil {
			return nil, err
		}
		if doc, err = decode(data); err != nil {
			return nil, err
		}
	}
	c := jsonschema.NewCompiler()
	c.DefaultDraft(jsonschema.Draft7)
	c.UseLoader(loader(read))
	if err := c.AddResource(base+name, doc); err != nil {
		return nil, err
	}
	return c.Compile(base + name)
}

// loader opens files of the repository and nothing else.
type loader func(string) ([]byte, error)

// Load implements jsonschema.URLLoader.
func (l loader) Load(url string) (any, error) {
	name, ours := relative(url)
	if l == nil || !ours {
		return nil, fmt.Errorf("refers to %s; a schema may only refer to files beside it", url)
	}
	data, err := l(name)
	if err != nil {
		return nil, err
	}
	return decode(data)
}

// validate gives the innermost mistakes, each with its field.
func validate(s *jsonschema.Schema, object map[string]any) []mistake {
	err := s.Validate(object)
	var invalid *jsonschema.ValidationError
	if !errors.As(err, &invalid) {
		if err != nil {
			return []mistake{{text: err.Error()}}
		}
		return nil
	}
	var found []mistake
	collect(invalid, &found)
	return found
}

var words = message.NewPrinter(language.English)

func collect(e *jsonschema.ValidationError, found *[]mistake) {
	if len(e.Causes) == 0 {
		*found = append(*found, mistake{field: fieldPath(e.InstanceLocation), text: e.ErrorKind.LocalizedString(words)})
		return
	}
	for _, cause := range e.Causes {
		collect(cause, found)
	}
}

func fieldPath(location []string) string {
	var b strings.Builder
	for _, part := range location {
		switch {
		case strings.Trim(part, "0123456789") == "":
			b.WriteString("[" + part + "]")
		case strings.ContainsAny(part, ".[]/"):
			fmt.Fprintf(&b, "[%q]", part)
		case b.Len() > 0:
			b.WriteString("." + part)
		default:
			b.WriteString(part)
		}
	}
	return b.String()
}
