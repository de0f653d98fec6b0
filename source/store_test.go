package source

import (
	"errors"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ferry-cd/ferry/git"
	"github.com/ferry-cd/ferry/git/gittest"
	"github.com/ferry-cd/ferry/release"
)

var clock = time.Date(2026, 11, 5, 10, 0, 0, 0, time.UTC)

func openRepository(t *testing.T, dir string) *git.Repository {
	t.Helper()
	o := git.Options{Identity: git.Identity{Name: "Ferry", Email: "ferry@example.com"}, Now: func() time.Time { return clock }}
	repo, err := git.Open(t.Context(), dir, o)
	if err != nil {
		t.Fatal(err)
	}
	return repo
}

// shop is an app repository and a GitOps repository with nothing accepted yet.
type shop struct {
	*testing.T
	app, gitops string
	checkout    *Checkout
}

func newShop(t *testing.T) *shop {
	t.Helper()
	app := clone(t, appFiles)
	return &shop{T: t, app: app, gitops: gittest.Bare(t, map[string]string{"ferry.yaml": "version: 1\n"}), checkout: openCheckout(t, app)}
}

func (s *shop) store() *Store { return NewStore(openRepository(s.T, s.gitops)) }

// release makes one of app web, or pay, from what the app repository has committed.
func (s *shop) release(app string, n int64) release.Release {
	s.Helper()
	root := map[string]string{"web": "charts/web", "pay": "deploy/pay"}[app]
	head, err := s.checkout.Head(s.Context())
	if err != nil {
		s.Fatal(err)
	}
	tree, err := s.checkout.Tree(s.Context(), head.ID, root)
	if err != nil {
		s.Fatal(err)
	}
	return release.Release{
		App: app, Version: "1." + strconv.FormatInt(n, 10), Sequence: release.Sequence{Kind: release.GitHub, Number: n},
		Source:    release.Source{Repository: "https://github.com/acme/shop", Commit: string(head.ID), Ref: "refs/heads/main", Time: head.Time},
		Templates: string(tree), Root: root,
		Images: []release.Image{{Name: "ghcr.io/acme/" + app, Tag: "1.10", Digest: digestA}},
	}
}

func (s *shop) accept(rels ...release.Release) []Accepted {
	s.Helper()
	all, err := s.store().Accept(s.Context(), s.checkout.Repository(), rels)
	if err != nil {
		s.Fatal(err)
	}
	return all
}

// refuse tries what must not be accepted, and sees that nothing was written.
func (s *shop) refuse(rels ...release.Release) error {
	s.Helper()
	before := s.git("for-each-ref")
	all, err := s.store().Accept(s.Context(), s.checkout.Repository(), rels)
	if err == nil || all != nil {
		s.Fatalf("accepted: %+v", all)
	}
	if after := s.git("for-each-ref"); after != before {
		s.Errorf("refused, but written: %s", after)
	}
	return err
}

func (s *shop) git(args ...string) string {
	s.Helper()
	return gittest.Run(s.T, s.gitops, args...)
}

func (s *shop) newest(app string) release.Release {
	s.Helper()
	all, err := s.store().Accepted(s.Context(), app)
	if err != nil {
		s.Fatal(err)
	}
	return all[app]
}

func TestAcceptedOfAll(t *testing.T) {
	s := newShop(t)
	if all, err := s.store().Accepted(t.Context()); err != nil || len(all) != 0 {
		t.Errorf("nothing is accepted yet: %v, %v", all, err)
	}
	s.accept(s.release("web", 1), s.release("pay", 2))
	all, err := s.store().Accepted(t.Context())
	if err != nil || len(all) != 2 || all["pay"].Version != "1.2" {
		t.Errorf("got %v, %v", all, err)
	}
	some, err := s.store().Accepted(t.Context(), "web", "unknown")
	if err != nil || len(some) != 1 || some["web"].Version != "1.1" {
		t.Errorf("got %v, %v", some, err)
	}
}

// TestAcceptedSeesOthersWork holds one store open while another writes.
func TestAcceptedSeesOthersWork(t *testing.T) {
	s := newShop(t)
	store := s.store()
	for n := range int64(3) {
		s.accept(s.release("web", n+1))
		all, err := store.Accepted(t.Context(), "web")
		if err != nil || all["web"].Sequence.Number != n+1 {
			t.Errorf("got %v, %v", all["web"].Sequence, err)
		}
	}
	s.git("update-ref", "-d", sourcesRef)
	if all, err := store.Accepted(t.Context()); err != nil || len(all) != 0 {
		t.Errorf("the branch is gone: %v, %v", all, err)
	}
}

func TestAcceptedRefusesEdits(t *testing.T) {
	s := newShop(t)
	s.accept(s.release("web", 1), s.release("pay", 1))
	lock := s.git("show", release.SourcesBranch+":web/release.lock") + "\n"
	gittest.Commit(t, s.gitops, release.SourcesBranch, map[string]string{"web/release.lock": strings.Replace(lock, "1.1", "1.2", 1), "pay/release.lock": lock})
	_, err := s.store().Accepted(t.Context())
	if !errors.Is(err, release.ErrEdited) || !strings.Contains(err.Error(), "ferry-sources:web/release.lock: ") || !strings.Contains(err.Error(), "ferry-sources:pay/release.lock: it is of app web") {
		t.Errorf("got %v", err)
	}
}

func TestFiles(t *testing.T) {
	s := newShop(t)
	web := s.release("web", 1)
	s.accept(web)
	files, err := s.store().Files(t.Context(), "web", web.Templates)
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for name, data := range files {
		got[name] = string(data)
	}
	want := map[string]string{"Chart.yaml": "name: web\n", "templates/deployment.yaml": "kind: Deployment\n", "templates/tests/test.yaml": "kind: Pod\n"}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestFilesRefuses(t *testing.T) {
	s := newShop(t)
	web := s.release("web", 1)
	if _, err := s.store().Files(t.Context(), "web", web.Templates); err == nil || !strings.Contains(err.Error(), "has no templates") {
		t.Errorf("nothing is accepted yet: %v", err)
	}
	s.accept(web)
	for _, name := range [][2]string{{"pay", web.Templates}, {"web", s.release("pay", 1).Templates}, {"web", "../web/" + web.Templates}, {"..", "x"}, {"web", ""}, {"web", "release.lock"}} {
		if _, err := s.store().Files(t.Context(), name[0], name[1]); err == nil || !strings.Contains(err.Error(), "has no templates") {
			t.Errorf("%v: got %v", name, err)
		}
	}
	// Someone puts other files under the id of the tree that was reviewed.
	gittest.Commit(t, s.gitops, release.SourcesBranch, map[string]string{"web/" + web.Templates + "/Chart.yaml": "name: evil\n"})
	if files, err := s.store().Files(t.Context(), "web", web.Templates); err == nil {
		t.Errorf("a changed tree was read: %v", files)
	}
}
