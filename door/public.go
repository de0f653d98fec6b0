package door

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"sync"
	"syscall"
	"time"
)

// reserved are the networks beside those that the library knows as private, loopback, link-local and multicast: nobody who
// is meant to be reached from outside has an address there (RFC 6890), and some are other spellings of private ones.
var reserved = []netip.Prefix{
	netip.MustParsePrefix("0.0.0.0/8"),
	netip.MustParsePrefix("100.64.0.0/10"), // shared by carriers, and by clouds for their own services
	netip.MustParsePrefix("192.0.0.0/24"),
	netip.MustParsePrefix("198.18.0.0/15"),
	netip.MustParsePrefix("240.0.0.0/4"),
	netip.MustParsePrefix("64:ff9b::/96"), // IPv4 behind a translator
	netip.MustParsePrefix("64:ff9b:1::/48"),
	netip.MustParsePrefix("2001::/32"), // IPv4 in tunnels
	netip.MustParsePrefix("2002::/16"),
	netip.MustParsePrefix("fec0::/10"),
}

// isPublic tells whether an address is one that the world can reach.
func isPublic(a netip.Addr) bool {
	a = a.Unmap().WithZone("")
	if !a.IsGlobalUnicast() || a.IsPrivate() {
		return false
	}
	for _, p := range reserved {
		if p.Contains(a) {
			return false
		}
	}
	return true
}

// Public is Network where it leads to public addresses alone, for targets that somebody else may have a say in. It looks at the address that a connection is made to, after
// every name was resolved, so no answer of a name server and no redirect leads elsewhere. A proxy that the operator's
// environment names may have any address; then a target that is written as an address is looked at before.
func Public(bundle []byte) http.RoundTripper {
	t, ok := Network(bundle).(*http.Transport)
	if !ok {
		return Network(bundle) // the way to nowhere, with its reason
	}
	keepOut(t)
	return t
}

func keepOut(t *http.Transport) {
	var proxies sync.Map
	ask := t.Proxy
	t.Proxy = func(r *http.Request) (*url.URL, error) {
		if addr, err := netip.ParseAddr(r.URL.Hostname()); err == nil && !isPublic(addr) {
			return nil, &privateError{addr.String()}
		}
		proxy, err := ask(r)
		if proxy != nil {
			proxies.Store(hostPort(proxy), true)
		}
		return proxy, err
	}
	const patience = 30 * time.Second
	public := &net.Dialer{Timeout: patience, Control: func(_, address string, _ syscall.RawConn) error {
		to, err := netip.ParseAddrPort(address)
		if err != nil || !isPublic(to.Addr()) {
			return &privateError{address}
		}
		return nil
	}}
	t.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
		if _, proxy := proxies.Load(address); proxy {
			return (&net.Dialer{Timeout: patience}).DialContext(ctx, network, address)
		}
		return public.DialContext(ctx, network, address)
	}
}

// hostPort is the address that the library dials for a proxy.
func hostPort(u *url.URL) string {
	port := u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443", "socks5": "1080", "socks5h": "1080"}[u.Scheme]
	}
	return net.JoinHostPort(u.Hostname(), port)
}

// privateError says that something leads into a private network.
type privateError struct{ address string }

func (e *privateError) Error() string {
	return fmt.Sprintf("%s is an address of a private network", e.address)
}
func (e *privateError) Hint() string { return "if that is meant, say so: allowPrivate: true" }
