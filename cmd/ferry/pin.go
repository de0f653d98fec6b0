package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/ferry-cd/ferry/release"
	"github.com/ferry-cd/ferry/source"
	"github.com/ferry-cd/ferry/source/registry"
)

// pinner finds out what the tags of releases mean, once. From then on only digests travel.
type pinner struct {
	registry func() (*registry.Client, error)
	wait     time.Duration // how long images may take to appear
	now      func() time.Time
	sleep    func(context.Context, time.Duration) error
	say      func(format string, args ...any)
}

func (a *app) pinner(open func() (*registry.Client, error), o releaseOptions) *pinner {
	return &pinner{registry: open, wait: o.wait, now: a.Now, sleep: pause, say: func(format string, args ...any) { a.say(info, format, args...) }}
}

// pinned is what a registry knows of one reference.
type pinned struct {
	manifest *registry.Manifest
	facts    registry.Facts
	unread   error // why the facts are not known
	commit   string
}

const (
	askedAtOnce = 8
	lookEvery   = 5 * time.Second
)

// pin gives every image of releases its digest: those with a tag alone, and, where somebody waits for images, whether the
// others are there. before gives the releases accepted last, by app: a release that is handed over again keeps what its
// tags meant the first time.
func (p *pinner) pin(ctx context.Context, releases []release.Release, before map[string]release.Release) error {
	asked := map[string]*pinned{}
	for _, r := range releases {
		for _, img := range r.Images {
			if img.Digest == "" && img.Tag != "" || img.Digest != "" && p.wait > 0 {
				asked[img.Reference()] = &pinned{commit: r.Source.Commit}
			}
		}
	}
	if len(asked) == 0 {
		return nil
	}
	client, err := p.registry()
	if err != nil {
		return err
	}
	if err := p.appear(ctx, client, asked); err != nil {
		return err
	}
	for i := range releases {
		releases[i].Images = slices.Clone(releases[i].Images)
		for j := range releases[i].Images {
			if found, ok := asked[releases[i].Images[j].Reference()]; ok {
				p.settle(&releases[i], &releases[i].Images[j], found, before[releases[i].App])
			}
		}
	}
	return nil
}

// appear looks until every image is there, or the time is over.
func (p *pinner) appear(ctx context.Context, c *registry.Client, asked map[string]*pinned) error {
	end, said := p.now().Add(p.wait), ""
	for {
		missing, err := p.look(ctx, c, asked)
		if err != nil {
			return err
		}
		if len(missing) == 0 {
			return nil
		}
		if !p.now().Before(end) {
			return p.givenUp(missing)
		}
		if now := p.waiting(missing); now != said {
			p.say("waiting for %s", now)
			said = now
		}
		if err := p.sleep(ctx, min(lookEvery, max(end.Sub(p.now()), time.Millisecond))); err != nil {
			return err
		}
	}
}

// look asks for what was not found yet and gives what is still missing, by reference.
func (p *pinner) look(ctx context.Context, c *registry.Client, asked map[string]*pinned) (map[string]error, error) {
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(askedAtOnce)
	problems := make(map[string]*error, len(asked))
	for reference, found := range asked {
		if found.manifest != nil {
			continue
		}
		problem := new(error)
		problems[reference] = problem
		g.Go(func() error {
			*problem = found.ask(ctx, c, reference, p.wait > 0)
			return ctx.Err()
		})
	}
	if err := g.Wait(); err != nil {
		return nil, err
	}
	missing := map[string]error{}
	var failed []error
	for reference, problem := range problems {
		var early *earlyError
		switch err := *problem; {
		case err == nil:
		case errors.Is(err, registry.ErrAbsent), errors.As(err, &early):
			missing[reference] = err
		default:
			failed = append(failed, err)
		}
	}
	slices.SortFunc(failed, func(a, b error) int { return strings.Compare(a.Error(), b.Error()) })
	return missing, errors.Join(failed...)
}

// ask reads one image and what it says of itself. Where somebody waits for the images of a commit, one that says to be of
// another commit is an earlier one.
func (f *pinned) ask(ctx context.Context, c *registry.Client, reference string, patient bool) error {
	m, err := c.Manifest(ctx, reference)
	if err != nil {
		return err
	}
	facts, err := c.Facts(ctx, m)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if patient && facts.Revision != "" && f.commit != "" && !sameCommit(facts.Revision, f.commit) {
		return &earlyError{reference, facts.Revision}
	}
	f.manifest, f.facts, f.unread = m, facts, err
	return nil
}

