package connector_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ferry-cd/ferry/connector"
	"github.com/ferry-cd/ferry/connector/connectortest"
	"github.com/ferry-cd/ferry/scm"
)

// Five promotions in a row, of which the engine sees only the last: each has an end, by name.
func TestQuickMergesAllEnd(t *testing.T) {
	w := newWorld(t, twoEnvironments)
	w.start()
	var commits []string
	for n := range int64(5) {
		commits = append(commits, w.promote("dev", "shop", n+1))
	}
	w.cluster.Set(w.kustomization("shop", "dev/shop", commits[4]))
	w.run(time.Hour)
	for i, c := range commits[:4] {
		w.expect(c, devShop, fmt.Sprintf("superseded superseded by 1.%d.0 (%.7s)", i+2, commits[i+1]))
		w.expect(c, devShop+"/continue", "success pipelines were told: superseded")
	}
	w.expect(commits[4], devShop, "success 1 of 1 unit healthy")
	if len(w.pipes.told) != 5 {
		t.Errorf("told %q", w.pipes.told)
	}
}

// An older commit with the same folder as the live one is success by way of it; one with another folder is not.
func TestTheSameFolderIsIncluded(t *testing.T) {
	w := newWorld(t, twoEnvironments)
	w.start()
	first, second, third := w.promote("dev", "shop", 1), w.promote("dev", "shop", 2), w.promote("dev", "shop", 1)
	w.cluster.Set(w.kustomization("shop", "dev/shop", third))
	w.run(time.Hour)
	w.expect(first, devShop, fmt.Sprintf("success included in %.7s: 1 of 1 unit healthy", third))
	w.expect(second, devShop, "superseded superseded by 1.1.0")
	w.expect(third, devShop, "success 1 of 1 unit healthy")
}

// A commit that does not touch the app's folder is nobody's target, and a unit that has it has the app's newest.
func TestOtherCommitsDoNotMatter(t *testing.T) {
	w := newWorld(t, twoEnvironments)
	w.start()
	shop := w.promote("dev", "shop", 1)
	cart := w.promote("dev", "cart", 1)
	readme := w.commit("main", map[string]string{"README.md": "hello\n"})
	w.cluster.Set(w.kustomization("all", "dev", readme))
	w.run(time.Hour)
	w.expect(shop, devShop, "success 1 of 1 unit healthy (together with 1 other app)")
	w.expect(cart, "ferry/dev/cart", "success 1 of 1 unit healthy (together with 1 other app)")
	if got := w.newest(readme, devShop) + w.newest(cart, devShop) + w.newest(shop, "ferry/dev/cart"); got != "" {
		t.Errorf("said %q elsewhere", got)
	}
}

// However a promotion is merged, its record is found: it lies in the tree.
func TestEveryWayOfMerging(t *testing.T) {
	ways := map[string]func(w *world, files map[string]string) string{
		"squash": func(w *world, files map[string]string) string { return w.commit("main", files) },
		"merge commit": func(w *world, files map[string]string) string {
			refs, err := w.repo.Refs(w.ctx)
			w.must(err)
			base, err := w.repo.Commit(w.ctx, refs["refs/heads/main"])
			w.must(err)
			head := w.object(base.Tree, files, base.ID)
			return w.commit("main", files, head)
		},
		"rebase of two commits": func(w *world, files map[string]string) string {
			w.commit("main", map[string]string{"dev/shop/zz.yaml": "kind: ConfigMap\n"})
			return w.commit("main", files)
		},
	}
	for name, merge := range ways {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, twoEnvironments)
			commit := merge(w, w.release("dev", "shop", 1))
			w.cluster.Set(w.kustomization("shop", "dev/shop", commit))
			w.start()
			w.run(time.Minute)
			w.expect(commit, devShop, "success 1 of 1 unit healthy")
		})
	}
}

// A failure stands until the cluster says that it is well, and no longer; an engine that tries again does not unsay it.
func TestFailureIsReopened(t *testing.T) {
	w := newWorld(t, twoEnvironments)
	first := w.promote("dev", "shop", 1)
	unit := w.kustomization("shop", "dev/shop", first)
	w.cluster.Set(unhealthy(unit))
	w.start()
	w.run(time.Minute)
	w.expect(first, devShop, "failure 0 of 1 unit healthy; Kustomization flux-system/shop: HealthCheckFailed: timeout waiting")
	for range 100 { // it tries again, and fails again
		w.cluster.Set(verifying(unit))
		w.run(time.Minute)
		w.cluster.Set(unhealthy(unit))
		w.run(time.Minute)
	}
	if got := w.says(first, devShop); len(got) != 1 {
		t.Errorf("%d posts: %q", len(got), got)
	}
	w.cluster.Set(w.kustomization("shop", "dev/shop", first))
	w.run(time.Minute)
	w.expect(first, devShop, "success 1 of 1 unit healthy")
	if want := []string{first + "/dev/shop/failed", first + "/dev/shop/healthy"}; !slices.Equal(w.pipes.told, want) {
		t.Errorf("told %q", w.pipes.told)
	}
}

