package cluster

import (
	"slices"
	"strconv"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/ferry-cd/ferry/connector"
)

// Lists, events and readings on request come in any order: what is newest stays, also of an object that was made anew.
func TestMemoryKeepsTheNewest(t *testing.T) {
	ref := connector.Ref{Kind: "Kustomization", Namespace: "flux-system", Name: "apps"}
	at := func(uid, version string) *reading {
		return &reading{ObjectMeta: metav1.ObjectMeta{Namespace: ref.Namespace, Name: ref.Name, UID: types.UID(uid), ResourceVersion: version},
			unit: &connector.Unit{Engine: connector.Flux, Kind: ref.Kind, Namespace: ref.Namespace, Name: ref.Name, UID: uid + version}}
	}
	news := map[string]func(*memory){
		"old list":         func(m *memory) { m.replace(ref.Kind, "", map[connector.Ref]*reading{ref: at("a", "90")}, "95") },
		"event of the 1st": func(m *memory) { m.set(ref, at("a", "99")) },
		"end of the 1st":   func(m *memory) { m.remove(ref, "100") },
		"empty list":       func(m *memory) { m.replace(ref.Kind, "", nil, "101") },
		"reading":          func(m *memory) { m.set(ref, at("b", "102")) },
	}
	names := []string{"old list", "event of the 1st", "end of the 1st", "empty list"}
	for i := range names { // the reading on request comes at any time
		for rest := range len(names) {
			m := newMemory(func(connector.Ref) bool { return false })
			order := slices.Insert(slices.Concat(names[rest:], names[:rest]), i, "reading")
			for _, name := range order {
				news[name](m)
			}
			if units := m.all(); len(units) != 1 || units[0].UID != "b102" {
				t.Errorf("%q: %+v", order, units)
			}
		}
	}
}

// A list for somebody who knows no name, and a reading on request, may have been made before an object was deleted and come
// after: it stays deleted. One that was made anew by the same name is there, and a whole list is always right.
func TestMemoryKeepsTheDeletedAway(t *testing.T) {
	ref := connector.Ref{Kind: "Application", Namespace: "argocd", Name: "shop"}
	at := func(version string) *reading {
		return &reading{ObjectMeta: metav1.ObjectMeta{ResourceVersion: version}, unit: &connector.Unit{Kind: ref.Kind, Name: ref.Name, UID: version}}
	}
	for name, end := range map[string]func(*memory){
		"an event":   func(m *memory) { m.remove(ref, "100") },
		"a new list": func(m *memory) { m.replace(ref.Kind, "", nil, "100") },
	} {
		m := newMemory(func(connector.Ref) bool { return false })
		m.set(ref, at("90"))
		end(m)
		if m.set(ref, at("99")); len(m.all()) != 0 {
			t.Errorf("%s: what was deleted came back", name)
		}
		if m.set(ref, at("101")); len(m.all()) != 1 {
			t.Errorf("%s: what was made anew is not there", name)
		}
		end(m)
		if m.replace(ref.Kind, "", map[connector.Ref]*reading{ref: at("7")}, "7"); len(m.all()) != 1 {
			t.Errorf("%s: a whole list of a server that counts anew is not believed", name)
		}
	}
	m := newMemory(func(connector.Ref) bool { return false })
	for i := range 3 * maxGone {
		m.remove(connector.Ref{Kind: ref.Kind, Name: strconv.Itoa(i)}, "100")
	}
	if len(m.gone) > maxGone {
		t.Errorf("%d deleted objects are remembered", len(m.gone))
	}
}
