package git

import (
	"bytes"
	"cmp"
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/go-git/go-git/v5/plumbing"
	gogit "github.com/go-git/go-git/v5/plumbing/object"
)

// object is one object's kind and bytes. The bytes are shared and never changed.
type object struct {
	kind plumbing.ObjectType
	data []byte
	base ID // of a tree made by EditTree: the tree that it was made from
}

// freshObject is an object that a push has to bring.
type freshObject struct {
	id ID
	object
}

// BlobID gives the id under which Git stores these bytes as a file.
func BlobID(data []byte) ID { return idFor(plumbing.BlobObject, data) }

func idFor(kind plumbing.ObjectType, data []byte) ID {
	return ID(plumbing.ComputeHash(kind, data).String())
}

// parseTree reads a tree object. Names that would escape the tree when written to disk are refused.
func parseTree(data []byte) ([]Entry, error) {
	entries, err := rawTree(data)
	for i := range entries {
		entries[i].Mode = normalMode(entries[i].Mode)
	}
	return entries, err
}

// rawTree is parseTree with modes as they stand, so that a tree can be written again with nothing changed.
func rawTree(data []byte) ([]Entry, error) {
	entries := make([]Entry, 0, len(data)/40)
	for len(data) > 0 {
		mode, rest, ok := bytes.Cut(data, []byte{' '})
		name, rest, ok2 := bytes.Cut(rest, []byte{0})
		if !ok || !ok2 || len(rest) < 20 {
			return nil, fmt.Errorf("entry %d is cut short", len(entries))
		}
		m, err := strconv.ParseUint(string(mode), 8, 32)
		if err != nil {
			return nil, fmt.Errorf("entry %q has the mode %q", name, mode)
		}
		if why := unsafeComponent(string(name)); why != "" {
			return nil, fmt.Errorf("entry %q: %s", name, why)
		}
		entries = append(entries, Entry{Path: string(name), Mode: Mode(m), ID: ID(hex.EncodeToString(rest[:20]))})
		data = rest[20:]
	}
	return entries, nil
}

// normalMode maps modes that old tools wrote to the one that means the same today.
func normalMode(m Mode) Mode {
	switch {
	case m&0o170000 == 0o100000 && m&0o100 != 0:
		return ModeExecutable
	case m&0o170000 == 0o100000:
		return ModeFile
	}
	return m & 0o170000
}

// encodeTree writes entries in the order that Git demands: by bytes, a folder's name as if it ended in a slash.
func encodeTree(entries []Entry) []byte {
	slices.SortFunc(entries, func(a, b Entry) int { return cmp.Compare(sortKey(a), sortKey(b)) })
	var out bytes.Buffer
	for _, e := range entries {
		fmt.Fprintf(&out, "%o %s\x00", uint32(e.Mode), e.Path)
		id, _ := hex.DecodeString(string(e.ID)) // ids here come from trees, or were checked where they came in
		out.Write(id)
	}
	return out.Bytes()
}

func sortKey(e Entry) string {
	if e.Mode == ModeDir {
		return e.Path + "/"
	}
	return e.Path
}

// parseCommit reads a commit object; headers that it does not know, such as signatures, are skipped.
func parseCommit(id ID, data []byte) (Commit, error) {
	c := Commit{ID: id}
	head, message, _ := strings.Cut(string(data), "\n\n")
	c.Message = message
	for line := range strings.Lines(head) {
		key, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
		switch key {
		case "tree":
			c.Tree = ID(value)
		case "parent":
			c.Parents = append(c.Parents, ID(value))
		case "author":
			s := signature(value)
			c.Author, c.AuthorTime = Identity{s.Name, s.Email}, s.When
		case "committer":
			s := signature(value)
			c.Committer, c.Time = Identity{s.Name, s.Email}, s.When
		}
	}
	if !c.Tree.Valid() || slices.ContainsFunc(c.Parents, func(p ID) bool { return !p.Valid() }) {
		return Commit{}, fmt.Errorf("commit %s is malformed", id.Short())
	}
	return c, nil
}

func signature(line string) gogit.Signature {
	var s gogit.Signature
	s.Decode([]byte(line))
	return s
}

// tagTarget gives what an annotated tag names.
func tagTarget(data []byte) (ID, error) {
	line, _, _ := strings.Cut(string(data), "\n")
	id, ok := strings.CutPrefix(line, "object ")
	if !ok || !ID(id).Valid() {
		return "", fmt.Errorf("tag object is malformed")
	}
	return ID(id), nil
}
