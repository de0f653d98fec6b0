package git_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ferry-cd/ferry/git"
	"github.com/ferry-cd/ferry/git/gittest"
)

// TestMain lets the test program run itself as one of several processes that work on a repository.
func TestMain(m *testing.M) {
	if dir := os.Getenv("FERRY_TEST_COUNT_IN"); dir != "" {
		if err := countIn(context.Background(), dir, os.Getenv("FERRY_TEST_COUNT_AS"), counts); err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

const counts = 4

// countIn adds one to the file count n times, in a commit each, and makes and deletes a ref of its own on the way.
func countIn(ctx context.Context, remote, name string, n int) error {
	o := git.RetryOptions{Attempts: 1000, First: 5 * time.Millisecond, Longest: 50 * time.Millisecond}
	for i := range n {
		err := git.Retry(ctx, o, func(int) error { return countOnce(ctx, remote, name, i) })
		if err != nil {
			return fmt.Errorf("%s, count %d: %w", name, i, err)
		}
	}
	return nil
}

func countOnce(ctx context.Context, remote, name string, i int) error {
	r, err := git.Open(ctx, remote, options)
	if err != nil {
		return err
	}
	refs, err := r.Refs(ctx)
	if err != nil {
		return err
	}
	if err := r.Fetch(ctx, 1, "refs/heads/main"); err != nil {
		return err
	}
	head, err := r.Commit(ctx, refs["refs/heads/main"])
	if err != nil {
		return err
	}
	e, err := r.Lookup(ctx, head.Tree, "count")
	if err != nil {
		return err
	}
	text, err := r.Blob(ctx, e.ID)
	if err != nil {
		return err
	}
	count, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil {
		return err
	}
	id, err := tryChange(ctx, r, head, map[string]string{"count": fmt.Sprintln(count + 1), "by/" + name: fmt.Sprintln(name, i)})
	if err != nil {
		return err
	}
	own := "refs/heads/own/" + name
	return r.Push(ctx, git.Update{Ref: "refs/heads/main", Old: head.ID, New: id}, git.Update{Ref: own, Old: refs[own], New: id})
}

// background runs fn again and again until the returned function is called, which gives how often it ran.
func background(fn func(i int)) (stop func() int) {
	done, ended := make(chan struct{}), make(chan int)
	go func() {
		for i := 0; ; i++ {
			select {
			case <-done:
				ended <- i
				return
			default:
				fn(i)
				time.Sleep(20 * time.Millisecond)
			}
		}
	}()
	return func() int { close(done); return <-ended }
}

// TestNothingIsLostAmongOthers lets goroutines, processes and `git push` count in one file while Git packs refs and
// collects garbage without mercy.
func TestNothingIsLostAmongOthers(t *testing.T) {
	dir := gittest.Bare(t, map[string]string{"count": "0\n"})
	gittest.Run(t, dir, "config", "gc.auto", "0")
	gittest.Run(t, dir, "config", "receive.unpackLimit", "1") // else git itself loses what it receives while it prunes
	stopPacking := background(func(int) { _, _ = gittest.Try(dir, "pack-refs", "--all", "--prune") })
	stopGC := background(func(int) { _, _ = gittest.Try(dir, "gc", "--quiet", "--prune=now") })
	stopReading := background(func(int) { readAll(t, dir) })

	var wg sync.WaitGroup
	const goroutines, processes, pushes = 8, 2, 3
	for i := range goroutines {
		wg.Go(func() {
			if err := countIn(t.Context(), dir, fmt.Sprint("goroutine-", i), counts); err != nil {
				t.Error(err)
			}
		})
	}
	for i := range processes {
		wg.Go(func() {
			cmd := exec.Command(os.Args[0])
			cmd.Env = append(os.Environ(), "FERRY_TEST_COUNT_IN="+dir, fmt.Sprint("FERRY_TEST_COUNT_AS=process-", i))
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Errorf("process %d: %v\n%s", i, err, out)
			}
		})
	}
	clone := filepath.Join(t.TempDir(), "clone")
	gittest.Run(t, t.TempDir(), "clone", "--quiet", dir, clone)
	wg.Go(func() {
		for range pushes {
			pushWithGit(t, clone)
		}
	})
	wg.Wait()
	t.Logf("%d packings of refs, %d collections of garbage, %d readings", stopPacking(), stopGC(), stopReading())

	want := (goroutines+processes)*counts + pushes
	if got := gittest.Run(t, dir, "show", "main:count"); got != fmt.Sprint(want) {
		t.Errorf("count = %s, want %d", got, want)
	}
	if got := gittest.Run(t, dir, "rev-list", "--count", "main"); got != fmt.Sprint(want+1) {
		t.Errorf("%s commits, want %d", got, want+1)
	}
	if got := strings.Count(branches(t, dir), "own/"); got != goroutines+processes {
		t.Errorf("%d own branches, want %d", got, goroutines+processes)
	}
	gittest.Run(t, dir, "gc", "--quiet", "--prune=now")
	noLocks(t, dir)
	fsck(t, dir)
}

// readAll reads a repository as it is while others change it: what a ref names must be there, all of it.
func readAll(t *testing.T, dir string) {
	ctx := context.Background()
	r, err := git.Open(ctx, dir, options)
	if err != nil {
		t.Error(err)
		return
	}
	refs, err := r.Refs(ctx)
	if err != nil || refs["refs/heads/main"] == "" {
		t.Errorf("%v, %v", refs, err)
		return
	}
	err = r.Log(ctx, refs["refs/heads/main"], func(c git.Commit) (bool, error) {
		files, err := r.Walk(ctx, c.Tree, "")
		for _, f := range files {
			if _, blobErr := r.Blob(ctx, f.ID); blobErr != nil {
				err = errors.Join(err, blobErr)
			}
		}
		return true, err
	})
	if err != nil {
		t.Errorf("read: %v", err)
	}
}

// pushWithGit adds one to the file count as a person would.
func pushWithGit(t *testing.T, clone string) {
	for range 200 {
		if _, err := gittest.Try(clone, "fetch", "--quiet", "origin", "main"); err != nil {
			continue
		}
		gittest.Run(t, clone, "reset", "--quiet", "--hard", "FETCH_HEAD")
		path := filepath.Join(clone, "count")
		text, err := os.ReadFile(path)
		if err != nil {
			t.Error(err)
			return
		}
		n, _ := strconv.Atoi(strings.TrimSpace(string(text)))
		if err := os.WriteFile(path, []byte(fmt.Sprintln(n+1)), 0o666); err != nil {
			t.Error(err)
			return
		}
		gittest.Run(t, clone, "commit", "--quiet", "-a", "-m", "count")
		if _, err := gittest.Try(clone, "push", "--quiet", "origin", "HEAD:main"); err == nil {
			return
		}
	}
	t.Error("git never got through")
}

// TestOneOfManyWinsOverHTTP lets several push to a server at the same time.
func TestOneOfManyWinsOverHTTP(t *testing.T) {
	dir := gittest.Bare(t, map[string]string{"count": "0\n"})
	url := gittest.NewServer(t, dir)
	var wg sync.WaitGroup
	for i := range 4 {
		wg.Go(func() {
			if err := countIn(t.Context(), url, fmt.Sprint("client-", i), 3); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if got := gittest.Run(t, dir, "show", "main:count"); got != "12" {
		t.Errorf("count = %s, want 12", got)
	}
	fsck(t, dir)
}
