package diff

import (
	"strings"

	"github.com/Masterminds/semver/v3"
)

// Image is a container image as a manifest names it.
type Image struct {
	Name   string `json:"name"`
	Tag    string `json:"tag,omitempty"`
	Digest string `json:"digest,omitempty"`
}

// String gives the reference: name[:tag][@digest].
func (i Image) String() string {
	s := i.Name
	if i.Tag != "" {
		s += ":" + i.Tag
	}
	if i.Digest != "" {
		s += "@" + i.Digest
	}
	return s
}

// Direction says where an image moves.
type Direction string

// The directions. Same tells a tag whose digest alone changed; Pinned and Unpinned one that got or lost its digest; Moved one
// that comes from another registry or folder, with the same tag or digest; Other a step between tags that have no order.
const (
	ImageAdded   Direction = "added"
	ImageRemoved Direction = "removed"
	Upgrade      Direction = "upgrade"
	Downgrade    Direction = "downgrade"
	Same         Direction = "same tag, other digest"
	Retagged     Direction = "same digest, other tag"
	Pinned       Direction = "pinned"
	Unpinned     Direction = "unpinned"
	Moved        Direction = "moved"
	Replaced     Direction = "replaced"
	Other        Direction = "other"
)

// parseImage splits a reference without judging it: what is in a manifest need not be one.
func parseImage(ref string) Image {
	name, digest, _ := strings.Cut(ref, "@")
	if i := strings.LastIndexByte(name, ':'); i > strings.LastIndexByte(name, '/') {
		return Image{name[:i], name[i+1:], digest}
	}
	return Image{Name: name, Digest: digest}
}

// direction judges the step from one image to another, different one.
func direction(from, to Image) Direction {
	switch {
	case from.Name != to.Name:
		return moved(from, to)
	case from.Digest != "" && to.Digest == "":
		return unpinned(from.Tag, to.Tag)
	case from.Tag != to.Tag && from.Digest != "" && from.Digest == to.Digest:
		return Retagged
	case from.Tag != to.Tag:
		return order(from.Tag, to.Tag)
	case from.Digest == "":
		return Pinned
	}
	return Same
}

// unpinned lets a downgrade be the louder news.
func unpinned(from, to string) Direction {
	if order(from, to) == Downgrade {
		return Downgrade
	}
	return Unpinned
}

func moved(from, to Image) Direction {
	sameDigest := from.Digest != "" && from.Digest == to.Digest
	sameTag := from.Tag != "" && from.Tag == to.Tag && (from.Digest == "" || to.Digest == "")
	if sameDigest || sameTag {
		return Moved
	}
	if lastPart(from.Name) == lastPart(to.Name) && order(from.Tag, to.Tag) == Downgrade {
		return Downgrade
	}
	return Replaced
}

func lastPart(name string) string { return name[strings.LastIndexByte(name, '/')+1:] }

// order compares tags where they are versions of one kind.
func order(from, to string) Direction {
	if from == to {
		return Other
	}
	a, err := semver.NewVersion(from)
	if err != nil {
		return Other
	}
	b, err := semver.NewVersion(to)
	if err != nil || !comparable(a, b) {
		return Other
	}
	switch a.Compare(b) {
	case -1:
		return Upgrade
	case 1:
		return Downgrade
	}
	return Other
}

// comparable leaves out steps between variants of one version, such as 1.25.0 and 1.25.0-alpine: a suffix has an order only
// where it begins like a pre-release.
func comparable(a, b *semver.Version) bool {
	if a.Major() != b.Major() || a.Minor() != b.Minor() || a.Patch() != b.Patch() {
		return true
	}
	return isPrerelease(a.Prerelease()) && isPrerelease(b.Prerelease())
}

func isPrerelease(s string) bool {
	if s == "" || s[0] >= '0' && s[0] <= '9' {
		return true
	}
	for _, word := range []string{"alpha", "beta", "rc", "pre", "dev", "snapshot", "next", "canary", "nightly", "preview"} {
		if strings.HasPrefix(strings.ToLower(s), word) {
			return true
		}
	}
	return false
}
