// Package identity lets a CI say who wrote a release, so that nobody has to believe it: a token of OpenID Connect that the CI
// gives to a job, signed by the CI's server, with the repository, the ref and the commit that the job runs for.
//
//	Request   in the job that writes a release down: asks the CI for a token that is about just this release
//	Verify    where the release is handed over: asks the issuer for its keys, and reads what the token says
//
// The audience of a token is the digest of the releases that it came with. Whoever finds one can hand over nothing else with
// it, so it may lie in a log.
package identity

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"

	"github.com/ferry-cd/ferry/door"
)

// Claims are what a token says of the job that asked for it.
type Claims struct {
	Issuer     string
	Repository string // acme/shop
	Ref        string // refs/heads/main
	Commit     string
}

// Audience is that of a token about releases, by their digest.
func Audience(digest string) string { return "ferry:" + digest }

// Grace is how long after a token has ended its releases may still be handed over: queues of pipelines take time. That is
// safe, since the token is about nothing but them.
const Grace = 24 * time.Hour

const (
	maxBody = 1 << 20
	timeout = 30 * time.Second
)

// Verifier knows which issuers to believe.
type Verifier struct {
	Issuers  []string
	Now      func() time.Time
	CABundle []byte
}

// Verify reads a token that has to be about an audience. Nothing of it is believed before its signature is right.
func (v *Verifier) Verify(ctx context.Context, token, audience string) (Claims, error) {
	issuer, err := issuerOf(token)
	if err != nil {
		return Claims{}, err
	}
	if !slices.Contains(v.Issuers, issuer) {
		return Claims{}, &refusedError{fmt.Sprintf("the identity comes from %s, which trust.issuers in ferry.yaml does not name", door.Outside(issuer).Cut(200).Line())}
	}
	if err := checkIssuer(issuer); err != nil {
		return Claims{}, err
	}
	client := &http.Client{Transport: bounded{door.Network(v.CABundle)}, Timeout: timeout}
	ctx = oidc.ClientContext(ctx, client)
	provider, err := oidc.NewProvider(ctx, issuer)
	if err != nil {
		return Claims{}, fmt.Errorf("ask %s for its keys: %w", issuer, short(err))
	}
	checked, err := provider.VerifierContext(ctx, &oidc.Config{ClientID: audience, SkipExpiryCheck: true, Now: v.Now}).Verify(ctx, token)
	if err != nil {
		return Claims{}, &refusedError{"the identity is not right: " + short(err).Error()}
	}
	if now := v.Now(); now.After(checked.Expiry.Add(Grace)) || checked.IssuedAt.After(now.Add(time.Minute)) {
		return Claims{}, &refusedError{fmt.Sprintf("the identity is of %s, which is too far from now", checked.IssuedAt.UTC().Format(time.RFC3339))}
	}
	return claimsOf(checked)
}

// claimsOf reads the claims of GitHub and of GitLab, which name them differently.
func claimsOf(t *oidc.IDToken) (Claims, error) {
	var c struct {
		Repository  string `json:"repository"`
		Ref         string `json:"ref"`
		SHA         string `json:"sha"`
		ProjectPath string `json:"project_path"`
		RefPath     string `json:"ref_path"`
	}
	if err := t.Claims(&c); err != nil {
		return Claims{}, &refusedError{"the identity's claims cannot be read"}
	}
	out := Claims{Issuer: t.Issuer, Repository: c.Repository, Ref: c.Ref, Commit: c.SHA}
	if c.ProjectPath != "" {
		out.Repository, out.Ref = c.ProjectPath, c.RefPath
	}
	if out.Repository == "" || out.Commit == "" {
		return out, &refusedError{"the identity names no repository and commit: it is not one of GitHub Actions or GitLab CI"}
	}
	return out, nil
}

// issuerOf reads who says that a token is theirs.
func issuerOf(token string) (string, error) {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return "", &refusedError{"the identity is no token"}
	}
	data, err := rawURL(parts[1])
	var c struct {
		Issuer string `json:"iss"`
	}
	if err != nil || json.Unmarshal(data, &c) != nil || c.Issuer == "" {
		return "", &refusedError{"the identity is no token"}
	}
	return c.Issuer, nil
}

// checkIssuer wants TLS, but on this machine.
func checkIssuer(issuer string) error {
	u, err := url.Parse(issuer)
	if err != nil || u.Host == "" || u.Scheme != "https" && !(u.Scheme == "http" && slices.Contains([]string{"127.0.0.1", "localhost", "::1"}, u.Hostname())) {
		return &refusedError{"the issuer " + door.Outside(issuer).Cut(200).Line() + " is not an address that begins with https://"}
	}
	return nil
}

// Request asks the CI that runs us for a token. ErrNone where it gives none.
func Request(ctx context.Context, getenv func(string) string, audience string) (string, error) {
	at, bearer := getenv("ACTIONS_ID_TOKEN_REQUEST_URL"), door.NewToken(getenv("ACTIONS_ID_TOKEN_REQUEST_TOKEN"))
	if at == "" || bearer.IsZero() {
		return "", ErrNone
	}
	u, err := url.Parse(at)
	if err != nil {
		return "", errors.New("ACTIONS_ID_TOKEN_REQUEST_URL is no URL")
	}
	q := u.Query()
	q.Set("audience", audience)
	u.RawQuery = q.Encode()
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), http.NoBody)
	if err != nil {
		return "", err
	}
	req.Header.Set("Authorization", "Bearer "+bearer.Reveal())
	res, err := bounded{door.Network(nil)}.RoundTrip(req)
	if err != nil {
		return "", fmt.Errorf("ask the CI who we are: %w", short(err))
	}
	defer res.Body.Close()
	var out struct {
		Value string `json:"value"`
	}
	if res.StatusCode != http.StatusOK || json.NewDecoder(res.Body).Decode(&out) != nil || out.Value == "" {
		return "", fmt.Errorf("ask the CI who we are: the answer is %s", res.Status)
	}
	return out.Value, nil
}

// ErrNone says that there is no CI that tells who we are.
var ErrNone error = &noneError{}

type noneError struct{}

func (*noneError) Error() string { return "no CI here says who it is" }
func (*noneError) Hint() string {
	return "in GitHub Actions, give the job the permission id-token: write"
}
func (*noneError) ExitCode() int { return 2 }

// refusedError is an identity that is not believed.
type refusedError struct{ why string }

func (e *refusedError) Error() string { return e.why }
func (e *refusedError) Hint() string {
	return "write the release down with ferry release create --attest, in a job of the repository that ferry.yaml allows"
}
func (e *refusedError) ExitCode() int { return 3 }

// short is an error of a library or a server, in a line.
func short(err error) error {
	const most = 300
	return errors.New(door.Outside(door.Redact(err.Error())).Cut(most).Line())
}

// bounded reads only so much of an answer, and goes where it was sent.
type bounded struct{ under http.RoundTripper }

func (b bounded) RoundTrip(req *http.Request) (*http.Response, error) {
	res, err := b.under.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	if res.StatusCode >= 300 && res.StatusCode < 400 {
		res.Body.Close()
		return nil, errors.New("the server sends elsewhere")
	}
	res.Body = struct {
		io.Reader
		io.Closer
	}{io.LimitReader(res.Body, maxBody), res.Body}
	return res, nil
}

// rawURL decodes a part of a token.
func rawURL(s string) ([]byte, error) { return base64.RawURLEncoding.DecodeString(s) }
