// Package plain renders a folder of Kubernetes manifests. YAML and JSON files are taken as they are; those with a second
// extension .tmpl or .gotmpl (deployment.yaml.tmpl) are Go templates first. All of a folder is read, subfolders too, in the
// order of paths; hidden files and anything else are left alone.
//
// A template sees .Values, .Release (Name, Namespace, App, Version, Sequence, Source.Repository, Source.Commit, Source.Ref,
// Images by name with Name, Tag, Digest, Reference) and .Environment. A key that does not exist is an error, and so is printing
// a mapping, a list or null: get gives an optional value with a default, required one with an explanation, toYaml a mapping.
// Files named _*.tpl hold nothing but define blocks, for all templates of the folder.
//
// Templates are strangers: they reach no file, clock, randomness, environment variable or network, and their time, memory,
// depth and output are bounded.
package plain

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/ferry-cd/ferry/render"
)

// Renderer renders plain manifests; it holds nothing.
type Renderer struct{}

var _ render.Renderer = (*Renderer)(nil)

// New makes a renderer.
func New() *Renderer { return &Renderer{} }

// Name is plain.
func (*Renderer) Name() string { return "plain" }

// Version changes when the same folder would render to other text.
func (*Renderer) Version() string { return "1" }

// Render gives the documents of every file below the folder. Raw is those documents with --- between them. All mistakes are
// reported at once, one for each template and all those of YAML.
func (*Renderer) Render(ctx context.Context, r render.Request) (render.Output, error) {
	r.Limits = r.Limits.Or(render.BuiltIn)
	ctx, cancel := r.Limits.Within(ctx)
	defer cancel()
	values, err := render.MergeValues(r.Values, r.Set)
	if err != nil {
		return render.Output{}, err
	}
	t, err := newTemplates(ctx, r, data(r, values))
	if err != nil {
		return render.Output{}, err
	}
	docs, err := t.documents(r)
	if err = errors.Join(err, render.CheckSyntax(docs)); err != nil {
		return render.Output{}, err
	}
	return render.Output{Raw: raw(docs), Documents: docs}, nil
}

// documents renders all files in the order of their paths.
func (t *templates) documents(r render.Request) (docs []render.Document, err error) {
	var problems []error
	size := 0
	for _, name := range below(r.Files, r.Dir, render.IsPlain) {
		if err := r.Limits.CheckFile(name, r.Files[name]); err != nil {
			return nil, err
		}
		stream, err := t.stream(name, r.Files[name])
		if err != nil {
			problems = append(problems, err)
		}
		if t.ctx.Err() != nil {
			return nil, fmt.Errorf("%s: %w", name, render.Stopped(t.ctx))
		}
		if size += len(stream.Data); size > r.Limits.Memory/outputShare {
			return nil, fmt.Errorf("%s: %w", name, large("the folder renders to more than %s", r.Limits.Memory/outputShare))
		}
		if docs = append(docs, render.Split(stream)...); len(docs) > r.Limits.Documents {
			return nil, &render.LimitError{What: fmt.Sprintf("%s: the folder renders to more than %d documents", name, r.Limits.Documents), Limit: render.DocumentsLimit}
		}
	}
	return docs, errors.Join(problems...)
}

// below lists the files of a folder whose path in it matches.
func below(files render.Files, dir string, match func(name string) bool) []string {
	prefix := path.Clean(dir) + "/"
	if prefix == "./" {
		prefix = ""
	}
	var names []string
	for name := range files {
		if rest, ok := strings.CutPrefix(name, prefix); ok && match(rest) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// raw joins documents. One that carries its own marker needs none before it.
func raw(docs []render.Document) []byte {
	var b bytes.Buffer
	for i, d := range docs {
		switch {
		case bytes.HasPrefix(d.Data, []byte("---")):
		case bytes.Contains(d.Data, []byte("\n---")): // directives, which only the end of a document may precede
			b.WriteString("...\n")
		case i > 0:
			b.WriteString("---\n")
		}
		b.Write(d.Data)
		if !bytes.HasSuffix(d.Data, []byte("\n")) {
			b.WriteString("\n")
		}
	}
	return b.Bytes()
}

// data is what templates see.
func data(r render.Request, values map[string]any) map[string]any {
	images := map[string]any{}
	for _, i := range r.Release.Images {
		images[i.Name] = map[string]any{"Name": i.Name, "Tag": i.Tag, "Digest": i.Digest, "Reference": i.Reference()}
	}
	source, sequence := r.Release.Source, ""
	if r.Release.Sequence.Kind != "" {
		sequence = r.Release.Sequence.String()
	}
	return map[string]any{
		"Values":      values,
		"Environment": r.Environment,
		"Release": map[string]any{
			"Name":      r.Name,
			"Namespace": r.Namespace,
			"App":       r.App,
			"Version":   r.Release.Version,
			"Sequence":  sequence,
			"Source":    map[string]any{"Repository": source.Repository, "Commit": source.Commit, "Ref": source.Ref},
			"Images":    images,
		},
	}
}
