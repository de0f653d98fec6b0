package ledger

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/ferry-cd/ferry/git"
	"github.com/ferry-cd/ferry/release"
)

const auditFolder = "audit"

// pendingName marks an entry whose health is not known yet; the file holds the entry's path.
const pendingName = "pending"

// Entry is one promotion that was merged: who, what, when, on which evidence.
type Entry struct {
	SchemaVersion int             `json:"schemaVersion"`
	App           string          `json:"app"`
	Environment   string          `json:"environment"`
	Release       release.Release `json:"release"` // with its images by digest
	Inputs        string          `json:"inputs"`
	Kind          string          `json:"kind"`                       // promotion, refresh, rollback, hotfix, retirement
	From          *Named          `json:"from" jsonschema:"nullable"` // what ran before; null where nothing did
	Commit        string          `json:"commit"`                     // on the environment's branch
	Time          time.Time       `json:"time"`
	PullRequest   int             `json:"pullRequest"` // 0: it came without one
	URL           string          `json:"url,omitempty"`
	Reviewed      string          `json:"reviewed,omitempty"` // tree of the folder as it was proposed
	Merged        string          `json:"merged"`             // tree of the folder as it came
	Same          bool            `json:"same"`               // everything of ferry's came as it was proposed
	Author        string          `json:"author,omitempty"`
	Approvers     []string        `json:"approvers"`
	Merger        string          `json:"merger,omitempty"`
	Gates         []Gate          `json:"gates"`
	Overrides     []Override      `json:"overrides,omitempty"`
	Health        *Health         `json:"health" jsonschema:"nullable"` // null until it is known
}

// Gate is one gate's answer as it stood when the merge was recorded.
type Gate struct {
	Gate   string `json:"gate"`
	Pass   bool   `json:"pass"`
	Reason string `json:"reason"`
}

// Health is how a release did after its merge.
type Health struct {
	State string    `json:"state"` // healthy, failed, superseded, timed-out, retired
	Why   string    `json:"why"`
	Since time.Time `json:"since,omitzero"`
}

// Evidence tells whether the entry shows that a review was asked for what came.
func (e Entry) Evidence() bool { return e.PullRequest > 0 && e.Same }

