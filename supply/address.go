package supply

import (
	"net/url"
	"path"
	"regexp"
	"strings"
	"sync"
)

// remoteBase is an entry of a kustomization that lies elsewhere: a folder of a Git repository or, where Repository is
// empty, a file of the web.
type remoteBase struct {
	Entry           string
	Repository, Dir string
	Ref             string // "" is whatever the repository's HEAD is
	URL             string
}

var scpForm = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^([a-zA-Z0-9_.-]+@[^/:@]+):(.+)$`)
})

// parseRemote reads an entry as kustomize does, by its documentation: a URL of a file, or of a Git repository with // before
// the folder and ?ref= after it (https://github.com/kubernetes-sigs/kustomize/blob/master/examples/remoteBuild.md). ok is
// false for a path.
func parseRemote(entry string) (remoteBase, bool) {
	rest, forced := strings.CutPrefix(strings.TrimSpace(entry), "git::")
	rest, query, _ := strings.Cut(rest, "?")
	b := remoteBase{Entry: entry, Ref: refIn(query)}
	if m := scpForm().FindStringSubmatch(rest); m != nil && !strings.Contains(rest, "://") {
		repo, dir := splitRepo(m[2], 2)
		b.Repository, b.Dir = m[1]+":"+repo, dir
		return b, true
	}
	for _, short := range []string{"github.com/", "github.com:"} {
		if tail, ok := strings.CutPrefix(rest, short); ok {
			rest, forced = "https://github.com/"+tail, true
		}
	}
	u, err := url.Parse(rest)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" && u.Scheme != "ssh" {
		return remoteBase{}, false
	}
	p := strings.TrimPrefix(u.Path, "/")
	isFile := map[string]bool{".yaml": true, ".yml": true, ".json": true}[path.Ext(p)]
	if !forced && u.Scheme != "ssh" && !strings.Contains(p, "//") && !strings.Contains(p, ".git") && (isFile || b.Ref == "") {
		b.URL, b.Ref = strings.TrimSpace(entry), ""
		return b, true
	}
	repo, dir := splitRepo(p, 2)
	u.Path, u.RawPath = "/"+repo, ""
	b.Repository, b.Dir = u.String(), dir
	return b, true
}

func refIn(query string) string {
	values, err := url.ParseQuery(query)
	if err != nil {
		return ""
	}
	if ref := values.Get("ref"); ref != "" {
		return ref
	}
	return values.Get("version")
}

// splitRepo parts a path into repository and folder: at //, after .git, or after so many names.
func splitRepo(p string, names int) (repo, dir string) {
	if before, after, ok := strings.Cut(p, "//"); ok {
		return before, clean(after)
	}
	if i := strings.Index(p, ".git/"); i >= 0 {
		return p[:i+4], clean(p[i+5:])
	}
	if strings.HasSuffix(p, ".git") {
		return p, "."
	}
	parts := strings.Split(p, "/")
	names = min(names, len(parts))
	return strings.Join(parts[:names], "/"), clean(strings.Join(parts[names:], "/"))
}

func clean(dir string) string { return path.Clean("./" + strings.Trim(dir, "/")) }
