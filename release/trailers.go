package release

import (
	"regexp"
	"strings"
	"sync"
	"unicode"
)

// Trailer is one line at the end of a commit message that tools read.
type Trailer struct{ Key, Value string }

// Trailers are kept in their order; a key may come twice.
type Trailers []Trailer

// Add appends a trailer unless its value is empty. The value becomes one line of visible text, whatever it was.
func (t Trailers) Add(key, value string) Trailers {
	if value = oneLine(value); value == "" {
		return t
	}
	return append(t, Trailer{Key: key, Value: value})
}

// Get gives the first value of a key, "" where there is none. Case does not count, as in Git.
func (t Trailers) Get(key string) string {
	for _, each := range t {
		if strings.EqualFold(each.Key, key) {
			return each.Value
		}
	}
	return ""
}

// String gives the block of trailers, a line each.
func (t Trailers) String() string {
	var b strings.Builder
	for _, each := range t {
		b.WriteString(each.Key + ": " + oneLine(each.Value) + "\n")
	}
	return b.String()
}

// Message puts the trailers below a commit message, as a paragraph of their own.
func (t Trailers) Message(message string) string {
	message = strings.TrimRight(message, " \t\r\n") + "\n"
	if len(t) == 0 {
		return message
	}
	return message + "\n" + t.String()
}

var trailerForm = form(`^([A-Za-z0-9-]+)[ \t]*:[ \t]*(.*)$`)

// ParseTrailers reads the trailers of a commit message: its last paragraph, where all of that is trailers. The title
// is none, whatever it looks like.
func ParseTrailers(message string) Trailers {
	paragraphs := strings.Split(strings.TrimSpace(strings.ReplaceAll(message, "\r\n", "\n")), "\n\n")
	if len(paragraphs) < 2 {
		return nil
	}
	var t Trailers
	for line := range strings.SplitSeq(strings.Trim(paragraphs[len(paragraphs)-1], "\n"), "\n") {
		m := trailerForm().FindStringSubmatch(line)
		switch {
		case m != nil:
			t = append(t, Trailer{Key: m[1], Value: oneLine(m[2])})
		case len(t) > 0 && strings.TrimLeft(line, " \t") != line: // the value goes on
			t[len(t)-1].Value = oneLine(t[len(t)-1].Value + " " + line)
		default:
			return nil
		}
	}
	return t
}

// oneLine makes one line of visible text of anything.
func oneLine(s string) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case !unicode.IsPrint(r):
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, ""))
	return strings.Join(strings.Fields(s), " ")
}

var supersededForm = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^(\S+) (.+) \((\S+)\)$`)
})

// Superseded reads back which releases a promotion's commit says it took the place of: app, version and sequence.
func Superseded(t Trailers) []Release {
	var all []Release
	for _, each := range t {
		m := supersededForm().FindStringSubmatch(each.Value)
		if each.Key != TrailerSupersedes || m == nil {
			continue
		}
		if seq, err := ParseSequence(m[3]); err == nil {
			all = append(all, Release{App: m[1], Version: m[2], Sequence: seq})
		}
	}
	return all
}
