package git

import (
	"bufio"
	"compress/zlib"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/format/packfile"
)

// errPack says that the bytes are no sound pack.
var errPack = errors.New("malformed pack")

// maxChain is the longest chain of deltas that Git itself would write.
const maxChain = 4095

// index finds an object in a pack.
type index interface {
	find(id ID) (offset int64, ok bool)
}

// pack reads objects out of one pack: a file, or what a server sent.
type pack struct {
	src    io.ReaderAt
	size   int64
	index  index
	limit  int64 // bytes of one object
	recent *recent
}

// packEntry is one entry as it lies in a pack: an object, or the difference to one.
type packEntry struct {
	kind   plumbing.ObjectType
	offset int64 // of the entry
	baseAt int64 // of what an offset delta builds on
	baseID ID    // of what a reference delta builds on
	data   []byte
}

func (e packEntry) isDelta() bool { return e.kind.IsDelta() }

// object reads the object at an offset, building it from its chain of deltas.
func (p *pack) object(offset int64) (object, error) {
	var deltas []packEntry
	for len(deltas) <= maxChain {
		if o, ok := p.recent.get(p, offset); ok {
			return p.build(o, deltas)
		}
		e, err := p.entry(offset)
		if err != nil {
			return object{}, err
		}
		if !e.isDelta() {
			o := object{kind: e.kind, data: e.data}
			p.recent.put(p, offset, o)
			return p.build(o, deltas)
		}
		deltas = append(deltas, e)
		if offset, err = p.baseOf(e); err != nil {
			return object{}, err
		}
	}
	return object{}, fmt.Errorf("%w: a chain of more than %d deltas", errPack, maxChain)
}

func (p *pack) baseOf(e packEntry) (int64, error) {
	if e.kind == plumbing.OFSDeltaObject {
		return e.baseAt, nil
	}
	offset, ok := p.index.find(e.baseID)
	if !ok {
		return 0, fmt.Errorf("%w: the base %s of a delta is missing", errPack, e.baseID)
	}
	return offset, nil
}

// build applies deltas, the last one first.
func (p *pack) build(o object, deltas []packEntry) (object, error) {
	for i := len(deltas) - 1; i >= 0; i-- {
		data, err := applyDelta(o.data, deltas[i].data, p.limit)
		if err != nil {
			return object{}, err
		}
		o = object{kind: o.kind, data: data}
		p.recent.put(p, deltas[i].offset, o)
	}
	return o, nil
}

// applyDelta makes an object from its base. The size that the delta promises is checked before anything is made.
func applyDelta(base, delta []byte, limit int64) ([]byte, error) {
	size, err := deltaSize(delta)
	if err != nil {
		return nil, err
	}
	if size > limit {
		return nil, fmt.Errorf("object of %d bytes: %w (%d)", size, ErrTooLarge, limit)
	}
	data, err := packfile.PatchDelta(base, delta)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errPack, err)
	}
	return data, nil
}

// deltaSize gives the size of what a delta makes.
func deltaSize(delta []byte) (int64, error) {
	_, n := binary.Uvarint(delta)
	if n <= 0 {
		return 0, fmt.Errorf("%w: delta without a head", errPack)
	}
	size, m := binary.Uvarint(delta[n:])
	if m <= 0 || size > 1<<62 {
		return 0, fmt.Errorf("%w: delta without a size", errPack)
	}
	return int64(size), nil
}

// entry reads the entry at an offset.
func (p *pack) entry(offset int64) (packEntry, error) {
	if offset < 12 || offset >= p.size {
		return packEntry{}, fmt.Errorf("%w: offset %d lies outside", errPack, offset)
	}
	in := readers.Get().(*bufio.Reader)
	defer readers.Put(in)
	in.Reset(io.NewSectionReader(p.src, offset, p.size-offset))
	e, size, err := entryHead(in, offset)
	if err != nil {
		return packEntry{}, err
	}
	if size > p.limit {
		return packEntry{}, fmt.Errorf("object of %d bytes: %w (%d)", size, ErrTooLarge, p.limit)
	}
	e.data, err = inflate(in, size)
	return e, err
}

