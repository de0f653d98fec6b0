package git

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/go-git/go-git/v5/plumbing/protocol/packp/capability"
)

// push sends the objects and reads the refs afterwards: what they are decides.
func (h *remoteHome) push(ctx context.Context, updates []Update, objects []freshObject) error {
	t, err := h.open(ctx, receivePack, nil)
	if err != nil {
		return err
	}
	defer t.close()
	if moved := firstMoved(updates, t.refs.ids); moved != nil {
		return moved
	}
	moves := slices.DeleteFunc(slices.Clone(updates), func(u Update) bool { return u.Old == u.New })
	if len(moves) == 0 {
		return nil
	}
	if err := t.accepts(moves); err != nil {
		return err
	}
	pack, err := h.packFor(t.advert, moves, objects)
	if err != nil {
		return err
	}
	if err := h.outcome(ctx, moves, ended(ctx, t.push(ctx, pushRequest{moves, pack}))); err != nil {
		return err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, o := range objects {
		h.pushed[o.id] = o.object
	}
	return nil
}

func firstMoved(updates []Update, refs map[string]ID) error {
	for _, u := range updates {
		if have := refs[u.Ref]; have != u.Old {
			return &MovedError{Ref: u.Ref, Have: have}
		}
	}
	return nil
}

// accepts refuses what the server has no words for.
func (a *advert) accepts(moves []Update) error {
	if len(moves) > 1 && !a.has(capability.Atomic) {
		return &RefusedError{Ref: moves[0].Ref, Reason: "the server cannot move several refs at once"}
	}
	for _, u := range moves {
		if u.New == "" && !a.has(capability.DeleteRefs) {
			return &RefusedError{Ref: u.Ref, Reason: "the server does not delete refs"}
		}
	}
	return nil
}

// packFor makes the pack that goes along, which may hold nothing; without it when refs are only deleted.
func (h *remoteHome) packFor(a *advert, moves []Update, objects []freshObject) ([]byte, error) {
	if !slices.ContainsFunc(moves, func(u Update) bool { return u.New != "" }) {
		return nil, nil
	}
	base := func(id ID) (object, bool) { o, err := h.object(id); return o, err == nil }
	if a.has("no-thin") {
		base = nil
	}
	w, _, err := writePack(objects, base)
	if err != nil {
		return nil, fmt.Errorf("make pack: %w", err)
	}
	return w.out.Bytes(), nil
}

// settle is how often, and how long apart, refs are read when a push was refused and nothing has moved yet: the one who
// won the race may still hold the lock on which we failed.
var settle = []time.Duration{0, 50 * time.Millisecond, 200 * time.Millisecond, 500 * time.Millisecond}

// outcome finds out what became of a push. report is nil when the server says that all is well.
func (h *remoteHome) outcome(ctx context.Context, moves []Update, report error) error {
	var status *statusError
	if errors.As(report, &status) && status.code/100 == 4 {
		return h.tell(report) // it was not even looked at
	}
	for _, wait := range settle {
		if err := sleep(ctx, wait); err != nil {
			return err
		}
		t, err := h.open(ctx, receivePack, nil)
		if err != nil {
			return fmt.Errorf("it is not known whether the push arrived: %w", errors.Join(h.tell(report), err))
		}
		t.close()
		if allAt(moves, t.refs.ids) {
			return nil
		}
		if moved := firstMoved(moves, t.refs.ids); moved != nil {
			return h.overtaken(ctx, moves, t.refs.ids, report, moved)
		}
	}
	return h.refused(moves, report)
}

func allAt(moves []Update, refs map[string]ID) bool {
	return !slices.ContainsFunc(moves, func(u Update) bool { return refs[u.Ref] != u.New })
}

// overtaken decides about refs that are neither where they were nor where they should be. When the server reported
// success and what is there now builds on what was pushed, another has come after us; otherwise before us.
func (h *remoteHome) overtaken(ctx context.Context, moves []Update, refs map[string]ID, report, moved error) error {
	if report != nil {
		return moved
	}
	for _, u := range moves {
		have := refs[u.Ref]
		if have == u.New {
			continue
		}
		if u.New == "" || have == "" {
			return moved
		}
		after, err := h.descends(ctx, have, u.New)
		if err != nil {
			return err
		}
		if !after {
			return moved
		}
	}
	return nil
}

// descends tells whether a commit has another among the newest of its ancestors.
func (h *remoteHome) descends(ctx context.Context, from, ancestor ID) (bool, error) {
	if err := h.history(ctx, []ID{from}, 50, true); err != nil {
		return false, h.tell(err)
	}
	seen := map[ID]bool{}
	for open := []ID{from}; len(open) > 0; open = open[1:] {
		id := open[0]
		if id == ancestor {
			return true, nil
		}
		o, err := h.object(id)
		if err != nil || seen[id] {
			continue // beyond what was fetched
		}
		seen[id] = true
		c, err := parseCommit(id, o.data)
		if err != nil {
			return false, err
		}
		open = append(open, c.Parents...)
	}
	return false, nil
}

// refused says why nothing has moved.
func (h *remoteHome) refused(moves []Update, report error) error {
	words, ok := said(report)
	switch {
	case ok:
		return &RefusedError{Ref: moves[0].Ref, Reason: causeText(h.tell(words)), Advice: "a hook, a branch protection or a policy of the server stands against it"}
	case report != nil:
		return h.tell(report)
	}
	return &RefusedError{Ref: moves[0].Ref, Reason: "the server reports success, but the ref has not moved"}
}

// causeText is what a server said, made safe by tell.
func causeText(told error) string {
	var e *serverError
	if errors.As(told, &e) {
		return e.cause
	}
	return told.Error()
}
