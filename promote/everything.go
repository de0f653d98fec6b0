package promote

import (
	"context"
	"errors"

	"github.com/ferry-cd/ferry/render"
)

// Rendering is what the newest release of an app comes to in an environment.
type Rendering struct {
	Key
	Folder    string           // of the GitOps repository
	Manifests render.Manifests // none where the app has no release yet
	Notices   []string
}

// RenderAll does as Render for every app in every environment of the scope, and hands them over in the order of environments,
// then of apps. One that fails does not keep the others; the error joins all of them. An error of each ends it.
func (p *Promoter) RenderAll(ctx context.Context, s *Snapshot, scope Scope, each func(Rendering) error) error {
	if err := s.Known(scope); err != nil {
		return err
	}
	l := p.newLine(ctx)
	defer l.end()
	var failed []error
	for _, pl := range s.placements {
		r := Rendering{Key: key(pl), Folder: pl.Folder}
		if !scope.has(r.Key) {
			continue
		}
		if _, ok := s.Accepted[pl.App]; !ok {
			r.Notices = []string{"there is no release yet"}
			if err := l.then(func() error { return each(r) }); err != nil {
				return err
			}
			continue
		}
		w, err := p.newest(ctx, s, r.Key)
		if err != nil {
			failed = append(failed, err)
			continue
		}
		if err := l.render(w, func(made rendered) error {
			if made.err != nil {
				failed = append(failed, failedIn(r.Key, made.err))
				return nil
			}
			r.Manifests, r.Notices = made.manifests, made.notices
			return each(r)
		}); err != nil {
			return err
		}
	}
	return errors.Join(append([]error{l.drain()}, failed...)...)
}
