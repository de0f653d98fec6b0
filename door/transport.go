package door

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"
)

// Options of a Transport. The zero value of a field means the default beside it.
type Options struct {
	// Base is the scheme and host that the credential is for; it is sent nowhere else, also not after a redirect.
	Base       string
	Credential Credential // nil = none
	CABundle   []byte     // PEM, beside the system's
	AllowHTTP  bool       // speak plain HTTP to other machines than this one
	// Pace is the least time between calls that create something, after the first Burst of them: 1s. Forges answer faster
	// ones with a secondary limit. < 0 means no pacing.
	Pace    time.Duration
	Burst   int           // 5
	Budget  time.Duration // the longest that all waits of one request may take together: 10m
	Total   time.Duration // the same of all requests of an hour, without what the pace costs: three times Budget
	Timeout time.Duration // of one attempt with its body: 1m
	MaxBody int64         // bytes of one answer: 32 MiB
	// JSON says that every success of this server is JSON or empty: a page in its place comes from something in between, and
	// is a lost reply.
	JSON bool
	// RequestID names the headers in which the server names an exchange.
	RequestID []string
	// Limited tells signs of a rate limit that only this server gives, beside 429 and Retry-After; wait 0 means that the
	// server does not say how long.
	Limited func(res *http.Response, body []byte) (wait time.Duration, limited bool)

	// Final tells errors that no other try will mend, beside certificates that are not trusted; nil = none.
	Final func(err error) bool

	Now    func() time.Time
	Sleep  func(ctx context.Context, d time.Duration) error
	Log    func(line string) // one line an attempt, without secrets; nil = none
	Chance func() float64    // jitter in [0, 1)
	Under  http.RoundTripper // what carries a request; nil = the network
}

// Transport carries requests to one server: with the credential, at its pace, again where that is safe, and never without
// bounds. It is an http.RoundTripper and may be used by several goroutines.
//
// Answers come whole: their bodies are in memory. Reads, PUT and DELETE are repeated after resets, server errors and
// truncated bodies. POST and PATCH are repeated only where the server surely did nothing; else there is a *LostError.
// Mark a POST that changes nothing, such as a GraphQL query, with Repeatable. See RFC 9110, 9.2.2.
type Transport struct {
	o    Options
	host string
	pace *pace

	mu     sync.Mutex
	calls  Calls
	cache  cache
	quotas map[string]Quota // by what is counted together
	spent  time.Duration    // of Options.Total
	since  time.Time        // when spent was counted from
}

// Calls counts what went over a Transport.
type Calls struct {
	Reads, Writes int           // requests that were answered, the unchanged ones too
	NotModified   int           // reads that the server answered with "not modified"
	Retries       int           // attempts beyond the first
	Waited        time.Duration // in pauses, for all reasons
}

// NewTransport makes a transport. An Options.CABundle without a certificate in it is an error at the first request.
func NewTransport(o Options) *Transport {
	def(&o.Pace, time.Second)
	def(&o.Burst, 5)
	def(&o.Budget, 10*time.Minute)
	def(&o.Total, 3*o.Budget)
	def(&o.Timeout, time.Minute)
	def(&o.MaxBody, 32<<20)
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Sleep == nil {
		o.Sleep = Sleep
	}
	if o.Chance == nil {
		o.Chance = chance
	}
	if o.Under == nil {
		o.Under = Network(o.CABundle)
	}
	base, _ := url.Parse(o.Base)
	t := &Transport{o: o, pace: newPace(o.Pace, o.Burst)}
	if base != nil {
		t.host = base.Scheme + "://" + base.Host
	}
	return t
}

