package promote

import (
	"context"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/ferry-cd/ferry/check"
	"github.com/ferry-cd/ferry/diff"
	"github.com/ferry-cd/ferry/environments"
	"github.com/ferry-cd/ferry/git"
	"github.com/ferry-cd/ferry/release"
	"github.com/ferry-cd/ferry/render"
)

// Change is what a promotion does to one app's folder.
type Change struct {
	Key
	Folder   string
	From     *release.Record // nil where the environment holds nothing of ferry's yet
	To       release.Record
	Origins  []Origin // what proved it upstream; empty in an environment that comes after nothing
	Diff     diff.Diff
	Old, New render.Manifests
	Commits  []Commit        // of the source, newest first; empty where it cannot be read
	More     int             // commits beyond those
	Tickets  []string        // of releases between the two, beside those of the new one
	Findings []check.Finding // warnings; errors refuse the change
	Notices  []string
	Adopted  []string // files that were not ferry's and are taken over
	Restores bool     // a rollback: nothing was rendered
	Skips    bool     // a hotfix, or an override: it did not run where it should have before
	Hotfix   bool     // it goes past the environments before, as long as that stays on record
	Retires  bool     // the app leaves: From goes, and To says no more than what it was
	Discards []string // hand edits that are discarded on request
	edits    []edit
	record   []byte // the record as it was, for a rollback
}

// Origin is where a (release, configuration) was proven.
type Origin struct {
	Environment string `json:"environment"`
	Commit      string `json:"commit"`
	Why         string `json:"why"`
	Equal       int    `json:"equal,omitempty"` // how many manifests are what was proven there, byte for byte
	Digests     bool   `json:"digests"`         // every image of the release has a digest, so they are what ran there
	Alike       bool   `json:"alike"`           // the change is the one that was proven there, field by field
	files       []release.File
	proven      bool
}

// edit replaces one file below the root of the tree; nil data deletes it.
type edit struct {
	path string
	data []byte
}

// change compares what was rendered with what the base branch holds.
func (p *Promoter) change(ctx context.Context, s *Snapshot, w *want, r rendered, o Options) (*Change, error) {
	k := key(w.placement)
	if r.err != nil {
		return nil, failedIn(k, r.err)
	}
	c := &Change{Key: k, Folder: w.placement.Folder, New: r.manifests, Notices: append(r.notices, w.notices...), Origins: w.origins}
	c.To = release.Record{Version: release.RecordVersion, App: k.App, Environment: k.Environment, Release: w.release,
		Inputs: w.reading.inputs, Files: filesOf(r.manifests), Made: release.Made{Ferry: p.Version, Renderer: r.renderer}}
	return p.finish(ctx, s, w, c, o)
}

// backChange is the change of a rollback.
func (p *Promoter) backChange(ctx context.Context, s *Snapshot, w *want, o Options) (*Change, error) {
	c, err := p.revive(ctx, w)
	if err != nil {
		return nil, err
	}
	return p.finish(ctx, s, w, c, o)
}

// finish compares a change with what is there.
func (p *Promoter) finish(ctx context.Context, s *Snapshot, w *want, c *Change, o Options) (*Change, error) {
	live := s.lives[c.Key]
	if live.Found {
		c.From = &live.Record
	}
	o.ConfirmShrink = o.ConfirmShrink || c.Restores
	if err := p.place(ctx, s, w.placement, c, o); err != nil {
		return nil, err
	}
	judged, err := p.judge(ctx, s, w.placement, c.New)
	if err != nil {
		return nil, &Failed{Key: c.Key, Err: err}
	}
	if err := c.check(w.placement, o, c.mild(judged)); err != nil {
		return nil, err
	}
	skipped := s.skipped(w)
	c.Skips, c.Hotfix = len(skipped) > 0, s.fixes(w.placement, w.release)
	c.Diff = diff.CompareWith(c.Old, c.New, diff.Options{Namespace: w.placement.Namespace, Levels: levels(s.Config.Risk), Facts: skipped})
	c.proven()
	if err := p.alike(ctx, s, w, c); err != nil {
		return nil, err
	}
	if c.Restores {
		c.undone()
	}
	if up := upgrade(c); up != "" {
		c.Notices = append(c.Notices, up)
	}
	if why := s.cause(w); why != "" {
		c.Notices = append(c.Notices, why)
	}
	c.Old.Forget()
	c.New.Forget()
	p.tell(ctx, c)
	return c, p.since(ctx, s, w, c)
}

// upgrade says what becomes of templates that come from elsewhere.
func upgrade(c *Change) string {
	if c.From == nil {
		return release.Upgrade(release.Release{}, c.To.Release)
	}
	return release.Upgrade(c.From.Release, c.To.Release)
}

