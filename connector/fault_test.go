package connector_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ferry-cd/ferry/connector"
	"github.com/ferry-cd/ferry/connector/connectortest"
	"github.com/ferry-cd/ferry/scm"
)

// A process that dies at any step of an answer, before or after the forge or a pipeline did what was asked, leaves the next
// one to finish: the forge ends with the truth, and every pipeline has heard it at least once, under one key.
func TestDyingAnywhereLosesNothing(t *testing.T) {
	for _, done := range []bool{false, true} {
		for step := 1; step <= 8; step++ {
			t.Run(fmt.Sprintf("call %d, done=%t", step, done), func(t *testing.T) {
				w := newWorld(t, twoEnvironments)
				forge := w.inMemory()
				first, second := w.promote("dev", "shop", 1), w.promote("dev", "shop", 2)
				w.cluster.Set(w.kustomization("shop", "dev/shop", second))
				calls, dead := 0, false
				die := func() (bool, error) {
					if calls++; calls >= step {
						dead = true
						return done && calls == step, errors.New("the process died")
					}
					return true, nil
				}
				forge.fault = func(string) (bool, error) { return die() }
				w.pipes.before = die
				w.start()
				w.run(time.Minute)
				if !dead && step <= 4 {
					t.Fatal("nothing happened at this step")
				}
				forge.fault, w.pipes.before = nil, nil
				w.wait(time.Minute)
				w.start() // another process
				w.run(10 * time.Minute)
				w.expect(first, devShop, "superseded")
				w.expect(first, devShop+"/continue", "success pipelines were told: superseded")
				w.expect(second, devShop, "success")
				w.expect(second, devShop+"/continue", "success pipelines were told: healthy")
				told := slices.Compact(slices.Sorted(slices.Values(w.pipes.told)))
				want := []string{first + "/dev/shop/superseded", second + "/dev/shop/healthy"}
				slices.Sort(want)
				if !slices.Equal(told, want) || len(w.pipes.told) > 3 {
					t.Errorf("told %q", w.pipes.told)
				}
			})
		}
	}
}

// Replies that get lost and calls that fail at random, a cluster that changes its mind, processes that die: when it is quiet
// again, the forge says what the cluster does.
func TestChaosEndsInTheTruth(t *testing.T) {
	for seed := range uint64(12) {
		t.Run(fmt.Sprintf("seed=%d", seed), func(t *testing.T) {
			dice := rand.New(rand.NewPCG(seed, 7))
			w := newWorld(t, twoEnvironments)
			forge := w.inMemory()
			fault := func() (bool, error) {
				if dice.IntN(3) > 0 {
					return true, nil
				}
				return dice.IntN(2) == 0, []error{errors.New("reset"), scm.ErrConflict, &scm.RateLimitedError{RetryAfter: time.Minute}, scm.ErrUnauthorized}[dice.IntN(4)]
			}
			forge.fault = func(string) (bool, error) { return fault() }
			w.pipes.before = fault
			var commits []string
			w.start()
			for n := range int64(6) {
				commits = append(commits, w.promote("dev", "shop", n+1))
				for range dice.IntN(4) {
					u := w.kustomization("shop", "dev/shop", commits[dice.IntN(len(commits))])
					w.cluster.Set([]connector.Unit{u, verifying(u), unhealthy(u)}[dice.IntN(3)])
					w.run(time.Duration(dice.IntN(90)) * time.Second)
				}
				if dice.IntN(3) == 0 {
					w.start()
				}
			}
			forge.fault, w.pipes.before = nil, nil
			last := commits[len(commits)-1]
			w.cluster.Set(w.kustomization("shop", "dev/shop", last))
			w.run(time.Hour)
			w.expect(last, devShop, "success")
			for _, c := range commits[:len(commits)-1] {
				end, _, _ := strings.Cut(w.newest(c, devShop), " ")
				if end != "superseded" && end != "success" && end != "failure" {
					t.Errorf("%.7s ends as %q", c, w.says(c, devShop))
				}
				if len(w.says(c, devShop)) > 4 {
					t.Errorf("%.7s: %q", c, w.says(c, devShop))
				}
			}
			for _, c := range commits {
				if !slices.ContainsFunc(w.pipes.told, func(key string) bool { return strings.HasPrefix(key, c) }) {
					t.Errorf("nobody was told of %.7s", c)
				}
			}
		})
	}
}

