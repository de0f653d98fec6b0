package main

import "testing"

func TestRefFits(t *testing.T) {
	for _, c := range []struct {
		pattern, ref string
		want         bool
	}{
		{"refs/heads/main", "refs/heads/main", true},
		{"refs/heads/main", "refs/heads/main2", false},
		{"refs/heads/*", "refs/heads/release/1.2", true},
		{"refs/heads/*", "refs/tags/v1", false},
		{"refs/tags/v*", "", false},
		{"refs/tags/v*.*", "refs/tags/v1.2", true},
		{"refs/tags/v*.*", "refs/tags/v1", false},
		{"refs/*/main", "refs/heads/x/main", true},
		{"refs/heads/a*a", "refs/heads/a", false},
	} {
		if got := refFits(c.pattern, c.ref); got != c.want {
			t.Errorf("%s with %s: %v", c.pattern, c.ref, got)
		}
	}
}
