package promote

import (
	"context"
	"slices"

	"github.com/ferry-cd/ferry/git"
	"github.com/ferry-cd/ferry/scm"
)

// statusesOf reads the statuses of a commit once. Where the forge gives those of many commits in one call, the commits
// that will be asked for next come along.
func (s *Snapshot) statusesOf(ctx context.Context, forge Forge, id git.ID) ([]scm.Status, error) {
	if forge == nil {
		return nil, nil
	}
	if have, ok := s.statuses[string(id)]; ok {
		return have, nil
	}
	if bulk, ok := forge.(scm.BulkReader); ok {
		ids := s.next(id)
		many, err := bulk.StatusesOf(ctx, ids, s.believed())
		if err != nil {
			return nil, err
		}
		for _, sha := range ids {
			s.statuses[sha] = many[sha]
		}
		return many[string(id)], nil
	}
	have, err := forge.Statuses(ctx, string(id))
	if err != nil {
		return nil, err
	}
	s.statuses[string(id)] = have
	return have, nil
}

// believed names everybody whose word counts somewhere; nobody where everybody's does.
func (s *Snapshot) believed() []string {
	t := s.Config.Trust
	if len(t.Connector) == 0 {
		return nil
	}
	all := slices.Clone(t.Connector)
	for _, who := range t.Checks {
		all = append(all, who...)
	}
	return all
}

// inOneCall is how many commits forges tell of at once; GitHub's GraphQL takes a hundred.
const inOneCall = 100

// next names a commit and those of its branch, newest first, whose statuses nobody has read: who asks for one record asks
// for the others, too.
func (s *Snapshot) next(id git.ID) []string {
	ids := []string{string(id)}
	for _, c := range s.history {
		if !slices.ContainsFunc(c.commits, func(g git.Commit) bool { return g.ID == id }) {
			continue
		}
		for _, g := range c.commits {
			if _, have := s.statuses[string(g.ID)]; !have && g.ID != id && len(ids) < inOneCall {
				ids = append(ids, string(g.ID))
			}
		}
	}
	return ids
}
