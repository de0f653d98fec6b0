package local

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/ferry-cd/ferry/git"
	"github.com/ferry-cd/ferry/scm"
)

const (
	pullsRef    = "refs/ferry/pulls"
	statusesRef = "refs/ferry/statuses"
	headsPrefix = "refs/heads/"
)

// patience of compare-and-swap: writers are many and each is done in milliseconds.
var patience = git.RetryOptions{Attempts: 200, First: 4 * time.Millisecond, Longest: 200 * time.Millisecond}

// view is the forge at one moment: all refs, and the tree of the pull requests.
type view struct {
	refs  map[string]git.ID
	pulls git.ID // tree; "" where there are none yet
}

func (v view) branch(name string) git.ID { return v.refs[headsPrefix+name] }

func (c *Client) look(ctx context.Context) (view, error) {
	refs, err := c.repo.Refs(ctx)
	if err != nil {
		return view{}, err
	}
	tree, err := c.treeAt(ctx, refs[pullsRef])
	return view{refs: refs, pulls: tree}, err
}

// treeAt gives the tree of one of the forge's own commits.
func (c *Client) treeAt(ctx context.Context, commit git.ID) (git.ID, error) {
	if commit == "" {
		return "", nil
	}
	at, err := c.commit(ctx, commit)
	return at.Tree, err
}

// maxCommits bounds what a client remembers of the history.
const maxCommits = 20_000

// commit reads a commit, each once: the walks of many pull requests cross the same ones.
func (c *Client) commit(ctx context.Context, id git.ID) (git.Commit, error) {
	c.mu.Lock()
	known, ok := c.commits[id]
	c.mu.Unlock()
	if ok {
		return known, nil
	}
	at, err := c.repo.Commit(ctx, id)
	if err != nil {
		return at, err
	}
	at.Message = ""
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.commits) < maxCommits {
		c.commits[id] = at
	}
	return at, nil
}

// history is the repository's.
func (c *Client) history() history { return history{c.commit} }

// list gives one level of a folder of the forge, nothing where there is none.
func (c *Client) list(ctx context.Context, tree git.ID, path string) ([]git.Entry, error) {
	if tree == "" {
		return nil, nil
	}
	entries, err := c.repo.List(ctx, tree, path)
	if errors.Is(err, git.ErrNotFound) {
		return nil, nil
	}
	return entries, err
}

// shelf is one file of a pull request.
type shelf struct {
	number int
	id     git.ID
}

// shelves gives the files of a state's pull requests; "" gives all. Files with other names are nobody's.
func (c *Client) shelves(ctx context.Context, v view, state scm.State) ([]shelf, error) {
	var folders []string
	if state == scm.Open || state == "" {
		folders = append(folders, "open")
	}
	if state != scm.Open {
		thousands, err := c.list(ctx, v.pulls, "done")
		if err != nil {
			return nil, err
		}
		for _, e := range thousands {
			folders = append(folders, "done/"+base(e.Path))
		}
	}
	var found []shelf
	for _, folder := range folders {
		entries, err := c.list(ctx, v.pulls, folder)
		if err != nil {
			return nil, err
		}
		for _, e := range entries {
			if n, err := strconv.Atoi(strings.TrimSuffix(base(e.Path), ".json")); err == nil && e.Mode.IsBlob() {
				found = append(found, shelf{n, e.ID})
			}
		}
	}
	return found, nil
}

// base is the last part of a path.
func base(path string) string { return path[strings.LastIndexByte(path, '/')+1:] }

// records reads the pull requests of a state, newest first.
func (c *Client) records(ctx context.Context, v view, state scm.State) ([]record, error) {
	found, err := c.shelves(ctx, v, state)
	if err != nil {
		return nil, err
	}
	all, err := c.open(ctx, found)
	slices.SortFunc(all, func(a, b record) int { return cmp.Compare(b.Number, a.Number) })
	return all, err
}

