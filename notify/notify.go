// Package notify passes messages on to chats, mail and webhooks, through shoutrrr. An address is a secret as a whole: it holds
// tokens, and nothing that is printed names a part of it.
package notify

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/nicholas-fedor/shoutrrr/pkg/router"
	"github.com/nicholas-fedor/shoutrrr/pkg/types"

	"github.com/ferry-cd/ferry/door"
	"github.com/ferry-cd/ferry/report"
)

// Timeout is how long one message may take.
const Timeout = 10 * time.Second

// Address says where messages go: slack://..., telegram://..., teams://..., matrix://..., smtp://..., generic+https://....
type Address struct {
	url  door.Token
	kind string
	mask *strings.Replacer // of every part of it
}

var scheme = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^([a-z]{2,20})(\+[a-z]+)?://`)
})

// Parse reads an address as shoutrrr writes it.
func Parse(s string) (Address, error) {
	s = strings.TrimSpace(s)
	m := scheme().FindStringSubmatch(s)
	if m == nil {
		return Address{}, errors.New("this is not an address as shoutrrr writes it: it begins with slack://, telegram:// or the like")
	}
	a := Address{url: door.NewToken(s), kind: m[1], mask: maskOf(s[len(m[0]):])}
	if _, err := a.service(); err != nil {
		return Address{}, fmt.Errorf("an address of %s: %s", a.kind, a.harmless(err))
	}
	return a, nil
}

// Kind is the service of an address: slack, telegram, generic.
func (a Address) Kind() string { return a.kind }

// maskOf hides every part of an address: the library puts them into other URLs, and those into its errors.
func maskOf(rest string) *strings.Replacer {
	const shortest = 4 // what is shorter is in every sentence
	var pairs []string
	for _, between := range []string{"/@?&=#", ":/@?&=#,-%"} {
		for part := range strings.FieldsFuncSeq(rest, func(r rune) bool { return strings.ContainsRune(between, r) }) {
			if len(part) >= shortest {
				pairs = append(pairs, part, "***")
			}
		}
	}
	return strings.NewReplacer(pairs...)
}

// service opens the library's part for an address.
func (a Address) service() (types.Service, error) {
	r, err := router.New(nothing{})
	if err != nil {
		return nil, err
	}
	return r.Locate(a.url.Reveal())
}

// Send hands a message over. It is tried once: a message that may have arrived is not sent again.
func Send(ctx context.Context, to Address, m report.Message) error {
	ctx, cancel := context.WithTimeout(ctx, Timeout)
	defer cancel()
	done := make(chan error, 1)
	go func() { done <- to.send(m) }()
	var err error
	select {
	case err = <-done:
	case <-ctx.Done():
		err = ctx.Err()
	}
	if err != nil {
		return fmt.Errorf("send to %s: %s", to.kind, to.harmless(err))
	}
	return nil
}

func (a Address) send(m report.Message) (err error) {
	defer func() { // what a server answers is anybody's, and the library reads it
		if recover() != nil {
			err = errors.New("the answer could not be read")
		}
	}()
	service, err := a.service()
	if err != nil {
		return err
	}
	params := types.Params{}
	if a.kind == "smtp" && m.Title != "" {
		params["subject"] = m.Title
	}
	// Not every service shows a title: it is the first line everywhere.
	return service.Send(strings.TrimPrefix(m.Title+"\n"+m.Text, "\n"), &params)
}

// harmless is an error of the library without a part of the address, in a line.
func (a Address) harmless(err error) string {
	const most = 200
	return door.Outside(a.mask.Replace(door.Redact(err.Error()))).Cut(most).Line()
}

// nothing is what the library logs to: its lines may hold parts of an address.
type nothing struct{}

// Print implements the library's logger.
func (nothing) Print(...any) {}

// Printf implements the library's logger.
func (nothing) Printf(string, ...any) {}

// Println implements the library's logger.
func (nothing) Println(...any) {}
