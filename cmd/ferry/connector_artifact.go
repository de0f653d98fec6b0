package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"path"

	"github.com/urfave/cli/v2"

	"github.com/ferry-cd/ferry/git"
	"github.com/ferry-cd/ferry/ledger"
	"github.com/ferry-cd/ferry/release"
)

type artifactOptions struct {
	gitops                         gitopsOptions
	digest, commit, branch, folder string
	output                         string
}

func (a *app) connectorArtifactCommand() *cli.Command {
	var o artifactOptions
	return &cli.Command{
		Name:  "artifact",
		Usage: "note which commit an OCI artifact was packed from that does not say so itself",
		Description: "For CI, after it has pushed the artifact. The note lies on " + release.StateBranch + "; the connector reads it where an engine knows a digest and no commit.\n" +
			"An artifact with the annotations org.opencontainers.image.source and .revision, as flux push artifact writes them, needs none.",
		Flags: append(gitopsFlags(&o.gitops),
			&cli.StringFlag{Name: "digest", Destination: &o.digest, Usage: "`DIGEST` that the registry gave it: sha256:..."},
			&cli.StringFlag{Name: "commit", Destination: &o.commit, Usage: "`COMMIT` of the GitOps repository that was packed, in full"},
			&cli.StringFlag{Name: "branch", Destination: &o.branch, Usage: "`BRANCH` that it was taken from; the default one without it"},
			&cli.StringFlag{Name: "folder", Destination: &o.folder, Usage: "`FOLDER` that was packed; without it, all of the repository"},
			outputInto(&o.output),
		),
		Action: func(c *cli.Context) error { return a.runConnectorArtifact(c.Context, o) },
	}
}

func (a *app) runConnectorArtifact(ctx context.Context, o artifactOptions) error {
	if err := checkFormat(o.output, "text", "json"); err != nil {
		return err
	}
	if o.digest == "" || o.commit == "" {
		return usagef("which artifact, packed from what? give --digest and --commit")
	}
	note := release.Artifact{Digest: o.digest, Commit: o.commit, Branch: cmp.Or(o.branch, "main")}
	if folder := path.Clean(o.folder); folder != "." {
		note.Folder = folder
	}
	if err := note.Validate(); err != nil {
		return usagef("%w", err)
	}
	g, err := a.openGitOps(ctx, o.gitops)
	if err != nil {
		return err
	}
	if note.Branch, err = g.packedFrom(ctx, note, o.branch); err != nil {
		return err
	}
	data, err := note.Marshal()
	if err != nil {
		return err
	}
	wrote, err := ledger.Write(ctx, g.Repo, "Note what "+note.Digest[:19]+" was packed from", ledger.File{Path: release.ArtifactPath(note.Digest), Data: data})
	if err != nil {
		return err
	}
	if o.output == "json" {
		return writeJSON(a.Out, artifactDocument{current, wrote, note})
	}
	said := "noted"
	if !wrote {
		said = "noted before"
	}
	_, err = fmt.Fprintf(a.Out, "%s: %s was packed from %s of %s\n", said, note.Digest, short(note.Commit), note.Branch)
	return err
}

// packedFrom gives the branch, and sees that there is such a commit: a typo would leave a promotion without an end.
func (g *gitops) packedFrom(ctx context.Context, note release.Artifact, branch string) (string, error) {
	_, err := g.Repo.Commit(ctx, git.ID(note.Commit))
	if errors.Is(err, git.ErrNotFound) {
		return "", usagef("%s has no commit %s", g.Repo.URL(), note.Commit)
	}
	if err != nil || branch != "" {
		return branch, err
	}
	return g.Repo.DefaultBranch(ctx)
}
