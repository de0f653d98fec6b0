package render

import (
	"path"
	"slices"
	"strings"
)

// The kinds of templates, as their renderers call themselves.
const (
	helmKind      = "helm"
	kustomizeKind = "kustomize"
	plainKind     = "plain"
)

// DetectError says that a folder cannot be rendered, for it is of no kind or of two.
type DetectError struct {
	Dir  string
	Text string
	Next string
}

func (e *DetectError) Error() string { return e.Dir + ": " + e.Text }

// Hint is the next step; may be empty.
func (e *DetectError) Hint() string { return e.Next }

// ExitCode is that of wrong configuration.
func (e *DetectError) ExitCode() int { return 2 }

// Detect tells by what lies in a folder which renderer it is for: "helm", "kustomize" or "plain". The error is a *DetectError.
func Detect(files Files, dir string) (string, error) {
	dir = path.Clean(dir)
	chart, kustomization := has(files, dir, "Chart.yaml"), kustomizationIn(files, dir)
	near := nearest(files, dir)
	switch {
	case chart && kustomization != "":
		return "", &DetectError{Dir: dir, Text: "both Chart.yaml and " + kustomization + ", so it is not clear how to render it", Next: "remove one of the two, or point to a folder that has only one"}
	case chart:
		return helmKind, nil
	case kustomization != "":
		return kustomizeKind, nil
	case near != "" && under(near, dir):
		return "", &DetectError{Dir: dir, Text: "no Chart.yaml and no kustomization.yaml here but in " + near + " below it, so these are no plain manifests either", Next: "did you mean " + near + "?"}
	case containsFile(files, dir, IsPlain):
		return plainKind, nil
	}
	return "", nothing(files, dir, near)
}

// kustomizationNames are the file names that kustomize looks for.
var kustomizationNames = []string{"kustomization.yaml", "kustomization.yml", "Kustomization"}

func kustomizationIn(files Files, dir string) string {
	for _, name := range kustomizationNames {
		if has(files, dir, name) {
			return name
		}
	}
	return ""
}

// IsPlain tells by its name a file that the plain renderer reads: YAML, JSON or a template of them, in no hidden folder.
func IsPlain(name string) bool {
	return !isHiddenFile(name) && (isManifestName(name) || IsTemplate(name))
}

// IsTemplate tells by its name a file that the plain renderer executes as a Go template: a .yaml, .yml or .json with a second
// extension .tmpl or .gotmpl.
func IsTemplate(name string) bool {
	ext := path.Ext(name)
	return (ext == ".tmpl" || ext == ".gotmpl") && isManifestName(strings.TrimSuffix(name, ext))
}

func isManifestName(name string) bool {
	return slices.Contains([]string{".yaml", ".yml", ".json"}, path.Ext(name))
}

// isHiddenFile tells what lies in, or is, a dot file: configuration of tools such as .github.
func isHiddenFile(name string) bool {
	return strings.HasPrefix(name, ".") || strings.Contains(name, "/.")
}

func has(files Files, dir, name string) bool {
	_, ok := files[path.Join(dir, name)]
	return ok
}

func under(name, dir string) bool { return dir == "." || strings.HasPrefix(name, dir+"/") }

func containsFile(files Files, dir string, match func(name string) bool) bool {
	for name := range files {
		if under(name, dir) && match(strings.TrimPrefix(name, dir+"/")) {
			return true
		}
	}
	return false
}

func names(files Files) []string {
	all := make([]string, 0, len(files))
	for name := range files {
		all = append(all, name)
	}
	slices.Sort(all)
	return all
}

// nothing explains an empty or missing folder.
func nothing(files Files, dir, near string) error {
	e := &DetectError{Dir: dir, Text: "no Chart.yaml, no kustomization.yaml and no YAML files"}
	if !containsFile(files, dir, func(string) bool { return true }) {
		e.Text = "no such folder among the templates"
	}
	if near != "" {
		e.Next = "did you mean " + near + "?"
	}
	return e
}

// nearest gives the folder with a chart or kustomization that is the fewest steps away.
func nearest(files Files, dir string) string {
	best, steps := "", 0
	for _, name := range names(files) {
		if base := path.Base(name); isHiddenFile(name) || base != "Chart.yaml" && !slices.Contains(kustomizationNames, base) {
			continue
		}
		found := path.Dir(name)
		if d := distance(found, dir); best == "" || d < steps {
			best, steps = found, d
		}
	}
	return best
}

// distance counts the steps up and down from one folder to another.
func distance(a, b string) int {
	as, bs := parts(a), parts(b)
	common := 0
	for common < len(as) && common < len(bs) && as[common] == bs[common] {
		common++
	}
	return len(as) + len(bs) - 2*common
}

func parts(dir string) []string {
	if dir == "." {
		return nil
	}
	return strings.Split(dir, "/")
}
