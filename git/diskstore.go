package git

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"

	"github.com/go-git/go-git/v5/plumbing"
)

// diskStore reads the objects below one or several objects folders: the repository's own and its alternates. Others may
// pack and prune while it reads: when an object is not found, or its pack is gone, the folders are listed once more.
type diskStore struct {
	folders []string
	limit   int64
	recent  *recent

	mu    sync.Mutex
	packs []*diskPack
	known map[string]*diskPack // by path
}

// diskPack is a pack in a folder, opened when first needed.
type diskPack struct {
	path string // without .pack or .idx
	file *os.File
	pack *pack
	gone bool
}

// maxAlternates bounds how far and wide repositories may borrow from each other; Git allows 5 levels.
const maxAlternates = 20

func openStore(objects string, limit int64) (*diskStore, error) {
	s := &diskStore{limit: limit, recent: newRecent(), known: map[string]*diskPack{}}
	s.addFolder(objects)
	for i := 0; i < len(s.folders); i++ {
		text, err := readSmall(filepath.Join(s.folders[i], "info", "alternates"))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("read alternates: %w", err)
		}
		for line := range strings.Lines(text) {
			if line = strings.TrimSpace(line); line != "" && line[0] != '#' {
				s.addFolder(against(s.folders[i], line))
			}
		}
	}
	return s, nil
}

func (s *diskStore) addFolder(path string) {
	for _, have := range s.folders {
		if have == path {
			return
		}
	}
	if len(s.folders) < maxAlternates {
		s.folders = append(s.folders, path)
	}
}

