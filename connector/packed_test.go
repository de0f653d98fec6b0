package connector_test

import (
	"strings"
	"testing"
	"time"

	"github.com/ferry-cd/ferry/connector"
	"github.com/ferry-cd/ferry/release"
)

// bundle is a unit of an OCI artifact that says nothing of where it was packed.
func (w *world) bundle(path, digest string) connector.Unit {
	u := w.kustomization("shop", "", "")
	at := connector.Revision{Kind: connector.OCI, Branch: "latest", Algorithm: "sha256", Value: digest}
	u.Origins = []connector.Origin{{Address: "oci://ghcr.io/acme/fleet", Path: path, Attempted: at, Applied: at}}
	return u
}

// note records a digest, as ferry connector artifact does.
func (w *world) note(digest, commit, folder string) {
	w.Helper()
	a := release.Artifact{Digest: "sha256:" + digest, Commit: commit, Branch: "main", Folder: folder}
	data, err := a.Marshal()
	w.must(err)
	w.commit(release.StateBranch, map[string]string{release.ArtifactPath(a.Digest): string(data)})
}

// A unit that knows only a digest brings the commit that the note of its push names, and waits while there is none.
func TestADigestIsFoundByItsNote(t *testing.T) {
	old, fresh := strings.Repeat("ab", 32), strings.Repeat("cd", 32)
	for name, tt := range map[string]struct{ path, folder string }{
		"the whole repository":    {"./dev/shop", ""},
		"the folder":              {"./", "dev/shop"},
		"a folder above":          {"shop", "dev"},
		"a folder above that all": {"", ""},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, twoEnvironments)
			first := w.promote("dev", "shop", 1)
			w.note(old, first, tt.folder)
			w.cluster.Set(w.bundle(tt.path, old))
			w.start()
			w.run(time.Minute)
			w.expect(first, devShop, "success 1 of 1 unit healthy")

			second := w.promote("dev", "shop", 2)
			w.run(5 * time.Minute)
			w.expect(second, devShop, "pending 0 of 1 unit healthy; Kustomization flux-system/shop is at "+first[:7])
			w.cluster.Set(w.bundle(tt.path, fresh))
			w.run(5 * time.Minute)
			w.expect(second, devShop, "pending")
			w.note(fresh, second, tt.folder)
			w.run(2 * time.Minute)
			w.expect(second, devShop, "success 1 of 1 unit healthy")
		})
	}
}

// A note says nothing of a digest that it is not about, cannot overrule what an artifact says itself, and breaks nothing where it
// cannot be read.
func TestNotesThatSayNothing(t *testing.T) {
	digest := strings.Repeat("ab", 32)
	at := release.ArtifactPath("sha256:" + digest)
	for name, text := range map[string]string{
		"no JSON": "{", "another digest": `{"digest": "sha256:` + strings.Repeat("cd", 32) + `", "commit": "` + strings.Repeat("1", 40) + `", "branch": "main"}`,
		"an unknown key": `{"digest": "sha256:` + digest + `", "commit": "` + strings.Repeat("1", 40) + `", "branch": "main", "force": true}`,
		"a way out":      `{"digest": "sha256:` + digest + `", "commit": "` + strings.Repeat("1", 40) + `", "branch": "main", "folder": "../x"}`,
	} {
		w := newWorld(t, twoEnvironments)
		first := w.promote("dev", "shop", 1)
		w.commit(release.StateBranch, map[string]string{at: text})
		w.cluster.Set(w.bundle("dev/shop", digest))
		w.start()
		w.run(time.Minute)
		if got := w.newest(first, devShop); !strings.HasPrefix(got, "pending no Kustomization") {
			t.Errorf("%s: %q", name, got)
		}
	}
	w := newWorld(t, twoEnvironments)
	first := w.promote("dev", "shop", 1)
	second := w.promote("dev", "shop", 2)
	w.note(digest, second, "")
	u := w.bundle("dev/shop", digest)
	u.Origins[0].Repository, u.Origins[0].Branch, u.Origins[0].Commit, u.Origins[0].Attempting = w.repo.URL(), "main", first, first
	w.cluster.Set(u)
	w.start()
	w.run(time.Minute)
	w.expect(second, devShop, "pending 0 of 1 unit healthy; Kustomization flux-system/shop is at "+first[:7])
}
