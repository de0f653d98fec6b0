package registry_test

import (
	"context"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ferry-cd/ferry/source/registry"
	"github.com/ferry-cd/ferry/source/registry/registrytest"
)

// manifests makes a registry answer all questions for manifests in one way.
func manifests(f http.HandlerFunc) registrytest.Fault {
	return func(w http.ResponseWriter, r *http.Request) bool {
		if !strings.Contains(r.URL.Path, "/manifests/") {
			return false
		}
		f(w, r)
		return true
	}
}

// send answers with a manifest.
func send(kind, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", kind)
		_, _ = io.WriteString(w, body)
	}
}

const (
	anImage  = `{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":{},"layers":[]}`
	anIndex  = `{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[]}`
	someByte = "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
)

// What a registry may send in place of a manifest, and what is said of it.
func TestHostileManifests(t *testing.T) {
	for name, c := range map[string]struct {
		fault http.HandlerFunc
		want  string
	}{
		"a page of a login form":                  {send("text/html", "<html>log in"), "no JSON"},
		"another media type":                      {send("application/json", `{"schemaVersion":2}`), `"application/json" is not the media type`},
		"no media type":                           {send("", `{"schemaVersion":2}`), "is not the media type"},
		"two media types":                         {send(registrytest.IndexType, anImage), "calls itself"},
		"an image and an index":                   {send("", `{"schemaVersion":2,"mediaType":"`+registrytest.IndexType+`","manifests":[],"layers":[]}`), "an image and an index at once"},
		"the first form":                          {send("application/vnd.docker.distribution.manifest.v1+prettyjws", `{"schemaVersion":1}`), "first manifest format"},
		"a manifest with words where digests are": {send("", `{"schemaVersion":2,"mediaType":"`+registrytest.ManifestType+`","config":{"digest":"sha256:no"}}`), "not the manifest that it says to be"},
		"a wrong digest in the header": {func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Docker-Content-Digest", someByte)
			send(registrytest.ManifestType, anImage)(w, r)
		}, "says that its digest is"},
		"a media type with control characters": {send("", `{"schemaVersion":2,"mediaType":"a\u001b[31m"}`), `"a [31m"`},
		"an error with control characters": {func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusNotFound)
			fmt.Fprint(w, `{"errors":[{"code":"X\u001b]0;title\u0007","message":"\u202egone"}]}`)
		}, "does not exist: X ]0;title gone"},
		"nothing":               {send(registrytest.ManifestType, ""), "no JSON"},
		"a status of its own":   {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) }, "status 418"},
		"nothing, with success": {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) }, "status 204"},
	} {
		t.Run(name, func(t *testing.T) {
			s := serve(t)
			s.Misbehave(manifests(c.fault))
			m, err := client(t, registry.Options{}).Manifest(t.Context(), s.Host+"/acme/shop:1")
			if err == nil || m != nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "/acme/shop:1") || strings.ContainsAny(err.Error(), "\x1b\a\u202e") {
				t.Errorf("got %v, %q, want %q", m, err, c.want)
			}
		})
	}
}

func TestDigestMismatch(t *testing.T) {
	s := serve(t)
	s.Misbehave(manifests(send(registrytest.IndexType, anIndex)))
	c := client(t, registry.Options{})
	if m, err := c.Manifest(t.Context(), s.Host+"/acme/shop@"+someByte); m != nil || err == nil || !strings.Contains(err.Error(), "something else, with digest") {
		t.Errorf("a manifest: %v", err)
	}
	s.Misbehave(func(w http.ResponseWriter, r *http.Request) bool { fmt.Fprint(w, "other"); return true })
	if data, err := c.Blob(t.Context(), s.Host+"/acme/shop", someByte, 5, 100); data != nil || err == nil || !strings.Contains(err.Error(), "what came has the digest") {
		t.Errorf("a blob: %v", err)
	}
	for size, want := range map[int64]string{4: "said to have 4 bytes, and 5 came", 6: "said to have 6 bytes, and 5 came", 101: "and 100 are the most"} {
		if data, err := c.Blob(t.Context(), s.Host+"/acme/shop", someByte, size, 100); data != nil || err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("a blob of %d bytes: %v", size, err)
		}
	}
}

