package azure

import (
	"net/url"
	"regexp"
	"strings"
	"sync"
)

// Username is what Git over HTTPS gives beside a token; any would do, an empty one confuses some helpers.
const Username = "ferry"

const (
	service = "dev.azure.com"     // one host for all organizations
	legacy  = ".visualstudio.com" // a host for each organization
)

func cloud(host string) bool {
	return strings.EqualFold(host, service) || strings.HasSuffix(strings.ToLower(host), legacy)
}

// identityService is where the identities of an organization are: a service of its own in the cloud, the collection
// itself on a server.
func identityService(base *url.URL) string {
	host := strings.ToLower(base.Host)
	out := *base
	switch {
	case host == service:
		out.Host = "vssps." + service
	case strings.HasSuffix(host, legacy):
		out.Host = strings.TrimSuffix(host, legacy) + ".vssps" + legacy
	}
	return out.String()
}

// Recognise reads organization, project and repository out of the URL of a Git remote, for the options' URL and
// Repository. Hosts that are not Microsoft's own are taken by the _git in their path; the caller says that it is a server
// where nothing else does.
func Recognise(remote string) (Options, bool) {
	if path, ok := overSSH(remote); ok {
		parts := words(path)
		if len(parts) == 4 && parts[0] == "v3" {
			return found("https://"+service+"/"+url.PathEscape(parts[1]), parts[2], parts[3])
		}
		return Options{}, false
	}
	u, err := url.Parse(remote)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		return Options{}, false
	}
	return overHTTP(u)
}

var sshHost = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^(?:ssh://)?(?:[^@/]+@)?(?:ssh\.dev\.azure\.com|vs-ssh\.visualstudio\.com)(?::22)?[:/](.*)$`)
})

// overSSH gives the path of git@ssh.dev.azure.com:v3/acme/gitops/gitops and its older forms.
func overSSH(remote string) (string, bool) {
	m := sshHost().FindStringSubmatch(remote)
	if m == nil {
		return "", false
	}
	return m[1], true
}

// overHTTP reads .../[PROJECT/]_git/REPOSITORY; a repository that is called as its project may be alone.
func overHTTP(u *url.URL) (Options, bool) {
	parts := words(u.EscapedPath())
	at := -1
	for i, p := range parts {
		if p == "_git" {
			at = i
		}
	}
	if at < 0 || at+2 != len(parts) {
		return Options{}, false
	}
	above, repository := parts[:at], parts[at+1]
	fixed := 1 // parts of the organization or collection before a project
	host := strings.ToLower(u.Host)
	switch {
	case len(above) > 1 && above[0] == "tfs": // the folder that older servers were installed in
		fixed = 2
	case strings.HasSuffix(host, legacy):
		fixed = 0
		if len(above) > 0 && strings.EqualFold(above[0], "DefaultCollection") {
			above = above[1:]
		}
	}
	project := repository
	switch n := len(above); {
	case host == service && n > 2, n < fixed:
		return Options{}, false
	case n > fixed:
		above, project = above[:n-1], above[n-1]
	}
	out := url.URL{Scheme: u.Scheme, Host: u.Host}
	return found(out.JoinPath(escaped(above)...).String(), project, repository)
}

func found(base, project, repository string) (Options, bool) {
	return Options{URL: strings.TrimSuffix(base, "/"), Repository: project + "/" + repository}, project != "" && repository != ""
}

// words takes a path apart and its escapes away; a part that cannot be a name makes it none at all.
func words(path string) []string {
	var out []string
	for part := range strings.SplitSeq(strings.Trim(path, "/"), "/") {
		name, err := url.PathUnescape(part)
		if err != nil || name == "" || name == "." || name == ".." || strings.ContainsAny(name, "/\\\x00") {
			return nil
		}
		out = append(out, name)
	}
	return out
}

func escaped(parts []string) []string {
	out := make([]string, len(parts))
	for i, p := range parts {
		out[i] = url.PathEscape(p)
	}
	return out
}
