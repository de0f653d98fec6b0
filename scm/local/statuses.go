package local

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"

	"github.com/ferry-cd/ferry/git"
	"github.com/ferry-cd/ferry/scm"
)

// maxStatuses is how often a context may change on one commit, as on GitHub: a reporter that flaps for ever is told so.
const maxStatuses = 1000

// Statuses implements scm.Client.
func (c *Client) Statuses(ctx context.Context, sha string) ([]scm.Status, error) {
	all, _, err := c.statuses(ctx, sha)
	if err != nil {
		return nil, fmt.Errorf("read statuses of %.40s in %s: %w", sha, c.repo.URL(), err)
	}
	slices.Reverse(all)
	return all, nil
}

// statuses reads the file of a commit, oldest first, and where the statuses' ref was.
func (c *Client) statuses(ctx context.Context, sha string) ([]scm.Status, git.ID, error) {
	refs, err := c.repo.Refs(ctx)
	if err != nil {
		return nil, "", err
	}
	at := refs[statusesRef]
	tree, err := c.treeAt(ctx, at)
	if err != nil || tree == "" || !git.ID(sha).Valid() {
		return nil, at, err
	}
	e, err := c.repo.Lookup(ctx, tree, statusPath(sha))
	if errors.Is(err, git.ErrNotFound) {
		return nil, at, nil
	}
	if err != nil {
		return nil, at, err
	}
	data, err := c.repo.Blob(ctx, e.ID)
	if err != nil {
		return nil, at, err
	}
	all, err := decodeStatuses(data)
	return all, at, err
}

func statusPath(sha string) string { return sha[:2] + "/" + sha[2:] + ".jsonl" }

// decodeStatuses reads one status a line. Whoever may push may write it, so nothing in it is believed.
func decodeStatuses(data []byte) ([]scm.Status, error) {
	var all []scm.Status
	for line := range bytes.Lines(data) {
		var s scm.Status
		dec := json.NewDecoder(bytes.NewReader(line))
		dec.DisallowUnknownFields()
		if err := dec.Decode(&s); err != nil {
			return nil, fmt.Errorf("%s: line %d as stored: %w", statusesRef, len(all)+1, err)
		}
		if checkStatus(s) != nil || s.Creator == "" || s.Time.IsZero() {
			return nil, fmt.Errorf("%s: line %d as stored is no status", statusesRef, len(all)+1)
		}
		all = append(all, s)
	}
	return all, nil
}

func encodeStatuses(all []scm.Status) ([]byte, error) {
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	for _, s := range all {
		if err := enc.Encode(s); err != nil {
			return nil, err
		}
	}
	return out.Bytes(), nil
}

// SetStatus implements scm.Client.
func (c *Client) SetStatus(ctx context.Context, sha string, want scm.Status) (bool, error) {
	want.Context, want.Text = scm.Line(want.Context), scm.Cut(scm.Line(want.Text), c.Limits().StatusText)
	wrote, err := c.setStatus(ctx, sha, want)
	if err != nil {
		return false, fmt.Errorf("set status %s of %.40s in %s: %w", want.Context, sha, c.repo.URL(), err)
	}
	return wrote, nil
}

func (c *Client) setStatus(ctx context.Context, sha string, want scm.Status) (bool, error) {
	if err := checkStatus(want); err != nil {
		return false, err
	}
	if !git.ID(sha).Valid() {
		return false, fmt.Errorf("that is no commit: %w", scm.ErrNotFound)
	}
	if _, err := c.repo.Commit(ctx, git.ID(sha)); errors.Is(err, git.ErrNotFound) {
		return false, fmt.Errorf("%w: %w", scm.ErrNotFound, err)
	} else if err != nil {
		return false, err
	}
	wrote := false
	err := git.Retry(ctx, patience, func(int) error {
		all, at, err := c.statuses(ctx, sha)
		if err != nil {
			return err
		}
		if wrote, err = c.news(all, want); err != nil || !wrote {
			return err
		}
		want.Creator, want.Time = c.user, c.time()
		if n := len(all); n > 0 && all[n-1].Time.After(want.Time) {
			want.Time = all[n-1].Time // another process's clock is ahead; a history never runs backwards
		}
		return c.pushStatuses(ctx, sha, at, append(all, want))
	})
	return wrote && err == nil, err
}

// news tells whether a status says something that we have not said last; all is oldest first.
func (c *Client) news(all []scm.Status, want scm.Status) (bool, error) {
	count := 0
	for _, s := range all {
		if s.Context == want.Context {
			count++
		}
	}
	newestFirst := func(yield func(scm.Status) bool) {
		for _, s := range slices.Backward(all) {
			if !yield(s) {
				return
			}
		}
	}
	said, err := scm.Said(newestFirst, want, func() (string, error) { return c.user, nil })
	if err == nil && !said && count >= maxStatuses {
		return false, tooLarge("history", maxStatuses, "statuses of one context")
	}
	return !said, err
}

// pushStatuses replaces the file of a commit. The ref's commits have no parents: the history lies in the files, and what
// is replaced is left to garbage collection.
func (c *Client) pushStatuses(ctx context.Context, sha string, at git.ID, all []scm.Status) error {
	data, err := encodeStatuses(all)
	if err != nil {
		return err
	}
	blob, err := c.repo.WriteBlob(data)
	if err != nil {
		return err
	}
	before, err := c.treeAt(ctx, at)
	if err != nil {
		return err
	}
	tree, err := c.repo.EditTree(ctx, before, git.Edit{Path: statusPath(sha), Mode: git.ModeFile, ID: blob})
	if err != nil {
		return err
	}
	commit, err := c.repo.WriteCommit(ctx, git.NewCommit{Tree: tree, Message: "Commit statuses\n"})
	if err != nil {
		return err
	}
	return c.move(ctx, git.Update{Ref: statusesRef, Old: at, New: commit})
}

// checkStatus refuses what no forge takes.
func checkStatus(s scm.Status) error {
	switch {
	case s.Context == "" || len(s.Context) > maxName:
		return fmt.Errorf("a context has 1 to %d bytes: %w", maxName, scm.ErrInvalid)
	case s.State != scm.Pending && s.State != scm.Success && s.State != scm.Failure && s.State != scm.Superseded:
		return fmt.Errorf("state %q: %w", s.State, scm.ErrInvalid)
	case !webURL(s.URL):
		return fmt.Errorf("URL %q is not on the web: %w", s.URL, scm.ErrInvalid)
	}
	return boundedText("text", s.Text+s.URL, maxWords)
}

// webURL tells whether a link may be shown; none may, too.
func webURL(s string) bool {
	u, err := url.Parse(s)
	return s == "" || err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Host != ""
}
