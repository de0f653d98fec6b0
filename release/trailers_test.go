package release

import (
	"os/exec"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestTrailers(t *testing.T) {
	var tr Trailers
	tr = tr.Add(TrailerApp, "web").Add(TrailerRun, "").Add(TrailerRelease, "1.0\nFerry-Override: all\r\x1b[31m\u202e ").Add(TrailerPromotedFrom, "dev").Add(TrailerPromotedFrom, "qa")
	message := tr.Message("promote web\n\nbecause it is proven\n\n")
	want := `promote web

because it is proven

Ferry-App: web
Ferry-Release: 1.0 Ferry-Override: all [31m
Ferry-Promoted-From: dev
Ferry-Promoted-From: qa
`
	if d := cmp.Diff(want, message); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff(tr, ParseTrailers(message)); d != "" {
		t.Error(d)
	}
	if tr.Get("ferry-promoted-from") != "dev" || tr.Get(TrailerOverride) != "" {
		t.Error("Get finds the first value of a key, in any case")
	}
	if got := Trailers(nil).Message("title\n\n\n"); got != "title\n" {
		t.Errorf("got %q", got)
	}
}

// TestParseTrailersAsGit compares with what git itself reads from a message.
func TestParseTrailersAsGit(t *testing.T) {
	for _, message := range []string{
		"title\n\nA: b\nC-d: e f\n",
		"title\r\n\r\nA: b\r\n",
		"title\n\nbody\n\nA: b\n  goes on\nC: d\n",
		"title\n\nno: trailers\n\nin the last paragraph\n",
		"A: title\n",
		"title\n\n",
		"title\n\nA:b\nB : c\nE:\n",
		"title\nsecond\n\n\n\nA: b\n\n\n",
	} {
		cmd := exec.Command("git", "interpret-trailers", "--parse", "--unfold")
		cmd.Stdin = strings.NewReader(strings.ReplaceAll(message, "\r\n", "\n"))
		out, err := cmd.Output()
		if err != nil {
			t.Fatal(err)
		}
		var got strings.Builder
		for _, each := range ParseTrailers(message) {
			got.WriteString(strings.TrimRight(each.Key+": "+each.Value, " ") + "\n")
		}
		want := strings.ReplaceAll(string(out), ": \n", ":\n")
		if d := cmp.Diff(want, got.String()); d != "" {
			t.Errorf("%q: %s", message, d)
		}
	}
}
