package local_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/ferry-cd/ferry/git"
	"github.com/ferry-cd/ferry/scm"
	"github.com/ferry-cd/ferry/scm/local"
)

const workerVariable = "FERRY_TEST_WORKER"

// TestMain makes the test binary a process that promotes, when it is told to: "<dir> <app> <rounds>".
func TestMain(m *testing.M) {
	work := strings.Fields(os.Getenv(workerVariable))
	if len(work) == 0 {
		os.Exit(m.Run())
	}
	rounds, err := strconv.Atoi(work[2])
	for round := 0; err == nil && round < rounds; round++ {
		err = promote(context.Background(), work[0], work[1], round)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// promote is the life of one pull request: branch, proposal, status, approval, merge.
func promote(ctx context.Context, dir, app string, round int) error {
	repo, err := git.Open(ctx, dir, git.Options{Identity: git.Identity{Name: app, Email: app + "@example.com"}})
	if err != nil {
		return err
	}
	bot, err := local.Open(ctx, repo, local.Options{User: "ferry"})
	if err != nil {
		return err
	}
	ada, err := local.Open(ctx, repo, local.Options{User: "ada"})
	if err != nil {
		return err
	}
	head, err := pushBranch(ctx, repo, app, round)
	if err != nil {
		return err
	}
	pr, _, err := bot.EnsurePullRequest(ctx, scm.Proposal{Head: "ferry/dev/" + app, Base: "main", Title: fmt.Sprint(app, " ", round)})
	if err != nil {
		return err
	}
	if _, err := bot.SetStatus(ctx, head, scm.Status{Context: "ferry/gates", State: scm.Success}); err != nil {
		return err
	}
	if _, err := ada.Review(ctx, pr.Number, scm.Review{Verdict: scm.Approved, SHA: head}); err != nil {
		return err
	}
	_, err = bot.MergePullRequest(ctx, pr.Number, scm.Merge{Head: head})
	return err
}

// pushBranch puts one commit with a file of its own on the current main.
func pushBranch(ctx context.Context, repo *git.Repository, app string, round int) (string, error) {
	refs, err := repo.Refs(ctx)
	if err != nil {
		return "", err
	}
	base := refs["refs/heads/main"]
	at, err := repo.Commit(ctx, base)
	if err != nil {
		return "", err
	}
	blob, err := repo.WriteBlob(fmt.Appendf(nil, "round: %d\n", round))
	if err != nil {
		return "", err
	}
	tree, err := repo.EditTree(ctx, at.Tree, git.Edit{Path: fmt.Sprintf("%s/%d.yaml", app, round), Mode: git.ModeFile, ID: blob})
	if err != nil {
		return "", err
	}
	head, err := repo.WriteCommit(ctx, git.NewCommit{Tree: tree, Parents: []git.ID{base}, Message: app})
	if err != nil {
		return "", err
	}
	branch := "refs/heads/ferry/dev/" + app
	return string(head), repo.Push(ctx, git.Update{Ref: branch, Old: refs[branch], New: head})
}

func worker(t *testing.T, dir, app string, rounds int) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), fmt.Sprintf("%s=%s %s %d", workerVariable, dir, app, rounds))
	return cmd
}

// Four processes promote, a person pushes and Git collects garbage, all at once: nothing is lost and nothing doubled.
func TestProcessesAtOnce(t *testing.T) {
	const workers, rounds = 4, 4
	dir, p := forge(t)
	protectAll(t, dir)
	ended := make(chan string)
	for i := range workers {
		go func() {
			out, err := worker(t, dir, fmt.Sprint("app-", i), rounds).CombinedOutput()
			ended <- fmt.Sprintf("%s %v", out, err)
		}()
	}
	stop := make(chan struct{})
	people := make(chan pushes)
	go func() { people <- push(t, p, stop) }()
	collected := make(chan int)
	go func() { collected <- collect(dir, stop) }()
	for range workers {
		if out := <-ended; out != " <nil>" {
			t.Error(out)
		}
	}
	close(stop)
	pushed, times := <-people, <-collected
	t.Logf("%d pushes, %d got in, %d collections meanwhile", pushed.tried, len(pushed.in), times)
	if pushed.tried == 0 || times == 0 {
		t.Error("that is no test")
	}
	checkForge(t, dir, workers*rounds, pushed.in)
}

