package gitlab

import (
	"fmt"
	"net/url"
	"regexp"
	"strings"
	"sync"
)

// Recognise gives the server and the project that a Git remote names, when its host says that it is a GitLab: gitlab.com,
// or a name with "gitlab" in it.
func Recognise(remote string) (Options, bool) {
	o, ok := Parse(remote)
	if !ok {
		return Options{}, false
	}
	u, err := url.Parse(o.URL)
	if err != nil || !strings.Contains(strings.ToLower(u.Hostname()), "gitlab") {
		return Options{}, false
	}
	return o, true
}

// scpLike is git@host:path, as git-clone(1) describes it: no slash before the first colon.
var scpLike = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^(?:[^@/:\s]+@)?([\w.-]+):([^:\s]+)$`)
})

// Parse gives the server and the project that a Git remote names, whatever its host is called. Where GitLab lives below a
// path of its host, that cannot be seen: say the URL then.
func Parse(remote string) (Options, bool) {
	if m := scpLike().FindStringSubmatch(remote); m != nil && !strings.Contains(remote, "://") {
		return place("https", m[1], m[2])
	}
	u, err := url.Parse(remote)
	if err != nil || u.Hostname() == "" {
		return Options{}, false
	}
	switch u.Scheme {
	case "https", "http":
		return place(u.Scheme, u.Host, u.Path)
	case "ssh", "git", "git+ssh", "ssh+git":
		return place("https", u.Hostname(), u.Path) // the port is that of SSH
	}
	return Options{}, false
}

func place(scheme, host, path string) (Options, bool) {
	path = strings.TrimSuffix(strings.Trim(path, "/"), ".git")
	// Altssh is GitLab.com's SSH on port 443: https://about.gitlab.com/blog/gitlab-dot-com-now-supports-an-alternate-git-plus-ssh-port/
	if strings.EqualFold(host, "altssh.gitlab.com") {
		host = "gitlab.com"
	}
	if !isPath(path) {
		return Options{}, false
	}
	return Options{URL: scheme + "://" + strings.ToLower(host), Repository: path}, true
}

// segment is a name of a group or project: https://docs.gitlab.com/user/reserved_names/#limitations-on-usernames-project-and-group-names-and-slugs
var segment = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^[\p{L}\p{N}_][\p{L}\p{N}_.-]*$`)
})

// isPath tells whether a path can be that of a project: at least one group, no empty names.
func isPath(path string) bool {
	parts := strings.Split(path, "/")
	for _, p := range parts {
		if !segment().MatchString(p) || strings.HasSuffix(p, ".git") {
			return false
		}
	}
	return len(parts) > 1
}

// origin is the scheme and host of a server's address, to which the credential belongs.
func origin(address string) (string, error) {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" || u.User != nil || u.RawQuery != "" {
		shown := "the address of the GitLab server"
		if err == nil && u.User == nil {
			shown = fmt.Sprintf("%q", address)
		}
		return "", &configError{shown + " is not one of a server", "write it like https://gitlab.example.com, without a user"}
	}
	return u.Scheme + "://" + u.Host, nil
}
