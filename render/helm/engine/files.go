// Package engine has what .Files shows, by the name that its type has in Helm: templates can print it.
package engine

import (
	"encoding/base64"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/gobwas/glob"
	"sigs.k8s.io/yaml"

	"github.com/ferry-cd/ferry/render"
)

type files map[string][]byte

// Files is what .Files shows: the files of a chart that are neither templates nor charts, by name.
func Files(byName map[string][]byte) any { return files(byName) }

// GetBytes gives a file, or nothing.
func (f files) GetBytes(name string) []byte {
	if data, ok := f[name]; ok {
		return data
	}
	return []byte{}
}

// Get gives a file as text, or "".
func (f files) Get(name string) string { return string(f[name]) }

// Glob gives the files whose names match. A pattern that is none matches everything, as in Helm.
func (f files) Glob(pattern string) files {
	g, err := glob.Compile(pattern, '/')
	if err != nil {
		g = glob.MustCompile("**")
	}
	matching := files{}
	for name, data := range f {
		if g.Match(name) {
			matching[name] = data
		}
	}
	return matching
}

// AsConfig gives the files as the YAML of a ConfigMap's data. Of two with the same last name the later path wins, always.
func (f files) AsConfig() string {
	return f.data(func(data []byte) string { return string(data) })
}

// AsSecrets gives the files as the YAML of a Secret's data.
func (f files) AsSecrets() string { return f.data(base64.StdEncoding.EncodeToString) }

func (f files) data(text func([]byte) string) string {
	if f == nil {
		return ""
	}
	entries := map[string]any{}
	for _, name := range slices.Sorted(maps.Keys(f)) {
		entries[path.Base(name)] = text(f[name])
	}
	printed, ok := render.PrintValues(entries)
	if !ok {
		printed, _ = yaml.Marshal(entries) // text cannot fail
	}
	return strings.TrimSuffix(string(printed), "\n")
}

// Lines gives the lines of a file.
func (f files) Lines(name string) []string {
	if len(f[name]) == 0 {
		return []string{}
	}
	return strings.Split(strings.TrimSuffix(string(f[name]), "\n"), "\n")
}
