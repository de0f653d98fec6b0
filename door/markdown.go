package door

import (
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"
)

// Inert is Markdown in which nothing from outside acts: it was put together from constant words of the program and from
// Text. There is no other way to make one, so a report whose parts are Inert cannot carry a stranger's mention, link,
// image, tag or fence: it would not compile.
type Inert struct{ markdown string }

// constant is text that stands in the program. Only literals become one: the type has no name outside this package, so no
// variable can have it.
type constant string

// Say puts constant Markdown and inert parts together: each %s takes one part.
func Say(format constant, parts ...Inert) Inert {
	shown := make([]string, len(parts))
	for i, p := range parts {
		shown[i] = p.markdown
	}
	return Inert{fill(string(format), shown)}
}

// Join puts inert parts together.
func Join(between constant, parts ...Inert) Inert {
	shown := make([]string, len(parts))
	for i, p := range parts {
		shown[i] = p.markdown
	}
	return Inert{strings.Join(shown, string(between))}
}

// Number is a number in Markdown.
func Number(n int) Inert { return Inert{strconv.Itoa(n)} }

// String gives the Markdown.
func (i Inert) String() string { return i.markdown }

// IsEmpty tells whether there is nothing.
func (i Inert) IsEmpty() bool { return i.markdown == "" }

// Cell makes it fit for a cell of a table: a bar, which would begin the next cell and tear a code span apart, becomes a
// broken bar. A backslash before it would not save it in every dialect.
func (i Inert) Cell() Inert { return Inert{strings.ReplaceAll(i.markdown, "|", "\u00a6")} }

// Prose gives one line of words for a paragraph, a list, a table or an HTML element. What Markdown or HTML would read
// becomes a numeric character reference, which all of them show and none of them obey.
func (t Text) Prose() Inert {
	var b strings.Builder
	line := breakLive(strings.TrimSpace(t.Line()))
	begins := listItem().MatchString(line)
	for i, r := range line {
		if strings.ContainsRune("\\`*_{}[]<&#!|~^$%@=\"\u200b", r) || i == 0 && begins || r == '>' && strings.HasSuffix(line[:i], "--") {
			b.WriteString("&#" + strconv.Itoa(int(r)) + ";")
			continue
		}
		b.WriteRune(r)
	}
	return Inert{b.String()}
}

// listItem is what Markdown takes for the beginning of a block, and GitLab for an order.
var listItem = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^([0-9]+[.)]( |$)|[^\pL0-9])`)
})

// Code gives an inert code span, longer in its ticks than any within. A forge reads no references in it, but where the
// text of a pull request becomes the message of a commit there are no spans: closing keywords are broken here too.
func (t Text) Code() Inert {
	s := strings.TrimSpace(t.Line())
	if s == "" {
		return Inert{"(empty)"}
	}
	ticks := strings.Repeat("`", longestRun(s)+1)
	if s[0] == '`' || s[len(s)-1] == '`' {
		s = " " + s + " "
	}
	return Inert{ticks + breakClosing(s) + ticks}
}

// Fence gives a fenced block that no line of the text can close. language is what highlights it, such as diff.
func (t Text) Fence(language constant) Inert {
	s := strings.TrimRight(visible(t.raw, true), " \t\n")
	ticks := strings.Repeat("`", max(3, longestRun(s)+1))
	return Inert{ticks + string(language) + "\n" + breakClosing(s) + "\n" + ticks + "\n"}
}

// Link gives text that leads somewhere, where the address is one of the web; otherwise the text alone.
func Link(text Inert, address string) Inert {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.User != nil || !webHost().MatchString(u.Host) {
		return text
	}
	safe := u.Scheme + "://" + u.Host + u.EscapedPath()
	if u.RawQuery != "" {
		safe += "?" + u.RawQuery
	}
	if u.Fragment != "" {
		safe += "#" + u.EscapedFragment()
	}
	return Inert{"[" + text.markdown + "](" + linkRisks().ReplaceAllStringFunc(visible(safe, false), percent) + ")"}
}

var (
	webHost = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`^[A-Za-z0-9.-]+(:[0-9]+)?$`)
	})
	linkRisks = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile("[^A-Za-z0-9/:?#&=%.,;~+_-]")
	})
)

func percent(s string) string {
	var b strings.Builder
	for _, c := range []byte(s) {
		b.WriteString("%" + strings.ToUpper(strconv.FormatInt(int64(c)+0x100, 16)[1:]))
	}
	return b.String()
}

// longestRun counts the longest row of backticks.
func longestRun(s string) int {
	longest, run := 0, 0
	for _, r := range s {
		if r != '`' {
			run = 0
			continue
		}
		run++
		longest = max(longest, run)
	}
	return longest
}

// gap takes no room and no meaning: behind a sign, it keeps a forge from recognising what the sign begins.
const gap = "\u200b"

// breakLive puts a gap behind each sign that forges look for in text as it is shown, where character references hide
// nothing: mentions, references to issues, pull requests, milestones and work items, addresses, and smileys.
func breakLive(s string) string {
	var b strings.Builder
	for i, r := range s {
		b.WriteRune(r)
		if rest := s[i+utf8.RuneLen(r):]; isLive(s[:i], r, rest) {
			b.WriteString(gap)
		}
	}
	return b.String()
}

func isLive(before string, r rune, after string) bool {
	if strings.ContainsRune("@#!$%~^&", r) {
		return !strings.HasPrefix(after, " ")
	}
	if after == "" {
		return false
	}
	switch r {
	case ':':
		return after[0] == '/' || after[0] == '+' || after[0] == '-' || unicode.IsLetter(rune(after[0]))
	case 'w', 'W':
		return after[0] == '.' && hasSuffixFold(before, "ww")
	case '-':
		return hasSuffixFold(before, "gh") && unicode.IsDigit(rune(after[0]))
	}
	return false
}

func hasSuffixFold(s, suffix string) bool {
	return len(s) >= len(suffix) && strings.EqualFold(s[len(s)-len(suffix):], suffix)
}

// The beginnings of the words by which a message closes an issue, as GitHub and GitLab document them, and what such a word
// refers to.
var (
	closing = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`(?i)clos|fix|resolv|implement`)
	})
	references = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`(?i)[#!@]|GH-|:/`)
	})
)

// breakClosing breaks references only in text that could close something with them: what is in code should stay as it is.
func breakClosing(s string) string {
	if !closing().MatchString(s) {
		return s
	}
	return references().ReplaceAllString(s, "${0}"+gap)
}
