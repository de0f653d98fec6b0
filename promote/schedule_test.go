package promote_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ferry-cd/ferry/door"
	"github.com/ferry-cd/ferry/git"
	"github.com/ferry-cd/ferry/git/gittest"
	"github.com/ferry-cd/ferry/ledger"
	"github.com/ferry-cd/ferry/promote"
	"github.com/ferry-cd/ferry/release"
	"github.com/ferry-cd/ferry/scm"
	"github.com/ferry-cd/ferry/source"
)

// A schedule is a few days of a GitOps repository, drawn from a seed: releases, statuses, people who approve, merge,
// close and edit, and processes of ferry that run at once, die, and lose replies. After every step the rules that may
// never break are checked; in the end the faults stop, and everything has to arrive as if there had been none.
//
// FERRY_SEED=7 replays one schedule; FERRY_SCHEDULES=5000 runs that many, from FERRY_SEED on.
func TestSchedules(t *testing.T) {
	first, count := number("FERRY_SEED", 1), number("FERRY_SCHEDULES", 24)
	if os.Getenv("FERRY_SEED") != "" && os.Getenv("FERRY_SCHEDULES") == "" {
		count = 1
	}
	if testing.Short() {
		count = min(count, 4)
	}
	for seed := first; seed < first+count; seed++ {
		t.Run(fmt.Sprintf("seed %d", seed), func(t *testing.T) {
			t.Parallel()
			newSchedule(t, seed).play()
		})
	}
}

func number(variable string, otherwise uint64) uint64 {
	if n, err := strconv.ParseUint(os.Getenv(variable), 10, 64); err == nil {
		return n
	}
	return otherwise
}

// foreign is what people push to promotion branches.
const foreign = "foreign.txt"

const scheduled = `version: 1
defaults:
  kubernetes: {version: "1.34"}
  values: ["values/{app}.yaml?", "values/{environment}/{app}.yaml?"]
apps:
  - {name: shop, source: {repository: https://example.com/acme/apps, path: shop}, images: [{name: ghcr.io/acme/shop}], namespace: shop%[1]s}
  - {name: cart, source: {repository: https://example.com/acme/apps, path: cart}, images: [{name: ghcr.io/acme/cart}], namespace: cart%[1]s}
environments:
  - {name: dev%[2]s}
  - {name: qa, after: [dev], merge: auto, gates: {soak: %[3]s}%[4]s}
  - {name: prod, after: [qa], merge: auto, gates: {approvals: {count: 1}}}
overrides: [{gates: [healthy, soak], by: [grace], approvals: 1}]
trust: {connector: [connector]}
`

// schedule is a world with what has happened in it.
type schedule struct {
	*world
	seed uint64
	rng  *rand.Rand
	env  []string
	apps []string
	log  []string

	submitted  map[string]int64           // the newest release handed over, by app
	accepted   map[string]int64           // the newest one that ferry took, by app
	proven     map[string]map[string]bool // environment/app -> versions that a connector called healthy there
	edits      map[string]string          // hand-edited files -> what was there
	pushes     []map[string]string        // what people changed and nobody undoes
	looked     git.ID                     // how far main was judged
	newest     map[string]int64           // environment/app -> the newest release that was there
	rolled     map[string]bool            // environment/app/version -> somebody decided to go back to it
	passed     map[string]bool            // environment/app/version -> somebody decided that it needs no proof: a hotfix, an override
	fixed      map[string][]int64         // the releases of an app that were hotfixes
	holds      []ledger.Hold              // what was on record when the step began
	refused    []ledger.Rejection         // so were these
	rejections []ledger.Rejection         // what is on record now
	byPeople   bool                       // the step is a person's own change, which no hold stops
	claims     []promote.Done             // what runs reported as done
	onMain     map[git.ID]bool            // the commits that main stood at
	healed     bool

	mu    sync.Mutex
	said  strings.Builder // everything that runs told people
	chaos float64         // how often something goes wrong on the way to the server
	wire  *rand.Rand
	url   string // "" = on disk
}

