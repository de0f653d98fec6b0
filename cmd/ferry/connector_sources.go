package main

import (
	"cmp"
	"context"
	"sync"
	"time"

	"github.com/ferry-cd/ferry/connector"
	"github.com/ferry-cd/ferry/door"
)

// sourceForges are the forges of source repositories, opened when a release first names one. Only those that the
// configuration names are told. Whoever asks waits for the one that it asked for, and for no other.
type sourceForges struct {
	*running
	patience time.Duration // for one to open

	mu     sync.Mutex
	known  map[string]*sourceOpening
	silent map[string]time.Time // hosts that did not answer in time, and when
}

// sourceOpening is one of them, or the attempt to open it. Its fields are set when done is closed.
type sourceOpening struct {
	done   chan struct{}
	to     connector.Destination
	ok     bool
	failed time.Time // when it could not be opened
}

// maxSources bounds them: releases name them, and who may write one must not fill the memory.
const maxSources = 5_000

// How long a repository may take to open, and when a source that could not be is tried again.
const (
	openTime    = 20 * time.Second
	sourceAgain = 10 * time.Minute
)

func newSourceForges(r *running) *sourceForges {
	return &sourceForges{running: r, patience: openTime, known: map[string]*sourceOpening{}, silent: map[string]time.Time{}}
}

func (s *sourceForges) of(url string) (connector.Destination, bool) {
	if _, ok := s.config.SourceOf(url); !ok {
		return connector.Destination{}, false
	}
	one, mine := s.find(url)
	if one == nil {
		return connector.Destination{}, false
	}
	if mine {
		s.begin(url, one)
	}
	<-one.done
	return one.to, one.ok
}

// find gives what is known of a source, or what somebody else is finding out; mine where the caller is to. None where there is
// no room, or where its host has just been silent: one that hangs would be waited for once for each repository on it.
func (s *sourceForges) find(url string) (one *sourceOpening, mine bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	one = s.known[url]
	if one != nil && !s.again(one.failed) {
		return one, false
	}
	if at, silent := s.silent[cmp.Or(hostOf(url), url)]; silent && !s.again(at) || one == nil && len(s.known) >= maxSources {
		return nil, false
	}
	one = &sourceOpening{done: make(chan struct{})}
	s.known[url] = one
	return one, true
}

// again tells whether something failed, and long enough ago to be tried once more.
func (s *sourceForges) again(failed time.Time) bool {
	return !failed.IsZero() && s.Now().Sub(failed) >= sourceAgain
}

// begin opens a source, and lets everybody who waits for it know.
func (s *sourceForges) begin(url string, one *sourceOpening) {
	defer close(one.done)
	who, _ := s.config.SourceOf(url)
	ctx, cancel := context.WithTimeout(context.Background(), s.patience)
	defer cancel()
	at, err := s.open(ctx, url, who.Forge, who.Credentials)
	if err != nil {
		s.log.Warn("a source repository cannot be told", "repository", door.Redact(url), "error", err.Error())
		s.lose(url, one, ctx.Err() != nil)
		return
	}
	name := destinationName(at.repo.URL())
	s.spends(name, who.Credentials, at.forge)
	one.to = connector.Destination{Name: name, Forge: at.forge, Credential: paceOf(who.Credentials, name), PerHour: s.config.PerHour(who.Forge, who.Credentials)}
	one.ok = true
}

func (s *sourceForges) lose(url string, one *sourceOpening, silent bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	one.failed = s.Now()
	if silent {
		s.silent[cmp.Or(hostOf(url), url)] = one.failed
	}
}
