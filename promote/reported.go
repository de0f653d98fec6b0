package promote

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/ferry-cd/ferry/release"
)

// Subject is what a report is about. An empty Commit is the head of the environment's branch.
type Subject struct{ App, Environment, Cluster, Commit string }

// Reported gives the commit on which a report belongs. What ferry.yaml does not have is an *Unknown, and an app that the
// environment does not hold at that commit a *Refused: a status there would be counted for nothing, and nobody would know.
func (p *Promoter) Reported(ctx context.Context, s *Snapshot, on Subject) (string, error) {
	if err := s.Known(Scope{Apps: []string{on.App}, Environments: []string{on.Environment}}); err != nil {
		return "", err
	}
	k := Key{on.App, on.Environment}
	pl, ok := s.Config.Placement(on.App, on.Environment)
	if !ok {
		return "", refuse(k, s.runsIn(on.App), "the app does not go there")
	}
	if err := inCluster(k, on.Cluster, pl.Clusters); err != nil {
		return "", err
	}
	head := s.heads[s.base(pl)]
	if on.Commit != "" {
		var err error
		if head, err = p.commitAt(ctx, on.Commit); isNotFound(err) {
			return "", refuse(k, "give a commit of "+s.base(pl), "%s is no commit of the GitOps repository", on.Commit)
		} else if err != nil {
			return "", err
		}
	}
	there, err := recordAt(ctx, p.Repo, head.Tree, pl)
	if err != nil {
		return "", err
	}
	if there.Err != nil {
		return "", refuse(k, "", "%s/%s: %v", pl.Folder, release.RecordName, there.Err)
	}
	if !there.Found {
		return "", refuse(k, s.runsIn(on.App), "%s holds no %s at %.10s: nothing of it was deployed there", pl.Folder, release.RecordName, head.ID)
	}
	return string(head.ID), nil
}

// inCluster refuses a report from where ferry.yaml has no cluster, and one that does not say from which it is.
func inCluster(k Key, name string, declared []string) error {
	switch {
	case name == "" && len(declared) == 0 || slices.Contains(declared, name):
		return nil
	case name == "":
		return refuse(k, "--cluster is one of "+strings.Join(declared, ", "), "each cluster of %s reports on its own, and gates need all of them", k.Environment)
	}
	return &Unknown{Kind: "cluster of " + k.Environment, Name: name, Known: declared}
}

// runsIn is a hint: where an app has something that can be reported on.
func (s *Snapshot) runsIn(app string) string {
	var where []string
	for _, pl := range s.placements {
		if pl.App == app && s.lives[key(pl)].Found {
			where = append(where, pl.Environment)
		}
	}
	if len(where) == 0 {
		return fmt.Sprintf("%s runs nowhere yet: hand a release over with ferry submit", app)
	}
	return fmt.Sprintf("%s runs in %s", app, strings.Join(where, ", "))
}

// Head is the head commit of the default branch.
func (s *Snapshot) Head() string { return string(s.heads[s.DefaultBranch].ID) }
