package promote

import (
	"fmt"
	"slices"
	"strings"

	"github.com/ferry-cd/ferry/environments"
	"github.com/ferry-cd/ferry/gates"
	"github.com/ferry-cd/ferry/release"
)

// authorsOf gives the people behind what a record adds to what runs in an environment; nil where they may approve. What ran
// there before, or runs now, adds nobody's work.
func (s *Snapshot) authorsOf(pl environments.Placement, r release.Record) *gates.Authors {
	if !slices.Contains(pl.Gates.Approvals.Exclude, environments.SourceAuthors) {
		return nil
	}
	live := s.lives[key(pl)]
	if h, back := s.backwards(pl); back && h.Rollback.To.Is(r) || live.Found && live.Record.Release.Sequence == r.Release.Sequence {
		return &gates.Authors{}
	}
	since, what := "", "first"
	if live.Found {
		since, what = live.Record.Release.Source.Commit, "since "+live.Record.Release.Version
		if since == "" {
			return &gates.Authors{Unknown: live.Record.Release.Version + ", which runs there, names no source commit"}
		}
	}
	people, known := r.Release.WroteSince(since)
	if !known {
		return &gates.Authors{Unknown: fmt.Sprintf("the release does not say who wrote what came %s", what)}
	}
	return &gates.Authors{People: s.accounts(people)}
}

// accounts adds the logins that ferry.yaml gives to names and addresses. One person may have several.
func (s *Snapshot) accounts(people []release.Person) []release.Person {
	var out []release.Person
	for _, p := range people {
		known := false
		for account, names := range s.Config.People {
			if slices.ContainsFunc(names, func(n string) bool { return strings.EqualFold(n, p.Email) && n != "" || strings.EqualFold(n, p.Name) }) {
				out, known = append(out, release.Person{Name: p.Name, Email: p.Email, Login: account}), true
			}
		}
		if !known || p.Login != "" {
			out = append(out, p)
		}
	}
	slices.SortFunc(out, func(a, b release.Person) int {
		return strings.Compare(a.Name+"\x00"+a.Email+"\x00"+a.Login, b.Name+"\x00"+b.Email+"\x00"+b.Login)
	})
	return out
}

// Running gives the releases of an app that environments hold now; all is false where some environment holds none yet.
func (s *Snapshot) Running(app string) (releases []release.Release, all bool) {
	all = true
	for _, pl := range s.placements {
		live := s.lives[key(pl)]
		switch {
		case pl.App != app:
		case !live.Found:
			all = false
		default:
			releases = append(releases, live.Record.Release)
		}
	}
	return releases, all
}
