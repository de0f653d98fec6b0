package git

import (
	"bytes"
	"compress/zlib"
	"crypto"
	"encoding/binary"
	"encoding/hex"
	"hash/crc32"
	"slices"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/format/idxfile"
	"github.com/go-git/go-git/v5/plumbing/format/packfile"
	"github.com/go-git/go-git/v5/plumbing/hash"
)

// thinFrom is the size from which a tree is sent as the difference to the one it was made from.
const thinFrom = 4 << 10

// packWriter makes a pack in memory, and the index that belongs to it.
type packWriter struct {
	out   bytes.Buffer
	z     *zlib.Writer
	index idxfile.Writer
	base  func(ID) (object, bool) // what the receiver has; nil for a pack that stands alone
}

// writePack makes a pack of objects. With base it may be thin: differences to objects that the receiver has.
func writePack(objects []freshObject, base func(ID) (object, bool)) (*packWriter, plumbing.Hash, error) {
	w := &packWriter{base: base}
	w.z = zlib.NewWriter(&w.out)
	w.out.WriteString("PACK\x00\x00\x00\x02")
	w.out.Write(binary.BigEndian.AppendUint32(nil, uint32(len(objects))))
	if err := w.index.OnHeader(uint32(len(objects))); err != nil {
		return nil, plumbing.ZeroHash, err
	}
	for _, o := range objects {
		if err := w.add(o); err != nil {
			return nil, plumbing.ZeroHash, err
		}
	}
	sum := hash.New(crypto.SHA1)
	sum.Write(w.out.Bytes())
	checksum := plumbing.Hash(sum.Sum(nil))
	w.out.Write(checksum[:])
	return w, checksum, w.index.OnFooter(checksum)
}

func (w *packWriter) add(o freshObject) error {
	begin := w.out.Len()
	if delta, ok := w.thin(o.object); ok {
		w.head(plumbing.REFDeltaObject, len(delta))
		id, _ := hex.DecodeString(string(o.base)) // an id that trees were looked up by
		w.out.Write(id)
		if err := w.deflate(delta); err != nil {
			return err
		}
	} else {
		w.head(o.kind, len(o.data))
		if err := w.deflate(o.data); err != nil {
			return err
		}
	}
	crc := crc32.ChecksumIEEE(w.out.Bytes()[begin:])
	return w.index.OnInflatedObjectContent(o.id.hash(), int64(begin), crc, nil)
}

// thin gives a tree as the difference to its base, where that is worth it.
func (w *packWriter) thin(o object) ([]byte, bool) {
	if w.base == nil || o.base == "" || len(o.data) < thinFrom {
		return nil, false
	}
	base, ok := w.base(o.base)
	if !ok || len(base.data) == 0 {
		return nil, false
	}
	delta := packfile.DiffDelta(base.data, o.data)
	return delta, len(delta) < len(o.data)/2
}

func (w *packWriter) head(kind plumbing.ObjectType, size int) {
	b := byte(kind)<<4 | byte(size&15)
	for size >>= 4; size > 0; size >>= 7 {
		w.out.WriteByte(b | 0x80)
		b = byte(size & 0x7f)
	}
	w.out.WriteByte(b)
}

func (w *packWriter) deflate(data []byte) error {
	w.z.Reset(&w.out)
	if _, err := w.z.Write(data); err != nil {
		return err
	}
	return w.z.Close()
}

// indexBytes gives the index file of the pack.
func (w *packWriter) indexBytes() ([]byte, error) {
	x, err := w.index.Index()
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	_, err = idxfile.NewEncoder(&out).Encode(x)
	return slices.Clip(out.Bytes()), err
}
