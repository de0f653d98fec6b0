package schema

import (
	"context"
	"fmt"
	"path"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/ferry-cd/ferry/render"
)

// file finds the JSON Schema of a kind among those of the repository, by the names that collections of schemas use:
// cert-manager.io/certificate_v1.json, and deployment-apps-v1.json or service-v1.json. "" where there is none.
func (j *judge) file(m *render.Manifest) string {
	if j.Files == nil {
		return ""
	}
	kind, version := strings.ToLower(m.Kind), m.APIVersion[strings.LastIndexByte(m.APIVersion, '/')+1:]
	names := []string{kind + "-" + version + ".json"}
	if m.Group != "" {
		first, _, _ := strings.Cut(m.Group, ".")
		names = []string{m.Group + "/" + kind + "_" + version + ".json", kind + "-" + first + "-" + version + ".json"}
	}
	for _, name := range names {
		if j.Files.Has(name) {
			return name
		}
	}
	return ""
}

func (j *judge) compileFile(ctx context.Context, name string) (*jsonschema.Schema, error) {
	data, err := j.Files.Read(ctx, name)
	if err != nil {
		return nil, fmt.Errorf("read the schema %s: %w", name, err)
	}
	return cached(j.Files.ID(name), func() (*jsonschema.Schema, error) {
		doc, err := decode(data)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		compiled, err := compile(doc, name, func(other string) ([]byte, error) {
			if !j.Files.Has(other) {
				return nil, fmt.Errorf("%s refers to %s, which is not in .ferry/schemas; nothing is fetched", name, other)
			}
			return j.Files.Read(ctx, other)
		})
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		return compiled, nil
	})
}

// relative gives the file that a URL of ours names.
func relative(url string) (string, bool) {
	name, ok := strings.CutPrefix(url, base)
	return path.Clean(name), ok
}
