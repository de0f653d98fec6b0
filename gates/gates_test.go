package gates

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ferry-cd/ferry/environments"
	"github.com/ferry-cd/ferry/release"
)

const head = "ffffffffffffffffffffffffffffffffffffffff"

// ready is a promotion of shop to prod that may be merged: qa is healthy since 10:02 and it is 14:00.
func ready() Input {
	return Input{
		Placement: environments.Placement{App: "shop", Environment: "prod", After: []string{"qa"}, Gates: environments.Gates{Healthy: true}},
		Trust:     environments.Trust{Checks: map[string][]string{"*": {"app/ci"}}},
		Upstreams: []Proof{{Environment: "qa", Proven: true, State: Healthy, Since: at("10:02"), Merged: at("09:50")}},
		Head:      Head{ID: head, Author: "app/ferry", Pushed: at("12:00")},
		Now:       at("14:00"),
	}
}

func TestEvaluate(t *testing.T) {
	berlin := mustZone(t, "Europe/Berlin")
	approve := func(who, sha, when string) Review {
		return Review{Author: who, Decision: Approved, SHA: sha, Time: at(when)}
	}
	tests := []struct {
		name    string
		change  func(*Input)
		propose bool
		merge   bool
		waiting []string
		wakeup  string
	}{
		{"nothing to wait for", func(*Input) {}, true, true, nil, ""},
		{"entry environment", func(in *Input) { in.Placement.After, in.Upstreams = nil, nil }, true, true, nil, ""},

		{"upstream not healthy", func(in *Input) {
			in.Upstreams[0] = Proof{Environment: "qa", State: Failed, Why: "ferry/qa/shop: failure by app/c on aaaaaaa (ImagePullBackOff)"}
		}, false, false, []string{"healthy: failed in qa: ferry/qa/shop: failure by app/c on aaaaaaa (ImagePullBackOff)"}, ""},
		{"upstream not handed in", func(in *Input) { in.Upstreams[0].Environment = "q" }, false, false,
			[]string{"healthy: absent in qa: not there yet"}, ""},
		{"one of two upstreams", func(in *Input) { in.Placement.After = []string{"qa", "eu"} }, false, false,
			[]string{"healthy: absent in eu: not there yet"}, ""},
		{"health not asked for", func(in *Input) {
			in.Placement.Gates.Healthy = false
			in.Upstreams[0] = Proof{Environment: "qa", State: Failed, Merged: at("09:50")}
		}, true, true, nil, ""},
		{"health not asked for, but an environment is never skipped", func(in *Input) {
			in.Placement.Gates.Healthy = false
			in.Upstreams[0] = Proof{Environment: "qa", State: Absent, Why: "not there yet"}
		}, false, false, []string{"healthy: absent in qa: not there yet"}, ""},

		{"soak", func(in *Input) { in.Placement.Gates.Soak = 24 * time.Hour }, false, false,
			[]string{"soak: healthy in qa since 10:02 UTC, needs 24h, 20h2m left"}, "2026-11-21 10:02"},
		{"soak, last second", func(in *Input) {
			in.Placement.Gates.Soak = 4 * time.Hour
			in.Now = at("14:01:59")
		}, false, false, []string{"soak: healthy in qa since 10:02 UTC, needs 4h, 1s left"}, "2026-11-20 14:02"},
		{"soak over", func(in *Input) {
			in.Placement.Gates.Soak = 4 * time.Hour
			in.Now = at("14:02")
		}, true, true, nil, ""},
		{"soak has not begun", func(in *Input) {
			in.Placement.Gates.Soak = time.Hour
			in.Upstreams[0] = Proof{Environment: "qa", State: InDoubt, Why: "ferry/qa/shop: pending by app/c on aaaaaaa", Merged: at("09:50")}
		}, false, false, []string{"healthy: pending in qa: ferry/qa/shop: pending by app/c on aaaaaaa", "soak: needs 1h in qa and has not begun"}, ""},
		{"a clock ahead of ours", func(in *Input) {
			in.Placement.Gates.Soak = time.Hour
			in.Upstreams[0].Since = at("14:05")
		}, false, false, []string{"soak: healthy in qa since 14:05 UTC, needs 1h, 1h5m left"}, "2026-11-20 15:05"},
		{"soak without health counts from the merge", func(in *Input) {
			in.Placement.Gates.Soak, in.Placement.Gates.Healthy = 5*time.Hour, false
			in.Upstreams[0] = Proof{Environment: "qa", State: Missing, Merged: at("09:50")}
		}, false, false, []string{"soak: merged in qa since 09:50 UTC, needs 5h, 50m left"}, "2026-11-20 14:50"},

		{"upstream check missing", func(in *Input) { in.Placement.Gates.Checks = []string{"acceptance/qa/shop"} }, false, false,
			[]string{"checks: acceptance/qa/shop: no status on 1 commit"}, ""},
		{"upstream check passed", func(in *Input) {
			in.Placement.Gates.Checks = []string{"acceptance/qa/shop"}
			in.Evidence = []Commit{{ID: "aaaaaaaa"}, {ID: "bbbbbbbb", Statuses: history("acceptance/qa/shop", "11:00 success app/ci")}}
		}, true, true, nil, ""},
		{"upstream check by a stranger", func(in *Input) {
			in.Placement.Gates.Checks = []string{"acceptance/qa/shop"}
			in.Evidence = []Commit{{ID: "aaaaaaaa", Statuses: history("acceptance/qa/shop", "11:00 success mallory")}}
		}, false, false, []string{"checks: acceptance/qa/shop: only statuses that are not trusted, by mallory"}, ""},
		{"a failure on another upstream commit withdraws it", func(in *Input) {
			in.Placement.Gates.Checks = []string{"acceptance/qa/shop"}
			in.Evidence = []Commit{{ID: "aaaaaaaa", Statuses: history("acceptance/qa/shop", "11:30 failure app/ci")},
				{ID: "bbbbbbbb", Statuses: history("acceptance/qa/shop", "11:00 success app/ci")}}
		}, false, false, []string{"checks: acceptance/qa/shop: failure by app/ci on aaaaaaa"}, ""},
		{"a check that upstream has not passed holds back proposing, whatever its name", func(in *Input) {
			in.Placement.Gates.Checks = []string{"load"}
			in.Evidence = []Commit{{ID: "aaaaaaaa", Statuses: history("load", "11:30 pending app/ci")}}
		}, false, false, []string{"checks: load: pending by app/ci on aaaaaaa"}, ""},
		{"a check for the head holds back merging", func(in *Input) { in.Placement.Gates.Checks = []string{"scan"} }, true, false,
			[]string{"checks: scan: no status on 1 commit"}, ""},
		{"a check on the head passed", func(in *Input) {
			in.Placement.Gates.Checks = []string{"scan"}
			in.Head.Statuses = history("scan", "13:00 success app/ci, 13:10 failure mallory")
		}, true, true, nil, ""},
		{"passed upstream, failed on the head", func(in *Input) {
			in.Placement.Gates.Checks = []string{"scan"}
			in.Evidence = []Commit{{ID: "aaaaaaaa", Statuses: history("scan", "11:00 success app/ci")}}
			in.Head.Statuses = history("scan", "13:00 failure app/ci")
		}, false, false, []string{"checks: scan: failure by app/ci on fffffff"}, ""},

		{"approvals missing", func(in *Input) { in.Placement.Gates.Approvals.Count = 2 }, true, false,
			[]string{"approvals: 0 of 2"}, ""},
		{"approvals of two", func(in *Input) {
			in.Placement.Gates.Approvals.Count = 2
			in.Reviews = []Review{approve("ada", head, "12:10"), approve("grace", head, "12:20")}
		}, true, true, nil, ""},
		{"one person counts once", func(in *Input) {
			in.Placement.Gates.Approvals.Count = 2
			in.Reviews = []Review{approve("ada", head, "12:10"), approve("Ada", head, "12:20")}
		}, true, false, []string{"approvals: 1 of 2: Ada"}, ""},
		{"not the author, not the excluded, not others, not earlier content", func(in *Input) {
			in.Placement.Gates.Approvals = environments.Approvals{Count: 1, From: []string{"team/release", "linus", "App/Ferry"}, Exclude: []string{"team/authors"}}
			in.Groups = map[string][]string{"team/release": {"ada", "grace"}, "team/authors": {"ADA"}}
			in.Reviews = []Review{approve("app/ferry", head, "12:10"), approve("ada", head, "12:10"), approve("mallory", head, "12:11"), approve("linus", "0123456789", "12:12")}
		}, true, false, []string{"approvals: 0 of 1 from team/release, linus, App/Ferry; not counted: app/ferry (opened the pull request), ada (is excluded), mallory (may not approve), linus (approved earlier content, 0123456)"}, ""},
		{"the same content on a newer base keeps its approvals", func(in *Input) {
			in.Placement.Gates.Approvals.Count = 1
			in.Head.Same = []string{"0123456789"}
			in.Reviews = []Review{approve("linus", "0123456789", "11:12")}
		}, true, true, nil, ""},
		{"changes requested stand until taken back", func(in *Input) {
			in.Placement.Gates.Approvals.Count = 1
			in.Reviews = []Review{approve("ada", head, "12:10"), {Author: "bob", Decision: ChangesRequested, SHA: "0123", Time: at("11:00")},
				{Author: "bob", Decision: "commented", SHA: head, Time: at("12:30")}}
		}, true, false, []string{"approvals: 1 of 1: ada; changes requested by bob"}, ""},
		{"taken back", func(in *Input) {
			in.Placement.Gates.Approvals.Count = 1
			in.Reviews = []Review{approve("bob", head, "12:30"), {Author: "bob", Decision: ChangesRequested, SHA: "0123", Time: at("11:00")}}
		}, true, true, nil, ""},
		{"changes requested by someone without a say", func(in *Input) {
			in.Placement.Gates.Approvals = environments.Approvals{Count: 1, From: []string{"ada"}}
			in.Reviews = []Review{approve("ada", head, "12:30"), {Author: "mallory", Decision: ChangesRequested, SHA: head, Time: at("13:00")}}
		}, true, true, nil, ""},
		{"without a commit, after the push", func(in *Input) {
			in.Placement.Gates.Approvals.Count = 1
			in.Reviews = []Review{approve("ada", "", "12:01")}
		}, true, true, nil, ""},
		{"without a commit, in the second of the push", func(in *Input) {
			in.Placement.Gates.Approvals.Count = 1
			in.Reviews = []Review{approve("ada", "", "12:00")}
		}, true, false, []string{"approvals: 0 of 1; not counted: ada (the forge does not tell what was approved, and it was not after the last push)"}, ""},
		{"without a commit and without the time of the push", func(in *Input) {
			in.Placement.Gates.Approvals.Count = 1
			in.Head.Pushed = time.Time{}
			in.Reviews = []Review{approve("ada", "", "12:30")}
		}, true, false, []string{"approvals: 0 of 1; not counted: ada (the forge does not tell what was approved, and it was not after the last push)"}, ""},
		{"unknown team", func(in *Input) {
			in.Placement.Gates.Approvals = environments.Approvals{Count: 1, From: []string{"team/release"}}
			in.Reviews = []Review{approve("ada", head, "12:30")}
		}, true, false, []string{"approvals: 0 of 1 from team/release; not counted: ada (may not approve); cannot tell who team/release is"}, ""},
		{"unknown exclusion", func(in *Input) {
			in.Placement.Gates.Approvals = environments.Approvals{Count: 1, Exclude: []string{"team/authors"}}
			in.Reviews = []Review{approve("ada", head, "12:30")}
		}, true, false, []string{"approvals: cannot tell who team/authors is, so nobody can be ruled out"}, ""},
		{"authors do not approve, by login, address, or a name that fits", func(in *Input) {
			in.Placement.Gates.Approvals = environments.Approvals{Count: 1, Exclude: []string{"source-authors"}}
			in.Authors = &Authors{People: []release.Person{{Name: "Ada", Login: "ADA"}, {Name: "Grace Hopper", Email: "g@x.org"}, {Name: "L", Email: "linus@x.org"}}}
			in.Reviews = []Review{approve("ada", head, "12:10"), approve("grace-hopper", head, "12:11"), approve("Linus", head, "12:12"), approve("G@x.org", head, "12:13")}
		}, true, false, []string{"approvals: 0 of 1; not counted: ada (wrote or committed part of it), grace-hopper (wrote or committed part of it), Linus (wrote or committed part of it), G@x.org (wrote or committed part of it)"}, ""},
		{"an author whose account nobody knows could be anyone", func(in *Input) {
			in.Placement.Gates.Approvals = environments.Approvals{Count: 1, Exclude: []string{"source-authors"}}
			in.Authors = &Authors{People: []release.Person{{Name: "Ada", Login: "ada"}, {Name: "Grace Hopper", Email: "g@x.org"}}}
			in.Reviews = []Review{approve("linus", head, "12:10")}
		}, true, false, []string{"approvals: 0 of 1; not counted: linus (may be the author Grace Hopper, whose account is not known)"}, ""},
		{"where accounts are addresses, addresses are enough", func(in *Input) {
			in.Placement.Gates.Approvals = environments.Approvals{Count: 1, Exclude: []string{"source-authors"}}
			in.Authors = &Authors{People: []release.Person{{Name: "Grace Hopper", Email: "g@x.org"}}}
			in.Reviews = []Review{approve("linus@x.org", head, "12:10")}
		}, true, true, nil, ""},
		{"authors that nobody knows", func(in *Input) {
			in.Placement.Gates.Approvals = environments.Approvals{Count: 1, Exclude: []string{"source-authors"}}
			in.Authors = &Authors{Unknown: "the release does not say who wrote what came since 1.3.0"}
			in.Reviews = []Review{approve("ada", head, "12:30")}
		}, true, false, []string{"approvals: the release does not say who wrote what came since 1.3.0, so none of its authors can be ruled out"}, ""},

		{"window open", func(in *Input) {
			in.Placement.Gates.Windows = []environments.Window{window(t, "Europe/Berlin", "09:00", "16:00", time.Friday)}
		}, true, true, nil, ""},
		{"window closed", func(in *Input) {
			in.Placement.Gates.Windows = []environments.Window{window(t, "Europe/Berlin", "09:00", "15:00", time.Monday, time.Friday)}
		}, true, false, []string{"windows: closed, open Mon, Fri 09:00-15:00 Europe/Berlin; opens 2026-11-23 08:00 UTC"}, "2026-11-23 08:00"},
		{"the first of several windows", func(in *Input) {
			in.Placement.Gates.Windows = []environments.Window{window(t, "UTC", "09:00", "10:00"), window(t, "UTC", "20:00", "21:00")}
		}, true, false, []string{"windows: closed, open every day 09:00-10:00 UTC or every day 20:00-21:00 UTC; opens 20:00 UTC"}, "2026-11-20 20:00"},
		{"freeze", func(in *Input) {
			in.Placement.Gates.Freezes = []environments.Freeze{{From: "2026-11-20", To: "2026-11-22", Zone: berlin, Reason: "fair"}, {From: "2026-12-20", To: "2026-12-20"}}
		}, true, false, []string{"freezes: frozen from 2026-11-20 to 2026-11-22 (Europe/Berlin): fair"}, "2026-11-22 23:00"},
		{"no freeze now", func(in *Input) {
			in.Placement.Gates.Freezes = []environments.Freeze{{From: "2026-12-20", To: "2026-12-20", Zone: berlin}}
		}, true, true, nil, ""},
		{"nothing wakes before the freeze and the window are both over", func(in *Input) {
			in.Placement.Gates.Freezes = []environments.Freeze{{From: "2026-11-20", To: "2026-11-22", Zone: berlin}}
			in.Placement.Gates.Windows = []environments.Window{window(t, "UTC", "18:00", "19:00")}
		}, true, false, []string{"windows: closed, open every day 18:00-19:00 UTC; opens 18:00 UTC", "freezes: frozen from 2026-11-20 to 2026-11-22 (Europe/Berlin)"}, "2026-11-22 23:00"},

		{"manual", func(in *Input) { in.Placement.Gates.Manual = true }, true, false, []string{"manual: waits for a person"}, ""},
		{"manual, asked for", func(in *Input) { in.Placement.Gates.Manual, in.Explicit = true, true }, true, true, nil, ""},

		{"images are there", func(in *Input) { in.stocked(Image{Reference: "r/shop@sha256:1"}) }, true, true, nil, ""},
		{"an image is gone", func(in *Input) {
			in.stocked(Image{Reference: "r/cart@sha256:2"}, Image{Reference: "r/shop@sha256:1", Missing: true})
		}, false, false, []string{"imageExists: r/shop@sha256:1 is not in its registry"}, ""},
		{"a registry cannot be asked", func(in *Input) { in.stocked(Image{Reference: "r/shop@sha256:1", Unknown: "r refused"}) }, false, false,
			[]string{"imageExists: r refused"}, ""},
		{"a tag was moved", func(in *Input) { in.stocked(Image{Reference: "r/shop@sha256:1", Moved: "sha256:2"}) }, true, true, nil, ""},
		{"nobody wants to know of images", func(in *Input) { in.Images = []Image{{Missing: true}} }, true, true, nil, ""},

		{"hold on everything", func(in *Input) { in.Holds = []Hold{{Reason: "incident 42", By: "ada"}} }, false, false,
			[]string{"hold: incident 42, by ada"}, ""},
		{"hold with an end", func(in *Input) {
			in.Holds = []Hold{{App: "shop", Environment: "prod", Reason: "incident 42", Until: at("14:30")}}
		}, false, false, []string{"hold: incident 42, until 14:30 UTC"}, "2026-11-20 14:30"},
		{"hold that ended", func(in *Input) { in.Holds = []Hold{{Reason: "incident 42", Until: at("14:00")}} }, true, true, nil, ""},
		{"holds on others", func(in *Input) {
			in.Holds = []Hold{{App: "cart"}, {Environment: "qa"}, {App: "cart", Environment: "prod"}}
		}, true, true, nil, ""},
		{"being asked for passes nothing but manual", func(in *Input) {
			in.Explicit = true
			in.Upstreams = nil
			in.Placement.Gates.Soak = time.Hour
			in.Holds = []Hold{{Reason: "stop"}}
		}, false, false, []string{"hold: stop", "healthy: absent in qa: not there yet", "soak: needs 1h in qa and has not begun"}, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			in := ready()
			tt.change(&in)
			v := Evaluate(in)
			if v.MayPropose() != tt.propose || v.MayMerge() != tt.merge {
				t.Errorf("propose %v, merge %v; want %v, %v", v.MayPropose(), v.MayMerge(), tt.propose, tt.merge)
			}
			var waiting []string
			for _, c := range v.Waiting() {
				waiting = append(waiting, c.Reason)
			}
			if d := cmp.Diff(tt.waiting, waiting); d != "" {
				t.Error(d)
			}
			if got := NextWakeup(v); tt.wakeup == "" && !got.IsZero() || tt.wakeup != "" && got.UTC().Format("2006-01-02 15:04") != tt.wakeup {
				t.Errorf("wakes up at %s, want %q", got, tt.wakeup)
			}
			wellFormed(t, v)
		})
	}
}

