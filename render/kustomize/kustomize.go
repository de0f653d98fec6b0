// Package kustomize builds kustomizations in process, to the bytes that `kustomize build DIR` prints.
//
//	walk.go      which files a build reads, found before it starts; whatever lies outside the file set stops here
//	plugin.go    generators and transformers: the built-in ones, and what their configuration reads
//	remote.go    what kustomize would take for a URL or a Git repository
//	fence.go     the library's one global, its schema, kept from leaking between builds
//	origin.go    which file a resource of the output came from, for messages
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
	"time"

	"sigs.k8s.io/kustomize/api/konfig"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/api/resmap"
	"sigs.k8s.io/kustomize/api/resource"
	"sigs.k8s.io/kustomize/api/types"
	"sigs.k8s.io/kustomize/kyaml/filesys"

	"github.com/ferry-cd/ferry/render"
)

// libraryVersion is the version of kustomize whose output this package reproduces; a test compares it with go.mod.
const libraryVersion = "v5.8.2"

// timeLimit ends a build whose caller set no deadline.
const timeLimit = 30 * time.Second

// many resources in one build take the library a time that grows with their square: 1 s for 1,000, 20 s for 4,000.
const many = 1000

// mount is where the files of a build lie in its file system; the library cannot build in the root of one.
const mount = "/sources"

// Renderer builds kustomizations. It may be used by many goroutines at once.
type Renderer struct{}

var _ render.Renderer = (*Renderer)(nil)

// New gives a builder of kustomizations.
func New() *Renderer { return &Renderer{} }

// Name is the kind of template folder it renders.
func (*Renderer) Name() string { return "kustomize" }

// Version is that of the kustomize command, as in v5.8.2.
func (*Renderer) Version() string { return libraryVersion }

// Render builds the kustomization in r.Dir of r.Files. Values, the release name and hooks mean nothing to it, and the
// namespace is the kustomization's own affair.
func (*Renderer) Render(ctx context.Context, r render.Request) (render.Output, error) {
	w, err := walk(fromFiles(r.Files), r.Dir)
	if err != nil {
		return render.Output{}, err
	}
	resources, err := build(ctx, w)
	if err != nil {
		return render.Output{}, err
	}
	return serialise(resources, w)
}

// build runs the library, under the fence, until it is done or ctx is. A build cannot be stopped half way; one that
// nobody waits for any more ends on its own.
func build(ctx context.Context, w *walker) (resmap.ResMap, error) {
	ctx, cancel := context.WithTimeout(ctx, timeLimit)
	defer cancel()
	type result struct {
		resources resmap.ResMap
		err       error
	}
	done := make(chan result, 1)
	go func() {
		var res result
		res.err = fenced(w.schema, func() (err error) {
			res.resources, err = run(w)
			return err
		})
		done <- res
	}()
	select {
	case <-ctx.Done():
		return nil, fmt.Errorf("build kustomization %s: %w", w.dir, context.Cause(ctx))
	case res := <-done:
		if res.err != nil {
			return nil, fmt.Errorf("build kustomization %s: %w", w.dir, res.err)
		}
		return res.resources, nil
	}
}

// run is `kustomize build` on the files of the walk. Some input makes the library panic; its CLI crashes then.
func run(w *walker) (m resmap.ResMap, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("kustomize cannot read it: %v", p)
		}
	}()
	disk := filesys.MakeFsInMemory()
	for name, data := range w.files {
		if err := disk.WriteFile(path.Join(mount, name), data); err != nil {
			return nil, err
		}
	}
	o := krusty.MakeDefaultOptions()
	o.Reorder = krusty.ReorderOptionLegacy // the CLI's default, not the library's
	m, err = krusty.MakeKustomizer(o).Run(disk, path.Join(mount, w.dir))
	if err != nil {
		return nil, err
	}
	return m, managedBy(m, w.metadata)
}

// managedBy corrects the label that names the version of kustomize: the library puts the version of the program around
// it there, which would be ferry's.
func managedBy(m resmap.ResMap, metadata []string) error {
	if !slices.Contains(metadata, types.ManagedByLabelOption) {
		return nil
	}
	for _, res := range m.Resources() {
		labels := res.GetLabels()
		labels[konfig.ManagedbyLabelKey] = "kustomize-" + libraryVersion
		if err := res.SetLabels(labels); err != nil {
			return err
		}
	}
	return nil
}

// serialise prints the resources as the CLI does.
func serialise(m resmap.ResMap, w *walker) (render.Output, error) {
	var out render.Output
	var raw bytes.Buffer
	for i, res := range m.Resources() {
		data, err := asYAML(res)
		if err != nil {
			return render.Output{}, fmt.Errorf("print %s %s of kustomization %s: %w", res.GetKind(), res.GetName(), w.dir, err)
		}
		if i > 0 {
			raw.WriteString("---\n")
		}
		raw.Write(data)
		out.Documents = append(out.Documents, render.NewDocument(w.origin(res), 0, data))
	}
	out.Raw = raw.Bytes()
	if n := len(out.Documents); n > many {
		out.Notices = append(out.Notices, fmt.Sprintf("%s: %d resources in one kustomization; several smaller ones build much faster", w.root, n))
	}
	return out, nil
}

func asYAML(res *resource.Resource) (data []byte, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("not printable: %v", p)
		}
	}()
	return res.AsYAML()
}