// Unmet names the gates that did not pass when the merge was recorded and that nobody overrode, sorted: people can merge
// past them.
func (e Entry) Unmet() []string {
	var all []string
	for _, g := range e.Gates {
		if !g.Pass && !slices.ContainsFunc(e.Overrides, func(o Override) bool { return slices.Contains(o.Gates, g.Gate) }) {
			all = append(all, g.Gate)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// Path is where the entry lies: in the order of time.
func (e Entry) Path() string {
	return path.Join(folderOf(e.Environment, e.App), e.Time.UTC().Format("20060102T150405Z")+"-"+e.Commit[:min(10, len(e.Commit))]+".json")
}

func folderOf(environment, app string) string { return path.Join(auditFolder, environment, app) }

// Files are the entry, and what tells the next run that it is there: a copy of the record, so that one look at a tree is
// enough, and a mark while health is not known.
func (e Entry) Files(record []byte) []File {
	e.SchemaVersion, e.Time = 1, second(e.Time)
	if e.Approvers == nil {
		e.Approvers = []string{}
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(e); err != nil {
		panic(fmt.Sprintf("write an audit entry: %v", err)) // plain structs of text, numbers and times always encode
	}
	mark := File{Path: path.Join(folderOf(e.Environment, e.App), pendingName)}
	if e.Health == nil {
		mark.Data = []byte(e.Path() + "\n")
	}
	files := []File{{Path: e.Path(), Data: b.Bytes()}, mark}
	if record != nil {
		files = append(files, File{Path: path.Join(folderOf(e.Environment, e.App), release.RecordName), Data: record})
	}
	return files
}

// Forgotten removes the copy of the record that was audited last: nothing runs any more.
func Forgotten(environment, app string) File {
	return File{Path: path.Join(folderOf(environment, app), release.RecordName)}
}

// Audited gives the blob of the record that was audited last for an app in an environment, "" where there is none.
func Audited(ctx context.Context, repo *git.Repository, state git.ID, environment, app string) (git.ID, error) {
	return blob(ctx, repo, state, path.Join(folderOf(environment, app), release.RecordName))
}

// Pending gives the entry whose health is not known yet; nil where there is none.
func Pending(ctx context.Context, repo *git.Repository, state git.ID, environment, app string) (*Entry, error) {
	id, err := blob(ctx, repo, state, path.Join(folderOf(environment, app), pendingName))
	if err != nil || id == "" {
		return nil, err
	}
	mark, err := repo.Blob(ctx, id)
	if err != nil {
		return nil, err
	}
	name := strings.TrimSpace(string(mark))
	if path.Dir(name) != folderOf(environment, app) {
		return nil, nil
	}
	if id, err = blob(ctx, repo, state, name); err != nil || id == "" {
		return nil, err
	}
	data, err := repo.Blob(ctx, id)
	if err != nil {
		return nil, err
	}
	e, err := parseEntry(data)
	if err != nil {
		return nil, fmt.Errorf("%s:%s: %w", release.StateBranch, name, err)
	}
	return &e, nil
}

// Entries reads the audit of one environment, oldest first; app "" means all.
func Entries(ctx context.Context, repo *git.Repository, state git.ID, environment, app string) ([]Entry, error) {
	if state == "" {
		return nil, nil
	}
	entries, err := repo.Walk(ctx, state, path.Join(auditFolder, environment, app))
	if errors.Is(err, git.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the audit of %s: %w", environment, err)
	}
	var ids []git.ID
	for _, e := range entries {
		if e.Mode.IsBlob() && path.Ext(e.Path) == ".json" {
			ids = append(ids, e.ID)
		}
	}
	data, err := repo.Blobs(ctx, ids...)
	if err != nil {
		return nil, fmt.Errorf("read the audit of %s: %w", environment, err)
	}
	var all []Entry
	var problems []error
	for _, e := range entries {
		if !e.Mode.IsBlob() || path.Ext(e.Path) != ".json" {
			continue
		}
		one, err := parseEntry(data[e.ID])
		if err != nil {
			problems = append(problems, fmt.Errorf("%s: %s: %w", environment, e.Path, err))
			continue
		}
		all = append(all, one)
	}
	slices.SortStableFunc(all, func(a, b Entry) int { return a.Time.Compare(b.Time) })
	return all, errors.Join(problems...)
}

func parseEntry(data []byte) (Entry, error) {
	var e Entry
	if len(data) > maxFile*8 {
		return e, fmt.Errorf("it has more than %d bytes", maxFile*8)
	}
	if err := json.Unmarshal(data, &e); err != nil {
		return e, err
	}
	if e.SchemaVersion != 1 {
		return e, fmt.Errorf("its schemaVersion is %d; this ferry reads 1", e.SchemaVersion)
	}
	return e, nil
}

// Recorded tells which commits of an environment's branch an app's entries are about, by the names of the files alone.
func Recorded(ctx context.Context, repo *git.Repository, state git.ID, environment, app string) (func(git.ID) bool, error) {
	none := func(git.ID) bool { return false }
	if state == "" {
		return none, nil
	}
	entries, err := repo.List(ctx, state, folderOf(environment, app))
	if errors.Is(err, git.ErrNotFound) {
		return none, nil
	}
	if err != nil {
		return nil, fmt.Errorf("list the audit of %s in %s: %w", app, environment, err)
	}
	names := map[string]bool{}
	for _, e := range entries {
		if _, commit, found := strings.Cut(strings.TrimSuffix(e.Path, ".json"), "-"); found {
			names[commit] = true
		}
	}
	return func(id git.ID) bool { return names[string(id[:min(10, len(id))])] }, nil
}

// seenFolder holds, for each branch with environments, the commit up to which the audit is complete. No environment can have
// its name.
const seenFolder = auditFolder + "/_seen"

// SeenFile says that the audit is complete up to a commit of a branch.
func SeenFile(branch string, commit git.ID) File {
	return File{Path: path.Join(seenFolder, branch), Data: []byte(string(commit) + "\n")}
}

// Seen gives the commit of a branch up to which the audit is complete; "" where nobody said so.
func Seen(ctx context.Context, repo *git.Repository, state git.ID, branch string) (git.ID, error) {
	id, err := blob(ctx, repo, state, path.Join(seenFolder, branch))
	if err != nil || id == "" {
		return "", err
	}
	data, err := repo.Blob(ctx, id)
	return git.ID(strings.TrimSpace(string(data))), err
}
