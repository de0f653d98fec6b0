package fake

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/ferry-cd/ferry/scm/scmtest/hosttest"
)

// The App of a fake.
const (
	AppID    = "Iv23liFerry"
	AppLogin = "ferry[bot]"
	install  = 4711
)

type app struct {
	key         *rsa.PrivateKey
	permissions object

	mu     sync.Mutex
	tokens map[string]time.Time // until when each is good
	minted int
	now    func() time.Time
}

// Install makes the GitHub App AppID and installs it; now is its clock. It gives the App's private key.
func (f *Fake) Install(now func() time.Time) (key string, err error) {
	made, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return "", err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.app = &app{key: made, tokens: map[string]time.Time{}, now: now,
		permissions: object{"contents": "write", "pull_requests": "write", "statuses": "write", "metadata": "read"}}
	return string(pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(made)})), nil
}

// Minted counts the installation's tokens.
func (f *Fake) Minted() int {
	f.app.mu.Lock()
	defer f.app.mu.Unlock()
	return f.app.minted
}

// Withdraw makes all of the installation's tokens worthless.
func (f *Fake) Withdraw() {
	f.app.mu.Lock()
	defer f.app.mu.Unlock()
	clear(f.app.tokens)
}

// installation tells whether a token is one of the installation's that is still good.
func (f *Fake) installation(token string) (who string, role hosttest.Role, ok bool) {
	if f.app == nil {
		return "", hosttest.None, false
	}
	f.app.mu.Lock()
	defer f.app.mu.Unlock()
	until, ok := f.app.tokens[token]
	return AppLogin, hosttest.Write, ok && f.app.now().Before(until)
}

// isApp checks a JWT: its signature, its issuer and its ten minutes.
func (f *Fake) isApp(token string) bool {
	parts := strings.Split(token, ".")
	if f.app == nil || len(parts) != 3 {
		return false
	}
	signature, err := base64.RawURLEncoding.DecodeString(parts[2])
	sum := sha256.Sum256([]byte(parts[0] + "." + parts[1]))
	if err != nil || rsa.VerifyPKCS1v15(&f.app.key.PublicKey, crypto.SHA256, sum[:], signature) != nil {
		return false
	}
	data, _ := base64.RawURLEncoding.DecodeString(parts[1])
	var claims struct {
		Iat, Exp int64
		Iss      string
	}
	now := f.app.now().Unix()
	return json.Unmarshal(data, &claims) == nil && claims.Iss == AppID && claims.Iat <= now && claims.Exp > now && claims.Exp <= now+600
}

func (f *Fake) getInstallation(c *call) (reply, error) {
	if !c.jwt {
		return reply{}, &refused{code: 401, message: "A JSON web token could not be decoded"}
	}
	base := f.URL() + "/app/installations"
	return reply{200, with(object{"id": install, "app_id": 7, "app_slug": "ferry", "target_id": 1, "target_type": "Organization", "single_file_name": nil, "repository_selection": "selected",
		"events": []any{}, "account": f.user("acme"), "permissions": f.app.permissions, "created_at": "2026-05-04T10:00:00Z", "updated_at": "2026-05-04T10:00:00Z",
		"suspended_by": nil, "suspended_at": nil}, base, "access_tokens_url html_url repositories_url")}, nil
}

func (f *Fake) createToken(c *call) (reply, error) {
	if !c.jwt {
		return reply{}, &refused{code: 401, message: "A JSON web token could not be decoded"}
	}
	if c.PathValue("id") != fmt.Sprint(install) {
		return reply{}, notFound()
	}
	for _, name := range c.list("repositories") {
		if "acme/"+name != Path {
			return reply{}, &refused{code: 422, message: "There is at least one repository that does not exist or is not accessible to the parent installation."}
		}
	}
	f.app.mu.Lock()
	defer f.app.mu.Unlock()
	f.app.minted++
	token := fmt.Sprintf("ghs_installation%020d", f.app.minted)
	until := f.app.now().Add(time.Hour)
	f.app.tokens[token] = until
	return reply{201, object{"token": token, "expires_at": stamp(until), "permissions": f.app.permissions, "repository_selection": "selected"}}, nil
}

// gitByInstallation lets the installation's tokens into the repositories: the host knows people's tokens only.
func (f *Fake) gitByInstallation(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if user, password, ok := r.BasicAuth(); ok {
			if who, role, ok := f.installation(password); ok {
				r.SetBasicAuth(user, f.Host.Person(who, role))
			}
		}
		next.ServeHTTP(w, r)
	})
}
