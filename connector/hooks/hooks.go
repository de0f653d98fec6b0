// Package hooks takes in what Flux and Argo CD send when something happened. An event is a hint and nothing more: it says
// which object to look at again, and what is true is read from the cluster. So a forged, repeated, late or lost event
// changes when something is noticed, never what is said of it.
//
//	hooks.go    the server: what is asked of a request, what it is answered
//	proof.go    who sent it: a signature over the raw bytes, or a token
//	events.go   bytes -> Event: Flux and Argo CD
//	seed.go     the same for what gitops-connector's users send
//	queue.go    hints that wait for their turn, each once, bounded
//	room.go     how much memory all requests under way may take together
package hooks

import (
	"context"
	"errors"
	"mime"
	"net/http"
	"strconv"
	"time"

	"github.com/ferry-cd/ferry/door"
)

// Limits of what is read. notification-controller sends bodies of up to 3 MiB.
const (
	MaxBody     = 3 << 20
	maxHeld     = 48 << 20 // bytes of all bodies at once
	maxRequests = 512      // at once
	retryAfter  = 5 * time.Second
	slowest     = 10 * time.Second // until the whole body is here
)

// Options of a Server. The zero value of a field means the default beside it.
type Options struct {
	// Wake reads an object again.
	Wake func(Hint)
	// Signing and Tokens give the secrets that are good right now: keys of signatures, and bearer tokens. Two of each are
	// good while one replaces the other. Asked at every request, so that a changed secret needs no restart.
	Signing, Tokens func() []door.Token
	// Open takes events that carry no proof at all. A wrong one is refused all the same.
	Open bool
	// MaxAge refuses events that are older, or as far in the future: 15m.
	MaxAge time.Duration
	// Waiting is how many hints may wait: 10,000.
	Waiting int
	// Seen is told of every request that was answered.
	Seen func(Answer)
	Now  func() time.Time
}

// Answer is one request and what came of it.
type Answer struct {
	Source string // flux | argocd | gitops-connector; "" where it was refused before that was known
	Result string // queued, repeated, ignored, unproven, stale, malformed, refused or busy
	Code   int
	Took   time.Duration
	Event  Event
}

// Server answers webhooks. Run passes on what they say.
type Server struct {
	o     Options
	queue *queue
	seen  *repeats
	room  *room
	slots chan struct{}
	mux   *http.ServeMux
}

var errNoSecret = errors.New("no secret for webhooks is set: anybody who reaches the port could send events")

// noSecret says what to do about it.
type noSecret struct{ error }

func (noSecret) ExitCode() int { return 2 }
func (noSecret) Hint() string {
	return "set webhooks.signing or webhooks.tokens, or say --allow-unsigned-webhooks"
}

// New makes a server. Without a secret there is none, unless Options.Open says so.
func New(o Options) (*Server, error) {
	if o.MaxAge == 0 {
		o.MaxAge = 15 * time.Minute
	}
	if o.Waiting == 0 {
		o.Waiting = 10_000
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Seen == nil {
		o.Seen = func(Answer) {}
	}
	none := func() []door.Token { return nil }
	if o.Signing == nil {
		o.Signing = none
	}
	if o.Tokens == nil {
		o.Tokens = none
	}
	s := &Server{o: o, queue: newQueue(o.Waiting), seen: newRepeats(), room: &room{most: maxHeld}, slots: make(chan struct{}, maxRequests), mux: http.NewServeMux()}
	if !o.Open && len(keys(o.Signing())) == 0 && len(keys(o.Tokens())) == 0 {
		return nil, noSecret{errNoSecret}
	}
	s.mux.HandleFunc("/flux", s.answer(readFlux))
	s.mux.HandleFunc("/argocd", s.answer(readArgo))
	s.mux.HandleFunc("/gitopsphase", s.answer(readEither)) // gitops-connector's only path
	return s, nil
}

// Run hands hints to Options.Wake until the context ends.
func (s *Server) Run(ctx context.Context) { s.queue.drain(ctx, s.o.Wake) }

// Waiting tells how many hints wait.
func (s *Server) Waiting() int { return s.queue.len() }

// HTTP gives a server for these webhooks that waits for nobody: a header has 5 seconds, a body 10.
func (s *Server) HTTP() *http.Server {
	return &http.Server{Handler: s, ReadHeaderTimeout: slowest / 2, ReadTimeout: slowest, WriteTimeout: 2 * slowest, IdleTimeout: time.Minute,
		MaxHeaderBytes: 256 << 10} // what notification-controller takes itself
}

// ServeHTTP answers a webhook.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.mux.ServeHTTP(w, r) }

// refusal is an answer that is no success.
type refusal struct {
	code         int
	result, says string
}

var (
	busy       = &refusal{http.StatusServiceUnavailable, "busy", "too much at once; send it again"}
	unproven   = &refusal{http.StatusUnauthorized, "unproven", "no valid signature or token"}
	malformed  = &refusal{http.StatusBadRequest, "malformed", "this is no event that ferry knows"}
	stale      = &refusal{http.StatusUnprocessableEntity, "stale", "the event is too old, or from the future"}
	tooLarge   = &refusal{http.StatusRequestEntityTooLarge, "refused", "the body is larger than 3 MiB"}
	unreadable = &refusal{http.StatusBadRequest, "refused", "the body did not come whole"}
	notPost    = &refusal{http.StatusMethodNotAllowed, "refused", "events are posted"}
	notJSON    = &refusal{http.StatusUnsupportedMediaType, "refused", "events are application/json, not compressed"}
)

func (s *Server) answer(read func([]byte) (Event, bool)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		began := s.o.Now()
		a := Answer{Code: http.StatusAccepted}
		var no *refusal
		a.Event, a.Result, no = s.take(w, r, read)
		a.Source = a.Event.Source
		if no != nil {
			a.Result, a.Code = no.result, no.code
			refuse(w, no)
		} else {
			w.WriteHeader(a.Code)
		}
		a.Took = s.o.Now().Sub(began)
		s.o.Seen(a)
	}
}

