package config

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"

	"github.com/ferry-cd/ferry/door"
)

// Secret is where a secret is kept; the zero value is none.
type Secret struct{ File, Env string }

// IsZero tells whether there is none.
func (s Secret) IsZero() bool { return s == Secret{} }

// String names the place, never the secret.
func (s Secret) String() string {
	if s.Env != "" {
		return "environment variable " + s.Env
	}
	return s.File
}

// Keeper reads secrets, each time anew: what was put in another's place is good at once, and nothing has to be restarted.
type Keeper struct {
	getenv func(string) string

	mu   sync.Mutex
	last map[Secret]kept
}

type kept struct {
	text  string
	token door.Token
}

// NewKeeper makes a keeper over an environment.
func NewKeeper(getenv func(string) string) *Keeper {
	return &Keeper{getenv: getenv, last: map[Secret]kept{}}
}

// maxSecret bounds what is read for one: a private key of RSA has 3 KiB.
const maxSecret = 64 << 10

// Read gives a secret. White space around it does not belong to it.
func (k *Keeper) Read(s Secret) (door.Token, error) {
	text, err := k.text(s)
	if err != nil {
		return door.Token{}, &noSecretError{s, err}
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if last, ok := k.last[s]; ok && last.text == text {
		return last.token, nil
	}
	k.last[s] = kept{text, door.NewToken(text)}
	return k.last[s].token, nil
}

// Last gives a secret as it is, or as it was while it cannot be read: between two files there may be none for a moment.
func (k *Keeper) Last(s Secret) door.Token {
	if t, err := k.Read(s); err == nil {
		return t
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.last[s].token
}

// All gives a function that reads several, as who asks again and again wants it.
func (k *Keeper) All(list []Secret) func() []door.Token {
	return func() []door.Token {
		var out []door.Token
		for _, s := range list {
			out = append(out, k.Last(s))
		}
		return out
	}
}

func (k *Keeper) text(s Secret) (string, error) {
	text := ""
	if s.Env != "" {
		text = k.getenv(s.Env)
	} else {
		data, err := readFile(s.File)
		if err != nil {
			return "", err
		}
		text = string(data)
	}
	if text = strings.TrimSpace(text); text == "" {
		return "", errors.New("it is empty")
	}
	return text, nil
}

func readFile(name string) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, errors.Unwrap(err) // the name is said by noSecretError
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxSecret+1))
	if err == nil && len(data) > maxSecret {
		err = fmt.Errorf("it has more than %d KiB", maxSecret>>10)
	}
	return data, err
}

// noSecretError says that a secret is not where it should be.
type noSecretError struct {
	secret Secret
	err    error
}

func (e *noSecretError) Error() string {
	return "read the secret in " + e.secret.String() + ": " + e.err.Error()
}
func (e *noSecretError) Unwrap() error { return e.err }
func (e *noSecretError) ExitCode() int { return 2 }
func (e *noSecretError) Hint() string {
	if e.secret.File == "" {
		return "set the variable where the connector runs, or say in connector.yaml where the secret is"
	}
	return "mount the Secret there, or say in connector.yaml where it is"
}

// Secrets lists every place of a secret in the configuration with its key, for those who check them all.
func (c *Config) Secrets() map[string]Secret {
	out := map[string]Secret{}
	put := func(s Secret, format string, args ...any) {
		if !s.IsZero() {
			out[fmt.Sprintf(format, args...)] = s
		}
	}
	who := func(of Credentials, at string) {
		put(of.Token, "%s.token", at)
		put(of.AppKey, "%s.app.key", at)
		put(of.SSHKey, "%s.sshKey", at)
	}
	for i, r := range c.Repositories {
		who(r.Credentials, fmt.Sprintf("repositories[%d].credentials", i))
	}
	for i, s := range c.Sources {
		who(s.Credentials, fmt.Sprintf("sources[%d].credentials", i))
	}
	for i, p := range c.Pipelines {
		put(p.Token, "pipelines[%d].token", i)
		if p.GitLab != nil {
			put(p.GitLab.Trigger, "pipelines[%d].gitlab.trigger", i)
		}
		if p.Webhook != nil {
			for j, s := range p.Webhook.Signing {
				put(s, "pipelines[%d].webhook.signing[%d]", i, j)
			}
		}
	}
	if c.Webhooks != nil {
		for i, s := range c.Webhooks.Signing {
			put(s, "webhooks.signing[%d]", i)
		}
		for i, s := range c.Webhooks.Tokens {
			put(s, "webhooks.tokens[%d]", i)
		}
	}
	for i, s := range c.Page {
		put(s, "page.tokens[%d]", i)
	}
	return out
}
