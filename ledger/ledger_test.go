package ledger_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ferry-cd/ferry/git"
	"github.com/ferry-cd/ferry/ledger"
	"github.com/ferry-cd/ferry/release"
)

var now = time.Date(2026, 11, 20, 9, 0, 0, 0, time.UTC)

func repository(t *testing.T, dir string) *git.Repository {
	t.Helper()
	repo, err := git.Open(context.Background(), dir, git.Options{Identity: git.Identity{Name: "ada", Email: "ada@example.com"}, Now: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	return repo
}

func fresh(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if _, err := git.Init(context.Background(), dir, git.Options{Identity: git.Identity{Name: "ada", Email: "ada@example.com"}}); err != nil {
		t.Fatal(err)
	}
	return dir
}

func book(t *testing.T, repo *git.Repository) ledger.Book {
	t.Helper()
	head, err := ledger.Head(context.Background(), repo)
	if err != nil {
		t.Fatal(err)
	}
	b, err := ledger.Read(context.Background(), repo, head.Tree, "")
	if err != nil {
		t.Fatal(err)
	}
	return b
}

var rel = release.Release{App: "shop", Version: "1.4.0", Sequence: release.Sequence{Kind: release.GitHub, Number: 7},
	Images: []release.Image{{Name: "ghcr.io/acme/shop", Tag: "1.4.0", Digest: "sha256:" + strings.Repeat("1", 64)}}, Templates: strings.Repeat("a", 40)}

// What is written is read back as it was, and writing it again writes nothing.
func TestDecisionsComeBack(t *testing.T) {
	repo := repository(t, fresh(t))
	named := ledger.Named{Version: "1.4.0", Sequence: rel.Sequence, Inputs: "sha256:" + strings.Repeat("2", 64)}
	hold := ledger.Hold{Environment: "prod", Reason: "no: \"#1\"\n@all", By: "ada", Since: now, Until: now.Add(time.Hour)}
	back := ledger.Hold{App: "shop", Environment: "prod", Reason: "slow", By: "ada", Since: now, Rollback: &ledger.Rollback{From: named, To: named}, Except: []release.Sequence{rel.Sequence}}
	fix := ledger.Hold{App: "shop", Environment: "prod", Reason: "CVE", By: "ada", Since: now, Hotfix: &ledger.Hotfix{Release: rel, Base: named}}
	no := ledger.Rejection{App: "shop", Environment: "prod", Release: named, By: "ada", Time: now, PullRequest: 4}
	over := ledger.Override{App: "shop", Environment: "prod", Release: named, Gates: []string{"soak"}, By: "ada", Reason: "down", Time: now, Review: now.Add(time.Hour)}
	files := []ledger.File{hold.File(), back.File(), fix.File(), no.File(), over.File()}
	for n, want := range []bool{true, false} {
		if wrote, err := ledger.Write(context.Background(), repo, "decisions", files...); err != nil || wrote != want {
			t.Fatalf("write %d: %v, %v", n, wrote, err)
		}
	}
	b := book(t, repo)
	if len(b.Holds) != 3 || len(b.Rejections) != 1 || len(b.Overrides) != 1 {
		t.Fatalf("%+v", b)
	}
	if b.Overrides[0].Ticket != "" || b.Overrides[0].Gates[0] != "soak" || !b.Overrides[0].Review.Equal(now.Add(time.Hour)) || b.Rejections[0].Release != named {
		t.Errorf("%+v", b)
	}
	for _, h := range b.Holds {
		switch {
		case h.Rollback != nil && (h.Rollback.From != named || h.Except[0] != rel.Sequence):
			t.Errorf("rollback: %+v", h.Rollback)
		case h.Hotfix != nil && !release.SameContent(h.Hotfix.Release, rel):
			t.Errorf("hotfix: %+v", h.Hotfix.Release)
		case h.App == "" && (h.Reason != hold.Reason || !h.Over(now.Add(time.Hour)) || h.Over(now)):
			t.Errorf("hold: %+v", h)
		}
	}
	if _, err := ledger.Write(context.Background(), repo, "resume", append(ledger.Resumed("", "prod"), ledger.Resumed("shop", "prod")...)...); err != nil {
		t.Fatal(err)
	}
	if b := book(t, repo); len(b.Holds) != 0 || len(b.Overrides) != 1 {
		t.Errorf("resumed: %+v", b.Holds)
	}
}

// Many writers at once: every decision is there in the end.
func TestNoDecisionIsLost(t *testing.T) {
	dir := fresh(t)
	const writers = 8
	var group sync.WaitGroup
	for n := range writers {
		group.Go(func() {
			h := ledger.Hold{Environment: fmt.Sprintf("e%d", n), Reason: "x", Since: now}
			if _, err := ledger.Write(context.Background(), repository(t, dir), "hold", h.File()); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	if b := book(t, repository(t, dir)); len(b.Holds) != writers {
		t.Errorf("%d of %d are there", len(b.Holds), writers)
	}
}

// A file that cannot be understood may be a hold: it is an error with its place, never passed over.
func TestUnreadableDecisions(t *testing.T) {
	for text, want := range map[string]string{
		"":                        "it is empty",
		"version: 1\n":            "it gives no reason",
		"version: 2\nreason: x\n": "its version is 2",
		"version: 1\nresaon: x\n": "line 2: field resaon not found",
		"version: 1\nreason: x\n---\nversion: 1\n":                                  "more than one document",
		"version: 1\nreason: x\napp: ../etc\n":                                      `"../etc" is no name`,
		"version: 1\nreason: x\nuntil: soon\n":                                      `parsing time "soon"`,
		"version: 1\nreason: x\napp: a\nenvironment: b\nrollback: {}\nhotfix: {}\n": "more than one of a rollback",
		"version: 1\nreason: " + strings.Repeat("x", 70<<10):                        "more than 65536 bytes",
	} {
		repo := repository(t, fresh(t))
		if _, err := ledger.Write(context.Background(), repo, "by hand", ledger.File{Path: "holds/prod/_.yaml", Data: []byte(text)}); err != nil {
			t.Fatal(err)
		}
		head, err := ledger.Head(context.Background(), repo)
		if err != nil {
			t.Fatal(err)
		}
		if _, err = ledger.Read(context.Background(), repo, head.Tree, ""); err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "ferry-state:holds/prod/_.yaml: ") {
			t.Errorf("%.40q: got %v, want %s", text, err, want)
		}
	}
}

// An entry tells the next run that it is there, and that its health is not known yet.
func TestEntries(t *testing.T) {
	ctx, repo := context.Background(), repository(t, fresh(t))
	e := ledger.Entry{App: "shop", Environment: "prod", Release: rel, Kind: "promotion", Commit: strings.Repeat("c", 40), Time: now, PullRequest: 4, Same: true, Merger: "ferry", Gates: []ledger.Gate{}}
	if _, err := ledger.Write(ctx, repo, "audit", e.Files([]byte("record"))...); err != nil {
		t.Fatal(err)
	}
	head, err := ledger.Head(ctx, repo)
	if err != nil {
		t.Fatal(err)
	}
	if id, err := ledger.Audited(ctx, repo, head.Tree, "prod", "shop"); err != nil || id != git.BlobID([]byte("record")) {
		t.Errorf("audited: %s, %v", id, err)
	}
	pending, err := ledger.Pending(ctx, repo, head.Tree, "prod", "shop")
	if err != nil || pending == nil || !pending.Evidence() {
		t.Fatalf("pending: %+v, %v", pending, err)
	}
	pending.Health = &ledger.Health{State: "healthy"}
	if _, err := ledger.Write(ctx, repo, "audit", pending.Files(nil)...); err != nil {
		t.Fatal(err)
	}
	if head, err = ledger.Head(ctx, repo); err != nil {
		t.Fatal(err)
	}
	if pending, err := ledger.Pending(ctx, repo, head.Tree, "prod", "shop"); err != nil || pending != nil {
		t.Errorf("still pending: %+v, %v", pending, err)
	}
	all, err := ledger.Entries(ctx, repo, head.Tree, "prod", "")
	if err != nil || len(all) != 1 || all[0].Health.State != "healthy" || !release.SameContent(all[0].Release, rel) {
		t.Errorf("%+v, %v", all, err)
	}
}

// What people merged past is named, except what somebody overrode.
func TestUnmet(t *testing.T) {
	e := ledger.Entry{Gates: []ledger.Gate{{Gate: "soak"}, {Gate: "healthy", Pass: true}, {Gate: "approvals"}, {Gate: "approvals"}}, Overrides: []ledger.Override{{Gates: []string{"soak"}}}}
	if got := e.Unmet(); !slices.Equal(got, []string{"approvals"}) {
		t.Errorf("%q", got)
	}
}
