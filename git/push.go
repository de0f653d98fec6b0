package git

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/go-git/go-git/v5/plumbing"
)

// Update moves one ref: from Old ("" where it does not exist yet) to New ("" deletes it). With Old equal to New it only
// has to be there.
type Update struct {
	Ref      string // full name
	Old, New ID
}

// Push moves refs, all or none, and brings the objects they need. A ref that is not at Old makes it a *MovedError and
// nothing is changed; what the repository will not accept is ErrRefused. Success means that the refs were read back.
func (r *Repository) Push(ctx context.Context, updates ...Update) error {
	if err := checkUpdates(updates); err != nil {
		return err
	}
	if len(updates) == 0 {
		return ctx.Err()
	}
	objects, err := r.toPush(updates)
	if err != nil {
		return err
	}
	if err := r.home.push(ctx, updates, objects); err != nil {
		return fmt.Errorf("push to %s: %w", r.url, err)
	}
	r.pushed(objects)
	return nil
}

func checkUpdates(updates []Update) error {
	seen := map[string]bool{}
	for _, u := range updates {
		if err := CheckRef(u.Ref); err != nil {
			return err
		}
		switch {
		case seen[u.Ref]:
			return &nameError{What: "ref", Name: u.Ref, Why: "is moved twice"}
		case u.Old != "" && !u.Old.Valid(), u.New != "" && !u.New.Valid():
			return &nameError{What: "ref", Name: u.Ref, Why: "is moved by an id that is not 40 hex digits"}
		case u.Old == "" && u.New == "":
			return &nameError{What: "ref", Name: u.Ref, Why: "is moved from nothing to nothing"}
		}
		seen[u.Ref] = true
	}
	return nil
}

// toPush collects what was written here and the new values need, each object after those it names.
func (r *Repository) toPush(updates []Update) ([]freshObject, error) {
	p := pusher{r: r, seen: map[ID]bool{}}
	for _, u := range updates {
		if u.New == "" || u.New == u.Old {
			continue
		}
		err := p.add(u.New, nil)
		if err == nil {
			err = r.fits(u)
		}
		if err != nil {
			return nil, fmt.Errorf("push %s to %s: %w", u.Ref, r.url, err)
		}
	}
	return p.objects, nil
}

// fits refuses a branch that would stand at something else than a commit.
func (r *Repository) fits(u Update) error {
	o, err := r.object(u.New)
	if err == nil && strings.HasPrefix(u.Ref, "refs/heads/") && o.kind != plumbing.CommitObject {
		return &nameError{What: "branch", Name: u.Ref, Why: fmt.Sprintf("cannot stand at %s, which is a %s", u.New.Short(), o.kind)}
	}
	return nil
}

type pusher struct {
	r       *Repository
	seen    map[ID]bool
	objects []freshObject
}

// add takes an object with all it names. known are entries that the repository certainly has.
func (p *pusher) add(id ID, known map[ID]bool) error {
	if p.seen[id] || known[id] {
		return nil
	}
	p.seen[id] = true
	p.r.mu.Lock()
	o, ok := p.r.fresh[id]
	p.r.mu.Unlock()
	if !ok {
		return p.there(id)
	}
	names, known, err := p.names(id, o)
	if err != nil {
		return err
	}
	for _, name := range names {
		if err := p.add(name, known); err != nil {
			return err
		}
	}
	p.objects = append(p.objects, freshObject{id, o})
	return nil
}

// there refuses to publish what lacks a part. Behind a server, files are not at hand; it looks for itself.
func (p *pusher) there(id ID) error {
	if _, onDisk := p.r.home.(*diskHome); onDisk && id != emptyTree && !p.r.home.has(id) {
		return p.r.notFound("object %s, which the new history needs", id)
	}
	return nil
}

func (p *pusher) names(id ID, o object) (names []ID, known map[ID]bool, err error) {
	switch o.kind {
	case plumbing.CommitObject:
		c, err := parseCommit(id, o.data)
		return append(slices.Clone(c.Parents), c.Tree), nil, err
	case plumbing.TreeObject:
		entries, err := parseTree(o.data)
		for _, e := range entries {
			if e.Mode != ModeSubmodule {
				names = append(names, e.ID)
			}
		}
		return names, p.knownFrom(o.base), err
	}
	return nil, nil, nil
}

// knownFrom lists what a tree that came from the repository names: it need not be looked for.
func (p *pusher) knownFrom(base ID) map[ID]bool {
	known := map[ID]bool{}
	o, err := p.r.home.object(base)
	if err != nil {
		return known
	}
	entries, err := parseTree(o.data)
	if err != nil {
		return known
	}
	for _, e := range entries {
		known[e.ID] = true
	}
	return known
}

// pushed forgets what the repository has now.
func (r *Repository) pushed(objects []freshObject) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, o := range objects {
		delete(r.fresh, o.id)
	}
}
