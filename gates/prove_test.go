package gates

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ferry-cd/ferry/environments"
)

// at gives a time on the test's day: at("10:02"), at("10:02:30").
func at(clock string) time.Time {
	layout := "2006-01-02 15:04"
	if strings.Count(clock, ":") == 2 {
		layout += ":05"
	}
	t, err := time.Parse(layout, "2026-11-20 "+clock)
	if err != nil {
		panic(err)
	}
	return t
}

// history reads statuses as people write them down, oldest first: "10:00 pending, 10:02 success mallory". Without a
// name it is the connector's.
func history(context, line string) []Status {
	var out []Status
	for _, item := range strings.Split(line, ", ") {
		words := strings.Fields(item)
		if len(words) < 2 {
			continue
		}
		s := Status{Context: context, State: State(words[1]), Creator: "app/connector", Time: at(words[0])}
		if len(words) > 2 {
			s.Creator = words[2]
		}
		out = append([]Status{s}, out...)
	}
	return out
}

// stretch has one commit for each line, newest first, with statuses in dev's context of shop.
func stretch(lines ...string) Stretch {
	var s Stretch
	for i, line := range lines {
		c := Commit{ID: strings.Repeat(string(rune('a'+i)), 40), Time: at("09:00").Add(-time.Duration(i) * time.Hour)}
		c.Statuses = history("ferry/dev/shop", line)
		s.Commits = append(s.Commits, c)
	}
	return s
}

var (
	dev       = environments.Placement{App: "shop", Environment: "dev"}
	connector = environments.Trust{Connector: []string{"app/connector"}}
)