func def[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

// Network speaks TLS 1.2 and up, through the proxy that the environment names.
func Network(bundle []byte) http.RoundTripper {
	t := &http.Transport{
		Proxy:                  http.ProxyFromEnvironment,
		DialContext:            (&net.Dialer{Timeout: 30 * time.Second}).DialContext,
		TLSHandshakeTimeout:    30 * time.Second,
		IdleConnTimeout:        30 * time.Second,
		MaxResponseHeaderBytes: 1 << 20,
		ForceAttemptHTTP2:      true,
		TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12},
	}
	if len(bundle) > 0 {
		roots, err := x509.SystemCertPool()
		if err != nil {
			roots = x509.NewCertPool()
		}
		if !roots.AppendCertsFromPEM(bundle) {
			return refusing{errors.New("the certificate bundle holds no certificate in PEM")}
		}
		t.TLSClientConfig.RootCAs = roots
	}
	return t
}

// refusing is the way to nowhere.
type refusing struct{ err error }

func (r refusing) RoundTrip(*http.Request) (*http.Response, error) { return nil, r.err }

// Client gives an HTTP client over this transport that follows redirects as far as they are safe.
func (t *Transport) Client() *http.Client {
	return &http.Client{Transport: t, CheckRedirect: func(req *http.Request, via []*http.Request) error {
		first := via[0]
		switch {
		case len(via) > 5:
			return errors.New("redirected too often")
		case req.URL.Scheme != "https" && first.URL.Scheme == "https":
			return fmt.Errorf("redirected from https to %s://%s", req.URL.Scheme, req.URL.Host)
		case req.Method != first.Method, !reads(first) && req.URL.Host != first.URL.Host:
			return http.ErrUseLastResponse // a write that would become a read, or land elsewhere
		}
		return nil
	}}
}

// Calls tells what went over the transport so far.
func (t *Transport) Calls() Calls {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.calls
}

func (t *Transport) count(f func(*Calls)) {
	t.mu.Lock()
	defer t.mu.Unlock()
	f(&t.calls)
}

// RoundTrip implements http.RoundTripper.
func (t *Transport) RoundTrip(req *http.Request) (*http.Response, error) {
	if err := t.plain(req.URL); err != nil {
		return nil, err
	}
	sent, err := payload(req)
	if err != nil {
		return nil, err
	}
	res, err := t.persist(req.Clone(req.Context()), sent)
	if err != nil {
		return nil, err
	}
	t.count(func(c *Calls) {
		if reads(req) {
			c.Reads++
		} else {
			c.Writes++
		}
	})
	return res, nil
}

