package promote_test

import (
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/ferry-cd/ferry/promote"
	"github.com/ferry-cd/ferry/scm"
)

// planner is a forge that plans work, too.
type planner struct {
	promote.Forge
	linked map[int][]int
	err    error
}

func (f *planner) LinkWorkItems(_ context.Context, number int, ids []int) error {
	f.linked[number] = append(f.linked[number], ids...)
	return f.err
}

var _ scm.Linker = (*planner)(nil)

// The pieces of work that a release is about are linked to its pull request; one that is none stops nothing.
func TestWorkItemsAreLinked(t *testing.T) {
	w := newWorld(t, ferryYAML, nil)
	f := &planner{linked: map[int][]int{}, err: errors.New("work item 41: there is none")}
	rel := w.release("shop", 1)
	rel.Tickets = []string{"41", "AB#7", "SHOP-9", "AB#7000000000000"}
	_, err := w.submit(rel)
	w.must(err)
	w.healthy("dev")
	w.push("main", map[string]string{"ferry.yaml": ferryYAML + "tickets: {pattern: \"AB#[0-9]+\"}\n"})
	var said []string
	for range 2 {
		w.tick()
		p := w.ferry()
		f.Forge = p.Forge
		p.Forge, p.Progress = f, func(format string, _ ...any) { said = append(said, format) }
		r, err := p.Advance(w.ctx, promote.Options{Scope: promote.Scope{Environments: []string{"qa"}}})
		w.must(err)
		w.must(r.Errors())
	}
	if !slices.Equal(f.linked[1], []int{7, 41}) || len(said) != 1 {
		t.Errorf("linked %v, said %q", f.linked, said)
	}
}
