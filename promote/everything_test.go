package promote_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/ferry-cd/ferry/promote"
)

// Everything comes in one order, whatever is ready first; who fails is named, and keeps nobody else.
func TestRenderAll(t *testing.T) {
	w := fleet(t, "{name: dev}, {name: prod, after: [dev]}", 7, 0)
	p := w.ferry()
	k := &kitchen{Renderer: p.Renderers["plain"], slow: func(app string) bool { return app == "app00" || app == "app04" },
		fail: func(app string) bool { return app == "app03" }}
	busy := 0
	p.Renderers["plain"], p.Busy = k, func() { busy++ }
	s, err := p.Load(w.ctx, promote.Scope{})
	w.must(err)
	var got, want []string
	err = p.RenderAll(w.ctx, s, promote.Scope{}, func(r promote.Rendering) error {
		got = append(got, fmt.Sprintf("%s %d", r.Folder, len(r.Manifests)))
		return nil
	})
	for _, env := range []string{"dev", "prod"} {
		for app := range 7 {
			if app != 3 {
				want = append(want, fmt.Sprintf("%s/app%02d 1", env, app))
			}
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("it gave\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if err == nil || !strings.Contains(err.Error(), "app03 in dev: this one never works") || !strings.Contains(err.Error(), "app03 in prod: ") {
		t.Errorf("the error is %v", err)
	}
	if busy != 1 {
		t.Errorf("14 renders were said to be many %d times", busy)
	}
}

// Where the manifests cannot be taken, nothing more is made.
func TestRenderAllEnds(t *testing.T) {
	w := fleet(t, "{name: dev}", 12, 1<<20)
	p := w.ferry()
	k := &kitchen{Renderer: p.Renderers["plain"]}
	p.Renderers["plain"], p.Busy = k, func() { t.Error("one render is not many") }
	s, err := p.Load(w.ctx, promote.Scope{})
	w.must(err)
	full := errors.New("the disk is full")
	if err := p.RenderAll(w.ctx, s, promote.Scope{}, func(promote.Rendering) error { return full }); !errors.Is(err, full) {
		t.Errorf("the error is %v", err)
	}
	if k.made == 12 {
		t.Error("all were made, and nobody could take them")
	}
}
