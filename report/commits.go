package report

import (
	"github.com/ferry-cd/ferry/door"
	"github.com/ferry-cd/ferry/promote"
)

// commits lists what the sources bring, where that could be read.
func (p pager) commits(c promote.Change) door.Inert {
	if len(c.Commits) == 0 || p.level > resourceList {
		return door.Inert{}
	}
	repository := c.To.Release.Source.Repository
	items := []door.Inert{door.Say("%s of the source:\n\n", count(len(c.Commits)+c.More, "commit"))}
	for _, one := range c.Commits {
		items = append(items, door.Say("- %s %s (%s)\n", door.Link(outside(short(one.ID)).Code(), commitLink(repository, one.ID)),
			outside(one.Subject).Cut(longSubject).Prose(), outside(one.Author).Cut(longAuthor).Prose()))
	}
	if c.More > 0 {
		items = append(items, door.Say("- and %s older\n", count(c.More, "commit")))
	}
	return door.Say("%s\nIn the cluster:\n\n", door.Join("", items...))
}

const (
	longSubject = 100
	longAuthor  = 40
)
