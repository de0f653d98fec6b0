package registry

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/google/go-containerregistry/pkg/name"

	"github.com/ferry-cd/ferry/door"
	"github.com/ferry-cd/ferry/release"
)

// hub is where short names lie, under the name that clients speak to.
const hub = name.DefaultRegistry

// place is where a repository is read: a host, and the name of the repository there.
type place struct {
	host       *host
	repository string
	named      string // as it was asked for
}

// host is a registry that is spoken to.
type host struct {
	name  string // with port
	plain bool   // may be asked without TLS

	settle    sync.Mutex
	transport *door.Transport // nil until the scheme is known
	base      string          // scheme and host

	mu     sync.Mutex
	passes map[string]pass // by repository
}

// place finds where an image's repository, a name without tag and digest, is read.
func (c *Client) place(repository string) (place, error) {
	image, err := release.ParseImage(repository)
	if err != nil {
		return place{}, err
	}
	if image.Name != repository {
		return place{}, &usageError{fmt.Sprintf("%q is not the name of a repository", repository)}
	}
	at, err := name.NewRepository(repository)
	if err != nil {
		return place{}, fmt.Errorf("read the name %q: %w", repository, err)
	}
	on, in := at.RegistryStr(), at.RepositoryStr()
	if mirror, ok := c.o.Mirrors[canonical(on)]; ok {
		host, prefix, nested := strings.Cut(mirror, "/")
		if on = host; nested {
			in = prefix + "/" + in
		}
	}
	return place{c.host(on), in, repository}, nil
}

// canonical is one name for the several of Docker Hub.
func canonical(host string) string {
	host = strings.ToLower(host)
	if host == "docker.io" || host == "registry-1.docker.io" {
		return hub
	}
	return host
}

var mirrorForm = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^[a-z0-9]([-a-z0-9.]*[a-z0-9])?(:[0-9]{1,5})?(/[a-z0-9]+([._-]+[a-z0-9]+)*)*$`)
})

func checkMirror(from, to string) error {
	if from == "" || strings.Contains(from, "/") || !mirrorForm().MatchString(strings.ToLower(from)) || !mirrorForm().MatchString(to) {
		return &usageError{fmt.Sprintf("mirror %q for %q is not HOST or HOST/PREFIX, without a scheme", to, from)}
	}
	return nil
}

func (c *Client) host(name string) *host {
	name = canonical(name)
	c.mu.Lock()
	defer c.mu.Unlock()
	h, ok := c.hosts[name]
	if !ok {
		plain := loopback(name) || slices.ContainsFunc(c.o.PlainHTTP, func(p string) bool { return canonical(p) == name })
		h = &host{name: name, plain: plain, passes: map[string]pass{}}
		c.hosts[name] = h
	}
	return h
}

func loopback(host string) bool {
	bare := bareHost(host)
	ip := net.ParseIP(bare)
	return bare == "localhost" || ip != nil && ip.IsLoopback()
}

func bareHost(host string) string {
	if bare, _, err := net.SplitHostPort(host); err == nil {
		return bare
	}
	return strings.Trim(host, "[]")
}

const (
	maxWords = 4 << 20 // bytes of a manifest or a page of tags; the specification names this for manifests
	attempt  = 30 * time.Second
)

// open settles how a host is spoken to: with TLS, unless it may do without and does not know TLS.
func (h *host) open(ctx context.Context, c *Client) (*door.Transport, string, error) {
	h.settle.Lock()
	defer h.settle.Unlock()
	if h.transport != nil {
		return h.transport, h.base, nil
	}
	scheme := "https"
	if h.plain {
		var err error
		if scheme, err = h.scheme(ctx, c); err != nil {
			return nil, "", err
		}
	}
	h.base = scheme + "://" + h.name
	h.transport = c.transport(h.base, nil, h.plain, maxWords, attempt)
	return h.transport, h.base, nil
}

// scheme asks once with TLS. Whoever answers in plain HTTP is taken at its word; every other trouble is for the question
// that comes next, which is asked with TLS.
func (h *host) scheme(ctx context.Context, c *Client) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, attempt)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "https://"+h.name+"/v2/", nil)
	if err != nil {
		return "", err
	}
	c.count()
	res, err := c.o.Under.RoundTrip(req)
	if err == nil {
		res.Body.Close()
		return "https", nil
	}
	if speaksPlain(err) {
		return "http", nil
	}
	return "https", nil
}

// transport speaks to one origin, with at most max bytes an answer.
func (c *Client) transport(base string, who door.Credential, plain bool, most int64, timeout time.Duration) *door.Transport {
	return door.NewTransport(door.Options{Base: base, Credential: who, AllowHTTP: plain, Budget: c.o.Limit, Timeout: min(timeout, c.o.Limit), MaxBody: most, Final: final,
		RequestID: []string{"X-Request-Id", "Docker-Distribution-Request-Id"}, Now: c.o.Now, Sleep: c.o.Sleep, Log: c.log(base), Under: counting{c}})
}

func (c *Client) log(base string) func(string) {
	if c.o.Log == nil {
		return nil
	}
	return func(line string) { c.o.Log(base + ": " + line) }
}

// counting counts what goes out.
type counting struct{ c *Client }

// RoundTrip implements http.RoundTripper.
func (n counting) RoundTrip(req *http.Request) (*http.Response, error) {
	n.c.count()
	return n.c.o.Under.RoundTrip(req)
}
