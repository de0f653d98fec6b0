// Package door guards the way out: credentials that cannot print themselves, text from outside made safe, and the
// transport by which ferry speaks to other machines.
//
//	token.go      Token, which cannot print itself
//	text.go       Text from outside, as one harmless line
//	markdown.go   Inert Markdown, which only the program's own words and Text can become
package door

import "fmt"

// Token is a credential. It cannot be printed, logged or encoded by accident: every formatter sees ***.
type Token struct{ value string }

// NewToken wraps a secret.
func NewToken(secret string) Token { return Token{value: secret} }

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
