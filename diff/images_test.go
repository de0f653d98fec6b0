package diff

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestDirections(t *testing.T) {
	for _, c := range []struct {
		from, to string
		want     Direction
	}{
		{"a:1.9.0", "a:1.10.0", Upgrade},
		{"a:v1.10.0", "a:v1.9.9", Downgrade},
		{"a:1.4", "a:1.5.0", Upgrade},
		{"a:1.4.0-rc.1", "a:1.4.0", Upgrade},
		{"a:1.4.0", "a:1.4.0-beta", Downgrade},
		{"a:1.4.0-rc.2", "a:1.4.0-rc.10", Upgrade},
		{"a:1.4.0", "a:1.4.0-alpine", Other},
		{"a:1.4.0-alpine", "a:1.5.0-alpine", Upgrade},
		{"a:1234", "a:1250", Upgrade},
		{"a:20260101", "a:20251231", Downgrade},
		{"a:main-abc", "a:main-def", Other},
		{"a:1e3", "a:2e3", Other},
		{"a:1.0.0", "a:main", Other},
		{"a:1", "a:1.0.0", Other},
		{"a:1@sha256:aa", "a:1@sha256:bb", Same},
		{"a@sha256:aa", "a@sha256:bb", Same},
		{"a:1@sha256:aa", "a:2@sha256:aa", Retagged},
		{"a:1@sha256:aa", "a:2@sha256:bb", Upgrade},
		{"a:1", "a:1@sha256:aa", Pinned},
		{"a:1@sha256:aa", "a:1", Unpinned},
		{"a:1@sha256:aa", "a:2", Unpinned},
		{"a:2@sha256:aa", "a:1", Downgrade},
		{"a:1", "a:2@sha256:aa", Upgrade},
		{"dev.example/a:1@sha256:aa", "prod.example/a:1@sha256:aa", Moved},
		{"dev.example/a:1", "prod.example/a:1", Moved},
		{"dev.example/a:1@sha256:aa", "prod.example/a:1@sha256:bb", Replaced},
		{"dev.example/a:2", "prod.example/a:1", Downgrade},
		{"a:1", "b:1", Moved},
		{"a:2", "b:1", Replaced},
		{"localhost:5000/a", "localhost:5000/a:1", Other},
	} {
		if got := direction(parseImage(c.from), parseImage(c.to)); got != c.want {
			t.Errorf("%s to %s is %q, want %q", c.from, c.to, got, c.want)
		}
	}
}

func TestParseImage(t *testing.T) {
	for ref, want := range map[string]Image{
		"a":                          {"a", "", ""},
		"ghcr.io/a/b:1.0":            {"ghcr.io/a/b", "1.0", ""},
		"localhost:5000/a":           {"localhost:5000/a", "", ""},
		"localhost:5000/a:1@sha256:": {"localhost:5000/a", "1", "sha256:"},
		"a@sha256:ff":                {"a", "", "sha256:ff"},
		"":                           {},
		":@:":                        {"", "", ":"},
	} {
		if got := parseImage(ref); got != want {
			t.Errorf("%q is %+v, want %+v", ref, got, want)
		}
	}
}

func toldImages(changes []ImageChange) (lines []string) {
	for _, c := range changes {
		var where []string
		for _, p := range c.Where {
			where = append(where, p.Resource.String()+" "+p.Path)
		}
		lines = append(lines, fmt.Sprintf("%s: %s -> %s, %s, in %s", c.Name, reference(c.From), reference(c.To), c.Direction, strings.Join(where, " and ")))
	}
	return lines
}