// check asks whether the manifests may go to Git.
func (c *Change) check(p environments.Placement, o Options, judged []check.Finding) error {
	opts := check.Options{AllowSecrets: p.AllowSecrets, Namespace: p.Namespace, Old: c.Old, AllowShrink: o.ConfirmShrink, ServerSideApply: p.Engine == "flux"}
	var problems []error
	for _, f := range append(check.Check(c.New, opts), judged...) {
		if f.Level == check.Error {
			problems = append(problems, refuse(c.Key, f.Hint, "%s", f))
			continue
		}
		c.Findings = append(c.Findings, f)
	}
	return errors.Join(problems...)
}

// request reads what a renderer is given.
func (p *Promoter) request(ctx context.Context, w *want) (render.Request, error) {
	pl, rel := w.placement, w.release
	files, err := p.Sources.Files(ctx, rel.App, rel.Templates)
	if err != nil {
		return render.Request{}, err
	}
	dir, err := within(rel.Root, pl.Path)
	if err != nil {
		return render.Request{}, err
	}
	values, err := p.readFiles(ctx, w.reading, valuesOf(pl))
	if err != nil {
		return render.Request{}, err
	}
	set, err := setValues(pl, rel)
	if err != nil {
		return render.Request{}, err
	}
	return render.Request{App: pl.App, Environment: pl.Environment, Name: pl.App, Namespace: pl.Namespace, Files: files, Dir: dir,
		Values: values, Set: set, Kubernetes: render.Kubernetes{Version: pl.Kubernetes.Version, APIs: pl.Kubernetes.APIs},
		Release: rel, Engine: pl.Engine, IncludeCRDs: !pl.Rendering.OmitCRDs, Hooks: pl.Rendering.Hooks, Seed: seedOf(pl, rel),
		Limits: render.Limits(pl.Rendering.Limits).Or(render.BuiltIn).Below(p.Limits)}, nil
}

// within gives the folder to render relative to the folder that was stored with the release.
func within(root, dir string) (string, error) {
	root, dir = path.Clean("/"+root), path.Clean("/"+dir)
	if root == dir {
		return ".", nil
	}
	rel, ok := strings.CutPrefix(dir, strings.TrimSuffix(root, "/")+"/")
	if !ok {
		return "", fmt.Errorf("the release stored the folder %s of its source, which does not contain %s: submit a release made with the present source.root", root[1:], dir[1:])
	}
	return rel, nil
}

func filesOf(ms render.Manifests) []release.File {
	files := make([]release.File, 0, len(ms))
	for i := range ms {
		files = append(files, release.File{Name: ms[i].Path, ID: string(blobID(&ms[i]))})
	}
	slices.SortFunc(files, func(a, b release.File) int { return strings.Compare(a.Name, b.Name) })
	return files
}

// blob is what the id of a manifest's blob is kept under.
type blob struct{}

// blobID gives the id under which Git stores a manifest, made once for all environments that have the same.
func blobID(m *render.Manifest) git.ID {
	return m.Once(blob{}, func() any { return git.BlobID(m.Data) }).(git.ID)
}

// Render gives what an app's newest release would be in an environment, with the configuration at the head of the default
// branch: for looking, not for promoting.
func (p *Promoter) Render(ctx context.Context, s *Snapshot, k Key) (render.Manifests, []string, error) {
	w, err := p.newest(ctx, s, k)
	if err != nil {
		return nil, nil, err
	}
	r, err := p.render(ctx, w)
	return r.manifests, r.notices, err
}

// Request gives what Render would render, and with what.
func (p *Promoter) Request(ctx context.Context, s *Snapshot, k Key) (render.Request, render.Renderer, error) {
	w, err := p.newest(ctx, s, k)
	if err != nil {
		return render.Request{}, nil, err
	}
	req, err := p.request(ctx, w)
	if err != nil {
		return req, nil, err
	}
	kind, err := render.Detect(req.Files, req.Dir)
	return req, p.Renderers[kind], err
}

// newest wants the newest accepted release of an app, with the configuration at the head of the default branch.
func (p *Promoter) newest(ctx context.Context, s *Snapshot, k Key) (*want, error) {
	if err := s.Known(Scope{Apps: []string{k.App}, Environments: []string{k.Environment}}); err != nil {
		return nil, err
	}
	pl, ok := s.Config.Placement(k.App, k.Environment)
	if !ok {
		return nil, refuse(k, "", "the app does not go there")
	}
	rel, ok := s.Accepted[k.App]
	if !ok {
		return nil, refuse(k, "hand one over with ferry submit, or name one here with --version, --image and --source", "there is no release yet")
	}
	r, err := s.read(ctx, p.Repo, pl, rel, func(string) (release.Record, bool, error) { return release.Record{}, false, nil })
	return &want{placement: pl, release: rel, reading: r}, err
}
