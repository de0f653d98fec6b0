package cluster

import (
	"slices"
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
