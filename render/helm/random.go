package helm

import (
	"bytes"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"sync"

	"go.yaml.in/yaml/v3"

	"github.com/ferry-cd/ferry/render"
)

// RandomError is a chart that renders to other manifests each time.
type RandomError struct {
	Dir       string
	Template  string   // of the first manifest that changes, "" where it is not known
	Resource  string   // that manifest: Secret shop, or its kind where the name changes too
	Field     string   // the first field that changes: data.password
	Functions []string // what may have caused it
	err       error    // of the second render, where that failed
}

func (e *RandomError) Error() string {
	text := fmt.Sprintf("chart in %s does not render to the same bytes twice: ", e.Dir)
	switch {
	case e.Field != "":
		text += e.Template + ": " + e.Resource + ": " + e.Field + " "
	case e.Template != "":
		text += e.Template + " "
	}
	text += "depends on " + strings.Join(e.Functions, ", ")
	if e.err != nil {
		text += ", and fails with other results of them: " + e.err.Error()
	}
	return text
}

// Hint is the recipe.
func (e *RandomError) Hint() string {
	if slices.Contains(e.Functions, addresses) {
		return "print fields of such values, as {{ range .Chart.Maintainers }}{{ .Name }}{{ end }} does, and not the values"
	}
	made := "set what the chart would make up as a value, or let an ExternalSecret or cert-manager make it in the cluster"
	if slices.ContainsFunc(e.Functions, func(f string) bool { return slices.Contains(secrets, f) }) {
		return made
	}
	return made + "; deterministic: seeded on the app makes chance and time follow from the release"
}

// ExitCode says that this was refused, not broken.
func (e *RandomError) ExitCode() int { return 3 }

func (e *RandomError) Unwrap() error { return e.err }

// randomError finds the first manifest that two renders disagree on. asked names functions by template; where the template
// of that manifest asked for nothing itself, another one did and left it in the values.
func randomError(dir string, a, b render.Output, asked map[string][]string, err error) error {
	e := &RandomError{Dir: dir, err: err}
	if err == nil {
		e.find(a.Documents, b.Documents)
	}
	e.Functions = slices.Sorted(slices.Values(asked[e.Template]))
	if len(e.Functions) == 0 {
		all := slices.Concat(slices.Collect(maps.Values(asked))...)
		slices.Sort(all)
		e.Functions = slices.Compact(all)
	}
	return e
}

// find looks for the first manifest that is different, and the first field in it.
func (e *RandomError) find(a, b []render.Document) {
	for i := range min(len(a), len(b)) {
		if a[i].Source == b[i].Source && bytes.Equal(a[i].Data, b[i].Data) {
			continue
		}
		e.Template = a[i].Source
		one, err := a[i].Node()
		other, err2 := b[i].Node()
		if err == nil && err2 == nil && one != nil && other != nil {
			e.Resource, e.Field = resource(one, other), difference(one, other, "")
		}
		return
	}
}

// resource names what two renders made of one document; not by a name that only one of them gave it.
func resource(a, b *yaml.Node) string {
	kind, name := text(child(a, "kind")), text(child(child(a, "metadata"), "name"))
	if name == "" || name != text(child(child(b, "metadata"), "name")) {
		return kind
	}
	return kind + " " + name
}

// difference gives the path of the first field in which two trees differ; "" where they do not.
func difference(a, b *yaml.Node, path string) string {
	switch {
	case a.Kind != b.Kind || a.Kind == yaml.ScalarNode && a.Value != b.Value || len(a.Content) != len(b.Content):
		return path
	case a.Kind == yaml.MappingNode:
		for i := 0; i < len(a.Content); i += 2 {
			key := strings.TrimPrefix(path+"."+a.Content[i].Value, ".")
			if a.Content[i].Value != b.Content[i].Value {
				return path
			}
			if at := difference(a.Content[i+1], b.Content[i+1], key); at != "" {
				return at
			}
		}
	case a.Kind == yaml.SequenceNode:
		for i := range a.Content {
			if at := difference(a.Content[i], b.Content[i], fmt.Sprintf("%s[%d]", path, i)); at != "" {
				return at
			}
		}
	}
	return ""
}

func child(n *yaml.Node, key string) *yaml.Node {
	if n == nil || n.Kind != yaml.MappingNode {
		return nil
	}
	for i := 0; i < len(n.Content); i += 2 {
		if n.Content[i].Value == key {
			return n.Content[i+1]
		}
	}
	return nil
}

func text(n *yaml.Node) string {
	if n == nil {
		return ""
	}
	return n.Value
}

// addresses stands among functions for templates that print pointers: lists of the chart's maintainers and dependencies
// have some, and where they point is other in each process.
const addresses = "where values lie in memory"

var address = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile("0x[0-9a-f]{6,}") })

// mostSought bounds how many words of a chart are looked for in its files.
const mostSought = 64

// askedForAddresses notes which templates may have printed one: only a render of other values tells it from a number that
// a template made.
func (j *job) askedForAddresses(world *entropy) {
	sought := 0
	isMade := func(word string) bool {
		sought++
		return sought > mostSought || !j.reads(word)
	}
	for _, name := range slices.Sorted(maps.Keys(j.files)) {
		text := j.files[name]
		if strings.Contains(text, "0x") && slices.ContainsFunc(address().FindAllString(text, mostSought+1), isMade) {
			world.asked[name] = append(world.asked[name], addresses)
			j.changed = true
		}
	}
}

// reads tells whether a word stands in one of the files that the render reads.
func (j *job) reads(word string) bool {
	for _, data := range j.Files {
		if bytes.Contains(data, []byte(word)) {
			return true
		}
	}
	return slices.ContainsFunc(j.Values, func(f render.File) bool { return bytes.Contains(f.Data, []byte(word)) })
}