func TestProve(t *testing.T) {
	tests := []struct {
		name    string
		commits []string
		state   Standing
		since   string
		commit  string // first letter of the id
		why     string
	}{
		{"success", []string{"10:00 pending, 10:02 success"}, Healthy, "10:02", "a",
			"success by app/connector on aaaaaaa"},
		{"since is the oldest of the newest run", []string{"10:00 success, 10:05 failure, 10:10 success, 10:20 success"}, Healthy, "10:10", "a",
			"success by app/connector on aaaaaaa"},
		{"pending alone", []string{"10:00 pending"}, InDoubt, "", "a",
			"ferry/dev/shop: pending by app/connector on aaaaaaa"},
		{"pending after success on the same commit", []string{"10:00 success, 10:30 pending"}, InDoubt, "", "a",
			"ferry/dev/shop: pending by app/connector on aaaaaaa"},
		{"pending on another commit leaves the proof", []string{"10:30 pending", "10:00 success"}, Healthy, "10:00", "b",
			"success by app/connector on bbbbbbb"},
		{"superseded on another commit leaves the proof", []string{"10:00 success", "10:30 superseded"}, Healthy, "10:00", "a",
			"success by app/connector on aaaaaaa"},
		{"superseded is not success", []string{"10:00 pending, 10:30 superseded"}, Replaced, "", "a",
			"ferry/dev/shop: superseded by app/connector on aaaaaaa"},
		{"failure after success", []string{"10:00 success, 10:30 failure"}, Failed, "", "a",
			"ferry/dev/shop: failure by app/connector on aaaaaaa"},
		{"failure on an older commit, reported later", []string{"10:00 success", "10:30 failure"}, Failed, "", "a",
			"ferry/dev/shop: failure by app/connector on bbbbbbb"},
		{"failure on a newer commit, reported earlier", []string{"10:00 failure", "10:30 success"}, Healthy, "10:30", "b",
			"success by app/connector on bbbbbbb"},
		{"pending after a failure is in doubt, not healthy again", []string{"10:30 failure, 10:40 pending", "10:00 success"}, InDoubt, "", "a",
			"ferry/dev/shop: pending by app/connector on aaaaaaa"},
		{"a pending from before the failure does not hide it", []string{"10:30 failure", "10:00 success, 10:10 pending"}, Failed, "", "a",
			"ferry/dev/shop: failure by app/connector on aaaaaaa"},
		{"a failure that was mended is not the reason", []string{"10:00 failure, 10:10 success, 10:20 superseded"}, Replaced, "", "a",
			"ferry/dev/shop: superseded by app/connector on aaaaaaa"},
		{"success again on the commit that did not fail", []string{"10:30 failure", "10:00 success, 10:45 success"}, Healthy, "10:45", "b",
			"success by app/connector on bbbbbbb"},
		{"proven at every moment, by one commit after another", []string{"10:30 success", "10:00 success, 11:00 pending"}, Healthy, "10:00", "a",
			"success by app/connector on aaaaaaa"},
		{"a gap breaks the run", []string{"11:30 success", "10:00 success, 11:00 pending"}, Healthy, "11:30", "a",
			"success by app/connector on aaaaaaa"},
		{"one second, one commit: the forge's order", []string{"10:00 pending, 10:00 success"}, Healthy, "10:00", "a",
			"success by app/connector on aaaaaaa"},
		{"one second, one commit, recovered", []string{"10:00 failure, 10:00 success"}, Healthy, "10:00", "a",
			"success by app/connector on aaaaaaa"},
		{"one second, two commits: the failure counts as later", []string{"10:00 success", "10:00 failure"}, Failed, "", "a",
			"ferry/dev/shop: failure by app/connector on bbbbbbb"},
		{"nobody", []string{"", ""}, Missing, "", "a",
			"ferry/dev/shop: no status on 2 commits"},
		{"a stranger's success", []string{"10:00 success mallory"}, Untrusted, "", "a",
			"ferry/dev/shop: only statuses that are not trusted, by mallory"},
		{"a stranger's failure", []string{"10:00 success, 10:30 failure mallory"}, Healthy, "10:00", "a",
			"success by app/connector on aaaaaaa"},
		{"a stranger's success does not mend", []string{"10:00 failure, 10:30 success mallory"}, Failed, "", "a",
			"ferry/dev/shop: failure by app/connector on aaaaaaa"},
		{"case of a login", []string{"10:00 success App/Connector"}, Healthy, "10:00", "a",
			"success by App/Connector on aaaaaaa"},
		{"a word nobody knows", []string{"10:00 success, 10:10 splendid"}, InDoubt, "", "a",
			"ferry/dev/shop: splendid by app/connector on aaaaaaa"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := Prove(dev, connector, stretch(tt.commits...))
			want := Proof{Environment: "dev", Proven: tt.state == Healthy, State: tt.state, Why: tt.why}
			if tt.since != "" {
				want.Since = at(tt.since)
			}
			want.Commit = strings.Repeat(tt.commit, 40)
			want.Merged = at("09:00").Add(-time.Duration(len(tt.commits)-1) * time.Hour)
			if strings.Contains(strings.Join(tt.commits, ""), "mallory") {
				want.Ignored = []string{"mallory"}
			}
			if (tt.state == Failed) == got.FailedAt.IsZero() {
				t.Errorf("%s at %v", got.State, got.FailedAt)
			}
			got.Hint, got.FailedAt = "", time.Time{}
			if d := cmp.Diff(want, got); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestProveOtherContextsDoNotCount(t *testing.T) {
	s := stretch("")
	for _, context := range []string{"ferry/dev/shop/eu-1", "ferry/dev/shopping", "ferry/qa/shop", "ferry/dev", "Ferry/dev/shop"} {
		s.Commits[0].Statuses = history(context, "10:00 success")
		if got := Prove(dev, connector, s); got.Proven || got.State != Missing {
			t.Errorf("%s: %+v", context, got)
		}
	}
}

func TestProveAbsent(t *testing.T) {
	got := Prove(dev, connector, Stretch{})
	if d := cmp.Diff(Proof{Environment: "dev", State: Absent, Why: "not there yet"}, got); d != "" {
		t.Error(d)
	}
}

// Every declared cluster has to say so, each on whatever commit of the stretch it had synced.
func TestProveClusters(t *testing.T) {
	prod := environments.Placement{App: "shop", Environment: "prod", Clusters: []string{"us-1", "eu-1", "eu-2"}}
	eu1, eu2, us1 := "ferry/prod/shop/eu-1", "ferry/prod/shop/eu-2", "ferry/prod/shop/us-1"
	all := func() Stretch {
		s := stretch("", "", "")
		s.Commits[0].Statuses = append(history(eu1, "10:10 pending"), history(us1, "10:09 success")...)
		s.Commits[1].Statuses = history(eu1, "10:01 success")
		s.Commits[2].Statuses = history(eu2, "10:05 success, 10:06 success")
		return s
	}
	t.Run("all, on different commits", func(t *testing.T) {
		got := Prove(prod, connector, all())
		if !got.Proven || !got.Since.Equal(at("10:09")) || got.Why != "all of 3 contexts report success" {
			t.Errorf("%+v", got)
		}
	})
	t.Run("one never reported", func(t *testing.T) {
		s := all()
		s.Commits[2].Statuses = nil
		got := Prove(prod, connector, s)
		if got.Proven || got.State != Missing || got.Why != "ferry/prod/shop/eu-2: no status on 3 commits" {
			t.Errorf("%+v", got)
		}
	})
	t.Run("the worst speaks for all", func(t *testing.T) {
		s := all()
		s.Commits[2].Statuses = history(eu2, "10:05 success, 10:06 failure")
		s.Commits[1].Statuses = nil
		got := Prove(prod, connector, s)
		want := "ferry/prod/shop/eu-1: pending by app/connector on aaaaaaa; ferry/prod/shop/eu-2: failure by app/connector on ccccccc"
		if got.Proven || got.State != Failed || got.Why != want {
			t.Errorf("%+v", got)
		}
	})
	t.Run("the context without a cluster does not stand for them", func(t *testing.T) {
		s := stretch("")
		s.Commits[0].Statuses = history("ferry/prod/shop", "10:00 success")
		if got := Prove(prod, connector, s); got.Proven {
			t.Errorf("%+v", got)
		}
	})
}

func TestProveHealthFrom(t *testing.T) {
	with := func(from, value string) environments.Placement {
		p := dev
		p.Health = environments.Health{From: from, Value: value}
		return p
	}
	trust := environments.Trust{Checks: map[string][]string{"smoke/*": {"app/ci"}, "*": {"app/flux"}}}
	t.Run("check", func(t *testing.T) {
		s := stretch("10:00 failure")
		s.Commits[0].Statuses = append(s.Commits[0].Statuses, history("smoke/shop", "10:01 success app/ci")...)
		if got := Prove(with("check", "smoke/shop"), trust, s); !got.Proven || !got.Since.Equal(at("10:01")) {
			t.Errorf("%+v", got)
		}
	})
	t.Run("check by someone else", func(t *testing.T) {
		s := stretch("")
		s.Commits[0].Statuses = history("smoke/shop", "10:01 success app/flux")
		got := Prove(with("check", "smoke/shop"), trust, s)
		if got.Proven || got.Hint != "if app/flux may report, add it to trust.checks in ferry.yaml" {
			t.Errorf("%+v", got)
		}
	})
	kustomizations := func(one, two string) Stretch {
		s := stretch("")
		s.Commits[0].Statuses = append(history("kustomization/shop/0c9c2e41", one), history("kustomization/shop-extra/0c9c2e41", two)...)
		return s
	}
	t.Run("all that match a pattern", func(t *testing.T) {
		got := Prove(with("status", "kustomization/*"), trust, kustomizations("10:00 success app/flux", "10:03 success app/flux"))
		if !got.Proven || !got.Since.Equal(at("10:03")) {
			t.Errorf("%+v", got)
		}
	})
	t.Run("one that matches has not passed", func(t *testing.T) {
		got := Prove(with("status", "kustomization/*"), trust, kustomizations("10:00 success app/flux", "10:03 pending app/flux"))
		if got.Proven || got.State != InDoubt {
			t.Errorf("%+v", got)
		}
	})
	t.Run("a stranger's context neither proves nor blocks", func(t *testing.T) {
		got := Prove(with("status", "kustomization/*"), trust, kustomizations("10:00 success app/flux", "10:03 failure mallory"))
		if !got.Proven || cmp.Diff([]string{"mallory"}, got.Ignored) != "" {
			t.Errorf("%+v", got)
		}
		got = Prove(with("status", "kustomization/*"), trust, kustomizations("10:00 success mallory", "10:03 success eve"))
		if got.Proven || got.State != Untrusted || cmp.Diff([]string{"eve", "mallory"}, got.Ignored) != "" {
			t.Errorf("%+v", got)
		}
	})
	t.Run("nothing matches", func(t *testing.T) {
		got := Prove(with("status", "kustomization/*"), trust, stretch("10:00 success"))
		if got.Proven || got.State != Missing || got.Why != "kustomization/*: no status on 1 commit" {
			t.Errorf("%+v", got)
		}
	})
	t.Run("merged", func(t *testing.T) {
		got := Prove(with("merged", ""), trust, stretch("10:00 failure", ""))
		if !got.Proven || !got.Unchecked || !got.Since.Equal(at("08:00")) || got.Why != "merged, not health-checked" {
			t.Errorf("%+v", got)
		}
	})
}

func TestProveWithdrawn(t *testing.T) {
	s := stretch("10:00 success, 11:00 pending, 11:01 success")
	s.Withdrawn = []Withdrawal{{Time: at("10:30"), Reason: "rolled back to 1.3.9 by ada"}}
	if got := Prove(dev, connector, s); !got.Proven || !got.Since.Equal(at("11:01")) {
		t.Errorf("success after the withdrawal: %+v", got)
	}
	s.Withdrawn[0].Time = at("11:01")
	got := Prove(dev, connector, s)
	if got.Proven || got.State != Withdrawn || got.Why != "ferry/dev/shop: rolled back to 1.3.9 by ada" {
		t.Errorf("withdrawal in the same second: %+v", got)
	}
	merged := dev
	merged.Health.From = "merged"
	if got := Prove(merged, connector, s); got.Proven || got.State != Withdrawn {
		t.Errorf("merged: %+v", got)
	}
}

func TestCheckReporters(t *testing.T) {
	trust := environments.Trust{Checks: map[string][]string{
		"*":              {"app/any"},
		"acceptance/*":   {"app/ci"},
		"acceptance/d*":  {"app/dev"},
		"*cceptance/dev": {"app/same-length-as-none"},
		"acceptance/q?":  {"app/literal"},
	}}
	tests := map[string][]string{
		"acceptance/prod": {"app/ci"},
		"acceptance/d1":   {"app/dev"},
		"acceptance/dev":  {"app/same-length-as-none"},
		"acceptance/qa":   {"app/ci"},
		"smoke":           {"app/any"},
	}
	for context, want := range tests {
		if d := cmp.Diff(want, []string(checkReporters(trust, context))); d != "" {
			t.Errorf("%s: %s", context, d)
		}
	}
	if who := checkReporters(environments.Trust{}, "smoke"); !who.trusted("anyone") {
		t.Error("without trust, anyone may report")
	}
}
