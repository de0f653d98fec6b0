package helm

import (
	"bytes"
	"fmt"

	"helm.sh/helm/v3/pkg/chart"

	"github.com/ferry-cd/ferry/render"
)

// assemble puts rendered templates into the CLI's order and prints them as it does.
func assemble(ch *chart.Chart, files map[string]string, r render.Request) (render.Output, error) {
	all, err := sortManifests(files)
	if err != nil {
		return render.Output{}, yamlError(ch, r.Dir, err)
	}
	kept, notices, err := sortHooks(all.hooks, r)
	if err != nil {
		return render.Output{}, err
	}
	if ch.Metadata.Deprecated {
		notices = append(notices, join(r.Dir, "Chart.yaml")+": the chart is deprecated")
	}
	for _, name := range all.unknown { // Helm drops them without a word; Helm 2 had other hooks
		notices = append(notices, name+": a resource whose helm.sh/hook Helm does not know is left out, as Helm does")
	}
	p := &printer{}
	if r.IncludeCRDs {
		for _, crd := range ch.CRDObjects() {
			const firstLine = 1 // definitions are printed as they stand in their file
			p.print(crd.Filename, string(crd.File.Data), render.Split(render.Document{Source: crd.Filename, Line: firstLine, Data: crd.File.Data}))
		}
	}
	for _, m := range all.plain {
		p.print(m.file, m.text, m.documents)
	}
	p.trim()
	for _, h := range kept {
		p.print(h.Path, h.Manifest, render.Split(render.Document{Source: h.Path, Data: []byte(h.Manifest)}))
	}
	return render.Output{Raw: p.raw, Documents: p.documents, Notices: notices}, nil
}

// printer prints as `helm template` does and remembers the documents it printed.
type printer struct {
	raw       []byte
	documents []render.Document
}

// print prints one of Helm's manifests. It may hold several documents, or none: Helm cuts where its pattern matches.
func (p *printer) print(source, content string, documents []render.Document) {
	p.raw = fmt.Appendf(p.raw, "---\n# Source: %s\n%s\n", source, content)
	p.documents = append(p.documents, documents...)
}

// trim ends what came before the hooks with exactly one line feed.
func (p *printer) trim() { p.raw = append(bytes.TrimSpace(p.raw), '\n') }
