package connector

import (
	"net/url"
	"strings"
)

// SameRepository tells whether two addresses are of one repository, however each is written.
func SameRepository(a, b string) bool {
	a, b = repositoryKey(a), repositoryKey(b)
	return a != "" && a == b
}

// repositoryKey is an address without what does not tell repositories apart: scheme, user, password, port, .git, slashes at
// the ends, and the case of the host. Paths keep their case: hosts differ in whether it matters. It is "" for what is no
// address.
func repositoryKey(address string) string {
	address = strings.TrimSpace(address)
	host, path := splitAddress(address)
	host = strings.TrimSuffix(strings.ToLower(host), ".")
	path = strings.TrimSuffix(strings.Trim(path, "/"), ".git")
	host, path = oneHost(host, strings.Trim(path, "/"))
	if path == "" || host == "" && !isLocal(address) {
		return ""
	}
	return host + "/" + path
}

// isLocal tells the address of a repository on disk, which has no host.
func isLocal(address string) bool {
	return strings.HasPrefix(address, "/") || strings.HasPrefix(strings.ToLower(address), "file:")
}

// splitAddress takes host and path from a URL, or from what ssh takes: git@host:path.
func splitAddress(address string) (host, path string) {
	if !strings.Contains(address, "://") {
		before, after, ok := strings.Cut(address, ":")
		if !ok || strings.Contains(before, "/") {
			return "", address
		}
		return before[strings.LastIndexByte(before, '@')+1:], after
	}
	u, err := url.Parse(address)
	if err != nil {
		return "", ""
	}
	return u.Hostname(), u.Path
}

// oneHost brings together the names of hosts that have several. On Azure DevOps https has organisation/project/_git/name, and
// ssh has v3/organisation/project/name.
func oneHost(host, path string) (string, string) {
	switch {
	case host == "ssh.dev.azure.com" && strings.HasPrefix(path, "v3/"):
		return "dev.azure.com", strings.TrimPrefix(path, "v3/")
	case host == "dev.azure.com":
		return host, strings.Replace(path, "/_git/", "/", 1)
	case host == "vs-ssh.visualstudio.com" && strings.HasPrefix(path, "v3/"):
		return "dev.azure.com", strings.TrimPrefix(path, "v3/")
	case strings.HasSuffix(host, ".visualstudio.com"):
		path = strings.Replace("/"+path, "/_git/", "/", 1)
		return "dev.azure.com", strings.TrimSuffix(host, ".visualstudio.com") + strings.Replace(path, "/DefaultCollection/", "/", 1)
	case host == "altssh.bitbucket.org":
		return "bitbucket.org", path
	case host == "ssh.github.com":
		return "github.com", path
	case host == "altssh.gitlab.com":
		return "gitlab.com", path
	}
	return host, path
}
