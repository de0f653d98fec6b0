package hooks

import (
	"bytes"
	"encoding/json"
	"regexp"
	"sync"
)

// seedEvent is what the template in gitops-connector's manual has Argo CD send, in all its versions. It does not say which
// Application it is about, but which commit was asked for, and what the Application consists of.
type seedEvent struct {
	Commit    *string `json:"commitid"`
	Phase     string  `json:"phase"`
	Resources []Part  `json:"resources"`
}

// maxParts is how many resources are looked at for one that has whole names.
const maxParts = 100

func readSeed(body []byte) (Event, bool) {
	var s seedEvent
	if json.Unmarshal(body, &s) != nil {
		s = broken(body)
	}
	if s.Commit == nil {
		return Event{}, false
	}
	e := Event{Source: "gitops-connector", Kind: "Application", Reason: short(s.Phase), Revision: short(*s.Commit)}
	if commit().MatchString(*s.Commit) { // else the Application has several sources, or has never been synced: "<no value>"
		e.Commit = *s.Commit
	}
	for _, p := range s.Resources[:min(len(s.Resources), maxParts)] {
		if p.named() {
			e.Part = p
			break
		}
	}
	return e, true
}

// commit is a whole one, of SHA-1 or SHA-256.
var commit = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^([0-9a-f]{40}|[0-9a-f]{64})$`)
})

// named tells whether these could be the names of a resource in a namespace. Those without one are in many Applications.
func (p Part) named() bool {
	return p.Kind != "" && len(p.Kind) <= 63 && !bytes.ContainsFunc([]byte(p.Kind), notLetter) && objectName().MatchString(p.Name) &&
		objectName().MatchString(p.Namespace) && (p.Group == "" || objectName().MatchString(p.Group))
}

// beforeMessage is the part of the template that stands before the message.
var beforeMessage = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^\s*\{\s*"commitid"\s*:\s*"([^"\\]{0,200})"\s*,\s*"phase"\s*:\s*"([^"\\]{0,200})"\s*,`)
})

// broken reads what is no JSON: the template puts the message in as it is, and those of failures have quotes and line breaks.
// What stands before it is whole, and so are the resources behind it, which Argo CD encodes.
func broken(body []byte) seedEvent {
	found := beforeMessage().FindSubmatch(body)
	if found == nil {
		return seedEvent{}
	}
	text := string(found[1])
	s := seedEvent{Commit: &text, Phase: string(found[2])}
	key := []byte(`"resources":`)
	if at := bytes.LastIndex(body, key); at >= 0 && json.NewDecoder(bytes.NewReader(body[at+len(key):])).Decode(&s.Resources) != nil {
		s.Resources = nil
	}
	return s
}
