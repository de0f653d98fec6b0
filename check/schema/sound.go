package schema

import (
	"crypto/sha256"
	"sync"

	"github.com/ferry-cd/ferry/render"
)

// Most resources of an app say the same in every environment. One of Kubernetes' own kinds that was read without mistake need
// not be read again.
var sound verdicts

// maxSound bounds how many are remembered; each takes some hundred bytes.
const maxSound = 20_000

type verdictKey struct {
	text    [sha256.Size]byte
	version string // of Kubernetes
	strict  bool
}

type verdicts struct {
	mu    sync.Mutex
	known map[verdictKey]bool
}

func (v *verdicts) has(key verdictKey) bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.known[key]
}

func (v *verdicts) add(key verdictKey) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.known == nil || len(v.known) >= maxSound {
		v.known = map[verdictKey]bool{}
	}
	v.known[key] = true
}

// soundness names the question whether a resource is sound; false where the answer depends on more than the resource and the
// version: on a schema file or a definition.
func (j *judge) soundness(m *render.Manifest) (verdictKey, bool) {
	if j.file(m) != "" || j.definitions[[2]string{m.Group, m.Kind}] != nil {
		return verdictKey{}, false
	}
	return verdictKey{sha256.Sum256(m.Data), j.Version, j.Strict}, true
}
