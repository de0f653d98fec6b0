package git

import (
	"bufio"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// readRefs reads all refs of a repository on disk. Loose ones are read before the packed file: whoever packs a ref
// writes the packed file first and then removes the loose one, so that no ref is missed.
func (d diskDir) readRefs() (refSet, error) {
	s := refSet{ids: map[string]ID{}}
	symbolic := map[string]string{}
	if err := d.looseRefs(s.ids, symbolic); err != nil {
		return s, err
	}
	packed, err := d.packedRefs()
	if err != nil {
		return s, err
	}
	for name, id := range packed {
		if _, ok := s.ids[name]; !ok && symbolic[name] == "" {
			s.ids[name] = id
		}
	}
	for name, target := range symbolic {
		for range 5 {
			if next, ok := symbolic[target]; ok {
				target = next
			}
		}
		if id, ok := s.ids[target]; ok {
			s.ids[name] = id
		}
	}
	return s, d.readHead(&s)
}

func (d diskDir) readHead(s *refSet) error {
	text, err := readSmall(filepath.Join(d.git, "HEAD"))
	if err != nil {
		return fmt.Errorf("read HEAD: %w", err)
	}
	id, target := parseRef(text)
	if target != "" {
		s.headTarget, s.head = target, s.ids[target]
		return nil
	}
	s.head = id
	return nil
}

func (d diskDir) looseRefs(ids map[string]ID, symbolic map[string]string) error {
	root := filepath.Join(d.common, "refs")
	return filepath.WalkDir(root, func(path string, e fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) && path != root {
			return nil // a folder that others have just emptied
		}
		if err != nil {
			return fmt.Errorf("read refs: %w", err)
		}
		if e.IsDir() || strings.HasSuffix(path, ".lock") {
			return nil
		}
		rel, err := filepath.Rel(d.common, path)
		if err != nil {
			return err
		}
		name := filepath.ToSlash(rel)
		id, target, err := d.looseRef(name)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return nil
		case err != nil:
			return err
		case target != "":
			symbolic[name] = target
		default:
			ids[name] = id
		}
		return nil
	})
}

// looseRef reads one ref that has a file of its own.
func (d diskDir) looseRef(name string) (id ID, target string, err error) {
	text, err := readSmall(d.refPath(name))
	if err != nil {
		return "", "", err
	}
	id, target = parseRef(text)
	if id == "" && target == "" {
		return "", "", fmt.Errorf("ref %s is broken: its file holds no id", name)
	}
	return id, target, nil
}

func (d diskDir) refPath(name string) string {
	return filepath.Join(d.common, filepath.FromSlash(name))
}

// parseRef reads the file of a ref: an id, or the name of another ref.
func parseRef(text string) (id ID, target string) {
	text = strings.TrimRight(text, "\n\r \t")
	if rest, ok := strings.CutPrefix(text, "ref:"); ok {
		return "", strings.TrimSpace(rest)
	}
	if !ID(text).Valid() {
		return "", ""
	}
	return ID(text), ""
}

func (d diskDir) packedPath() string { return filepath.Join(d.common, "packed-refs") }

// packedRefs reads the file of packed refs; without one there are none.
func (d diskDir) packedRefs() (map[string]ID, error) {
	packed := map[string]ID{}
	err := d.eachPacked(func(line packedLine) error {
		if line.name != "" {
			packed[line.name] = line.id
		}
		return nil
	})
	return packed, err
}

// packedLine is one line of the packed file: a ref, or (with name "") a comment or what the tag above it names.
type packedLine struct {
	text string
	name string
	id   ID
}

func (d diskDir) eachPacked(visit func(packedLine) error) error {
	f, err := os.Open(d.packedPath())
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		line, err := parsePacked(lines.Text())
		if err != nil {
			return err
		}
		if err := visit(line); err != nil {
			return err
		}
	}
	if err := lines.Err(); err != nil {
		return fmt.Errorf("read packed-refs: %w", err)
	}
	return nil
}

func parsePacked(text string) (packedLine, error) {
	line := packedLine{text: text}
	if text == "" || text[0] == '#' || text[0] == '^' {
		return line, nil
	}
	id, name, ok := strings.Cut(text, " ")
	if !ok || !ID(id).Valid() {
		return line, fmt.Errorf("packed-refs has the broken line %q", text)
	}
	line.id, line.name = ID(id), name
	return line, nil
}

// readRef reads one ref as it is now, through symbolic ones; "" where it does not exist.
func (d diskDir) readRef(name string) (ID, error) {
	for range 5 {
		id, target, err := d.looseRef(name)
		switch {
		case err == nil && target == "":
			return id, nil
		case err == nil:
			name = target
			continue
		case !isNoFile(err):
			return "", err
		}
		packed, err := d.packedRefs()
		return packed[name], err
	}
	return "", fmt.Errorf("ref %s names other refs without an end", name)
}

// isNoFile tells that there is no file of this name: nothing, a folder, or a file where a folder would have to be.
func isNoFile(err error) bool {
	return errors.Is(err, fs.ErrNotExist) || errors.Is(err, errNotDir) || errors.Is(err, errIsDir)
}
