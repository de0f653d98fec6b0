// Package door guards the way out: credentials that cannot print themselves, text from outside made safe, and the
// transport by which ferry speaks to other machines.
//
//	token.go      Token, which cannot print itself; redact.go masks it wherever it turns up
//	visitor.go    the token that a request brings
//	text.go       Text from outside, as one harmless line
//	markdown.go   Inert Markdown, which only the program's own words and Text can become
//	transport.go  one HTTP exchange; credential.go says who asks, verdict.go what to do after it, pace.go how fast,
//	              public.go keeps it out of private networks, cache.go saves what need not be sent again, settle.go asks for a state when replies get lost
package door

import "fmt"

// Token is a credential. It cannot be printed, logged or encoded by accident: every formatter sees ***.
type Token struct{ value string }

// NewToken wraps a secret. From now on Redact masks it.
func NewToken(secret string) Token {
	remember(secret)
	return Token{value: secret}
}

// prefixed is the token behind a word that is no secret.
func (t Token) prefixed(word string) Token {
	if t.IsZero() {
		return t
	}
	return Token{value: word + t.value}
}

// Reveal gives the secret, for the one place that puts it into a request.
func (t Token) Reveal() string { return t.value }

// IsZero tells whether there is no secret.
func (t Token) IsZero() bool { return t.value == "" }

const masked = "***"

// String implements fmt.Stringer.
func (t Token) String() string { return masked }

// GoString implements fmt.GoStringer.
func (t Token) GoString() string { return masked }

// Format implements fmt.Formatter, so that no verb reaches the field.
func (t Token) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(masked)) }

// MarshalText implements encoding.TextMarshaler; JSON, YAML and slog go through it.
func (t Token) MarshalText() ([]byte, error) { return []byte(masked), nil }
