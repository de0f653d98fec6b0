package git

import (
	"context"
	"fmt"

	"github.com/go-git/go-git/v5/plumbing"
)

// CopyTree takes over a tree with all below it from another repository. What is here already is not read again. A tree
// with a path that EditTree would refuse is refused.
func (r *Repository) CopyTree(ctx context.Context, from *Repository, tree ID) error {
	c := copier{to: r, from: from, seen: map[ID]bool{}, left: r.o.Limits.Entries}
	if err := c.trees(ctx, tree, ""); err != nil {
		return fmt.Errorf("copy tree %s to %s: %w", tree.Short(), r.url, err)
	}
	if err := c.blobs(ctx); err != nil {
		return fmt.Errorf("copy tree %s to %s: %w", tree.Short(), r.url, err)
	}
	for _, o := range c.objects {
		r.keep(o.id, o.object)
	}
	return nil
}

type copier struct {
	to, from *Repository
	seen     map[ID]bool
	left     int
	files    []ID
	objects  []freshObject
}

func (c *copier) trees(ctx context.Context, id ID, prefix string) error {
	if c.seen[id] || c.to.has(id) {
		return nil
	}
	c.seen[id] = true
	o, err := c.from.need(ctx, plumbing.TreeObject, id)
	if err != nil {
		return err
	}
	entries, err := parseTree(o.data)
	if err != nil {
		return err
	}
	if c.left -= len(entries); c.left < 0 {
		return fmt.Errorf("more than %d files and folders: %w", c.to.o.Limits.Entries, ErrTooLarge)
	}
	for _, e := range entries {
		if err := c.entry(ctx, e, prefix); err != nil {
			return err
		}
	}
	c.objects = append(c.objects, freshObject{id, object{kind: o.kind, data: o.data}})
	return nil
}

func (c *copier) entry(ctx context.Context, e Entry, prefix string) error {
	if err := CheckPath(prefix + e.Path); err != nil {
		return err
	}
	switch {
	case e.Mode == ModeDir:
		return c.trees(ctx, e.ID, prefix+e.Path+"/")
	case e.Mode == ModeSubmodule:
		return &nameError{What: "path", Name: prefix + e.Path, Why: "is a submodule, whose files are elsewhere"}
	case !c.seen[e.ID] && !c.to.has(e.ID):
		c.seen[e.ID] = true
		c.files = append(c.files, e.ID)
	}
	return nil
}

func (c *copier) blobs(ctx context.Context) error {
	blobs, err := c.from.Blobs(ctx, c.files...)
	if err != nil {
		return err
	}
	for _, id := range c.files {
		c.objects = append(c.objects, freshObject{id, object{kind: plumbing.BlobObject, data: blobs[id]}})
	}
	return nil
}
