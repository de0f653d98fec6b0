package charts

import (
	"strings"
	"testing"
)

func TestRepositories(t *testing.T) {
	r, err := ReadRepositories("x", []byte("repositories:\n- {name: acme, url: https://charts.example.com/, username: ada, password: very-secret}\n- {name: open, url: https://open.example.com}\n"))
	if err != nil {
		t.Fatal(err)
	}
	if user, password := r.Login("https://charts.example.com"); user != "ada" || password.Reveal() != "very-secret" {
		t.Errorf("login as %q", user)
	}
	for _, other := range []string{"https://open.example.com", "https://charts.example.com.evil.example", "https://charts.example.com/x"} {
		if user, _ := r.Login(other); user != "" {
			t.Errorf("%s is shown the credentials of another", other)
		}
	}
	if r.Address("open") != "https://open.example.com" || r.Address("none") != "" {
		t.Errorf("%q", r.Address("open"))
	}
	if _, err := ReadRepositories("x", []byte("repositories: very-secret")); err == nil || strings.Contains(err.Error(), "very-secret") {
		t.Errorf("%v", err)
	}
}
