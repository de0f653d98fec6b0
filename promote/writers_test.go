package promote_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/ferry-cd/ferry/git"
	"github.com/ferry-cd/ferry/git/gittest"
	"github.com/ferry-cd/ferry/promote"
	"github.com/ferry-cd/ferry/release"
	"github.com/ferry-cd/ferry/source"
)

// mostTries is how often a writer may try to move one branch while others move it too.
const mostTries = 8

// writer is a process of ferry behind smart HTTP, whose attempts to push are counted by branch.
type writer struct {
	*promote.Promoter
	tries map[string]*atomic.Int64
}

func (w *world) writer() writer {
	w.Helper()
	counted := writer{w.ferry(), map[string]*atomic.Int64{"main": {}, release.SourcesBranch: {}}}
	url := gittest.NewServer(w.T, w.gitops, gittest.Wrap(counted.count))
	repo, err := git.Open(w.ctx, url, w.options("ferry"))
	w.must(err)
	counted.Repo, counted.Sources = repo, source.NewStore(repo)
	return counted
}

// count looks into what is pushed: the refs come first, in plain text.
func (wr writer) count(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost && strings.HasSuffix(r.URL.Path, "git-receive-pack") {
			body, err := io.ReadAll(r.Body)
			if err != nil {
				panic(http.ErrAbortHandler)
			}
			for branch, tries := range wr.tries {
				if bytes.Contains(body, []byte(" refs/heads/"+branch)) {
					tries.Add(1)
				}
			}
			r.Body = io.NopCloser(bytes.NewReader(body))
		}
		next.ServeHTTP(w, r)
	})
}

// submits hands a release over as a process of its own does.
func (wr writer) submits(w *world, rel release.Release) error {
	scope := promote.Scope{Apps: []string{rel.App}}
	s, err := wr.Load(w.ctx, scope)
	if err != nil {
		return err
	}
	in, err := wr.Sources.(*source.Store).Intake(w.ctx, w.apps, []release.Release{rel})
	if err != nil {
		return err
	}
	r, err := wr.Submit(w.ctx, s, in, promote.Options{Scope: scope})
	if err != nil {
		return err
	}
	return r.Errors()
}

// atOnce lets one writer hand over each release, all at the same time.
func (w *world) atOnce(releases []release.Release) ([]writer, []error) {
	w.Helper()
	writers, ends := make([]writer, len(releases)), make([]error, len(releases))
	for i := range releases {
		writers[i] = w.writer()
	}
	var wg sync.WaitGroup
	for i, rel := range releases {
		wg.Go(func() { ends[i] = writers[i].submits(w, rel) })
	}
	wg.Wait()
	return writers, ends
}

// Many pipelines write one branch, each its own app: all of them land, each with few tries.
func TestWritersOfOneBranch(t *testing.T) {
	count := 32
	if testing.Short() {
		count = 6
	}
	apps := make([]string, count)
	var lines strings.Builder
	for i := range apps {
		apps[i] = fmt.Sprintf("app%02d", i)
		fmt.Fprintf(&lines, "  - {name: %[1]s, source: {repository: https://example.com/acme/apps, path: %[1]s}, images: [{name: ghcr.io/acme/%[1]s}], namespace: %[1]s}\n", apps[i])
	}
	before, after, _ := strings.Cut(ferryYAML, "environments:\n")
	before, _, _ = strings.Cut(before, "  - {name: shop")
	w := newWorld(t, before+lines.String()+"environments:\n"+after, nil)
	var releases []release.Release
	for _, app := range apps {
		w.templates(app, map[string]string{"deployment.yaml.tmpl": deployment, "service.yaml.tmpl": service})
		releases = append(releases, w.release(app, 1))
	}
	commits := w.git("rev-list", "--count", "main")
	writers, ends := w.atOnce(releases)
	most := map[string]int64{}
	for i, app := range apps {
		if ends[i] != nil {
			t.Errorf("%s: %v", app, ends[i])
		}
		if got := w.version("dev", app); got != "1.1.0" {
			t.Errorf("dev holds %q of %s", got, app)
		}
		for branch, tries := range writers[i].tries {
			most[branch] = max(most[branch], tries.Load())
		}
	}
	t.Logf("most tries: %v", most)
	for branch, tries := range most {
		if tries > mostTries {
			t.Errorf("a writer tried %d times to move %s", tries, branch)
		}
	}
	if got := w.git("rev-list", "--count", "main"); got != fmt.Sprint(count+1) || commits != "1" {
		t.Errorf("%s commits, from %s", got, commits)
	}
	if got := w.git("fsck", "--strict", "--no-dangling"); got != "" {
		t.Error(got)
	}
}

// Pipelines of one app at once: the newest release wins, with one pull request, whoever comes last.
func TestWritersOfOneApp(t *testing.T) {
	w := newWorld(t, strings.Replace(ferryYAML, "{name: dev, pullRequest: false}", "{name: dev}", 1), nil)
	const count = 8
	var releases []release.Release
	for n := int64(count); n > 0; n-- { // the newest first, so that the late are the old
		releases = append(releases, w.release("shop", n))
	}
	writers, ends := w.atOnce(releases)
	for i, err := range ends {
		var older *source.OlderError
		if err != nil && (i == 0 || !errors.As(err, &older)) {
			t.Errorf("%s: %v", releases[i].Version, err)
		}
		for branch, tries := range writers[i].tries {
			if tries.Load() > mostTries {
				t.Errorf("%s tried %d times to move %s", releases[i].Version, tries.Load(), branch)
			}
		}
	}
	if got := w.open(); len(got) != 1 || got[0] != "1 shop 1.8.0 -> dev" {
		t.Errorf("open: %v", got)
	}
	have, err := source.NewStore(w.ferry().Repo).Accepted(w.ctx, "shop")
	w.must(err)
	if have["shop"].Version != "1.8.0" {
		t.Errorf("accepted: %s", have["shop"].Version)
	}
	before := w.refs()
	w.advance()
	if w.refs() != before {
		t.Error("there was something left to do")
	}
}
