package fake

import (
	"regexp"
	"strings"
)

// commands are the quick actions that would hurt, and the one that the driver uses.
var commands = regexp.MustCompile(`(?mi)^/(close|reopen|merge|approve|unapprove|draft|ready|label|title|assign|request_changes)(?: ([^\n]*))?(?:\s*\n|$)`)

// fenced is where GitLab does not look for them.
var fenced = regexp.MustCompile("(?ms)^```.*?\n```$")

// act does what the lines of a text tell GitLab to do, and gives the text without them and whether there were any.
func (f *Fake) act(user string, mr *mergeRequest, text string) (string, bool) {
	var kept []string
	text = fenced.ReplaceAllStringFunc(text, func(block string) string {
		kept = append(kept, block)
		return "\x00"
	})
	acted := false
	text = commands.ReplaceAllStringFunc(text, func(l string) string {
		m := commands.FindStringSubmatch(l)
		f.command(user, mr, strings.ToLower(m[1]), m[2])
		acted = true
		return ""
	})
	for _, block := range kept {
		text = strings.Replace(text, "\x00", block, 1)
	}
	if acted {
		text = strings.TrimRight(text, " \n")
	}
	return text, acted
}

func (f *Fake) command(user string, mr *mergeRequest, name, arg string) {
	now := f.Host.Now()
	switch name {
	case "close":
		mr.close(user, now)
	case "merge":
		mr.unchecked = false
		if f.detailed(mr) == "mergeable" {
			f.mergeNow(mr, acceptance{user: user, message: "Merge"})
		}
	case "approve":
		mr.approved[user] = now
	case "label":
		mr.labels = append(mr.labels, strings.Trim(arg, `~"`))
	case "title":
		mr.title = arg
	case "draft":
		mr.title = "Draft: " + mr.title
	case "request_changes":
		if r := mr.reviewer(user); r != nil && !f.KnowsNoObject {
			r.state = "requested_changes"
			delete(mr.approved, user)
			mr.say(f, user, "requested changes", true)
		}
	}
}
