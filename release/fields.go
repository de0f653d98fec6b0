package release

import (
	"slices"
	"strings"
	"time"
)

// release reads a release where it stands; records name the app above it, documents inside.
func (r *reader) release(n *node, into *Release, what string, more ...field) {
	r.object(n, what, append(more,
		field{"version", true, r.text(&into.Version, "the version", checkVersion)},
		field{"sequence", false, func(n *node) { r.sequence(n, &into.Sequence) }},
		field{"source", false, func(n *node) { r.source(n, &into.Source) }},
		field{"templates", false, r.text(&into.Templates, "templates", checkTree)},
		field{"root", false, r.text(&into.Root, "the root", checkRoot)},
		field{"fetched", false, func(n *node) { r.fetched(n, &into.Fetched) }},
		field{"images", false, func(n *node) { r.images(n, &into.Images) }},
		field{"tickets", false, func(n *node) { r.tickets(n, &into.Tickets) }},
		field{"authors", false, func(n *node) { r.authors(n, &into.Authors) }},
	)...)
}

func (r *reader) sequence(n *node, into *Sequence) {
	r.object(n, "the sequence",
		field{"kind", true, r.text((*string)(&into.Kind), "the kind", checkKind)},
		field{"number", true, r.number(&into.Number, "the number", checkNumber)},
	)
}

func (r *reader) source(n *node, into *Source) {
	r.object(n, "the source",
		field{"repository", false, r.text(&into.Repository, "the repository", checkRepository)},
		field{"commit", false, r.text(&into.Commit, "the commit", checkCommit)},
		field{"ref", false, r.text(&into.Ref, "the ref", checkRef)},
		field{"time", false, func(n *node) { r.time(n, &into.Time) }},
	)
}

func (r *reader) time(n *node, into *time.Time) {
	var text string
	r.text(&text, "the time", func(s string) *Problem {
		t, err := time.Parse(time.RFC3339Nano, s)
		if err != nil {
			return problem("as 2026-11-05T10:00:00Z", "%q is no time", clip(s))
		}
		*into = t.UTC()
		return checkTime(t)
	})(n)
}

func (r *reader) images(n *node, into *[]Image) {
	seen := map[string]bool{}
	r.elements(n, "images", func(n *node) {
		var i Image
		before := len(r.problems)
		r.image(n, &i)
		if full := fullName(i.Name); seen[full] && len(r.problems) == before {
			r.report(n, problem("", "image %q is named twice", clip(i.Name)))
		} else {
			seen[full] = true
		}
		*into = append(*into, i)
	})
	if len(*into) > maxImages {
		r.report(n, problem("", "a release has at most %d images, not %d", maxImages, len(*into)))
	}
	slices.SortStableFunc(*into, func(a, b Image) int { return strings.Compare(a.Name, b.Name) })
}

func (r *reader) image(n *node, into *Image) {
	r.object(n, "the image",
		field{"name", true, r.text(&into.Name, "the name", checkImageName)},
		field{"repository", false, r.text(&into.Repository, "the repository", checkElsewhere)},
		field{"tag", false, r.text(&into.Tag, "the tag", checkTag)},
		field{"digest", false, r.text(&into.Digest, "the digest", checkDigest)},
		field{"carried", false, r.text(&into.Carried, "carried", checkCarried)},
	)
}

// release writes what readers read, without the app.
func (w *yamlWriter) release(rel Release) {
	w.key(0, "release")
	w.text(2, "version", rel.Version)
	w.key(2, "sequence")
	w.text(4, "kind", string(rel.Sequence.Kind))
	w.number(4, "number", rel.Sequence.Number)
	w.source(rel.Source)
	w.text(2, "templates", rel.Templates)
	w.text(2, "root", rel.Root)
	w.fetched(rel.Fetched)
	w.images(rel.Images)
	w.tickets(rel.Tickets)
	w.authors(rel.Authors)
}

func (w *yamlWriter) source(s Source) {
	if s.Repository == "" && s.Commit == "" && s.Ref == "" && s.Time.IsZero() {
		return
	}
	w.key(2, "source")
	w.text(4, "repository", s.Repository)
	w.text(4, "commit", s.Commit)
	w.text(4, "ref", s.Ref)
	if !s.Time.IsZero() {
		w.text(4, "time", s.Time.UTC().Format(time.RFC3339))
	}
}

func (w *yamlWriter) images(images []Image) {
	if len(images) == 0 {
		return
	}
	w.key(2, "images")
	for _, i := range sorted(images) {
		w.item(4, "name", i.Name)
		w.text(6, "repository", i.Repository)
		w.text(6, "tag", i.Tag)
		w.text(6, "digest", i.Digest)
		w.text(6, "carried", i.Carried)
	}
}
