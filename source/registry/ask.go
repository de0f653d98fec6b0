package registry

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"time"

	"github.com/ferry-cd/ferry/door"
)

// question is one thing to ask about a repository.
type question struct {
	method string
	path   string // below /v2/<repository>/, escaped, with its query
	accept string
	what   string // for people: what is asked for, with its place
	most   int64  // bytes of the answer; 0 = maxWords
	within time.Duration
}

// answer is what a host said to a question, whole.
type answer struct {
	status int
	header http.Header
	body   []byte
}

// ask puts a question to a host, with the pass it wants. 404 is an *AbsentError, a refused credential a *RefusedError.
func (c *Client) ask(ctx context.Context, p place, q question) (answer, error) {
	limit := max(c.o.Limit, q.within)
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	a, err := c.askWithin(ctx, p, q)
	if err != nil && errors.Is(err, context.DeadlineExceeded) {
		err = fmt.Errorf("%s did not answer within %s: %w", p.host.name, limit, err)
	}
	return a, err
}

func (c *Client) askWithin(ctx context.Context, p place, q question) (answer, error) {
	t, base, err := p.host.open(ctx, c)
	if err != nil {
		return answer{}, err
	}
	if q.most > 0 {
		t = c.transport(base, nil, p.host.plain, q.most, max(attempt, q.within))
	}
	known := p.host.pass(p.repository)
	res, err := p.send(ctx, t, base, q, known)
	if err == nil && res.StatusCode == http.StatusUnauthorized && res.Request.URL.Host == p.host.name {
		var fresh pass
		if fresh, err = c.passFor(ctx, p, known, res.Header); err != nil {
			return answer{}, fmt.Errorf("read %s: %w", q.what, err)
		}
		res, err = p.send(ctx, t, base, q, fresh)
	}
	if err != nil {
		return answer{}, fmt.Errorf("read %s: %w", q.what, plainly(err, p.host))
	}
	return c.judge(p, q, t, res)
}

func (p place) send(ctx context.Context, t *door.Transport, base string, q question, with pass) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, q.method, base+"/v2/"+p.repository+"/"+q.path, nil)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Accept", q.accept)
	req.Header.Set("Accept-Encoding", "identity") // a digest is of the bytes as they are
	req.Header.Set("User-Agent", "ferry")
	if !with.header.IsZero() {
		req.Header.Set("Authorization", with.header.Reveal())
	}
	client := t.Client()
	safe := client.CheckRedirect
	client.CheckRedirect = func(req *http.Request, via []*http.Request) error {
		if err := p.host.mayLeadTo(req.URL); err != nil {
			return err
		}
		return safe(req, via)
	}
	return client.Do(req)
}

// mayLeadTo refuses redirects that would make this machine ask its own services, or those of the cloud that it runs in,
// on a registry's behalf.
func (h *host) mayLeadTo(u *url.URL) error {
	if u.User != nil {
		return errors.New("redirected to an address with credentials in it")
	}
	if u.Host != h.name && inward(u.Hostname()) && !loopback(h.name) {
		return fmt.Errorf("redirected to %s, an address of this machine or its surroundings", u.Host)
	}
	return nil
}

// inward tells addresses that mean something else on each machine.
func inward(host string) bool {
	ip, err := netip.ParseAddr(host)
	ip = ip.Unmap()
	return host == "localhost" || err == nil && (ip.IsLoopback() || ip.IsLinkLocalUnicast() || ip.IsUnspecified() || ip == awsMetadata)
}

var awsMetadata = netip.MustParseAddr("fd00:ec2::254")

// judge makes an error of every answer that is none.
func (c *Client) judge(p place, q question, t *door.Transport, res *http.Response) (answer, error) {
	body, err := io.ReadAll(res.Body)
	if err != nil {
		return answer{}, fmt.Errorf("read %s: %w", q.what, err)
	}
	a := answer{res.StatusCode, res.Header, body}
	switch {
	case res.StatusCode == http.StatusOK:
		return a, nil
	case res.StatusCode == http.StatusNotFound:
		return a, &AbsentError{What: q.what, Said: said(body)}
	case res.StatusCode == http.StatusUnauthorized, res.StatusCode == http.StatusForbidden:
		login := c.o.Keys.login(p.host.name, p.repository)
		return a, &RefusedError{What: q.what, Host: p.host.name, As: login.who(), Said: said(body), Helper: login.helper}
	case res.StatusCode < 400:
		return a, fmt.Errorf("read %s: %s answered with status %d", q.what, p.host.name, res.StatusCode)
	}
	return a, fmt.Errorf("read %s: %w", q.what, t.Failure(res))
}

// final tells what asking again does not mend: a name that nobody has, a server that knows no TLS.
func final(err error) bool {
	var dns *net.DNSError
	return errors.As(err, &dns) && dns.IsNotFound || speaksPlain(err)
}

func speaksPlain(err error) bool {
	var record tls.RecordHeaderError
	return errors.As(err, &record) && string(record.RecordHeader[:]) == "HTTP/" || errors.Is(err, http.ErrSchemeMismatch)
}

// plainly puts what people meet most often into words.
func plainly(err error, h *host) error {
	var dns *net.DNSError
	if errors.As(err, &dns) && dns.IsNotFound {
		return &unknownHostError{h.name, err}
	}
	if speaksPlain(err) {
		return &plainHostError{h.name}
	}
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err
	}
	return err
}
