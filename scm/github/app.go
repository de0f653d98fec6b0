package github

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/google/go-github/v60/github"

	"github.com/ferry-cd/ferry/door"
)

// AppOptions say which GitHub App, and for which repository.
type AppOptions struct {
	Options           // Credential is not used
	ID         string // the client id, or the older app id
	Key        door.Token
	Installing int64 // the installation's id; 0 asks for the repository's
}

// App is the installation of a GitHub App as a credential, for the API and for Git: its tokens live an hour, are made as
// narrow as one repository, and are renewed before they end. It may be used by several goroutines.
type App struct {
	o   AppOptions
	key *rsa.PrivateKey
	gh  *github.Client
	c   *Client

	mu          sync.Mutex
	token       door.Token
	expires     time.Time
	permissions map[string]string
}

var _ door.Credential = (*App)(nil)

// early is how long before its end a token is renewed: what it was given to may still be on the way.
const early = 5 * time.Minute

// NewApp makes the credential; it asks for a token when one is needed.
func NewApp(ctx context.Context, o AppOptions) (*App, error) {
	key, err := privateKey([]byte(o.Key.Reveal()))
	if err != nil {
		return nil, &addressError{"the key of GitHub App " + o.ID + ": " + err.Error(), "give the private key as GitHub made it: a PEM file"}
	}
	if o.ID == "" {
		return nil, &addressError{"a GitHub App has a client id", "it stands on the App's settings page"}
	}
	a := &App{o: o, key: key}
	o.Credential = asApp{a}
	if a.c, err = Open(ctx, o.Options); err != nil {
		return nil, err
	}
	a.o.Options, a.gh = a.c.o, a.c.gh
	return a, nil
}

// privateKey reads PKCS #1, as GitHub gives it, and PKCS #8.
func privateKey(data []byte) (*rsa.PrivateKey, error) {
	block, _ := pem.Decode(data)
	if block == nil {
		return nil, errors.New("there is no PEM block in it")
	}
	if key, err := x509.ParsePKCS1PrivateKey(block.Bytes); err == nil {
		return key, nil
	}
	any, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, errors.New("it is no private key")
	}
	key, ok := any.(*rsa.PrivateKey)
	if !ok {
		return nil, errors.New("it is no RSA key")
	}
	return key, nil
}

// asApp is the App itself, which may do nothing but ask for tokens.
type asApp struct{ a *App }

func (s asApp) Authorize(_ context.Context, r *http.Request) error {
	jwt, err := s.a.jwt()
	if err == nil {
		r.Header.Set("Authorization", "Bearer "+jwt.Reveal())
	}
	return err
}

func (asApp) Renew(context.Context) (bool, error) { return false, nil }

// jwt is what proves to be the App for some minutes (RFC 7519, RS256). It begins in the past, for clocks that are late:
// https://docs.github.com/en/apps/creating-github-apps/authenticating-with-a-github-app/generating-a-json-web-token-jwt-for-a-github-app.
func (a *App) jwt() (door.Token, error) {
	now := a.o.Now()
	claims, err := json.Marshal(map[string]any{"iat": now.Add(-time.Minute).Unix(), "exp": now.Add(8 * time.Minute).Unix(), "iss": a.o.ID})
	if err != nil {
		return door.Token{}, err
	}
	enc := base64.RawURLEncoding
	text := enc.EncodeToString([]byte(`{"alg":"RS256","typ":"JWT"}`)) + "." + enc.EncodeToString(claims)
	sum := sha256.Sum256([]byte(text))
	signature, err := rsa.SignPKCS1v15(rand.Reader, a.key, crypto.SHA256, sum[:])
	if err != nil {
		return door.Token{}, fmt.Errorf("sign as GitHub App %s: %w", a.o.ID, err)
	}
	return door.NewToken(text + "." + enc.EncodeToString(signature)), nil
}

// Authorize implements door.Credential.
func (a *App) Authorize(ctx context.Context, r *http.Request) error {
	token, err := a.Token(ctx)
	if err != nil {
		return err
	}
	return door.Bearer(token).Authorize(ctx, r)
}

// Renew implements door.Credential: a token may be withdrawn before its end.
func (a *App) Renew(ctx context.Context) (bool, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	err := a.mint(ctx)
	return err == nil, err
}

// Token gives a token that is good for some minutes more. Git over HTTPS takes it as the password of Username.
func (a *App) Token(ctx context.Context) (door.Token, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.token.IsZero() || !a.o.Now().Before(a.expires.Add(-early)) {
		if err := a.mint(ctx); err != nil {
			return door.Token{}, err
		}
	}
	return a.token, nil
}

// Granted tells what the installation may do, in GitHub's words, and until when its token lives.
func (a *App) Granted(ctx context.Context) (map[string]string, time.Time, error) {
	if _, err := a.Token(ctx); err != nil {
		return nil, time.Time{}, err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.permissions, a.expires, nil
}

// mint asks for a new token. The locks are the caller's.
func (a *App) mint(ctx context.Context) error {
	err := a.ask(ctx)
	if err != nil {
		return fmt.Errorf("ask for a token of GitHub App %s for %s: %w", a.o.ID, a.c.name(), a.c.said(err))
	}
	return nil
}

func (a *App) ask(ctx context.Context) error {
	if a.o.Installing == 0 {
		installation, _, err := a.gh.Apps.FindRepositoryInstallation(ctx, a.c.owner, a.c.repo)
		if err != nil {
			return err
		}
		a.o.Installing = installation.GetID()
	}
	var reply struct {
		Token       string            `json:"token"`
		Expires     time.Time         `json:"expires_at"`
		Permissions map[string]string `json:"permissions"`
	}
	// A token that was made and lost harms nobody: it ends in an hour.
	err := again(ctx, func(ctx context.Context) error {
		path := fmt.Sprintf("app/installations/%d/access_tokens", a.o.Installing)
		req, err := a.gh.NewRequest(http.MethodPost, path, map[string]any{"repositories": []string{a.c.repo}})
		if err == nil {
			_, err = a.gh.Do(ctx, req, &reply)
		}
		return err
	})
	if err != nil {
		return err
	}
	a.token, a.expires, a.permissions = door.NewToken(reply.Token), reply.Expires, reply.Permissions
	return nil
}