// plain refuses to speak without TLS to another machine, unless that was said.
func (t *Transport) plain(u *url.URL) error {
	if u.Scheme == "https" || t.o.AllowHTTP || loopback(u.Hostname()) {
		return nil
	}
	return &plainError{u.Scheme + "://" + u.Host}
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

type plainError struct{ where string }

func (e *plainError) Error() string {
	return e.where + " is not encrypted: credentials would be readable on the way"
}
func (e *plainError) Hint() string { return "use https://" }

const maxPayload = 64 << 20 // bytes of one request; forges take less

// payload reads the body of a request, to be able to send it again.
func payload(req *http.Request) ([]byte, error) {
	if req.Body == nil || req.Body == http.NoBody {
		return nil, nil
	}
	defer req.Body.Close()
	data, err := io.ReadAll(io.LimitReader(req.Body, maxPayload+1))
	if err == nil && len(data) > maxPayload {
		err = fmt.Errorf("a request of more than %d MiB", maxPayload>>20)
	}
	return data, err
}

// exchange is one attempt and what came of it.
type exchange struct {
	res  *http.Response
	body []byte
	err  error
}

// attempt sends a request once and reads the whole answer.
func (t *Transport) attempt(req *http.Request, sent []byte) exchange {
	ctx, cancel := context.WithTimeout(req.Context(), t.o.Timeout)
	defer cancel()
	out := req.Clone(ctx)
	if sent != nil {
		out.Body, out.ContentLength = io.NopCloser(bytes.NewReader(sent)), int64(len(sent))
	}
	if err := t.authorize(ctx, out); err != nil {
		return exchange{err: &unsentError{err}}
	}
	began := t.o.Now()
	x := t.carry(out)
	if x.res != nil {
		t.noteQuota(out, x.res)
	}
	t.log(req, x, t.o.Now().Sub(began))
	return x
}

func (t *Transport) carry(out *http.Request) exchange {
	res, err := t.o.Under.RoundTrip(out)
	if err != nil {
		return exchange{err: err}
	}
	defer res.Body.Close()
	body, err := io.ReadAll(io.LimitReader(res.Body, t.o.MaxBody+1))
	if err == nil && int64(len(body)) > t.o.MaxBody {
		err = &tooLargeError{t.o.MaxBody}
	}
	res.Body = io.NopCloser(bytes.NewReader(body))
	return exchange{res, body, err}
}

// secretive are headers in which credentials travel; libraries set some of them themselves.
var secretive = []string{"Authorization", "Private-Token", "Job-Token", "Cookie"}

// authorize puts the credential in for its own server, and takes every other one out for other servers.
func (t *Transport) authorize(ctx context.Context, out *http.Request) error {
	if !t.home(out) {
		for _, h := range secretive {
			out.Header.Del(h)
		}
		return nil
	}
	if t.o.Credential == nil {
		return nil
	}
	return t.o.Credential.Authorize(ctx, out)
}

// home tells whether a request goes to the server that the credential is for.
func (t *Transport) home(req *http.Request) bool { return req.URL.Scheme+"://"+req.URL.Host == t.host }

func (t *Transport) log(req *http.Request, x exchange, took time.Duration) {
	if t.o.Log == nil {
		return
	}
	what := "failed: " + fmt.Sprint(x.err)
	if x.res != nil && x.err == nil {
		what = x.res.Status
		if id := t.requestID(x.res); id != "" {
			what += " (request " + id + ")"
		}
	}
	t.o.Log(Redact(fmt.Sprintf("%s %s: %s in %s", req.Method, req.URL.RequestURI(), what, took.Round(time.Millisecond))))
}

func (t *Transport) requestID(res *http.Response) string {
	for _, h := range t.o.RequestID {
		if id := res.Header.Get(h); id != "" {
			return Excerpt([]byte(id))
		}
	}
	return ""
}

// Failure makes an error of an answer that is no success; nil for 2xx and 3xx. The body may be read again afterwards.
func (t *Transport) Failure(res *http.Response) error {
	if res.StatusCode < 400 {
		return nil
	}
	body, _ := io.ReadAll(res.Body)
	res.Body = io.NopCloser(bytes.NewReader(body))
	e := &StatusError{Code: res.StatusCode, RequestID: t.requestID(res), Body: Excerpt(body)}
	if res.Request != nil {
		e.Method, e.Path = res.Request.Method, res.Request.URL.Path
	}
	return e
}

type tooLargeError struct{ limit int64 }

func (e *tooLargeError) Error() string {
	if e.limit < 1<<20 {
		return fmt.Sprintf("the answer is larger than %d bytes", e.limit)
	}
	return fmt.Sprintf("the answer is larger than %d MiB", e.limit>>20)
}

// unsentError wraps what went wrong before anything was sent.
type unsentError struct{ err error }

func (e *unsentError) Error() string { return e.err.Error() }
func (e *unsentError) Unwrap() error { return e.err }

// reads tells whether a request changes nothing.
func reads(r *http.Request) bool {
	return r.Method == http.MethodGet || r.Method == http.MethodHead || isRepeatable(r.Context())
}

type repeatableKey struct{}

// Repeatable marks the requests made with a context as changing nothing, whatever their method.
func Repeatable(ctx context.Context) context.Context {
	return context.WithValue(ctx, repeatableKey{}, true)
}

func isRepeatable(ctx context.Context) bool { return ctx.Value(repeatableKey{}) != nil }

// again tells whether sending a request twice is the same as sending it once.
func again(r *http.Request) bool {
	return reads(r) || r.Method == http.MethodPut || r.Method == http.MethodDelete || strings.EqualFold(r.Method, http.MethodOptions)
}
