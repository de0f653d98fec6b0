package git

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"sort"
)

// diskIndex is an index file of version 2: a table by first byte, then all ids sorted, checksums and offsets.
type diskIndex struct {
	src   io.ReaderAt
	count int64
	size  int64
	fan   [256]uint32
}

// smallIndex is the size up to which an index is held in memory, which saves a system call for each step of a search.
const smallIndex = 32 << 20

const fanEnd = 8 + 256*4

func openIndex(path string) (*diskIndex, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err != nil || info.Size() > smallIndex {
		return readIndex(f, info, err)
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, smallIndex))
	return readIndex(bytes.NewReader(data), info, err)
}

func readIndex(src io.ReaderAt, info os.FileInfo, err error) (*diskIndex, error) {
	if err != nil {
		return nil, err
	}
	head := make([]byte, fanEnd)
	if _, err := src.ReadAt(head, 0); err != nil || string(head[:8]) != "\xfftOc\x00\x00\x00\x02" {
		return nil, fmt.Errorf("%s: %w: not an index of version 2", info.Name(), errPack)
	}
	x := &diskIndex{src: src, size: info.Size()}
	var last uint32
	for i := range x.fan {
		x.fan[i] = binary.BigEndian.Uint32(head[8+4*i:])
		if x.fan[i] < last {
			return nil, fmt.Errorf("%s: %w: its table is not sorted", info.Name(), errPack)
		}
		last = x.fan[i]
	}
	x.count = int64(last)
	if x.size < fanEnd+x.count*28+40 {
		return nil, fmt.Errorf("%s: %w: cut short", info.Name(), errPack)
	}
	return x, nil
}

func (x *diskIndex) find(id ID) (int64, bool) {
	var want [20]byte
	if len(id) != 2*len(want) {
		return 0, false
	}
	if _, err := hex.Decode(want[:], []byte(id)); err != nil {
		return 0, false
	}
	from := 0
	if want[0] > 0 {
		from = int(x.fan[want[0]-1])
	}
	n := int(x.fan[want[0]]) - from
	var have [20]byte
	i := sort.Search(n, func(i int) bool {
		_, err := x.src.ReadAt(have[:], fanEnd+20*int64(from+i))
		return err != nil || bytes.Compare(have[:], want[:]) >= 0
	})
	if i == n {
		return 0, false
	}
	at := int64(from + i)
	if _, err := x.src.ReadAt(have[:], fanEnd+20*at); err != nil || have != want {
		return 0, false
	}
	return x.offset(at)
}

// offset reads where the object at a place of the sorted list lies; offsets beyond 2 GiB stand in a table of their own.
func (x *diskIndex) offset(at int64) (int64, bool) {
	var b [8]byte
	if _, err := x.src.ReadAt(b[:4], fanEnd+24*x.count+4*at); err != nil {
		return 0, false
	}
	small := binary.BigEndian.Uint32(b[:4])
	if small&0x80000000 == 0 {
		return int64(small), true
	}
	if _, err := x.src.ReadAt(b[:], fanEnd+28*x.count+8*int64(small&0x7fffffff)); err != nil {
		return 0, false
	}
	large := binary.BigEndian.Uint64(b[:])
	return int64(large), large < 1<<62
}
