package azure

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/ferry-cd/ferry/door"
	"github.com/ferry-cd/ferry/scm"
)

// PAT is a personal access token: a password without a user.
func PAT(t door.Token) door.Credential { return door.Basic("", t) }

// Bearer is a job's own token (System.AccessToken) or one of Microsoft Entra.
func Bearer(t door.Token) door.Credential { return door.Bearer(t) }

// FromEnvironment finds a credential in the environment of a job, the most explicit first: FERRY_TOKEN or
// AZURE_DEVOPS_EXT_PAT (a personal access token), a federated identity as AKS and the Azure CLI describe it
// (AZURE_CLIENT_ID, AZURE_TENANT_ID, AZURE_FEDERATED_TOKEN_FILE), SYSTEM_ACCESSTOKEN of Azure Pipelines. nil where
// there is none.
func FromEnvironment(getenv func(string) string, w WorkloadIdentity) door.Credential {
	for _, name := range []string{"FERRY_TOKEN", "AZURE_DEVOPS_EXT_PAT"} {
		if secret := getenv(name); secret != "" {
			return PAT(door.NewToken(secret))
		}
	}
	w.Tenant, w.Client, w.AssertionFile = getenv("AZURE_TENANT_ID"), getenv("AZURE_CLIENT_ID"), getenv("AZURE_FEDERATED_TOKEN_FILE")
	if w.Tenant != "" && w.Client != "" && w.AssertionFile != "" {
		if host := getenv("AZURE_AUTHORITY_HOST"); host != "" {
			w.Authority = host
		}
		return w.Credential()
	}
	if secret := getenv("SYSTEM_ACCESSTOKEN"); secret != "" {
		return Bearer(door.NewToken(secret))
	}
	return nil
}

const (
	authority = "https://login.microsoftonline.com"
	// scope names Azure DevOps among the resources of Microsoft Entra, the same id in every tenant.
	scope = "499b84ac-1321-427f-aa17-267ca6975798/.default"
	// early is how long before its end a token is no longer used.
	early = 2 * time.Minute
	// maxAssertion bounds the file of an assertion; they have a few kilobytes.
	maxAssertion = 64 << 10
)

// WorkloadIdentity is an application of Microsoft Entra that another identity provider vouches for, without a secret:
// https://learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow#third-case-access-token-request-with-a-federated-credential
type WorkloadIdentity struct {
	Tenant, Client string
	// AssertionFile holds what vouches, a signed token that is replaced now and then; Assertion gives it where it is not in
	// a file.
	AssertionFile string
	Assertion     func(ctx context.Context) (door.Token, error)
	Authority     string // "" = https://login.microsoftonline.com

	CABundle []byte
	Now      func() time.Time
	Sleep    func(ctx context.Context, d time.Duration) error
	Log      func(line string)
	Under    http.RoundTripper
}

// Credential gives the credential. It asks for a token when one is needed, and for the next before that one ends.
func (w WorkloadIdentity) Credential() door.Credential {
	if w.Authority == "" {
		w.Authority = authority
	}
	w.Authority = strings.TrimSuffix(w.Authority, "/")
	if w.Now == nil {
		w.Now = time.Now
	}
	return &federated{w: w, transport: door.NewTransport(door.Options{Base: origin(w.Authority), CABundle: w.CABundle,
		Now: w.Now, Sleep: w.Sleep, Log: w.Log, Under: w.Under, Budget: time.Minute})}
}

type federated struct {
	w         WorkloadIdentity
	transport *door.Transport

	mu    sync.Mutex
	token door.Token
	until time.Time
}

// Authorize implements door.Credential.
func (f *federated) Authorize(ctx context.Context, r *http.Request) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.token.IsZero() || !f.w.Now().Before(f.until.Add(-early)) {
		if err := f.mint(ctx); err != nil {
			return fmt.Errorf("token of the workload identity %s: %w", f.w.Client, err)
		}
	}
	r.Header.Set("Authorization", "Bearer "+f.token.Reveal())
	return nil
}

// Renew implements door.Credential: what was refused is forgotten.
func (f *federated) Renew(context.Context) (bool, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.token = door.Token{}
	return true, nil
}

func (f *federated) mint(ctx context.Context) error {
	assertion, err := f.assertion(ctx)
	if err != nil {
		return err
	}
	form := url.Values{
		"grant_type": {"client_credentials"}, "client_id": {f.w.Client}, "scope": {scope},
		"client_assertion_type": {"urn:ietf:params:oauth:client-assertion-type:jwt-bearer"}, "client_assertion": {assertion.Reveal()},
	}
	at := f.w.Authority + "/" + url.PathEscape(f.w.Tenant) + "/oauth2/v2.0/token"
	// Asking twice makes two tokens and no harm.
	req, err := http.NewRequestWithContext(door.Repeatable(ctx), http.MethodPost, at, strings.NewReader(form.Encode()))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	res, err := f.transport.Client().Do(req)
	if err != nil {
		return err
	}
	return f.keep(res)
}

func (f *federated) keep(res *http.Response) error {
	defer res.Body.Close()
	data, err := io.ReadAll(res.Body)
	if err != nil {
		return err
	}
	var answer struct {
		Token   string `json:"access_token"`
		Seconds int64  `json:"expires_in"`
		Code    string `json:"error"`
		Text    string `json:"error_description"`
	}
	if err := json.Unmarshal(data, &answer); err != nil || answer.Token == "" {
		if answer.Code != "" {
			return fmt.Errorf("%w: %s", scm.ErrUnauthorized, door.Excerpt([]byte(answer.Code+": "+answer.Text)))
		}
		return errors.Join(fmt.Errorf("%w: status %d without a token", scm.ErrUnauthorized, res.StatusCode))
	}
	f.token, f.until = door.NewToken(answer.Token), f.w.Now().Add(time.Duration(answer.Seconds)*time.Second)
	return nil
}

func (f *federated) assertion(ctx context.Context) (door.Token, error) {
	if f.w.Assertion != nil {
		return f.w.Assertion(ctx)
	}
	file, err := os.Open(f.w.AssertionFile)
	if err != nil {
		return door.Token{}, err
	}
	defer file.Close()
	data, err := io.ReadAll(io.LimitReader(file, maxAssertion+1))
	text := strings.TrimSpace(string(data))
	if err == nil && (text == "" || len(data) > maxAssertion) {
		err = fmt.Errorf("%s holds no token", f.w.AssertionFile)
	}
	return door.NewToken(text), err
}
