package git

import (
	"context"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestChanges(t *testing.T) {
	ctx := context.Background()
	r, err := Init(ctx, t.TempDir(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	tree := func(files map[string]string) ID {
		t.Helper()
		var edits []Edit
		for path, text := range files {
			id, err := r.WriteBlob([]byte(text))
			if err != nil {
				t.Fatal(err)
			}
			edits = append(edits, Edit{Path: path, Mode: ModeFile, ID: id})
		}
		id, err := r.EditTree(ctx, "", edits...)
		if err != nil {
			t.Fatal(err)
		}
		return id
	}
	old := tree(map[string]string{"a": "1", "dir/same": "1", "dir/gone": "1", "file": "1", "folder/x": "1", "deep/er/f": "1"})
	fresh := tree(map[string]string{"a": "2", "dir/same": "1", "dir/new": "1", "file/x": "1", "folder": "1", "deep/er/f": "1"})
	for name, c := range map[string]struct {
		old, fresh ID
		want       []string
	}{
		"nothing":      {old, old, nil},
		"both ways":    {old, fresh, []string{"M a", "D dir/gone", "A dir/new", "D file", "A file/x", "A folder", "D folder/x"}},
		"from nothing": {"", tree(map[string]string{"x/y": "1"}), []string{"A x/y"}},
		"to nothing":   {tree(map[string]string{"x/y": "1"}), "", []string{"D x/y"}},
		"both nothing": {"", "", nil},
	} {
		t.Run(name, func(t *testing.T) {
			changes, err := r.Changes(ctx, c.old, c.fresh)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, ch := range changes {
				kind := "M "
				if ch.Old.ID == "" {
					kind = "A "
				} else if ch.New.ID == "" {
					kind = "D "
				}
				got = append(got, kind+ch.Path)
			}
			if d := cmp.Diff(c.want, got); d != "" {
				t.Error(d)
			}
		})
	}
	if _, err := r.Changes(ctx, old, BlobID([]byte("no such tree"))); err == nil {
		t.Error("a tree that is not there is no difference, it is an error")
	}
}
