package git_test

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/ferry-cd/ferry/git"
	"github.com/ferry-cd/ferry/git/gittest"
)

// rejections are how servers say no: GitHub, GitLab, Gitea, Azure DevOps, git itself, and git in other languages.
var rejections = []string{
	"cannot lock ref 'refs/heads/main': is at 1111111111111111111111111111111111111111 but expected 2222222222222222222222222222222222222222",
	"failed to update ref",
	"pre-receive hook declined",
	"protected branch hook declined",
	"TF402455: Pushes to this branch are not permitted; you must use a pull request to update this branch.",
	"TF401027: You need the Git 'GenericContribute' permission to perform this action.",
	"fetch first",
	"non-fast-forward",
	"reference already exists",
	"Die Referenz konnte nicht gesperrt werden",
	"参照をロックできません",
	"la référence a été déplacée",
	"",
}

// Whatever a server says, in whatever language: where the ref stands afterwards decides whether a race was lost (and is
// run again) or the push was refused (and is not).
func TestWordsOfARejectionDecideNothing(t *testing.T) {
	for _, words := range rejections {
		for _, moves := range []bool{false, true} {
			t.Run(fmt.Sprintf("%.20s moved=%v", words, moves), func(t *testing.T) {
				t.Parallel()
				dir := gittest.Bare(t, map[string]string{"f": "1\n"})
				r := open(t, gittest.NewServer(t, dir, gittest.Wrap(rejecting(t, dir, words, moves))))
				from := tip(t, r, "main")
				err := r.Push(t.Context(), git.Update{Ref: "refs/heads/main", Old: from.ID, New: change(t, r, from, map[string]string{"f": "2\n"})})
				var moved *git.MovedError
				if errors.As(err, &moved) != moves || errors.Is(err, git.ErrRefused) == moves {
					t.Errorf("%v", err)
				}
			})
		}
	}
}

// rejecting takes no push; another one may have been faster.
func rejecting(t *testing.T, dir, words string, moves bool) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Method != http.MethodPost || !strings.HasSuffix(r.URL.Path, "receive-pack") {
				next.ServeHTTP(w, r)
				return
			}
			if moves {
				gittest.Commit(t, dir, "main", map[string]string{"g": "another's\n"})
			}
			report := fmt.Sprintf("%04xunpack ok\n", 4+len("unpack ok\n"))
			line := "ng refs/heads/main " + words + "\n"
			report += fmt.Sprintf("%04x%s0000", 4+len(line), line)
			w.Header().Set("Content-Type", "application/x-git-receive-pack-result")
			_, _ = fmt.Fprintf(w, "%04x\x01%s0000", 5+len(report), report)
		})
	}
}
