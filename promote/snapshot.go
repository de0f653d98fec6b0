package promote

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/ferry-cd/ferry/environments"
	"github.com/ferry-cd/ferry/git"
	"github.com/ferry-cd/ferry/ledger"
	"github.com/ferry-cd/ferry/release"
	"github.com/ferry-cd/ferry/scm"
)

// Scope narrows what is looked at; empty lists mean all.
type Scope struct {
	Apps         []string
	Environments []string
}

func (s Scope) has(k Key) bool {
	return (len(s.Apps) == 0 || slices.Contains(s.Apps, k.App)) &&
		(len(s.Environments) == 0 || slices.Contains(s.Environments, k.Environment))
}

// Snapshot is what Git and the forge say at one moment. Everything planned from one snapshot is planned from the same
// state; what has to be looked up later (history, statuses) is read by commit id and cached.
type Snapshot struct {
	Config        *environments.Config
	DefaultBranch string
	Accepted      map[string]release.Release
	placements    []environments.Placement // of the whole configuration, in promotion order
	heads         map[string]git.Commit    // by branch
	lives         map[Key]Live
	open          map[Key]scm.PullRequest // by (unit, environment)
	history       map[string]*chain       // by branch
	statuses      map[string][]scm.Status // by commit
	teams         map[string][]string     // members; nil where they cannot be read
	rules         map[string]scm.Rules    // by branch, as far as the forge tells
	book          ledger.Book             // what people decided
	confirmed     []Decision              // about what is on its way in, not on record yet
	lost          []scm.PullRequest       // ferry's own that belong to nothing any more
	self          string
	upgrades      map[Key]Upgrade    // as far as anybody asked
	schemas       *repositorySchemas // of the default branch; nil until somebody asks
}

// Live is what an environment's branch holds for an app now.
type Live struct {
	Folder git.ID // tree id, "" where there is no folder
	Record release.Record
	Found  bool // there is a record
	blob   git.ID
	Err    error // the record cannot be read
}

// Load reads the state of the repository and the forge, one fetch for all branches. Records are read for the apps in scope
// and those they share a pull request with, in every environment; Plan and Status must not go beyond that scope.
func (p *Promoter) Load(ctx context.Context, scope Scope) (*Snapshot, error) {
	refs, err := p.Repo.Refs(ctx)
	if err != nil {
		return nil, err
	}
	branch, err := p.Repo.DefaultBranch(ctx)
	if err != nil {
		return nil, err
	}
	wanted, err := p.fetch(ctx, refs, branch)
	if err != nil {
		return nil, err
	}
	s := &Snapshot{DefaultBranch: branch, heads: map[string]git.Commit{}, history: map[string]*chain{}, statuses: map[string][]scm.Status{},
		teams: map[string][]string{}, rules: map[string]scm.Rules{}}
	for _, ref := range wanted {
		if err := s.head(ctx, p.Repo, ref, refs[ref]); err != nil {
			return nil, err
		}
	}
	if _, ok := s.heads[branch]; !ok {
		return nil, &missingBranch{Branch: branch, URL: p.Repo.URL()}
	}
	if err := s.configure(ctx, p.Repo, p.Version, p.Words, refs); err != nil {
		return nil, err
	}
	return s, s.fill(ctx, p, scope)
}

// fetch brings the branches that every plan looks at. Promotion branches come two commits deep: each is judged against its
// parent.
func (p *Promoter) fetch(ctx context.Context, refs map[string]git.ID, branch string) ([]string, error) {
	var always, promotions []string
	for ref := range refs {
		switch {
		case ref == "refs/heads/"+branch || ref == "refs/heads/"+release.SourcesBranch || ref == ledger.Ref:
			always = append(always, ref)
		case strings.HasPrefix(ref, "refs/heads/ferry/"):
			promotions = append(promotions, ref)
		}
	}
	slices.Sort(promotions)
	slices.Sort(always)
	if err := p.Repo.Fetch(ctx, 1, always...); err != nil {
		return nil, err
	}
	if len(promotions) > 0 {
		if err := p.Repo.Fetch(ctx, 2, promotions...); err != nil {
			return nil, err
		}
	}
	return append(always, promotions...), nil
}

