package charts

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp"
	"github.com/ProtonMail/go-crypto/openpgp/clearsign"

	"github.com/ferry-cd/ferry/charts/chartstest"
	"github.com/ferry-cd/ferry/door"
)

// quick is a client that waits for nothing.
func quick() Options {
	return Options{Timeout: 5 * time.Second, Sleep: func(context.Context, time.Duration) error { return nil }}
}

func fetch(c *Client, repository, name, wanted, digest string) (Chart, error) {
	v, err := c.Find(context.Background(), repository, name, wanted)
	if err != nil {
		return Chart{}, err
	}
	return c.Fetch(context.Background(), repository, name, v, digest)
}

func TestFetch(t *testing.T) {
	repo := chartstest.New(t)
	for _, v := range []string{"1.2.3", "1.3.0", "2.0.0-rc.1", "1.10.0"} {
		repo.Publish("shop", v, chartstest.Chart("shop", v, "hello"))
	}
	for wanted, want := range map[string]string{"": "1.10.0", "^1.2": "1.10.0", "~1.2": "1.2.3", "1.3.0": "1.3.0", ">=1.0.0-0": "2.0.0-rc.1", "2.x-0": "2.0.0-rc.1", "1.3": "1.3.0"} {
		got, err := fetch(New(quick()), repo.URL, "shop", wanted, "")
		if err != nil || got.Version != want || string(got.Files["values.yaml"]) != "text: hello\n" || got.Digest != Digest(got.Archive) {
			t.Errorf("%q: got %s, %v", wanted, got.Version, err)
		}
	}
}

func TestPickSaysWhatThereIs(t *testing.T) {
	for wanted, want := range map[string]string{"^2": `no version fits "^2"; there are 1.0.0, 1.1.0`, "latest": "neither a version nor a range"} {
		if _, err := Pick([]string{"1.0.0", "1.1.0"}, wanted); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", wanted, err)
		}
	}
	if i, err := Pick([]string{"1.0.0+a", "1.0.0+b", "nonsense"}, "1.x"); i != 1 || err != nil {
		t.Errorf("builds: %d, %v", i, err)
	}
}

