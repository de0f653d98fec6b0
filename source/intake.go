package source

import (
	"context"

	"github.com/ferry-cd/ferry/git"
	"github.com/ferry-cd/ferry/release"
)

// Intake is releases on their way in: judged against what is accepted, not accepted yet. It answers as the Store will
// once they are, so that they can be planned before anything is written.
type Intake struct {
	store    *Store
	checkout *git.Repository
	head     git.Commit // of the sources branch, which the releases were judged against
	releases []release.Release
	notices  []string
}

// Intake judges releases. What would be refused by Accept is refused here; nothing is written. checkout may be nil when
// the template trees are stored already.
func (s *Store) Intake(ctx context.Context, checkout *git.Repository, releases []release.Release) (*Intake, error) {
	if err := s.check(ctx, checkout, releases); err != nil {
		return nil, err
	}
	head, err := s.recent(ctx)
	if err != nil {
		return nil, err
	}
	all, err := s.decide(ctx, head, releases)
	if err != nil {
		return nil, err
	}
	in := &Intake{store: s, checkout: checkout, head: head}
	for _, a := range all {
		in.releases = append(in.releases, a.Release)
		if a.Notice != "" {
			in.notices = append(in.notices, a.Notice)
		}
	}
	return in, nil
}

// recent gives the head of the branch as it was read last, or reads it: Accept looks again before it writes.
func (s *Store) recent(ctx context.Context) (git.Commit, error) {
	s.mu.Lock()
	last := s.last
	s.mu.Unlock()
	if last.ID != "" {
		return last, nil
	}
	return s.head(ctx)
}

// Notices are for people: a change of what counts the releases.
func (in *Intake) Notices() []string { return in.notices }

// Apps names the apps that have a release here.
func (in *Intake) Apps() []string {
	var apps []string
	for _, r := range in.releases {
		apps = append(apps, r.App)
	}
	return apps
}

// Accepted gives the newest release of each app, these releases included.
func (in *Intake) Accepted(ctx context.Context, apps ...string) (map[string]release.Release, error) {
	all := map[string]release.Release{}
	if in.head.ID != "" {
		var err error
		if all, err = in.store.acceptedAt(ctx, in.head.Tree, apps); err != nil {
			return nil, err
		}
	}
	for _, r := range in.releases {
		all[r.App] = r
	}
	return all, nil
}

// Files gives the templates of a release: of these from the checkout, of others from the sources branch.
func (in *Intake) Files(ctx context.Context, app, tree string) (map[string][]byte, error) {
	for _, r := range in.releases {
		if holder := in.store.holder(in.checkout, tree); r.App == app && r.Templates == tree && holder != nil {
			return readTree(ctx, holder, git.ID(tree))
		}
	}
	return in.store.Files(ctx, app, tree)
}

// Accept takes the releases in. A newer release may have come in between; then nothing is written.
func (in *Intake) Accept(ctx context.Context) error {
	_, err := in.store.Accept(ctx, in.checkout, in.releases)
	return err
}
