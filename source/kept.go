package source

import "github.com/ferry-cd/ferry/git"

// maxKept bounds the bytes of template trees that a store keeps at hand.
const maxKept = 12 << 20

// kept are template trees that were read and are stored at one head of the branch. An app is rendered for each of its
// environments, one environment after the other: its tree is wanted again when those of all other apps have been read. So
// one that was kept is never let go for another.
type kept struct {
	head  git.ID
	trees map[string]map[string][]byte // by path on the branch
	size  int
}

// at gives a tree that was read before; nil where it was not, or the branch has moved since.
func (k *kept) at(head git.ID, path string) map[string][]byte {
	if k.head != head {
		return nil
	}
	return k.trees[path]
}

func (k *kept) put(head git.ID, path string, files map[string][]byte) {
	if k.head != head {
		*k = kept{head: head, trees: map[string]map[string][]byte{}}
	}
	size := 0
	for name, data := range files {
		size += len(name) + len(data)
	}
	if k.size+size <= maxKept && k.trees[path] == nil {
		k.trees[path] = files
		k.size += size
	}
}
