// Package kustomize builds kustomizations in process, to the bytes that `kustomize build DIR` prints.
//
//	walk.go      which files a build reads, found before it starts; whatever lies outside the file set stops here
//	charts.go    helmCharts, rendered in process
//	plugin.go    generators and transformers: the built-in ones, and what their configuration reads
//	remote.go    what kustomize would take for a URL or a Git repository
//	direct*.go   kustomizations of the usual kind, built without the library
//	fence.go     the library's one global, its schema, kept from leaking between builds
//	disk.go      the file system that the library reads from
//	quiet.go     words that kustomize calls deprecated, replaced
//	split.go     very many resources, built in parts
//	stub.go      definitions of custom resources, of which the library sees little
//	last.go      labels and images, which come last where they may
//	print.go     resources as the library prints them
//	origin.go    which file a resource of the output came from, for messages
//	spread.go    how much a few lines may put into many resources
//	errors.go    what is wrong with a kustomization: file, line, column
//
// The library fetches URLs and runs git whatever file system it is given. So it only ever sees a file system in memory
// that holds exactly the files the walk has found, and never a name that the walk has not looked at.
package kustomize

import (
	"bytes"
	"context"
	"fmt"
	"path"
	"slices"

	"sigs.k8s.io/kustomize/api/konfig"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/api/resource"
	"sigs.k8s.io/kustomize/api/types"

	"github.com/ferry-cd/ferry/render"
)

// libraryVersion is the version of kustomize whose output this package reproduces; a test compares it with go.mod.
const libraryVersion = "v5.8.2"

// many resources in one build take the library a time that grows with their square: 1 s for 1,000, 20 s for 4,000. A
// kustomization that cannot be split is told.
const many = 1000

// mount is where the files of a build lie in its file system; the library cannot build in the root of one.
const mount = "/sources"

// Renderer builds kustomizations. It may be used by many goroutines at once.
type Renderer struct {
	charts render.Renderer // of helmCharts; nil refuses them
}

var _ render.Renderer = (*Renderer)(nil)

// New gives a builder of kustomizations.
func New() *Renderer { return &Renderer{} }

// Name is the kind of template folder it renders.
func (*Renderer) Name() string { return "kustomize" }

// Version is that of the kustomize command, as in v5.8.2.
func (*Renderer) Version() string { return libraryVersion }

// Render builds the kustomization in r.Dir of r.Files. Values, the release name and hooks mean nothing to it, and the
// namespace is the kustomization's own affair.
func (k *Renderer) Render(ctx context.Context, r render.Request) (render.Output, error) {
	w, err := walk(fromFiles(r.Files), listed(r.Files), r.Dir, r.Limits.Or(render.BuiltIn))
	if err != nil {
		return render.Output{}, err
	}
	if err := w.inflate(ctx, k.charts, r); err != nil {
		return render.Output{}, err
	}
	if err := w.checkSpread(); err != nil {
		return render.Output{}, err
	}
	ctx, cancel := w.limits.Within(ctx)
	defer cancel()
	if documents, ok := w.directly(ctx); ok {
		return w.output(documents), nil
	}
	w.last = w.lastOf()
	resources, err := build(ctx, w)
	if err != nil {
		return render.Output{}, err
	}
	return serialise(resources, w)
}

// build runs the library, under the fence, until it is done or ctx is, which is one of Within. A build cannot be stopped
// half way; one that nobody waits for any more ends on its own.
func build(ctx context.Context, w *walker) ([]*resource.Resource, error) {
	if ctx.Err() != nil { // nobody would wait for the library
		return nil, fmt.Errorf("build kustomization %s: %w", w.dir, render.Stopped(ctx))
	}
	type result struct {
		resources []*resource.Resource
		err       error
	}
	done := make(chan result, 1)
	go func() {
		var res result
		res.err = fenced(w.schema, func() (err error) {
			res.resources, err = w.run(ctx)
			return err
		})
		done <- res
	}()
	select {
	case <-ctx.Done():
		return nil, fmt.Errorf("build kustomization %s: %w", w.dir, render.Stopped(ctx))
	case res := <-done:
		if res.err != nil {
			return nil, fmt.Errorf("build kustomization %s: %w", w.dir, res.err)
		}
		return res.resources, nil
	}
}

