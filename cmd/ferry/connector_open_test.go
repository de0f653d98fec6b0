package main

import (
	"io"
	"net"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ferry-cd/ferry/connector/config"
)

// A source repository that cannot be opened is tried again later, and not at every look.
func TestSourcesAreTriedAgain(t *testing.T) {
	now := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	home := t.TempDir()
	a := &app{In: strings.NewReader(""), Out: io.Discard, Err: io.Discard, Now: func() time.Time { return now }, Getenv: func(string) string { return "" }, Dir: home}
	r := &running{app: a, config: &config.Config{Sources: []config.Source{{Pattern: home + "/*"}}}, secrets: config.NewKeeper(a.Getenv), log: jsonLog(io.Discard, false)}
	s := newSourceForges(r)
	shop := filepath.Join(home, "shop.git")
	told := func() bool {
		to, ok := s.of(shop)
		return ok && to.Forge != nil
	}
	if told() {
		t.Error("opened what is not there")
	}
	if out, err := exec.Command("git", "init", "-q", "--bare", "-b", "main", shop).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if told() {
		t.Error("tried again at once")
	}
	now = now.Add(sourceAgain)
	if !told() {
		t.Error("never tried again")
	}
	if _, ok := s.of("https://elsewhere.example.com/shop"); ok {
		t.Error("told whom the configuration does not name")
	}
}

// A host that hangs keeps only those waiting who ask for it: others are opened meanwhile, whoever asks for the same one waits for
// the same attempt, and of a host that was silent once no other repository is waited for.
func TestAHangingSourceKeepsNobodyElseWaiting(t *testing.T) {
	hangs, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer hangs.Close()
	came := make(chan net.Conn, 100)
	go func() {
		for {
			c, err := hangs.Accept()
			if err != nil {
				return
			}
			came <- c
		}
	}()
	home := t.TempDir()
	shop := filepath.Join(home, "shop.git")
	if out, err := exec.Command("git", "init", "-q", "--bare", "-b", "main", shop).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	a := &app{In: strings.NewReader(""), Out: io.Discard, Err: io.Discard, Now: time.Now, Getenv: func(string) string { return "" }, Dir: home}
	at := "http://" + hangs.Addr().String() + "/acme/"
	r := &running{app: a, config: &config.Config{Sources: []config.Source{{Pattern: home + "/*"}, {Pattern: at + "*"}}},
		secrets: config.NewKeeper(a.Getenv), log: jsonLog(io.Discard, false)}
	s := newSourceForges(r)
	s.patience = 2 * time.Minute
	var waiting sync.WaitGroup
	for range 3 {
		waiting.Go(func() {
			if _, ok := s.of(at + "web"); ok {
				t.Error("opened what never answered")
			}
		})
	}
	var first net.Conn
	select {
	case first = <-came:
	case <-time.After(30 * time.Second):
		t.Fatal("nobody asked the one that hangs")
	}
	opened := make(chan bool)
	go func() { _, ok := s.of(shop); opened <- ok }()
	select {
	case ok := <-opened:
		if !ok {
			t.Error("the one that is there was not opened")
		}
	case <-time.After(30 * time.Second):
		t.Error("the one that is there waits for the one that hangs")
	}
	_ = hangs.Close()
	first.Close()
	for range len(came) {
		(<-came).Close()
	}
	waiting.Wait()
}

// Of a host that was silent once no other repository is waited for, until it is tried again.
func TestASilentHostIsWaitedForOnce(t *testing.T) {
	hangs, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer hangs.Close() // it is never asked for its connections
	now := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	a := &app{In: strings.NewReader(""), Out: io.Discard, Err: io.Discard, Now: func() time.Time { return now }, Getenv: func(string) string { return "" }, Dir: t.TempDir()}
	at := "http://" + hangs.Addr().String() + "/acme/"
	r := &running{app: a, config: &config.Config{Sources: []config.Source{{Pattern: at + "*"}}}, secrets: config.NewKeeper(a.Getenv), log: jsonLog(io.Discard, false)}
	s := newSourceForges(r)
	s.patience = 50 * time.Millisecond
	if _, ok := s.of(at + "web"); ok {
		t.Error("opened what never answered")
	}
	s.patience = time.Hour
	for _, name := range []string{"web", "shop", "cart"} { // an hour for each, if they were asked for
		if _, ok := s.of(at + name); ok {
			t.Error("opened", name)
		}
	}
	now = now.Add(sourceAgain)
	s.patience = 50 * time.Millisecond
	if _, mine := s.find(at + "shop"); !mine {
		t.Error("never tried again")
	}
}
