package helm

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/ferry-cd/ferry/render"
)

// RandomError is a chart that renders to other manifests each time.
type RandomError struct {
	Dir       string
	Template  string   // of the first manifest that changes, "" where it is not known
	Functions []string // what may have caused it
	err       error    // of the second render, where that failed
}

func (e *RandomError) Error() string {
	text := fmt.Sprintf("chart in %s does not render to the same bytes twice: ", e.Dir)
	if e.Template != "" {
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
	return "set what the chart would make up as a value, or let an ExternalSecret or cert-manager make it in the cluster"
}

// ExitCode says that this was refused, not broken.
func (e *RandomError) ExitCode() int { return 3 }

func (e *RandomError) Unwrap() error { return e.err }

// randomError finds the first manifest that two renders disagree on. asked names functions by template; where the template
// of that manifest asked for nothing itself, another one did and left it in the values.
func randomError(dir string, a, b render.Output, asked map[string][]string, err error) error {
	e := &RandomError{Dir: dir, err: err}
	if err == nil {
		e.Template = firstChange(a.Documents, b.Documents)
	}
	e.Functions = slices.Sorted(slices.Values(asked[e.Template]))
	if len(e.Functions) == 0 {
		all := slices.Concat(slices.Collect(maps.Values(asked))...)
		slices.Sort(all)
		e.Functions = slices.Compact(all)
	}
	return e
}

func firstChange(a, b []render.Document) string {
	for i := range min(len(a), len(b)) {
		if a[i].Source != b[i].Source || !bytes.Equal(a[i].Data, b[i].Data) {
			return a[i].Source
		}
	}
	return ""
}