// TestFetchOnce: however many want a chart, its archive and its index travel once.
func TestFetchOnce(t *testing.T) {
	repo := chartstest.New(t)
	repo.Publish("shop", "1.0.0", chartstest.Chart("shop", "1.0.0", "x"))
	c := New(quick())
	var all sync.WaitGroup
	for range 50 {
		all.Go(func() {
			if _, err := fetch(c, repo.URL, "shop", "1.x", ""); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if i, a := repo.Hits("/index.yaml"), repo.Hits("/charts/shop-1.0.0.tgz"); i != 1 || a != 1 {
		t.Errorf("asked for the index %d times and for the chart %d times", i, a)
	}
}

func TestLogin(t *testing.T) {
	repo := chartstest.New(t)
	repo.User, repo.Password = "ada", "very-secret-canary"
	repo.Publish("shop", "1.0.0", chartstest.Chart("shop", "1.0.0", "x"))
	_, err := fetch(New(quick()), repo.URL, "shop", "", "")
	if err == nil || !strings.Contains(err.Error(), "answers 401") || hintOf(err) == "" {
		t.Errorf("without a password: %v, hint %q", err, hintOf(err))
	}
	o := quick()
	o.Login = func(string) (string, door.Token) { return "ada", door.NewToken("very-secret-canary") }
	if _, err := fetch(New(o), repo.URL, "shop", "", ""); err != nil {
		t.Error(err)
	}
}

func hintOf(err error) string {
	var h interface{ Hint() string }
	if errors.As(err, &h) {
		return h.Hint()
	}
	return ""
}

// TestCredentialsStayAtHome: neither a redirect nor an address in the index takes credentials to another host.
func TestCredentialsStayAtHome(t *testing.T) {
	other := chartstest.New(t)
	data := chartstest.Pack("shop", chartstest.Chart("shop", "1.0.0", "x"))
	other.Put("/shop.tgz", data)
	for name, place := range map[string]func(*chartstest.Server){
		"index":    func(s *chartstest.Server) { s.List("shop", "1.0.0", "", other.URL+"/shop.tgz") },
		"redirect": func(s *chartstest.Server) { s.List("shop", "1.0.0", "", "away.tgz") },
	} {
		repo := chartstest.New(t)
		repo.User, repo.Password = "ada", "very-secret-canary"
		place(repo)
		repo.Handle("/away.tgz", func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, other.URL+"/shop.tgz", http.StatusFound)
		})
		o := quick()
		o.Login = func(string) (string, door.Token) { return "ada", door.NewToken("very-secret-canary") }
		if _, err := fetch(New(o), repo.URL, "shop", "", ""); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if sent := slices.Compact(slices.Sorted(slices.Values(other.Credentials()))); len(sent) != 1 || sent[0] != "" {
		t.Errorf("the other host saw %q", sent)
	}
}

// TestHostileRepositories: each is refused with a word about why.
func TestHostileRepositories(t *testing.T) {
	good := chartstest.Pack("shop", chartstest.Chart("shop", "1.0.0", "x"))
	for name, c := range map[string]struct {
		prepare func(s *chartstest.Server)
		digest  string
		want    string
	}{
		"another name": {func(s *chartstest.Server) {
			s.PublishArchive("shop", "1.0.0", chartstest.Pack("shop", chartstest.Chart("evil", "1.0.0", "x")))
		}, "", `names it "evil", not "shop"`},
		"another version": {func(s *chartstest.Server) {
			s.PublishArchive("shop", "1.0.0", chartstest.Pack("shop", chartstest.Chart("shop", "0.9.0", "x")))
		}, "", `says version "0.9.0", not "1.0.0"`},
		"replaced archive": {func(s *chartstest.Server) {
			s.Publish("shop", "1.0.0", chartstest.Chart("shop", "1.0.0", "x"))
			s.Put("/charts/shop-1.0.0.tgz", chartstest.Pack("shop", chartstest.Chart("shop", "1.0.0", "evil")))
		}, "", "the archive has the digest"},
		"other than the lock": {func(s *chartstest.Server) { s.PublishArchive("shop", "1.0.0", good) }, "sha256:" + strings.Repeat("0", 64), "the archive has the digest"},
		"two folders": {func(s *chartstest.Server) {
			s.PublishArchive("shop", "1.0.0", chartstest.Pack(".", chartstest.Chart("shop", "1.0.0", "x")))
		}, "", "one folder"},
		"no chart":      {func(s *chartstest.Server) { s.PublishArchive("shop", "1.0.0", []byte(strings.Repeat("<html>", 200))) }, "", "is no tar"},
		"no Chart.yaml": {func(s *chartstest.Server) { s.Publish("shop", "1.0.0", map[string][]byte{"a": nil}) }, "", "there is no Chart.yaml"},
		"name of a path": {func(s *chartstest.Server) {
			s.PublishArchive("shop", "1.0.0", chartstest.Pack("shop", chartstest.Chart("..", "1.0.0", "x")))
		}, "", `the name "..", which is none`},
		"version of a path": {func(s *chartstest.Server) {
			s.PublishArchive("shop", "1.0.0", chartstest.Pack("shop", chartstest.Chart("shop", "../1.0.0", "x")))
		}, "", `the version "../1.0.0", which is none`},
		"not there":    {func(s *chartstest.Server) { s.List("shop", "1.0.0", "", "gone.tgz") }, "", "the server answers 404"},
		"no place":     {func(s *chartstest.Server) { s.List("shop", "1.0.0", "") }, "", "names no place"},
		"file":         {func(s *chartstest.Server) { s.List("shop", "1.0.0", "", "file:///etc/passwd") }, "", "no place on the web"},
		"unencrypted":  {func(s *chartstest.Server) { s.List("shop", "1.0.0", "", "http://charts.example.com/x.tgz") }, "", "not encrypted"},
		"no index":     {func(s *chartstest.Server) { s.Put("/index.yaml", nil); s.Handle("/index.yaml", http.NotFound) }, "", "the server answers 404"},
		"unknown":      {func(*chartstest.Server) {}, "", "the index has no such chart"},
		"page":         {func(s *chartstest.Server) { s.Handle("/index.yaml", write("<html>sign in</html>")) }, "", "no index of charts"},
		"flow":         {func(s *chartstest.Server) { s.Handle("/index.yaml", write("entries:\n  shop: [{version: 1.0.0}]\n")) }, "", "names no place"},
		"aliases":      {func(s *chartstest.Server) { s.Handle("/index.yaml", write("entries:\n  shop:\n  - *x\n")) }, "", "unknown anchor"},
		"large answer": {func(s *chartstest.Server) { s.List("shop", "1.0.0", "", "big.tgz"); s.Handle("/big.tgz", endless) }, "", "the answer is larger than 32 MiB"},
		"circle": {func(s *chartstest.Server) {
			s.List("shop", "1.0.0", "", "round.tgz")
			s.Handle("/round.tgz", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/round.tgz", http.StatusFound) })
		}, "", "redirected too often"},
		"truncated": {func(s *chartstest.Server) {
			s.List("shop", "1.0.0", "", "cut.tgz")
			s.Handle("/cut.tgz", func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Length", fmt.Sprint(len(good)))
				_, _ = w.Write(good[:len(good)/2])
			})
		}, "", "unexpected EOF"},
	} {
		repo := chartstest.New(t)
		c.prepare(repo)
		got, err := fetch(New(quick()), repo.URL, "shop", "", c.digest)
		if err == nil || !strings.Contains(err.Error(), c.want) || got.Files != nil {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func write(text string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(text)) }
}

func endless(w http.ResponseWriter, r *http.Request) {
	part := []byte(strings.Repeat("entries: and so on\n", 1000))
	for range 2 << 30 / len(part) { // 2 GB
		if _, err := w.Write(part); err != nil || r.Context().Err() != nil {
			return
		}
	}
}

// TestIndexOfTwoGigabytes ends early, and in bounded memory.
func TestIndexOfTwoGigabytes(t *testing.T) {
	repo := chartstest.New(t)
	repo.Handle("/index.yaml", endless)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	_, err := New(quick()).Find(context.Background(), repo.URL, "shop", "")
	runtime.ReadMemStats(&after)
	if err == nil || !strings.Contains(err.Error(), "larger than 64 MiB") {
		t.Error(err)
	}
	if grown := int64(after.HeapSys) - int64(before.HeapSys); grown > 512<<20 {
		t.Errorf("took %d MB", grown>>20)
	}
}

// TestSlowBody: a server that never ends its answer does not hold a run for ever.
func TestSlowBody(t *testing.T) {
	repo := chartstest.New(t)
	repo.Handle("/index.yaml", func(w http.ResponseWriter, r *http.Request) {
		_, _ = w.Write([]byte("entries:\n"))
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
	})
	o := quick()
	o.Timeout = 50 * time.Millisecond
	if _, err := New(o).Find(context.Background(), repo.URL, "shop", ""); err == nil || !strings.Contains(err.Error(), "deadline") {
		t.Error(err)
	}
}

// TestWayToThisMachine: a repository out there cannot make ferry ask what only this machine can reach.
func TestWayToThisMachine(t *testing.T) {
	secret := httptest.NewServer(write("metadata"))
	defer secret.Close()
	index := "entries:\n  shop:\n  - version: 1.0.0\n    urls: [" + secret.URL + "/latest]\n"
	o := quick()
	o.PlainHTTP = []string{"charts.example.com"}
	o.Under = carrier(func(r *http.Request) (*http.Response, error) {
		if r.URL.Host != "charts.example.com" {
			t.Errorf("asked %s", r.URL)
		}
		w := httptest.NewRecorder()
		_, _ = w.WriteString(index)
		return w.Result(), nil
	})
	if _, err := fetch(New(o), "http://charts.example.com", "shop", "", ""); err == nil || !strings.Contains(err.Error(), "which is this machine") {
		t.Error(err)
	}
	index = "entries:\n  shop:\n  - version: 1.0.0\n    urls: [http://other.example.com/shop.tgz]\n"
	if _, err := fetch(New(o), "http://charts.example.com", "shop", "", ""); err == nil || !strings.Contains(err.Error(), "http://other.example.com is not encrypted") {
		t.Errorf("plain HTTP to a host that nobody named: %v", err)
	}
	if _, err := New(Options{}).Find(context.Background(), "http://charts.example.com", "shop", ""); err == nil || !strings.Contains(err.Error(), "not encrypted") {
		t.Errorf("plain HTTP: %v", err)
	}
	if _, err := New(Options{}).Find(context.Background(), "https://a:b@charts.example.com", "shop", ""); err == nil || strings.Contains(err.Error(), "a:b") {
		t.Errorf("credentials in the address: %v", err)
	}
}

type carrier func(*http.Request) (*http.Response, error)

func (c carrier) RoundTrip(r *http.Request) (*http.Response, error) { return c(r) }

// TestProvenance checks signatures as helm package --sign makes them.
func TestProvenance(t *testing.T) {
	ada, eve := entity(t, "Ada"), entity(t, "Eve")
	data := chartstest.Pack("shop", chartstest.Chart("shop", "1.0.0", "x"))
	sums := func(digest string) string {
		return "name: shop\nversion: 1.0.0\n\n...\nfiles:\n  shop-1.0.0.tgz: " + digest + "\n"
	}
	for name, c := range map[string]struct {
		prov    []byte
		keyring *openpgp.Entity
		want    string // of the provenance, or of the error
		bad     bool
	}{
		"none":          {nil, ada, "", false},
		"page":          {[]byte("<html>"), ada, "", false},
		"good":          {signed(t, ada, sums(Digest(data))), ada, "signed by Ada", false},
		"no keyring":    {signed(t, ada, sums(Digest(data))), nil, "not checked", false},
		"another key":   {signed(t, eve, sums(Digest(data))), ada, "does not hold", true},
		"another chart": {signed(t, ada, sums("sha256:"+strings.Repeat("0", 64))), ada, "is for shop-1.0.0.tgz with the digest", true},
		"another file":  {signed(t, ada, "a: b\n\n...\nfiles:\n  x.tgz: y\n"), ada, "does not speak of shop-1.0.0.tgz", true},
		"changed":       {bytes.Replace(signed(t, ada, sums("sha256:0")), []byte("sha256:0"), []byte("sha256:1"), 1), ada, "does not hold", true},
		"nonsense":      {[]byte("-----BEGIN PGP SIGNED MESSAGE-----\nx"), ada, "no signed text", true},
	} {
		repo := chartstest.New(t)
		repo.PublishArchive("shop", "1.0.0", data)
		if c.prov != nil {
			repo.Put("/charts/shop-1.0.0.tgz.prov", c.prov)
		}
		o := quick()
		if c.keyring != nil {
			o.Keyring = public(t, c.keyring)
		}
		got, err := fetch(New(o), repo.URL, "shop", "", "")
		if c.bad && (err == nil || !strings.Contains(err.Error(), c.want)) || !c.bad && (err != nil || !strings.Contains(got.Provenance, c.want) || c.want == "" && got.Provenance != "") {
			t.Errorf("%s: %q, %v", name, got.Provenance, err)
		}
	}
}

func entity(t *testing.T, name string) *openpgp.Entity {
	t.Helper()
	e, err := openpgp.NewEntity(name, "", "", nil)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func public(t *testing.T, e *openpgp.Entity) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := e.Serialize(&out); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func signed(t *testing.T, by *openpgp.Entity, text string) []byte {
	t.Helper()
	var out bytes.Buffer
	w, err := clearsign.Encode(&out, by.PrivateKey, nil)
	if err == nil {
		_, err = w.Write([]byte(text))
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}