// A deadline ends the wait; success after it opens it again.
func TestTimeoutIsReopened(t *testing.T) {
	w := newWorld(t, twoEnvironments)
	first := w.promote("dev", "shop", 1)
	w.start()
	w.run(59 * time.Minute)
	w.expect(first, devShop, "pending no Kustomization")
	w.run(2 * time.Minute)
	w.expect(first, devShop, "failure timed out after 1h while queued: no Kustomization, HelmRelease or Application tracks dev/shop")
	w.cluster.Set(w.kustomization("shop", "dev/shop", first))
	w.run(2 * time.Minute)
	w.expect(first, devShop, "success 1 of 1 unit healthy")
	if want := []string{first + "/dev/shop/timed-out", first + "/dev/shop/healthy"}; !slices.Equal(w.pipes.told, want) {
		t.Errorf("told %q", w.pipes.told)
	}
	w.cluster.Set(verifying(w.kustomization("shop", "dev/shop", first))) // long after the deadline
	w.run(time.Hour)
	w.expect(first, devShop, "success")
}

// Ten thousand reconciles of one commit are a handful of posts, whatever the numbers in their messages.
func TestReconcilesAreNotNews(t *testing.T) {
	w := newWorld(t, twoEnvironments)
	forge := w.inMemory()
	first := w.promote("dev", "shop", 1)
	w.start()
	before := w.clock()
	for i := range 10_000 {
		unit := w.kustomization("shop", "dev/shop", first)
		switch i % 4 {
		case 0, 1:
			unit = verifying(unit)
			unit.Ready.Message = fmt.Sprintf("Running health checks with a timeout of %dm%ds", i%7, i%60)
		case 2:
			unit.Ready.Message = fmt.Sprintf("Applied revision in %dms", i)
		}
		w.cluster.Set(unit)
		w.run(20 * time.Second)
	}
	if got := forge.says(first, devShop); len(got) > 4 {
		t.Errorf("%d posts in %s: %q", len(got), w.clock().Sub(before), got)
	}
	if got := forge.says(first, devShop+"/continue"); len(got) > 4 {
		t.Errorf("%d posts: %q", len(got), got)
	}
	w.expect(first, devShop, "success")
}

// A unit that flaps does not reach the forge's limit, and its last word is no success that could not be taken back.
func TestFlappingIsBounded(t *testing.T) {
	w := newWorld(t, twoEnvironments)
	forge := w.inMemory()
	w.options.Timing.Budget = 10
	first := w.promote("dev", "shop", 1)
	w.start()
	for range 50 {
		w.cluster.Set(w.kustomization("shop", "dev/shop", first))
		w.run(time.Minute)
		w.cluster.Set(unhealthy(w.kustomization("shop", "dev/shop", first)))
		w.run(time.Minute)
	}
	if got := forge.says(first, devShop); len(got) != 10 {
		t.Errorf("%d posts: %q", len(got), got)
	}
	w.expect(first, devShop, "failure changed 9 times, so nothing more is said")
	if parked := w.c.State().Repositories[0].Parked; len(parked) != 1 || parked[0].Context != devShop {
		t.Errorf("parked: %+v", parked)
	}
}

// Everything missed while nobody watched is made good: three promotions, of which one ended, one was overtaken and one runs.
func TestARestartMissesNothing(t *testing.T) {
	w := newWorld(t, twoEnvironments)
	first := w.promote("dev", "shop", 1)
	w.start()
	w.run(time.Minute) // the first is pending, then the process dies
	w.wait(5 * time.Minute)
	second := w.promote("dev", "shop", 2)
	w.wait(4 * time.Minute)
	third := w.promote("dev", "shop", 3)
	cart := w.promote("dev", "cart", 1)
	w.cluster.Set(w.kustomization("all", "dev", cart))
	w.start()
	w.run(2 * time.Minute)
	w.expect(first, devShop, "superseded superseded by 1.2.0")
	w.expect(second, devShop, "superseded superseded by 1.3.0")
	w.expect(third, devShop, "success")
	w.expect(cart, "ferry/dev/cart", "success")
	if len(w.pipes.told) != 4 {
		t.Errorf("told %q", w.pipes.told)
	}
	posts, told := len(w.says(third, devShop)), len(w.pipes.told)
	for range 3 { // restarts with nothing missed say nothing
		w.start()
		w.run(10 * time.Minute)
	}
	if len(w.says(third, devShop)) != posts || len(w.pipes.told) != told {
		t.Errorf("said again: %q, told %q", w.says(third, devShop), w.pipes.told)
	}
}

