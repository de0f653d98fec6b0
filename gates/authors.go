package gates

import (
	"fmt"
	"strings"
	"unicode"

	"github.com/ferry-cd/ferry/release"
)

// Authors are the people behind what a release adds to what runs in an environment.
type Authors struct {
	People  []release.Person
	Unknown string // why nobody can tell who they are; then none can be ruled out, and no approval counts
}

// rulesOut says why an account's approval does not count, "" where it does. Forges know accounts, commits know names and
// addresses: an author whose account is not known could be anybody, and then nobody's approval counts who is not known by
// an address, too.
func (a Authors) rulesOut(account string) string {
	for _, p := range a.People {
		if isBy(p, account) {
			return "wrote or committed part of it"
		}
	}
	if p, unknown := a.stranger(account); unknown {
		return fmt.Sprintf("may be the author %s, whose account is not known", p.Name)
	}
	return ""
}

// hint says how to tell who an author is, where that would help.
func (a Authors) hint(account string) string {
	p, unknown := a.stranger(account)
	if !unknown {
		return ""
	}
	name := p.Name
	if p.Email != "" {
		name = p.Email
	}
	return fmt.Sprintf("say in ferry.yaml which account that is: people: {ACCOUNT: [%q]}", name)
}

func (a Authors) stranger(account string) (release.Person, bool) {
	for _, p := range a.People {
		if p.Login == "" && (p.Email == "" || !strings.Contains(account, "@")) {
			return p, true
		}
	}
	return release.Person{}, false
}

// isBy tells whether a commit's person is or may well be an account: by login where it is known, else by address, by the
// part of it before the @, or by name.
func isBy(p release.Person, account string) bool {
	if p.Login != "" {
		return strings.EqualFold(p.Login, account)
	}
	local, _, _ := strings.Cut(p.Email, "@")
	return p.Email != "" && strings.EqualFold(p.Email, account) || local != "" && bare(local) == bare(account) || bare(p.Name) != "" && bare(p.Name) == bare(account)
}

// bare leaves letters and digits, so that "Ada Lovelace" is "ada-lovelace".
func bare(name string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return unicode.ToLower(r)
		}
		return -1
	}, name)
}
