package render

import (
	"maps"
	"slices"
	"strings"
)

// repository gives the registry and path of an image reference in full, without tag and digest, so that equal repositories
// compare equal: nginx:1.29 and docker.io/library/nginx@sha256:... are both docker.io/library/nginx.
func repository(reference string) string {
	name, _, _ := strings.Cut(reference, "@")
	if i := strings.LastIndexByte(name, ':'); i > strings.LastIndexByte(name, '/') {
		name = name[:i]
	}
	if name == "" {
		return ""
	}
	host, path, ok := strings.Cut(name, "/")
	if !ok || !isHost(host) {
		host, path = "docker.io", name
	}
	switch host = strings.ToLower(host); host {
	case "index.docker.io", "registry-1.docker.io", "docker.io":
		host = "docker.io"
		if !strings.Contains(path, "/") {
			path = "library/" + path
		}
	}
	return host + "/" + path
}

// isHost tells a registry from the first part of a path, as container runtimes do.
func isHost(s string) bool { return s == "localhost" || strings.ContainsAny(s, ".:") }

// rewritten gives a repository's name in the registry of an environment. The longest entry that holds it wins; entries are a
// registry, or a registry and the beginning of a path. Without one the name stays as it is spelled.
func rewritten(name string, rewrite map[string]string) string {
	full, best, to := repository(name), "", ""
	// Those that hold the name begin with one another, so the longest comes last.
	for _, key := range slices.Sorted(maps.Keys(rewrite)) {
		from := strings.TrimSuffix(key, "/")
		if full == from || strings.HasPrefix(full, from+"/") {
			best, to = from, strings.TrimSuffix(rewrite[key], "/")
		}
	}
	if best == "" {
		return name
	}
	return to + full[len(best):]
}