func (s *diskStore) object(id ID) (object, error) {
	if !id.Valid() {
		return object{}, errAbsent
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	o, err := s.lookup(id)
	for range 3 {
		if !errors.Is(err, errAbsent) || !s.refresh() {
			break
		}
		o, err = s.lookup(id)
	}
	if err != nil && !errors.Is(err, errAbsent) {
		return object{}, fmt.Errorf("read object %s: %w", id.Short(), err)
	}
	return o, err
}

func (s *diskStore) has(id ID) bool {
	if !id.Valid() {
		return false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.contains(id) || s.refresh() && s.contains(id)
}

// contains asks the packs first: their indexes lie in memory.
func (s *diskStore) contains(id ID) bool {
	if p, _, err := s.find(id); p != nil && err == nil {
		return true
	}
	for _, folder := range s.folders {
		if exists(loosePath(folder, id)) {
			return true
		}
	}
	return false
}

// lookup tries the packs first: there are few, and most objects lie in them.
func (s *diskStore) lookup(id ID) (object, error) {
	p, offset, err := s.find(id)
	if err != nil {
		return object{}, err
	}
	if p != nil {
		o, err := s.readPacked(p, offset)
		if err == nil || !p.gone {
			return o, err
		}
	}
	for _, folder := range s.folders {
		o, err := readLoose(loosePath(folder, id), s.limit)
		if !errors.Is(err, fs.ErrNotExist) {
			return o, err
		}
	}
	return object{}, errAbsent
}

// packOf gives the path of the pack that holds an object, without .pack.
func (s *diskStore) packOf(id ID) (string, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p, _, err := s.find(id)
	if p == nil && err == nil && s.refresh() {
		p, _, err = s.find(id)
	}
	if p == nil || err != nil {
		return "", false
	}
	return p.path, true
}

// lies tells whether an object is in a file that is there at this moment, which what was read before does not prove.
func (s *diskStore) lies(id ID) bool {
	for _, folder := range s.folders {
		if exists(loosePath(folder, id)) {
			return true
		}
	}
	path, ok := s.packOf(id)
	return ok && exists(path+".pack")
}

// find gives the pack that holds an object, nil where none does.
func (s *diskStore) find(id ID) (*diskPack, int64, error) {
	for _, p := range s.packs {
		if err := p.open(s); err != nil {
			return nil, 0, err
		}
		if p.gone {
			continue
		}
		if offset, ok := p.pack.index.find(id); ok {
			return p, offset, nil
		}
	}
	return nil, 0, nil
}

// open reads the index. Where that is gone, the pack is being removed.
func (p *diskPack) open(s *diskStore) error {
	if p.pack != nil || p.gone {
		return nil
	}
	x, err := openIndex(p.path + ".idx")
	if errors.Is(err, fs.ErrNotExist) {
		p.gone = true
		return nil
	}
	if err != nil {
		return err
	}
	p.pack = &pack{index: x, limit: s.limit, recent: s.recent}
	return nil
}

// maxOpen packs are kept open at a time.
const maxOpen = 64

func (s *diskStore) readPacked(p *diskPack, offset int64) (object, error) {
	if p.file == nil {
		s.closeMany()
		f, err := os.Open(p.path + ".pack")
		if err != nil {
			p.gone = errors.Is(err, fs.ErrNotExist)
			return object{}, err
		}
		info, err := f.Stat()
		if err != nil {
			return object{}, errors.Join(err, f.Close())
		}
		p.file, p.pack.src, p.pack.size = f, f, info.Size()-20
	}
	return p.pack.object(offset)
}

func (s *diskStore) closeMany() {
	open := 0
	for _, p := range s.packs {
		if p.file != nil {
			open++
		}
	}
	if open < maxOpen {
		return
	}
	for _, p := range s.packs {
		if p.file != nil {
			_ = p.file.Close() // it was only read
			p.file = nil
		}
	}
}

// refresh lists the packs anew and tells whether another look is worth it.
func (s *diskStore) refresh() bool {
	changed := false
	var packs []*diskPack
	listed := map[string]bool{}
	for _, folder := range s.folders {
		for _, path := range packsIn(folder) {
			p := s.known[path]
			if p == nil || p.gone {
				p, changed = &diskPack{path: path}, true
			}
			listed[path] = true
			packs, s.known[path] = append(packs, p), p
		}
	}
	// What Git has removed meanwhile can still be read through an open file, and costs nothing when it is not asked.
	for _, p := range s.packs {
		switch {
		case listed[p.path]:
		case p.file != nil && !p.gone:
			packs = append(packs, p)
		default:
			delete(s.known, p.path)
			changed = true
		}
	}
	s.packs = packs
	return changed
}

// packsIn lists the packs of a folder that are complete: their index is written last.
func packsIn(folder string) []string {
	var paths []string
	files, _ := os.ReadDir(filepath.Join(folder, "pack")) // a folder that cannot be read holds no packs for us
	for _, f := range files {
		if name, ok := strings.CutSuffix(f.Name(), ".idx"); ok && strings.HasPrefix(name, "pack-") {
			paths = append(paths, filepath.Join(folder, "pack", name))
		}
	}
	return paths
}

func loosePath(folder string, id ID) string {
	return filepath.Join(folder, string(id[:2]), string(id[2:]))
}

// readLoose reads an object that has a file of its own.
func readLoose(path string, limit int64) (object, error) {
	f, err := os.Open(path)
	if err != nil {
		return object{}, err
	}
	defer f.Close()
	z, err := inflater(f)
	if err != nil {
		return object{}, fmt.Errorf("%s: %w", path, err)
	}
	defer inflaters.Put(z)
	kind, size, err := looseHead(z)
	if err != nil {
		return object{}, fmt.Errorf("%s: %w", path, err)
	}
	if size > limit {
		return object{}, fmt.Errorf("object of %d bytes: %w (%d)", size, ErrTooLarge, limit)
	}
	data := make([]byte, size)
	if _, err := io.ReadFull(z, data); err != nil {
		return object{}, fmt.Errorf("%s: %w", path, err)
	}
	if err := atEnd(z); err != nil {
		return object{}, fmt.Errorf("%s: the object is not as long as it says", path)
	}
	return object{kind: kind, data: data}, nil
}

// looseHead reads "blob 12\x00".
func looseHead(in io.Reader) (plumbing.ObjectType, int64, error) {
	var head []byte
	for b := make([]byte, 1); len(head) < 32; head = append(head, b[0]) {
		if _, err := io.ReadFull(in, b); err != nil {
			return 0, 0, err
		}
		if b[0] == 0 {
			break
		}
	}
	name, number, _ := strings.Cut(string(head), " ")
	kind, err := plumbing.ParseObjectType(name)
	size, err2 := strconv.ParseInt(number, 10, 64)
	if err != nil || err2 != nil || size < 0 || kind.IsDelta() {
		return 0, 0, fmt.Errorf("malformed head %q", head)
	}
	return kind, size, nil
}
