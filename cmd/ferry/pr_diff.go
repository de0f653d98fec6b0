package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/urfave/cli/v2"
	"golang.org/x/term"

	"github.com/ferry-cd/ferry/diff"
	"github.com/ferry-cd/ferry/git"
	"github.com/ferry-cd/ferry/scm"
)

func (a *app) prDiffCommand() *cli.Command {
	var o prOptions
	return &cli.Command{
		Name:      "diff",
		Usage:     "show what a pull request changes, file by file",
		UsageText: prUsage("diff", ""),
		Flags:     prFlags(&o),
		Action: func(c *cli.Context) error {
			if err := o.parse(c); err != nil {
				return err
			}
			return a.runPRDiff(c.Context, o)
		},
	}
}

// fileDiff is one file that a pull request changes, as -o json prints it.
type fileDiff struct {
	Path   string `json:"path"`
	Change string `json:"change"` // added | removed | changed
	Patch  string `json:"patch"`  // in the format of `git diff`
}

func (a *app) runPRDiff(ctx context.Context, o prOptions) error {
	d, err := a.sitDown(ctx, o)
	if err != nil {
		return err
	}
	pr, err := d.forge.PullRequest(ctx, o.number)
	if err != nil {
		return err
	}
	files, err := d.diff(ctx, pr)
	if err != nil {
		return fmt.Errorf("compare the branches of pull request %d: %w", o.number, err)
	}
	if o.output == "json" {
		return writeJSON(a.Out, filesDocument{current, files})
	}
	var out strings.Builder
	for _, f := range files {
		out.WriteString(f.Patch)
	}
	text := out.String()
	if isTerminal(a.Out) {
		text = scm.Text(text) + "\n" // a terminal obeys escape sequences; a pipe gets the bytes as they are
	}
	_, err = io.WriteString(a.Out, text)
	return err
}

func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// diff compares the head with the commit that it started from, as forges show it: what happened to the base since is no
// part of it.
func (d desk) diff(ctx context.Context, pr scm.PullRequest) ([]fileDiff, error) {
	from, err := d.fork(ctx, pr)
	if err != nil {
		return nil, err
	}
	old, err := d.repo.Commit(ctx, from)
	if err != nil {
		return nil, err
	}
	head, err := d.repo.Commit(ctx, git.ID(pr.HeadSHA))
	if err != nil {
		return nil, err
	}
	changes, err := d.repo.Changes(ctx, old.Tree, head.Tree)
	if err != nil {
		return nil, err
	}
	data, err := d.contents(ctx, changes)
	if err != nil {
		return nil, err
	}
	files := []fileDiff{}
	for _, c := range changes {
		for _, c := range oneKind(c) {
			files = append(files, compareFile(c, data[c.Old.ID], data[c.New.ID]))
		}
	}
	return files, nil
}

// oneKind takes a change of a file into a link, say, apart: the one goes, the other comes.
func oneKind(c git.Change) []git.Change {
	regular := func(e git.Entry) bool { return e.Mode == git.ModeFile || e.Mode == git.ModeExecutable }
	if c.Old.ID == "" || c.New.ID == "" || c.Old.Mode == c.New.Mode || regular(c.Old) && regular(c.New) {
		return []git.Change{c}
	}
	return []git.Change{{Path: c.Path, Old: c.Old}, {Path: c.Path, New: c.New}}
}

// fork is the commit that a pull request started from. After a merge the base holds the head, so the base as it was
// before is asked.
func (d desk) fork(ctx context.Context, pr scm.PullRequest) (git.ID, error) {
	if err := d.repo.Fetch(ctx, 0, "refs/heads/"+pr.Base, "refs/heads/"+pr.Head); err != nil {
		return "", err
	}
	refs, err := d.repo.Refs(ctx)
	if err != nil {
		return "", err
	}
	base := refs["refs/heads/"+pr.Base]
	if pr.State == scm.Merged {
		merge, err := d.repo.Commit(ctx, git.ID(pr.MergeCommit))
		if err != nil {
			return "", err
		}
		if len(merge.Parents) > 0 {
			base = merge.Parents[0]
		}
	}
	if base == "" {
		return "", fmt.Errorf("the branch %s is gone", pr.Base)
	}
	from, err := mergeBase(ctx, d.repo, base, git.ID(pr.HeadSHA))
	if err == nil && from == "" {
		err = errors.New("they have no commit in common")
	}
	return from, err
}

// contents reads the files on both sides in one request; submodules have none.
func (d desk) contents(ctx context.Context, changes []git.Change) (map[git.ID][]byte, error) {
	var ids []git.ID
	for _, c := range changes {
		for _, e := range []git.Entry{c.Old, c.New} {
			if e.Mode.IsBlob() {
				ids = append(ids, e.ID)
			}
		}
	}
	data, err := d.repo.Blobs(ctx, ids...)
	if err != nil {
		return nil, err
	}
	for _, c := range changes {
		for _, e := range []git.Entry{c.Old, c.New} {
			if e.Mode == git.ModeSubmodule {
				data[e.ID] = fmt.Appendf(nil, "Subproject commit %s\n", e.ID)
			}
		}
	}
	return data, nil
}

// compareFile writes one file's difference as `git diff` does, so that `git apply` takes it.
func compareFile(c git.Change, old, new []byte) fileDiff {
	f := fileDiff{Path: c.Path, Change: "changed"}
	before, after := quotePath("a/"+c.Path), quotePath("b/"+c.Path)
	var out strings.Builder
	fmt.Fprintf(&out, "diff --git %s %s\n", before, after)
	switch {
	case c.Old.ID == "":
		f.Change, before = "added", "/dev/null"
		fmt.Fprintf(&out, "new file mode %s\n", c.New.Mode)
	case c.New.ID == "":
		f.Change, after = "removed", "/dev/null"
		fmt.Fprintf(&out, "deleted file mode %s\n", c.Old.Mode)
	case c.Old.Mode != c.New.Mode:
		fmt.Fprintf(&out, "old mode %s\nnew mode %s\n", c.Old.Mode, c.New.Mode)
	}
	if bytes.IndexByte(old, 0) >= 0 || bytes.IndexByte(new, 0) >= 0 {
		fmt.Fprintf(&out, "Binary files %s and %s differ\n", before, after)
	} else {
		out.WriteString(diff.Unified(before, after, old, new))
	}
	f.Patch = out.String()
	return f
}

// quotePath puts a path with characters that would end a line or a name into quotes, as Git does.
func quotePath(path string) string {
	if !strings.ContainsFunc(path, func(r rune) bool { return r < ' ' || r == 0x7f || r == '"' || r == '\\' }) {
		return path
	}
	var out strings.Builder
	out.WriteByte('"')
	for _, b := range []byte(path) {
		switch {
		case b == '"' || b == '\\':
			out.Write([]byte{'\\', b})
		case b < ' ' || b == 0x7f:
			fmt.Fprintf(&out, "\\%03o", b)
		default:
			out.WriteByte(b)
		}
	}
	out.WriteByte('"')
	return out.String()
}
