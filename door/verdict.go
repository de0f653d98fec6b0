package door

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Tries and pauses of one request. A pause doubles each time and is drawn from its upper half.
const (
	maxTries   = 6
	firstPause = 500 * time.Millisecond
	maxPause   = 30 * time.Second
	// limitPause is how long to wait where a server says that there is a limit but not for how long; it doubles too.
	limitPause = time.Minute
	// maxLimits bounds how often one request may be told to wait; a server may do so for ever.
	maxLimits = 20
)

// persist sends a request until its answer is final.
func (t *Transport) persist(req *http.Request, sent []byte) (*http.Response, error) {
	s := &state{budget: t.o.Budget}
	known := t.validate(req)
	for {
		if err := t.admitted(req, s); err != nil {
			return nil, err
		}
		x := t.attempt(req, sent)
		v := t.judge(req, x, s)
		if v.final {
			if v.err != nil {
				return nil, t.tell(req, v.err)
			}
			return t.refresh(req, known, x), nil
		}
		if err := t.pause(req.Context(), v.wait, s); err != nil {
			return nil, err
		}
		t.count(func(c *Calls) { c.Retries++ })
	}
}

// tell keeps secrets out of what the network says.
func (t *Transport) tell(req *http.Request, err error) error {
	var lost *LostError
	if clean := Redact(err.Error()); clean != err.Error() && !errors.As(err, &lost) {
		return fmt.Errorf("%s %s: %s", req.Method, req.URL.Path, clean)
	}
	return err
}

// state is what one request has used up.
type state struct {
	tries, limits int
	renewed       bool
	budget        time.Duration
}

// verdict on an attempt: final, with an error or the answer as it is, or a pause before the next one.
type verdict struct {
	final bool
	err   error
	wait  time.Duration
}

func (t *Transport) judge(req *http.Request, x exchange, s *state) verdict {
	if err := req.Context().Err(); err != nil {
		return verdict{final: true, err: err}
	}
	if x.err != nil {
		return t.judgeError(req, x.err, s)
	}
	if x.res.StatusCode == http.StatusUnauthorized && !s.renewed && t.o.Credential != nil && t.home(req) {
		return t.renew(req, s)
	}
	if wait, limited := t.limited(x); limited {
		if s.limits++; s.limits > maxLimits {
			return verdict{final: true}
		}
		if wait <= 0 {
			wait = backoff(limitPause, 1<<62, s.limits-1, t.o.Chance())
		}
		return verdict{wait: wait}
	}
	if t.o.JSON && strange(x) {
		return t.judgeError(req, errors.New("a page came in place of an answer"), s)
	}
	if x.res.StatusCode < 500 || x.res.StatusCode == http.StatusNotImplemented {
		t.slow(x.res)
		return verdict{final: true}
	}
	if !again(req) {
		return verdict{final: true, err: &LostError{req.Method, req.URL.Path, t.Failure(x.res)}}
	}
	return t.later(s, nil)
}

// judgeError decides after an attempt without a whole answer.
func (t *Transport) judgeError(req *http.Request, err error, s *state) verdict {
	var large *tooLargeError
	switch {
	case errors.As(err, &large) || untrusted(err) || t.o.Final != nil && t.o.Final(err):
		return verdict{final: true, err: err}
	case unsent(err), again(req):
		return t.later(s, err)
	}
	return verdict{final: true, err: &LostError{req.Method, req.URL.Path, errors.New(Redact(err.Error()))}}
}

// later is a pause, unless there were enough.
func (t *Transport) later(s *state, err error) verdict {
	if s.tries++; s.tries >= maxTries {
		return verdict{final: true, err: err}
	}
	return verdict{wait: backoff(firstPause, maxPause, s.tries-1, t.o.Chance())}
}

func (t *Transport) renew(req *http.Request, s *state) verdict {
	s.renewed = true
	fresh, err := t.o.Credential.Renew(req.Context())
	return verdict{final: !fresh, err: err}
}

// strange tells a success that is no JSON.
func strange(x exchange) bool {
	kind, _, _ := strings.Cut(x.res.Header.Get("Content-Type"), ";")
	return x.res.StatusCode < 300 && len(bytes.TrimSpace(x.body)) > 0 && !strings.HasSuffix(strings.TrimSpace(strings.ToLower(kind)), "json")
}

// untrusted tells certificates and addresses that no other try will mend.
func untrusted(err error) bool {
	var verify *tls.CertificateVerificationError
	var authority x509.UnknownAuthorityError
	var name x509.HostnameError
	var private *privateError
	return errors.As(err, &private) || errors.As(err, &verify) || errors.As(err, &authority) || errors.As(err, &name)
}

// unsent tells that the server cannot have seen the request.
func unsent(err error) bool {
	var op *net.OpError
	var before *unsentError
	return errors.As(err, &before) || errors.As(err, &op) && op.Op == "dial"
}

// limited tells whether the server wants a pause before it does anything, and how long if it says so.
func (t *Transport) limited(x exchange) (time.Duration, bool) {
	wait, said := t.retryAfter(x.res)
	switch x.res.StatusCode {
	case http.StatusTooManyRequests:
		return wait, true
	case http.StatusServiceUnavailable, http.StatusForbidden:
		if said {
			return wait, true
		}
	}
	if t.o.Limited != nil {
		return t.o.Limited(x.res, x.body)
	}
	return 0, false
}

// retryAfter reads the header in both its forms (RFC 9110, 10.2.3). What is negative, past or no time at all says nothing.
func (t *Transport) retryAfter(res *http.Response) (time.Duration, bool) {
	value := res.Header.Get("Retry-After")
	if seconds, err := strconv.ParseInt(value, 10, 64); err == nil {
		if seconds < 0 || seconds > math.MaxInt64/int64(time.Second) {
			return 0, false
		}
		return max(time.Duration(seconds)*time.Second, time.Second), true
	}
	at, err := http.ParseTime(value)
	if err != nil {
		return 0, false
	}
	if wait := at.Sub(t.o.Now()); wait > 0 {
		return wait, true
	}
	return time.Second, true
}

// slow obeys a server that answers and asks for a pause before the next request, as Azure DevOps does.
func (t *Transport) slow(res *http.Response) {
	if wait, said := t.retryAfter(res); said && res.StatusCode < 300 {
		t.pace.notBefore(t.o.Now().Add(wait))
	}
}

// pause waits because of what the server said, within the budget of the request and that of all.
func (t *Transport) pause(ctx context.Context, d time.Duration, s *state) error {
	now := t.o.Now()
	t.mu.Lock()
	if now.Sub(t.since) > time.Hour {
		t.since, t.spent = now, 0
	}
	t.spent += d
	over := t.spent > t.o.Total
	t.mu.Unlock()
	if over {
		return &WaitError{Until: now.Add(d)}
	}
	return t.wait(ctx, d, s)
}

// wait pauses within the budget.
func (t *Transport) wait(ctx context.Context, d time.Duration, s *state) error {
	if d <= 0 {
		return nil
	}
	if d > s.budget {
		return &WaitError{Until: t.o.Now().Add(d)}
	}
	s.budget -= d
	t.count(func(c *Calls) { c.Waited += d })
	return t.o.Sleep(ctx, d)
}

// backoff is a growing pause; chance in [0, 1) draws from its upper half.
func backoff(first, longest time.Duration, n int, chance float64) time.Duration {
	d := longest
	if n < 30 && first<<n < longest && first<<n > 0 {
		d = first << n
	}
	return d/2 + time.Duration(chance*float64(d/2))
}

func chance() float64 { return rand.Float64() }

// Sleep waits, unless the context ends first; then its error comes back.
func Sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
