package promote_test

import (
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

	"github.com/ferry-cd/ferry/git"
	"github.com/ferry-cd/ferry/git/gittest"
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
  - {name: qa, after: [dev], merge: auto, gates: {soak: %[3]s}}
  - {name: prod, after: [qa], merge: auto, gates: {approvals: {count: 1}}}
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

	submitted map[string]int64           // the newest release handed over, by app
	accepted  map[string]int64           // the newest one that ferry took, by app
	proven    map[string]map[string]bool // environment/app -> versions that a connector called healthy there
	edits     map[string]string          // hand-edited files -> what was there
	pushes    []map[string]string        // what people changed and nobody undoes
	looked    git.ID                     // how far main was judged
	newest    map[string]int64           // environment/app -> the newest release that was there
	healed    bool

	mu    sync.Mutex
	chaos float64 // how often something goes wrong on the way to the server
	wire  *rand.Rand
	url   string // "" = on disk
}

func newSchedule(t *testing.T, seed uint64) *schedule {
	s := &schedule{seed: seed, rng: rand.New(rand.NewPCG(seed, 1)), wire: rand.New(rand.NewPCG(seed, 2)), env: []string{"dev", "qa", "prod"}, apps: []string{"shop", "cart"},
		submitted: map[string]int64{}, accepted: map[string]int64{}, proven: map[string]map[string]bool{}, edits: map[string]string{}, newest: map[string]int64{}}
	s.world = newWorld(t, s.config(), nil)
	s.templates("cart", map[string]string{"deployment.yaml.tmpl": deployment, "service.yaml.tmpl": service})
	if s.rng.IntN(2) == 0 {
		s.url = gittest.NewServer(t, s.gitops, gittest.Wrap(s.unreliable))
		gittest.Run(t, s.gitops, "config", "core.fsync", "none")
		gittest.Run(t, s.gitops, "config", "receive.autogc", "false")
	}
	return s
}

func (s *schedule) config() string {
	rng := rand.New(rand.NewPCG(s.seed, 3))
	pick := func(options ...string) string { return options[rng.IntN(len(options))] }
	return fmt.Sprintf(scheduled, pick("", ", group: store"), pick(", merge: auto", "", ", pullRequest: false"), pick("0s", "10m"))
}

// unreliable is the way to the server: requests fail before they arrive, and replies get lost or cut.
func (s *schedule) unreliable(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		roll, chaos := s.wire.Float64(), s.chaos
		s.mu.Unlock()
		if roll < chaos {
			w.WriteHeader([]int{500, 502, 503, 429}[int(roll*1000)%4])
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
		repo, err := git.Open(s.ctx, s.url, o)
		s.must(err)
		p.Repo, p.Sources = repo, source.NewStore(repo)
	}
	p.Forge = mortalForge{p.Forge, f}
	return p
}

func (s *schedule) fate() *fate {
	if s.healed || s.rng.IntN(3) > 0 {
		return &fate{}
	}
	return &fate{n: 1 + s.rng.IntN(12), after: s.rng.IntN(2) == 0}
}

func (s *schedule) play() {
	s.chaos = []float64{0, 0.01, 0.04}[s.rng.IntN(3)]
	for range 10 + s.rng.IntN(12) {
		s.step()
		s.rules()
		if s.Failed() {
			s.Fatalf("replay with: FERRY_SEED=%d go test -run TestSchedules ./promote\n%s", s.seed, strings.Join(s.log, "\n"))
		}
	}
	s.heal()
	s.rules()
	calm := s.calm()
	if got, want := s.git("rev-parse", "main^{tree}"), calm.git("rev-parse", "main^{tree}"); got != want {
		s.Errorf("the trees differ from those of a run without faults: %s and %s", got, want)
	}
	if got := s.git("fsck", "--strict", "--no-dangling"); got != "" {
		s.Error(got)
	}
	if s.Failed() {
		s.Fatalf("replay with: FERRY_SEED=%d go test -run TestSchedules ./promote\n%s", s.seed, strings.Join(s.log, "\n"))
	}
}

func (s *schedule) note(format string, a ...any) { s.log = append(s.log, fmt.Sprintf(format, a...)) }