func protectAll(t *testing.T, dir string) {
	t.Helper()
	settings(t, dir, map[string]any{"protect": []any{map[string]any{"branch": "main", "statuses": []string{"ferry/gates"}, "approvals": 1}}})
}

// pushes are a person's attempts to push to main: one that comes too late is refused, as Git does.
type pushes struct {
	tried int
	in    []string
}

// push pushes to main without force until told to stop.
func push(t *testing.T, p person, stop chan struct{}) (done pushes) {
	for ; ; done.tried++ {
		select {
		case <-stop:
			return done
		default:
		}
		_, _ = tryGit(p.dir, "fetch", "-q", "origin", "+refs/heads/main:refs/remotes/origin/main")
		_, _ = tryGit(p.dir, "checkout", "-q", "--detach", "origin/main")
		_, _ = tryGit(p.dir, "commit", "-q", "--allow-empty", "-m", fmt.Sprint("by hand ", done.tried))
		if _, err := tryGit(p.dir, "push", "-q", "origin", "HEAD:refs/heads/main"); err == nil {
			done.in = append(done.in, run(t, p.dir, "rev-parse", "HEAD"))
		}
	}
}

// collect packs refs and objects until told to stop, and tells how often.
func collect(dir string, stop chan struct{}) (times int) {
	for {
		select {
		case <-stop:
			return times
		case <-time.After(20 * time.Millisecond):
		}
		_, packed := tryGit(dir, "pack-refs", "--all")
		if _, err := tryGit(dir, "gc", "-q"); err == nil && packed == nil {
			times++
		}
	}
}

// checkForge expects so many pull requests, all merged, with all that was pushed on main.
func checkForge(t *testing.T, dir string, many int, pushed []string) {
	t.Helper()
	c := open(t, dir, "auditor")
	prs, err := c.PullRequests(t.Context(), scm.Filter{})
	if err != nil {
		t.Fatal(err)
	}
	for i, pr := range prs {
		if pr.Number != many-i || pr.State != scm.Merged || pr.ClosedBy != "ferry" {
			t.Errorf("%d: %+v", many-i, pr)
		}
		pushed = append(pushed, pr.MergeCommit)
		statuses, err := c.Statuses(t.Context(), pr.HeadSHA)
		reviews, err2 := c.Reviews(t.Context(), pr.Number)
		if len(statuses) != 1 || len(reviews) != 1 || err != nil || err2 != nil {
			t.Errorf("%d: %d statuses, %d reviews, %v, %v", pr.Number, len(statuses), len(reviews), err, err2)
		}
	}
	if len(prs) != many {
		t.Errorf("%d pull requests, want %d", len(prs), many)
	}
	for _, commit := range pushed {
		run(t, dir, "merge-base", "--is-ancestor", commit, "main")
	}
	if files := strings.Fields(run(t, dir, "ls-tree", "-r", "--name-only", "main")); len(files) != many+2 {
		t.Errorf("%d files on main, want %d: %v", len(files), many+2, files)
	}
}

// A process that is killed anywhere leaves a forge that the next one goes on with.
func TestKilledAnywhere(t *testing.T) {
	dir, _ := forge(t)
	protectAll(t, dir)
	r := rand.New(rand.NewPCG(2, 3))
	killed := 0
	for round := range 15 {
		cmd := worker(t, dir, fmt.Sprint("app-", round%3), 1000)
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Duration(40+r.IntN(160)) * time.Millisecond)
		_ = cmd.Process.Kill()
		if err := cmd.Wait(); err != nil && strings.Contains(err.Error(), "killed") {
			killed++
		}
		unlock(t, dir)
		usable(t, dir)
	}
	if killed < 8 {
		t.Errorf("only %d processes were killed at work", killed)
	}
	for i := range 3 {
		if err := promote(t.Context(), dir, fmt.Sprint("app-", i), 5000); err != nil {
			t.Error(err)
		}
	}
}

