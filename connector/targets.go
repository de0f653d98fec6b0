package connector

import (
	"context"
	"errors"
	"fmt"
	"path"
	"time"

	"github.com/ferry-cd/ferry/environments"
	"github.com/ferry-cd/ferry/git"
	"github.com/ferry-cd/ferry/release"
)

// reader finds in Git which commits wait for an answer. It keeps what it read: commits and trees never change.
type reader struct {
	o       Repository
	cluster string
	version string
	now     func() time.Time

	repo    *git.Repository
	trees   *trees
	opened  int               // refreshes that brought something since it was opened
	heads   map[string]git.ID // every ref, as it was read last
	refs    map[string]git.ID // the same when what is followed was read last
	branch  string            // the default one
	config  *environments.Config
	stale   error                // why config is older than the branch's head
	absent  []string             // branches of environments that are not there
	looked  time.Time            // when heads were read last
	arrived map[git.ID]time.Time // commits that were not there at the look before, and when that was
	chains  map[string]*chain
	records records
	named   map[git.ID][]Resource // what manifests are in a folder
	packed  packed
	unknown bool // a unit has a digest of which only a note can tell what it was packed from
}

const (
	maxFetches = 200                 // after so many the repository is opened anew: what was fetched stays in memory
	maxChanges = 50                  // of one app's folder that are looked back
	lookBack   = 30 * 24 * time.Hour // older changes that nobody answered stay so
	maxRecords = 20_000
)

// waiting is a target with what Git says around it.
type waiting struct {
	Target
	Placement environments.Placement
	Newest    string // the commit that changed the folder last
	Next      Step   // the change after this one; zero at the newest
	index     int    // of the commit in its chain, when it was read
}

// targets gives, newest first for each placement, the changes of each app's folder that may wait for an answer: the live one,
// and older ones that ask does not say are done, down to where it says so of one that nobody can be waiting for. ask is asked
// about many at once.
func (r *reader) targets(ctx context.Context, ask asker) ([]waiting, error) {
	var all []waiting
	walks := make([]walk, 0, len(r.placements()))
	for _, p := range r.placements() {
		if r.follows(p) {
			walks = append(walks, walk{Placement: p})
		}
	}
	for n := 0; n < maxChanges && len(walks) > 0; n++ {
		level, err := r.level(ctx, walks, n)
		if err != nil {
			return nil, err
		}
		answers := make([]answer, len(level))
		if n > 0 {
			if answers, err = askAll(ctx, level, ask); err != nil {
				return nil, err
			}
		}
		walks = walks[:0]
		for i, w := range level {
			if w.found.Release.App != "" && answers[i] == openEnded {
				all = append(all, w.found)
			}
			if answers[i] != over {
				walks = append(walks, w.back())
			}
		}
	}
	return all, nil
}

// walk is a way back through the changes of one placement.
type walk struct {
	environments.Placement
	found  waiting // at this level; without a release where the folder holds none
	live   git.ID
	newest string
	next   Step
}

// back makes the found change the next one of what comes before it.
func (w walk) back() walk {
	w.next = Step{Commit: w.found.Commit, Version: w.found.Release.Version, Removed: w.found.Tree == "", Landed: w.found.Landed}
	return w
}