func newSchedule(t *testing.T, seed uint64) *schedule {
	s := &schedule{seed: seed, rng: rand.New(rand.NewPCG(seed, 1)), wire: rand.New(rand.NewPCG(seed, 2)), env: []string{"dev", "qa", "prod"}, apps: []string{"shop", "cart"},
		submitted: map[string]int64{}, accepted: map[string]int64{}, proven: map[string]map[string]bool{}, edits: map[string]string{}, newest: map[string]int64{}, rolled: map[string]bool{}, passed: map[string]bool{}, fixed: map[string][]int64{}, onMain: map[git.ID]bool{}}
	s.world = newWorld(t, s.config(), nil)
	s.templates("cart", map[string]string{"deployment.yaml.tmpl": deployment, "service.yaml.tmpl": service})
	if s.rng.IntN(5) == 0 { // each costs as much as ten on disk: every request runs two processes of Git
		s.url = gittest.NewServer(t, s.gitops, gittest.Wrap(s.unreliable))
		gittest.Run(t, s.gitops, "config", "core.fsync", "none")
		gittest.Run(t, s.gitops, "config", "receive.autogc", "false")
	}
	return s
}

func (s *schedule) config() string {
	rng := rand.New(rand.NewPCG(s.seed, 3))
	pick := func(options ...string) string { return options[rng.IntN(len(options))] }
	return fmt.Sprintf(scheduled, pick("", ", group: store"), pick(", merge: auto", "", ", pullRequest: false"), pick("0s", "10m"), pick("", "", ", rollback: {on: failure, within: 30m}"))
}

// unreliable is the way to the server: requests fail before they arrive, and replies get lost or cut.
func (s *schedule) unreliable(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		roll, chaos := s.wire.Float64(), s.chaos
		s.mu.Unlock()
		if roll < chaos {
			_, secret, _ := r.BasicAuth()
			http.Error(w, "who are you, "+secret+r.Header.Get("Authorization")+"?", []int{500, 502, 503, 429}[int(roll*1000)%4])
			return
		}
		if roll >= 3*chaos {
			next.ServeHTTP(w, r)
			return
		}
		reply := httptest.NewRecorder()
		next.ServeHTTP(reply, r)
		if roll > 2*chaos { // cut
			for k, v := range reply.Header() {
				w.Header()[k] = v
			}
			_, _ = w.Write(reply.Body.Bytes()[:reply.Body.Len()/2])
		}
		panic(http.ErrAbortHandler)
	})
}

// process is a fresh process of the bot that may die at one of its next steps.
func (s *schedule) process(f *fate) *promote.Promoter {
	p := s.ferry()
	if s.url != "" {
		o := s.options("ferry")
		o.Token = door.NewToken(canary)
		repo, err := git.Open(s.ctx, s.url, o)
		s.must(err)
		p.Repo, p.Sources = repo, source.NewStore(repo)
	}
	p.Forge = mortalForge{p.Forge, f}
	p.Progress = func(format string, a ...any) { s.tells(fmt.Sprintf(format, a...)) }
	return p
}

func (s *schedule) fate() *fate {
	if s.healed || s.rng.IntN(3) > 0 {
		return &fate{}
	}
	return &fate{n: 1 + s.rng.IntN(12), after: s.rng.IntN(2) == 0}
}

func (s *schedule) play() {
	s.Cleanup(func() {
		if s.Failed() {
			s.Logf("replay with: FERRY_SEED=%d go test -run TestSchedules ./promote\n%s", s.seed, strings.Join(s.log, "\n"))
		}
	})
	s.chaos = []float64{0, 0.01, 0.04}[s.rng.IntN(3)]
	for range 10 + s.rng.IntN(12) {
		s.step()
		s.rules()
		if s.Failed() {
			return
		}
	}
	s.waitsEnd()
	s.heal()
	s.rules()
	calm := s.calm()
	if got, want := s.git("rev-parse", "main^{tree}"), calm.git("rev-parse", "main^{tree}"); got != want {
		s.Errorf("the trees differ from those of a run without faults: %s and %s", got, want)
	}
	if got := s.git("fsck", "--strict", "--no-dangling"); got != "" {
		s.Error(got)
	}
	s.secrets()
}

func (s *schedule) note(format string, a ...any) { s.log = append(s.log, fmt.Sprintf(format, a...)) }

