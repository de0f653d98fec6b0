package registry

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/ferry-cd/ferry/door"
)

// Login is who one is at a registry. The zero value is nobody.
type Login struct {
	Username string
	Password door.Token
	Identity door.Token // for which a realm gives tokens: what docker calls an identity token
	Token    door.Token // for the registry itself

	helper string // a program that may know more, and was not asked
}

func (l Login) anonymous() bool {
	return l.Username == "" && l.Password.IsZero() && l.Identity.IsZero() && l.Token.IsZero()
}

// who names a login for people.
func (l Login) who() string {
	switch {
	case l.anonymous():
		return ""
	case !l.Identity.IsZero():
		return "the owner of an identity token"
	case !l.Token.IsZero():
		return "the owner of a registry token"
	}
	return door.Excerpt([]byte(l.Username))
}

// Helper asks the program docker-credential-<name> for the credentials of a server.
type Helper func(ctx context.Context, name, server string) (Login, error)

// Keys are the credentials that docker, podman and a CI keep for registries. The zero value holds none.
type Keys struct {
	logins  map[string]Login  // by host, or host and the beginning of a repository's name
	helpers map[string]string // by host
	store   string            // the helper for every other host
	helper  Helper            // nil = none may be started
	now     func() time.Time

	mu    sync.Mutex
	asked map[string]told
}

// told is what a helper said, and when.
type told struct {
	login Login
	at    time.Time
}

// login gives what is known without starting a program. The longest name wins, as podman has it: a login may be for some
// repositories of a host only.
func (k *Keys) login(host, repository string) Login {
	host = canonical(host)
	k.mu.Lock()
	known, ok := k.asked[host]
	k.mu.Unlock()
	if ok && !known.login.anonymous() {
		return known.login
	}
	for at := host + "/" + repository; ; {
		if l, ok := k.logins[at]; ok {
			return l
		}
		i := strings.LastIndexByte(at, '/')
		if i < 0 {
			break
		}
		at = at[:i]
	}
	if name := k.helperOf(host); name != "" && k.helper == nil {
		return Login{helper: name}
	}
	return Login{}
}

func (k *Keys) helperOf(host string) string {
	if name, ok := k.helpers[host]; ok {
		return name
	}
	return k.store
}

// ask is login, and asks the helper that keeps the host's credentials where that is allowed.
func (k *Keys) ask(ctx context.Context, host, repository string) (Login, error) {
	host = canonical(host)
	name := k.helperOf(host)
	if name == "" || k.helper == nil {
		return k.login(host, repository), nil
	}
	if l := k.login(host, repository); !l.anonymous() && k.helpers[host] == "" {
		return l, nil
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if known, ok := k.asked[host]; ok && k.now().Sub(known.at) < expired {
		return known.login, nil
	}
	server := host
	if host == hub {
		server = "https://" + hub + "/v1/"
	}
	l, err := k.helper(ctx, name, server)
	if err != nil {
		return Login{}, fmt.Errorf("ask docker-credential-%s for the credentials of %s: %w", name, host, err)
	}
	k.asked[host] = told{l, k.now()}
	return l, nil
}
