package diff

import (
	"bytes"
	"cmp"
	"slices"
	"strconv"
	"strings"

	"github.com/ferry-cd/ferry/render"
)

// ImageChange is one image that moves from one reference to another, wherever that happens.
type ImageChange struct {
	Name      string    `json:"name"`
	From      *Image    `json:"from,omitempty"` // nil where it is new
	To        *Image    `json:"to,omitempty"`   // nil where it is gone
	Direction Direction `json:"direction"`
	Where     []Place   `json:"where"` // sorted
}

// Place is a field of a resource.
type Place struct {
	Resource Resource `json:"resource"`
	Path     string   `json:"path"`
}

// use is an image at its place in a resource.
type use struct {
	path  string
	image Image
}

// What these say of images is text to them.
var imageless = map[string]bool{"ConfigMap": true, "Secret": true, "CustomResourceDefinition": true}

// imagesOf finds the images of a resource: image fields and those of image volumes, at any depth.
func imagesOf(root string, n *node) []use {
	if imageless[root] {
		return nil
	}
	return imagesIn(n, place{})
}

func imagesIn(n *node, at place) []use {
	var uses []use
	for _, p := range n.fields() {
		switch {
		case isImageField(p, at):
			uses = append(uses, use{string(appendKey(nil, p.key)), parseImage(p.value.text)})
		case p.value.shape >= mapping && !isMetadata(p.key):
			uses = append(uses, under(string(appendKey(nil, p.key)), imagesIn(p.value, place{key: p.key, above: at.key}))...)
		}
	}
	return append(uses, imagesInList(n.list(), at)...)
}

// imagesInList names the items of a list, as a comparison would, only where one holds an image.
func imagesInList(items []*node, at place) []use {
	var uses []use
	var names []string
	for i, item := range items {
		found := imagesIn(item, at)
		if len(found) == 0 {
			continue
		}
		if names == nil {
			names = itemNames(items, at)
		}
		uses = append(uses, under(names[i], found)...)
	}
	return uses
}

// under puts the path of a parent in front of paths.
func under(parent string, uses []use) []use {
	for i := range uses {
		dot := "."
		if strings.HasPrefix(uses[i].path, "[") {
			dot = ""
		}
		uses[i].path = parent + dot + uses[i].path
	}
	return uses
}

func isImageField(p pair, at place) bool {
	return p.value.str() != "" && (p.key == "image" || p.key == "reference" && at.key == "image")
}

// itemNames names the items of a list as a path does.
func itemNames(items []*node, at place) []string {
	names := make([]string, len(items))
	for i := range names {
		names[i] = strconv.Itoa(i)
	}
	for _, l := range listingsFor(at) {
		if keys, ok := keysOf(items, l); ok {
			for i, key := range keys {
				names[i] = itemKey(key)
			}
			break
		}
	}
	for i := range names {
		names[i] = "[" + names[i] + "]"
	}
	return names
}

// imageStep is an image of a resource before and after; one of them may be missing.
type imageStep struct {
	path      string
	from, to  *Image
	direction Direction
}

// imageSteps pairs the images of two sides by their place.
func imageSteps(before, after []use) []imageStep {
	var steps []imageStep
	old := imagesByPath(before)
	for _, u := range after {
		from, known := old[u.path]
		switch {
		case !known:
			steps = append(steps, imageStep{u.path, nil, &u.image, ImageAdded})
		case from != u.image:
			steps = append(steps, imageStep{u.path, &from, &u.image, direction(from, u.image)})
		}
	}
	kept := imagesByPath(after)
	for _, u := range before {
		if _, ok := kept[u.path]; !ok {
			steps = append(steps, imageStep{u.path, &u.image, nil, ImageRemoved})
		}
	}
	return steps
}

func imagesByPath(uses []use) map[string]Image {
	m := make(map[string]Image, len(uses))
	for _, u := range uses {
		m[u.path] = u.image
	}
	return m
}

// imageMoves collects the images of a whole comparison. before and after are those that the two sets name anywhere.
type imageMoves struct {
	before, after map[Image]bool
	changes       map[[2]Image]*ImageChange
	added         []ImageChange // each at one place
	removed       []ImageChange
}

func newImageMoves(old, new render.Manifests) *imageMoves {
	return &imageMoves{before: mentioned(old), after: mentioned(new), changes: map[[2]Image]*ImageChange{}}
}

// mentioned gives the images that manifests name, without reading them.
func mentioned(ms render.Manifests) map[Image]bool {
	images := map[Image]bool{}
	for i := range ms {
		if imageless[ms[i].Kind] {
			continue
		}
		for rest, more := ms[i].Data, true; more; {
			var line []byte
			if _, rest, more = bytes.Cut(rest, []byte("image: ")); more {
				line, rest, _ = bytes.Cut(rest, []byte("\n"))
				images[parseImage(strings.Trim(string(line), `"' `))] = true
			}
		}
	}
	return images
}

func (m *imageMoves) add(r Resource, steps []imageStep) {
	for _, s := range steps {
		c := ImageChange{From: s.from, To: s.to, Direction: s.direction, Where: []Place{{r, s.path}}}
		switch {
		case s.from == nil:
			m.added = append(m.added, c)
		case s.to == nil:
			m.removed = append(m.removed, c)
		default:
			m.join(c)
		}
	}
}

// join adds a place to the row of the same step.
func (m *imageMoves) join(c ImageChange) {
	var key [2]Image
	if c.From != nil {
		key[0], c.Name = *c.From, c.From.Name
	}
	if c.To != nil {
		key[1], c.Name = *c.To, c.To.Name
	}
	if row := m.changes[key]; row != nil {
		row.Where = append(row.Where, c.Where...)
		return
	}
	m.changes[key] = &c
}

// list gives all rows, sorted. An image that is new in one place and was there before, or comes to others from an older one,
// is no new image; one that is still in use, or moves on elsewhere, is not gone.
func (m *imageMoves) list() []ImageChange {
	arriving, leaving := map[Image]*ImageChange{}, map[Image]bool{}
	for _, row := range m.rows() {
		arriving[*row.To] = m.changes[[2]Image{*row.From, *row.To}]
		leaving[*row.From] = true
	}
	for _, c := range m.added {
		switch row := arriving[*c.To]; {
		case row != nil:
			row.Where = append(row.Where, c.Where...)
		case !m.before[*c.To]:
			m.join(c)
		}
	}
	for _, c := range m.removed {
		if !m.after[*c.From] && !leaving[*c.From] {
			m.join(c)
		}
	}
	return m.rows()
}

func (m *imageMoves) rows() []ImageChange {
	rows := make([]ImageChange, 0, len(m.changes))
	for _, row := range m.changes {
		slices.SortFunc(row.Where, comparePlaces)
		rows = append(rows, *row)
	}
	slices.SortFunc(rows, func(a, b ImageChange) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(reference(a.From), reference(b.From)), cmp.Compare(reference(a.To), reference(b.To)))
	})
	return rows
}

func reference(i *Image) string {
	if i == nil {
		return ""
	}
	return i.String()
}

func comparePlaces(a, b Place) int {
	return cmp.Or(compareIdentities(render.Identity(a.Resource), render.Identity(b.Resource)), cmp.Compare(a.Path, b.Path))
}