// entryHead reads what stands before the compressed bytes of an entry. size is that of the bytes when inflated.
func entryHead(in io.ByteReader, offset int64) (e packEntry, size int64, err error) {
	c, err := in.ReadByte()
	if err != nil {
		return e, 0, fmt.Errorf("%w: %w", errPack, err)
	}
	e.kind, e.offset = plumbing.ObjectType(c>>4&7), offset
	size = int64(c & 15)
	for shift := 4; c&0x80 != 0; shift += 7 {
		if c, err = in.ReadByte(); err != nil || shift > 53 {
			return e, 0, fmt.Errorf("%w: the size of an entry does not end", errPack)
		}
		size |= int64(c&0x7f) << shift
	}
	switch e.kind {
	case plumbing.CommitObject, plumbing.TreeObject, plumbing.BlobObject, plumbing.TagObject:
	case plumbing.OFSDeltaObject:
		e.baseAt, err = baseOffset(in, offset)
	case plumbing.REFDeltaObject:
		e.baseID, err = baseName(in)
	default:
		err = fmt.Errorf("%w: an entry of kind %d", errPack, e.kind)
	}
	return e, size, err
}

// baseOffset reads how far back a base lies; each further byte counts one more, so that no distance has two spellings.
func baseOffset(in io.ByteReader, offset int64) (int64, error) {
	var back int64
	for i := 0; ; i++ {
		c, err := in.ReadByte()
		if err != nil || i > 8 {
			return 0, fmt.Errorf("%w: a distance does not end", errPack)
		}
		back = back<<7 | int64(c&0x7f)
		if c&0x80 == 0 {
			break
		}
		back++
	}
	if back <= 0 || back > offset-12 {
		return 0, fmt.Errorf("%w: a delta builds on what lies outside", errPack)
	}
	return offset - back, nil
}

func baseName(in io.ByteReader) (ID, error) {
	var h plumbing.Hash
	for i := range h {
		c, err := in.ReadByte()
		if err != nil {
			return "", fmt.Errorf("%w: %w", errPack, err)
		}
		h[i] = c
	}
	return ID(h.String()), nil
}

// What reads one object serves the next one too.
var (
	inflaters = sync.Pool{}
	readers   = sync.Pool{New: func() any { return bufio.NewReader(nil) }}
)

// inflate reads one zlib stream of exactly size bytes. It takes no byte of in beyond the stream when in is a ByteReader.
func inflate(in io.Reader, size int64) ([]byte, error) {
	z, err := inflater(in)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errPack, err)
	}
	defer inflaters.Put(z)
	// A header may promise much and the stream hold little: memory grows with what comes.
	data := make([]byte, 0, min(size, 1<<20))
	for int64(len(data)) < size {
		if len(data) == cap(data) {
			data = append(data, 0)[:len(data)]
		}
		n, err := z.Read(data[len(data):min(int64(cap(data)), size)])
		data = data[:len(data)+n]
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("%w: %w", errPack, err)
		}
	}
	if err := atEnd(z); err != nil || int64(len(data)) != size {
		return nil, fmt.Errorf("%w: an object is not as long as it says", errPack)
	}
	return data, nil
}

// atEnd reads the end of a stream, where the checksum stands.
func atEnd(z io.Reader) error {
	var more [1]byte
	for range 3 {
		n, err := z.Read(more[:])
		switch {
		case err == io.EOF && n == 0:
			return nil
		case err != nil || n > 0:
			return errPack
		}
	}
	return errPack
}

func inflater(in io.Reader) (io.ReadCloser, error) {
	if z, ok := inflaters.Get().(io.ReadCloser); ok {
		return z, z.(zlib.Resetter).Reset(in, nil)
	}
	return zlib.NewReader(in)
}
