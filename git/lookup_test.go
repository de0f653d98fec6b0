package git

import (
	"fmt"
	"testing"
)

// Wide trees are found in as well the second time, and no more of them are remembered than there is room for.
func TestLookups(t *testing.T) {
	var l lookups
	entries := make([]Entry, mostLookup/2)
	for i := range entries {
		entries[i] = Entry{Path: fmt.Sprintf("app-%d", i), ID: ID(fmt.Sprint(i))}
	}
	entries = append(entries, Entry{Path: "app-7", ID: "other"})
	if e := l.put("a", entries)["app-7"]; e.ID != "7" {
		t.Errorf("app-7 is %s", e.ID)
	}
	if named, ok := l.get("a"); !ok || named["app-9"].ID != "9" {
		t.Error("a tree was not remembered")
	}
	l.put("b", entries)
	if _, ok := l.get("a"); ok || l.size > mostLookup {
		t.Errorf("%d entries are remembered", l.size)
	}
}
