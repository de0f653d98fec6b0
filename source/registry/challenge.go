package registry

import (
	"net/http"
	"strings"
)

// challenge is what a host wants to know before it answers (RFC 9110, 11.6.1; the token protocol of the distribution
// specification).
type challenge struct {
	scheme                string // basic or bearer; "" = none that we know
	realm, service, scope string
}

const maxChallenge = 8 << 10 // bytes of the header

// readChallenge picks what we can answer: a token rather than a password that travels with each request.
func readChallenge(h http.Header) challenge {
	var best challenge
	for _, value := range h.Values("WWW-Authenticate") {
		if len(value) > maxChallenge {
			continue
		}
		for _, c := range parseChallenges(value) {
			if c.scheme == "bearer" || c.scheme == "basic" && best.scheme == "" {
				best = c
			}
		}
	}
	return best
}

// parseChallenges reads one header, which may hold several challenges.
func parseChallenges(value string) []challenge {
	var all []challenge
	for s := value; ; {
		s = strings.TrimLeft(s, " \t,")
		word, rest := token(s)
		if word == "" {
			return all
		}
		after := strings.TrimLeft(rest, " \t")
		if !strings.HasPrefix(after, "=") { // a scheme; what follows are its parameters
			all = append(all, challenge{scheme: strings.ToLower(word)})
			s = rest
			continue
		}
		text, left, ok := parameter(strings.TrimLeft(after[1:], " \t"))
		if !ok || len(all) == 0 {
			return all
		}
		all[len(all)-1].set(strings.ToLower(word), text)
		s = left
	}
}

func (c *challenge) set(name, value string) {
	switch name {
	case "realm":
		c.realm = value
	case "service":
		c.service = value
	case "scope":
		c.scope = value
	}
}

// token cuts a word off.
func token(s string) (word, rest string) {
	end := strings.IndexFunc(s, func(r rune) bool {
		return r <= ' ' || r >= 0x7f || strings.ContainsRune("()<>@,;:\\\"/[]?={}", r)
	})
	if end < 0 {
		end = len(s)
	}
	return s[:end], s[end:]
}

// parameter cuts a value off, quoted or not.
func parameter(s string) (value, rest string, ok bool) {
	if !strings.HasPrefix(s, `"`) {
		value, rest = token(s)
		return value, rest, true
	}
	var b strings.Builder
	for i := 1; i < len(s); i++ {
		switch {
		case s[i] == '"':
			return b.String(), s[i+1:], true
		case s[i] == '\\' && i+1 < len(s):
			i++
			b.WriteByte(s[i])
		default:
			b.WriteByte(s[i])
		}
	}
	return "", "", false
}
