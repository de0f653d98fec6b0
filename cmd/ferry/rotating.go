package main

import (
	"strings"
	"sync"

	"github.com/ferry-cd/ferry/connector/config"
	"github.com/ferry-cd/ferry/door"
)

// known are the variables that credentials of a configuration do not replace.
var known = []string{"FERRY_CA_BUNDLE", "FERRY_KNOWN_HOSTS", "HOME", "SSH_AUTH_SOCK"}

// as gives the program as it is with these credentials in place of those of the environment. Where a configuration names
// none, the environment's are used, as by every other command.
func (a *app) as(who config.Credentials, secrets *config.Keeper) *app {
	if who == (config.Credentials{}) {
		return a
	}
	values := map[string]func() string{
		"FERRY_TOKEN":           func() string { return secrets.Last(who.Token).Reveal() },
		"FERRY_APP_PRIVATE_KEY": func() string { return secrets.Last(who.AppKey).Reveal() },
		"FERRY_SSH_KEY":         func() string { return secrets.Last(who.SSHKey).Reveal() },
		"FERRY_USERNAME":        func() string { return who.Username },
		"FERRY_APP_ID":          func() string { return who.AppID },
	}
	out := *a
	out.Getenv = func(name string) string {
		if value, ok := values[name]; ok {
			return value()
		}
		if strings.HasPrefix(name, "AZURE_") { // a workload identity of Azure
			return a.Getenv(name)
		}
		for _, k := range known {
			if name == k {
				return a.Getenv(name)
			}
		}
		return ""
	}
	out.rotates = true
	return &out
}

// rotating are credentials that are made anew when the secrets behind them change.
type rotating struct {
	make   func() (credentials, error)
	getenv func(string) string

	mu   sync.Mutex
	from string
	who  credentials
}

// rotate gives credentials that follow their secrets; those that are nobody stay nobody.
func (a *app) rotate(make func() (credentials, error)) (credentials, error) {
	r := &rotating{make: make, getenv: a.Getenv}
	first, err := r.now()
	if err != nil || first.api == nil {
		return first, err
	}
	fresh := func(pick func(credentials) door.Credential) door.Credential {
		return door.Fresh(func() door.Credential {
			who, _ := r.now() // what cannot be made of a new secret leaves the one before
			return pick(who)
		})
	}
	return credentials{api: fresh(func(c credentials) door.Credential { return c.api }), git: fresh(func(c credentials) door.Credential { return c.git }), vouched: first.vouched}, nil
}

func (r *rotating) now() (credentials, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	from := r.getenv("FERRY_TOKEN") + "\x00" + r.getenv("FERRY_APP_PRIVATE_KEY")
	if from == r.from && r.who.api != nil {
		return r.who, nil
	}
	who, err := r.make()
	if err != nil || who.api == nil {
		return r.who, err
	}
	r.from, r.who = from, who
	return who, nil
}
