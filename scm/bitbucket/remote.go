package bitbucket

import (
	"net/url"
	"slices"
	"strings"
)

// hosts are the names under which Git reaches Bitbucket Cloud; the second is for networks that let only port 443 out.
var hosts = []string{"bitbucket.org", "altssh.bitbucket.org"}

// Recognise tells the repository of a Git remote at bitbucket.org: https, ssh, or host:path as scp writes it.
func Recognise(remote string) (Options, bool) {
	o, host, ok := read(remote)
	if !ok || !slices.Contains(hosts, host) || strings.HasPrefix(o.URL, "http://") {
		return Options{}, false
	}
	o.URL = publicAPI
	return o, true
}

// At reads a Git remote that is known to be Bitbucket's, also where its API is reached under another name: at the host of
// the remote then.
func At(remote string) (Options, bool) {
	if o, ok := Recognise(remote); ok {
		return o, true
	}
	o, _, ok := read(remote)
	return o, ok
}

func read(remote string) (o Options, host string, ok bool) {
	if !strings.Contains(remote, "://") {
		host, path, ok := strings.Cut(remote, ":")
		if !ok || strings.ContainsAny(host, "/\\") {
			return Options{}, "", false
		}
		remote = "ssh://" + host + "/" + strings.TrimPrefix(path, "/")
	}
	u, err := url.Parse(remote)
	if err != nil || u.Hostname() == "" || u.RawQuery != "" || u.Fragment != "" {
		return Options{}, "", false
	}
	if !slices.Contains([]string{"https", "http", "ssh", "git+ssh"}, u.Scheme) {
		return Options{}, "", false
	}
	workspace, name, ok := strings.Cut(strings.TrimSuffix(strings.Trim(u.Path, "/"), ".git"), "/")
	if !ok || workspace == "" || name == "" || strings.ContainsAny(name, "/") || workspace == ".." || name == ".." || workspace == "." || name == "." {
		return Options{}, "", false
	}
	web := url.URL{Scheme: u.Scheme, Host: u.Host}
	if u.Scheme != "https" && u.Scheme != "http" {
		web = url.URL{Scheme: "https", Host: u.Hostname()} // the port is that of SSH
	}
	return Options{URL: web.String(), Repository: workspace + "/" + name}, strings.ToLower(u.Hostname()), true
}
