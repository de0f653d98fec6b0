package hooks

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/sha512"
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
		return door.Knows(s.o.Tokens(), door.Presented(r))
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
