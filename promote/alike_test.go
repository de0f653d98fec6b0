package promote_test

import (
	"strings"
	"testing"

	"github.com/ferry-cd/ferry/scm"
)

// A reviewer of prod reads whether it is the change that was approved in qa, or another one.
func TestTheSameChangeAsUpstream(t *testing.T) {
	for name, c := range map[string]struct {
		values string // of prod, changed together with the release
		want   string
	}{
		"the same change": {"", "same digests and same change"},
		"another change":  {"replicas: 7\n", "same digests"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, ferryYAML, map[string]string{"values/prod/shop.yaml": "replicas: 5\n"})
			arrive := func(n int64, number int) scm.PullRequest {
				w.mustSubmit(n)
				w.healthy("dev")
				w.advance()
				w.healthy("qa")
				w.advance()
				pr, err := w.forge("ada").PullRequest(w.ctx, number)
				w.must(err)
				return pr
			}
			first := arrive(1, 2)
			if strings.Contains(first.Body, "same change") {
				t.Error("what is new everywhere is no change")
			}
			_, err := w.forge("grace").MergePullRequest(w.ctx, first.Number, scm.Merge{Head: first.HeadSHA})
			w.must(err)
			if c.values != "" {
				w.push("main", map[string]string{"values/prod/shop.yaml": c.values})
			}
			body := arrive(2, 4).Body
			if !strings.Contains(body, c.want) || strings.Contains(body, "same change") != (c.values == "") {
				t.Errorf("no %q in\n%s", c.want, body)
			}
		})
	}
}
