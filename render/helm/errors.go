package helm

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"

	"helm.sh/helm/v3/pkg/chart"

	"github.com/ferry-cd/ferry/render"
)

// ChartError is a mistake in a file of the chart. File is named from the root of the file set where that is possible;
// a file of a subchart is named as Helm names it, because aliases hide the folder it came from.
type ChartError struct {
	File   string
	Line   int // 0 = unknown
	Column int // 0 = unknown
	Reason string
	hint   string
	err    error
}

// Unwrap gives what the library said, nil where it said nothing.
func (e *ChartError) Unwrap() error { return e.err }

func (e *ChartError) Error() string {
	place := e.File
	if e.Line > 0 {
		place += ":" + strconv.Itoa(e.Line)
	}
	if e.Column > 0 {
		place += ":" + strconv.Itoa(e.Column)
	}
	return place + ": " + e.Reason
}

// Hint is what to do next, "" where the reason says it.
func (e *ChartError) Hint() string {
	var limit *LimitError
	if e.hint == "" && errors.As(e.err, &limit) {
		return limit.Hint()
	}
	return e.hint
}

// DependencyError is a Chart.yaml that names charts which charts/ does not hold.
type DependencyError struct {
	File    string
	Missing []string
}

func (e *DependencyError) Error() string {
	return fmt.Sprintf("%s: not in charts/: %s", e.File, strings.Join(e.Missing, ", "))
}

// Hint is the recipe.
func (e *DependencyError) Hint() string {
	return "a render fetches nothing: run `helm dependency build` and commit the charts/ folder"
}

// SchemaError is a set of values that a values.schema.json does not allow, or a schema that cannot be used.
type SchemaError struct{ err error }

func (e *SchemaError) Error() string {
	return "the values do not fit the chart's schema:\n" + e.err.Error()
}
func (e *SchemaError) Unwrap() error { return e.err }

type versionError struct {
	given string
	err   error
}

func (e *versionError) Error() string {
	if e.given == "" {
		return "render a chart: the Kubernetes version is not known"
	}
	return fmt.Sprintf("render a chart for Kubernetes %q: %v", e.given, e.err)
}

func (e *versionError) Hint() string {
	return `say which with --kube-version 1.34, or kubernetes: {version: "1.34"} in ferry.yaml`
}
func (e *versionError) ExitCode() int { return 2 }

var yamlLine = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`yaml: line (\d+)`)
})

func valuesError(f render.File, err error) error {
	e := &ChartError{File: f.Path, Reason: "read the values: " + err.Error()}
	if m := yamlLine().FindStringSubmatch(err.Error()); m != nil {
		e.Line, _ = strconv.Atoi(m[1])
	}
	return e
}

// unpacking is how Helm begins the words for a subchart that cannot be loaded.
var unpacking = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^error unpacking subchart (\S+) in \S+: `)
})

// loadError finds the file in Helm's words for a chart that cannot be loaded.
func loadError(dir string, err error) error {
	e := &ChartError{File: dir, Reason: err.Error(), err: err}
	for m := unpacking().FindStringSubmatch(e.Reason); m != nil; m = unpacking().FindStringSubmatch(e.Reason) {
		e.File, e.Reason = join(e.File, "charts/"+m[1]), e.Reason[len(m[0]):]
	}
	for _, name := range []string{"Chart.yaml", "Chart.lock", "values.yaml", "requirements.yaml", "requirements.lock"} {
		if rest, ok := strings.CutPrefix(e.Reason, "cannot load "+name+": "); ok {
			e.File, e.Reason = join(e.File, name), rest
			break
		}
	}
	if strings.HasPrefix(e.Reason, "validation: chart.metadata") || strings.HasPrefix(e.Reason, "Chart.yaml file is missing") {
		e.File = join(e.File, "Chart.yaml")
	}
	if m := yamlLine().FindStringSubmatch(e.Reason); m != nil {
		e.Line, _ = strconv.Atoi(m[1])
	}
	return e
}

// position is how text/template names a place: file, line and, while executing, column.
var position = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`template: ([^\s:]+)(?::(\d+))?(?::(\d+))?: `)
})

func innermost(text string) []int {
	all := position().FindAllStringSubmatchIndex(text, -1)
	for _, m := range slices.Backward(all) {
		if text[m[2]:m[3]] != rootName {
			return m
		}
	}
	return nil
}

// templateError takes the place out of the words of text/template. The innermost template is the one to mend; a text that
// tpl was given has no place of its own.
func templateError(ch *chart.Chart, dir string, err error) error {
	if err == nil {
		return nil
	}
	text := err.Error()
	message, hasMessage := said(err)
	if hasMessage {
		text = strings.TrimSuffix(text, message)
	}
	m := innermost(text)
	if m == nil {
		return &ChartError{File: dir, Reason: err.Error(), err: err}
	}
	e := &ChartError{File: realPath(ch, dir, text[m[2]:m[3]]), Reason: strings.TrimSpace(text[m[1]:]), err: err}
	if hasMessage {
		e.Reason = message
	}
	if m[4] >= 0 {
		e.Line, _ = strconv.Atoi(text[m[4]:m[5]])
	}
	if m[6] >= 0 {
		e.Column, _ = strconv.Atoi(text[m[6]:m[7]])
	}
	return e
}

// yamlError is a template that rendered to something that is no YAML; the line is one of what it rendered.
func yamlError(ch *chart.Chart, dir string, err error) error {
	text := err.Error()
	rest, ok := strings.CutPrefix(text, "YAML parse error on ")
	if !ok {
		return &ChartError{File: dir, Reason: text}
	}
	file, reason, _ := strings.Cut(rest, ": ")
	return &ChartError{File: realPath(ch, dir, file), Reason: "renders to something that is not YAML: " + reason,
		hint: "the line counts from the last --- of what the template rendered"}
}

// realPath turns the chart's name at the start of a template's name back into its folder.
func realPath(ch *chart.Chart, dir, name string) string {
	rest, ok := strings.CutPrefix(name, ch.Name()+"/")
	if !ok || strings.HasPrefix(rest, "charts/") {
		return name
	}
	return join(dir, rest)
}

// Hint finds the next step of the first error that has one.
func (e *SchemaError) Hint() string {
	var remote *remoteSchema
	if errors.As(e.err, &remote) {
		return remote.Hint()
	}
	return ""
}
