package cluster

import (
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// What is kept of an object. Its writer may be anybody who can write to a namespace, so everything has a limit: what is
// compared is dropped when it is longer, since its beginning would be another name; what is read by people is cut.
const (
	maxName      = 1 << 10 // names, paths, addresses, revisions
	maxMessage   = 2 << 10
	maxResources = 2000 // per unit; the rest is counted
	maxOrigins   = 100
	maxListed    = 20_000 // entries of a list that are looked at
)

// value is a part of an object as it came: of any type, or missing. Reading never fails; what is not of the type that is
// asked for is not there.
type value struct{ any }

// at goes down by keys.
func (v value) at(keys ...string) value {
	for _, k := range keys {
		m, _ := v.any.(map[string]any)
		v = value{m[k]}
	}
	return v
}

func (v value) exists() bool { return v.any != nil }

// name reads what is compared with other names.
func (v value) name() string {
	s, _ := v.any.(string)
	if len(s) > maxName || !utf8.ValidString(s) || strings.ContainsFunc(s, unicode.IsControl) {
		return ""
	}
	return s
}

// message reads what is said to people, in one piece: at most maxMessage bytes, without control characters.
func (v value) message() string {
	s, _ := v.any.(string)
	if len(s) > maxMessage {
		s = s[:maxMessage]
	}
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t' || r == '\r':
			return ' '
		case unicode.IsControl(r) || r == utf8.RuneError:
			return -1
		}
		return r
	}, s)
}

func (v value) flag() bool {
	b, _ := v.any.(bool)
	return b
}

func (v value) number() int64 {
	switch n := v.any.(type) {
	case int64:
		return n
	case float64:
		return int64(n)
	}
	return 0
}

// time reads a time as Kubernetes writes it; zero where it is none.
func (v value) time() time.Time {
	s, _ := v.any.(string)
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		return time.Time{}
	}
	return t.UTC()
}

// list gives the entries of a list, at most maxListed.
func (v value) list() []value {
	l, _ := v.any.([]any)
	out := make([]value, 0, min(len(l), maxListed))
	for _, e := range l[:min(len(l), maxListed)] {
		out = append(out, value{e})
	}
	return out
}

// names gives the names in a list, with "" for what is none, so that the places stay.
func (v value) names() []string {
	var out []string
	for _, e := range v.list() {
		out = append(out, e.name())
	}
	return out
}

// latest is the last of some times.
func latest(times ...time.Time) time.Time {
	var last time.Time
	for _, t := range times {
		if t.After(last) {
			last = t
		}
	}
	return last
}
