package source

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/ferry-cd/ferry/git"
	"github.com/ferry-cd/ferry/release"
)

// Accepted is a release that has been taken in.
type Accepted struct {
	Release release.Release
	Already bool   // it was there; nothing was written
	Notice  string // for people; may be empty
}

// Accept takes releases in: one commit on the sources branch for all of them, with their template trees copied from the
// checkout. Either all are accepted or none is; what is accepted already, with the same content, is a success. checkout
// may be nil when the trees are stored already.
func (s *Store) Accept(ctx context.Context, checkout *git.Repository, releases []release.Release) ([]Accepted, error) {
	if err := s.check(ctx, checkout, releases); err != nil {
		return nil, err
	}
	var all []Accepted
	err := git.Retry(ctx, git.RetryOptions{}, func(int) error {
		var err error
		all, err = s.accept(ctx, checkout, releases)
		return err
	})
	if err != nil {
		return nil, err
	}
	return all, nil
}

// check looks at what does not depend on the branch.
func (s *Store) check(ctx context.Context, checkout *git.Repository, releases []release.Release) error {
	var problems []error
	seen := map[string]bool{}
	for _, rel := range releases {
		if err := s.checkOne(ctx, checkout, rel); err != nil {
			problems = append(problems, err)
		}
		if seen[rel.App] {
			problems = append(problems, wrong("", "app %s has two releases", rel.App))
		}
		seen[rel.App] = true
	}
	return errors.Join(problems...)
}

// checkOne reads the templates once as every later render will, so that what cannot be read is refused here and not in
// the last environment.
func (s *Store) checkOne(ctx context.Context, checkout *git.Repository, rel release.Release) error {
	if err := rel.Validate(); err != nil {
		return err
	}
	if !git.ID(rel.Templates).Valid() {
		return wrong("", "the release of %s has no templates", rel.App)
	}
	holder := s.holder(checkout, rel.Templates)
	if holder == nil {
		return nil
	}
	files, err := readTree(ctx, holder, git.ID(rel.Templates))
	if err != nil {
		return fmt.Errorf("read the templates of %s: %w", rel.App, err)
	}
	if len(files) == 0 {
		return wrong("", "the templates of %s have no files", rel.App)
	}
	return nil
}

// accept is one try, from where the branch is now.
func (s *Store) accept(ctx context.Context, checkout *git.Repository, releases []release.Release) ([]Accepted, error) {
	head, err := s.head(ctx)
	if err != nil {
		return nil, err
	}
	all, err := s.decide(ctx, head, releases)
	if err != nil {
		return nil, err
	}
	fresh := make([]release.Release, 0, len(all))
	for _, a := range all {
		if !a.Already {
			fresh = append(fresh, a.Release)
		}
	}
	if len(fresh) == 0 {
		return all, nil
	}
	edits, err := s.edits(ctx, checkout, head.Tree, fresh)
	if err != nil {
		return nil, err
	}
	return all, s.commit(ctx, head, edits, message("Accept", fresh))
}

// decide compares each release with the one accepted last.
func (s *Store) decide(ctx context.Context, head git.Commit, releases []release.Release) ([]Accepted, error) {
	before := map[string]release.Release{}
	if head.ID != "" && len(releases) > 0 {
		apps := make([]string, len(releases))
		for i, rel := range releases {
			apps[i] = rel.App
		}
		var err error
		if before, err = s.acceptedAt(ctx, head.Tree, apps); err != nil {
			return nil, err
		}
	}
	all := make([]Accepted, len(releases))
	var problems []error
	for i, rel := range releases {
		last, any := before[rel.App]
		a, err := follow(last, any, rel)
		if err != nil {
			problems = append(problems, err)
		}
		all[i] = a
	}
	if len(problems) > 0 {
		return nil, errors.Join(problems...)
	}
	return all, nil
}

// follow tells whether a release may come after another.
func follow(last release.Release, any bool, rel release.Release) (Accepted, error) {
	if !any {
		return Accepted{Release: rel}, nil
	}
	order, err := release.Compare(last, rel)
	switch {
	case errors.Is(err, release.ErrUnordered):
		return Accepted{}, &UnorderedError{Accepted: last, Submitted: rel}
	case err != nil:
		return Accepted{}, err
	case order > 0:
		return Accepted{}, &OlderError{Accepted: last, Submitted: rel}
	case order == 0 && !release.SameContent(last, rel):
		return Accepted{}, &ConflictError{Accepted: last, Submitted: rel}
	case order == 0:
		return Accepted{Release: last, Already: true}, nil
	}
	a := Accepted{Release: rel}
	if last.Sequence.Kind != rel.Sequence.Kind {
		a.Notice = fmt.Sprintf("releases of %s were counted by %s and are counted by %s from now on; the source commit is newer, so %s follows %s",
			rel.App, last.Sequence.Kind, rel.Sequence.Kind, label(rel), label(last))
	}
	return a, nil
}