// step draws what happens next.
func (s *schedule) step() {
	s.now = s.now.Add(time.Duration(1+s.rng.IntN(20)) * time.Minute)
	app, env := s.apps[s.rng.IntN(len(s.apps))], s.env[s.rng.IntN(len(s.env))]
	switch roll := s.rng.IntN(100); {
	case roll < 22:
		s.release(app, s.submitted[app]+1, s.fate())
	case roll < 25 && s.submitted[app] > 0:
		s.release(app, 1+s.rng.Int64N(s.submitted[app]), s.fate())
	case roll < 45:
		s.reports(app, env, scm.Success)
	case roll < 49:
		s.reports(app, env, scm.Failure)
	case roll < 51:
		s.says("mallory", env, app, scm.Success)
	case roll < 75:
		s.advances(1 + s.rng.IntN(2))
	case roll < 82:
		s.person("approves", func(pr scm.PullRequest) error {
			_, err := s.forge("ada").Review(s.ctx, pr.Number, scm.Review{Verdict: scm.Approved, SHA: pr.HeadSHA})
			return err
		})
	case roll < 86:
		s.person("merges", func(pr scm.PullRequest) error {
			_, err := s.forge("grace").MergePullRequest(s.ctx, pr.Number, scm.Merge{Head: pr.HeadSHA})
			return err
		})
	case roll < 88:
		s.person("closes", func(pr scm.PullRequest) error { return s.forge("grace").ClosePullRequest(s.ctx, pr.Number, "not now") })
	case roll < 90:
		s.person("pushes to", func(pr scm.PullRequest) error {
			s.push(pr.Head, map[string]string{foreign: "a person's\n"})
			return nil
		})
	case roll < 96:
		s.changesValues(app, env)
	default:
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
	r, err := p.Submit(s.ctx, snap, mortalIntake{in, f}, promote.Options{Scope: promote.Scope{Apps: []string{rel.App}}})
	if err != nil {
		return err
	}
	return r.Errors()
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
				err = r.Errors()
			}
			said[i] = err
		})
	}
	wg.Wait()
	s.note("%s advances: %v", s.now.Format("15:04"), errors.Join(said...))
}

// person does something to an open pull request, if there is one. The forge may refuse it.
func (s *schedule) person(does string, f func(scm.PullRequest) error) {
	prs, err := s.forge("ada").PullRequests(s.ctx, scm.Filter{State: scm.Open})
	s.must(err)
	if len(prs) == 0 {
		return
	}
	pr := prs[s.rng.IntN(len(prs))]
	err = f(pr)
	s.note("%s a person %s #%d %s: %v", s.now.Format("15:04"), does, pr.Number, pr.Title, err)
}

func (s *schedule) changesValues(app, env string) {
	path := "values/" + app + ".yaml"
	if s.rng.IntN(2) == 0 {
		path = "values/" + env + "/" + app + ".yaml"
	}
	change := map[string]string{path: fmt.Sprintf("replicas: %d\n", 2+s.rng.IntN(5))}
	s.note("%s a person sets %v", s.now.Format("15:04"), change)
	s.pushes = append(s.pushes, change)
	s.push("main", change)
}

func (s *schedule) editsByHand(app, env string) {
	path := env + "/" + app + "/service-" + app + ".yaml"
	was := s.at("", path)
	if was == "" || s.edits[path] != "" {
		return
	}
	s.note("%s a person edits %s", s.now.Format("15:04"), path)
	s.edits[path] = was
	s.push("main", map[string]string{path: was + "# by hand\n"})
}

// rules are those that no fault and no race may break, as far as they can be seen from outside.
func (s *schedule) rules() {
	s.Helper()
	prs, err := s.forge("ada").PullRequests(s.ctx, scm.Filter{State: scm.Open})
	s.must(err)
	open := map[string]int{}
	for _, pr := range prs {
		if other := open[pr.Head]; other != 0 {
			s.Errorf("rule 2: #%d and #%d are both open for %s", other, pr.Number, pr.Head)
		}
		open[pr.Head] = pr.Number
	}
	if s.at("", "README.md") != "people's own\n" {
		s.Error("rule 4: a file of people's changed")
	}
	for path, was := range s.edits {
		if now := s.at("", path); now != was+"# by hand\n" && now != "" {
			s.Errorf("rule 4: the hand edit of %s is lost:\n%s", path, now)
		}
	}
	for _, commit := range s.unseen() {
		for i, env := range s.env {
			for _, app := range s.apps {
				s.judge(commit, i, env, app)
			}
		}
	}
}

// unseen gives what main went through since the last look, oldest first.
func (s *schedule) unseen() []git.ID {
	s.Helper()
	repo := s.repo()
	refs, err := repo.Refs(s.ctx)
	s.must(err)
	var fresh []git.ID
	next := refs["refs/heads/main"]
	was := s.looked
	s.looked = next
	s.must(repo.Log(s.ctx, next, func(c git.Commit) (bool, error) {
		if c.ID == was || c.ID == next && len(c.Parents) == 0 {
			return false, nil
		}
		if c.ID == next {
			fresh = append(fresh, c.ID)
			next = c.Parents[0]
		}
		return next != was, nil
	}))
	slices.Reverse(fresh)
	return fresh
}

// judge looks at what a commit of main holds for an app in the i-th environment.
func (s *schedule) judge(commit git.ID, i int, env, app string) {
	s.Helper()
	text := s.at(commit, env+"/"+app+"/"+release.RecordName)
	if text == "" {
		return
	}
	r, err := release.ParseRecord([]byte(text))
	if err != nil {
		s.Errorf("record of %s in %s at %.10s: %v", app, env, commit, err)
		return
	}
	n, key := r.Release.Sequence.Number, env+"/"+app
	if n < s.newest[key] {
		s.Errorf("rule 6: %s went back from release %d to %d in %s", app, s.newest[key], n, env)
	}
	s.newest[key] = n
	if i > 0 && !s.proven[s.env[i-1]+"/"+app][r.Release.Version] {
		s.Errorf("rule 5: %s holds %s %s, which nobody called healthy in %s", env, app, r.Release.Version, s.env[i-1])
	}
}

