package helm

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strings"

	"helm.sh/helm/v3/pkg/chart"
	"helm.sh/helm/v3/pkg/release"
	"helm.sh/helm/v3/pkg/releaseutil"

	"github.com/ferry-cd/ferry/render"
)

// assemble puts rendered templates into the CLI's order and prints them as it does.
func assemble(ch *chart.Chart, files map[string]string, r render.Request) (render.Output, error) {
	hooks, manifests, err := releaseutil.SortManifests(files, nil, releaseutil.InstallOrder)
	if err != nil {
		return render.Output{}, yamlError(ch, r.Dir, err)
	}
	kept, notices, err := sortHooks(hooks, r)
	if err != nil {
		return render.Output{}, err
	}
	if ch.Metadata.Deprecated {
		notices = append(notices, join(r.Dir, "Chart.yaml")+": the chart is deprecated")
	}
	notices = append(notices, skippedHooks(files)...)
	p := &printer{}
	if r.IncludeCRDs {
		for _, crd := range ch.CRDObjects() {
			p.manifest(crd.Filename, string(crd.File.Data))
		}
	}
	for _, m := range manifests {
		p.manifest(m.Name, m.Content)
	}
	p.trim()
	for _, h := range kept {
		p.manifest(h.Path, h.Manifest)
	}
	return render.Output{Raw: p.raw, Documents: p.documents, Notices: notices}, nil
}

// printer prints as `helm template` does and remembers the documents it printed.
type printer struct {
	raw       []byte
	documents []render.Document
}

func (p *printer) manifest(source, content string) {
	p.raw = fmt.Appendf(p.raw, "---\n# Source: %s\n%s\n", source, content)
	for _, d := range split([]byte(content)) {
		p.documents = append(p.documents, render.Document{Source: source, Data: d})
	}
}

// trim ends what came before the hooks with exactly one line feed.
func (p *printer) trim() { p.raw = append(bytes.TrimSpace(p.raw), '\n') }

// split cuts a YAML stream where YAML does: at a line that starts with "---" or "..." and then ends or goes on after a
// space. Such a line ends a document even inside a block or a quoted text. Documents of comments alone are left out.
func split(stream []byte) [][]byte {
	var out [][]byte
	var doc []byte
	flush := func() {
		if !blank(doc) {
			out = append(out, doc)
		}
		doc = nil
	}
	for line := range bytes.Lines(stream) {
		switch {
		case marker(line, "---"):
			flush()
			doc = append(doc, bytes.TrimLeft(line[3:], " \t")...)
		case marker(line, "..."):
			flush()
		default:
			doc = append(doc, line...)
		}
	}
	flush()
	return out
}

func marker(line []byte, mark string) bool {
	rest, ok := bytes.CutPrefix(line, []byte(mark))
	return ok && (len(rest) == 0 || strings.IndexByte(" \t\r\n", rest[0]) >= 0)
}

func blank(doc []byte) bool {
	for line := range bytes.Lines(doc) {
		if text := bytes.TrimSpace(line); len(text) > 0 && text[0] != '#' {
			return false
		}
	}
	return true
}

// skippedHooks tells of resources that Helm drops without a word because their hook is none it knows (Helm 2 had others).
func skippedHooks(files map[string]string) []string {
	var notices []string
	for _, name := range slices.Sorted(maps.Keys(files)) {
		text := files[name]
		if !strings.Contains(text, release.HookAnnotation) {
			continue
		}
		hooks, manifests, err := releaseutil.SortManifests(map[string]string{name: text}, nil, releaseutil.InstallOrder)
		if err == nil && len(hooks)+len(manifests) < len(releaseutil.SplitManifests(text)) {
			notices = append(notices, name+": a resource whose helm.sh/hook Helm does not know is left out, as Helm does")
		}
	}
	return notices
}