// An author does not agree to an override of what they wrote either.
func TestAuthorsDoNotAgreeToOverrides(t *testing.T) {
	in := ready()
	in.Placement.Gates.Manual = true
	in.Placement.Gates.Approvals = environments.Approvals{Exclude: []string{"source-authors"}}
	in.Override = &Override{Gates: []string{"manual"}, By: "grace", Reason: "fire"}
	in.Reviews = []Review{{Author: "ada", Decision: Approved, SHA: in.Head.ID, Time: in.Now}}
	for _, who := range []*Authors{nil, {Unknown: "nobody said"}, {People: []release.Person{{Name: "Ada", Login: "ada"}}}} {
		in.Authors = who
		if v := Evaluate(in); v.MayMerge() {
			t.Errorf("%+v: merged: %+v", who, v.Merge)
		}
	}
	in.Authors = &Authors{People: []release.Person{{Name: "Linus", Login: "linus"}}}
	if v := Evaluate(in); !v.MayMerge() {
		t.Errorf("somebody else agrees: %+v", v.Merge)
	}
}

// stocked is what registries say where ferry.yaml wants to know.
func (in *Input) stocked(images ...Image) {
	in.Placement.Gates.ImageExists, in.Images = true, images
}

// A person may go on without an image, and somebody else has to agree.
func TestImagesOverridden(t *testing.T) {
	in := ready()
	in.stocked(Image{Reference: "r/shop@sha256:1", Missing: true})
	if cs := ImagesMissing(in); len(cs) != 1 || cs[0].Pass {
		t.Errorf("nobody overrides: %+v", cs)
	}
	in.Override = &Override{Gates: []string{"imageExists"}, By: "ada", Reason: "cached"}
	if v := Evaluate(in); len(ImagesMissing(in)) != 0 || !v.MayPropose() || v.MayMerge() {
		t.Errorf("ada overrides: %+v", v)
	}
}

