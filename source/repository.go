package source

import (
	"net/url"
	"path"
	"regexp"
	"strings"
	"sync"

	"github.com/ferry-cd/ferry/release"
)

// SameRepository tells whether two addresses name one repository: https, ssh and the short form of ssh are ways to the
// same place; credentials, the usual ports, a trailing slash and .git do not count, and the case of a path only where
// the forge is known to keep names apart by it. Paths on this machine are compared as they are written.
func SameRepository(a, b string) bool {
	x, y := locate(a), locate(b)
	if x.path == "" || y.path == "" || x.host != y.host || x.path != y.path {
		return false
	}
	// A server listens for ssh and https on ports of their own; they say something only within one way.
	return x.scheme != y.scheme || x.port == y.port
}

// IsRepository tells whether an address is the repository that configuration names: by an address, or by the path on its
// forge alone, such as acme/podinfo.
func IsRepository(name, address string) bool {
	if SameRepository(name, address) {
		return true
	}
	l := locate(address)
	short := forge(location{host: l.host, path: name})
	return pathForm().MatchString(name) && l.host != "" && short.path == l.path
}

// pathForm is a path on a forge: at least owner and name, and none of what begins a path on a disk.
var pathForm = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^[^./:@\\][^:@\\]*/[^:@\\]+$`)
})

// location is where a repository is, whichever way leads there.
type location struct{ scheme, host, port, path string }

var usualPorts = map[string]string{"https": "443", "http": "80", "ssh": "22", "git": "9418"}

// scpForm is the short form of ssh: no slash before the colon, and more than a drive's letter.
var scpForm = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^(?:[^@/:]+@)?([^/:@]{2,}):([^/].*|/[^/].*)$`)
})

func locate(address string) location {
	if m := scpForm().FindStringSubmatch(address); m != nil && !strings.Contains(address, "://") {
		return forge(location{scheme: "scp", host: m[1], path: m[2]}) // the port is a matter of the user's ssh
	}
	if !strings.Contains(address, "://") {
		return local(address)
	}
	u, err := url.Parse(address)
	if err != nil {
		return location{}
	}
	scheme := strings.ToLower(u.Scheme)
	switch scheme {
	case "file":
		return local(u.Path)
	case "git+ssh", "ssh+git":
		scheme = "ssh"
	}
	l := location{scheme: scheme, host: u.Hostname(), port: u.Port(), path: u.Path}
	if l.port == usualPorts[scheme] {
		l.port = ""
	}
	if l.host == "" {
		return location{}
	}
	return forge(l)
}

func local(p string) location {
	p = path.Clean(strings.ReplaceAll(p, `\`, "/"))
	p = strings.TrimSuffix(strings.TrimSuffix(p, "/.git"), ".git")
	if p == "." || p == "/" {
		return location{}
	}
	return location{scheme: "file", path: p}
}

// foldsCase lists forges on which names that differ in case alone are one.
var foldsCase = map[string]bool{"github.com": true, "gitlab.com": true, "bitbucket.org": true, "dev.azure.com": true}

// sshHosts are names under which a forge answers ssh only.
var sshHosts = map[string]string{"ssh.github.com": "github.com", "altssh.gitlab.com": "gitlab.com", "altssh.bitbucket.org": "bitbucket.org"}

func forge(l location) location {
	l.host = strings.TrimSuffix(strings.ToLower(l.host), ".")
	l.path = strings.TrimPrefix(path.Clean("/"+l.path), "/")
	l.path = strings.TrimSuffix(l.path, ".git")
	if web, ok := sshHosts[l.host]; ok {
		l.host, l.port = web, ""
	}
	l = azure(l)
	if foldsCase[l.host] {
		l.path = strings.ToLower(l.path)
	}
	return l
}

// azure brings the forms of Azure DevOps to that of its web address: organization/project/_git/repository.
func azure(l location) location {
	if l.host == "ssh.dev.azure.com" {
		l.host, l.path = "dev.azure.com", strings.TrimPrefix(l.path, "v3/")
		if parts := strings.Split(l.path, "/"); len(parts) == 3 {
			l.path = parts[0] + "/" + parts[1] + "/_git/" + parts[2]
		}
	}
	if organization, ok := strings.CutSuffix(l.host, ".visualstudio.com"); ok {
		l.host, l.path = "dev.azure.com", organization+"/"+strings.TrimPrefix(l.path, "DefaultCollection/")
	}
	// A repository that is named like its project may be written without it.
	if parts := strings.Split(l.path, "/"); l.host == "dev.azure.com" && len(parts) == 3 && parts[1] == "_git" {
		l.path = parts[0] + "/" + parts[2] + "/_git/" + parts[2]
	}
	return l
}

// ForeignError says that a release comes from another repository than its app's.
type ForeignError struct{ App, Have, Want string }

func (e *ForeignError) Error() string {
	if e.Have == "" {
		return "app " + e.App + " is built from " + e.Want + "; this release does not say where it comes from"
	}
	return "app " + e.App + " is built from " + e.Want + "; this release comes from " + e.Have
}

// Hint is the optional next step of an error.
func (e *ForeignError) Hint() string {
	return "submit from a checkout of that repository, or change source.repository of the app in ferry.yaml"
}

// ExitCode is that of a refusal.
func (e *ForeignError) ExitCode() int { return 3 }

// CheckOrigin refuses a release that was not built from its app's repository. An app without one takes any.
func CheckOrigin(rel release.Release, repository string) error {
	if repository == "" || SameRepository(rel.Source.Repository, repository) {
		return nil
	}
	return &ForeignError{App: rel.App, Have: withoutCredentials(rel.Source.Repository), Want: withoutCredentials(repository)}
}

// withoutCredentials gives an address that may be shown and stored. The user of ssh is no secret, its password is.
func withoutCredentials(address string) string {
	if !strings.Contains(address, "://") {
		if user, rest, ok := strings.Cut(address, "@"); ok && strings.Contains(user, ":") {
			return rest
		}
		return address
	}
	u, err := url.Parse(address)
	if err != nil {
		return "" // it cannot be told what of it is secret
	}
	user := u.User
	u.User = nil
	if strings.HasSuffix(u.Scheme, "ssh") && user.Username() != "" {
		u.User = url.User(user.Username())
	}
	return u.String()
}