// Endless answers cost no more memory than the bound, of each kind of answer.
func TestEndless(t *testing.T) {
	s := serve(t)
	s.Misbehave(func(w http.ResponseWriter, r *http.Request) bool {
		if r.URL.Path == "/v2/" {
			return false
		}
		w.Header().Set("Content-Length", "2147483648")
		for chunk := []byte(strings.Repeat(" ", 1<<20)); ; {
			if _, err := w.Write(chunk); err != nil {
				return true
			}
		}
	})
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	c := client(t, registry.Options{})
	for what, f := range map[string]func() error{
		"index": func() error { _, err := c.Manifest(t.Context(), s.Host+"/acme/shop:1"); return err },
		"tags":  func() error { _, err := c.Tags(t.Context(), s.Host+"/acme/shop"); return err },
		"blob":  func() error { _, err := c.Blob(t.Context(), s.Host+"/acme/shop", someByte, -1, 1<<20); return err },
	} {
		if err := f(); err == nil || !strings.Contains(err.Error(), "the answer is larger than") {
			t.Errorf("%s: %v", what, err)
		}
	}
	runtime.ReadMemStats(&after)
	if used := (after.TotalAlloc - before.TotalAlloc) >> 20; used > 100 {
		t.Errorf("%d MiB for answers that were refused", used)
	}
}

// Bodies that end early or come drop by drop end as errors, within the time.
func TestSlowAndTruncated(t *testing.T) {
	s := serve(t)
	c := client(t, registry.Options{Limit: 300 * time.Millisecond})
	for name, fault := range map[string]http.HandlerFunc{
		"truncated": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "5000")
			_, _ = io.WriteString(w, anImage)
		},
		"drop by drop": func(w http.ResponseWriter, r *http.Request) {
			for r.Context().Err() == nil {
				_, _ = io.WriteString(w, " ")
				_ = http.NewResponseController(w).Flush()
				time.Sleep(10 * time.Millisecond)
			}
		},
		"silent": func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() },
	} {
		t.Run(name, func(t *testing.T) {
			s.Misbehave(manifests(fault))
			began := time.Now()
			m, err := c.Manifest(t.Context(), s.Host+"/acme/shop:1")
			if m != nil || err == nil || time.Since(began) > 20*time.Second {
				t.Errorf("after %s: %v", time.Since(began), err)
			}
		})
	}
}

// A server that fails for a moment is asked again.
func TestShortFailure(t *testing.T) {
	s := serve(t)
	want := s.Image("acme/shop", "1", "hello", nil)
	left := 3
	s.Misbehave(manifests(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) }))
	inner := manifests(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) })
	s.Misbehave(func(w http.ResponseWriter, r *http.Request) bool {
		left--
		return left > 0 && inner(w, r)
	})
	if got, err := client(t, registry.Options{}).Digest(t.Context(), s.Host+"/acme/shop:1"); err != nil || got != want {
		t.Errorf("got %q, %v", got, err)
	}
}

// eavesdropper is a server of somebody else that notes what it is told.
type eavesdropper struct {
	*httptest.Server
	mu    sync.Mutex
	heard []string
}

func eavesdrop(t *testing.T) *eavesdropper {
	t.Helper()
	e := &eavesdropper{}
	e.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(io.LimitReader(r.Body, 1<<16))
		e.mu.Lock()
		e.heard = append(e.heard, fmt.Sprint(r.URL, r.Header, string(body)))
		e.mu.Unlock()
		_, _ = io.WriteString(w, `{"token":"x"}`)
	}))
	t.Cleanup(e.Close)
	return e
}

// elsewhere is the same server under a name of another site.
func (e *eavesdropper) elsewhere() string { return strings.Replace(e.URL, "127.0.0.1", "localhost", 1) }

func (e *eavesdropper) leaked() bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	all := strings.Join(e.heard, "\n")
	return strings.Contains(all, "canary") || strings.Contains(all, "Y2FuYXJ5") || strings.Contains(all, "Authorization")
}

