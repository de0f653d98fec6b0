package notify_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/ferry-cd/ferry/notify"
	"github.com/ferry-cd/ferry/report"
)

// post is one request that a chat's server got.
type post struct{ host, path, body string }

// server is where every address leads in a test: the chats' own names are built into the library.
func server(t *testing.T, answer http.HandlerFunc) *[]post {
	t.Helper()
	var got []post
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		got = append(got, post{r.Header.Get("X-For"), r.URL.Path, string(body)})
		answer(w, r)
	}))
	t.Cleanup(s.Close)
	usual := http.DefaultTransport
	http.DefaultTransport = to{strings.TrimPrefix(s.URL, "http://"), usual}
	t.Cleanup(func() { http.DefaultTransport = usual })
	return &got
}

// to sends every request to one host, and says for whom it was.
type to struct {
	host string
	via  http.RoundTripper
}

func (t to) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Header.Set("X-For", r.URL.Host)
	r.URL.Scheme, r.URL.Host = "http", t.host
	return t.via.RoundTrip(r)
}

const (
	telegram = "telegram://123456789:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw@telegram?chats=-1001234567"
	slack    = "slack://hook:T00000000-B00000000-XXXXXXXXXXXXXXXXXXXXXXXX@webhook"
	webhook  = "generic+https://hooks.example.com/a/secretpath?template=json"
)

var message = report.Message{Title: "shop 1.3.0 -> 1.4.0 in prod waits for approval", Text: "resources: +1 ~2 -0\nhttps://example.com/1"}

func TestSend(t *testing.T) {
	for _, c := range []struct{ address, host, path, answer string }{
		{telegram, "api.telegram.org", "/bot123456789:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw/sendMessage", `{"ok": true, "result": {}}`},
		{slack, "hooks.slack.com", "/services/T00000000/B00000000/XXXXXXXXXXXXXXXXXXXXXXXX", "ok"},
		{webhook, "hooks.example.com", "/a/secretpath", "{}"},
	} {
		t.Run(c.host, func(t *testing.T) {
			got := server(t, func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, c.answer) })
			a, err := notify.Parse(c.address)
			if err != nil {
				t.Fatal(err)
			}
			if err := notify.Send(t.Context(), a, message); err != nil {
				t.Error(err)
			}
			if len(*got) != 1 || (*got)[0].host != c.host || (*got)[0].path != c.path {
				t.Fatalf("got %+v", *got)
			}
			for _, part := range []string{"shop 1.3.0", "in prod waits for approval", "resources: +1 ~2 -0", "https://example.com/1"} {
				if !strings.Contains((*got)[0].body, part) {
					t.Errorf("%q is not in %s", part, (*got)[0].body)
				}
			}
		})
	}
}

// What a server says when it refuses may hold what it was asked with.
func TestErrorsHoldNoSecret(t *testing.T) {
	secrets := []string{"AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw", "123456789", "1001234567", "T00000000", "B00000000", "XXXXXXXXXXXXXXXXXXXXXXXX", "secretpath"}
	for _, address := range []string{telegram, slack, webhook} {
		t.Run(strings.SplitN(address, ":", 2)[0], func(t *testing.T) {
			got := server(t, func(w http.ResponseWriter, r *http.Request) {
				w.WriteHeader(http.StatusForbidden)
				fmt.Fprintf(w, `{"ok": false, "description": %q}`, r.URL.Path)
			})
			a, err := notify.Parse(address)
			if err != nil {
				t.Fatal(err)
			}
			err = notify.Send(t.Context(), a, message)
			if err == nil || len(*got) != 1 {
				t.Fatalf("%v after %d tries", err, len(*got))
			}
			for _, s := range secrets {
				if strings.Contains(err.Error(), s) {
					t.Errorf("%q is in %v", s, err)
				}
			}
		})
	}
}

func TestParse(t *testing.T) {
	for _, wrong := range []string{"", "https", "xoxb-123-123-secretsecret", "smoke://secretsecret@x", "telegram://secretsecret", "slack://secretsecret", "slack://a b:secretsecret\x00@c"} {
		_, err := notify.Parse(wrong)
		if err == nil {
			t.Errorf("%q is an address", wrong)
			continue
		}
		if strings.Contains(err.Error(), "secretsecret") {
			t.Errorf("%q is told: %v", wrong, err)
		}
	}
}

// A server that never answers does not hold up a run.
func TestEndless(t *testing.T) {
	end := make(chan struct{})
	server(t, func(http.ResponseWriter, *http.Request) { <-end })
	defer close(end)
	a, err := notify.Parse(webhook)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer stop()
	if err := notify.Send(ctx, a, message); err == nil || !strings.Contains(err.Error(), "deadline") {
		t.Error(err)
	}
}
