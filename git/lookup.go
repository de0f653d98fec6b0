package git

import (
	"context"
	"sync"
)

// Whoever asks for a file of each of a thousand apps goes through the same wide folders a thousand times. A tree never
// changes under its id, so wide ones are read once.
const (
	wideTree   = 32      // entries
	mostLookup = 100_000 // entries that are remembered
)

// lookups remembers wide trees by name.
type lookups struct {
	mu    sync.Mutex
	trees map[ID]map[string]Entry
	size  int
}

// entry finds a name in one tree; false where it is not there.
func (r *Repository) entry(ctx context.Context, tree ID, name string) (Entry, bool, error) {
	if named, ok := r.wide.get(tree); ok {
		e, found := named[name]
		return e, found, nil
	}
	entries, err := r.tree(ctx, tree)
	if err != nil {
		return Entry{}, false, err
	}
	if len(entries) >= wideTree {
		e, found := r.wide.put(tree, entries)[name]
		return e, found, nil
	}
	for _, e := range entries {
		if e.Path == name {
			return e, true, nil
		}
	}
	return Entry{}, false, nil
}

func (l *lookups) get(tree ID) (map[string]Entry, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	named, ok := l.trees[tree]
	return named, ok
}

// put remembers a tree. Of two entries with one name, which Git does not allow, the first counts.
func (l *lookups) put(tree ID, entries []Entry) map[string]Entry {
	named := make(map[string]Entry, len(entries))
	for _, e := range entries {
		if _, twice := named[e.Path]; !twice {
			named[e.Path] = e
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.trees == nil || l.size+len(entries) > mostLookup {
		l.trees, l.size = map[ID]map[string]Entry{}, 0
	}
	l.trees[tree], l.size = named, l.size+len(entries)
	return named
}
