package connector

import (
	"strings"
	"testing"
)

func TestIdentityIn(t *testing.T) {
	for name, tt := range map[string]struct {
		text string
		want Resource // the zero value where it is none
	}{
		"a Deployment":        {"apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web, namespace: shop}\n", Resource{Group: "apps", Version: "v1", Kind: "Deployment", Namespace: "shop", Name: "web"}},
		"of no group":         {"apiVersion: v1\nkind: Service\nmetadata: {name: web}\n", Resource{Version: "v1", Kind: "Service", Name: "web"}},
		"no name":             {"apiVersion: v1\nkind: Service\nmetadata: {generateName: web}\n", Resource{}},
		"no kind":             {"metadata: {name: web}\n", Resource{}},
		"a list":              {"- kind: Service\n", Resource{}},
		"no YAML":             {"{{ template }}", Resource{}},
		"larger than any":     {"apiVersion: v1\nkind: Service\nmetadata: {name: web}\n#" + strings.Repeat("x", maxManifest), Resource{}},
		"names that multiply": {"a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b]\nd: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c]\ne: &e [*d,*d,*d,*d,*d,*d,*d,*d,*d]\nkind: [*e,*e,*e,*e,*e,*e,*e]\nmetadata: {name: x}\n", Resource{}},
	} {
		if got, ok := identityIn([]byte(tt.text)); got != tt.want || ok != (tt.want != Resource{}) {
			t.Errorf("%s: %+v, %v", name, got, ok)
		}
	}
}

// Whatever a file of a folder holds, it is one resource with a kind and a name, or none.
func FuzzIdentityIn(f *testing.F) {
	f.Add([]byte("apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web, namespace: shop}\n"))
	f.Add([]byte("kind: &a {x: *a}\n"))
	f.Add([]byte("apiVersion: /\nkind: 5\nmetadata: {name: [a]}\n---\nkind: b\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		got, ok := identityIn(data)
		if ok != (got.Kind != "" && got.Name != "") {
			t.Errorf("%+v, %v", got, ok)
		}
		if again, _ := identityIn(data); again != got {
			t.Errorf("%+v, then %+v", got, again)
		}
	})
}
