package render

import (
	recent "container/list"
	"crypto/sha256"
	"sync"
)

// Most resources of an app are the same in every environment, and definitions of custom resources in every app. A document is
// parsed, and written in canonical form, once for all renders that hold it.
const (
	longDocument = 16 << 10
	maxInterned  = 6 << 20 // bytes of documents whose trees are kept; a tree takes about twelve times as much
	internedCost = 256     // bytes that any document counts for besides its own
)

type internedTree struct {
	key  [sha256.Size]byte
	size int
	*tree
}

// interned are the trees of documents, by the digest of their text.
var interned = struct {
	sync.Mutex
	trees map[[sha256.Size]byte]*recent.Element
	used  *recent.List // of internedTree, the one used last at the end
	size  int
}{trees: map[[sha256.Size]byte]*recent.Element{}, used: recent.New()}

// treeOf gives a tree to read a document into. Two documents of the same text share one.
func treeOf(data []byte) *tree {
	if len(data) > maxInterned/2 {
		return &tree{}
	}
	key := sha256.Sum256(data)
	interned.Lock()
	defer interned.Unlock()
	if known, ok := interned.trees[key]; ok {
		interned.used.MoveToBack(known)
		return known.Value.(internedTree).tree
	}
	made := internedTree{key, len(data) + internedCost, &tree{}}
	interned.trees[key] = interned.used.PushBack(made)
	interned.size += made.size
	for interned.size > maxInterned {
		drop(interned.used.Front())
	}
	return made.tree
}

// drop is for those who hold the lock.
func drop(e *recent.Element) {
	oldest := interned.used.Remove(e).(internedTree)
	delete(interned.trees, oldest.key)
	interned.size -= oldest.size
}

// forget lets go of the tree of a document. One with aliases may be ten thousand times as large as its text, which is all that
// is counted.
func forget(data []byte) {
	key := sha256.Sum256(data)
	interned.Lock()
	defer interned.Unlock()
	if known, ok := interned.trees[key]; ok {
		drop(known)
	}
}

// Forget lets go of what was parsed of long manifests. They can still be asked for it, and are parsed again then.
func (ms Manifests) Forget() {
	for i := range ms {
		if len(ms[i].Data) >= longDocument {
			ms[i].tree = nil
		}
	}
}
