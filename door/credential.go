package door

import (
	"context"
	"encoding/base64"
	"net/http"
)

// Credential says who one is to a server.
type Credential interface {
	// Authorize puts the credential into a request. It may ask another server for it, and keep the answer.
	Authorize(ctx context.Context, r *http.Request) error
	// Renew is called when the server refused the credential: true when there is a new one to try, once.
	Renew(ctx context.Context) (bool, error)
}

// Bearer gives a token as most servers of today want it.
func Bearer(t Token) Credential { return Header("Authorization", t.prefixed("Bearer ")) }

// Header gives a token in a header of its own.
func Header(name string, t Token) Credential { return fixed{name, t} }

// Fresh asks for the credential at every request, so that a secret that was replaced is used at once.
func Fresh(now func() Credential) Credential { return fresh(now) }

type fresh func() Credential

func (f fresh) Authorize(ctx context.Context, r *http.Request) error { return f().Authorize(ctx, r) }
func (f fresh) Renew(ctx context.Context) (bool, error)              { return f().Renew(ctx) }

// Basic gives a user and a password, or a token in its place.
func Basic(user string, password Token) Credential {
	pair := base64.StdEncoding.EncodeToString([]byte(user + ":" + password.Reveal()))
	remember(pair)
	return fixed{"Authorization", Token{"Basic " + pair}}
}

// fixed is a header that never changes.
type fixed struct {
	name  string
	value Token
}

func (f fixed) Authorize(_ context.Context, r *http.Request) error {
	if !f.value.IsZero() {
		r.Header.Set(f.name, f.value.Reveal())
	}
	return nil
}

func (fixed) Renew(context.Context) (bool, error) { return false, nil }
