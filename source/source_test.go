package source

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ferry-cd/ferry/release"
)

var (
	digestA = "sha256:" + strings.Repeat("a1", 32)
	digestB = "sha256:" + strings.Repeat("b2", 32)
)

func TestCarry(t *testing.T) {
	accepted := release.Release{App: "shop", Version: "1.9", Images: []release.Image{
		{Name: "docker.io/acme/cart", Tag: "1.7", Digest: digestA, Carried: "1.7"},
		{Name: "acme/old", Tag: "1.9", Digest: digestA},
		{Name: "acme/pay", Tag: "1.9", Digest: digestA},
		{Name: "acme/web", Tag: "1.9", Digest: digestA},
	}}
	rel := release.Release{App: "shop", Version: "1.10", Images: []release.Image{{Name: "docker.io/acme/web", Tag: "1.10", Digest: digestB}}}
	got := Carry(rel, []string{"acme/web", "acme/cart", "acme/pay", "acme/never"}, accepted)
	want := []release.Image{
		{Name: "acme/pay", Tag: "1.9", Digest: digestA, Carried: "1.9"},
		{Name: "docker.io/acme/cart", Tag: "1.7", Digest: digestA, Carried: "1.7"},
		{Name: "docker.io/acme/web", Tag: "1.10", Digest: digestB},
	}
	if d := cmp.Diff(want, got.Images); d != "" {
		t.Error(d)
	}
	if len(rel.Images) != 1 || accepted.Images[2].Carried != "" {
		t.Error("the releases handed in were changed")
	}
}
