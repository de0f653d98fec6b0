package source

import (
	"reflect"
	"testing"

	"github.com/ferry-cd/ferry/git"
)

// TestFilesOnce: for the second environment nothing is read again, neither refs nor files, as long as the branch has not moved.
func TestFilesOnce(t *testing.T) {
	s := newShop(t)
	web, pay := s.next(1)
	s.accept(web, pay)
	store := s.store()
	read := func(app, tree string) map[string][]byte {
		t.Helper()
		files, err := store.Files(t.Context(), app, tree)
		if err != nil {
			t.Fatal(err)
		}
		return files
	}
	first := read("web", web.Templates)
	read("pay", pay.Templates)
	if !isSame(read("web", web.Templates), first) {
		t.Error("the tree was read twice")
	}
	if n := testing.AllocsPerRun(10, func() { read("web", web.Templates) }); n > 2 {
		t.Errorf("a tree that is at hand takes %v allocations", n)
	}

	next, _ := s.next(2)
	s.accept(next)
	if _, err := store.Accepted(t.Context()); err != nil { // the store learns of the new head
		t.Fatal(err)
	}
	if string(read("web", next.Templates)["values.yaml"]) != "n: 2\n" || string(read("web", web.Templates)["values.yaml"]) != "n: 1\n" {
		t.Error("got the files of another release")
	}
	if isSame(read("web", web.Templates), first) {
		t.Error("trees of the old head are kept")
	}
}

func isSame(a, b map[string][]byte) bool {
	return reflect.ValueOf(a).Pointer() == reflect.ValueOf(b).Pointer()
}

// TestKeptIsBounded: what was kept first stays; it is what is asked for first, too.
func TestKeptIsBounded(t *testing.T) {
	var k kept
	tree := func() map[string][]byte { return map[string][]byte{"values.yaml": make([]byte, maxKept/2)} }
	for _, name := range []string{"a", "b", "c"} {
		k.put("head", name, tree())
	}
	if k.at("head", "a") == nil || k.at("head", "b") != nil || k.size > maxKept {
		t.Errorf("%d bytes are kept", k.size)
	}
	if k.at(git.ID("other"), "a") != nil {
		t.Error("the tree of one head was given for another")
	}
}
