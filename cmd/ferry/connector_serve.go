package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/ferry-cd/ferry/connector"
	"github.com/ferry-cd/ferry/connector/hooks"
	"github.com/ferry-cd/ferry/connector/operate"
	"github.com/ferry-cd/ferry/door"
)

// port is an address that is listened on.
type port struct {
	listener net.Listener
	server   *http.Server
}

// listen opens the ports before anything else begins, so that one that is taken is told at once.
func (r *running) listen(work connector.Options) ([]port, error) {
	var ports []port
	if err := r.listenForHooks(&ports); err != nil {
		return nil, err
	}
	view := operate.Options{View: r.view, Alive: func() bool { return !r.ended.Load() }, Listening: func() bool { return true }, Tokens: r.secrets.All(r.config.Page),
		Version: version, Now: r.Now}
	return ports, open(&ports, r.config.Listen, operate.Serve(operate.Handler(view, r.metrics)))
}

func (r *running) listenForHooks(ports *[]port) error {
	w := r.config.Webhooks
	if w == nil {
		return nil
	}
	var err error
	r.hooks, err = hooks.New(hooks.Options{Wake: r.wake, Signing: r.secrets.All(w.Signing), Tokens: r.secrets.All(w.Tokens), Open: r.o.open, MaxAge: w.MaxAge,
		Waiting: r.config.Limits.Waiting, Seen: r.sawWebhook, Now: r.Now})
	if err != nil {
		return err
	}
	return open(ports, w.Listen, r.hooks.HTTP())
}

func open(ports *[]port, address string, s *http.Server) error {
	l, err := net.Listen("tcp", address)
	if err != nil {
		return usagef("listen on %s: %w", address, err)
	}
	*ports = append(*ports, port{l, s})
	return nil
}

// wake has an object read at once.
func (r *running) wake(h hooks.Hint) {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	ref := connector.Ref{Kind: h.Kind, Namespace: h.Namespace, Name: h.Name}
	var err error
	if ref.Name == "" {
		err = r.watcher.Seek(ctx, h.Commit, connector.Resource{Group: h.Part.Group, Kind: h.Part.Kind, Namespace: h.Part.Namespace, Name: h.Part.Name})
	} else {
		err = r.watcher.Wake(ctx, ref)
	}
	if err != nil {
		r.log.Debug("a hint could not be followed", "object", ref.String(), "error", err.Error())
	}
}

func (r *running) sawWebhook(a hooks.Answer) {
	r.metrics.Webhook(a.Event.Source, a.Result, a.Took)
	r.log.Debug("webhook", "source", a.Event.Source, "result", a.Result, "code", a.Code, "kind", a.Event.Kind, "namespace", a.Event.Namespace, "name", a.Event.Name,
		"reason", a.Event.Reason, "revision", a.Event.Revision, "ms", a.Took.Milliseconds())
}

// serve answers until the context ends, then finishes what it is at.
func (p port) serve(ctx context.Context) error {
	defer context.AfterFunc(ctx, func() {
		grace, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		_ = p.server.Shutdown(grace) // what is not finished by then is cut off
	})()
	err := p.server.Serve(p.listener)
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return fmt.Errorf("listen on %s: %w", p.listener.Addr(), err)
}

// view is what is known now. Who stands by knows the cluster alone.
func (r *running) view() operate.View {
	v := operate.View{State: connector.State{Cluster: r.config.Cluster, Leading: r.leads(), Synced: r.watcher.Synced(), Problems: r.watcher.Problems()}, Calls: map[string]door.Calls{}}
	if loop := r.loop.Load(); loop != nil {
		v.State = loop.State()
	}
	v.Units, _ = r.watcher.Units(context.Background()) // none before all are read, which Synced tells
	if r.hooks != nil {
		v.Hints = r.hooks.Waiting()
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for name, c := range r.calls {
		v.Calls[name] = c.Calls()
	}
	v.Quotas = quotas(r.spend)
	return v
}
