package gitlab

import (
	"regexp"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/ferry-cd/ferry/scm"
)

// GitLab acts on descriptions and notes: a line that begins with /merge, /approve or /close is done and taken out of the
// text (https://docs.gitlab.com/user/project/quick_actions/). A backslash before the slash is Markdown for the slash itself
// and keeps GitLab from looking. It is taken away again when the text is read, so that texts compare equal.
var (
	slash = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`(?m)^([\t ]*\\*)/`)
	})
	slashed = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`(?m)^([\t ]*\\*)\\/`)
	})
)

// inert is a text on which GitLab does not act; asRead is its inverse.
func inert(s string) string  { return slash().ReplaceAllString(s, `$1\/`) }
func asRead(s string) string { return scm.Text(slashed().ReplaceAllString(s, `$1/`)) }

// inertWithin is inert for a text that may grow beyond a limit by that.
func inertWithin(s string, limit int) string {
	out := inert(s)
	for over := utf8.RuneCountInString(out) - limit; over > 0; over = utf8.RuneCountInString(out) - limit {
		s = scm.Cut(s, max(1, utf8.RuneCountInString(s)-(over+1)/2)) // half of it, for the escapes go with their lines
		out = inert(s)
	}
	return out
}

// draftPrefix makes a merge request a draft; GitLab understands more words for it than it writes itself.
// https://docs.gitlab.com/user/project/merge_requests/drafts/
const draftPrefix = "Draft: "

var draftWords = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`(?i)^\s*(?:\[draft\]|\(draft\)|draft:|draft - |\[wip\]|wip:)\s*`)
})

// plain before a title keeps GitLab from taking its first word for the mark of a draft. Nobody sees it.
const plain = "\u2060"

// titleFor is the title in which GitLab keeps both a title and whether this is a draft.
func titleFor(p scm.Proposal) string {
	switch {
	case p.Draft:
		return draftPrefix + p.Title
	case draftWords().MatchString(p.Title):
		return plain + p.Title
	}
	return p.Title
}

// titleOf is the title without what titleFor added.
func titleOf(title string, draft bool) string {
	if mark := draftWords().FindString(title); draft && mark != "" {
		return title[len(mark):]
	}
	return strings.TrimPrefix(title, plain)
}

// label is a label as GitLab can take it: a comma is what separates two.
func label(s string) string { return strings.ReplaceAll(s, ",", ";") }

// line tells whether a text holds a line that is exactly the marker.
func line(text, marker string) bool {
	for l := range strings.Lines(text) {
		if strings.TrimRight(l, "\r\n") == marker {
			return true
		}
	}
	return false
}
