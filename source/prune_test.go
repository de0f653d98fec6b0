package source

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/ferry-cd/ferry/git"
	"github.com/ferry-cd/ferry/git/gittest"
	"github.com/ferry-cd/ferry/release"
)

// acceptedOnly needs what is accepted now, and nothing else.
func (s *shop) acceptedOnly(store *Store) Needed {
	return func(ctx context.Context) (map[string]map[string]bool, error) {
		accepted, err := store.Accepted(ctx)
		need := map[string]map[string]bool{"web": {}, "pay": {}}
		for app, rel := range accepted {
			if need[app] != nil {
				need[app][rel.Templates] = true
			}
		}
		return need, err
	}
}

// next commits other templates for both apps, and gives their releases.
func (s *shop) next(n int64) (web, pay release.Release) {
	s.Helper()
	number := strconv.FormatInt(n, 10)
	write(s.T, s.app, map[string]string{"charts/web/values.yaml": "n: " + number + "\n", "deploy/pay/values.yaml": "m: " + number + "\n"})
	gittest.Run(s.T, s.app, "add", ".")
	gittest.Run(s.T, s.app, "commit", "-qm", "next")
	s.checkout = openCheckout(s.T, s.app)
	return s.release("web", n), s.release("pay", n)
}

func TestPrune(t *testing.T) {
	s := newShop(t)
	var last release.Release
	for n := range int64(3) {
		web, pay := s.next(n + 1)
		s.accept(web, pay)
		last = web
	}
	store := s.store()
	planned, err := store.Unneeded(t.Context(), s.acceptedOnly(store))
	if err != nil || len(planned) != 4 {
		t.Fatalf("%v, %v", planned, err)
	}
	before := s.git("rev-parse", "ferry-sources")
	if gone, err := store.Prune(t.Context(), s.acceptedOnly(store)); err != nil || len(gone) != 4 {
		t.Fatalf("%v, %v", gone, err)
	}
	if files := s.git("ls-tree", "-d", "-r", "--name-only", "ferry-sources", "web/"); strings.Contains(files, planned[2].Tree) || !strings.Contains(files, last.Templates) {
		t.Errorf("left over:\n%s", files)
	}
	if _, err := s.store().Files(t.Context(), "web", last.Templates); err != nil {
		t.Error(err)
	}
	after := s.git("rev-parse", "ferry-sources")
	if gone, err := store.Prune(t.Context(), s.acceptedOnly(store)); err != nil || gone != nil || s.git("rev-parse", "ferry-sources") != after || before == after {
		t.Errorf("the second run: %v, %v", gone, err)
	}
	broken := errors.New("broken")
	if _, err := store.Prune(t.Context(), func(context.Context) (map[string]map[string]bool, error) { return nil, broken }); !errors.Is(err, broken) {
		t.Errorf("%v", err)
	}
}

// TestPruneLeavesOtherAppsAlone: whoever is not asked about loses nothing.
func TestPruneLeavesOtherAppsAlone(t *testing.T) {
	s := newShop(t)
	web, pay := s.next(1)
	s.accept(web, pay)
	store := s.store()
	none := func(context.Context) (map[string]map[string]bool, error) {
		return map[string]map[string]bool{"web": {}}, nil
	}
	if gone, err := store.Prune(t.Context(), none); err != nil || len(gone) != 1 || gone[0].App != "web" {
		t.Fatalf("%v, %v", gone, err)
	}
	if _, err := store.Files(t.Context(), "pay", pay.Templates); err != nil {
		t.Error(err)
	}
}

// TestPruneLooksAgain: what comes to be needed while it is removed is put back.
func TestPruneLooksAgain(t *testing.T) {
	s := newShop(t)
	old, pay := s.next(1)
	s.accept(old, pay)
	web, pay := s.next(2)
	s.accept(web, pay)
	store := s.store()
	asked := 0
	gone, err := store.Prune(t.Context(), func(ctx context.Context) (map[string]map[string]bool, error) {
		need, err := s.acceptedOnly(store)(ctx)
		if asked++; asked > 1 { // an environment took the older release meanwhile
			need["web"][old.Templates] = true
		}
		return need, err
	})
	if err != nil || len(gone) != 1 || gone[0].App != "pay" {
		t.Fatalf("%v, %v", gone, err)
	}
	if _, err := s.store().Files(t.Context(), "web", old.Templates); err != nil {
		t.Error(err)
	}
	gittest.Run(t, s.gitops, "fsck", "--strict")
}

// TestPruneWhileSubmitting: however submits and prunes fall together, every accepted release has its templates.
func TestPruneWhileSubmitting(t *testing.T) {
	s := newShop(t)
	var releases []release.Release
	for n := range int64(6) {
		web, _ := s.next(n + 1)
		releases = append(releases, web)
	}
	repo := s.checkout.Repository()
	var all sync.WaitGroup
	all.Go(func() {
		for _, rel := range releases {
			if err := patiently(context.Background(), s.store(), repo, rel); err != nil {
				t.Error(err)
			}
			if _, err := s.store().Files(context.Background(), "web", rel.Templates); err != nil {
				t.Errorf("accepted without templates: %v", err)
			}
		}
	})
	for range 2 {
		all.Go(func() {
			for range 8 {
				store := s.store()
				if _, err := store.Prune(context.Background(), s.acceptedOnly(store)); err != nil {
					var moved *git.MovedError
					if !errors.As(err, &moved) {
						t.Error(err)
					}
				}
			}
		})
	}
	all.Wait()
	if _, err := s.store().Files(t.Context(), "web", s.newest("web").Templates); err != nil {
		t.Error(err)
	}
	gittest.Run(t, s.gitops, "fsck", "--strict")
}

// TestBring: files that were fetched become a tree that is stored with the release, and are written by nothing else.
func TestBring(t *testing.T) {
	s := newShop(t)
	store := s.store()
	tree, err := store.Bring(t.Context(), nil, "", map[string][]byte{"Chart.yaml": []byte("name: x\n"), "templates/a.yaml": nil})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := gittest.Try(s.gitops, "cat-file", "-e", string(tree)); err == nil {
		t.Error("it was written before anybody accepted it")
	}
	rel := s.release("web", 1)
	rel.Templates, rel.Root = string(tree), ""
	rel.Fetched = release.Fetched{From: "https://charts.example.com", Name: "x", Version: "1.0.0", Digest: digestA}
	if _, err := store.Accept(t.Context(), nil, []release.Release{rel}); err != nil {
		t.Fatal(err)
	}
	files, err := s.store().Files(t.Context(), "web", string(tree))
	if err != nil || string(files["Chart.yaml"]) != "name: x\n" || s.newest("web").Fetched != rel.Fetched {
		t.Errorf("%v, %v", files, err)
	}
	for _, name := range []string{".git/config", "a/../b", "a\\b", "/a"} {
		if _, err := store.Bring(t.Context(), nil, "", map[string][]byte{name: nil}); err == nil {
			t.Errorf("%s became part of a tree", name)
		}
	}
}
