// Package identitytest is an issuer of identities on loopback, as a CI's server is one. Nothing but tests imports it.
package identitytest

import (
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// Issuer signs tokens and publishes its key.
type Issuer struct {
	t   testing.TB
	key *rsa.PrivateKey
	URL string
	// Claims are what a job may say of itself, when it asks for a token.
	Claims map[string]any
	// Wrap, where it is set, answers before the issuer does; true ends it.
	Wrap func(w http.ResponseWriter, r *http.Request) bool
}

// JobSecret is what a job asks for its token with.
const JobSecret = "job-secret-0123456789"

// New starts an issuer that ends with the test.
func New(t testing.TB) *Issuer {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	i := &Issuer{t: t, key: key}
	s := httptest.NewServer(i)
	t.Cleanup(s.Close)
	i.URL = s.URL
	return i
}

// ServeHTTP publishes the key as OpenID Connect Discovery has it, and gives tokens to jobs as GitHub Actions does.
func (i *Issuer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if i.Wrap != nil && i.Wrap(w, r) {
		return
	}
	var out any
	switch r.URL.Path {
	case "/.well-known/openid-configuration":
		out = map[string]any{"issuer": i.URL, "jwks_uri": i.URL + "/keys", "id_token_signing_alg_values_supported": []string{"RS256"}}
	case "/keys":
		out = jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: i.key.Public(), KeyID: "1", Algorithm: "RS256", Use: "sig"}}}
	case "/token":
		if r.Header.Get("Authorization") != "Bearer "+JobSecret {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		out = map[string]string{"value": i.Token(r.URL.Query().Get("audience"), time.Now(), i.Claims)}
	default:
		w.WriteHeader(http.StatusNotFound)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(out)
}

// Token signs a token of five minutes with more claims.
func (i *Issuer) Token(audience string, at time.Time, claims map[string]any) string {
	i.t.Helper()
	all := map[string]any{"iss": i.URL, "aud": audience, "sub": "job", "iat": at.Unix(), "nbf": at.Unix(), "exp": at.Add(5 * time.Minute).Unix()}
	for k, v := range claims {
		all[k] = v
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.RS256, Key: jose.JSONWebKey{Key: i.key, KeyID: "1"}}, nil)
	if err != nil {
		i.t.Fatal(err)
	}
	payload, err := json.Marshal(all)
	if err != nil {
		i.t.Fatal(err)
	}
	signed, err := signer.Sign(payload)
	if err != nil {
		i.t.Fatal(err)
	}
	token, err := signed.CompactSerialize()
	if err != nil {
		i.t.Fatal(err)
	}
	return token
}

// Job gives the environment of a job that may ask for tokens.
func (i *Issuer) Job(name string) string {
	return map[string]string{"ACTIONS_ID_TOKEN_REQUEST_URL": i.URL + "/token?api-version=2", "ACTIONS_ID_TOKEN_REQUEST_TOKEN": JobSecret}[name]
}
