package main

import (
	"context"
	"sync"

	"github.com/ferry-cd/ferry/source/registry"
)

// stock tells what registries have, and asks each thing once in a run.
type stock struct {
	open func() (*registry.Client, error)

	mu    sync.Mutex
	known map[string]told
}

type told struct {
	there  bool
	digest string
	err    error
}

func newStock(open func() (*registry.Client, error)) *stock {
	return &stock{open: open, known: map[string]told{}}
}

// Exists implements promote.Registry.
func (s *stock) Exists(ctx context.Context, repository, digest string) (bool, error) {
	t := s.once(repository+"@"+digest, func(c *registry.Client) (t told) {
		t.there, t.err = c.Exists(ctx, repository, digest)
		return t
	})
	return t.there, t.err
}

// Digest implements promote.Registry.
func (s *stock) Digest(ctx context.Context, reference string) (string, error) {
	t := s.once(reference, func(c *registry.Client) (t told) {
		t.digest, t.err = c.Digest(ctx, reference)
		return t
	})
	return t.digest, t.err
}

func (s *stock) once(what string, ask func(*registry.Client) told) told {
	s.mu.Lock()
	defer s.mu.Unlock()
	if t, ok := s.known[what]; ok {
		return t
	}
	c, err := s.open()
	t := told{err: err}
	if err == nil {
		t = ask(c)
	}
	s.known[what] = t
	return t
}
