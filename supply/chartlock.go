package supply

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"

	"go.yaml.in/yaml/v3"
)

// dependency is one of Chart.yaml as Helm writes it down for the digest of Chart.lock; the order and the words of the
// fields are part of it.
type dependency struct {
	Name         string   `json:"name" yaml:"name"`
	Version      string   `json:"version,omitempty" yaml:"version"`
	Repository   string   `json:"repository" yaml:"repository"`
	Condition    string   `json:"condition,omitempty" yaml:"condition"`
	Tags         []string `json:"tags,omitempty" yaml:"tags"`
	Enabled      bool     `json:"enabled,omitempty" yaml:"enabled"`
	ImportValues []any    `json:"import-values,omitempty" yaml:"import-values"`
	Alias        string   `json:"alias,omitempty" yaml:"alias"`
}

// chartLock is Chart.lock, or requirements.lock of older charts.
type chartLock struct {
	Dependencies []*dependency `yaml:"dependencies"`
	Digest       string        `yaml:"digest"`
}

// dependenciesOf reads what a chart asks for, and where it says so.
func dependenciesOf(files map[string][]byte, dir string) (file string, asked []*dependency, err error) {
	var chart struct {
		APIVersion   string        `yaml:"apiVersion"`
		Dependencies []*dependency `yaml:"dependencies"`
	}
	file = join(dir, "Chart.yaml")
	if err := yaml.Unmarshal(files[file], &chart); err != nil {
		return file, nil, wrong(file, "", "it cannot be read: %v", err)
	}
	if old := join(dir, "requirements.yaml"); chart.APIVersion == "v1" && files[old] != nil {
		file = old
		if err := yaml.Unmarshal(files[file], &chart); err != nil {
			return file, nil, wrong(file, "", "it cannot be read: %v", err)
		}
	}
	for _, d := range chart.Dependencies {
		if d == nil || d.Name == "" {
			return file, nil, wrong(file, "", "a dependency has no name")
		}
	}
	return file, chart.Dependencies, nil
}

// lockedBy puts the versions of Chart.lock in the place of ranges, where there is one. It has to be about these
// dependencies: the same digest that Helm makes and compares.
func lockedBy(files map[string][]byte, dir string, asked []*dependency) ([]*dependency, error) {
	for _, name := range []string{"Chart.lock", "requirements.lock"} {
		file := join(dir, name)
		data, there := files[file]
		if !there {
			continue
		}
		var lock chartLock
		if err := yaml.Unmarshal(data, &lock); err != nil {
			return nil, wrong(file, "", "it cannot be read: %v", err)
		}
		if !lock.about(asked) {
			return nil, wrong(file, "run `helm dependency update`, then `ferry vendor`", "it is not about the dependencies of %s: they have changed since", join(dir, "Chart.yaml"))
		}
		if len(lock.Dependencies) != len(asked) {
			return nil, wrong(file, "", "it has %d dependencies, not %d", len(lock.Dependencies), len(asked))
		}
		return lock.Dependencies, nil
	}
	return asked, nil
}

// about compares the digest as Helm 3 makes it, and as Helm 2 did.
func (l chartLock) about(asked []*dependency) bool {
	if l.Digest == digestOf([2][]*dependency{asked, l.Dependencies}) {
		return true
	}
	return l.Digest == digestOf(map[string][]*dependency{"dependencies": asked})
}

func digestOf(v any) string {
	data, err := json.Marshal(v)
	if err != nil {
		return fmt.Sprint(err) // import-values of a form that JSON does not know: no digest is like it
	}
	sum := sha256.Sum256(data)
	return "sha256:" + hex.EncodeToString(sum[:])
}
