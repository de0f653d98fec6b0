package helper_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ferry-cd/ferry/source/helper"
)

// program puts a helper into the search path.
func program(t *testing.T, script string) {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "docker-credential-vault"), []byte("#!/bin/sh\n"+script), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir+":"+os.Getenv("PATH"))
}

func TestAsk(t *testing.T) {
	program(t, `[ "$1" = get ] || exit 9
read -r server
case $server in
r.example.com) echo '{"ServerURL":"r.example.com","Username":"ada","Secret":"canary-secret"}' ;;
token.example.com) echo '{"Username":"<token>","Secret":"canary-identity"}' ;;
none.example.com) echo 'credentials not found in native keychain'; exit 1 ;;
broken.example.com) echo 'canary' ;;
endless.example.com) yes ;;
*) echo "the vault is $(printf '\033')[31mclosed"; exit 1 ;;
esac
`)
	if l, err := helper.Ask(t.Context(), "vault", "r.example.com"); err != nil || l.Username != "ada" || l.Password.Reveal() != "canary-secret" {
		t.Errorf("a password: %+v, %v", l, err)
	}
	if l, err := helper.Ask(t.Context(), "vault", "token.example.com"); err != nil || l.Username != "" || l.Identity.Reveal() != "canary-identity" {
		t.Errorf("a token: %+v, %v", l, err)
	}
	if l, err := helper.Ask(t.Context(), "vault", "none.example.com"); err != nil || l.Username != "" {
		t.Errorf("nothing known: %+v, %v", l, err)
	}
	for server, want := range map[string]string{"broken.example.com": "not the JSON", "x": "the vault is [31mclosed: exit status 1", "endless.example.com": "too long"} {
		if _, err := helper.Ask(t.Context(), "vault", server); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "canary") {
			t.Errorf("%s: %v, want %q", server, err, want)
		}
	}
	if _, err := helper.Ask(t.Context(), "absent", "x"); err == nil || !strings.Contains(err.Error(), "docker-credential-absent") {
		t.Errorf("no such program: %v", err)
	}
}
