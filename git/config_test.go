package git

import (
	"os"
	"path/filepath"
	"testing"
)

func TestConfig(t *testing.T) {
	file := filepath.Join(t.TempDir(), "config")
	text := "[user]\n\tname = Ada Lovelace\n\tname = \"Ada; L.\" # the later one\n[remote \"origin\"]\n\turl = /srv/a.b.git\n[remote \"other.one\"]\n\turl = x\n"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	for key, want := range map[string]string{
		"user.name": "Ada; L.", "user.email": "", "remote.origin.url": "/srv/a.b.git", "remote.other.one.url": "x", "remote.none.url": "", "none": "",
	} {
		if got, err := ConfigValue(file, key); err != nil || got != want {
			t.Errorf("%s: %q, %v; want %q", key, got, err, want)
		}
	}
	if got, err := ConfigValue(file+".none", "user.name"); got != "" || err != nil {
		t.Errorf("of no file: %q, %v", got, err)
	}
	if err := os.WriteFile(file, []byte("[user\nname"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got, err := ConfigValue(file, "user.name"); err == nil {
		t.Errorf("of a broken file: %q", got)
	}
}

func TestBare(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a.git")
	bare, err := Init(t.Context(), dir, Options{})
	if err != nil || !bare.Bare() {
		t.Errorf("a new one: %v", err)
	}
	if url, err := bare.Config("remote.origin.url"); url != "" || err != nil {
		t.Errorf("origin %q, %v", url, err)
	}
	if err := os.WriteFile(filepath.Join(dir, "config"), []byte("[core]\n\tbare = false\n[remote \"origin\"]\n\turl = ../x\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	tree, err := Open(t.Context(), dir, Options{})
	if err != nil || tree.Bare() {
		t.Errorf("one with a work tree: %v", err)
	}
	if url, err := tree.Config("remote.origin.url"); url != "../x" || err != nil {
		t.Errorf("origin %q, %v", url, err)
	}
	server, err := Open(t.Context(), "https://example.com/a.git", Options{})
	if err != nil || !server.Bare() {
		t.Errorf("one behind a server: %v", err)
	}
	if url, err := server.Config("remote.origin.url"); url != "" || err != nil {
		t.Errorf("origin %q, %v", url, err)
	}
}
