package registry

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"golang.org/x/net/publicsuffix"

	"github.com/ferry-cd/ferry/door"
)

// pass is what a host wants to see in a request. Passes are for one repository and reading alone, whatever the host asks
// for: a token that could push is not made.
type pass struct{ header door.Token }

func (h *host) pass(repository string) pass {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.passes[repository]
}

// passFor gets a pass after a refusal, unless somebody else has got one meanwhile.
func (c *Client) passFor(ctx context.Context, p place, refused pass, header http.Header) (pass, error) {
	h := p.host
	if now := h.pass(p.repository); now != refused {
		return now, nil
	}
	login, err := c.o.Keys.ask(ctx, h.name, p.repository)
	if err != nil {
		return pass{}, err
	}
	fresh, err := c.answerTo(ctx, p, readChallenge(header), login)
	if err != nil {
		return pass{}, err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.passes[p.repository] = fresh
	return fresh, nil
}

func (c *Client) answerTo(ctx context.Context, p place, wants challenge, login Login) (pass, error) {
	switch wants.scheme {
	case "basic":
		if login.Username == "" {
			return pass{}, nil // the refusal stands
		}
		return basicPass(ctx, login)
	case "bearer":
		if !login.Token.IsZero() {
			return pass{door.NewToken("Bearer " + login.Token.Reveal())}, nil
		}
		t, err := c.exchange(ctx, p, wants, login)
		return pass{t}, err
	}
	return pass{}, fmt.Errorf("%s asks for credentials in a way that registries do not", p.host.name)
}

func basicPass(ctx context.Context, login Login) (pass, error) {
	req := &http.Request{Header: http.Header{}}
	err := door.Basic(login.Username, login.Password).Authorize(ctx, req)
	return pass{door.NewToken(req.Header.Get("Authorization"))}, err
}

// exchange gets a token from the realm that a registry names.
func (c *Client) exchange(ctx context.Context, p place, wants challenge, login Login) (door.Token, error) {
	realm, err := c.realm(p.host, wants.realm, login)
	if err != nil {
		return door.Token{}, err
	}
	form := url.Values{"scope": {scope(p.repository, wants.scope)}}
	if wants.service != "" {
		form.Set("service", wants.service)
	}
	var who door.Credential
	if login.Identity.IsZero() && login.Username != "" {
		who = door.Basic(login.Username, login.Password)
	}
	t := c.transport(realm.Scheme+"://"+realm.Host, who, realm.Scheme == "http", maxToken, attempt)
	var req *http.Request
	if login.Identity.IsZero() {
		req, err = tokenRequest(ctx, realm, form)
	} else {
		req, err = refreshRequest(ctx, realm, form, login.Identity)
	}
	if err != nil {
		return door.Token{}, err
	}
	return c.takeToken(p, login, t, req)
}

const maxToken = 1 << 20 // bytes of an answer with a token

// tokenRequest asks as the token specification of the distribution project says.
func tokenRequest(ctx context.Context, realm *url.URL, form url.Values) (*http.Request, error) {
	u := *realm
	query := u.Query()
	for name, values := range form {
		query[name] = values
	}
	u.RawQuery = query.Encode()
	return http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
}

// refreshRequest asks with an identity token, as its OAuth2 part says. It changes nothing, so it may be sent again.
func refreshRequest(ctx context.Context, realm *url.URL, form url.Values, identity door.Token) (*http.Request, error) {
	form.Set("grant_type", "refresh_token")
	form.Set("client_id", "ferry")
	form.Set("refresh_token", identity.Reveal())
	req, err := http.NewRequestWithContext(door.Repeatable(ctx), http.MethodPost, realm.String(), strings.NewReader(form.Encode()))
	if err == nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	return req, err
}

func (c *Client) takeToken(p place, login Login, t *door.Transport, req *http.Request) (door.Token, error) {
	req.Header.Set("Accept", "application/json")
	req.Header.Set("User-Agent", "ferry")
	client := t.Client()
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse } // a body may hold the secret
	res, err := client.Do(req)
	if err != nil {
		return door.Token{}, fmt.Errorf("get a token for %s from %s: %w", p.named, req.URL.Host, plainly(err, p.host))
	}
	body, err := io.ReadAll(res.Body)
	if err != nil {
		return door.Token{}, err
	}
	switch {
	case res.StatusCode == http.StatusUnauthorized, res.StatusCode == http.StatusForbidden:
		return door.Token{}, &RefusedError{What: p.named, Host: req.URL.Host, As: login.who(), Said: said(body), Helper: login.helper}
	case res.StatusCode >= 400:
		return door.Token{}, fmt.Errorf("get a token for %s: %w", p.named, t.Failure(res))
	case res.StatusCode != http.StatusOK:
		return door.Token{}, fmt.Errorf("get a token for %s: %s answered with status %d", p.named, req.URL.Host, res.StatusCode)
	}
	var words struct {
		Token       string `json:"token"`
		AccessToken string `json:"access_token"`
	}
	if err := json.Unmarshal(body, &words); err != nil {
		return door.Token{}, fmt.Errorf("get a token for %s: %s answered with something that is no JSON", p.named, req.URL.Host)
	}
	for _, secret := range []string{words.Token, words.AccessToken} {
		if secret != "" && !strings.ContainsFunc(secret, func(r rune) bool { return r <= ' ' || r >= 0x7f }) {
			door.NewToken(secret) // masked without its word, too
			return door.NewToken("Bearer " + secret), nil
		}
	}
	return door.Token{}, fmt.Errorf("get a token for %s: %s answered without one", p.named, req.URL.Host)
}

