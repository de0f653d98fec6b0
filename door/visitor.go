package door

import (
	"crypto/sha256"
	"crypto/subtle"
	"net/http"
	"strings"
)

// Presented gives the token that a request brings. A password counts as one, whatever the user is called, so that an address
// or a browser may carry it.
func Presented(r *http.Request) string {
	if _, password, ok := r.BasicAuth(); ok {
		return password
	}
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return ""
	}
	return strings.TrimSpace(token)
}

// Knows tells whether one of these tokens was given. Digests are compared, so that neither content nor length of a token
// shows in the time it takes. A token that is none lets nobody in.
func Knows(tokens []Token, given string) bool {
	have, found := sha256.Sum256([]byte(given)), 0
	for _, t := range tokens {
		want := sha256.Sum256([]byte(t.Reveal()))
		found |= subtle.ConstantTimeCompare(have[:], want[:])
	}
	return found == 1 && given != ""
}
