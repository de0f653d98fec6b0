package pipeline

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/ferry-cd/ferry/door"
)

// Way is how a host is reached, and who one is there.
type Way struct {
	URL          string            // where its pages begin, or the address of a webhook; no slash at the end
	Token        func() door.Token // asked at every request; nil = none
	AllowPrivate bool              // its address may be one of a private network
	CABundle     []byte
	Now          func() time.Time
	Sleep        func(ctx context.Context, d time.Duration) error
	Log          func(line string)
}

// Limits of one exchange. Whoever asked tries again later, so nothing is waited for long.
const (
	patience = 20 * time.Second // for one answer
	pauses   = time.Minute      // for all pauses of one request
	maxReply = 4 << 20
)

// host is the API of one server.
type host struct {
	base   string // of the API
	door   *door.Transport
	client *http.Client
}

// errElsewhere is a redirect: the operator named one host, and no answer of it names another.
var errElsewhere = errors.New("the host sends elsewhere; only what connector.yaml names is told")

func (w Way) host(api string, who func(door.Token) door.Credential) *host {
	o := door.Options{Base: w.URL, CABundle: w.CABundle, Pace: -1, Budget: pauses, Timeout: patience, MaxBody: maxReply, Now: w.Now, Sleep: w.Sleep, Log: w.Log}
	if !w.AllowPrivate {
		o.Under = door.Public(w.CABundle)
	}
	if u, err := url.Parse(api); err == nil {
		o.Base = u.Scheme + "://" + u.Host
	}
	if w.Token != nil && who != nil {
		o.Credential = door.Fresh(func() door.Credential { return who(w.Token()) })
	}
	o.JSON = who != nil // a page for signing in is no answer of an API, whatever its status
	t := door.NewTransport(o)
	return &host{api, t, &http.Client{Transport: t, CheckRedirect: func(*http.Request, []*http.Request) error { return errElsewhere }}}
}

// call sends JSON and reads JSON; a nil answer is not read.
func (h *host) call(ctx context.Context, method, path string, body, answer any) error {
	var sent io.Reader
	if body != nil {
		data, err := json.Marshal(body)
		if err != nil {
			return err
		}
		sent = bytes.NewReader(data)
	}
	return h.send(ctx, method, path, "application/json", nil, sent, answer)
}

func (h *host) send(ctx context.Context, method, path, kind string, header http.Header, body io.Reader, answer any) error {
	req, err := http.NewRequestWithContext(ctx, method, h.base+path, body)
	if err != nil {
		return err
	}
	if header != nil {
		req.Header = header
	}
	req.Header.Set("Accept", "application/json")
	req.Header.Set("User-Agent", "ferry-connector")
	if body != nil {
		req.Header.Set("Content-Type", kind)
	}
	res, err := h.client.Do(req)
	if err != nil {
		return redirected(err)
	}
	defer res.Body.Close()
	if err := h.door.Failure(res); err != nil {
		return err
	}
	if answer == nil {
		return nil
	}
	return read(res, answer)
}

// redirected gives the reason without the address that an answer made up.
func redirected(err error) error {
	if errors.Is(err, errElsewhere) {
		return errElsewhere
	}
	var outer *url.Error
	if errors.As(err, &outer) {
		return outer.Err
	}
	return err
}

func read(res *http.Response, answer any) error {
	data, err := io.ReadAll(res.Body)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(data, answer); err != nil {
		return fmt.Errorf("%s answered with what is no JSON of its own", res.Request.URL.Host)
	}
	return nil
}

// missing tells that something is not there.
func missing(err error) bool {
	code, _ := door.Refusal(err)
	return code == http.StatusNotFound
}

// slug escapes the parts of OWNER/NAME.
func slug(s string) string {
	parts := strings.Split(s, "/")
	for i := range parts {
		parts[i] = url.PathEscape(parts[i])
	}
	return strings.Join(parts, "/")
}
