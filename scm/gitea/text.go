package gitea

import (
	"strings"

	"github.com/ferry-cd/ferry/scm"
)

// A draft is a pull request whose title begins with one of the words in WORK_IN_PROGRESS_PREFIXES of app.ini, these as
// the server comes, in any case.
const draftMark = "WIP: "

var draftWords = []string{"WIP:", "[WIP]"}

// shield keeps a title that begins like a draft's from being one; it does not show.
const shield = "\u2060"

// titled is a title as it is stored.
func titled(title string, draft bool) string {
	switch {
	case draft:
		return draftMark + title
	case title != drafted(title) || strings.HasPrefix(title, shield):
		return shield + title
	}
	return title
}

// untitled is a stored title as it was meant.
func untitled(title string, draft bool) string {
	if draft {
		return scm.Line(drafted(title))
	}
	return strings.TrimPrefix(title, shield)
}

// drafted takes the mark of a draft off.
func drafted(title string) string {
	for _, word := range draftWords {
		if len(title) >= len(word) && strings.EqualFold(title[:len(word)], word) {
			return title[len(word):]
		}
	}
	return title
}

// Who closed a pull request and why lies at the end of its body, where lists show it and people read it: the API of a
// list tells neither. It counts only while the pull request is closed.
const (
	closedMark = "<!-- ferry:closed "
	closedEnd  = " -->\n> **Closed**"
)

// withReason is the body of a pull request that is closed.
func withReason(body, who, reason string) string {
	var out strings.Builder
	out.WriteString(withoutReason(body) + "\n\n" + closedMark + who + closedEnd)
	if reason != "" {
		for line := range strings.SplitSeq(reason, "\n") {
			out.WriteString("\n> " + line)
		}
	}
	return out.String()
}

// withoutReason is a body as it was before it was closed.
func withoutReason(body string) string {
	body, _, _, _ = reasoned(body)
	return body
}

// reasoned takes apart what withReason made.
func reasoned(body string) (rest, who, reason string, ok bool) {
	text := scm.Text(body)
	at := strings.LastIndex("\n\n"+text, "\n\n"+closedMark)
	if at < 0 {
		return body, "", "", false
	}
	rest = strings.TrimRight(text[:max(0, at-2)], "\n")
	who, quoted, ok := strings.Cut(text[at+len(closedMark):], closedEnd)
	if !ok || who == "" || strings.ContainsAny(who, " \n") {
		return body, "", "", false
	}
	var lines []string
	for line := range strings.SplitSeq(strings.TrimPrefix(quoted, "\n"), "\n") {
		if quoted != "" && !strings.HasPrefix(line, ">") {
			return body, "", "", false
		}
		lines = append(lines, strings.TrimPrefix(strings.TrimPrefix(line, ">"), " "))
	}
	return rest, who, strings.Join(lines, "\n"), true
}
