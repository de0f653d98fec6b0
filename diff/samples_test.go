package diff

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/ferry-cd/ferry/render"
)

// samples gives the manifests that lie below FERRY_SAMPLES as they are, in canonical form; templates of charts are none.
func samples(t *testing.T) map[string]render.Manifests {
	t.Helper()
	root := os.Getenv("FERRY_SAMPLES")
	if root == "" {
		t.Skip("FERRY_SAMPLES names no folder with samples")
	}
	found := map[string]render.Manifests{}
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || filepath.Ext(path) != ".yaml" || strings.Contains(path, "/templates/") {
			return err
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		var docs []render.Document
		for doc := range strings.SplitSeq(string(data), "\n---") {
			docs = append(docs, render.Document{Source: path, Data: []byte(doc)})
		}
		if ms, err := render.Canonical(render.Output{Documents: docs}, ""); err == nil && len(ms) > 0 {
			found[path] = ms
		}
		return nil
	})
	if err != nil || len(found) < 10 {
		t.Fatalf("%d files with manifests, %v", len(found), err)
	}
	return found
}

func TestSamplesAreReadFast(t *testing.T) {
	for path, ms := range samples(t) {
		for i := range ms {
			fast := readCanonical(ms[i].Data)
			if fast == nil {
				t.Errorf("%s: %s is left to the slow reader", path, ms[i].Identity)
			} else if !same(fast, slowly(string(ms[i].Data))) {
				t.Errorf("%s: %s is read as %s", path, ms[i].Identity, shown(fast))
			}
		}
	}
}

var imageLine = regexp.MustCompile(`(?m)^( *(?:- )?image: [^\s:@{}]+)(:[^\s@]+)?(@\S+)?$`)

// A release of real manifests: every image gets another tag. The diff says that and nothing else.
func TestSamplesWithOtherImages(t *testing.T) {
	images := 0
	for path, ms := range samples(t) {
		next := make(render.Manifests, len(ms))
		for i, m := range ms {
			next[i] = render.Manifest{Identity: m.Identity, Path: m.Path, Data: imageLine.ReplaceAll(m.Data, []byte("$1:999.0.0"))}
		}
		d := Compare(ms, next)
		for _, c := range d.Resources {
			for _, f := range c.Fields {
				if !strings.HasSuffix(f.Path, "image") || f.Kind != Changed {
					t.Errorf("%s: %s %s", path, c.Resource, toldField(f))
				}
				images++
			}
		}
		for _, change := range d.Images {
			if change.Direction == Downgrade || change.To.Tag != "999.0.0" {
				t.Errorf("%s: %v", path, change)
			}
		}
		if again := Compare(next, next); !again.Empty() || len(again.Risks) > 0 {
			t.Errorf("%s differs from itself", path)
		}
	}
	if images < 10 {
		t.Errorf("only %d images in all samples", images)
	}
}
