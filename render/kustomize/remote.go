package kustomize

import (
	"regexp"
	"strings"
	"sync"
)

// userAt is the start of an scp-like Git address, git@host:path.
var userAt = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^[a-z][a-z0-9-]*@`)
})

// remote says whether kustomize could take an entry for something to fetch. It errs on the side of yes: such a name
// means a file to nobody.
func remote(entry string) bool {
	s := strings.ToLower(entry)
	return fetchable(entry) || strings.Contains(s, "://") || strings.Contains(s, "?ref=") || strings.Contains(s, "?version=")
}

// fetchable looks at the start of an entry alone, as kustomize does; text that only mentions an address is not one.
func fetchable(entry string) bool {
	s := strings.ToLower(strings.TrimSpace(entry))
	for _, start := range []string{"git::", "http:", "https:", "ssh:", "file:", "git:", "github.com/", "github.com:"} {
		if strings.HasPrefix(s, start) {
			return true
		}
	}
	return userAt().MatchString(s)
}