// record reads one; scm.ErrNotFound where there is none.
func (c *Client) record(ctx context.Context, v view, number int) (record, error) {
	for _, path := range []string{openPath(number), donePath(number)} {
		if v.pulls == "" || number < 1 {
			break
		}
		e, err := c.repo.Lookup(ctx, v.pulls, path)
		if errors.Is(err, git.ErrNotFound) {
			continue
		}
		if err != nil {
			return record{}, err
		}
		all, err := c.open(ctx, []shelf{{number, e.ID}})
		if err != nil {
			return record{}, err
		}
		return all[0], nil
	}
	return record{}, scm.ErrNotFound
}

// open decodes files, reading those that were not read before in one request.
func (c *Client) open(ctx context.Context, files []shelf) ([]record, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	var missing []git.ID
	for _, f := range files {
		if _, ok := c.read[f.id]; !ok {
			missing = append(missing, f.id)
		}
	}
	data, err := c.repo.Blobs(ctx, missing...)
	if err != nil {
		return nil, err
	}
	var all []record
	for _, f := range files {
		if raw, ok := data[f.id]; ok {
			r, err := decodeRecord(raw, f.number)
			if err != nil {
				return nil, fmt.Errorf("%s: pull request %d as stored: %w", pullsRef, f.number, err)
			}
			c.read[f.id] = r
		}
		all = append(all, c.read[f.id].clone())
	}
	return all, nil
}

// clone shares nothing that a caller may change.
func (r record) clone() record {
	r.Labels, r.Reviews = slices.Clone(r.Labels), slices.Clone(r.Reviews)
	return r
}

// nextNumber is one more than any there ever was: records are never removed.
func (c *Client) nextNumber(ctx context.Context, v view) (int, error) {
	all, err := c.shelves(ctx, v, "")
	next := 1
	for _, s := range all {
		next = max(next, s.number+1)
	}
	return next, err
}

// change is what one act does to the forge.
type change struct {
	act     string // for the journal
	records []record
	with    []git.Update // refs that move, or must not move, together with the pull requests
}

// write runs an act until nobody was faster: look, decide, move the refs. An act that returns no records writes nothing.
func (c *Client) write(ctx context.Context, decide func(v view) (change, error)) error {
	return git.Retry(ctx, patience, func(int) error {
		v, err := c.look(ctx)
		if err != nil {
			return err
		}
		ch, err := decide(v)
		if err != nil || len(ch.records) == 0 {
			return err
		}
		return c.push(ctx, v, ch)
	})
}

// push makes a change the newest state of the pull requests.
func (c *Client) push(ctx context.Context, v view, ch change) error {
	tree, err := c.shelve(ctx, v, ch.records)
	if err != nil {
		return err
	}
	commit, err := c.repo.WriteCommit(ctx, git.NewCommit{Tree: tree, Parents: v.parents(ch.records), Message: ch.act + "\n"})
	if err != nil {
		return err
	}
	return c.move(ctx, append(ch.with, git.Update{Ref: pullsRef, Old: v.refs[pullsRef], New: commit})...)
}

// shelve writes records into the tree, each where it belongs now.
func (c *Client) shelve(ctx context.Context, v view, records []record) (git.ID, error) {
	edits := map[string]git.Edit{}
	for _, r := range records {
		data, err := r.encode()
		if err != nil {
			return "", err
		}
		blob, err := c.repo.WriteBlob(data)
		if err != nil {
			return "", err
		}
		for _, path := range []string{openPath(r.Number), donePath(r.Number)} {
			edits[path] = git.Edit{Path: path} // gone, unless it is the place of the next line
		}
		edits[r.path()] = git.Edit{Path: r.path(), Mode: git.ModeFile, ID: blob}
	}
	sorted := slices.SortedFunc(maps.Values(edits), func(a, b git.Edit) int { return strings.Compare(a.Path, b.Path) })
	return c.repo.EditTree(ctx, v.pulls, sorted...)
}

// parents are the state before and the commits that the records end in, so that those outlive their branches.
func (v view) parents(records []record) []git.ID {
	var ids []git.ID
	if before := v.refs[pullsRef]; before != "" {
		ids = append(ids, before)
	}
	for _, r := range records {
		if end := git.ID(cmp.Or(r.MergeCommit, r.HeadSHA)); !slices.Contains(ids, end) {
			ids = append(ids, end)
		}
	}
	return ids
}