// unlock does at once what time does for the forge's own locks (see TestLocksOfTheDead), and people for those of branches.
func unlock(t *testing.T, dir string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, ".lock") {
			return err
		}
		t.Log("left behind:", path)
		return os.Remove(path)
	})
	if err != nil {
		t.Fatal(err)
	}
}

func makeOld(path string) error {
	at := time.Now().Add(-2 * time.Minute)
	return os.Chtimes(path, at, at)
}

// The lock of a dead process is in nobody's way for long; that of a living one is kept to.
func TestLocksOfTheDead(t *testing.T) {
	for _, row := range []struct {
		ref   string
		old   bool
		freed bool
	}{{"refs/ferry/pulls", true, true}, {"refs/ferry/pulls", false, false}, {"refs/heads/main", true, false}} {
		t.Run(fmt.Sprint(row), func(t *testing.T) {
			t.Parallel()
			dir, p := forge(t)
			c := open(t, dir, "ferry")
			head := p.commit(t, "main", "web", map[string]string{"a": "1\n"})
			pr := propose(t, c, "web")
			lock := filepath.Join(dir, row.ref+".lock")
			if err := os.WriteFile(lock, nil, 0o600); err != nil {
				t.Fatal(err)
			}
			if row.old {
				if err := makeOld(lock); err != nil {
					t.Fatal(err)
				}
			}
			_, err := c.MergePullRequest(t.Context(), pr.Number, scm.Merge{Head: head})
			if _, left := os.Stat(lock); (err == nil) != row.freed || (left != nil) != row.freed {
				t.Errorf("merge: %v; lock: %v; want it freed: %v", err, left, row.freed)
			}
			_ = os.Remove(lock)
		})
	}
}

// usable expects whole objects, one open pull request a head, and every merge on main.
func usable(t *testing.T, dir string) {
	t.Helper()
	run(t, dir, "fsck", "--strict", "--no-dangling", "--connectivity-only")
	prs, err := open(t, dir, "auditor").PullRequests(t.Context(), scm.Filter{})
	if err != nil {
		t.Fatal(err)
	}
	var heads []string
	for i, pr := range prs {
		if pr.Number != len(prs)-i {
			t.Errorf("number %d at place %d of %d", pr.Number, i, len(prs))
		}
		switch pr.State {
		case scm.Open:
			heads = append(heads, pr.Head)
		case scm.Merged:
			run(t, dir, "merge-base", "--is-ancestor", pr.MergeCommit, "main")
		}
	}
	slices.Sort(heads)
	if len(slices.Compact(slices.Clone(heads))) != len(heads) {
		t.Errorf("two open pull requests for a head: %v", heads)
	}
}

// A merge that died after the base had moved is a merge.
func TestDiedAfterTheBaseMoved(t *testing.T) {
	dir, p := forge(t)
	head := p.commit(t, "main", "web", map[string]string{"a": "1\n"})
	c := open(t, dir, "ferry")
	pr := propose(t, c, "web")
	dying, cancel := context.WithCancel(t.Context())
	merged := local.MergeAndDie(dying, cancel, c, pr.Number)
	if !errors.Is(merged, context.Canceled) {
		t.Fatalf("it did not die: %v", merged)
	}
	at := run(t, dir, "rev-parse", "main")
	got, err := open(t, dir, "ada").PullRequest(t.Context(), pr.Number)
	if err != nil || got.State != scm.Merged || got.MergeCommit != at || got.ClosedBy != "ferry" {
		t.Errorf("merged as %s: %+v, %v", at, got, err)
	}
	if commit, err := open(t, dir, "ferry").MergePullRequest(t.Context(), pr.Number, scm.Merge{Head: head}); err != nil || commit != at {
		t.Errorf("again: %s, %v; want %s", commit, err, at)
	}
}
