package render

import (
	"strings"
	"testing"
	"unicode/utf8"
)

// FuzzPin: whatever a template calls an image and whatever a field path looks like, an image is pinned where its repository
// is the release's and nowhere else, and pinning again changes nothing.
func FuzzPin(f *testing.F) {
	f.Add("ghcr.io/acme/web:1", "Pod.spec.list[].image")
	f.Add("nginx@sha256:00", `Pod.metadata.annotations["a.b/c"]`)
	f.Add("docker.io/library/web", "Pod.spec.x[][*].y")
	f.Add("localhost:5000/web:1@x", "Pod..[")
	f.Fuzz(func(t *testing.T, reference, path string) {
		if !utf8.ValidString(reference) {
			return
		}
		container := &Manifest{Path: "pod.yaml", Identity: Identity{Kind: "Pod", Name: "a"}}
		container.Data = write(nil, mustCanonical(t, "{apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {containers: [{image: x}]}}")[0].Node())
		site := podPaths["Pod"][1].sites(container.Node())[0]
		container.Data = write(nil, replaced(container.Node(), site.at, reference))
		images := []Image{{Name: "web", Match: "ghcr.io/acme/web", Tag: "2", Optional: true, Fields: []string{path}}}
		once, err := Pin(Manifests{*container}, images)
		if err != nil {
			return
		}
		want := repository(reference) == "docker.io/library/web" || repository(reference) == "ghcr.io/acme/web"
		if got := strings.Contains(string(once.Manifests[0].Data), "image: web:2\n"); got != want {
			t.Fatalf("%q is pinned: %v", reference, got)
		}
		twice, err := Pin(once.Manifests, images)
		if err != nil || !twice.Manifests[0].Equal(once.Manifests[0]) {
			t.Fatalf("pinned again: %v\n%s", err, twice.Manifests[0].Data)
		}
	})
}
