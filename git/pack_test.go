package git

import (
	"bytes"
	"compress/zlib"
	"crypto/sha1"
	"encoding/binary"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/ferry-cd/ferry/git/gittest"
	"github.com/go-git/go-git/v5/plumbing"
)

// gitPack gives a pack that git made, with deltas of one kind, and the ids of what is in it.
func gitPack(t testing.TB, arguments ...string) (data []byte, ids []string) {
	t.Helper()
	dir := gittest.Bare(t, map[string]string{"a": strings.Repeat("line\n", 500), "b": "b\n"})
	for _, text := range []string{"one", "two", "three"} {
		gittest.Commit(t, dir, "main", map[string]string{"a": strings.Repeat("line\n", 500) + text, "d/" + text: text})
	}
	ids = strings.Fields(gittest.Run(t, dir, "rev-list", "--objects", "--no-object-names", "main"))
	cmd := exec.Command("git", append([]string{"pack-objects", "--stdout", "-q"}, arguments...)...)
	cmd.Dir, cmd.Env, cmd.Stdin = dir, gittest.Env(), strings.NewReader(strings.Join(ids, "\n")+"\n")
	data, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	return data, ids
}

func TestPacksThatGitMade(t *testing.T) {
	for _, arguments := range [][]string{nil, {"--delta-base-offset"}, {"--depth=0"}} {
		data, ids := gitPack(t, arguments...)
		p, err := indexPack(data, Limits{}.orDefaults(), newRecent())
		if err != nil {
			t.Fatal(err)
		}
		for _, id := range ids {
			offset, ok := p.index.find(ID(id))
			if !ok {
				t.Errorf("%v: %s is missing", arguments, id)
				continue
			}
			if o, err := p.object(offset); err != nil || idFor(o.kind, o.data) != ID(id) {
				t.Errorf("%v: %s: %v", arguments, id, err)
			}
		}
		for i := range data { // one bit wrong anywhere is noticed
			broken := slices.Clone(data)
			broken[i] ^= 1
			if _, err := indexPack(broken, Limits{}.orDefaults(), newRecent()); err == nil {
				t.Fatalf("byte %d of %d may be anything", i, len(data))
			}
		}
	}
}

// entryBytes makes one entry of a pack.
func entryBytes(kind plumbing.ObjectType, base string, size int, data []byte) []byte {
	w := &packWriter{}
	w.z = zlib.NewWriter(&w.out)
	w.head(kind, size)
	w.out.WriteString(base)
	if err := w.deflate(data); err != nil {
		panic(err)
	}
	return w.out.Bytes()
}

func packOf(entries ...[]byte) []byte {
	data := binary.BigEndian.AppendUint32([]byte("PACK\x00\x00\x00\x02"), uint32(len(entries)))
	data = append(data, slices.Concat(entries...)...)
	sum := sha1.Sum(data)
	return append(data, sum[:]...)
}

func TestPacksMadeToHurt(t *testing.T) {
	blob := entryBytes(plumbing.BlobObject, "", 4, []byte("blob"))
	grow := binary.AppendUvarint(binary.AppendUvarint(nil, 4), 1<<40) // a delta that promises a terabyte
	self := entryBytes(plumbing.REFDeltaObject, strings.Repeat("\x11", 20), 3, []byte{4, 1, 'x'})
	zeros := make([]byte, 8<<20)
	limits := Limits{Object: 1 << 20, Inflate: 2 << 20}.orDefaults()
	for name, c := range map[string]struct {
		data []byte
		is   error
	}{
		"sound":                       {packOf(blob), nil},
		"empty":                       {packOf(), nil},
		"nothing":                     {nil, errPack},
		"more objects than it has":    {append(append([]byte("PACK\x00\x00\x00\x02\xff\xff\xff\xff"), blob...), make([]byte, 20)...), errPack},
		"a large object":              {packOf(entryBytes(plumbing.BlobObject, "", len(zeros), zeros)), ErrTooLarge},
		"an object that hides size":   {packOf(entryBytes(plumbing.BlobObject, "", 4, zeros)), errPack},
		"an object that boasts":       {packOf(entryBytes(plumbing.BlobObject, "", 1<<19, []byte("x"))), errPack},
		"many that add up":            {packOf(slices.Repeat([][]byte{entryBytes(plumbing.BlobObject, "", 1<<20, zeros[:1<<20])}, 3)...), ErrTooLarge},
		"a delta that promises much":  {packOf(blob, entryBytes(plumbing.OFSDeltaObject, string([]byte{byte(len(blob))}), len(grow), grow)), ErrTooLarge},
		"a delta on itself":           {packOf(self), errPack},
		"a delta on what lies before": {packOf(entryBytes(plumbing.OFSDeltaObject, "\x7f", 2, []byte{4, 1})), errPack},
		"a kind that is not there":    {packOf(entryBytes(5, "", 1, []byte("x"))), errPack},
	} {
		if _, err := indexPack(c.data, limits, newRecent()); !errors.Is(err, c.is) || (c.is == nil) != (err == nil) {
			t.Errorf("%s: %v, want %v", name, err, c.is)
		}
	}
}

