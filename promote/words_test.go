package promote_test

import (
	"strings"
	"testing"

	"github.com/ferry-cd/ferry/promote"
	"github.com/ferry-cd/ferry/scm"
)

// What a description has no room for stands in one comment, which is taken back when a later change fits.
func TestTheRestOfADescription(t *testing.T) {
	w := newWorld(t, ferryYAML, nil)
	rest := ""
	advance := func() {
		w.tick()
		p := w.ferry()
		p.Write = func(promote.Promotion) promote.Text {
			return promote.Text{Title: "shop", Body: "what a reviewer must know", Rest: rest}
		}
		r, err := p.Advance(w.ctx, promote.Options{})
		w.must(err)
		w.must(r.Errors())
	}
	comments := func(number int) []string {
		reviews, err := w.forge("ada").Reviews(w.ctx, number)
		w.must(err)
		var all []string
		for _, r := range reviews {
			if r.Verdict == scm.Commented {
				all = append(all, r.Body)
			}
		}
		return all
	}
	w.push("main", map[string]string{"ferry.yaml": strings.Replace(ferryYAML, "after: [dev], merge: auto", "after: [dev]", 1)})
	steps := []struct {
		rest, want string
	}{{"", ""}, {"all 500 resources", "all 500 resources"}, {"all 400 resources", "all 400 resources"}, {"", "holds everything"}, {"", "holds everything"}}
	for i, step := range steps {
		w.mustSubmit(int64(i + 1))
		w.healthy("dev")
		rest = step.rest
		advance()
		have := comments(1)
		if step.want == "" && len(have) > 0 || step.want != "" && (len(have) != 1 || !strings.Contains(have[0], step.want)) {
			t.Errorf("change %d: comments %q, want %q", i+1, have, step.want)
		}
		if body := w.body(1); strings.Contains(body, "ferry:rest") != (step.rest != "") {
			t.Errorf("change %d: the description says %q", i+1, body)
		}
	}
}