// Wherever a registry leads, the credentials stay with it.
func TestCredentialsStayHome(t *testing.T) {
	for name, c := range map[string]struct {
		porter registrytest.Porter
		fault  func(elsewhere string) registrytest.Fault
		config string
		want   string
	}{
		"a manifest elsewhere": {porter: registrytest.Porter{User: "canary", Password: "canary-secret", Basic: true}, fault: redirect("/manifests/"), want: "media type"},
		"a token in hand":      {porter: registrytest.Porter{User: "canary", Password: "canary-secret"}, fault: redirect("/manifests/"), want: "media type"},
		"the realm leads away": {porter: registrytest.Porter{User: "canary", Password: "canary-secret"}, fault: redirect("/token"), want: "answered with status 307"},
		"an identity token":    {porter: registrytest.Porter{Identity: "canary-identity"}, fault: redirect("/token"), config: `{"auths":{"%s":{"identitytoken":"canary-identity"}}}`, want: "answered with status 307"},
		"another site's realm": {porter: registrytest.Porter{User: "canary", Password: "canary-secret"}, fault: challenge(`Bearer realm="%s/token",service="x"`), want: "of another site"},
		"a realm with a name":  {porter: registrytest.Porter{User: "canary", Password: "canary-secret"}, fault: challenge(`Bearer realm="http://a:b@127.0.0.1/token"`), want: "names no address"},
		"a realm without TLS":  {porter: registrytest.Porter{User: "canary", Password: "canary-secret"}, fault: challenge(`Bearer realm="http://auth.example.com/token"`), want: "without encryption"},
		"a realm of files":     {porter: registrytest.Porter{User: "canary", Password: "canary-secret"}, fault: challenge(`Bearer realm="file:///etc/passwd"`), want: "names no address"},
		"no realm":             {porter: registrytest.Porter{User: "canary", Password: "canary-secret"}, fault: challenge(`Bearer service="x"`), want: "names no address"},
		"a way of its own":     {porter: registrytest.Porter{User: "canary", Password: "canary-secret"}, fault: challenge(`Negotiate abc`), want: "in a way that registries do not"},
		"tags elsewhere": {porter: registrytest.Porter{User: "canary", Password: "canary-secret", Basic: true}, fault: func(elsewhere string) registrytest.Fault {
			return func(w http.ResponseWriter, r *http.Request) bool {
				if !strings.HasSuffix(r.URL.Path, "/tags/list") || r.Header.Get("Authorization") == "" {
					return false
				}
				w.Header().Set("Link", "<"+elsewhere+`/v2/acme/shop/tags/list?n=2>; rel="next"`)
				fmt.Fprint(w, `{"tags":["1"]}`)
				return true
			}
		}, want: "another host"},
	} {
		t.Run(name, func(t *testing.T) {
			s, e := serve(t), eavesdrop(t)
			s.Image("acme/shop", "1", "hello", nil)
			s.Guard(c.porter)
			s.Misbehave(c.fault(e.elsewhere()))
			config := login(s.Host, "canary", "canary-secret")
			if c.config != "" {
				config = fmt.Sprintf(c.config, s.Host)
			}
			var said []string
			cl := client(t, registry.Options{Keys: keys(t, config, nil), Log: func(line string) { said = append(said, line) }})
			ask := func() error { _, err := cl.Manifest(t.Context(), s.Host+"/acme/shop:1"); return err }
			if strings.HasPrefix(name, "tags") {
				ask = func() error { _, err := cl.Tags(t.Context(), s.Host+"/acme/shop"); return err }
			}
			err := ask()
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
			if e.leaked() {
				t.Errorf("a credential went to another server: %v", e.heard)
			}
			if told := fmt.Sprint(err, hint(err), said); strings.Contains(told, "canary-") {
				t.Errorf("a secret was told: %s", told)
			}
		})
	}
}

// redirect leads those who have the pass, or ask for one, to another server.
func redirect(path string) func(string) registrytest.Fault {
	return func(elsewhere string) registrytest.Fault {
		return func(w http.ResponseWriter, r *http.Request) bool {
			if !strings.Contains(r.URL.Path, path) || path != "/token" && r.Header.Get("Authorization") == "" {
				return false
			}
			http.Redirect(w, r, elsewhere+r.URL.Path, http.StatusTemporaryRedirect)
			return true
		}
	}
}

func challenge(header string) func(string) registrytest.Fault {
	return func(elsewhere string) registrytest.Fault {
		return manifests(func(w http.ResponseWriter, _ *http.Request) {
			if strings.Contains(header, "%s") {
				header = fmt.Sprintf(header, elsewhere)
			}
			w.Header().Set("WWW-Authenticate", header)
			w.WriteHeader(http.StatusUnauthorized)
		})
	}
}