func (s *Snapshot) head(ctx context.Context, repo *git.Repository, ref string, id git.ID) error {
	c, err := repo.Commit(ctx, id)
	if err != nil {
		return fmt.Errorf("read %s: %w", ref, err)
	}
	s.heads[strings.TrimPrefix(ref, "refs/heads/")] = c
	return nil
}

// configure reads ferry.yaml from the protected default branch and the heads of the branches it names.
func (s *Snapshot) configure(ctx context.Context, repo *git.Repository, version string, words environments.Words, refs map[string]git.ID) error {
	var err error
	if s.Config, err = environments.Load(ctx, &git.Files{Context: ctx, Repository: repo, Tree: s.heads[s.DefaultBranch].Tree},
		environments.For(version), environments.OnBranch(s.DefaultBranch), environments.Knowing(words)); err != nil {
		return err
	}
	s.placements = s.Config.Placements()
	var more []string
	for _, p := range s.placements {
		b := s.base(p)
		if ref := "refs/heads/" + b; s.heads[b].ID == "" && !slices.Contains(more, ref) {
			if refs[ref] == "" {
				return &missingBranch{Branch: b, Environment: p.Environment, URL: repo.URL()}
			}
			more = append(more, ref)
		}
	}
	if len(more) == 0 {
		return nil
	}
	if err := repo.Fetch(ctx, 1, more...); err != nil {
		return err
	}
	for _, ref := range more {
		if err := s.head(ctx, repo, ref, refs[ref]); err != nil {
			return err
		}
	}
	return nil
}

// fill asks for records, accepted releases and pull requests at the same time: behind a server each is a journey.
func (s *Snapshot) fill(ctx context.Context, p *Promoter, scope Scope) error {
	apps := s.together(scope.Apps)
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() (err error) {
		s.lives, err = s.readLives(ctx, p.Repo, apps)
		return err
	})
	group.Go(func() (err error) {
		s.Accepted, err = p.Sources.Accepted(ctx, apps...)
		return err
	})
	var listed []scm.PullRequest
	group.Go(func() (err error) {
		listed, err = openOn(ctx, p.Forge)
		return err
	})
	group.Go(func() error { return s.readDecisions(ctx, p.Repo) })
	err := group.Wait()
	s.separate()
	s.sort(listed)
	return err
}

// together names the apps of a scope with those that share a unit with one of them; all apps where the scope names none.
func (s *Snapshot) together(scope []string) []string {
	units, apps := map[string]bool{}, map[string]bool{}
	for _, p := range s.placements {
		if len(scope) == 0 || slices.Contains(scope, p.App) {
			units[p.Unit] = true
		}
	}
	for _, p := range s.placements {
		apps[p.App] = apps[p.App] || units[p.Unit]
	}
	maps.DeleteFunc(apps, func(_ string, in bool) bool { return !in })
	return slices.Sorted(maps.Keys(apps))
}

// readLives reads the records of apps in every environment: one request for all blobs.
func (s *Snapshot) readLives(ctx context.Context, repo *git.Repository, apps []string) (map[Key]Live, error) {
	lives, blobs := map[Key]Live{}, map[Key]git.ID{}
	for _, p := range s.placements {
		if _, in := slices.BinarySearch(apps, p.App); !in {
			continue
		}
		live, blob, err := lookup(ctx, repo, s.heads[s.base(p)].Tree, p.Folder)
		if err != nil {
			return nil, err
		}
		lives[key(p)] = live
		if blob != "" {
			blobs[key(p)] = blob
			live.blob = blob
			lives[key(p)] = live
		}
	}
	data, err := repo.Blobs(ctx, slices.Sorted(maps.Values(blobs))...)
	if err != nil {
		return nil, fmt.Errorf("read records: %w", err)
	}
	for k, id := range blobs {
		lives[k] = lives[k].with(k, data[id])
	}
	return lives, nil
}

