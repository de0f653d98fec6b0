package bitbucket

import (
	"encoding/json"
	"strings"

	"github.com/ferry-cd/ferry/scm"
)

// Labels and the reason of a decline lie at the end of a description: there is no other place for them. The lines of the
// first do not show, the second is for people, too.
const (
	labelMark  = "[//]: # (ferry:labels "
	closedMark = "[//]: # (ferry:closed)"
	lineEnd    = ")"
)

// described is a description with its labels.
func described(body string, labels []string) string {
	if len(labels) == 0 {
		return body
	}
	list, _ := json.Marshal(labels) // strings can always be written
	return strings.TrimLeft(body+"\n\n"+labelMark+string(list)+lineEnd, "\n")
}

// labelled takes apart what described made.
func labelled(description string) (body string, labels []string) {
	text := scm.Text(description)
	at := strings.LastIndex("\n"+text, "\n"+labelMark)
	if at < 0 {
		return text, nil
	}
	list, ok := strings.CutSuffix(text[at+len(labelMark):], lineEnd)
	if !ok || strings.Contains(list, "\n") || json.Unmarshal([]byte(list), &labels) != nil {
		return text, nil
	}
	return strings.TrimRight(text[:at], "\n"), labels
}

// withReason is a body that says why it was declined.
func withReason(body, reason string) string {
	return strings.TrimLeft(body+"\n\n"+closedMark+"\n> "+strings.ReplaceAll(reason, "\n", "\n> "), "\n")
}

// reasoned takes apart what withReason made.
func reasoned(body string) (rest, reason string) {
	at := strings.LastIndex("\n"+body, "\n"+closedMark+"\n")
	if at < 0 {
		return body, ""
	}
	var lines []string
	for line := range strings.SplitSeq(body[at+len(closedMark)+1:], "\n") {
		quote, ok := strings.CutPrefix(line, ">")
		if !ok {
			return body, ""
		}
		lines = append(lines, strings.TrimPrefix(quote, " "))
	}
	return strings.TrimRight(body[:at], "\n"), strings.Join(lines, "\n")
}