func TestImages(t *testing.T) {
	const job = `{apiVersion: batch/v1, kind: CronJob, metadata: {name: a}, spec: {jobTemplate: {spec: {template: {spec: {containers: [{name: c, image: "%s"}]}}}}}}`
	pods := func(images ...string) string {
		var all []string
		for i, image := range images {
			all = append(all, fmt.Sprintf(`{apiVersion: v1, kind: Pod, metadata: {name: p%d}, spec: {containers: [{name: c, image: "%s"}]}}`, i, image))
		}
		return strings.Join(all, "\n---\n")
	}
	for name, c := range map[string]struct {
		old, new string
		want     []string
	}{
		"one step in three places": {pods("a:1.0.0", "a:1.0.0"), pods("a:1.1.0", "a:1.1.0"), []string{"a: a:1.0.0 -> a:1.1.0, upgrade, in Pod p0 spec.containers[c].image and Pod p1 spec.containers[c].image"}},
		"two steps": {pods("a:1.0.0", "a:2.0.0"), pods("a:2.0.0", "a:1.0.0"), []string{
			"a: a:1.0.0 -> a:2.0.0, upgrade, in Pod p0 spec.containers[c].image", "a: a:2.0.0 -> a:1.0.0, downgrade, in Pod p1 spec.containers[c].image"}},
		"a new image":                     {pods("a:1"), pods("a:1", "b:1"), []string{"b:  -> b:1, added, in Pod p1 spec.containers[c].image"}},
		"an old image in a new place":     {pods("a:1"), pods("a:1", "a:1"), nil},
		"a moved image in a new place":    {pods("a:1"), pods("a:2", "a:2"), []string{"a: a:1 -> a:2, upgrade, in Pod p0 spec.containers[c].image and Pod p1 spec.containers[c].image"}},
		"an image that is gone":           {pods("a:1", "b:1"), pods("a:1"), []string{"b: b:1 -> , removed, in Pod p1 spec.containers[c].image"}},
		"an image that is still used":     {pods("a:1", "a:1"), pods("a:1"), nil},
		"an image that moves on":          {pods("a:1", "a:1"), pods("a:2"), []string{"a: a:1 -> a:2, upgrade, in Pod p0 spec.containers[c].image"}},
		"cron jobs":                       {fmt.Sprintf(job, "a:1"), fmt.Sprintf(job, "a:2"), []string{"a: a:1 -> a:2, upgrade, in CronJob a spec.jobTemplate.spec.template.spec.containers[c].image"}},
		"a container under another name":  {pod + `{containers: [{name: c, image: "a:1"}]}}`, pod + `{containers: [{name: d, image: "a:1"}]}}`, nil},
		"containers in another order":     {pod + `{containers: [{name: c, image: "a:1"}, {name: d, image: "b:1"}]}}`, pod + `{containers: [{name: d, image: "b:1"}, {name: c, image: "a:1"}]}}`, nil},
		"init containers":                 {pod + `{initContainers: [{name: c, image: "a:1"}]}}`, pod + `{initContainers: [{name: c, image: "a:2"}]}}`, []string{"a: a:1 -> a:2, upgrade, in Pod a spec.initContainers[c].image"}},
		"an image volume":                 {pod + `{volumes: [{name: v, image: {reference: "a:1"}}]}}`, pod + `{volumes: [{name: v, image: {reference: "a:2"}}]}}`, []string{"a: a:1 -> a:2, upgrade, in Pod a spec.volumes[v].image.reference"}},
		"a custom resource":               {custom + `{engine: {image: "a:1"}, odd name: [{image: "b:1"}]}}`, custom + `{engine: {image: "a:2"}, odd name: [{image: "b:2"}]}}`, []string{"a: a:1 -> a:2, upgrade, in Thing.example.com a spec.engine.image", `b: b:1 -> b:2, upgrade, in Thing.example.com a spec["odd name"][0].image`}},
		"what a ConfigMap says of images": {config + `{image: "a:1"}}`, config + `{image: "a:2"}}`, nil},
	} {
		t.Run(name, func(t *testing.T) {
			d := Compare(set(t, c.old), set(t, c.new))
			if diff := cmp.Diff(c.want, toldImages(d.Images)); diff != "" {
				t.Error(diff)
			}
			for _, i := range d.Images {
				for _, p := range i.Where {
					checkPlace(t, d, i, p)
				}
			}
		})
	}
}

// checkPlace holds the path of an image against the path of the field that changed.
func checkPlace(t *testing.T, d Diff, i ImageChange, p Place) {
	t.Helper()
	if i.From == nil || i.To == nil {
		return
	}
	for _, c := range d.Resources {
		if c.Resource != p.Resource || c.Kind == Added {
			continue
		}
		for _, f := range c.Fields {
			if f.Path == p.Path {
				return
			}
		}
		t.Errorf("no field of %s has the path %s: %v", p.Resource, p.Path, told([]Change{c}))
	}
}
