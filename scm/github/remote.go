package github

import (
	"net/url"
	"strings"
)

// Recognise gives the API and the repository of a remote URL: https, ssh://, git@HOST:owner/name, with or without .git.
// kind "github" says that a host is GitHub Enterprise; without it only github.com and ghe.com are known to be.
func Recognise(remote, kind string) (api, repository string, ok bool) {
	scheme, host, path := split(remote)
	path = strings.TrimSuffix(strings.Trim(path, "/"), ".git")
	owner, repo, _ := strings.Cut(path, "/")
	if host == "" || !isName(owner) || !isName(repo) {
		return "", "", false
	}
	api, ok = apiOf(scheme, host, kind)
	return api, path, ok
}

func apiOf(scheme, host, kind string) (string, bool) {
	name := strings.ToLower(host)
	switch {
	case name == "github.com", name == "www.github.com", name == "ssh.github.com", name == "ssh.github.com:443":
		return API, true
	case strings.HasSuffix(name, ".ghe.com"): // https://docs.github.com/en/enterprise-cloud@latest/admin/data-residency
		return "https://api." + strings.TrimPrefix(name, "api."), true
	case kind == "github":
		return scheme + "://" + host + "/api/v3", true
	}
	return "", false
}

// split takes a remote URL apart. The port of ssh is not that of the API.
func split(remote string) (scheme, host, path string) {
	if !strings.Contains(remote, "://") {
		host, path, ok := strings.Cut(remote, ":")
		if _, after, user := strings.Cut(host, "@"); user {
			host = after
		}
		if !ok || strings.ContainsAny(host, `/\`) || len(host) < 2 { // C:\ is a disk
			return "", "", ""
		}
		return "https", host, path
	}
	u, err := url.Parse(remote)
	if err != nil {
		return "", "", ""
	}
	switch u.Scheme {
	case "https", "http":
		return u.Scheme, u.Host, u.Path
	case "ssh", "git+ssh":
		return "https", u.Hostname(), u.Path
	}
	return "", "", ""
}
