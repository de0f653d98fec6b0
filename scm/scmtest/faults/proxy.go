package faults

import (
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"time"
)

// often is the share of calls that something happens to.
const often = 0.35

// proxy stands before a forge.
type proxy struct {
	mu   sync.Mutex
	dice *rand.Rand
	on   bool
	bad  int // calls that something happened to
	log  []string
}

func newDice(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, 0xfe44)) }

// before puts the proxy before a handler.
func (p *proxy) before(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if f := p.draw(r); f != nil {
			f(next, w, r)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// rough lets things go wrong, or not.
func (p *proxy) rough(on bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.on = on
}

func (p *proxy) note(format string, args ...any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.log = append(p.log, fmt.Sprintf(format, args...))
}

func (p *proxy) told() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]string(nil), p.log...)
}

// draw says what happens to a call; nil for nothing. Git itself is left alone: people push with it.
func (p *proxy) draw(r *http.Request) fault {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.on || strings.Contains(r.URL.Path, "/git-") || strings.HasSuffix(r.URL.Path, "/info/refs") {
		return nil
	}
	name, f := "passed", fault(nil)
	if p.dice.Float64() < often {
		kind := kinds[p.dice.IntN(len(kinds))]
		name, f = kind.name, kind.make(p.dice)
		p.bad++
	}
	p.log = append(p.log, fmt.Sprintf("%s %s: %s", r.Method, r.URL.RequestURI(), name))
	return f
}

// fault is something that happens to one call.
type fault func(forge http.Handler, w http.ResponseWriter, r *http.Request)

// kinds are all that can happen. What comes after a word "after" was done by the forge before it happened.
var kinds = []struct {
	name string
	make func(dice *rand.Rand) fault
}{
	{"slow", slow},
	{"server error", func(d *rand.Rand) fault { return failed(d, false) }},
	{"server error after", func(d *rand.Rand) fault { return failed(d, true) }},
	{"reset", func(*rand.Rand) fault { return reset(false) }},
	{"reset after", func(*rand.Rand) fault { return reset(true) }},
	{"reply lost after", func(*rand.Rand) fault { return reset(true) }},
	{"body truncated after", truncated},
	{"page in place of an error", func(*rand.Rand) fault { return page(http.StatusBadGateway, false) }},
	{"page in place of an error after", func(*rand.Rand) fault { return page(http.StatusBadGateway, true) }},
	{"page in place of an answer", func(*rand.Rand) fault { return page(http.StatusOK, false) }},
	{"page in place of an answer after", func(*rand.Rand) fault { return page(http.StatusOK, true) }},
	{"too many requests", func(d *rand.Rand) fault { return limited(d, http.StatusTooManyRequests) }},
	{"forbidden for now", func(d *rand.Rand) fault { return limited(d, http.StatusForbidden) }},
	{"unavailable for now", func(d *rand.Rand) fault { return limited(d, http.StatusServiceUnavailable) }},
}

// do lets the forge do what it was asked, and gives its answer.
func do(forge http.Handler, r *http.Request) *httptest.ResponseRecorder {
	out := httptest.NewRecorder()
	forge.ServeHTTP(out, r)
	return out
}

func slow(dice *rand.Rand) fault {
	d := time.Duration(dice.IntN(20)) * time.Millisecond
	return func(forge http.Handler, w http.ResponseWriter, r *http.Request) {
		time.Sleep(d)
		forge.ServeHTTP(w, r)
	}
}

func failed(dice *rand.Rand, after bool) fault {
	code := []int{500, 502, 503, 504}[dice.IntN(4)]
	return func(forge http.Handler, w http.ResponseWriter, r *http.Request) {
		if after {
			do(forge, r)
		}
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(code)
		_, _ = w.Write([]byte(`{"message":"something went wrong"}`))
	}
}

// reset ends the connection without an answer.
func reset(after bool) fault {
	return func(forge http.Handler, w http.ResponseWriter, r *http.Request) {
		if after {
			do(forge, r)
		}
		conn, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			panic(http.ErrAbortHandler)
		}
		if tcp, ok := conn.(*net.TCPConn); ok {
			_ = tcp.SetLinger(0)
		}
		conn.Close()
	}
}

// truncated announces more of the answer than comes.
func truncated(dice *rand.Rand) fault {
	share := dice.Float64()
	return func(forge http.Handler, w http.ResponseWriter, r *http.Request) {
		out := do(forge, r)
		body := out.Body.Bytes()
		for k, v := range out.Header() {
			w.Header()[k] = v
		}
		w.Header().Set("Content-Length", strconv.Itoa(len(body)+1))
		w.WriteHeader(out.Code)
		_, _ = w.Write(body[:int(share*float64(len(body)))])
		panic(http.ErrAbortHandler)
	}
}

// page is what load balancers and captive portals say.
func page(code int, after bool) fault {
	return func(forge http.Handler, w http.ResponseWriter, r *http.Request) {
		if after {
			do(forge, r)
		}
		w.Header().Set("Content-Type", "text/html")
		w.WriteHeader(code)
		_, _ = w.Write([]byte("<html><head><title>Sorry</title></head><body>Please try again later.</body></html>"))
	}
}

// limited asks for a pause in one of the many ways in which servers do.
func limited(dice *rand.Rand, code int) fault {
	wait := []string{"1", "3", "0", "-5", "36000", "", "soon", time.Now().Add(2 * time.Second).UTC().Format(http.TimeFormat),
		time.Now().Add(-time.Hour).UTC().Format(http.TimeFormat)}[dice.IntN(9)]
	return func(_ http.Handler, w http.ResponseWriter, _ *http.Request) {
		if wait != "" {
			w.Header().Set("Retry-After", wait)
		}
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(code)
		_, _ = w.Write([]byte(`{"message":"You have exceeded a secondary rate limit. Please wait a few minutes before you try again."}`))
	}
}