func (s *Store) edits(ctx context.Context, checkout *git.Repository, tree git.ID, fresh []release.Release) ([]git.Edit, error) {
	var edits []git.Edit
	for _, rel := range fresh {
		data, err := release.MarshalAccepted(rel)
		if err != nil {
			return nil, err
		}
		lock, err := s.repo.WriteBlob(data)
		if err != nil {
			return nil, fmt.Errorf("store the release of %s: %w", rel.App, err)
		}
		edits = append(edits, git.Edit{Path: release.AcceptedPath(rel.App), Mode: git.ModeFile, ID: lock})
		graft, err := s.graft(ctx, checkout, tree, rel)
		if err != nil {
			return nil, err
		}
		edits = append(edits, graft...)
	}
	return edits, nil
}

// graft puts the templates of a release onto the branch, unless they are there.
func (s *Store) graft(ctx context.Context, checkout *git.Repository, head git.ID, rel release.Release) ([]git.Edit, error) {
	stored, err := s.stored(ctx, head, rel.App, rel.Templates)
	if stored || err != nil {
		return nil, err
	}
	holder := s.holder(checkout, rel.Templates)
	if holder == nil {
		return nil, wrong("submit it from a checkout of its repository", "%s has no templates %s of app %s", release.SourcesBranch, rel.Templates, rel.App)
	}
	if holder != s.repo {
		if err := s.repo.CopyTree(ctx, holder, git.ID(rel.Templates)); err != nil {
			return nil, fmt.Errorf("store the templates of %s: %w", rel.App, err)
		}
	}
	return []git.Edit{{Path: release.TemplatesPath(rel.App, rel.Templates), Mode: git.ModeDir, ID: git.ID(rel.Templates)}}, nil
}

func (s *Store) commit(ctx context.Context, head git.Commit, edits []git.Edit, message string) error {
	tree, err := s.repo.EditTree(ctx, head.Tree, edits...)
	if err != nil {
		return fmt.Errorf("edit %s: %w", release.SourcesBranch, err)
	}
	c := git.NewCommit{Tree: tree, Message: message}
	if head.ID != "" {
		c.Parents = []git.ID{head.ID}
	}
	id, err := s.repo.WriteCommit(ctx, c)
	if err != nil {
		return fmt.Errorf("commit to %s: %w", release.SourcesBranch, err)
	}
	if err := s.repo.Push(ctx, git.Update{Ref: sourcesRef, Old: head.ID, New: id}); err != nil {
		return fmt.Errorf("push %s: %w", release.SourcesBranch, git.Advise(err, "leave "+release.SourcesBranch+" out of that rule, or let ferry's account pass it"))
	}
	return nil
}

func message(verb string, fresh []release.Release) string {
	var titles []string
	var t release.Trailers
	for _, rel := range fresh {
		titles = append(titles, rel.App+" "+rel.Version)
		t = t.Add(release.TrailerApp, rel.App)
		t = t.Add(release.TrailerRelease, label(rel))
		t = t.Add(release.TrailerSource, strings.TrimSpace(rel.Source.Repository+" "+rel.Source.Commit))
	}
	title := verb + " " + strings.Join(titles, ", ")
	if len(fresh) > 3 {
		title = fmt.Sprintf("%s %s and %d more", verb, titles[0], len(fresh)-1)
	}
	return t.Message(title)
}

// Keep stores the templates of a release without accepting it as the newest: for one that goes its own way.
func (s *Store) Keep(ctx context.Context, checkout *git.Repository, rel release.Release) error {
	if err := s.check(ctx, checkout, []release.Release{rel}); err != nil {
		return err
	}
	return git.Retry(ctx, git.RetryOptions{}, func(int) error {
		head, err := s.head(ctx)
		if err != nil {
			return err
		}
		edits, err := s.graft(ctx, checkout, head.Tree, rel)
		if err != nil || len(edits) == 0 {
			return err
		}
		return s.commit(ctx, head, edits, message("Keep", []release.Release{rel}))
	})
}