// wellFormed checks what every verdict promises: conditions stand under what they hold back, and say it.
func wellFormed(t *testing.T, v Verdict) {
	t.Helper()
	for stage, cs := range map[Stage][]Condition{Proposing: v.Propose, Merging: v.Merge} {
		for _, c := range cs {
			if c.Holds != stage || c.Gate == "" || !strings.HasPrefix(c.Reason, c.Gate+": ") || c.Pass && !c.Until.IsZero() {
				t.Errorf("under %s: %+v", stage, c)
			}
		}
	}
}

func TestEvaluateSaysWhatPasses(t *testing.T) {
	in := ready()
	in.Upstreams[0].Ignored = []string{"eve", "mallory"}
	in.Placement.Gates = environments.Gates{Healthy: true, Soak: time.Hour, Checks: []string{"acceptance/qa/shop"},
		Approvals: environments.Approvals{Count: 1}, Windows: []environments.Window{window(t, "UTC", "09:00", "16:00")},
		Freezes: []environments.Freeze{{From: "2026-12-20", To: "2026-12-20"}}, Manual: true}
	in.Evidence = []Commit{{ID: "aaaaaaaa", Statuses: history("acceptance/qa/shop", "11:00 success app/ci, 11:05 failure mallory")}}
	in.Reviews = []Review{{Author: "ada", Decision: Approved, SHA: head, Time: at("13:00")}}
	in.Explicit = true
	v := Evaluate(in)
	var got []string
	for _, c := range slices.Concat(v.Propose, v.Merge) {
		got = append(got, c.Reason)
	}
	want := []string{
		"healthy: qa since 10:02 UTC; ignored statuses that are not trusted, by eve, mallory",
		"soak: healthy in qa since 10:02 UTC, needs 1h",
		"checks: acceptance/qa/shop: success by app/ci on aaaaaaa; ignored statuses that are not trusted, by mallory",
		"approvals: 1 of 1: ada",
		"windows: open, every day 09:00-16:00 UTC",
		"freezes: none now",
		"manual: a person asked for it",
	}
	if d := cmp.Diff(want, got); d != "" || !v.MayMerge() {
		t.Error(d)
	}
}