// earlyError says that a tag still means an image of another commit.
type earlyError struct{ reference, revision string }

func (e *earlyError) Error() string {
	return fmt.Sprintf("%s is of commit %s", e.reference, short(e.revision))
}

// sameCommit compares ids, of which people like to write the beginning.
func sameCommit(a, b string) bool {
	a, b = strings.ToLower(a), strings.ToLower(b)
	n := min(len(a), len(b))
	return n >= 7 && a[:n] == b[:n]
}

func (p *pinner) waiting(missing map[string]error) string {
	names := slices.Sorted(maps.Keys(missing))
	if len(names) > 3 {
		return fmt.Sprintf("%s and %d more images", strings.Join(names[:3], ", "), len(names)-3)
	}
	return strings.Join(names, ", ")
}

// givenUp names all that is missing.
func (p *pinner) givenUp(missing map[string]error) error {
	var problems []error
	for _, name := range slices.Sorted(maps.Keys(missing)) {
		problems = append(problems, missing[name])
	}
	err := errors.Join(problems...)
	if p.wait > 0 {
		return &lateError{p.wait, err}
	}
	return err
}

// lateError says that images did not come in time.
type lateError struct {
	after time.Duration
	err   error
}

func (e *lateError) Error() string { return fmt.Sprintf("after %s: %v", e.after, e.err) }
func (e *lateError) Unwrap() error { return e.err }
func (e *lateError) ExitCode() int { return exitTimedOut }

// settle writes a digest into a release, and says what people should know of the image.
func (p *pinner) settle(r *release.Release, img *release.Image, found *pinned, before release.Release) {
	written, tagged := img.Reference(), img.Digest == ""
	img.Digest = found.manifest.Digest
	was, any := imageOf(before, img.Name)
	again := any && tagged && was.Tag == img.Tag && was.Digest != "" && was.Digest != img.Digest
	switch {
	case again && before.Sequence == r.Sequence:
		p.say("warning: %s was %s when %s was accepted, and means %s now: the release keeps what it was made of", written, was.Digest, before.Version, img.Digest)
		img.Digest = was.Digest
		return
	case again:
		p.say("warning: the tag of %s was moved: in %s it was %s", written, before.Version, was.Digest)
	}
	p.say("%s is %s%s", written, img.Digest, described(found))
	p.compare(written, *r, found)
}

func imageOf(r release.Release, name string) (release.Image, bool) {
	i := slices.IndexFunc(r.Images, func(i release.Image) bool { return release.SameImage(i.Name, name) })
	if i < 0 {
		return release.Image{}, false
	}
	return r.Images[i], true
}

// described says what an image is and where it says to come from.
func described(found *pinned) string {
	var words []string
	if index := found.manifest.Index; index != nil {
		words = append(words, fmt.Sprintf("an index of %d", len(index.Manifests)))
	}
	if f := found.facts; f != (registry.Facts{}) {
		for _, w := range [][2]string{{"version ", f.Version}, {"from ", f.Source}, {"at ", short(f.Revision)}} {
			if w[1] != "" {
				words = append(words, w[0]+w[1])
			}
		}
	}
	if len(words) == 0 {
		return ""
	}
	return " (" + strings.Join(words, ", ") + ")"
}

// compare warns where an image says that it was made of something else than the release.
func (p *pinner) compare(written string, r release.Release, found *pinned) {
	if found.unread != nil {
		p.say("note: what %s says of its source cannot be read: %v", written, found.unread)
	}
	if rev := found.facts.Revision; rev != "" && r.Source.Commit != "" && !sameCommit(rev, r.Source.Commit) {
		p.say("warning: %s says that it was built from commit %s, and the release is of %s", written, rev, r.Source.Commit)
	}
	if from := found.facts.Source; from != "" && r.Source.Repository != "" && !source.SameRepository(from, r.Source.Repository) {
		p.say("warning: %s says that it comes from %s, and the release is of %s", written, from, r.Source.Repository)
	}
}
