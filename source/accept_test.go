package source

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ferry-cd/ferry/git"
	"github.com/ferry-cd/ferry/git/gittest"
	"github.com/ferry-cd/ferry/release"
)

func TestAccept(t *testing.T) {
	s := newShop(t)
	web, pay := s.release("web", 7), s.release("pay", 7)
	got := s.accept(web, pay)
	if d := cmp.Diff([]Accepted{{Release: web}, {Release: pay}}, got); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff(web, s.newest("web")); d != "" {
		t.Error(d)
	}
	if n := s.git("rev-list", "--count", release.SourcesBranch); n != "1" {
		t.Errorf("%s commits for one submit", n)
	}
	want := `pay/` + pay.Templates + `/base/kustomization.yaml
pay/` + pay.Templates + `/base/x.yaml
pay/` + pay.Templates + `/overlays/kustomization.yml
pay/release.lock
web/` + web.Templates + `/Chart.yaml
web/` + web.Templates + `/templates/deployment.yaml
web/` + web.Templates + `/templates/tests/test.yaml
web/release.lock`
	if d := cmp.Diff(want, s.git("ls-tree", "-r", "--name-only", release.SourcesBranch)); d != "" {
		t.Error(d)
	}
	for app, root := range map[string]string{"web": "charts/web", "pay": "deploy/pay"} {
		at := s.git("rev-parse", release.SourcesBranch+":"+release.TemplatesPath(app, s.newest(app).Templates))
		if at != gittest.Run(t, s.app, "rev-parse", "HEAD:"+root) {
			t.Errorf("%s: the stored tree is %s", app, at)
		}
	}
	wantMessage := `Accept web 1.7, pay 1.7

Ferry-App: web
Ferry-Release: 1.7 (github-7)
Ferry-Source: https://github.com/acme/shop ` + web.Source.Commit + `
Ferry-App: pay
Ferry-Release: 1.7 (github-7)
Ferry-Source: https://github.com/acme/shop ` + web.Source.Commit
	if d := cmp.Diff(wantMessage, strings.TrimSpace(s.git("log", "-1", "--format=%B", release.SourcesBranch))); d != "" {
		t.Error(d)
	}
	s.git("fsck", "--strict", "--no-dangling")
}

func TestAcceptAgainWritesNothing(t *testing.T) {
	s := newShop(t)
	web := s.release("web", 7)
	s.accept(web)
	before := s.git("for-each-ref")
	again := web
	again.Source.Ref = "refs/heads/other"
	if d := cmp.Diff([]Accepted{{Release: web, Already: true}}, s.accept(again)); d != "" {
		t.Error(d)
	}
	if after := s.git("for-each-ref"); after != before {
		t.Errorf("written: %s", after)
	}
}

func TestAcceptFollows(t *testing.T) {
	s := newShop(t)
	s.accept(s.release("web", 7))
	s.accept(s.release("web", 8), s.release("pay", 1)) // the same templates: stored once
	if n := s.git("rev-list", "--count", release.SourcesBranch); n != "2" {
		t.Errorf("%s commits for two submits", n)
	}
	write(t, s.app, map[string]string{"charts/web/Chart.yaml": "name: changed\n"})
	gittest.Run(t, s.app, "commit", "--quiet", "--all", "-m", "second")
	s.accept(s.release("web", 9))
	if folders := s.git("ls-tree", "-d", "--name-only", release.SourcesBranch+":web"); strings.Count(folders, "\n") != 1 {
		t.Errorf("both template trees stay: %s", folders)
	}
	if s.newest("web").Version != "1.9" || s.newest("pay").Version != "1.1" {
		t.Errorf("newest are %s and %s", s.newest("web").Version, s.newest("pay").Version)
	}
	s.git("fsck", "--strict", "--no-dangling")
}

func TestAcceptRefusesOlder(t *testing.T) {
	s := newShop(t)
	s.accept(s.release("web", 7))
	err := s.refuse(s.release("web", 6), s.release("pay", 9)) // pay is fine, but travels with web
	var older *OlderError
	if !errors.As(err, &older) || older.ExitCode() != 3 || older.Hint() == "" {
		t.Fatalf("got %v", err)
	}
	if want := "release 1.6 (github-6) of web is older than 1.7 (github-7), which is accepted already"; err.Error() != want {
		t.Errorf("got %v", err)
	}
}

func TestAcceptRefusesOtherContent(t *testing.T) {
	s := newShop(t)
	s.accept(s.release("web", 7))
	other := s.release("web", 7)
	other.Version, other.Images[0].Digest = "1.8", digestB
	other.Images = append(other.Images, release.Image{Name: "redis", Tag: "8"})
	err := s.refuse(other)
	var conflict *ConflictError
	if !errors.As(err, &conflict) || conflict.ExitCode() != 3 || conflict.Hint() == "" {
		t.Fatalf("got %v", err)
	}
	want := "release github-7 of web is accepted already with other content: the version was 1.7, now 1.8; image ghcr.io/acme/web was ghcr.io/acme/web:1.10@" +
		digestA + ", now ghcr.io/acme/web:1.10@" + digestB + "; image redis was none, now redis:8"
	if d := cmp.Diff(want, err.Error()); d != "" {
		t.Error(d)
	}
	missing := s.release("web", 7)
	missing.Images, missing.Templates, missing.Source = nil, s.release("pay", 7).Templates, release.Source{}
	for _, part := range []string{"the source repository was https://github.com/acme/shop, now none", "the source commit was", "the templates was", "now none"} {
		if err := s.refuse(missing); !strings.Contains(err.Error(), part) {
			t.Errorf("%q is not in: %v", part, err)
		}
	}
}

