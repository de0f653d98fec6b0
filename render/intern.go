package render

import (
	"crypto/sha256"
	"slices"
	"sync"
)

// Definitions of custom resources are most of the bytes of what people render, and are the same in every environment. A
// document that long is parsed once for all renders that hold it.
const (
	longDocument = 16 << 10
	maxInterned  = 6 << 20 // bytes of documents whose trees are kept; a tree takes about twelve times as much
)

type internedTree struct {
	key  [sha256.Size]byte
	size int
	*tree
}

// interned are the trees of long documents, the one used last at the end.
var interned struct {
	sync.Mutex
	trees []internedTree
	size  int
}

// treeOf gives a tree to read a document into. Two documents of the same long text share one.
func treeOf(data []byte) *tree {
	if len(data) < longDocument || len(data) > maxInterned/2 {
		return &tree{}
	}
	key := sha256.Sum256(data)
	interned.Lock()
	defer interned.Unlock()
	i := slices.IndexFunc(interned.trees, func(t internedTree) bool { return t.key == key })
	found := internedTree{key, len(data), &tree{}}
	if i >= 0 {
		found = interned.trees[i]
		interned.trees = slices.Delete(interned.trees, i, i+1)
	} else {
		interned.size += found.size
	}
	interned.trees = append(interned.trees, found)
	for interned.size > maxInterned {
		interned.size -= interned.trees[0].size
		interned.trees = slices.Delete(interned.trees, 0, 1)
	}
	return found.tree
}

// Forget lets go of what was parsed of long manifests. They can still be asked for it, and are parsed again then.
func (ms Manifests) Forget() {
	for i := range ms {
		if len(ms[i].Data) >= longDocument {
			ms[i].tree = nil
		}
	}
}
