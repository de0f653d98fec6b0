package charts

import (
	"errors"
	"fmt"
	"strings"

	"github.com/Masterminds/semver/v3"
	"go.yaml.in/yaml/v3"

	"github.com/ferry-cd/ferry/archive"
)

// Metadata is what of a Chart.yaml matters here.
type Metadata struct {
	Name         string       `yaml:"name"`
	Version      string       `yaml:"version"`
	APIVersion   string       `yaml:"apiVersion"`
	Dependencies []Dependency `yaml:"dependencies"`
}

// Dependency is a chart that another one needs.
type Dependency struct {
	Name       string `yaml:"name"`
	Version    string `yaml:"version"`
	Repository string `yaml:"repository"`
}

// Open opens the archive of a chart. One whose name or version is another than was asked for is refused; "" asks for
// nothing.
func Open(data []byte, name, version string) (Chart, error) {
	packed, err := archive.Unpack(data, archive.Limits{})
	if err != nil {
		return Chart{}, err
	}
	c := Chart{Digest: Digest(data), Archive: data, Files: make(map[string][]byte, len(packed))}
	top := ""
	for p, content := range packed {
		folder, rest, below := strings.Cut(p, "/")
		if !below || top != "" && folder != top {
			return Chart{}, errors.New("a chart's archive holds one folder, and everything is in it; this one does not")
		}
		top = folder
		c.Files[rest] = content
	}
	m, err := ReadMetadata(c.Files["Chart.yaml"])
	if err != nil {
		return Chart{}, err
	}
	switch c.Name, c.Version = m.Name, m.Version; {
	case name != "" && m.Name != name:
		return Chart{}, fmt.Errorf("its Chart.yaml names it %q, not %q", m.Name, name)
	case version != "" && !same(m.Version, version):
		return Chart{}, fmt.Errorf("its Chart.yaml says version %q, not %q", m.Version, version)
	}
	return c, nil
}

// ReadMetadata reads a Chart.yaml.
func ReadMetadata(data []byte) (Metadata, error) {
	var m Metadata
	if data == nil {
		return m, errors.New("there is no Chart.yaml")
	}
	if err := yaml.Unmarshal(data, &m); err != nil {
		return m, fmt.Errorf("its Chart.yaml cannot be read: %w", err)
	}
	switch {
	case m.Name == "" || m.Name == "." || m.Name == ".." || strings.ContainsAny(m.Name, `/\`):
		return m, fmt.Errorf("its Chart.yaml has the name %q, which is none", m.Name)
	case m.Version == "":
		return m, errors.New("its Chart.yaml has no version")
	}
	if _, err := semver.NewVersion(m.Version); err != nil {
		return m, fmt.Errorf("its Chart.yaml has the version %q, which is none", m.Version)
	}
	return m, nil
}