func TestADeltaIsMeasuredBeforeItIsBuilt(t *testing.T) {
	delta := binary.AppendUvarint(binary.AppendUvarint(nil, 4), 64)
	for range 16 {
		delta = append(delta, 0x90, 4) // copy the four bytes of the base
	}
	if data, err := applyDelta([]byte("base"), delta, 64); err != nil || len(data) != 64 {
		t.Errorf("%q, %v", data, err)
	}
	if _, err := applyDelta([]byte("base"), delta, 63); !errors.Is(err, ErrTooLarge) {
		t.Errorf("%v", err)
	}
}

// FuzzPack promises that a pack is sound or refused: what its index names can be read, under the name it has.
func FuzzPack(f *testing.F) {
	data, _ := gitPack(f)
	f.Add(data[:len(data)-20])
	data, _ = gitPack(f, "--delta-base-offset")
	f.Add(data[:len(data)-20])
	f.Fuzz(func(t *testing.T, data []byte) {
		sum := sha1.Sum(data)
		p, err := indexPack(append(data, sum[:]...), Limits{Object: 1 << 20, Inflate: 4 << 20}.orDefaults(), newRecent())
		if err != nil {
			return
		}
		for _, e := range p.index.(memoryIndex) {
			o, err := p.object(e.offset)
			if err != nil || plumbing.ComputeHash(o.kind, o.data) != e.id {
				t.Errorf("object at %d: %v", e.offset, err)
			}
		}
	})
}

// FuzzObjects promises that objects are read or refused, and that a tree which was read is written as it was.
func FuzzObjects(f *testing.F) {
	f.Add([]byte("100644 a\x0012345678901234567890"))
	f.Add([]byte("40000 a\x0012345678901234567890100755 b\x0012345678901234567890"))
	f.Add([]byte("tree 4b825dc642cb6eb9a060e54bf8d69288fbee4904\nparent 4b825dc642cb6eb9a060e54bf8d69288fbee4904\nauthor A <a@b> 1 +0100\ncommitter A <a@b> 1 +0000\ngpgsig x\n y\n\nmessage\n"))
	f.Add([]byte("object 4b825dc642cb6eb9a060e54bf8d69288fbee4904\ntype commit\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		if c, err := parseCommit("", data); err == nil && !c.Tree.Valid() {
			t.Errorf("commit %+v", c)
		}
		if id, err := tagTarget(data); err == nil && !id.Valid() {
			t.Errorf("tag of %q", id)
		}
		entries, err := parseTree(data)
		if err != nil {
			return
		}
		for _, e := range entries {
			if strings.ContainsAny(e.Path, "/\x00") || e.Path == "" || e.Path == ".." || !e.ID.Valid() {
				t.Errorf("entry %+v", e)
			}
		}
		again, err := parseTree(encodeTree(slices.Clone(entries)))
		if err != nil || len(again) != len(entries) {
			t.Errorf("%v: %v became %v", err, entries, again)
		}
	})
}

// TestPackWrittenLikeGit has git read what we write: a thin pack, and a pack with its index.
func TestPackWrittenLikeGit(t *testing.T) {
	dir := gittest.Bare(t, nil)
	r, err := Open(t.Context(), dir, Options{Identity: Identity{"A", "a@b"}})
	if err != nil {
		t.Fatal(err)
	}
	var edits []Edit
	for i := range 300 {
		id, err := r.WriteBlob([]byte{byte(i), byte(i >> 8)})
		if err != nil {
			t.Fatal(err)
		}
		edits = append(edits, Edit{Path: "f" + string(rune('a'+i%26)) + strings.Repeat("x", i/26), ID: id})
	}
	tree, err := r.EditTree(t.Context(), "", edits...)
	if err != nil {
		t.Fatal(err)
	}
	commit, err := r.WriteCommit(t.Context(), NewCommit{Tree: tree, Message: "m"})
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Push(t.Context(), Update{Ref: "refs/heads/main", New: commit}); err != nil {
		t.Fatal(err)
	}
	packs, err := filepath.Glob(filepath.Join(dir, "objects/pack/*"))
	if err != nil || len(packs) != 2 {
		t.Fatalf("a pack and its index, not %v", packs)
	}
	gittest.Run(t, dir, "verify-pack", packs[0])
	gittest.Run(t, dir, "fsck", "--strict")

	next, err := r.EditTree(t.Context(), tree, Edit{Path: "new", ID: edits[0].ID})
	if err != nil {
		t.Fatal(err)
	}
	base := func(id ID) (object, bool) { o, err := r.home.object(id); return o, err == nil }
	w, _, err := writePack([]freshObject{{next, r.fresh[next]}}, base)
	if err != nil {
		t.Fatal(err)
	}
	if whole := len(r.fresh[next].data); w.out.Len() > whole/4 {
		t.Errorf("the thin pack has %d bytes, the tree %d", w.out.Len(), whole)
	}
	cmd := exec.Command("git", "index-pack", "--fix-thin", "--stdin")
	cmd.Dir, cmd.Env, cmd.Stdin = dir, gittest.Env(), bytes.NewReader(w.out.Bytes())
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("index-pack: %v\n%s", err, out)
	}
	if kind := gittest.Run(t, dir, "cat-file", "-t", string(next)); kind != "tree" {
		t.Errorf("%s is a %s", next, kind)
	}
	if _, err := os.Stat(strings.TrimSuffix(packs[0], filepath.Ext(packs[0])) + ".keep"); err == nil {
		t.Error("a .keep file was left behind")
	}
}
