package source

import (
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/ferry-cd/ferry/git/gittest"
	"github.com/ferry-cd/ferry/release"
)

// TestStoreOverHTTP walks the whole way of a release through a server, and counts what it asks for.
func TestStoreOverHTTP(t *testing.T) {
	s := newShop(t)
	var asked atomic.Int64
	url := gittest.NewServer(t, s.gitops, gittest.Observe(func(r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "git-upload-pack") {
			asked.Add(1)
		}
	}))
	s.gitops = url
	web, pay := s.release("web", 7), s.release("pay", 7)
	s.accept(web, pay)

	store := s.store() // as another run would
	asked.Store(0)
	all, err := store.Accepted(t.Context(), "web", "pay")
	if err != nil || len(all) != 2 || all["web"].Version != "1.7" {
		t.Fatalf("got %v, %v", all, err)
	}
	if n := asked.Load(); n != 2 { // the branch, and both files
		t.Errorf("%d requests to read two accepted releases", n)
	}
	asked.Store(0)
	files, err := store.Files(t.Context(), "web", web.Templates)
	if err != nil || string(files["Chart.yaml"]) != "name: web\n" || len(files) != 3 {
		t.Fatalf("got %v, %v", files, err)
	}
	if n := asked.Load(); n != 1 {
		t.Errorf("%d requests to read a template tree", n)
	}
	again, err := store.Accept(t.Context(), s.checkout.Repository(), []release.Release{web, s.release("pay", 8)})
	if err != nil || !again[0].Already || again[1].Already {
		t.Fatalf("got %+v, %v", again, err)
	}
	if all, err = store.Accepted(t.Context()); err != nil || all["pay"].Version != "1.8" {
		t.Errorf("got %v, %v", all, err)
	}
	check := t.TempDir()
	gittest.Run(t, check, "clone", "--quiet", "--branch", release.SourcesBranch, url, ".")
	gittest.Run(t, check, "fsck", "--strict")
}

// TestAcceptAfterALostRace lets another run win between reading the branch and pushing to it.
func TestAcceptAfterALostRace(t *testing.T) {
	s := newShop(t)
	other, web, pay := s.store(), s.release("web", 7), s.release("pay", 7)
	var once sync.Once
	var otherErr error
	url := gittest.NewServer(t, s.gitops, gittest.Observe(func(r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "git-receive-pack") {
			once.Do(func() { _, otherErr = other.Accept(t.Context(), s.checkout.Repository(), []release.Release{pay}) })
		}
	}))
	_, err := NewStore(openRepository(t, url)).Accept(t.Context(), s.checkout.Repository(), []release.Release{web})
	if err != nil || otherErr != nil {
		t.Fatalf("%v, the other: %v", err, otherErr)
	}
	if s.newest("web").Version != "1.7" || s.newest("pay").Version != "1.7" {
		t.Error("a release was lost")
	}
	if n := s.git("rev-list", "--count", release.SourcesBranch); n != "2" {
		t.Errorf("%s commits for two submits", n)
	}
}