func TestAcceptWhenTheCounterChanges(t *testing.T) {
	s := newShop(t)
	s.accept(s.release("web", 700))
	move := func(minutes int) release.Release {
		r := s.release("web", 7)
		r.Sequence.Kind = release.GitLab
		r.Source.Time = r.Source.Time.Add(time.Duration(minutes) * time.Minute)
		return r
	}
	err := s.refuse(move(0))
	var unordered *UnorderedError
	if !errors.As(err, &unordered) || !errors.Is(err, release.ErrUnordered) || unordered.Hint() != "say where it belongs with --sequence github-701 or more" {
		t.Errorf("at the same time: %v", err)
	}
	var older *OlderError
	if err := s.refuse(move(-1)); !errors.As(err, &older) {
		t.Errorf("earlier: %v", err)
	}
	got := s.accept(move(1))
	if want := "releases of web were counted by github and are counted by gitlab from now on; the source commit is newer, so 1.7 (gitlab-7) follows 1.700 (github-700)"; got[0].Notice != want {
		t.Errorf("got %q", got[0].Notice)
	}
}

func TestAcceptRefusesWhatIsWrong(t *testing.T) {
	s := newShop(t)
	bad, none, empty := s.release("web", 1), s.release("web", 1), s.release("web", 1)
	bad.App, bad.Version = "../up", ""
	none.Templates = ""
	empty.Templates = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"
	for want, rels := range map[string][]release.Release{
		`app name "../up" is not valid`:      {bad, s.release("pay", 1)},
		"the version is missing":             {bad},
		"the release of web has no template": {none},
		"the templates of web have no files": {empty},
		"app web has two releases":           {s.release("web", 1), s.release("web", 2)},
	} {
		if err := s.refuse(rels...); !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
	link := clone(t, map[string]string{"charts/web/x": "-> ../../../secret"})
	s.checkout = openCheckout(t, link)
	if err := s.refuse(s.release("web", 1)); !strings.Contains(err.Error(), "the templates of web: x is a link that leaves") {
		t.Errorf("got %v", err)
	}
}

func TestAcceptWithoutCheckout(t *testing.T) {
	s := newShop(t)
	s.accept(s.release("web", 1))
	if _, err := s.store().Accept(t.Context(), nil, []release.Release{s.release("web", 2)}); err != nil {
		t.Errorf("the templates are stored: %v", err)
	}
	if _, err := s.store().Accept(t.Context(), nil, []release.Release{s.release("pay", 2)}); err == nil || !strings.Contains(err.Error(), "has no templates") {
		t.Errorf("the templates are nowhere: %v", err)
	}
}

// TestAcceptRaces lets many pipelines submit at once: everything that was accepted is there, nothing else is.
func TestAcceptRaces(t *testing.T) {
	s := newShop(t)
	var wg sync.WaitGroup
	web, pay := s.release("web", 0), s.release("pay", 0)
	results := make([]error, 8)
	for i := range results {
		rel := []release.Release{web, pay}[i%2]
		rel.Sequence.Number = int64(i/2 + 1)
		rel.Images = []release.Image{{Name: "x", Tag: strconv.Itoa(i)}}
		store, checkout := s.store(), openRepository(t, s.app)
		wg.Go(func() { results[i] = patiently(t.Context(), store, checkout, rel) })
	}
	wg.Wait()
	accepted := 0
	for i, err := range results {
		var older *OlderError
		switch {
		case err == nil:
			accepted++
		case !errors.As(err, &older):
			t.Errorf("%d: %v", i, err)
		}
	}
	if s.newest("web").Sequence.Number != 4 || s.newest("pay").Sequence.Number != 4 {
		t.Errorf("newest are %v and %v", s.newest("web").Sequence, s.newest("pay").Sequence)
	}
	if n := s.git("rev-list", "--count", release.SourcesBranch); n != strconv.Itoa(accepted) {
		t.Errorf("%d accepted, %s commits", accepted, n)
	}
	s.git("fsck", "--strict", "--no-dangling")
}

// patiently runs it again as often as a pipeline would, when others keep winning.
func patiently(ctx context.Context, store *Store, checkout *git.Repository, rel release.Release) error {
	for {
		_, err := store.Accept(ctx, checkout, []release.Release{rel})
		var lost *git.MovedError
		if !errors.As(err, &lost) {
			return err
		}
	}
}

func TestMessageOfManyReleases(t *testing.T) {
	var many []release.Release
	for i := range 12 {
		many = append(many, release.Release{App: fmt.Sprintf("app-%d", i), Version: "1"})
	}
	title, _, _ := strings.Cut(message("Accept", many), "\n")
	if title != "Accept app-0 1 and 11 more" {
		t.Errorf("got %q", title)
	}
	if got := release.ParseTrailers(message("Accept", many)); len(got) != 24 {
		t.Errorf("%d trailers", len(got))
	}
}
