package kustomize

import (
	"regexp"
	"strings"
)

// userAt is the start of an scp-like Git address, git@host:path.
var userAt = regexp.MustCompile(`^[a-zA-Z][a-zA-Z0-9-]*@`)

// remote says whether kustomize could take an entry for something to fetch. It errs on the side of yes: such a name
// means a file to nobody.
func remote(entry string) bool {
	s := strings.ToLower(strings.TrimSpace(entry))
	s = strings.TrimPrefix(s, "git::")
	switch {
	case strings.Contains(s, "://"), strings.HasPrefix(s, "http:"), strings.HasPrefix(s, "https:"):
		return true
	case strings.HasPrefix(s, "github.com/"), strings.HasPrefix(s, "github.com:"):
		return true
	case strings.Contains(s, "?ref="), strings.Contains(s, "?version="):
		return true
	}
	return userAt.MatchString(s) || len(s) < len(strings.TrimSpace(entry))
}
