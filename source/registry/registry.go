// Package registry reads from OCI registries: what a tag means today, which tags there are, and content by its digest.
// Nothing of it is stored here, and nothing is ever written to a registry.
//
//	registry.go   Client and Options; place.go finds the host that a repository is read from: mirrors, plain HTTP
//	manifest.go   Manifest: what a reference means, checked; facts.go what an image says of where it came from
//	tags.go       lists of tags, page by page; blob.go content by digest
//	login.go      Keys, the credentials that docker and podman keep; config.go reads their files
//	ask.go        one question to a host; challenge.go and token.go what it wants to know first
//	errors.go     refusals in words for people
//
// A registry is a stranger: every answer is bounded in size and time, what has a digest is compared with it, credentials
// go to the host that they are for, and a redirect takes none along. The words are those of the OCI distribution and
// image specifications, 1.1.
package registry

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/ferry-cd/ferry/door"
)

// Options of a Client. The zero value reads public images, encrypted, from where their names say.
type Options struct {
	Keys     *Keys  // nil = anonymous
	CABundle []byte // PEM, beside the system's
	// PlainHTTP lists hosts that may be asked without TLS, beside this machine.
	PlainHTTP []string
	// Mirrors are asked in place of a host: host to host[/prefix]. The host itself is then never asked: two answers to one
	// question could differ.
	Mirrors map[string]string
	// Realms are hosts that may see the credentials of registries of other sites, which name them as where their tokens
	// come from. Those of a registry's own site need not be listed.
	Realms []string
	// Limit is the longest that one question may take with all its retries: 2m.
	Limit time.Duration

	Now   func() time.Time
	Sleep func(ctx context.Context, d time.Duration) error
	Log   func(line string) // one line an exchange, without secrets; nil = none
	Under http.RoundTripper // what carries requests; nil = the network
}

// Client reads from registries. Several goroutines may use it at once.
type Client struct {
	o Options

	mu    sync.Mutex
	hosts map[string]*host
	asked int
}

// New makes a client. It asks nobody.
func New(o Options) (*Client, error) {
	if o.Limit == 0 {
		o.Limit = 2 * time.Minute
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Under == nil {
		o.Under = door.Network(o.CABundle)
	}
	if o.Keys == nil {
		o.Keys = &Keys{}
	}
	mirrors := make(map[string]string, len(o.Mirrors))
	for from, to := range o.Mirrors {
		if err := checkMirror(from, to); err != nil {
			return nil, err
		}
		mirrors[canonical(from)] = to
	}
	o.Mirrors = mirrors
	return &Client{o: o, hosts: map[string]*host{}}, nil
}

// ParseMirrors reads HOST=MIRROR as people write it in flags.
func ParseMirrors(texts []string) (map[string]string, error) {
	mirrors := map[string]string{}
	for _, text := range texts {
		from, to, ok := strings.Cut(text, "=")
		if !ok {
			return nil, &usageError{fmt.Sprintf("mirror %q is not HOST=MIRROR", text)}
		}
		if err := checkMirror(from, to); err != nil {
			return nil, err
		}
		if _, twice := mirrors[canonical(from)]; twice {
			return nil, &usageError{fmt.Sprintf("%s has two mirrors", from)}
		}
		mirrors[canonical(from)] = to
	}
	return mirrors, nil
}

// Asked counts the requests that went out.
func (c *Client) Asked() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.asked
}

func (c *Client) count() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.asked++
}
