package gates

import (
	"slices"
	"strings"

	"github.com/ferry-cd/ferry/environments"
)

// reporters tells whose statuses count; nil means anyone who may post them.
type reporters []string

// trusted tells whether a creator counts. Forges do not distinguish case in the names of accounts.
func (r reporters) trusted(creator string) bool {
	if len(r) == 0 {
		return true
	}
	return slices.ContainsFunc(r, func(name string) bool { return strings.EqualFold(name, creator) })
}

// Reports tells whether what an account says of health counts.
func Reports(t environments.Trust, creator string) bool {
	return reporters(t.Connector).trusted(creator)
}

// checkReporters gives who may report a check: the creators of the pattern that says most about it. Patterns of one
// length all count.
func checkReporters(t environments.Trust, context string) reporters {
	var best int
	var names reporters
	for pattern, creators := range t.Checks {
		switch {
		case !match(pattern, context) || len(pattern) < best:
		case len(pattern) == best:
			names = append(names, creators...)
		default:
			best, names = len(pattern), slices.Clone(creators)
		}
	}
	return names
}

// named is how a creator appears in a sentence.
func named(creator string) string {
	if creator == "" {
		return "someone unknown"
	}
	return creator
}