// level takes each walk one change back, and drops those that are at their end.
func (r *reader) level(ctx context.Context, walks []walk, n int) ([]walk, error) {
	var out []walk
	var steps []change
	for _, w := range walks {
		c := r.chains[r.base(w.Placement)]
		is, ok, err := c.change(ctx, r.trees, w.Folder, n, r.deeper(ctx, c, w, n))
		if err != nil {
			return nil, fmt.Errorf("read the history of %s: %w", w.Folder, err)
		}
		if !ok {
			continue
		}
		if n == 0 {
			w.live, w.newest = is.tree, string(is.commit.ID)
		}
		out, steps = append(out, w), append(steps, is)
	}
	if err := r.prefetch(ctx, steps); err != nil {
		return nil, err
	}
	for i, w := range out {
		var err error
		if out[i].found, err = r.waiting(ctx, w, r.chains[r.base(w.Placement)], steps[i]); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// prefetch brings the records of many folders in one request.
func (r *reader) prefetch(ctx context.Context, steps []change) error {
	var ids []git.ID
	for _, s := range steps {
		if s.tree == "" {
			continue
		}
		file, err := r.trees.file(ctx, s.tree, release.RecordName)
		if err == nil && file != "" && !r.records.has(file) {
			ids = append(ids, file)
		}
	}
	if _, err := r.repo.Blobs(ctx, ids...); err != nil {
		return fmt.Errorf("read the records of %s: %w", r.o.Name, err)
	}
	return nil
}

// deeper tells whether older history is worth reading: for what is live all of it, for what is older or gone a month.
func (r *reader) deeper(ctx context.Context, c *chain, w walk, n int) bool {
	if n == 0 {
		if tree, err := r.trees.folder(ctx, c.commits[0].Tree, w.Folder); err == nil && tree != "" {
			return true
		}
	}
	return r.now().Sub(c.commits[len(c.commits)-1].Time) < lookBack
}

func (r *reader) waiting(ctx context.Context, w walk, c *chain, is change) (waiting, error) {
	landed := later(c.cameAt(is.index, r.now()), r.arrived[is.commit.ID])
	found := waiting{Placement: w.Placement, Newest: w.newest, Next: w.next, index: is.index, Target: Target{
		Environment: w.Environment, App: w.App, Repository: r.o.Name, Branch: r.base(w.Placement), Path: w.Folder,
		Commit: string(is.commit.ID), Tree: string(is.tree), Live: is.tree == w.live, Landed: landed,
	}}
	if len(w.Clusters) > 0 {
		found.Cluster = r.cluster
	}
	if w.Deadline > 0 {
		found.Deadline = landed.Add(w.Deadline)
	}
	var err error
	found.Release, err = r.release(ctx, w.Placement, is.tree)
	return found, err
}

// release reads what a folder holds; none where it is not ferry's.
func (r *reader) release(ctx context.Context, p environments.Placement, tree git.ID) (release.Release, error) {
	if tree == "" {
		return release.Release{}, nil
	}
	file, err := r.trees.file(ctx, tree, release.RecordName)
	if err != nil || file == "" {
		return release.Release{}, err
	}
	if !r.records.has(file) {
		data, err := r.repo.Blob(ctx, file)
		if err != nil {
			return release.Release{}, fmt.Errorf("read %s: %w", path.Join(p.Folder, release.RecordName), err)
		}
		r.records.keep(file, data)
	}
	record := r.records.known[file]
	if record.App != p.App || record.Environment != p.Environment {
		return release.Release{}, nil // copied from another folder
	}
	return record.Release, nil
}

// records are those that were read, by blob, without their long lists.
type records struct{ known map[git.ID]release.Record }

func (r *records) has(id git.ID) bool {
	_, ok := r.known[id]
	return ok
}

// keep reads a record. What is none is nobody's release.
func (r *records) keep(id git.ID, data []byte) {
	if r.known == nil || len(r.known) >= maxRecords {
		r.known = map[git.ID]release.Record{}
	}
	record, _ := release.ParseRecord(data)
	record.Inputs, record.Files = release.Inputs{}, nil
	r.known[id] = record
}

// answer is what is known of an older target without looking at it.
type answer int

const (
	openEnded answer = iota // it waits
	done                    // it is done with; older ones may wait
	over                    // so are all older ones
)

// asker tells how targets stand.
type asker func(context.Context, []waiting) ([]answer, error)

func askAll(ctx context.Context, walks []walk, ask asker) ([]answer, error) {
	asked := make([]waiting, 0, len(walks))
	for _, w := range walks {
		asked = append(asked, w.found)
	}
	return ask(ctx, asked)
}

// facts tells how commits that units stand at relate to a target.
func (r *reader) facts(ctx context.Context, w waiting, commits []string) (map[string]Fact, error) {
	c := r.chains[w.Branch]
	at, _ := c.index(w.Commit)
	facts := map[string]Fact{}
	for _, commit := range commits {
		f, known, err := r.fact(ctx, c, at, w.Path, git.ID(commit))
		if err != nil {
			return nil, err
		}
		if known {
			facts[commit] = f
		}
	}
	return facts, nil
}

func (r *reader) fact(ctx context.Context, c *chain, target int, folder string, commit git.ID) (Fact, bool, error) {
	if !commit.Valid() {
		return Fact{}, false, nil
	}
	is, err := r.repo.Commit(ctx, commit)
	if errors.Is(err, git.ErrNotFound) {
		return Fact{}, false, nil
	}
	if err != nil {
		return Fact{}, false, fmt.Errorf("read %.10s, at which a unit is: %w", commit, err)
	}
	j, err := c.meets(ctx, r.repo, is.ID)
	if err != nil {
		return Fact{}, false, err
	}
	tree, err := r.trees.folder(ctx, is.Tree, folder)
	if err != nil {
		return Fact{}, false, err
	}
	at, _ := c.index(j.at)
	return Fact{Contains: j.known && at <= target, Tree: string(tree)}, true, nil
}