// Wakes that come twice, late or for nothing change nothing.
func TestReplayedWakesChangeNothing(t *testing.T) {
	w := newWorld(t, twoEnvironments)
	forge := w.inMemory()
	first := w.promote("dev", "shop", 1)
	w.cluster.Set(w.kustomization("shop", "dev/shop", first))
	w.start()
	w.run(5 * time.Minute)
	writes := len(forge.writes)
	for range 200 {
		w.c.Wake("")
		w.c.Wake("acme/gitops")
		w.c.Wake("somebody/else")
		w.cluster.Set(w.kustomization("shop", "dev/shop", first))
		w.run(time.Second)
	}
	if len(forge.writes) != writes || len(w.pipes.told) != 1 {
		t.Errorf("%d writes more; told %q", len(forge.writes)-writes, w.pipes.told)
	}
}

// A forge that is down for an hour hears the truth when it is back, and is not hammered meanwhile.
func TestTheForgeIsDown(t *testing.T) {
	w := newWorld(t, twoEnvironments)
	forge := w.inMemory()
	first := w.promote("dev", "shop", 1)
	w.start()
	w.run(time.Minute)
	forge.down = errors.New("connection refused")
	reads := forge.reads
	w.cluster.Set(w.kustomization("shop", "dev/shop", first))
	w.run(30 * time.Minute)
	second := w.promote("dev", "shop", 2)
	w.cluster.Set(w.kustomization("shop", "dev/shop", second))
	w.run(30 * time.Minute)
	if parked := w.c.State().Repositories[0].Parked; len(parked) != 1 || parked[0].Destination != "forge" || !strings.Contains(parked[0].Why, "connection refused") {
		t.Errorf("parked: %+v", parked)
	}
	if n := forge.reads - reads; n > 100 {
		t.Errorf("%d calls in an hour to a forge that is down", n)
	}
	forge.down = nil
	w.run(10 * time.Minute)
	w.expect(first, devShop, "superseded")
	w.expect(second, devShop, "success")
	if len(w.pipes.told) != 2 {
		t.Errorf("told %q", w.pipes.told)
	}
}

// Credentials that are refused are told, tried rarely, and used again when somebody has mended them.
func TestRefusedCredentialsPark(t *testing.T) {
	w := newWorld(t, twoEnvironments)
	forge := w.inMemory()
	forge.down = fmt.Errorf("status 403: %w", scm.ErrForbidden)
	first := w.promote("dev", "shop", 1)
	w.cluster.Set(w.kustomization("shop", "dev/shop", first))
	w.start()
	w.run(time.Hour)
	if parked := w.c.State().Repositories[0].Parked; len(parked) != 1 || !strings.Contains(parked[0].Why, "forbids") || parked[0].Next.IsZero() {
		t.Errorf("parked: %+v", parked)
	}
	forge.down = nil
	w.run(20 * time.Minute)
	w.expect(first, devShop, "success")
}

// A commit that the forge does not know yet is tried for minutes, then no more, and is named.
func TestAnUnknownCommitParks(t *testing.T) {
	w := newWorld(t, twoEnvironments)
	forge := w.inMemory()
	late := w.clock().Add(3 * time.Minute)
	first := w.promote("dev", "shop", 1)
	forge.knows = func(string) bool { return w.clock().After(late) }
	w.cluster.Set(w.kustomization("shop", "dev/shop", first))
	w.start()
	w.run(10 * time.Minute)
	w.expect(first, devShop, "success")

	second := w.promote("dev", "shop", 2)
	forge.knows = func(sha string) bool { return sha != second }
	w.cluster.Set(w.kustomization("shop", "dev/shop", second))
	w.run(time.Hour)
	parked := w.c.State().Repositories[0].Parked
	if len(parked) != 1 || parked[0].Commit != second {
		t.Errorf("parked: %+v", parked)
	}
	if !slices.Contains(w.pipes.told, second+"/dev/shop/healthy") { // nobody waits for what will never be said
		t.Errorf("told %q", w.pipes.told)
	}
}