func (s *schedule) repo() *git.Repository {
	s.Helper()
	repo, err := git.Open(s.ctx, s.gitops, s.options("judge"))
	s.must(err)
	return repo
}

// at reads a file of a commit, of main's head where none is named; "" where there is none.
func (s *schedule) at(commit git.ID, path string) string {
	s.Helper()
	repo := s.repo()
	if commit == "" {
		refs, err := repo.Refs(s.ctx)
		s.must(err)
		commit = refs["refs/heads/main"]
	}
	c, err := repo.Commit(s.ctx, commit)
	s.must(err)
	entry, err := repo.Lookup(s.ctx, c.Tree, path)
	if errors.Is(err, git.ErrNotFound) {
		return ""
	}
	s.must(err)
	data, err := repo.Blob(s.ctx, entry.ID)
	s.must(err)
	return string(data)
}

// version tells which release an environment holds.
func (s *schedule) version(env, app string) string {
	s.Helper()
	text := s.at("", env+"/"+app+"/"+release.RecordName)
	if text == "" {
		return ""
	}
	r, err := release.ParseRecord([]byte(text))
	s.must(err)
	return r.Release.Version
}

// heal ends the faults, undoes what people have to undo, and drives a last release of every app to the end.
func (s *schedule) heal() {
	s.Helper()
	s.mu.Lock()
	s.chaos, s.healed = 0, true
	s.mu.Unlock()
	s.note("from here on nothing fails")
	for path, was := range s.edits {
		s.push("main", map[string]string{path: was})
		delete(s.edits, path)
	}
	if s.at("", foreign) != "" { // somebody merged it
		s.push("main", map[string]string{foreign: ""})
	}
	for _, branch := range strings.Fields(s.git("for-each-ref", "--format=%(refname:lstrip=2)", "refs/heads/ferry/")) {
		if s.file(branch, foreign) == "" {
			continue
		}
		prs, err := s.forge("grace").PullRequests(s.ctx, scm.Filter{Head: branch, State: scm.Open})
		s.must(err)
		for _, pr := range prs {
			s.must(s.forge("grace").ClosePullRequest(s.ctx, pr.Number, "somebody pushed to it"))
		}
		s.git("update-ref", "-d", "refs/heads/"+branch)
	}
	s.arrive()
}

// last is the release that ends every schedule.
const last = 40

func (s *schedule) arrive() {
	s.Helper()
	var missing []string
	for round := range 14 {
		s.now = s.now.Add(time.Hour)
		if round == 1 {
			for _, app := range s.apps {
				s.release(app, last, &fate{})
			}
		}
		s.advances(1)
		for _, env := range s.env {
			for _, app := range s.apps {
				s.reports(app, env, scm.Success)
			}
		}
		prs, err := s.forge("ada").PullRequests(s.ctx, scm.Filter{State: scm.Open})
		s.must(err)
		for _, pr := range prs {
			_, err := s.forge("ada").Review(s.ctx, pr.Number, scm.Review{Verdict: scm.Approved, SHA: pr.HeadSHA})
			s.must(err)
			if strings.HasPrefix(pr.Head, "ferry/dev/") {
				_, err = s.forge("ada").MergePullRequest(s.ctx, pr.Number, scm.Merge{Head: pr.HeadSHA})
				s.must(err)
			}
		}
		if missing = s.missing(); len(missing) == 0 && len(prs) == 0 {
			s.settled()
			return
		}
	}
	s.Errorf("rule 1: the last release has not arrived: %s; open: %v", strings.Join(missing, ", "), s.open())
}

// missing names where the last release is not.
func (s *schedule) missing() []string {
	var out []string
	for _, env := range s.env {
		for _, app := range s.apps {
			if v := s.version(env, app); v != fmt.Sprintf("1.%d.0", last) {
				out = append(out, fmt.Sprintf("%s of %s is %q", app, env, v))
			}
		}
	}
	return out
}

// settled checks that nothing is left to do.
func (s *schedule) settled() {
	s.Helper()
	s.advances(1)
	before := s.refs()
	s.advances(1)
	if s.refs() != before {
		s.Error("rule 8: a run with nothing to do wrote something")
	}
	if open := s.open(); len(open) > 0 {
		s.Errorf("left open: %v", open)
	}
}

// calm is the same configuration with the same people's changes and only the last release, without any fault.
func (s *schedule) calm() *schedule {
	s.Helper()
	c := newSchedule(s.T, s.seed)
	c.url, c.healed = "", true
	for _, change := range s.pushes {
		c.push("main", change)
	}
	c.arrive()
	if c.Failed() {
		s.note("then, in the calm run:")
		s.log = append(s.log, c.log...)
	}
	return c
}
