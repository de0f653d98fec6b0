package door

import (
	"net/url"
	"regexp"
	"strings"
	"sync"
)

// The secrets of this process, so that text on its way out can be freed of them. A long run renews its credentials: the
// oldest are forgotten, they have expired by then.
var secrets struct {
	sync.RWMutex
	known []string
}

const (
	shortest = 6    // shorter secrets would mask ordinary words
	most     = 1024 // secrets that are remembered
)

// remember makes Redact mask a secret and the forms in which it appears in URLs.
func remember(secret string) {
	if len(secret) < shortest {
		return
	}
	secrets.Lock()
	defer secrets.Unlock()
	for _, form := range []string{secret, url.QueryEscape(secret), url.PathEscape(secret)} {
		if !contains(secrets.known, form) {
			secrets.known = append(secrets.known, form)
		}
	}
	if over := len(secrets.known) - most; over > 0 {
		secrets.known = append([]string(nil), secrets.known[over:]...)
	}
}

func contains(list []string, s string) bool {
	for _, l := range list {
		if l == s {
			return true
		}
	}
	return false
}

// userinfo is what stands before the host of a URL.
var userinfo = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`(://)[^/\s@"'<>]+@`)
})

// Redact masks in a text every secret that was made a Token in this process, and credentials in URLs.
func Redact(s string) string {
	secrets.RLock()
	for i := len(secrets.known) - 1; i >= 0; i-- {
		s = strings.ReplaceAll(s, secrets.known[i], masked)
	}
	secrets.RUnlock()
	return userinfo().ReplaceAllString(s, "${1}"+masked+"@")
}
