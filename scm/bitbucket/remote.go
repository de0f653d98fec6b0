package bitbucket

import (
	"net/url"
	"slices"
	"strings"
)

// hosts are the names under which Git reaches Bitbucket Cloud; the second is for networks that let only port 443 out.
var hosts = []string{"bitbucket.org", "altssh.bitbucket.org"}

// Recognise tells the repository of a Git remote: https, ssh, or host:path as scp writes it.
func Recognise(remote string) (Options, bool) {
	if !strings.Contains(remote, "://") {
		host, path, ok := strings.Cut(remote, ":")
		if !ok || strings.ContainsAny(host, "/\\") {
			return Options{}, false
		}
		remote = "ssh://" + host + "/" + strings.TrimPrefix(path, "/")
	}
	u, err := url.Parse(remote)
	if err != nil || !slices.Contains(hosts, strings.ToLower(u.Hostname())) || u.RawQuery != "" || u.Fragment != "" {
		return Options{}, false
	}
	if !slices.Contains([]string{"https", "ssh", "git+ssh"}, u.Scheme) {
		return Options{}, false
	}
	workspace, name, ok := strings.Cut(strings.TrimSuffix(strings.Trim(u.Path, "/"), ".git"), "/")
	if !ok || workspace == "" || name == "" || strings.ContainsAny(name, "/") || workspace == ".." || name == ".." || workspace == "." || name == "." {
		return Options{}, false
	}
	return Options{Repository: workspace + "/" + name}, true
}