func refuse(w http.ResponseWriter, no *refusal) {
	switch no {
	case busy:
		w.Header().Set("Retry-After", strconv.Itoa(int(retryAfter.Seconds())))
	case unproven:
		w.Header().Set("WWW-Authenticate", `Bearer realm="ferry"`)
	case notPost:
		w.Header().Set("Allow", http.MethodPost)
	case tooLarge, unreadable:
		w.Header().Set("Connection", "close") // the rest of the body is not worth reading
	}
	http.Error(w, no.says, no.code)
}

// take goes through what is asked of a request, the cheap before the dear.
func (s *Server) take(w http.ResponseWriter, r *http.Request, read func([]byte) (Event, bool)) (Event, string, *refusal) {
	select {
	case s.slots <- struct{}{}:
		defer func() { <-s.slots }()
	default:
		return Event{}, "", busy
	}
	if no := s.admissible(r); no != nil {
		return Event{}, "", no
	}
	body, free, no := s.room.body(w, r)
	defer free()
	if no != nil {
		return Event{}, "", no
	}
	if !s.proven(r, body) {
		return Event{}, "", unproven
	}
	e, ok := read(body)
	if !ok {
		return e, "", malformed
	}
	return s.accept(e, body)
}

// admissible looks at all that comes before the body.
func (s *Server) admissible(r *http.Request) *refusal {
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	switch {
	case r.Method != http.MethodPost:
		return notPost
	case err != nil || kind != "application/json" || r.Header.Get("Content-Encoding") != "":
		return notJSON
	case r.ContentLength > MaxBody:
		return tooLarge
	case !s.mayBeProven(r):
		return unproven
	}
	return nil
}

// accept queues what an event hints at.
func (s *Server) accept(e Event, body []byte) (Event, string, *refusal) {
	now := s.o.Now()
	if age := now.Sub(e.Time); !e.Time.IsZero() && (age > s.o.MaxAge || age < -s.o.MaxAge) {
		return e, "", stale
	}
	if !watched[e.Kind] {
		return e, "ignored", nil
	}
	id := fingerprint(body)
	if s.seen.has(id, now) {
		return e, "repeated", nil
	}
	if !s.queue.put(Hint{e.Kind, e.Namespace, e.Name, e.Commit, e.Part}) {
		return e, "", busy
	}
	s.seen.add(id, now.Add(s.remember(e)), now)
	return e, "queued", nil
}

// untimed is how long an event is known that does not say when it was: two alike a minute apart may be two events.
const untimed = 5 * time.Second

// remember is how long an event is known again: until its age alone has it refused.
func (s *Server) remember(e Event) time.Duration {
	if e.Time.IsZero() {
		return untimed
	}
	return 2 * s.o.MaxAge
}
