package cluster

import (
	"context"
	"errors"
	"slices"

	metainternal "k8s.io/apimachinery/pkg/apis/meta/internalversion"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/ferry-cd/ferry/connector"
)

// mostSought is how many Applications are read one by one; when more could be meant, all are listed, now and then.
const mostSought = 20

const applications = "Application"

// Seek reads Applications again for somebody who knows no name: those that track a resource, else those that speak of a commit;
// "" and the zero Resource mean that it is not known. Where that finds none, or too many, all are listed, soon after and not
// more often than Options.Rediscover.
func (w *Watcher) Seek(ctx context.Context, commit string, part connector.Resource) error {
	meant := w.meant(commit, part)
	if len(meant) == 0 {
		select {
		case w.all <- struct{}{}:
		default: // asked for already
		}
		return nil
	}
	var problems []error
	for _, ref := range meant {
		problems = append(problems, w.Wake(ctx, ref))
	}
	return errors.Join(problems...)
}

func (w *Watcher) meant(commit string, part connector.Resource) []connector.Ref {
	var tracking, there []connector.Ref
	for _, u := range w.memory.all() {
		if u.Kind != applications {
			continue
		}
		if part.Name != "" && slices.ContainsFunc(u.Resources, part.Same) {
			tracking = append(tracking, u.Ref())
		}
		if commit != "" && slices.ContainsFunc(u.Origins, func(o connector.Origin) bool { return speaksOf(o, commit) }) {
			there = append(there, u.Ref())
		}
	}
	for _, found := range [][]connector.Ref{tracking, there} {
		if len(found) > 0 && len(found) <= mostSought {
			return found
		}
	}
	return nil
}

func speaksOf(o connector.Origin, commit string) bool {
	return slices.ContainsFunc([]connector.Revision{o.Attempted, o.Applied, o.Compared}, func(r connector.Revision) bool { return r.Commit() == commit })
}

// relist lists all Applications each time that somebody asked for it, with a pause between.
func (w *Watcher) relist(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-w.all:
		}
		if f := w.feed(applications); f != nil {
			for _, ns := range f.namespaces() {
				f.shelf(ns).read(ctx)
			}
		}
		pause(ctx, w.o.Rediscover)
	}
}

// read puts a new list beside what is on the shelf; what is newer there stays. What goes wrong, the list itself tells.
func (s *shelf) read(ctx context.Context) {
	o := metav1.ListOptions{}
	for {
		page, err := s.ListWithContext(ctx, o)
		list, ok := page.(*metainternal.List)
		if err != nil || !ok {
			return
		}
		for _, one := range list.Items {
			_ = s.Add(one) // readPage makes nothing that it would not take
		}
		if o.Continue = list.Continue; o.Continue == "" {
			return
		}
	}
}
