package promote

import (
	"context"
	"fmt"
	"slices"

	"github.com/ferry-cd/ferry/ledger"
)

// Resume ends the holds of just one scope, and says what follows from that. What was rolled back does not come again by
// itself: the person who resumes rejects it, so that only a newer release or its own name brings it back.
func (p *Promoter) Resume(ctx context.Context, s *Snapshot, app, environment, who string) (said []string, err error) {
	files := ledger.Resumed(app, environment)
	for _, h := range s.book.Holds {
		k := Key{h.App, h.Environment}
		if k.App != app || k.Environment != environment {
			continue
		}
		ended := "ended: " + ReasonOf(h)
		if live := s.lives[k]; h.Rollback != nil && live.Found && !h.Rollback.From.Is(live.Record) && !s.moot(h, live) && !slices.Contains(h.Except, h.Rollback.From.Sequence) {
			r := ledger.Rejection{App: k.App, Environment: k.Environment, Release: h.Rollback.From, By: who, Time: p.Now()}
			files = append(files, r.File())
			ended = fmt.Sprintf("%s; %s and what is older stay out: a newer release comes by itself, %s only by name: ferry promote --app %s --env %s --release %s",
				ended, h.Rollback.From.Version, h.Rollback.From.Version, k.App, k.Environment, h.Rollback.From.Version)
		}
		said = append(said, ended)
	}
	wrote, err := ledger.Write(ctx, p.Repo, fmt.Sprintf("%s resumes %s", who, heldScope(app, environment)), files...)
	if err != nil || !wrote {
		return nil, err
	}
	return said, nil
}

// Hold puts a hold on record. One of the same scope that is on already stays as it is: its words are somebody's.
func (p *Promoter) Hold(ctx context.Context, s *Snapshot, h ledger.Hold) error {
	f := h.File()
	f.New = true
	for _, other := range s.book.Holds {
		if other.Path() != h.Path() || other.Tree {
			continue
		}
		if !other.Over(p.Now()) {
			return refuse(Key{h.App, h.Environment}, "ferry resume ends it; then hold again", "%s is held already, by %s since %s: %s",
				heldScope(h.App, h.Environment), orUnknown(other.By), other.Since.UTC().Format("2006-01-02 15:04 MST"), other.Reason)
		}
		f.New = false
	}
	_, err := ledger.Write(ctx, p.Repo, fmt.Sprintf("Hold %s: %s", heldScope(h.App, h.Environment), h.Reason), f)
	return err
}

// heldScope names what a hold is about.
func heldScope(app, environment string) string {
	switch {
	case app == "" && environment == "":
		return "everything"
	case app == "":
		return environment
	case environment == "":
		return app + " everywhere"
	}
	return app + " in " + environment
}
