package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/ferry-cd/ferry/release"
	"github.com/ferry-cd/ferry/source/registry"
	"github.com/ferry-cd/ferry/source/registry/registrytest"
)

// patience is a pinner whose clock moves only while it waits; after tells what happens meanwhile.
func patience(t *testing.T, wait time.Duration, after func(waited time.Duration)) (*pinner, *strings.Builder) {
	t.Helper()
	now, began, said := time.Unix(0, 0), time.Unix(0, 0), &strings.Builder{}
	c, err := registry.New(registry.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return &pinner{registry: func() (*registry.Client, error) { return c, nil }, wait: wait, now: func() time.Time { return now },
		sleep: func(_ context.Context, d time.Duration) error {
			now = now.Add(d)
			after(now.Sub(began))
			return nil
		},
		say: func(format string, args ...any) { fmt.Fprintf(said, format+"\n", args...) }}, said
}

const (
	ofNow = "0123456789abcdef0123456789abcdef01234567"
	ofOld = "89abcdef0123456789abcdef0123456789abcdef"
)

// All images of a release arrive together: one is late, one is still that of the commit before.
func TestWaitForImages(t *testing.T) {
	s := registrytest.New()
	t.Cleanup(s.Close)
	of := func(commit string) map[string]string {
		return map[string]string{"org.opencontainers.image.revision": commit}
	}
	there := s.Image("there", "main", "x", of(ofNow[:12]))
	s.Image("earlier", "main", "old", of(ofOld))
	var late, newer string
	p, said := patience(t, 5*time.Minute, func(waited time.Duration) {
		switch waited {
		case 30 * time.Second:
			late = s.Image("late", "main", "x", nil)
		case time.Minute:
			newer = s.Image("earlier", "main", "new", of(ofNow))
		}
	})
	all := []release.Release{{App: "shop", Source: release.Source{Commit: ofNow}, Images: []release.Image{
		{Name: s.Host + "/there", Tag: "main"}, {Name: s.Host + "/late", Tag: "main"}, {Name: s.Host + "/earlier", Tag: "main"}}}}
	if err := p.pin(t.Context(), all, nil); err != nil {
		t.Fatal(err)
	}
	for i, want := range []string{there, late, newer} {
		if got := all[0].Images[i].Digest; got != want || want == "" {
			t.Errorf("%s: %q, want %q", all[0].Images[i].Name, got, want)
		}
	}
	for _, want := range []string{"waiting for " + s.Host + "/earlier:main, " + s.Host + "/late:main\n", "waiting for " + s.Host + "/earlier:main\n"} {
		if strings.Count(said.String(), want) != 1 {
			t.Errorf("%q is not said once:\n%s", want, said)
		}
	}
}

// A wait has an end, which names all that is missing; a registry that refuses ends it at once.
func TestWaitEnds(t *testing.T) {
	s := registrytest.New()
	t.Cleanup(s.Close)
	s.Image("earlier", "main", "old", map[string]string{"org.opencontainers.image.revision": ofOld})
	waited := time.Duration(0)
	p, _ := patience(t, time.Minute, func(d time.Duration) { waited = d })
	all := []release.Release{{App: "shop", Source: release.Source{Commit: ofNow}, Images: []release.Image{
		{Name: s.Host + "/none", Tag: "main"}, {Name: s.Host + "/earlier", Tag: "main"}}}}
	err := p.pin(t.Context(), all, nil)
	if exitCode(err) != exitTimedOut || waited != time.Minute || !strings.Contains(err.Error(), "/none:main does not exist") || !strings.Contains(err.Error(), "/earlier:main is of commit 89abcdef01") {
		t.Errorf("after %s: %v", waited, err)
	}
	if !errors.Is(err, registry.ErrAbsent) || all[0].Images[0].Digest != "" {
		t.Errorf("%v; %+v", err, all[0])
	}
	s.Guard(registrytest.Porter{User: "ada", Password: "secret"})
	waited = 0
	if err := p.pin(t.Context(), all, nil); exitCode(err) != exitCredentials || waited != 0 {
		t.Errorf("refused, after %s: %v", waited, err)
	}
}

// What a release is compared with is only what an image says to be.
func TestSameCommit(t *testing.T) {
	for pair, want := range map[[2]string]bool{
		{ofNow, ofNow}: true, {ofNow[:7], ofNow}: true, {strings.ToUpper(ofNow), ofNow}: true,
		{ofNow[:6], ofNow}: false, {"", ofNow}: false, {ofOld, ofNow}: false,
	} {
		if got := sameCommit(pair[0], pair[1]); got != want {
			t.Errorf("%v: %v", pair, got)
		}
	}
}

// Which releases bring nothing: what runs decides, not what it is called.
func TestSameImages(t *testing.T) {
	a := release.Image{Name: "a", Tag: "1", Digest: "sha256:1"}
	retagged, other, trusted := a, a, a
	retagged.Tag, other.Digest, trusted.Digest = "2", "sha256:2", ""
	for _, c := range []struct {
		x, y []release.Image
		want bool
	}{
		{[]release.Image{a}, []release.Image{retagged}, true},
		{nil, nil, true},
		{[]release.Image{a}, []release.Image{other}, false},
		{[]release.Image{a}, nil, false},
		{[]release.Image{trusted}, []release.Image{trusted}, false},
	} {
		if got := sameImages(c.x, c.y); got != c.want {
			t.Errorf("%v, %v: %v", c.x, c.y, got)
		}
	}
}