// step draws what happens next.
func (s *schedule) step() {
	s.now = s.now.Add(time.Duration(1+s.rng.IntN(20)) * time.Minute)
	app, env := s.apps[s.rng.IntN(len(s.apps))], s.env[s.rng.IntN(len(s.env))]
	s.byPeople = false
	switch roll := s.rng.IntN(111); {
	case roll < 20:
		s.release(app, s.submitted[app]+1, s.fate())
	case roll < 23 && s.submitted[app] > 0:
		if n := 1 + s.rng.Int64N(s.submitted[app]); !slices.Contains(s.fixed[app], n) {
			s.release(app, n, s.fate())
		}
	case roll < 42:
		s.reports(app, env, scm.Success)
	case roll < 46:
		s.reports(app, env, scm.Failure)
	case roll < 47:
		s.says("mallory", env, app, scm.Success)
	case roll < 69:
		s.advances(1 + s.rng.IntN(2))
	case roll < 75:
		s.person("approves", func(pr scm.PullRequest) error {
			_, err := s.forge("ada").Review(s.ctx, pr.Number, scm.Review{Verdict: scm.Approved, SHA: pr.HeadSHA})
			return err
		})
	case roll < 79:
		s.byPeople = true
		s.person("merges", func(pr scm.PullRequest) error {
			_, err := s.forge("grace").MergePullRequest(s.ctx, pr.Number, scm.Merge{Head: pr.HeadSHA})
			return err
		})
	case roll < 81:
		s.person("closes", func(pr scm.PullRequest) error { return s.forge("grace").ClosePullRequest(s.ctx, pr.Number, "not now") })
	case roll < 83:
		s.person("pushes to", func(pr scm.PullRequest) error {
			s.push(pr.Head, map[string]string{foreign: "a person's\n"})
			return nil
		})
	case roll < 86:
		s.heldUp(app, env)
	case roll < 89:
		s.resumes(s.fate())
	case roll < 93:
		s.goesBack(app, env, s.fate())
	case roll < 94:
		s.promotesByName(app, env, s.fate())
	case roll < 98:
		s.changesValues(app, env)
	case roll < 102:
		s.overrides(s.fate())
	case roll < 106:
		s.fixes(s.fate())
	case roll < 109:
		s.retires(s.fate())
	default:
		s.byPeople = true
		s.editsByHand(app, env)
	}
}

func (s *schedule) release(app string, n int64, f *fate) {
	s.submitted[app] = max(s.submitted[app], n)
	rel := s.world.release(app, n)
	rel.Source.Time = time.Date(2026, 11, 1, int(n), 0, 0, 0, time.UTC)
	err := s.handsOver(rel, f)
	s.note("%s submits %s %s: %v", s.now.Format("15:04"), app, rel.Version, err)
	have, lookErr := source.NewStore(s.ferry().Repo).Accepted(s.ctx, app)
	s.must(lookErr)
	if now := have[app].Sequence.Number; now < s.accepted[app] || now < n && err == nil {
		s.Errorf("%s %s was handed over, and the newest accepted is %d (before: %d)", app, rel.Version, now, s.accepted[app])
	} else {
		s.accepted[app] = now
	}
}

func (s *schedule) handsOver(rel release.Release, f *fate) error {
	p := s.process(f)
	snap, err := p.Load(s.ctx, promote.Scope{Apps: []string{rel.App}})
	if err != nil {
		return err
	}
	in, err := p.Sources.(*source.Store).Intake(s.ctx, s.world.apps, []release.Release{rel})
	if err != nil {
		return err
	}
	descends := func(context.Context, string) (bool, error) { return contains(rel.Sequence.Number), nil }
	if err := snap.Confirm(s.ctx, rel, descends); err != nil {
		return err
	}
	r, err := p.Submit(s.ctx, snap, mortalIntake{in, f}, promote.Options{Scope: promote.Scope{Apps: []string{rel.App}}})
	if err != nil {
		return err
	}
	return s.claimed(r)
}

// reports is the connector's word about what is on the environment's branch now.
func (s *schedule) reports(app, env string, state scm.StatusState) {
	v := s.version(env, app)
	if v == "" {
		return
	}
	s.note("%s %s: %s %s is %s", s.now.Format("15:04"), env, app, v, state)
	s.says("connector", env, app, state)
	if state == scm.Success {
		if s.proven[env+"/"+app] == nil {
			s.proven[env+"/"+app] = map[string]bool{}
		}
		s.proven[env+"/"+app][v] = true
	}
}

// advances runs some processes at once. What they report does not matter: others may have won, and faults are allowed.
func (s *schedule) advances(n int) {
	var wg sync.WaitGroup
	said := make([]error, n)
	for i := range n {
		f := s.fate()
		p := s.process(f)
		wg.Go(func() {
			r, err := p.Advance(s.ctx, promote.Options{})
			if err == nil {
				err = s.claimed(r)
			}
			said[i] = err
		})
	}
	wg.Wait()
	s.note("%s advances: %v", s.now.Format("15:04"), errors.Join(said...))
}
