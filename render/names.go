package render

import (
	"crypto/sha256"
	"fmt"
	"strings"
)

// A file name follows from the resource alone, so that no other resource can rename it:
//
//	deployment-podinfo.yaml                        kind and name
//	deployment-podinfo@monitoring.yaml             @ and the namespace, where it is not that of the app
//	certificate-web_cert-manager.io.yaml           _ and the group, where Kubernetes itself has no such kind in it
//	clusterrole-system-reader~5b1c0e7a42.yaml      ~ and a hash, where the rest had to be changed or cut
//
// Everything is lower case, for file systems that fold it. Kinds, names, groups and namespaces of the usual form hold none of
// the separators, so two resources never share a name; where a part holds anything but a-z, 0-9, dash and dot, or all is too
// long, the hash of the identity keeps them apart. The dash after the kind keeps names such as con.yaml, Chart.yaml and
// kustomization.yaml out of reach.

// maxName bounds a file name in bytes. File systems allow 255, and tools add suffixes of their own.
const maxName = 200

const extension = ".yaml"

// fileName names the file of a resource of an app that is installed into a namespace.
func fileName(id Identity, namespace string) string {
	if id = id.In(namespace); id.Namespace == namespace {
		id.Namespace = ""
	}
	stem, exact := part(id.Kind, "")
	add := func(separator, s, allowed string) {
		text, ok := part(s, allowed)
		stem, exact = stem+separator+text, exact && ok
	}
	add("-", id.Name, "-.")
	if !id.IsBuiltIn() && id.Group != "" {
		add("_", id.Group, "-.")
	}
	if id.Namespace != "" {
		add("@", id.Namespace, "-")
	}
	if exact && len(stem)+len(extension) <= maxName {
		return stem + extension
	}
	return hashed(stem, id)
}

// part gives a piece of a file name in safe characters, and whether it still says all.
func part(s, allowed string) (string, bool) {
	exact := true
	safe := strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9', strings.ContainsRune(allowed, r):
			return r
		case r >= 'A' && r <= 'Z':
			exact = exact && allowed == "" // only a kind has capitals by right
			return r + 'a' - 'A'
		}
		exact = false
		return '-'
	}, s)
	return safe, exact
}

func hashed(stem string, id Identity) string {
	sum := sha256.Sum256([]byte(strings.Join([]string{id.Group, id.Kind, id.Namespace, id.Name}, "\x00")))
	suffix := fmt.Sprintf("~%x%s", sum[:5], extension)
	return stem[:min(len(stem), maxName-len(suffix))] + suffix
}

// nameFiles gives each manifest its file name. Kinds that differ in capitals alone are told apart by a hash.
func nameFiles(ms Manifests, namespace string) {
	count := map[string]int{}
	for i := range ms {
		ms[i].Path = fileName(ms[i].Identity, namespace)
		count[ms[i].Path]++
	}
	for i := range ms {
		if count[ms[i].Path] > 1 {
			ms[i].Path = hashed(strings.TrimSuffix(ms[i].Path, extension), ms[i].Identity)
		}
	}
}

// distinctFiles is the last net under nameFiles: manifests sorted by file name.
func distinctFiles(ms Manifests) error {
	for i := 1; i < len(ms); i++ {
		if ms[i-1].Path == ms[i].Path {
			return fmt.Errorf("%s and %s would share the file %s", ms[i-1].Identity, ms[i].Identity, ms[i].Path)
		}
	}
	return nil
}
