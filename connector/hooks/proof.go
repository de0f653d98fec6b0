package hooks

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/subtle"
	"encoding/hex"
	"hash"
	"net/http"
	"strings"

	"github.com/ferry-cd/ferry/door"
)

// signatureHeader is where Flux's generic-hmac provider puts it: sha256=<hex>.
const signatureHeader = "X-Signature"

// algorithms that a signature may use. Flux also offers sha224, which nobody needs.
var algorithms = map[string]func() hash.Hash{"sha256": sha256.New, "sha384": sha512.New384, "sha512": sha512.New}

// keys leaves out what is no secret: an empty key would verify for everybody.
func keys(given []door.Token) []door.Token {
	var out []door.Token
	for _, k := range given {
		if !k.IsZero() {
			out = append(out, k)
		}
	}
	return out
}

// mayBeProven refuses what no body could prove, before the body is read.
func (s *Server) mayBeProven(r *http.Request) bool {
	switch {
	case len(r.Header.Values(signatureHeader)) > 0:
		return len(r.Header.Values(signatureHeader)) == 1
	case r.Header.Get("Authorization") != "":
		return knows(keys(s.o.Tokens()), bearer(r))
	}
	return s.o.Open
}

// proven tells whether the sender knows a secret. A signature, where there is one, decides alone.
func (s *Server) proven(r *http.Request, body []byte) bool {
	if signature := r.Header.Get(signatureHeader); len(r.Header.Values(signatureHeader)) > 0 {
		return signed(keys(s.o.Signing()), signature, body)
	}
	return true // mayBeProven looked at everything else
}

// signed verifies a signature over the body's bytes as they came, with every key, in constant time.
func signed(keys []door.Token, signature string, body []byte) bool {
	name, digest, _ := strings.Cut(signature, "=")
	algorithm := algorithms[name]
	given, err := hex.DecodeString(digest)
	if algorithm == nil || err != nil {
		return false
	}
	found := false
	for _, key := range keys {
		mac := hmac.New(algorithm, []byte(key.Reveal()))
		mac.Write(body)
		found = hmac.Equal(mac.Sum(nil), given) || found
	}
	return found
}

// bearer gives the token of a request. A password counts as one, so that an address may carry it: Argo CD's webhook
// service has basicAuth, and senders that know nothing of headers have https://ferry:TOKEN@host.
func bearer(r *http.Request) string {
	if _, password, ok := r.BasicAuth(); ok {
		return password
	}
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return ""
	}
	return strings.TrimSpace(token)
}

// knows compares digests, so that neither content nor length of a token shows in the time it takes.
func knows(tokens []door.Token, given string) bool {
	have, found := sha256.Sum256([]byte(given)), 0
	for _, t := range tokens {
		want := sha256.Sum256([]byte(t.Reveal()))
		found |= subtle.ConstantTimeCompare(have[:], want[:])
	}
	return found == 1 && given != ""
}
