package promote

import (
	"context"
	"errors"
	"fmt"

	"github.com/ferry-cd/ferry/environments"
	"github.com/ferry-cd/ferry/gates"
	"github.com/ferry-cd/ferry/release"
)

// missing gives the gate of images for what would be proposed, where it does not pass. Tags that were moved become notices.
func (p *Promoter) missing(ctx context.Context, s *Snapshot, pl environments.Placement, w *want) ([]gates.Condition, error) {
	in := gates.Input{Placement: pl, Images: p.there(ctx, s, pl, w.release), Now: p.Now()}
	for _, img := range in.Images {
		if img.Moved != "" {
			w.notices = append(w.notices, fmt.Sprintf("the tag of %s means %s now, which is not followed", img.Reference, img.Moved))
		}
	}
	if len(in.Images) == 0 {
		return nil, nil
	}
	var err error
	if in.Override, err = p.overriding(ctx, s, pl, w.record()); err != nil {
		return nil, err
	}
	return gates.ImagesMissing(in), nil
}

// there asks registries for the images of a release, as an environment pulls them. Nil where the environment does not want
// that. What cannot be asked holds back, except a rollback: what comes back has run there already.
func (p *Promoter) there(ctx context.Context, s *Snapshot, pl environments.Placement, rel release.Release) []gates.Image {
	if !pl.Gates.ImageExists {
		return nil
	}
	_, back := s.backwards(pl)
	all := []gates.Image{}
	for _, img := range imagesOf(pl, rel) {
		if img.Digest == "" {
			continue // a tag that was trusted at intake is trusted here
		}
		found := p.ask(ctx, img.PulledFrom(), img.Tag, img.Digest)
		if back {
			found.Unknown = ""
		}
		all = append(all, found)
	}
	return all
}

func (p *Promoter) ask(ctx context.Context, repository, tag, digest string) gates.Image {
	found := gates.Image{Reference: repository + "@" + digest}
	if p.Registry == nil {
		found.Unknown = "no registry can be asked from here"
		return found
	}
	there, err := p.Registry.Exists(ctx, repository, digest)
	var hinted interface{ Hint() string }
	switch {
	case err != nil:
		found.Unknown = err.Error()
		if errors.As(err, &hinted) {
			found.Hint = hinted.Hint()
		}
	case !there:
		found.Missing, found.Hint = true, "push or copy it there again, or submit a release whose images are there"
	case tag != "":
		if now, err := p.Registry.Digest(ctx, repository+":"+tag); err == nil && now != digest {
			found.Moved = now
		}
	}
	return found
}
