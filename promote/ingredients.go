package promote

import (
	"context"
	"errors"
	"slices"

	"github.com/ferry-cd/ferry/environments"
	"github.com/ferry-cd/ferry/release"
	"github.com/ferry-cd/ferry/render"
)

// ingredients are all that a render of one app in one environment reads, in memory: what is made of them follows from them
// alone.
type ingredients struct {
	placement environments.Placement
	release   release.Release
	request   render.Request
	patches   [][]render.File // as ferry.yaml lists them
	extras    [][]render.File
}

// gather reads what a render needs.
func (p *Promoter) gather(ctx context.Context, w *want) (*ingredients, error) {
	in := &ingredients{placement: w.placement, release: w.release}
	var err error
	if in.request, err = p.request(ctx, w); err != nil {
		return nil, err
	}
	for _, e := range w.placement.Configuration() {
		to := map[string]*[][]render.File{"patches": &in.patches, "extra": &in.extras}[e.Key]
		if to == nil {
			continue
		}
		files, err := p.readFiles(ctx, w.reading, []environments.Reading{e})
		if err != nil {
			return nil, err
		}
		*to = append(*to, files)
	}
	return in, nil
}

// size is the bytes of all files.
func (in *ingredients) size() int64 {
	n := 0
	for _, data := range in.request.Files {
		n += len(data)
	}
	for _, files := range slices.Concat([][]render.File{in.request.Values}, in.patches, in.extras) {
		for _, f := range files {
			n += len(f.Data)
		}
	}
	return int64(n)
}

// make gives the canonical manifests. It reads nothing.
func (p *Promoter) make(ctx context.Context, in *ingredients) (out rendered) {
	kind, err := render.Detect(in.request.Files, in.request.Dir)
	if err != nil {
		return rendered{err: err}
	}
	r := p.Renderers[kind]
	raw, err := r.Render(ctx, in.request)
	if err != nil {
		return rendered{err: err}
	}
	ms, err := render.Canonical(raw, in.request.Namespace)
	if err != nil {
		return rendered{err: err}
	}
	if len(ms) == 0 {
		return rendered{err: refuse(key(in.placement), "look at what it renders: ferry render --app "+in.placement.App+" --env "+in.placement.Environment,
			"the render holds no resource at all; an environment is emptied on purpose only")}
	}
	ms, notices, err := p.after(ctx, in, ms)
	if err != nil {
		return rendered{err: err}
	}
	pinning, err := render.Pin(ms, imagesOf(in.placement, in.release))
	if err != nil {
		return rendered{err: err}
	}
	return rendered{manifests: pinning.Manifests, notices: slices.Concat(raw.Notices, notices, pinning.Notices), renderer: r.Name() + " " + r.Version()}
}

// render gathers and makes at once.
func (p *Promoter) render(ctx context.Context, w *want) (rendered, error) {
	in, err := p.gather(ctx, w)
	if err != nil {
		return rendered{}, err
	}
	out := p.make(ctx, in)
	return out, out.err
}

// after gives the manifests as ferry.yaml wants them after the renderer: without what is dropped, patched, with extras. All of that
// takes no longer than a render may: each patch is a build of its own for each resource that it changes.
func (p *Promoter) after(ctx context.Context, in *ingredients, ms render.Manifests) (render.Manifests, []string, error) {
	ctx, cancel := in.request.Limits.Within(ctx)
	defer cancel()
	pl := in.placement
	a := render.After{Namespace: pl.Namespace, InjectNamespace: pl.Rendering.InjectNamespace}
	for _, t := range pl.Rendering.Drop {
		a.Drop = append(a.Drop, render.Target(t))
	}
	var notices []string
	var err error
	if a.Patches, err = in.readPatches(); err != nil {
		return nil, nil, err
	}
	if a.Extra, notices, err = p.readExtras(ctx, in); err != nil {
		return nil, nil, err
	}
	by, ok := p.Renderers["kustomize"].(render.Patcher)
	if len(a.Patches) > 0 && !ok {
		return nil, nil, errors.New("there is nothing here that applies patches")
	}
	ms, more, err := a.Apply(ctx, ms, by)
	return ms, append(notices, more...), err
}

// readPatches parses the patches of an app in an environment, in the order in which ferry.yaml lists them.
func (in *ingredients) readPatches() ([]render.Patch, error) {
	var all []render.Patch
	var problems []error
	for i, files := range in.patches {
		for _, f := range files {
			some, err := render.ReadPatches(f, render.Target(in.placement.Rendering.Patches[i].Target))
			all, problems = append(all, some...), append(problems, err)
		}
	}
	return all, errors.Join(problems...)
}

// readExtras parses, or builds, what is added to a render.
func (p *Promoter) readExtras(ctx context.Context, in *ingredients) (docs []render.Document, notices []string, err error) {
	for i, files := range in.extras {
		some, told, err := p.extra(ctx, in.placement.Rendering.Extra[i].Path, files, in.request.Limits)
		if err != nil {
			return nil, nil, err
		}
		docs, notices = append(docs, some...), append(notices, told...)
	}
	return docs, notices, nil
}
