package release

import (
	"cmp"
	"strconv"
	"strings"
)

const (
	maxReference = 1024 // bytes of a whole reference; a name has at most 255, a tag 128
	maxName      = 255
)

var (
	digestForm    = form(`^sha256:[0-9a-f]{64}$`)
	tagForm       = form(`^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$`)
	componentForm = form(`^[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*$`)
	hostForm      = form(`^(\[[0-9a-f:]+\]|[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*)(:[0-9]{1,5})?$`)
)

// ParseImage reads an image as people write it: a reference, name[:tag][@sha256:...], or NAME=reference where templates
// call the image NAME and it lies elsewhere. Whether a digest may be missing is the caller's to decide.
func ParseImage(s string) (Image, error) {
	name, ref, renamed := strings.Cut(s, "=")
	if !renamed {
		ref = name
	}
	if p := cmp.Or(checkOutside(name), checkOutside(ref)); p != nil {
		return Image{}, p
	}
	image, p := parseReference(ref)
	if p != nil {
		return Image{}, p
	}
	if !renamed || name == image.Name {
		return image, nil
	}
	if p := checkImageName(name); p != nil {
		return Image{}, p
	}
	image.Name, image.Repository = name, image.Name
	return image, nil
}

// checkOutside refuses what is no reference at all, without repeating what may hold a password.
func checkOutside(ref string) *Problem {
	const form = "write it as registry.example.com/name:tag@sha256:<64 hex digits>"
	rest, _, _ := cutDigest(ref)
	switch {
	case ref == "":
		return problem(form, "an image reference is empty")
	case len(ref) > maxReference:
		return problem(form, "an image reference is longer than %d characters", maxReference)
	case strings.Contains(rest, "@"):
		return problem("credentials for registries are configured where images are pulled", "an image reference carries credentials")
	case strings.Contains(rest, "://"):
		return problem("leave the scheme out", "image %q starts with a scheme", clip(rest))
	}
	return nil
}

// cutDigest splits a reference at its digest, which starts at the last @.
func cutDigest(ref string) (rest, digest string, found bool) {
	i := strings.LastIndex(ref, "@")
	if i < 0 || strings.Contains(ref[i:], "/") {
		return ref, "", false
	}
	return ref[:i], ref[i+1:], true
}

func parseReference(ref string) (Image, *Problem) {
	rest, digest, pinned := cutDigest(ref)
	if pinned && !digestForm().MatchString(digest) {
		return Image{}, badDigest(rest, digest)
	}
	name, tag := rest, ""
	if i := strings.LastIndex(rest, ":"); i > strings.LastIndex(rest, "/") {
		name, tag = rest[:i], rest[i+1:]
		if !tagForm().MatchString(tag) {
			return Image{}, problem("a tag has 1 to 128 letters, digits, dots, dashes and underscores", "image %q has a bad tag", clip(name))
		}
	}
	if p := checkImageName(name); p != nil {
		return Image{}, p
	}
	return Image{Name: name, Tag: tag, Digest: digest}, nil
}

// badDigest names the image only where what follows the @ was meant as a digest: it may as well be user:password@host.
func badDigest(rest, digest string) *Problem {
	what := "an image reference"
	if strings.HasPrefix(digest, "sha256:") {
		what = "image " + strconv.Quote(clip(rest))
	}
	return problem("a digest is sha256: and 64 hex digits in lower case", "%s has a bad digest", what)
}

// checkImageName checks a name without tag and digest.
func checkImageName(name string) *Problem {
	if name == "" || len(name) > maxName {
		return problem("", "an image name has 1 to %d characters, not %d", maxName, len(name))
	}
	host, path := splitHost(name)
	if host != "" && !hostForm().MatchString(host) {
		return badName(name, "its registry is no host name")
	}
	for component := range strings.SplitSeq(path, "/") {
		if !componentForm().MatchString(component) {
			return badName(name, "each part is lower-case letters and digits, separated by . _ __ or dashes")
		}
	}
	return nil
}

func badName(name, why string) *Problem {
	if lower := strings.ToLower(name); lower != name && checkImageName(lower) == nil {
		return problem("write "+lower, "image name %q has upper-case letters", clip(name))
	}
	return problem("", "image name %q is not valid: %s", clip(name), why)
}

// splitHost tells a registry from the first folder of a name: it has a dot or a port, or is localhost.
func splitHost(name string) (host, path string) {
	first, rest, found := strings.Cut(name, "/")
	if found && (strings.ContainsAny(first, ".:") || first == "localhost") {
		return first, rest
	}
	return "", name
}

// SameImage tells whether two names, without tag and digest, mean one image: short names lie on Docker Hub.
func SameImage(a, b string) bool { return fullName(a) == fullName(b) }

func fullName(name string) string {
	host, path := splitHost(name)
	switch strings.ToLower(host) {
	case "", "docker.io", "index.docker.io", "registry-1.docker.io":
		if !strings.Contains(path, "/") {
			path = "library/" + path
		}
		return "docker.io/" + path
	}
	return strings.ToLower(host) + "/" + path
}

// clip keeps outside text short in a message.
func clip(s string) string {
	const most = 80
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "") + "..."
}
