package main

import (
	"io"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ferry-cd/ferry/connector"
	"github.com/ferry-cd/ferry/connector/config"
)

// A source repository that cannot be opened is tried again later, and not at every look.
func TestSourcesAreTriedAgain(t *testing.T) {
	now := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	home := t.TempDir()
	a := &app{In: strings.NewReader(""), Out: io.Discard, Err: io.Discard, Now: func() time.Time { return now }, Getenv: func(string) string { return "" }, Dir: home}
	r := &running{app: a, config: &config.Config{Sources: []config.Source{{Pattern: home + "/*"}}}, secrets: config.NewKeeper(a.Getenv), log: jsonLog(io.Discard, false)}
	s := &sourceForges{running: r, opened: map[string]connector.Destination{}, failed: map[string]time.Time{}}
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
