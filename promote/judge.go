package promote

import (
	"context"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/ferry-cd/ferry/check"
	"github.com/ferry-cd/ferry/environments"
	"github.com/ferry-cd/ferry/git"
	"github.com/ferry-cd/ferry/render"
)

// schemasFolder holds JSON Schemas and CustomResourceDefinitions against which manifests are held.
const schemasFolder = ".ferry/schemas"

// maxDefinitions bounds the bytes of definitions that are read from schemasFolder.
const maxDefinitions = 64 << 20

// judge holds manifests against schemas and policies, as they stand on the protected default branch.
func (p *Promoter) judge(ctx context.Context, s *Snapshot, pl environments.Placement, ms render.Manifests) ([]check.Finding, error) {
	if p.Judges == nil {
		return nil, nil
	}
	found, err := p.Judges.Policies(ctx, s.policies(), check.Subject{App: pl.App, Environment: pl.Environment}, ms)
	if err != nil || pl.Rendering.Validate == "off" {
		return found, err
	}
	q := check.Schemas{Version: pl.Kubernetes.Version, Strict: pl.Rendering.Validate == "strict"}
	if q.Files, q.Definitions, err = p.schemas(ctx, s); err != nil {
		return nil, err
	}
	installed, err := p.installed(ctx, s, pl, ms)
	if err != nil {
		return nil, err
	}
	q.Definitions = append(slices.Clip(q.Definitions), installed...)
	more, err := p.Judges.Schemas(ctx, q, ms)
	return append(found, more...), err
}

func (s *Snapshot) policies() []check.Policy {
	var all []check.Policy
	for _, r := range s.Config.Policies {
		all = append(all, check.Policy{Name: r.Name, Rule: r.Rule, Message: r.Message, Warning: r.Warning, From: r.From.String()})
	}
	return all
}

// repositorySchemas are the files of schemasFolder, listed once and read when asked for.
type repositorySchemas struct {
	repo        *git.Repository
	ids         map[string]git.ID
	definitions render.Manifests
}

// Has tells whether there is a file of that name.
func (r *repositorySchemas) Has(name string) bool { return r.ids[name] != "" }

// ID is that of its blob.
func (r *repositorySchemas) ID(name string) string { return string(r.ids[name]) }

// Read gives a file.
func (r *repositorySchemas) Read(ctx context.Context, name string) ([]byte, error) {
	return r.repo.Blob(ctx, r.ids[name])
}

func (p *Promoter) schemas(ctx context.Context, s *Snapshot) (check.SchemaFiles, render.Manifests, error) {
	if s.schemas == nil {
		found, err := p.listSchemas(ctx, s.heads[s.DefaultBranch].Tree)
		if err != nil {
			return nil, nil, err
		}
		s.schemas = found
	}
	return s.schemas, s.schemas.definitions, nil
}

func (p *Promoter) listSchemas(ctx context.Context, tree git.ID) (*repositorySchemas, error) {
	r := &repositorySchemas{repo: p.Repo, ids: map[string]git.ID{}}
	entries, err := p.Repo.Walk(ctx, tree, schemasFolder)
	if isNotFound(err) {
		return r, nil
	}
	if err != nil {
		return nil, fmt.Errorf("list %s: %w", schemasFolder, err)
	}
	var manifests []git.Entry
	for _, e := range entries {
		r.ids[e.Path] = e.ID
		if slices.Contains([]string{".yaml", ".yml"}, path.Ext(e.Path)) {
			manifests = append(manifests, e)
		}
	}
	r.definitions, err = p.definitions(ctx, schemasFolder, manifests)
	return r, err
}

// definitions reads the CustomResourceDefinitions in files.
func (p *Promoter) definitions(ctx context.Context, folder string, files []git.Entry) (render.Manifests, error) {
	var ids []git.ID
	for _, e := range files {
		ids = append(ids, e.ID)
	}
	data, err := p.Repo.Blobs(ctx, ids...)
	if err != nil {
		return nil, fmt.Errorf("read definitions: %w", err)
	}
	var found render.Manifests
	size := 0
	for _, e := range files {
		if size += len(data[e.ID]); size > maxDefinitions {
			return nil, fmt.Errorf("%s: more than %d MB of definitions", folder, maxDefinitions>>20)
		}
		doc := render.Document{Source: folder + "/" + e.Path, Line: 1, Data: data[e.ID]}
		ms, err := render.Canonical(render.Output{Documents: render.Split(doc)}, "")
		if err != nil {
			return nil, err
		}
		found = append(found, slices.DeleteFunc(ms, func(m render.Manifest) bool { return !m.IsDefinition() })...)
	}
	return found, nil
}

// installed reads the definitions that other apps bring to the environment, of groups that these manifests have resources
// of. Their file names tell.
func (p *Promoter) installed(ctx context.Context, s *Snapshot, pl environments.Placement, ms render.Manifests) (render.Manifests, error) {
	groups := map[string]bool{}
	for _, m := range ms {
		if !m.IsBuiltIn() && m.Group != "" {
			groups[m.Group] = true
		}
	}
	var all render.Manifests
	for _, other := range s.placements {
		if other.Environment != pl.Environment || other.App == pl.App || len(groups) == 0 {
			continue
		}
		here, err := p.Repo.List(ctx, s.heads[s.base(other)].Tree, other.Folder)
		if isNotFound(err) {
			continue
		}
		if err != nil {
			return nil, err
		}
		some, err := p.definitions(ctx, other.Folder, slices.DeleteFunc(here, func(e git.Entry) bool { return !groups[definedGroup(e.Path)] }))
		if err != nil {
			return nil, err
		}
		all = append(all, some...)
	}
	return all, nil
}

// definedGroup reads cert-manager.io in customresourcedefinition-certificates.cert-manager.io.yaml; "" in other names.
func definedGroup(file string) string {
	name, ok := strings.CutPrefix(strings.TrimSuffix(file, ".yaml"), "customresourcedefinition-")
	if !ok {
		return ""
	}
	_, group, _ := strings.Cut(name, ".")
	return group
}

// mild lets a rollback pass whatever is asked of new manifests today: what it brings back has run already.
func (c *Change) mild(found []check.Finding) []check.Finding {
	for i := range found {
		if c.Restores {
			found[i].Level = check.Warning
		}
	}
	return found
}
