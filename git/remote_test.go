package git_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/ferry-cd/ferry/git"
	"github.com/ferry-cd/ferry/git/gittest"
)

// requests records what a server was asked.
type requests struct {
	mu    sync.Mutex
	lines []string
}

func (q *requests) option() gittest.Option {
	return gittest.Observe(func(r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		r.Body = io.NopCloser(bytes.NewReader(body))
		q.mu.Lock()
		defer q.mu.Unlock()
		line := r.Method + " " + r.URL.Path[strings.LastIndex(r.URL.Path, "/")+1:]
		if r.URL.RawQuery != "" {
			line += " " + strings.TrimPrefix(r.URL.RawQuery, "service=")
		}
		for _, word := range []string{"filter blob:none", "deepen 1\n", "deepen 50\n", "deepen 1000\n"} {
			if bytes.Contains(body, []byte(word)) {
				line += " " + strings.TrimSpace(word)
			}
		}
		if n := bytes.Count(body, []byte("want ")); n > 0 && strings.HasSuffix(r.URL.Path, "upload-pack") {
			line += fmt.Sprintf(" wants %d", n)
		}
		q.lines = append(q.lines, line)
	})
}

// take gives the requests since the last call.
func (q *requests) take() string {
	q.mu.Lock()
	defer q.mu.Unlock()
	text := strings.Join(q.lines, "\n")
	q.lines = nil
	return text
}

func TestRemoteEditsWithFourRequests(t *testing.T) {
	dir := gittest.Bare(t, map[string]string{"a.txt": "one\n", "dir/b.txt": "two\n", "dir/c.txt": "three\n"})
	gittest.Commit(t, dir, "main", map[string]string{"a.txt": "two\n"})
	var q requests
	r := open(t, gittest.NewServer(t, dir, q.option()))

	refs := must(r.Refs(t.Context()))(t)
	if err := r.Fetch(t.Context(), 1, "refs/heads/main", "refs/heads/no"); err != nil {
		t.Fatal(err)
	}
	c := must(r.Commit(t.Context(), refs["refs/heads/main"]))(t)
	files := must(r.Walk(t.Context(), c.Tree, "dir"))(t)
	blobs := must(r.Blobs(t.Context(), files[0].ID, files[1].ID))(t)
	if string(blobs[files[0].ID]) != "two\n" || string(blobs[files[1].ID]) != "three\n" {
		t.Errorf("blobs = %q", blobs)
	}
	if got, want := q.take(), "GET refs git-upload-pack\n"+
		"POST git-upload-pack filter blob:none deepen 1 wants 1\n"+
		"POST git-upload-pack wants 2"; got != want {
		t.Errorf("requests:\n%s\nwant:\n%s", got, want)
	}
	next := change(t, r, c, map[string]string{"dir/b.txt": "", "dir/new.txt": "four\n"})
	if err := r.Push(t.Context(), git.Update{Ref: "refs/heads/main", Old: c.ID, New: next}, git.Update{Ref: "refs/heads/other", New: next}); err != nil {
		t.Fatal(err)
	}
	if got, want := q.take(), "GET refs git-receive-pack\nPOST git-receive-pack\nGET refs git-receive-pack"; got != want {
		t.Errorf("requests:\n%s\nwant:\n%s", got, want)
	}
	if got := must(r.Commit(t.Context(), next))(t); got.Parents[0] != c.ID || q.take() != "" {
		t.Errorf("what was pushed is not at hand: %+v", got)
	}
	fsck(t, dir)
	if got := gittest.Run(t, dir, "diff", "--stat=60", string(c.ID), "other"); !strings.Contains(got, "dir/new.txt | 1 +") || !strings.Contains(got, "2 files changed") {
		t.Errorf("diff:\n%s", got)
	}
	if err := r.Push(t.Context(), git.Update{Ref: "refs/heads/other", Old: next}); err != nil {
		t.Fatal(err)
	}
	if refs := must(r.Refs(t.Context()))(t); len(refs) != 1 || refs["refs/heads/main"] != next {
		t.Errorf("refs = %v", refs)
	}
}