// Times are shown in the zone that the clock was handed in with, and with the date when it is another day.
func TestClock(t *testing.T) {
	now := at("23:30").In(mustZone(t, "Europe/Berlin"))
	for _, tt := range []struct{ when, want string }{
		{"23:10", "00:10 CET"}, {"22:10", "2026-11-20 23:10 CET"},
	} {
		if got := clock(at(tt.when), now); got != tt.want {
			t.Errorf("%s: %s, want %s", tt.when, got, tt.want)
		}
	}
}

func TestSpan(t *testing.T) {
	for d, want := range map[time.Duration]string{
		time.Nanosecond: "1s", 59 * time.Second: "59s", time.Minute: "1m", 61 * time.Second: "2m", time.Hour - time.Second: "1h",
		24 * time.Hour: "24h", 3*time.Hour + 11*time.Minute + time.Second: "3h12m", 49 * time.Hour: "49h",
	} {
		if got := span(d); got != want {
			t.Errorf("%s: %s, want %s", d, got, want)
		}
	}
}

func TestNextWakeup(t *testing.T) {
	timed := func(s Stage, when string) Verdict {
		c := Condition{Holds: s, Until: at(when)}
		if s == Proposing {
			return Verdict{Propose: []Condition{c}, Merge: []Condition{{Until: at("13:00"), Holds: Merging}}}
		}
		return Verdict{Merge: []Condition{c}}
	}
	if got := NextWakeup(timed(Merging, "11:00"), Verdict{}, timed(Proposing, "10:00"), timed(Merging, "12:00")); !got.Equal(at("10:00")) {
		t.Errorf("the first of several: %s", got)
	}
	if got := NextWakeup(); !got.IsZero() {
		t.Errorf("nothing waits: %s", got)
	}
}
