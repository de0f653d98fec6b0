package cluster

import (
	"cmp"
	"reflect"
	"slices"
	"sync"

	"github.com/ferry-cd/ferry/connector"
)

// memory holds the newest reading of every object, by name. Lists, events and readings on request write to it as they come:
// of two readings of one object the one with the higher resource version stays.
type memory struct {
	mu       sync.Mutex
	readings map[connector.Ref]*reading
	gone     map[connector.Ref]string // resource versions at which objects were deleted a short while ago
	details  map[connector.Ref]detail
	complete func(connector.Ref) bool
	units    []connector.Unit // made of the readings; nil when they have changed since
	changed  chan struct{}
}

func newMemory(complete func(connector.Ref) bool) *memory {
	return &memory{readings: map[connector.Ref]*reading{}, gone: map[connector.Ref]string{}, details: map[connector.Ref]detail{}, complete: complete, changed: make(chan struct{}, 1)}
}

// maxGone is how many deleted objects are remembered.
const maxGone = 2_000

// set keeps a reading, unless a newer one is there: of the same object, or of one that was made anew by its name. One that was
// read before its object was deleted, and comes after, would stand for it for ever.
func (m *memory) set(ref connector.Ref, r *reading) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if at, deleted := m.gone[ref]; deleted && (r.ResourceVersion == at || older(r.ResourceVersion, at)) {
		return
	}
	delete(m.gone, ref)
	m.put(ref, r)
}

// bury notes that an object was deleted.
func (m *memory) bury(ref connector.Ref, at string) {
	if at == "" {
		return
	}
	if len(m.gone) >= maxGone {
		clear(m.gone)
	}
	m.gone[ref] = at
}

func (m *memory) put(ref connector.Ref, r *reading) {
	have, ok := m.readings[ref]
	if ok && older(r.ResourceVersion, have.ResourceVersion) {
		return
	}
	m.readings[ref] = r
	if !ok || !reflect.DeepEqual(have.unit, r.unit) || !reflect.DeepEqual(have.source, r.source) {
		m.dirty()
	}
}

// remove forgets an object that was last seen at a resource version, "" for whichever. One that was made anew since stays.
func (m *memory) remove(ref connector.Ref, at string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	have, ok := m.readings[ref]
	if ok && older(at, have.ResourceVersion) {
		return
	}
	m.bury(ref, at)
	if ok {
		delete(m.readings, ref)
		delete(m.details, ref)
		m.dirty()
	}
}

// replace makes what one kind has in one namespace, "" for all, be exactly these. An object that is newer than the list stays.
func (m *memory) replace(kind, namespace string, all map[connector.Ref]*reading, at string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for ref, have := range m.readings {
		if ref.Kind != kind || namespace != "" && ref.Namespace != namespace {
			continue
		}
		if _, ok := all[ref]; !ok && !older(at, have.ResourceVersion) {
			m.bury(ref, at)
			delete(m.readings, ref)
			delete(m.details, ref)
			m.dirty()
		}
	}
	for ref, r := range all {
		delete(m.gone, ref) // a whole list is what there is, even of a server that counts anew
		m.put(ref, r)
	}
	m.tell()
}

// drop forgets a kind that the cluster no longer has.
func (m *memory) drop(kind string) { m.replace(kind, "", nil, "") }

// dirty has the units made anew at the next question.
func (m *memory) dirty() {
	m.units = nil
	m.tell()
}

// tell leaves a notice, unless one lies there.
func (m *memory) tell() {
	select {
	case m.changed <- struct{}{}:
	default:
	}
}

// all gives every unit in order, complete with what the sources say.
func (m *memory) all() []connector.Unit {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.units == nil {
		m.units = m.assemble()
	}
	return m.units
}

func (m *memory) assemble() []connector.Unit {
	sources := map[connector.Ref]Source{}
	units := []connector.Unit{}
	for ref, r := range m.readings {
		if r.source != nil {
			sources[ref] = *r.source
		}
	}
	for ref, r := range m.readings {
		if r.unit != nil {
			u := resolve(*r.unit, sources, m.complete)
			u.Resources = m.details[ref].explain(u.Resources)
			units = append(units, u)
		}
	}
	slices.SortFunc(units, func(a, b connector.Unit) int {
		return cmp.Or(cmp.Compare(a.Engine, b.Engine), a.Ref().Compare(b.Ref()))
	})
	return units
}