// A realm of another site is good when it was named, and content may lie elsewhere: it has a digest.
func TestElsewhereOnPurpose(t *testing.T) {
	s := serve(t)
	want := s.Image("acme/shop", "1", "hello", nil)
	realm := s.Realm()
	t.Cleanup(realm.Close)
	named := strings.Replace(realm.URL, "127.0.0.1", "localhost", 1)
	s.Guard(registrytest.Porter{User: "ada", Password: "canary-secret", Realm: named + "/token"})
	o := registry.Options{Keys: keys(t, login(s.Host, "ada", "canary-secret"), nil)}
	if _, err := client(t, o).Digest(t.Context(), s.Host+"/acme/shop:1"); err == nil || !strings.Contains(hint(err), "--registry-realm localhost:") {
		t.Errorf("not named: %v, hint %q", err, hint(err))
	}
	o.Realms = []string{strings.TrimPrefix(named, "http://")}
	c := client(t, o)
	if got, err := c.Digest(t.Context(), s.Host+"/acme/shop:1"); err != nil || got != want {
		t.Errorf("named: %q, %v", got, err)
	}
	store := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, "hello") }))
	t.Cleanup(store.Close)
	s.Misbehave(func(w http.ResponseWriter, r *http.Request) bool {
		if strings.Contains(r.URL.Path, "/blobs/") {
			http.Redirect(w, r, store.URL, http.StatusTemporaryRedirect)
		}
		return strings.Contains(r.URL.Path, "/blobs/")
	})
	if data, err := c.Blob(t.Context(), s.Host+"/acme/shop", registrytest.Digest([]byte("hello")), 5, 100); err != nil || string(data) != "hello" {
		t.Errorf("content elsewhere: %q, %v", data, err)
	}
}

// Lists of tags that do not end, and names that cannot be tags.
func TestHostileTags(t *testing.T) {
	page := 0
	for name, c := range map[string]struct {
		fault func(w http.ResponseWriter)
		want  string
	}{
		"a page that leads to itself": {func(w http.ResponseWriter) {
			w.Header().Set("Link", `</v2/acme/shop/tags/list?n=1000>; rel="next"`)
			fmt.Fprint(w, `{"tags":["1"]}`)
		}, "does not end"},
		"empty pages": {func(w http.ResponseWriter) {
			page++
			w.Header().Set("Link", fmt.Sprintf(`</v2/acme/shop/tags/list?last=%d>; rel="next"`, page))
			fmt.Fprint(w, `{"tags":[]}`)
		}, "does not end"},
		"small pages for ever": {func(w http.ResponseWriter) {
			page++
			w.Header().Set("Link", fmt.Sprintf(`</v2/acme/shop/tags/list?last=%d>; rel="next"`, page))
			fmt.Fprint(w, `{"tags":["1"]}`)
		}, "more than 2000 pages"},
		"too many": {func(w http.ResponseWriter) {
			page++
			w.Header().Set("Link", fmt.Sprintf(`</v2/acme/shop/tags/list?last=%d>; rel="next"`, page))
			fmt.Fprint(w, `{"tags":["1"`+strings.Repeat(`,"1"`, 50_000)+`]}`)
		}, "more than 200000"},
		"control characters": {func(w http.ResponseWriter) { fmt.Fprint(w, `{"tags":["1\u001b[31m"]}`) }, "cannot be a tag"},
		"a path":             {func(w http.ResponseWriter) { fmt.Fprint(w, `{"tags":["../../x"]}`) }, "cannot be a tag"},
		"no list":            {func(w http.ResponseWriter) { fmt.Fprint(w, `[]`) }, "no list of tags"},
		"no address": {func(w http.ResponseWriter) {
			w.Header().Set("Link", `<:%zz>; rel="next"`)
			fmt.Fprint(w, `{"tags":["1"]}`)
		}, "no address"},
	} {
		t.Run(name, func(t *testing.T) {
			s := serve(t)
			s.Misbehave(func(w http.ResponseWriter, r *http.Request) bool {
				if !strings.HasSuffix(r.URL.Path, "/tags/list") {
					return false
				}
				c.fault(w)
				return true
			})
			tags, err := client(t, registry.Options{}).Tags(t.Context(), s.Host+"/acme/shop")
			if err == nil || tags != nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\x1b") {
				t.Errorf("got %d tags, %v, want %q", len(tags), err, c.want)
			}
		})
	}
}

