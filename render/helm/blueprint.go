package helm

import (
	"crypto/sha256"
	"encoding/binary"
	"maps"
	"slices"
	"strings"
	"sync"

	"helm.sh/helm/v3/pkg/chart"

	"github.com/ferry-cd/ferry/render"
)

// maxKept bounds what is remembered of charts, by the bytes of their files: what is made of them is about as large again.
const maxKept = 32 << 20

// blueprint is a chart as it lies in its folder, with what is the same in every render of it. Nothing changes it once it
// is made; a render works on a copy.
type blueprint struct {
	key   [sha256.Size]byte
	size  int
	chart *chart.Chart

	schemas *schemas // of all charts

	mu        sync.Mutex
	parsed    map[templateKey]*parsedTemplate
	given     map[string]*parsedTemplate // texts for tpl
	givenSize int
	settled   map[string]*settled // by what was decided
}

// templateKey is a template file under one of its names: a subchart with two aliases has two.
type templateKey struct {
	file *chart.File
	name string
}

// blueprints remembers the charts that were rendered last: most are rendered for one environment after the other.
type blueprints struct {
	mu   sync.Mutex
	kept []*blueprint // the one used last comes last
	size int

	schemas schemas
}

// of gives the blueprint of the chart in dir. Charts are known by what their files say, not by where they lie.
func (b *blueprints) of(files render.Files, dir string) (*blueprint, error) {
	key, size := digest(files, dir)
	if known := b.find(key); known != nil {
		return known, nil
	}
	ch, err := load(files, dir)
	if err != nil {
		return nil, err
	}
	made := &blueprint{key: key, size: size, chart: ch, parsed: map[templateKey]*parsedTemplate{}, schemas: &b.schemas}
	b.keep(made)
	return made, nil
}

func (b *blueprints) find(key [sha256.Size]byte) *blueprint {
	b.mu.Lock()
	defer b.mu.Unlock()
	i := slices.IndexFunc(b.kept, func(k *blueprint) bool { return k.key == key })
	if i < 0 {
		return nil
	}
	found := b.kept[i]
	b.kept = append(slices.Delete(b.kept, i, i+1), found)
	return found
}

func (b *blueprints) keep(made *blueprint) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.kept, b.size = append(b.kept, made), b.size+made.size
	for b.size > maxKept && len(b.kept) > 0 {
		b.size -= b.kept[0].size
		b.kept = slices.Delete(b.kept, 0, 1)
	}
}

// digest is over the names and contents of all files in dir.
func digest(files render.Files, dir string) (key [sha256.Size]byte, size int) {
	prefix := dir + "/"
	if dir == "." || dir == "" {
		prefix = ""
	}
	names := make([]string, 0, len(files))
	for name := range files {
		if strings.HasPrefix(name, prefix) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	h := sha256.New()
	var length [8]byte
	part := func(data []byte) {
		binary.LittleEndian.PutUint64(length[:], uint64(len(data)))
		h.Write(length[:])
		h.Write(data)
	}
	for _, name := range names {
		part([]byte(name[len(prefix):]))
		part(files[name])
		size += len(name) + len(files[name])
	}
	return [sha256.Size]byte(h.Sum(nil)), size
}

// copyChart gives a chart whose metadata and subcharts may change. Its values are replaced, never changed.
func copyChart(ch *chart.Chart) *chart.Chart {
	own := *ch
	own.Metadata = copyMetadata(ch.Metadata)
	subcharts := make([]*chart.Chart, 0, len(ch.Dependencies()))
	for _, sub := range ch.Dependencies() {
		subcharts = append(subcharts, copyChart(sub))
	}
	own.SetDependencies(subcharts...)
	return &own
}

func copyMetadata(m *chart.Metadata) *chart.Metadata {
	if m == nil {
		return nil
	}
	own := *m
	own.Annotations = maps.Clone(m.Annotations)
	own.Keywords, own.Sources = slices.Clone(m.Keywords), slices.Clone(m.Sources)
	own.Maintainers = copyEach(m.Maintainers)
	own.Dependencies = copyEach(m.Dependencies)
	for _, d := range own.Dependencies {
		if d != nil {
			d.ImportValues, _ = copyValue(d.ImportValues).([]any)
			d.Tags = slices.Clone(d.Tags)
		}
	}
	return &own
}

func copyEach[T any](all []*T) []*T {
	own := slices.Clone(all)
	for i, one := range own {
		if one != nil {
			copied := *one
			own[i] = &copied
		}
	}
	return own
}

// copyValue copies maps and lists, all the way down.
func copyValue(v any) any {
	switch v := v.(type) {
	case map[string]any:
		if v == nil {
			return v
		}
		own := make(map[string]any, len(v))
		for k, below := range v {
			own[k] = copyValue(below)
		}
		return own
	case []any:
		own := slices.Clone(v)
		for i, below := range own {
			own[i] = copyValue(below)
		}
		return own
	}
	return v
}
