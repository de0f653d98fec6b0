package git

import (
	"bytes"
	"crypto"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"slices"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/hash"
)

// memoryIndex is the index of a pack that came over the wire: we find out ourselves what is in it.
type memoryIndex []indexed

type indexed struct {
	id     plumbing.Hash
	offset int64
}

func (x memoryIndex) find(id ID) (int64, bool) {
	var want plumbing.Hash
	if n, err := hex.Decode(want[:], []byte(id)); err != nil || n != len(want) {
		return 0, false
	}
	i, ok := slices.BinarySearchFunc(x, want, func(e indexed, want plumbing.Hash) int { return bytes.Compare(e.id[:], want[:]) })
	if !ok {
		return 0, false
	}
	return x[i].offset, true
}

// indexPack reads a received pack to its end: every object is inflated once, named by its bytes and forgotten. What it
// may cost is bounded before it is spent.
func indexPack(data []byte, limits Limits, recent *recent) (*pack, error) {
	count, err := packHead(data)
	if err != nil {
		return nil, err
	}
	p := &pack{src: bytes.NewReader(data), size: int64(len(data) - hash.Size), limit: limits.Object, recent: recent}
	x := &indexer{pack: p, data: data[:p.size], left: limits.Inflate, byOffset: map[int64][]int64{}, byID: map[ID][]int64{}}
	if err := x.scan(count); err != nil {
		return nil, err
	}
	if err := x.resolve(); err != nil {
		return nil, err
	}
	if len(x.found) != int(count) {
		return nil, fmt.Errorf("%w: %d of its %d objects build on what is not in it", errPack, int(count)-len(x.found), count)
	}
	slices.SortFunc(x.found, func(a, b indexed) int { return bytes.Compare(a.id[:], b.id[:]) })
	p.index = x.found
	return p, nil
}

func packHead(data []byte) (count uint32, err error) {
	if len(data) < 12+hash.Size || string(data[:8]) != "PACK\x00\x00\x00\x02" {
		return 0, fmt.Errorf("%w: no pack of version 2", errPack)
	}
	body, sum := data[:len(data)-hash.Size], hash.New(crypto.SHA1)
	sum.Write(body)
	if !bytes.Equal(sum.Sum(nil), data[len(body):]) {
		return 0, fmt.Errorf("%w: its checksum is wrong", errPack)
	}
	return binary.BigEndian.Uint32(data[8:]), nil
}

type indexer struct {
	pack     *pack
	data     []byte
	left     int64 // bytes that may still be inflated
	found    memoryIndex
	whole    []indexed         // objects that are no deltas
	byOffset map[int64][]int64 // deltas by where their base lies
	byID     map[ID][]int64    // deltas by the name of their base
}

// scan walks over the entries, which say where they end only when inflated.
func (x *indexer) scan(count uint32) error {
	in := bytes.NewReader(x.data)
	in.Reset(x.data[12:])
	for range count {
		offset := int64(len(x.data) - in.Len())
		e, size, err := entryHead(in, offset)
		if err != nil {
			return err
		}
		if err := x.spend(size); err != nil {
			return err
		}
		data, err := inflate(in, size)
		if err != nil {
			return err
		}
		switch e.kind {
		case plumbing.OFSDeltaObject:
			x.byOffset[e.baseAt] = append(x.byOffset[e.baseAt], offset)
		case plumbing.REFDeltaObject:
			x.byID[e.baseID] = append(x.byID[e.baseID], offset)
		default:
			x.whole = append(x.whole, indexed{plumbing.ComputeHash(e.kind, data), offset})
		}
	}
	if in.Len() != 0 {
		return fmt.Errorf("%w: bytes after its last object", errPack)
	}
	return nil
}

func (x *indexer) spend(size int64) error {
	if size > x.pack.limit {
		return fmt.Errorf("object of %d bytes: %w (%d)", size, ErrTooLarge, x.pack.limit)
	}
	if x.left -= size; x.left < 0 {
		return fmt.Errorf("pack inflates to more than allowed: %w", ErrTooLarge)
	}
	return nil
}

// family is an object and the deltas on it that are not built yet.
type family struct {
	object
	kids []int64
}

// resolve builds what the deltas stand for, from each whole object outwards. An object is let go when its last delta is
// taken up, so that a long chain holds two of them at a time.
func (x *indexer) resolve() error {
	for _, o := range x.whole {
		x.found = append(x.found, o)
		kids := x.kids(o)
		if len(kids) == 0 {
			continue
		}
		e, err := x.pack.entry(o.offset)
		if err != nil {
			return err
		}
		if err := x.grow(family{object{kind: e.kind, data: e.data}, kids}); err != nil {
			return err
		}
	}
	return nil
}

func (x *indexer) grow(root family) error {
	open := []family{root}
	for len(open) > 0 {
		if len(open) > maxChain {
			return fmt.Errorf("%w: a chain of more than %d deltas", errPack, maxChain)
		}
		top := &open[len(open)-1]
		base, offset := top.object, top.kids[0]
		if top.kids = top.kids[1:]; len(top.kids) == 0 {
			open = open[:len(open)-1]
		}
		o, err := x.child(base, offset)
		if err != nil {
			return err
		}
		self := indexed{plumbing.ComputeHash(o.kind, o.data), offset}
		x.found = append(x.found, self)
		if kids := x.kids(self); len(kids) > 0 {
			open = append(open, family{o, kids})
		}
	}
	return nil
}

func (x *indexer) child(base object, offset int64) (object, error) {
	e, err := x.pack.entry(offset)
	if err != nil {
		return object{}, err
	}
	size, err := deltaSize(e.data)
	if err != nil {
		return object{}, err
	}
	if err := x.spend(size); err != nil {
		return object{}, err
	}
	data, err := applyDelta(base.data, e.data, x.pack.limit)
	return object{kind: base.kind, data: data}, err
}

// kids hands out the deltas that build on an object, once.
func (x *indexer) kids(o indexed) []int64 {
	id := ID(o.id.String())
	kids := slices.Concat(x.byOffset[o.offset], x.byID[id])
	delete(x.byOffset, o.offset)
	delete(x.byID, id)
	return kids
}
