package git

import (
	"fmt"
	"net"
	"net/url"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/ferry-cd/ferry/door"
)

// address is where a repository is, without any credential.
type address struct {
	scheme string // "file", "http", "https", "ssh"
	host   string // with the port where one was given
	path   string // on disk, or below the host
	user   string // for ssh only, where it is no secret
	text   string // as people write it
	login  login  // for http, from the URL or the options
}

// login is what a server over HTTP is told.
type login struct {
	user   string
	secret door.Token
}

func (a address) String() string { return a.text }

// parseAddress reads an address as Git does, and refuses what Git would run a program for.
func parseAddress(remote string, o Options) (address, error) {
	switch {
	case remote == "":
		return address{}, &addressError{"", "is empty"}
	case strings.ContainsAny(remote, "\x00\n\r"), strings.HasPrefix(remote, "-"):
		return address{}, &addressError{"", "contains characters that no address has"}
	case strings.Contains(remote, "://"):
		return parseURL(remote, o)
	}
	if host, path, ok := scpLike(remote); ok {
		return sshAddress(host, path)
	}
	return fileAddress(remote)
}

// scpLike takes host:path apart: a colon before any slash. On Windows a single letter before it names a drive.
func scpLike(remote string) (host, path string, ok bool) {
	host, path, ok = strings.Cut(remote, ":")
	if !ok || strings.Contains(host, "/") || runtime.GOOS == "windows" && len(host) == 1 {
		return "", "", false
	}
	return host, path, true
}

func sshAddress(host, path string) (address, error) {
	user, name, ok := cutLast(host, "@")
	if !ok {
		user, name = "", host
	}
	switch {
	case name == "" || strings.HasPrefix(name, "-"):
		return address{}, &addressError{"", "names no host"}
	case path == "" || strings.HasPrefix(path, ":") || strings.HasPrefix(path, "-"), strings.Contains(path, "@") && strings.Contains(path, ":"):
		return address{}, &addressError{name, "is neither a path nor a URL that ferry knows"}
	}
	user, _, _ = strings.Cut(user, ":")
	a := address{scheme: "ssh", host: name, path: path, user: user}
	a.text = name + ":" + path
	if user != "" {
		a.text = user + "@" + a.text
	}
	return a, nil
}

func cutLast(s, sep string) (before, after string, found bool) {
	i := strings.LastIndex(s, sep)
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+len(sep):], true
}

func fileAddress(path string) (address, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return address{}, fmt.Errorf("repository %s: %w", path, err)
	}
	return address{scheme: "file", path: abs, text: abs}, nil
}

func parseURL(remote string, o Options) (address, error) {
	u, err := url.Parse(remote)
	if err != nil {
		return address{}, &addressError{"", "is not a URL that can be read"} // the error would quote the URL, secrets and all
	}
	if u.RawQuery != "" || u.Fragment != "" {
		return address{}, &addressError{u.Host, "has a query or a fragment, which repositories do not have"}
	}
	switch u.Scheme {
	case "file":
		if u.Host != "" && u.Host != "localhost" {
			return address{}, &addressError{u.Host, "is a file URL on another host"}
		}
		return fileAddress(filepath.FromSlash(u.Path))
	case "ssh", "git+ssh", "ssh+git":
		return sshURL(u)
	case "https", "http":
		return httpURL(u, o)
	}
	return address{}, &addressError{u.Host, fmt.Sprintf("uses %s://; ferry speaks https://, ssh:// and file://", u.Scheme)}
}

func sshURL(u *url.URL) (address, error) {
	if u.Hostname() == "" || strings.HasPrefix(u.Host, "-") || len(u.Path) < 2 {
		return address{}, &addressError{"", "names no host or no path"}
	}
	a := address{scheme: "ssh", host: u.Host, path: u.Path, user: u.User.Username()}
	if strings.HasPrefix(a.path, "/~") {
		a.path = a.path[1:]
	}
	shown := url.URL{Scheme: "ssh", Host: u.Host, Path: u.Path}
	if a.user != "" {
		shown.User = url.User(a.user)
	}
	a.text = shown.String()
	return a, nil
}

func httpURL(u *url.URL, o Options) (address, error) {
	if u.Hostname() == "" {
		return address{}, &addressError{"", "names no host"}
	}
	if u.Scheme == "http" && !o.PlainHTTP && !isLoopback(u.Hostname()) {
		return address{}, &addressError{u.Host, "would send credentials and code in the clear; use https://"}
	}
	shown := url.URL{Scheme: u.Scheme, Host: u.Host, Path: strings.TrimRight(u.Path, "/")}
	return address{scheme: u.Scheme, host: u.Host, path: shown.Path, text: shown.String(), login: loginOf(u, o)}, nil
}

// loginOf prefers what the options say; what the URL says fills the gaps.
func loginOf(u *url.URL, o Options) login {
	l := login{user: o.Username, secret: o.Token}
	password, hasPassword := u.User.Password()
	if l.user == "" {
		l.user = u.User.Username()
	}
	if l.secret.IsZero() && hasPassword {
		l.secret = door.NewToken(password)
	}
	if l.user == "" && !l.secret.IsZero() {
		l.user = "x-access-token"
	}
	return l
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

func (a address) home(o Options) (home, error) {
	if a.scheme == "file" {
		return openDisk(a.path, o)
	}
	return openRemote(a, o)
}

// addressError says why an address is not used. It never quotes the address, which may hold a secret.
type addressError struct{ host, why string }

func (e *addressError) Error() string {
	if e.host == "" {
		return "repository address " + e.why
	}
	return fmt.Sprintf("repository address at %s %s", e.host, e.why)
}

// ExitCode is that of wrong input.
func (e *addressError) ExitCode() int { return 2 }

func (e *addressError) Hint() string {
	return "an address is a path, https://host/path, ssh://git@host/path or git@host:path"
}
