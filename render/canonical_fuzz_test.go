package render

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"testing"

	yamlv3 "go.yaml.in/yaml/v3"
	"sigs.k8s.io/yaml"
)

// nonSpecific is a tag that Kubernetes' YAML reader ignores against the specification, and ours cannot see.
var nonSpecific = regexp.MustCompile(`![\s,\[\]{}]|!$`)

// FuzzCanonical holds the canonical form to what Kubernetes reads in the original: any document that we accept means the same
// before and after, to a YAML 1.1 reader and to a 1.2 reader, and is canonical at once.
func FuzzCanonical(f *testing.F) {
	seeds, err := filepath.Glob("testdata/canonical/*.yaml")
	if err != nil {
		f.Fatal(err)
	}
	for _, name := range seeds {
		data, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) > 1<<16 || nonSpecific.Match(data) {
			return
		}
		root, _, _ := parse(data)
		if root == nil {
			return
		}
		sameMeaning(t, data, root)
	})
}

// sameMeaning checks the canonical form of a document against the document. Some tabs and the like are read by our library
// and not by that of Kubernetes; then the form only has to keep to itself.
func sameMeaning(t *testing.T, data []byte, root *yamlv3.Node) {
	t.Helper()
	canonical := write(nil, root)
	want := jsonOf(t, value(root))
	var original any
	if err := yaml.Unmarshal(data, &original); err == nil {
		want = original
	}
	if got := kubernetes(t, canonical); !reflect.DeepEqual(got, want) {
		t.Fatalf("Kubernetes reads\n%v\nin the canonical form\n%s\nof\n%s\nwhich means\n%v", got, canonical, data, want)
	}
	if got := modern(t, canonical); !reflect.DeepEqual(got, want) {
		t.Fatalf("a YAML 1.2 reader reads\n%#v\nin the canonical form\n%s\nof\n%s\nwhich means\n%#v", got, canonical, data, want)
	}
	if got := jsonOf(t, value(root)); !reflect.DeepEqual(got, want) {
		t.Fatalf("the value is\n%v\nand should be\n%v", got, want)
	}
	again, _, bad := parse(canonical)
	if bad != nil {
		t.Fatalf("the canonical form is refused: %v\n%s", bad, canonical)
	}
	if !reflect.DeepEqual(value(again), value(root)) {
		t.Fatalf("the value %#v becomes %#v when it is read again", value(root), value(again))
	}
	if twice := write(nil, again); !bytes.Equal(twice, canonical) {
		t.Fatalf("the canonical form of\n%s\nis\n%s", canonical, twice)
	}
}

// kubernetes reads YAML as the API machinery does, and refuses doubtful keys.
func kubernetes(t *testing.T, data []byte) any {
	t.Helper()
	var v any
	if err := yaml.UnmarshalStrict(data, &v); err != nil {
		t.Fatalf("Kubernetes cannot read it: %v\n%s", err, data)
	}
	return v
}

// modern reads YAML 1.2.
func modern(t *testing.T, data []byte) any {
	t.Helper()
	var v any
	if err := yamlv3.Unmarshal(data, &v); err != nil {
		t.Fatalf("a YAML 1.2 reader cannot read it: %v\n%s", err, data)
	}
	return jsonOf(t, v)
}

func jsonOf(t *testing.T, v any) any {
	t.Helper()
	data, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	var out any
	if err := json.Unmarshal(data, &out); err != nil {
		t.Fatal(err)
	}
	return out
}
