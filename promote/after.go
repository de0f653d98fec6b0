package promote

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
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

// extra gives the documents of one file, of a folder of manifests, or of the kustomization in it.
func (p *Promoter) extra(ctx context.Context, name string, files []render.File, limits render.Limits) ([]render.Document, []string, error) {
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
			out, err := p.Renderers[kind].Render(ctx, render.Request{Files: set, Dir: name, Limits: limits})
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