// run builds with stubs of long definitions where that gives the same.
func (w *walker) run(ctx context.Context) ([]*resource.Resource, error) {
	if !w.leavesDefinitions() {
		return w.runWhole(ctx)
	}
	w.stubbing = true
	all, err := w.runWhole(ctx)
	if ctx.Err() != nil || len(w.stubs) == 0 || err == nil && hasAll(all, w.stubs) {
		return all, err
	}
	w.stubbing, w.stubs = false, nil
	return w.runWhole(ctx)
}

// runWhole builds in parts where that gives the same, else all at once.
func (w *walker) runWhole(ctx context.Context) ([]*resource.Resource, error) {
	parts, count, why := w.parts()
	w.whole = why
	if len(parts) > 1 {
		all, err := runParts(parts, count, func(files render.Files) ([]*resource.Resource, error) {
			if ctx.Err() != nil {
				return nil, context.Cause(ctx)
			}
			return w.runOn(files)
		})
		if err == nil || ctx.Err() != nil {
			return all, err
		}
		w.whole = "its resources cannot be built apart"
	}
	return w.runOn(w.files)
}

// runOn is `kustomize build` on files.
func (w *walker) runOn(files render.Files) ([]*resource.Resource, error) {
	if w.last != nil {
		if all, err := w.runWith(files, w.last); err == nil {
			return all, nil
		}
	}
	return w.runWith(files, nil)
}

// runWith applies some of the root kustomization last. Some input makes the library panic; its CLI crashes then.
func (w *walker) runWith(files render.Files, l *last) (all []*resource.Resource, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("kustomize cannot read it: %v", p)
		}
	}()
	given := make(render.Files, len(files))
	for name, data := range files {
		if modern, ok := w.modern[name]; ok {
			data = modern
		}
		if w.stubbing {
			data = w.stubbed(name, data)
		}
		given[name] = data
	}
	if l != nil {
		given[w.root] = l.text
	}
	disk, err := diskOf(given)
	if err != nil {
		return nil, err
	}
	o := krusty.MakeDefaultOptions()
	o.Reorder = krusty.ReorderOptionLegacy // the CLI's default, not the library's
	m, err := krusty.MakeKustomizer(o).Run(disk, path.Join(mount, w.dir))
	if err == nil && l != nil {
		err = l.apply(m)
	}
	if err != nil {
		return nil, err
	}
	return m.Resources(), managedBy(m.Resources(), w.metadata)
}

// managedBy corrects the label that names the version of kustomize: the library puts the version of the program around
// it there, which would be ferry's.
func managedBy(all []*resource.Resource, metadata []string) error {
	if !slices.Contains(metadata, types.ManagedByLabelOption) {
		return nil
	}
	for _, res := range all {
		labels := res.GetLabels()
		labels[konfig.ManagedbyLabelKey] = "kustomize-" + libraryVersion
		if err := res.SetLabels(labels); err != nil {
			return err
		}
	}
	return nil
}

// serialise prints the resources as the CLI does.
func serialise(all []*resource.Resource, w *walker) (render.Output, error) {
	documents, size := make([]render.Document, len(all)), 0
	for i, res := range all {
		doc, err := w.document(res)
		if err != nil {
			return render.Output{}, fmt.Errorf("print %s %s of kustomization %s: %w", res.GetKind(), res.GetName(), w.dir, err)
		}
		if size += len(doc.Data); size > w.limits.Memory {
			return render.Output{}, &render.LimitError{What: fmt.Sprintf("kustomization %s gives more than %s", w.dir, render.Size(w.limits.Memory)), Limit: render.MemoryLimit}
		}
		documents[i] = doc
	}
	out := w.output(documents)
	if n := len(documents); n > many && w.whole != "" {
		out.Notices = append(out.Notices, fmt.Sprintf("%s: %d resources in one kustomization, which kustomize compares each with each, because %s; several smaller ones build much faster", w.root, n, w.whole))
	}
	return out, nil
}

// output puts documents together.
func (w *walker) output(documents []render.Document) render.Output {
	var raw bytes.Buffer
	for i, doc := range documents {
		if i > 0 {
			raw.WriteString("---\n")
		}
		raw.Write(doc.Data)
	}
	return render.Output{Documents: documents, Raw: raw.Bytes()}
}
