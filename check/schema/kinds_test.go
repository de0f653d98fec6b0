package schema

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/client-go/kubernetes/scheme"
)

// A kind that the next version of the library brings has to be added here.
func TestKindsAreThoseOfTheClients(t *testing.T) {
	if diff := cmp.Diff(names(scheme.Scheme.AllKnownTypes()), names(kinds().AllKnownTypes())); diff != "" {
		t.Errorf("those of the clients, and ours:\n%s", diff)
	}
}

func names[K interface {
	comparable
	String() string
}, V interface{ String() string }](types map[K]V) map[string]string {
	named := map[string]string{}
	for kind, in := range types {
		named[kind.String()] = in.String()
	}
	return named
}