// A thousand units become healthy at once: the forge never has to refuse a post, what matters is said first, and all is said.
func TestAThousandUnitsStayBelowTheLimits(t *testing.T) {
	const apps = 1000
	var config strings.Builder
	config.WriteString("version: 1\ndefaults: {kubernetes: {version: \"1.34\"}}\napps:\n")
	for i := range apps {
		fmt.Fprintf(&config, "  - {name: app-%d, source: {repository: https://example.com/acme/apps, path: chart}}\n", i)
	}
	config.WriteString("environments: [{name: dev, deadline: 24h}]\n")
	w := newWorld(t, config.String())
	forge := w.inMemory()
	w.options.Pipelines = nil
	forge.perMinute, forge.perHour = 80, 500 // https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api
	files := map[string]string{}
	for i := range apps {
		for path, text := range w.release("dev", fmt.Sprintf("app-%d", i), 1) {
			files[path] = text
		}
	}
	commit := w.commit("main", files)
	var units []connector.Unit
	for i := range apps {
		u := w.kustomization(fmt.Sprintf("app-%d", i), fmt.Sprintf("dev/app-%d", i), commit)
		if i%2 == 1 {
			u = verifying(u)
		}
		units = append(units, u)
	}
	w.cluster.Set(units...)
	w.start()
	w.run(time.Hour)
	pending := 0
	for _, s := range forge.statuses[commit] {
		if s.State == scm.Pending {
			pending++
		}
	}
	if n := len(forge.statuses[commit]); n < 400 || pending > 0 {
		t.Errorf("in the first hour %d posts, %d of them pending while ends wait", n, pending)
	}
	for i := range apps {
		w.cluster.Set(w.kustomization(fmt.Sprintf("app-%d", i), fmt.Sprintf("dev/app-%d", i), commit))
	}
	w.run(3 * time.Hour)
	if forge.refused > 0 {
		t.Errorf("%d posts were refused", forge.refused)
	}
	for i := range apps {
		w.expect(commit, fmt.Sprintf("ferry/dev/app-%d", i), "success 1 of 1 unit healthy")
	}
}

// The outbox is bounded; what had no room is said later.
func TestTheOutboxIsBounded(t *testing.T) {
	w := newWorld(t, twoEnvironments)
	w.inMemory()
	w.options.Timing.Waiting = 2
	var commits []string
	for n := range int64(10) {
		commits = append(commits, w.promote("dev", "shop", n+1))
	}
	w.cluster.Set(w.kustomization("shop", "dev/shop", commits[9]))
	w.start()
	w.c.Once(w.ctx)
	if s := w.c.State().Repositories[0]; s.Waiting > 2 || s.Dropped == 0 {
		t.Errorf("waiting %d, dropped %d", s.Waiting, s.Dropped)
	}
	w.run(time.Hour)
	for _, c := range commits[:9] {
		w.expect(c, devShop, "superseded")
	}
	w.expect(commits[9], devShop, "success")
}

// A cluster that is not read yet says nothing: a unit that was not seen is not a unit that is not there.
func TestNothingIsSaidOfAClusterThatIsNotRead(t *testing.T) {
	w := newWorld(t, twoEnvironments)
	w.cluster = connectortest.New()
	w.options.Cluster = w.cluster
	first := w.promote("dev", "shop", 1)
	w.start()
	w.run(10 * time.Minute)
	if got := w.says(first, devShop); len(got) > 0 {
		t.Errorf("said %q", got)
	}
	w.cluster.Set(w.kustomization("shop", "dev/shop", first))
	w.run(time.Minute)
	w.expect(first, devShop, "success")
}

// A configuration with a mistake does not silence the connector.
func TestABrokenConfigurationIsTold(t *testing.T) {
	w := newWorld(t, twoEnvironments)
	first := w.promote("dev", "shop", 1)
	w.start()
	w.run(time.Minute)
	w.commit("main", map[string]string{"ferry.yaml": "version: 1\nnonsense: true\n"})
	w.run(2 * time.Minute)
	if p := w.c.State().Repositories[0].Problem; !strings.Contains(p, "nonsense") {
		t.Errorf("problem %q", p)
	}
	w.cluster.Set(w.kustomization("shop", "dev/shop", first))
	w.run(time.Minute)
	w.expect(first, devShop, "success")
}
