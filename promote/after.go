package promote

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/ferry-cd/ferry/environments"
	"github.com/ferry-cd/ferry/git"
	"github.com/ferry-cd/ferry/release"
	"github.com/ferry-cd/ferry/render"
)

// after gives the manifests as ferry.yaml wants them after the renderer: without what is dropped, patched, with extras.
func (p *Promoter) after(ctx context.Context, w *want, ms render.Manifests) (render.Manifests, []string, error) {
	pl := w.placement
	a := render.After{Namespace: pl.Namespace, InjectNamespace: pl.Rendering.InjectNamespace}
	for _, t := range pl.Rendering.Drop {
		a.Drop = append(a.Drop, render.Target(t))
	}
	var notices []string
	var err error
	if a.Patches, err = p.patches(ctx, w); err != nil {
		return nil, nil, err
	}
	if a.Extra, notices, err = p.extras(ctx, w); err != nil {
		return nil, nil, err
	}
	by, ok := p.Renderers["kustomize"].(render.Patcher)
	if len(a.Patches) > 0 && !ok {
		return nil, nil, errors.New("there is nothing here that applies patches")
	}
	ms, more, err := a.Apply(ctx, ms, by)
	return ms, append(notices, more...), err
}

// patches reads the patches of an app in an environment, in the order in which ferry.yaml lists them.
func (p *Promoter) patches(ctx context.Context, w *want) ([]render.Patch, error) {
	var all []render.Patch
	var problems []error
	for _, entry := range w.placement.Rendering.Patches {
		files, err := p.readFiles(ctx, w.reading, []environments.Reading{{Values: entry.Values}})
		if err != nil {
			return nil, err
		}
		for _, f := range files {
			some, err := render.ReadPatches(f, render.Target(entry.Target))
			all, problems = append(all, some...), append(problems, err)
		}
	}
	return all, errors.Join(problems...)
}

// extras reads what is added to a render.
func (p *Promoter) extras(ctx context.Context, w *want) (docs []render.Document, notices []string, err error) {
	for _, entry := range w.placement.Rendering.Extra {
		e := environments.Reading{Values: entry, Folder: true}
		files, err := p.readFiles(ctx, w.reading, []environments.Reading{e})
		if err != nil {
			return nil, nil, err
		}
		some, told, err := p.extra(ctx, entry.Path, files)
		if err != nil {
			return nil, nil, err
		}
		docs, notices = append(docs, some...), append(notices, told...)
	}
	return docs, notices, nil
}

// extra gives the documents of one file, of a folder of manifests, or of the kustomization in it.
func (p *Promoter) extra(ctx context.Context, name string, files []render.File) ([]render.Document, []string, error) {
	set, folder := render.Files{}, false
	for _, f := range files {
		set[f.Path] = f.Data
		folder = folder || f.Path != name
	}
	if folder {
		switch kind, err := render.Detect(set, name); {
		case err != nil:
			return nil, nil, fmt.Errorf("extra: %w", err)
		case kind == "kustomize":
			out, err := p.Renderers[kind].Render(ctx, render.Request{Files: set, Dir: name})
			return out.Documents, out.Notices, err
		case kind == "helm":
			return nil, nil, &chartAsExtra{name}
		}
	}
	var docs []render.Document
	for _, f := range files {
		if !folder || slices.Contains([]string{".yaml", ".yml", ".json"}, path.Ext(f.Path)) {
			docs = append(docs, render.Split(render.Document{Source: f.Path, Line: 1, Data: f.Data})...)
		}
	}
	return docs, nil, nil
}

// chartAsExtra is a chart among what is added to a render.
type chartAsExtra struct{ folder string }

func (e *chartAsExtra) Error() string { return fmt.Sprintf("extra: %s is a chart", e.folder) }

// Hint is the next step.
func (e *chartAsExtra) Hint() string {
	return "make the chart an app of its own, or list its manifests"
}

// ExitCode is that of wrong configuration.
func (e *chartAsExtra) ExitCode() int { return 2 }

func valuesOf(p environments.Placement) []environments.Reading {
	return slices.DeleteFunc(p.Configuration(), func(e environments.Reading) bool { return e.Key != "values" })
}

// readFiles gives the files that entries of ferry.yaml name, in the order of the entries.
func (p *Promoter) readFiles(ctx context.Context, r reading, entries []environments.Reading) ([]render.File, error) {
	var pins []pinned
	var ids []git.ID
	for _, e := range entries {
		for _, f := range r.of(e) {
			pins, ids = append(pins, f), append(ids, f.id)
		}
	}
	data, err := p.Repo.Blobs(ctx, ids...)
	if err != nil {
		return nil, fmt.Errorf("read the configuration: %w", err)
	}
	var files []render.File
	for _, f := range pins {
		files = append(files, render.File{Path: f.path, Data: data[f.id]})
	}
	return files, nil
}

// seedOf is what chance follows from where ferry.yaml asks for it: the same for a release in an environment, whatever its
// configuration.
func seedOf(p environments.Placement, rel release.Release) string {
	if !p.Rendering.Seeded {
		return ""
	}
	text := strings.Join([]string{p.App, p.Environment, rel.Version, string(rel.Sequence.Kind), strconv.FormatInt(rel.Sequence.Number, 10), rel.Source.Commit, rel.Templates}, "\x00")
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}