// Pages are put together.
func TestPages(t *testing.T) {
	s := serve(t)
	s.Misbehave(func(w http.ResponseWriter, r *http.Request) bool {
		switch {
		case !strings.HasSuffix(r.URL.Path, "/tags/list"):
			return false
		case r.URL.Query().Get("last") == "":
			w.Header().Set("Link", `</v2/acme/shop/tags/list?last=2&n=2>; rel="next"`)
			fmt.Fprint(w, `{"tags":["2","1"]}`)
		default:
			fmt.Fprint(w, `{"tags":["3"]}`)
		}
		return true
	})
	got, err := client(t, registry.Options{}).Tags(t.Context(), s.Host+"/acme/shop")
	if err != nil || strings.Join(got, " ") != "1 2 3" {
		t.Errorf("got %v, %v", got, err)
	}
}

// Encrypted, with a certificate that was named; plain only on this machine or where that was said.
func TestEncryption(t *testing.T) {
	s := registrytest.NewTLS()
	t.Cleanup(s.Close)
	want := s.Image("acme/shop", "1", "hello", nil)
	if _, err := client(t, registry.Options{}).Digest(t.Context(), s.Host+"/acme/shop:1"); err == nil || !strings.Contains(err.Error(), "certificate") {
		t.Errorf("an unknown certificate: %v", err)
	}
	bundle := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw})
	if got, err := client(t, registry.Options{CABundle: bundle}).Digest(t.Context(), s.Host+"/acme/shop:1"); err != nil || got != want {
		t.Errorf("a named certificate: %q, %v", got, err)
	}
	plain := serve(t)
	want = plain.Image("acme/shop", "1", "hello", nil)
	to := dialer{plain.Host}
	if _, err := client(t, registry.Options{Under: to.transport()}).Digest(t.Context(), "registry.example.com/acme/shop:1"); err == nil || !strings.Contains(err.Error(), "speaks plain HTTP") || !strings.Contains(hint(err), "--registry-http registry.example.com") {
		t.Errorf("plain HTTP: %v", err)
	}
	if got, err := client(t, registry.Options{Under: to.transport(), PlainHTTP: []string{"registry.example.com"}}).Digest(t.Context(), "registry.example.com/acme/shop:1"); err != nil || got != want {
		t.Errorf("plain HTTP that was allowed: %q, %v", got, err)
	}
}

func TestMirrors(t *testing.T) {
	s := serve(t)
	want := s.Image("hub/library/nginx", "1", "hello", nil)
	mirrors, err := registry.ParseMirrors([]string{"docker.io=" + s.Host + "/hub"})
	if err != nil {
		t.Fatal(err)
	}
	if m, err := client(t, registry.Options{Mirrors: mirrors}).Manifest(t.Context(), "nginx:1"); err != nil || m.Digest != want || m.Repository != "nginx" {
		t.Errorf("got %+v, %v", m, err)
	}
	for _, wrong := range []string{"docker.io", "=x", "docker.io=", "docker.io=https://x", "a/b=c", "docker.io=x/../y", "docker.io=u:p@x"} {
		if _, err := registry.ParseMirrors([]string{wrong}); err == nil || exitCode(err) != 2 {
			t.Errorf("mirror %q: %v", wrong, err)
		}
	}
}

// A redirect into the machine's own surroundings is not followed.
func TestInwardRedirects(t *testing.T) {
	s := serve(t)
	to := dialer{s.Host}
	for _, where := range []string{"http://169.254.169.254/latest", "http://127.0.0.1:1/", "http://[::1]/", "http://localhost/", "http://[fd00:ec2::254]/", "http://0.0.0.0/", "http://a:b@example.com/"} {
		s.Misbehave(manifests(func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, where, http.StatusTemporaryRedirect) }))
		_, err := client(t, registry.Options{Under: to.transport(), PlainHTTP: []string{"registry.example.com"}}).Digest(t.Context(), "registry.example.com/acme/shop:1")
		if err == nil || !strings.Contains(err.Error(), "redirected to") {
			t.Errorf("%s: %v", where, err)
		}
	}
}

// dialer reaches one server, whatever the name.
type dialer struct{ host string }

func (d dialer) transport() http.RoundTripper { return rename(d) }

// rename sends every request to one server; one that wants TLS finds none.
type rename struct{ host string }

// RoundTrip implements http.RoundTripper.
func (r rename) RoundTrip(req *http.Request) (*http.Response, error) {
	out := req.Clone(req.Context())
	out.URL.Host = r.host
	return http.DefaultTransport.RoundTrip(out)
}

func TestCancelled(t *testing.T) {
	s := serve(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := client(t, registry.Options{}).Digest(ctx, s.Host+"/acme/shop:1"); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}