// lookup finds an app's folder and the blob of its record in a tree.
func lookup(ctx context.Context, repo *git.Repository, tree git.ID, folder string) (Live, git.ID, error) {
	dir, err := repo.Lookup(ctx, tree, folder)
	if errors.Is(err, git.ErrNotFound) {
		return Live{}, "", nil
	}
	if err != nil {
		return Live{}, "", err
	}
	record, err := repo.Lookup(ctx, dir.ID, release.RecordName)
	if errors.Is(err, git.ErrNotFound) {
		return Live{Folder: dir.ID}, "", nil
	}
	return Live{Folder: dir.ID}, record.ID, err
}

// with reads a record. One that was copied from another folder says nothing about this one.
func (l Live) with(k Key, data []byte) Live {
	l.Record, l.Err = release.ParseRecord(data)
	if r := l.Record; l.Err == nil && (r.App != k.App || r.Environment != k.Environment) {
		l.Err = fmt.Errorf("the record is that of %s in %s", r.App, r.Environment)
	}
	l.Found = l.Err == nil
	return l
}

// recordAt reads an app's record in any tree; Found is false where there is none.
func recordAt(ctx context.Context, repo *git.Repository, tree git.ID, pl environments.Placement) (Live, error) {
	live, blob, err := lookup(ctx, repo, tree, pl.Folder)
	if err != nil || blob == "" {
		return live, err
	}
	data, err := repo.Blob(ctx, blob)
	if err != nil {
		return live, err
	}
	live.blob = blob
	return live.with(key(pl), data), nil
}

func openOn(ctx context.Context, forge Forge) ([]scm.PullRequest, error) {
	if forge == nil {
		return nil, nil
	}
	prs, err := forge.PullRequests(ctx, scm.Filter{State: scm.Open, Brief: true})
	if err != nil {
		return nil, fmt.Errorf("list pull requests: %w", err)
	}
	return prs, nil
}

// sort tells ferry's own pull requests from all others: branch and base have to be exactly ours.
func (s *Snapshot) sort(prs []scm.PullRequest) {
	s.open = map[Key]scm.PullRequest{}
	promotions := s.promotions()
	for _, pr := range prs {
		if k, ok := promotions[[2]string{pr.Head, pr.Base}]; ok {
			s.open[k] = pr
		} else if isPromotion(pr.Head) {
			s.lost = append(s.lost, pr)
		}
	}
}

// promotions gives what each pair of branches would carry.
func (s *Snapshot) promotions() map[[2]string]Key {
	all := map[[2]string]Key{}
	for _, p := range s.placements {
		all[[2]string{release.PromotionBranch(p.Environment, p.Unit), s.base(p)}] = Key{App: p.Unit, Environment: p.Environment}
	}
	return all
}

// Promotes tells whether a pull request is one of ferry's, by its branches.
func (s *Snapshot) Promotes(pr scm.PullRequest) bool {
	_, ok := s.promotions()[[2]string{pr.Head, pr.Base}]
	return ok
}

// me is ferry's own name on the forge. It is asked for when somebody wants to know: most runs do not.
func (p *Promoter) me(ctx context.Context, s *Snapshot) (string, error) {
	if s.self != "" || p.Forge == nil {
		return s.self, nil
	}
	var err error
	s.self, err = p.Forge.Self(ctx)
	return s.self, err
}

// isMine tells whether ferry opened a pull request, if there is one.
func (p *Promoter) isMine(ctx context.Context, s *Snapshot, pr scm.PullRequest, is bool) (bool, error) {
	if !is {
		return false, nil
	}
	me, err := p.me(ctx, s)
	return pr.Author == me, err
}

func (s *Snapshot) base(p environments.Placement) string {
	if p.Branch != "" {
		return p.Branch
	}
	return s.DefaultBranch
}

func key(p environments.Placement) Key { return Key{App: p.App, Environment: p.Environment} }

// missingBranch is a branch that the repository should have.
type missingBranch struct{ Branch, Environment, URL string }

func (e *missingBranch) Error() string {
	if e.Environment != "" {
		return fmt.Sprintf("environment %s lives on branch %s, which %s does not have", e.Environment, e.Branch, e.URL)
	}
	return fmt.Sprintf("%s has no branch %s", e.URL, e.Branch)
}

// Hint says how to make one.
func (e *missingBranch) Hint() string {
	return fmt.Sprintf("create it: git push %s HEAD:refs/heads/%s", e.URL, e.Branch)
}