// Two clusters each say their own, nobody the bare word, and pipelines hear once, of both.
func TestTwoClusters(t *testing.T) {
	config := strings.Replace(twoEnvironments, "{name: dev, deadline: 1h}", "{name: dev, deadline: 1h, clusters: [eu-1, eu-2]}", 1)
	w := newWorld(t, config)
	first := w.promote("dev", "shop", 1)
	other := *w
	other.cluster = connectortest.New(w.kustomization("shop", "dev/shop", strings.Repeat("0", 40)))
	other.options.Cluster, other.options.ClusterName = other.cluster, "eu-2"
	w.options.ClusterName = "eu-1"
	w.cluster.Set(w.kustomization("shop", "dev/shop", first))
	w.start()
	other.start()
	runAll(w, 10*time.Minute, w.c, other.c)
	w.expect(first, devShop+"/eu-1", "success")
	w.expect(first, devShop+"/eu-2", "pending")
	if len(w.pipes.told) != 0 {
		t.Errorf("told too early: %q", w.pipes.told)
	}
	other.cluster.Set(w.kustomization("shop", "dev/shop", first))
	runAll(w, 10*time.Minute, w.c, other.c)
	w.expect(first, devShop+"/eu-2", "success")
	if got := w.says(first, devShop); len(got) != 0 {
		t.Errorf("the bare context: %q", got)
	}
	if want := []string{first + "/dev/shop/healthy"}; !slices.Equal(w.pipes.told, want) {
		t.Errorf("told %q", w.pipes.told)
	}

	second := w.promote("dev", "shop", 2) // fails in one
	w.cluster.Set(w.kustomization("shop", "dev/shop", second))
	other.cluster.Set(unhealthy(w.kustomization("shop", "dev/shop", second)))
	runAll(w, 10*time.Minute, w.c, other.c)
	if got := w.pipes.told[1:]; len(got) == 0 || slices.ContainsFunc(got, func(s string) bool { return s != second+"/dev/shop/failed" }) {
		t.Errorf("told %q", got)
	}
}

// A cluster whose connector says nothing does not make pipelines wait for ever.
func TestADeadClusterTimesOut(t *testing.T) {
	w := newWorld(t, strings.Replace(twoEnvironments, "{name: dev, deadline: 1h}", "{name: dev, deadline: 1h, clusters: [eu-1, eu-2]}", 1))
	w.options.ClusterName = "eu-1"
	first := w.promote("dev", "shop", 1)
	w.cluster.Set(w.kustomization("shop", "dev/shop", first))
	w.start()
	w.run(2 * time.Hour)
	if want := []string{first + "/dev/shop/timed-out"}; !slices.Equal(w.pipes.told, want) {
		t.Errorf("told %q", w.pipes.told)
	}
}

// Two that lead at once, of which one sees an old cluster: a minute after, the forge says what the newer one knows.
func TestTwoLeadersOverlap(t *testing.T) {
	w := newWorld(t, twoEnvironments)
	forge := w.inMemory()
	first := w.promote("dev", "shop", 1)
	old := *w
	old.cluster = connectortest.New(verifying(w.kustomization("shop", "dev/shop", first)))
	leads := true
	old.options.Cluster, old.options.Leading = old.cluster, func() bool { return leads }
	old.start()
	runAll(w, time.Minute, old.c)
	w.cluster.Set(w.kustomization("shop", "dev/shop", first))
	w.start()
	runAll(w, 20*time.Second, w.c, old.c)
	old.cluster.Set(unhealthy(w.kustomization("shop", "dev/shop", first))) // late news of a state that has passed
	runAll(w, 20*time.Second, w.c, old.c)
	w.expect(first, devShop, "failure")
	leads = false
	runAll(w, 2*time.Minute, w.c, old.c)
	w.expect(first, devShop, "success")
	if len(forge.says(first, devShop)) > 4 {
		t.Errorf("%q", forge.says(first, devShop))
	}
	writes := len(forge.writes)
	old.cluster.Set(unhealthy(w.kustomization("shop", "dev/shop", first)))
	runAll(w, time.Hour, old.c)
	if len(forge.writes) != writes {
		t.Error("one that does not lead wrote")
	}
}

