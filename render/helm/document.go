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
			const firstLine = 1 // definitions are printed as they stand in their file
			p.manifest(crd.Filename, string(crd.File.Data), firstLine)
		}
	}
	for _, m := range manifests {
		p.manifest(m.Name, m.Content, 0)
	}
	p.trim()
	for _, h := range kept {
		p.manifest(h.Path, h.Manifest, 0)
	}
	return render.Output{Raw: p.raw, Documents: p.documents, Notices: notices}, nil
}

// printer prints as `helm template` does and remembers the documents it printed.
type printer struct {
	raw       []byte
	documents []render.Document
}

// manifest prints one of Helm's manifests. It may hold several documents, or none: Helm cuts where its pattern matches.
func (p *printer) manifest(source, content string, line int) {
	p.raw = fmt.Appendf(p.raw, "---\n# Source: %s\n%s\n", source, content)
	p.documents = append(p.documents, render.Split(render.Document{Source: source, Line: line, Data: []byte(content)})...)
}

// trim ends what came before the hooks with exactly one line feed.
func (p *printer) trim() { p.raw = append(bytes.TrimSpace(p.raw), '\n') }

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
