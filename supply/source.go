package supply

import (
	"context"
	"strings"

	"github.com/ferry-cd/ferry/charts"
	"github.com/ferry-cd/ferry/git"
)

// Source is where an app's templates come from, as ferry.yaml says it: one of OCI, Helm and Repository.
type Source struct {
	OCI        string // oci://host/path
	Helm       string // address of a chart repository
	Chart      string // with Helm
	Version    string // a version or a range; with OCI also a tag or a digest
	Repository string // a Git repository
	Root, Ref  string // with Repository
}

// Brought is a source that came in.
type Brought struct {
	Pinned
	Files  map[string][]byte // nil where it is a tree of Repo
	Repo   *git.Repository
	Tree   git.ID
	Notice string // for people; may be empty
}

// Source brings a source in: a range is resolved now, and never again for what is made of it.
func (s *Supply) Source(ctx context.Context, src Source) (Brought, error) {
	switch {
	case src.OCI != "":
		return s.archived(s.pullOCI(ctx, src.OCI, "", src.Version, ""))
	case src.Helm != "":
		return s.archived(s.pullChart(ctx, src.Helm, src.Chart, src.Version, ""))
	}
	repo, commit, err := s.commit(ctx, src.Repository, src.Ref, "")
	if err != nil {
		return Brought{}, err
	}
	entry, err := repo.Lookup(ctx, commit.Tree, src.Root)
	if err != nil || entry.Mode != git.ModeDir {
		return Brought{}, wrong(src.Repository, "", "there is no folder %s at %s", src.Root, src.Ref)
	}
	at := Pinned{From: repo.URL(), Version: src.Ref, Digest: string(commit.ID)}
	return Brought{Pinned: at, Repo: repo, Tree: entry.ID}, nil
}

func (s *Supply) archived(p pulled, err error) (Brought, error) {
	return Brought{Pinned: p.Pinned, Files: p.files, Notice: p.notice}, err
}

// pullChart brings a chart of a classic repository: any in range, or, with a digest, the very one.
func (s *Supply) pullChart(ctx context.Context, repository, name, wanted, digest string) (pulled, error) {
	return s.charts.Do(strings.Join([]string{repository, name, wanted, digest}, "\n"), func() (pulled, error) {
		v, err := s.o.Charts.Find(ctx, repository, name, wanted)
		if err != nil {
			return pulled{}, err
		}
		c, err := s.o.Charts.Fetch(ctx, repository, name, v, digest)
		if err != nil {
			return pulled{}, err
		}
		return ofChart(repository, c), nil
	})
}

func ofChart(from string, c charts.Chart) pulled {
	p := pulled{Pinned: Pinned{From: from, Name: c.Name, Version: c.Version, Digest: c.Digest}, files: c.Files, archive: c.Archive}
	if c.Provenance != "" {
		p.notice = "chart " + c.Name + " " + c.Version + " is " + c.Provenance
	}
	return p
}
