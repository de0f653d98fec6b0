package report

import (
	"net/url"
	"regexp"
	"strings"
	"sync"
)

// compareLink gives the page on which a forge shows what lies between two commits of a repository, "" where it is not
// known what forge that is.
func compareLink(repository, from, to string) string {
	base, kind := webAddress(repository)
	if base == "" || !commitID().MatchString(from) || !commitID().MatchString(to) || from == to {
		return ""
	}
	switch kind {
	case "github", "gitea":
		return base + "/compare/" + from + "..." + to
	case "gitlab":
		return base + "/-/compare/" + from + "..." + to
	case "azure":
		return base + "/branchCompare?baseVersion=GC" + from + "&targetVersion=GC" + to + "&_a=commits"
	case "bitbucket": // names the new side first
		return base + "/branches/compare/" + to + "%0D" + from
	}
	return ""
}

// commitLink gives the page of one commit.
func commitLink(repository, id string) string {
	base, kind := webAddress(repository)
	if base == "" || !commitID().MatchString(id) {
		return ""
	}
	switch kind {
	case "gitlab":
		return base + "/-/commit/" + id
	case "bitbucket":
		return base + "/commits/" + id
	}
	return base + "/commit/" + id
}

var (
	commitID = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`^[0-9a-f]{40}([0-9a-f]{24})?$`)
	})
	scpLike = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`^(?:[A-Za-z0-9._-]+@)?([A-Za-z0-9.-]+):([^/].*)$`)
	})
)

// webAddress gives where people look at a repository, and the kind of forge that shows it, by what its URL says: the host
// of each product's own service, or its name in the host of one that is run elsewhere.
func webAddress(repository string) (base, kind string) {
	host, path := split(repository)
	path = strings.TrimSuffix(strings.Trim(path, "/"), ".git")
	if host == "" || path == "" {
		return "", ""
	}
	kind = forgeKind(host)
	switch {
	case kind == "":
		return "", ""
	case kind == "azure":
		return azureAddress(host, path), kind
	}
	return "https://" + host + "/" + path, kind
}

// split takes a URL of any scheme, or what ssh takes for one, apart. The port of an SSH server is not that of the pages.
func split(repository string) (host, path string) {
	if m := scpLike().FindStringSubmatch(repository); m != nil && !strings.Contains(repository, "://") {
		return m[1], m[2]
	}
	u, err := url.Parse(repository)
	if err != nil {
		return "", ""
	}
	switch u.Scheme {
	case "https", "http":
		return u.Host, u.Path
	case "ssh", "git":
		return u.Hostname(), u.Path
	}
	return "", ""
}

func forgeKind(host string) string {
	host = strings.ToLower(host)
	switch {
	case host == "dev.azure.com" || host == "ssh.dev.azure.com" || strings.HasSuffix(host, ".visualstudio.com"):
		return "azure"
	case host == "codeberg.org":
		return "gitea"
	}
	for _, kind := range []string{"github", "gitlab", "bitbucket", "gitea", "forgejo"} {
		if strings.Contains(host, kind) {
			return strings.Replace(kind, "forgejo", "gitea", 1)
		}
	}
	return ""
}

// azureAddress also understands the paths of SSH: v3/organisation/project/repository.
func azureAddress(host, path string) string {
	parts := strings.Split(path, "/")
	if host == "ssh.dev.azure.com" && len(parts) == 4 {
		return "https://dev.azure.com/" + parts[1] + "/" + parts[2] + "/_git/" + parts[3]
	}
	if !strings.Contains(path, "_git/") {
		return ""
	}
	return "https://" + host + "/" + path
}
