package gitea

import (
	"net/url"
	"slices"
	"strings"
)

// known are servers that everybody can use.
var known = []string{"gitea.com", "codeberg.org"}

// Recognise tells the server and the repository of a Git remote, where its host is known to be one of these servers or
// says so in its name.
func Recognise(remote string) (Options, bool) {
	o, ok := At(remote)
	if !ok {
		return Options{}, false
	}
	u, err := url.Parse(o.URL)
	if err != nil {
		return Options{}, false
	}
	host := strings.ToLower(u.Hostname())
	first, _, _ := strings.Cut(host, ".")
	return o, slices.Contains(known, host) || first == "gitea" || first == "forgejo"
}

// At takes a Git remote apart whose server is known to be one of these: https, ssh, or host:path as scp writes it. A
// port counts for the web only; with ssh, the web is taken to be at the host's own.
func At(remote string) (Options, bool) {
	if !strings.Contains(remote, "://") {
		host, path, ok := strings.Cut(remote, ":")
		if !ok || strings.ContainsAny(host, "/\\") {
			return Options{}, false
		}
		remote = "ssh://" + host + "/" + strings.TrimPrefix(path, "/")
	}
	u, err := url.Parse(remote)
	if err != nil || u.Hostname() == "" || u.RawQuery != "" || u.Fragment != "" {
		return Options{}, false
	}
	server := u.Scheme + "://" + u.Host
	switch u.Scheme {
	case "https", "http":
	case "ssh", "git+ssh":
		server = "https://" + u.Hostname()
	default:
		return Options{}, false
	}
	parts := strings.Split(strings.TrimSuffix(strings.Trim(u.Path, "/"), ".git"), "/")
	n := len(parts)
	if n < 2 || slices.Contains(parts, "") || slices.Contains(parts, "..") || slices.Contains(parts, ".") {
		return Options{}, false
	}
	return Options{URL: strings.Join(append([]string{server}, parts[:n-2]...), "/"), Repository: parts[n-2] + "/" + parts[n-1]}, true
}
