package promote_test

import (
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ferry-cd/ferry/git"
	"github.com/ferry-cd/ferry/git/gittest"
	"github.com/ferry-cd/ferry/scm"
	"github.com/ferry-cd/ferry/source"
)

// notary makes commits on the server, as a forge that signs them does.
type notary struct {
	t    *testing.T
	dir  string
	lies bool
	made []string
}

func (n *notary) SignedCommit(_ context.Context, c scm.Commit) (string, error) {
	index := filepath.Join(n.t.TempDir(), "index")
	run := func(stdin string, args ...string) string {
		cmd := exec.Command("git", args...)
		cmd.Dir, cmd.Stdin, cmd.Env = n.dir, strings.NewReader(stdin), append(gittest.Env(), "GIT_INDEX_FILE="+index)
		out, err := cmd.CombinedOutput()
		if err != nil {
			n.t.Fatalf("git %v: %v\n%s", args, err, out)
		}
		return strings.TrimSpace(string(out))
	}
	run("", "read-tree", c.Parent)
	for _, f := range c.Files {
		if f.Data == nil {
			run("", "rm", "--cached", "-q", "--", f.Path)
			continue
		}
		data := string(f.Data)
		if n.lies {
			data += "# and more\n"
		}
		run("", "update-index", "--add", "--cacheinfo", "100644,"+run(data, "hash-object", "-w", "--stdin")+","+f.Path)
	}
	sha := run(c.Message, "commit-tree", run("", "write-tree"), "-p", c.Parent, "-F", "-")
	n.made = append(n.made, sha)
	return sha, nil
}

// Where the forge vouches for commits, the branch holds the forge's own commit, over the network too; a forge that signs
// something else is not believed.
func TestTheForgeSigns(t *testing.T) {
	for _, lies := range []bool{false, true} {
		t.Run(fmt.Sprintf("lies=%v", lies), func(t *testing.T) {
			w := newWorld(t, strings.Replace(ferryYAML, "{name: dev, pullRequest: false}", "{name: dev}", 1), nil)
			url := gittest.NewServer(t, w.gitops)
			repo, err := git.Open(w.ctx, url, w.options("ferry"))
			w.must(err)
			p := w.ferry()
			signer := &notary{t: t, dir: w.gitops, lies: lies}
			p.Repo, p.Sources = repo, source.NewStore(repo)
			p.Signer = func(context.Context, string) (scm.Signer, error) { return signer, nil }
			err = w.handOver(p, &fate{}, 1)
			if lies {
				if err == nil || !strings.Contains(err.Error(), "the forge signed another change") || strings.Contains(w.refs(), "refs/heads/ferry/dev") {
					t.Errorf("%v\n%s", err, w.refs())
				}
				return
			}
			if err != nil || len(signer.made) != 1 || string(w.head("ferry/dev/shop")) != signer.made[0] {
				t.Fatalf("%v: the branch is at %s, the forge made %v", err, w.head("ferry/dev/shop"), signer.made)
			}
			if w.file("ferry/dev/shop", "dev/shop/release.lock") == "" {
				t.Error("there is no record")
			}
		})
	}
}
