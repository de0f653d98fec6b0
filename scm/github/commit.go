package github

import (
	"context"
	"encoding/base64"
	"fmt"
	"unicode/utf8"

	"github.com/google/go-github/v60/github"

	"github.com/ferry-cd/ferry/scm"
)

// maxInline is how much text goes into one tree; the rest become blobs first. GitHub takes 40 MB and some time for it.
const maxInline = 8 << 20

// SignedCommit implements scm.Signer. GitHub signs what an App commits, as long as the request names neither author nor
// committer; so the time of c is not used:
// https://docs.github.com/en/authentication/managing-commit-signature-verification/about-commit-signature-verification.
func (c *Client) SignedCommit(ctx context.Context, want scm.Commit) (string, error) {
	sha, err := c.signedCommit(ctx, want)
	if err != nil {
		return "", fmt.Errorf("make a commit on %.10s in %s: %w", want.Parent, c.name(), c.said(err))
	}
	return sha, nil
}

func (c *Client) signedCommit(ctx context.Context, want scm.Commit) (string, error) {
	if !isCommit(want.Parent) {
		return "", fmt.Errorf("the parent is no commit: %w", scm.ErrNotFound)
	}
	parent, _, err := c.gh.Git.GetCommit(ctx, c.owner, c.repo, want.Parent)
	if err != nil {
		return "", err
	}
	entries, err := c.entries(ctx, want.Files)
	if err != nil {
		return "", err
	}
	tree, _, err := c.gh.Git.CreateTree(ctx, c.owner, c.repo, parent.GetTree().GetSHA(), entries)
	if err != nil {
		return "", err
	}
	made, _, err := c.gh.Git.CreateCommit(ctx, c.owner, c.repo, &github.Commit{
		Message: &want.Message, Tree: &github.Tree{SHA: tree.SHA}, Parents: []*github.Commit{{SHA: &want.Parent}},
	}, nil)
	if err != nil {
		return "", err
	}
	if !made.GetVerification().GetVerified() {
		return "", &unsignedError{made.GetVerification().GetReason()}
	}
	return made.GetSHA(), nil
}

// entries puts text into the tree itself, and what is not text, or too much, into blobs.
func (c *Client) entries(ctx context.Context, files []scm.File) ([]*github.TreeEntry, error) {
	var out []*github.TreeEntry
	room := maxInline
	for _, f := range files {
		mode, kind := "100644", "blob"
		if f.Executable {
			mode = "100755"
		}
		e := &github.TreeEntry{Path: &f.Path, Mode: &mode, Type: &kind}
		switch {
		case f.Data == nil: // neither content nor id: removed
		case utf8.Valid(f.Data) && len(f.Data) <= room:
			text := string(f.Data)
			e.Content, room = &text, room-len(text)
		default:
			sha, err := c.blob(ctx, f.Data)
			if err != nil {
				return nil, err
			}
			e.SHA = &sha
		}
		out = append(out, e)
	}
	return out, nil
}

func (c *Client) blob(ctx context.Context, data []byte) (sha string, err error) {
	text, encoding := base64.StdEncoding.EncodeToString(data), "base64"
	err = again(ctx, func(ctx context.Context) error {
		made, _, err := c.gh.Git.CreateBlob(ctx, c.owner, c.repo, &github.Blob{Content: &text, Encoding: &encoding})
		sha = made.GetSHA()
		return err
	})
	return sha, err
}

// unsignedError says that GitHub made the commit but did not sign it.
type unsignedError struct{ reason string }

func (e *unsignedError) Error() string {
	return fmt.Sprintf("GitHub did not sign the commit (%s)", e.reason)
}

// Hint implements the optional next step of an error.
func (e *unsignedError) Hint() string {
	return "GitHub signs what an App or GITHUB_TOKEN commits; with a personal token, sign with an SSH or OpenPGP key"
}

// Unwrap implements the interface of errors.Is.
func (e *unsignedError) Unwrap() error { return scm.ErrForbidden }

// ExitCode implements the table of exit codes: credentials.
func (e *unsignedError) ExitCode() int { return 4 }
