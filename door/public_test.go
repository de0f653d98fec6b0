package door

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestIsPublic(t *testing.T) {
	for address, want := range map[string]bool{
		"140.82.121.4": true, "2606:4700::1111": true, "::ffff:140.82.121.4": true,
		"127.0.0.1": false, "::1": false, "10.1.2.3": false, "172.16.0.1": false, "192.168.1.1": false, "169.254.169.254": false, "0.0.0.0": false, "::": false,
		"100.100.100.200": false, "fd00::1": false, "fe80::1%eth0": false, "::ffff:10.0.0.1": false, "64:ff9b::a00:1": false, "2002:a00:1::": false, "224.0.0.1": false, "255.255.255.255": false,
	} {
		if got := isPublic(netip.MustParseAddr(address)); got != want {
			t.Errorf("%s is public: %v", address, got)
		}
	}
}

// No name, no address and no redirect leads a public transport into a private network.
func TestPublicTransport(t *testing.T) {
	reached := 0
	inside := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached++ }))
	defer inside.Close()
	port := inside.URL[strings.LastIndex(inside.URL, ":"):]
	tr := NewTransport(Options{Under: Public(nil), AllowHTTP: true, Pace: -1, Sleep: func(context.Context, time.Duration) error { return nil }})
	for _, target := range []string{inside.URL, "http://localhost" + port, "http://[::ffff:127.0.0.1]" + port} {
		_, err := tr.Client().Get(target)
		var private *privateError
		if !errors.As(err, &private) || private.Hint() == "" {
			t.Errorf("%s: %v", target, err)
		}
	}
	if reached != 0 {
		t.Errorf("reached %d times", reached)
	}
}

// A proxy that the operator named may be inside; a private address behind it is refused all the same.
func TestPublicThroughProxy(t *testing.T) {
	var asked []string
	proxy := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { asked = append(asked, r.Host) }))
	defer proxy.Close()
	way, err := url.Parse(proxy.URL)
	if err != nil {
		t.Fatal(err)
	}
	through := &http.Transport{Proxy: http.ProxyURL(way)}
	keepOut(through)
	client := http.Client{Transport: through}
	if res, err := client.Get("http://forge.example/"); err != nil || res.StatusCode != 200 {
		t.Errorf("%v %v", res, err)
	}
	if _, err := client.Get("http://10.0.0.1/"); err == nil {
		t.Error("a private address was asked for through the proxy")
	}
	if !slices.Equal(asked, []string{"forge.example"}) {
		t.Errorf("the proxy was asked for %q", asked)
	}
}

// What all waits of an hour used up is there again in the next one: a connector runs for months.
func TestTotalIsOfAnHour(t *testing.T) {
	now := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) }))
	defer server.Close()
	tr := NewTransport(Options{Base: server.URL, Total: 20 * time.Second, Pace: -1, Now: func() time.Time { return now }, Sleep: func(context.Context, time.Duration) error { return nil }})
	outcome := func() bool {
		_, err := tr.Client().Get(server.URL)
		var wait *WaitError
		return errors.As(err, &wait)
	}
	over := false
	for range 5 {
		over = over || outcome()
	}
	if !over {
		t.Fatal("the total has no end")
	}
	if now = now.Add(61 * time.Minute); outcome() {
		t.Error("an hour later nothing may be waited for")
	}
}
