package git

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/ferry-cd/ferry/door"
)

// httpWire speaks smart HTTP.
type httpWire struct {
	first  string          // scheme and host that the credentials are for
	who    door.Credential // nil = nobody
	limits Limits
	client *http.Client

	mu   sync.Mutex
	base string // where the repository is, after redirects
}

const userAgent = "git/2.0 (ferry)" // some servers give clients that are not called git a page for people

func newHTTPWire(a address, o Options) (*httpWire, error) {
	roots, err := certificates(o.CABundle)
	if err != nil {
		return nil, err
	}
	w := &httpWire{first: a.scheme + "://" + a.host, who: credential(a.login, o), limits: o.Limits}
	w.base = (&url.URL{Scheme: a.scheme, Host: a.host, Path: a.path}).String()
	w.client = &http.Client{CheckRedirect: w.checkRedirect, Transport: &http.Transport{
		Proxy:                 http.ProxyFromEnvironment,
		DialContext:           (&net.Dialer{Timeout: 30 * time.Second}).DialContext,
		TLSHandshakeTimeout:   30 * time.Second,
		ResponseHeaderTimeout: 5 * time.Minute, // a server that computes a large pack may be silent for long
		IdleConnTimeout:       30 * time.Second,
		ForceAttemptHTTP2:     true,
		TLSClientConfig:       &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12},
	}}
	return w, nil
}

// certificates adds a bundle to the system's; nil means the system's alone.
func certificates(bundle []byte) (*x509.CertPool, error) {
	if len(bundle) == 0 {
		return nil, nil
	}
	pool, err := x509.SystemCertPool()
	if err != nil {
		pool = x509.NewCertPool()
	}
	if !pool.AppendCertsFromPEM(bundle) {
		return nil, fmt.Errorf("the certificate bundle holds no certificate in PEM")
	}
	return pool, nil
}

// checkRedirect follows the first question only, never from https to http, and leaves the credentials with the host they
// are for.
func (w *httpWire) checkRedirect(req *http.Request, via []*http.Request) error {
	switch {
	case len(via) > 5:
		return fmt.Errorf("redirected too often")
	case req.Method != http.MethodGet || !strings.HasSuffix(req.URL.Path, "/info/refs"):
		return fmt.Errorf("redirected to %s, which is no Git repository", req.URL.Host)
	case req.URL.Scheme != "https" && via[len(via)-1].URL.Scheme == "https", req.URL.Scheme != "https" && req.URL.Scheme != "http":
		return fmt.Errorf("redirected from https to %s://%s", req.URL.Scheme, req.URL.Host)
	}
	return w.authorize(req)
}

// credential is what the options say, else the login.
func credential(l login, o Options) door.Credential {
	switch {
	case o.Credential != nil:
		return o.Credential
	case l.user != "":
		return door.Basic(l.user, l.secret)
	}
	return nil
}

// authorize sets or removes the credentials.
func (w *httpWire) authorize(req *http.Request) error {
	req.Header.Del("Authorization")
	if w.who == nil || req.URL.Scheme+"://"+req.URL.Host != w.first {
		return nil
	}
	return w.who.Authorize(req.Context(), req)
}

func (w *httpWire) open(ctx context.Context, service string, known *advert) (*talk, error) {
	ask := func(ctx context.Context, request []byte) (io.ReadCloser, error) { return w.post(ctx, service, request) }
	if known != nil {
		return &talk{known, ask, func() {}}, nil
	}
	a, err := w.advertised(ctx, service)
	if err != nil {
		return nil, err
	}
	return &talk{a, ask, func() {}}, nil
}

func (w *httpWire) place() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.base
}

func (w *httpWire) advertised(ctx context.Context, service string) (*advert, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, w.place()+"/info/refs?service="+service, nil)
	if err != nil {
		return nil, err
	}
	res, err := w.do(req)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	if kind := res.Header.Get("Content-Type"); kind != "application/x-"+service+"-advertisement" {
		return nil, fmt.Errorf("the answer is %q, not that of a Git server", kind)
	}
	at := *res.Request.URL
	at.RawQuery, at.Path = "", strings.TrimSuffix(at.Path, "/info/refs")
	w.mu.Lock()
	w.base = at.String()
	w.mu.Unlock()
	return readAdvert(res.Body, w.limits.Refs)
}

func (w *httpWire) post(ctx context.Context, service string, request []byte) (io.ReadCloser, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, w.place()+"/"+service, bytes.NewReader(request))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/x-"+service+"-request")
	req.Header.Set("Accept", "application/x-"+service+"-result")
	res, err := w.do(req)
	if err != nil {
		return nil, err
	}
	if kind := res.Header.Get("Content-Type"); kind != "application/x-"+service+"-result" {
		res.Body.Close()
		return nil, fmt.Errorf("the answer is %q, not that of a Git server", kind)
	}
	return res.Body, nil
}

func (w *httpWire) do(req *http.Request) (*http.Response, error) {
	req.Header.Set("User-Agent", userAgent)
	res, err := w.send(req)
	if err != nil {
		return nil, err
	}
	if res.StatusCode == http.StatusOK {
		return res, nil
	}
	words, _ := io.ReadAll(io.LimitReader(res.Body, 1000)) // only to be shown
	res.Body.Close()
	return nil, &statusError{res.StatusCode, strings.TrimSpace(string(words)), res.Header.Get("Content-Type")}
}

// send asks once more with a new credential where the server refused the old one and there is a new one.
func (w *httpWire) send(req *http.Request) (*http.Response, error) {
	if err := w.authorize(req); err != nil {
		return nil, err
	}
	res, err := w.client.Do(req)
	if err != nil || res.StatusCode != http.StatusUnauthorized || w.who == nil {
		return res, err
	}
	if fresh, err := w.who.Renew(req.Context()); err != nil || !fresh {
		return res, nil
	}
	res.Body.Close()
	again := req.Clone(req.Context())
	if req.GetBody != nil {
		if again.Body, err = req.GetBody(); err != nil {
			return nil, err
		}
	}
	if err := w.authorize(again); err != nil {
		return nil, err
	}
	return w.client.Do(again)
}

// statusError is an answer other than 200 OK.
type statusError struct {
	code int
	body string
	kind string
}

// Error quotes a short plain text; a page for people would not help.
func (e *statusError) Error() string {
	text := fmt.Sprintf("the server answers %d %s", e.code, http.StatusText(e.code))
	if strings.HasPrefix(e.kind, "text/plain") && e.body != "" {
		text += ": " + e.body
	}
	return text
}
