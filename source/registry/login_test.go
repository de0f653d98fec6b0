package registry_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"testing"
	"time"

	"github.com/ferry-cd/ferry/door"
	"github.com/ferry-cd/ferry/source/registry"
	"github.com/ferry-cd/ferry/source/registry/registrytest"
)

func exitCode(err error) int {
	var coded interface{ ExitCode() int }
	if errors.As(err, &coded) {
		return coded.ExitCode()
	}
	return 1
}

func hint(err error) string {
	var h interface{ Hint() string }
	if errors.As(err, &h) {
		return h.Hint()
	}
	return ""
}

// Each way in which registries ask who one is, and what clients keep for it.
func TestWaysIn(t *testing.T) {
	for _, c := range []struct {
		name   string
		porter registrytest.Porter
		config string // HOST is the registry
	}{
		{"nobody, by a token", registrytest.Porter{Public: true}, `{}`},
		{"a password, by a token", registrytest.Porter{User: "ada", Password: "canary-secret"}, ""},
		{"a password with each request", registrytest.Porter{User: "ada", Password: "canary-secret", Basic: true}, ""},
		{"an identity token", registrytest.Porter{User: "ada", Password: "other", Identity: "canary-identity"}, `{"auths":{"HOST":{"identitytoken":"canary-identity"}}}`},
		{"user and password apart", registrytest.Porter{User: "ada", Password: "canary-secret"}, `{"auths":{"https://HOST/v2/":{"username":"ada","password":"canary-secret"}}}`},
		{"a login for some repositories", registrytest.Porter{User: "ada", Password: "canary-secret"},
			`{"auths":{"HOST":{"username":"eve","password":"wrong-secret"},"HOST/acme":{"username":"ada","password":"canary-secret"}}}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := serve(t)
			want := s.Image("acme/shop", "1", "hello", nil)
			s.Guard(c.porter)
			config := login(s.Host, "ada", "canary-secret")
			if c.config != "" {
				config = strings.ReplaceAll(c.config, "HOST", s.Host)
			}
			cl := client(t, registry.Options{Keys: keys(t, config, nil)})
			for range 2 {
				if got, err := cl.Digest(t.Context(), s.Host+"/acme/shop:1"); err != nil || got != want {
					t.Fatalf("got %q, %v", got, err)
				}
			}
		})
	}
}

// A pass that is no longer good is renewed, once.
func TestExpiredPass(t *testing.T) {
	s := serve(t)
	want := s.Image("acme/shop", "1", "hello", nil)
	s.Guard(registrytest.Porter{Public: true})
	c := client(t, registry.Options{})
	for range 3 {
		if got, err := c.Digest(t.Context(), s.Host+"/acme/shop:1"); err != nil || got != want {
			t.Fatalf("got %q, %v", got, err)
		}
		s.Revoke()
	}
}

func TestRefused(t *testing.T) {
	s := serve(t)
	s.Image("acme/shop", "1", "hello", nil)
	s.Guard(registrytest.Porter{User: "ada", Password: "right-secret"})
	for config, want := range map[string]string{
		`{}`:                                 "without credentials",
		login(s.Host, "ada", "canary-wrong"): "as ada",
		`{"credsStore":"desktop"}`:           "docker-credential-desktop, which ferry did not start",
		`{"credHelpers":{"` + s.Host + `":"ecr-login"}}`: "docker-credential-ecr-login",
	} {
		_, err := client(t, registry.Options{Keys: keys(t, config, nil)}).Digest(t.Context(), s.Host+"/acme/shop:1")
		if err == nil || exitCode(err) != 4 || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "/acme/shop") || hint(err) == "" {
			t.Errorf("%s: %v (exit %d, hint %q)", config, err, exitCode(err), hint(err))
		}
		if err != nil && strings.Contains(err.Error()+hint(err), "canary") {
			t.Errorf("a secret in %v", err)
		}
	}
}

// A helper is started only by those who may, once for all questions, and what it says is used.
func TestHelper(t *testing.T) {
	s := serve(t)
	want := s.Image("acme/shop", "1", "hello", nil)
	s.Guard(registrytest.Porter{User: "ada", Password: "canary-secret"})
	asked := 0
	helper := func(_ context.Context, name, server string) (registry.Login, error) {
		if asked++; name != "vault" || server != s.Host {
			return registry.Login{}, fmt.Errorf("asked %s for %s", name, server)
		}
		return registry.Login{Username: "ada", Password: door.NewToken("canary-secret")}, nil
	}
	c := client(t, registry.Options{Keys: keys(t, `{"credsStore":"vault"}`, helper)})
	for range 2 {
		if got, err := c.Digest(t.Context(), s.Host+"/acme/shop:1"); err != nil || got != want {
			t.Fatalf("got %q, %v", got, err)
		}
		s.Revoke()
	}
	if asked != 1 {
		t.Errorf("the helper was asked %d times", asked)
	}
}

// Where credentials are found, and that a broken file is an error which shows nothing of it.
func TestLoadKeys(t *testing.T) {
	s := serve(t)
	want := s.Image("acme/shop", "1", "hello", nil)
	s.Guard(registrytest.Porter{User: "ada", Password: "canary-secret"})
	good := login(s.Host, "ada", "canary-secret")
	for _, c := range []struct {
		name  string
		env   map[string]string
		files map[string]string
		err   string
	}{
		{name: "DOCKER_CONFIG", env: map[string]string{"DOCKER_CONFIG": "/d", "HOME": "/h"}, files: map[string]string{"/d/config.json": good, "/h/.docker/config.json": "broken"}},
		{name: "home", env: map[string]string{"HOME": "/h"}, files: map[string]string{"/h/.docker/config.json": good}},
		{name: "podman", env: map[string]string{"HOME": "/h", "XDG_RUNTIME_DIR": "/run/user/1"}, files: map[string]string{"/run/user/1/containers/auth.json": good}},
		{name: "podman at home", env: map[string]string{"HOME": "/h"}, files: map[string]string{"/h/.config/containers/auth.json": good}},
		{name: "REGISTRY_AUTH_FILE", env: map[string]string{"HOME": "/h", "REGISTRY_AUTH_FILE": "/a.json"}, files: map[string]string{"/a.json": good, "/h/.docker/config.json": "broken"}},
		{name: "GitLab's variable", env: map[string]string{"HOME": "/h", "DOCKER_AUTH_CONFIG": good}},
		{name: "a job of GitLab", env: map[string]string{"GITLAB_CI": "true", "CI_REGISTRY": s.Host, "CI_REGISTRY_USER": "ada", "CI_REGISTRY_PASSWORD": "canary-secret"}},
		{name: "a named file that is not there", env: map[string]string{"REGISTRY_AUTH_FILE": "/none"}, err: "read the credentials for registries"},
		{name: "no JSON", env: map[string]string{"DOCKER_AUTH_CONFIG": "canary-secret"}, err: "DOCKER_AUTH_CONFIG is not the JSON"},
		{name: "no pair", env: map[string]string{"DOCKER_AUTH_CONFIG": `{"auths":{"r.example.com":{"auth":"Y2FuYXJ5"}}}`}, err: "r.example.com are not base64"},
		{name: "a helper somewhere else", env: map[string]string{"DOCKER_AUTH_CONFIG": `{"credHelpers":{"r.example.com":"../../bin/sh"}}`}, err: "not the end of a program's name"},
		{name: "a store somewhere else", env: map[string]string{"DOCKER_AUTH_CONFIG": `{"credsStore":"x/../../sh"}`}, err: "not the end of a program's name"},
	} {
		t.Run(c.name, func(t *testing.T) {
			k, err := registry.LoadKeys(registry.KeyOptions{Now: time.Now, Getenv: func(name string) string { return c.env[name] },
				ReadFile: func(path string) ([]byte, error) {
					if text, ok := c.files[path]; ok {
						return []byte(text), nil
					}
					return nil, fs.ErrNotExist
				}})
			if c.err != "" {
				if err == nil || !strings.Contains(err.Error(), c.err) || strings.Contains(err.Error(), "canary") {
					t.Fatalf("got %v, want %q", err, c.err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if got, err := client(t, registry.Options{Keys: k}).Digest(t.Context(), s.Host+"/acme/shop:1"); err != nil || got != want {
				t.Errorf("got %q, %v", got, err)
			}
		})
	}
}

// A pass is only ever for reading one repository, whatever the registry asks for.
func TestPassesOnlyRead(t *testing.T) {
	s := serve(t)
	s.Image("acme/shop", "1", "hello", nil)
	s.Guard(registrytest.Porter{Public: true})
	if _, err := client(t, registry.Options{}).Digest(t.Context(), s.Host+"/acme/shop:1"); err != nil {
		t.Fatal(err)
	}
	for _, r := range s.Seen() {
		if strings.Contains(r.Query, "push") {
			t.Errorf("a pass for %s", r.Query)
		}
	}
}
