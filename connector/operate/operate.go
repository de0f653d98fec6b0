// Package operate says how a connector does: to Prometheus, to the cluster's probes, and to people on a page. It counts and
// shows; nothing is decided here.
//
//	operate.go  the handler: /livez, /readyz, /metrics, and the page with its JSON
//	metrics.go  what is counted while it happens
//	scrape.go   what is looked up when somebody asks
//	page.go     units and promotions as a page without a script, and as JSON
package operate

import (
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/ferry-cd/ferry/connector"
	"github.com/ferry-cd/ferry/door"
)

// View is what a connector sees and says at one moment.
type View struct {
	connector.State
	Units []connector.Unit
	Hints int                   // of webhooks, that wait
	Calls map[string]door.Calls // to forges, by destination
	// Quotas is what forges leave of their limits to each credential, one entry for each forge, credential and resource.
	Quotas []Quota
}

// Quota is one limit of a forge, as its last answer told it.
type Quota struct {
	Forge      string // its host
	Credential string // the place of the secret, or the name of a GitHub App
	Resource   string // rest or graphql
	door.Quota
}

// Options of a handler.
type Options struct {
	View  func() View
	Alive func() bool // false once the work has ended
	// Listening tells whether webhooks are taken in, where they should be.
	Listening func() bool
	// Tokens open the page; none, and there is no page.
	Tokens  func() []door.Token
	Version string
	Now     func() time.Time
}

// Handler answers on the port for operators.
func Handler(o Options, m *Metrics) http.Handler {
	m.watch(o)
	mux := http.NewServeMux()
	mux.HandleFunc("GET /livez", probe(o.Alive, "the loop has ended"))
	mux.HandleFunc("GET /readyz", o.ready)
	mux.Handle("GET /metrics", promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{MaxRequestsInFlight: 4, Timeout: 10 * time.Second}))
	mux.HandleFunc("GET /{$}", o.page)
	mux.HandleFunc("GET /state.json", o.json)
	return mux
}

// Serve gives a server for the handler that waits for nobody.
func Serve(h http.Handler) *http.Server {
	const slowest = 10 * time.Second
	return &http.Server{Handler: h, ReadHeaderTimeout: slowest, ReadTimeout: slowest, WriteTimeout: 3 * slowest, IdleTimeout: time.Minute, MaxHeaderBytes: 64 << 10}
}

func probe(ok func() bool, why string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		if !ok() {
			http.Error(w, why, http.StatusServiceUnavailable)
			return
		}
		_, _ = w.Write([]byte("ok\n"))
	}
}

// ready asks for what this process can do by itself. A forge that is down does not make it unready: it would lose the
// webhooks that it can still take, and no other replica would do better.
func (o Options) ready(w http.ResponseWriter, r *http.Request) {
	switch {
	case !o.Listening():
		http.Error(w, "webhooks are not listened for yet", http.StatusServiceUnavailable)
	case !o.View().Synced:
		http.Error(w, "the cluster's objects are not all read yet", http.StatusServiceUnavailable)
	default:
		probe(o.Alive, "the loop has ended")(w, r)
	}
}