// refuseUnnamed makes a server that says it gives every object, and then gives only what its refs name.
func refuseUnnamed(dir string) gittest.Option {
	return gittest.Wrap(func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			r.Body = io.NopCloser(bytes.NewReader(body))
			named, _ := gittest.Try(dir, "for-each-ref", "--format=want %(objectname)")
			for _, want := range regexp.MustCompile("want [0-9a-f]{40}").FindAllString(string(body), -1) {
				if !strings.Contains(named, want) {
					w.Header().Set("Content-Type", "application/x-git-upload-pack-result")
					fmt.Fprint(w, "0013ERR not our ref")
					return
				}
			}
			next.ServeHTTP(w, r)
		})
	})
}

func TestRemoteWithoutAbilities(t *testing.T) {
	dir := gittest.Bare(t, map[string]string{"a.txt": "one\n", "dir/b.txt": "two\n"})
	first := git.ID(gittest.Run(t, dir, "rev-parse", "main"))
	for i := range 3 {
		gittest.Commit(t, dir, "main", map[string]string{"dir/b.txt": fmt.Sprint("version ", i, "\n")})
	}
	for name, options := range map[string][]gittest.Option{
		"everything":       nil,
		"no filter":        {gittest.NoFilter()},
		"no wants":         {gittest.NoWants()},
		"neither":          {gittest.NoFilter(), gittest.NoWants()},
		"only multi_ack":   {gittest.OnlyMultiACK(), gittest.NoFilter(), gittest.NoWants()},
		"push options too": {gittest.PushOptions()},
		"wants refused":    {refuseUnnamed(dir)},
	} {
		t.Run(name, func(t *testing.T) {
			r := open(t, gittest.NewServer(t, dir, options...))
			if err := r.Fetch(t.Context(), 1, "refs/heads/main"); err != nil {
				t.Fatal(err)
			}
			c := tip(t, r, "main")
			e := must(r.Lookup(t.Context(), c.Tree, "dir/b.txt"))(t)
			if got := string(must(r.Blob(t.Context(), e.ID))(t)); got != "version 2\n" {
				t.Errorf("at the tip: %q", got)
			}
			old := must(r.Commit(t.Context(), first))(t)
			e = must(r.Lookup(t.Context(), old.Tree, "dir/b.txt"))(t)
			if got := string(must(r.Blob(t.Context(), e.ID))(t)); got != "two\n" {
				t.Errorf("at the beginning: %q", got)
			}
			if _, err := r.Blob(t.Context(), git.BlobID([]byte("nobody has this"))); !errors.Is(err, git.ErrNotFound) {
				t.Errorf("no such blob: %v", err)
			}
			if _, err := r.Commit(t.Context(), git.BlobID([]byte("nobody has this"))); !errors.Is(err, git.ErrNotFound) {
				t.Errorf("no such commit: %v", err)
			}
			branch := "refs/heads/" + strings.ReplaceAll(name, " ", "-")
			if err := r.Push(t.Context(), git.Update{Ref: branch, New: change(t, r, c, map[string]string{"x": name})}); err != nil {
				t.Error(err)
			}
			fsck(t, dir)
		})
	}
}

func TestLogDeepens(t *testing.T) {
	dir := gittest.Bare(t, map[string]string{"a.txt": "0\n"})
	for i := range 120 {
		gittest.Commit(t, dir, "main", map[string]string{"a.txt": fmt.Sprint(i+1, "\n")})
	}
	var q requests
	r := open(t, gittest.NewServer(t, dir, q.option()))
	head := must(r.Head(t.Context()))(t)
	for _, n := range []int{1, 10, 121} {
		var log []string
		err := r.Log(t.Context(), head, func(c git.Commit) (bool, error) {
			log = append(log, string(c.ID))
			return len(log) < n, nil
		})
		want := gittest.Run(t, dir, "rev-list", fmt.Sprint("--max-count=", n), "main")
		if got := strings.Join(log, "\n"); err != nil || got != want {
			t.Errorf("first %d: %v\n%s\nwant\n%s", n, err, got, want)
		}
	}
	if got, want := q.take(), "GET refs git-upload-pack\n"+
		"POST git-upload-pack filter blob:none deepen 1 wants 1\n"+
		"POST git-upload-pack filter blob:none deepen 50 wants 1\n"+
		"POST git-upload-pack filter blob:none deepen 1000 wants 1"; got != want {
		t.Errorf("requests:\n%s\nwant:\n%s", got, want)
	}
}