// Pipelines that do not answer are asked again with the same key, and the status says that it is not done.
func TestPipelinesAreToldUntilTheyHear(t *testing.T) {
	w := newWorld(t, twoEnvironments)
	w.pipes.fail = 5
	first := w.promote("dev", "shop", 1)
	w.cluster.Set(w.kustomization("shop", "dev/shop", first))
	w.start()
	w.run(20 * time.Second)
	w.expect(first, devShop+"/continue", "pending telling pipelines: healthy")
	if parked := w.c.State().Repositories[0].Parked; len(parked) != 1 || !strings.Contains(parked[0].Why, "no pipeline answers") {
		t.Errorf("parked: %+v", parked)
	}
	w.run(30 * time.Minute)
	w.expect(first, devShop+"/continue", "success pipelines were told: healthy")
	if len(w.pipes.told) != 1 {
		t.Errorf("told %q", w.pipes.told)
	}
}

// A connector that is new in an old repository says how everything does, and tells no pipeline of what ended long ago.
func TestANewConnectorDoesNotWakePipelines(t *testing.T) {
	w := newWorld(t, twoEnvironments)
	first := w.promote("dev", "shop", 1)
	w.wait(30 * 24 * time.Hour)
	w.cluster.Set(w.kustomization("shop", "dev/shop", first))
	w.start()
	w.run(time.Hour)
	w.expect(first, devShop, "success")
	if len(w.pipes.told) != 0 {
		t.Errorf("told %q", w.pipes.told)
	}
}

// Nothing is said about going on where nobody goes on: no app that no pipeline concerns, and no end that none waits for.
func TestNobodyWaits(t *testing.T) {
	w := newWorld(t, twoEnvironments)
	w.pipes.nobody = func(v connector.Verdict) bool { return v.App != "shop" || v.Phase != connector.Healthy }
	shop, cart := w.promote("dev", "shop", 1), w.promote("dev", "cart", 1)
	w.cluster.Set(w.kustomization("shop", "dev/shop", cart), w.kustomization("cart", "dev/cart", cart))
	w.start()
	w.run(30 * time.Minute)
	w.expect(shop, devShop, "success")
	w.expect(shop, devShop+"/continue", "success")
	w.expect(cart, "ferry/dev/cart", "success")
	w.expect(cart, "ferry/dev/cart/continue", "")
	if len(w.pipes.told) != 1 {
		t.Errorf("told %q", w.pipes.told)
	}
}

// A forge that merges by moving the branch leaves a commit its age: after a restart, too, the deadline counts from when it was
// merged, as the forge tells, and nothing is decided before the forge has told.
func TestTheDeadlineCountsFromTheMergeAfterARestart(t *testing.T) {
	w := newWorld(t, twoEnvironments)
	forge := w.inMemory()
	old := w.promote("dev", "shop", 1) // made now, and merged three days later
	w.wait(72 * time.Hour)
	forge.pulls = []scm.PullRequest{{Number: 4, State: scm.Merged, Head: "ferry/dev/shop", Base: "main", HeadSHA: old, MergeCommit: old, Closed: w.clock()}}
	w.wait(30 * time.Minute)
	forge.down = errors.New("connection refused")
	w.start()
	w.run(2 * time.Minute)
	forge.down = nil
	w.run(20 * time.Minute)
	w.expect(old, devShop, "pending")
	if len(w.pipes.told) != 0 {
		t.Errorf("told %q", w.pipes.told)
	}
	w.start()
	w.run(20 * time.Minute) // 72 minutes after the merge
	w.expect(old, devShop, "failure timed out after 1h while queued")
	if want := []string{old + "/dev/shop/timed-out"}; !slices.Equal(w.pipes.told, want) {
		t.Errorf("told %q", w.pipes.told)
	}
}

// Where the forge does not let the connector read pull requests, everything still ends.
func TestWithoutPullRequestsEverythingEnds(t *testing.T) {
	w := newWorld(t, twoEnvironments)
	forge := w.inMemory()
	forge.noPulls = fmt.Errorf("status 403: %w", scm.ErrForbidden)
	first := w.promote("dev", "shop", 1)
	w.start()
	w.run(2 * time.Hour)
	w.expect(first, devShop, "failure timed out after 1h")
}

// A forge that is silent at first and then says that the connector may not read pull requests keeps nobody waiting: what it
// said before no longer stands.
func TestSilentFirstAndForbiddenThen(t *testing.T) {
	w := newWorld(t, twoEnvironments)
	forge := w.inMemory()
	forge.noPulls = errors.New("connection refused")
	first := w.promote("dev", "shop", 1)
	w.start()
	w.run(2 * time.Minute)
	forge.noPulls = fmt.Errorf("status 403: %w", scm.ErrForbidden)
	w.run(20 * time.Minute)
	w.cluster.Set(w.kustomization("shop", "dev/shop", first))
	w.run(10 * time.Second)
	w.expect(first, devShop, "success")
}
