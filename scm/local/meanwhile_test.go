package local_test

import (
	"errors"
	"testing"

	"github.com/ferry-cd/ferry/git"
	"github.com/ferry-cd/ferry/scm"
	"github.com/ferry-cd/ferry/scm/local"
)

// A merge that was decided is not carried out when anything it was decided on has changed since.
func TestMergeHoldsTheDecisionFast(t *testing.T) {
	for _, row := range []struct {
		name      string
		meanwhile func(t *testing.T, dir string, p person, pr scm.PullRequest)
		stopped   bool
	}{
		{"nothing happened", func(*testing.T, string, person, scm.PullRequest) {}, false},
		{"the base moved", func(t *testing.T, _ string, p person, _ scm.PullRequest) {
			p.commit(t, "main", "main", map[string]string{"b": "1\n"})
		}, true},
		{"the head moved", func(t *testing.T, _ string, p person, _ scm.PullRequest) {
			p.commit(t, "web", "web", map[string]string{"b": "1\n"})
		}, true},
		{"somebody objected", func(t *testing.T, dir string, _ person, pr scm.PullRequest) {
			if _, err := open(t, dir, "ada").Review(t.Context(), pr.Number, scm.Review{Verdict: scm.ChangesRequested}); err != nil {
				t.Fatal(err)
			}
		}, true},
		{"a check failed", func(t *testing.T, dir string, _ person, pr scm.PullRequest) {
			if _, err := open(t, dir, "ci").SetStatus(t.Context(), pr.HeadSHA, scm.Status{Context: "ci", State: scm.Failure}); err != nil {
				t.Fatal(err)
			}
		}, true},
	} {
		t.Run(row.name, func(t *testing.T) {
			dir, p := forge(t)
			c := open(t, dir, "ferry")
			head := p.commit(t, "main", "web", map[string]string{"a": "1\n"})
			pr := propose(t, c, "web")
			if _, err := c.SetStatus(t.Context(), head, scm.Status{Context: "ci", State: scm.Success}); err != nil {
				t.Fatal(err)
			}
			merge, err := local.MergeLater(t.Context(), c, pr.Number)
			if err != nil {
				t.Fatal(err)
			}
			row.meanwhile(t, dir, p, pr)
			before := run(t, dir, "rev-parse", "main")
			err = merge()
			var moved *git.MovedError
			if stopped := errors.As(err, &moved); stopped != row.stopped || !stopped && err != nil {
				t.Errorf("merge: %v; want it stopped: %v", err, row.stopped)
			}
			if after := run(t, dir, "rev-parse", "main"); (after == before) != row.stopped {
				t.Errorf("main went from %s to %s", before, after)
			}
		})
	}
}

// A change that another was faster than begins anew, and both are kept.
func TestChangesBeginAnew(t *testing.T) {
	dir, p := forge(t)
	c := open(t, dir, "ferry")
	p.commit(t, "main", "web", map[string]string{"a": "1\n"})
	pr := propose(t, c, "web")
	tries, err := local.Retitle(t.Context(), c, pr.Number, "other", func() {
		if _, err := open(t, dir, "ada").Review(t.Context(), pr.Number, scm.Review{Verdict: scm.Approved}); err != nil {
			t.Fatal(err)
		}
	})
	if err != nil || tries != 2 {
		t.Errorf("%d tries, %v", tries, err)
	}
	got, err := c.PullRequest(t.Context(), pr.Number)
	reviews, err2 := c.Reviews(t.Context(), pr.Number)
	if err := errors.Join(err, err2); err != nil || got.Title != "other" || len(reviews) != 1 {
		t.Errorf("%+v, %+v, %v", got, reviews, err)
	}
}

// A status never overwrites one that came in between.
func TestStatusesBeginAnew(t *testing.T) {
	dir, _ := forge(t)
	main := run(t, dir, "rev-parse", "main")
	for _, first := range []string{"the very first", "another"} {
		write, err := local.StatusLater(t.Context(), open(t, dir, "late"), main, scm.Status{Context: "late", State: scm.Success})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := open(t, dir, "early").SetStatus(t.Context(), main, scm.Status{Context: first, State: scm.Success}); err != nil {
			t.Fatal(err)
		}
		var moved *git.MovedError
		if err := write(); !errors.As(err, &moved) {
			t.Errorf("after %s: %v, want it stopped", first, err)
		}
	}
	if all, err := open(t, dir, "ada").Statuses(t.Context(), main); err != nil || len(all) != 2 {
		t.Errorf("%+v, %v", all, err)
	}
}
