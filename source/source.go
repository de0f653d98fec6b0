// Package source is where releases come in: what CI says of itself (ci.go), the app repository that a release was built
// from (checkout.go, worktree.go), and the sources branch of the GitOps repository, which keeps the newest accepted
// release of each app and the templates of all that are still needed (store.go, accept.go). Everything later reads
// templates from there, so that the app repository may be gone by then.
package source

import (
	"fmt"
	"slices"
	"strings"

	"github.com/ferry-cd/ferry/release"
)

// Carry completes a release with images that belong to its app but were not built for it: they come from the accepted
// release, marked with the version that brought them.
func Carry(rel release.Release, names []string, accepted release.Release) release.Release {
	images := slices.Clone(rel.Images)
	for _, name := range names {
		if _, built := find(images, name); built {
			continue
		}
		if image, ok := find(accepted.Images, name); ok {
			if image.Carried == "" {
				image.Carried = accepted.Version
			}
			images = append(images, image)
		}
	}
	slices.SortFunc(images, func(a, b release.Image) int { return strings.Compare(a.Name, b.Name) })
	rel.Images = images
	return rel
}

func find(images []release.Image, name string) (release.Image, bool) {
	i := slices.IndexFunc(images, func(i release.Image) bool { return release.SameImage(i.Name, name) })
	if i < 0 {
		return release.Image{}, false
	}
	return images[i], true
}

// inputError is input that cannot be used as it is.
type inputError struct{ text, hint string }

func (e *inputError) Error() string { return e.text }
func (e *inputError) Hint() string  { return e.hint }
func (e *inputError) ExitCode() int { return 2 }

func wrong(hint, format string, args ...any) error {
	return &inputError{text: fmt.Sprintf(format, args...), hint: hint}
}