// scope asks to read one repository. What the registry wants beyond that is granted where it only reads, too: Azure's
// registries want metadata_read for lists of tags.
func scope(repository, wanted string) string {
	actions := []string{"pull"}
	for one := range strings.FieldsSeq(wanted) {
		asked, ok := strings.CutPrefix(one, "repository:"+repository+":")
		if ok && slices.Contains(strings.Split(asked, ","), "metadata_read") {
			actions = append(actions, "metadata_read")
			break
		}
	}
	return "repository:" + repository + ":" + strings.Join(actions, ",")
}

// realm checks where a registry sends us for a token. Without credentials it may be any encrypted server that is not
// inside; with credentials it must belong to the registry's own site, or be one that was named.
func (c *Client) realm(h *host, text string, login Login) (*url.URL, error) {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.User != nil || u.Fragment != "" {
		return nil, &realmError{host: h.name, why: "names no address from which tokens could come"}
	}
	switch {
	case u.Scheme != "https" && (u.Scheme != "http" || !h.plain || bareHost(u.Host) != bareHost(h.name) && !loopback(u.Host)):
		return nil, &realmError{h.name, u.Host, "wants tokens to be fetched without encryption from " + door.Excerpt([]byte(u.Scheme+"://"+u.Host))}
	case inward(u.Hostname()) && bareHost(u.Host) != bareHost(h.name) && !loopback(h.name):
		return nil, &realmError{h.name, u.Host, "wants tokens to be fetched from " + u.Host + ", an address of this machine or its surroundings"}
	case login.anonymous() || sameSite(u.Host, h.name) || slices.Contains(c.o.Realms, u.Host):
		return u, nil
	}
	return nil, &realmError{h.name, u.Host, "wants its credentials to be shown to " + u.Host + ", which is of another site"}
}

// sameSite tells whether two hosts have one owner: the same host, or names below one registered domain.
func sameSite(a, b string) bool {
	a, b = strings.ToLower(bareHost(a)), strings.ToLower(bareHost(b))
	if a == b {
		return true
	}
	one, err := publicsuffix.EffectiveTLDPlusOne(a)
	other, err2 := publicsuffix.EffectiveTLDPlusOne(b)
	return errors.Join(err, err2) == nil && one == other
}

type realmError struct{ host, realm, why string }

func (e *realmError) Error() string { return "registry " + e.host + " " + e.why }
func (e *realmError) Hint() string {
	if e.realm == "" {
		return ""
	}
	return "--registry-realm " + e.realm + " allows it, where that server is known to belong to the registry"
}
func (e *realmError) ExitCode() int { return 4 }

// expired is how long credentials of a helper are used; some of them live for minutes.
const expired = 5 * time.Minute
