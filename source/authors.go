package source

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"sync"
	"unicode"

	"github.com/ferry-cd/ferry/git"
	"github.com/ferry-cd/ferry/release"
)

// Wrote names everybody who wrote, co-wrote or committed what is in the history of one commit and not in that of another;
// "" asks for all of it. known is false where the history at hand does not reach that far, or has more than is read: then
// somebody could be missing. host is the web host of the forge whose logins are wanted.
func Wrote(ctx context.Context, repo *git.Repository, from, to git.ID, host string) (people []release.Person, known bool, err error) {
	w := &walkBetween{from: from, most: maxWalk, theirs: map[git.ID]bool{from: true}, open: map[git.ID]bool{to: true}}
	err = repo.Log(ctx, to, w.visit)
	if errors.Is(err, git.ErrNotFound) {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, fmt.Errorf("read the history of %.10s: %w", to, err)
	}
	if len(w.open) > 0 || w.more > 0 || from != "" && !w.found {
		return nil, false, nil
	}
	seen := map[release.Person]bool{}
	for _, c := range w.commits {
		for _, p := range peopleOf(c, host) {
			if !seen[p] {
				seen[p] = true
				people = append(people, p)
			}
		}
	}
	return people, true, nil
}

// coAuthor is the trailer by which forges and people name more authors.
var coAuthor = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`(?mi)^co-authored-by:[ \t]*([^<\n]*)<([^>\n]*)>`)
})

// maxCoAuthors bounds what one message can name.
const maxCoAuthors = 50

// peopleOf names the people behind one commit. What a forge itself commits, such as the merges that people click, names no
// person.
func peopleOf(c git.Commit, host string) []release.Person {
	ids := []git.Identity{c.Author, c.Committer}
	for _, found := range coAuthor().FindAllStringSubmatch(c.Message, maxCoAuthors) {
		ids = append(ids, git.Identity{Name: found[1], Email: found[2]})
	}
	var people []release.Person
	for _, id := range ids {
		email := visible(strings.ToLower(id.Email))
		if email == "noreply@github.com" || email == "" && visible(id.Name) == "" {
			continue
		}
		p := release.Person{Name: visible(id.Name), Email: email, Login: loginIn(email, host)}
		if p.Name == "" {
			p.Name = email
		}
		people = append(people, p)
	}
	return people
}

// loginIn reads the login in the address that a forge gives to those who hide theirs: GitHub's 123+ada@users.noreply.github.com,
// GitLab's 123-ada@users.noreply.gitlab.com, Gitea's ada@noreply.git.example.com; "" in any other address, and of other
// hosts.
func loginIn(email, host string) string {
	name, at, _ := strings.Cut(email, "@")
	if host == "" {
		return ""
	}
	switch at {
	case "users.noreply." + host:
		number := strings.IndexFunc(name, func(r rune) bool { return r < '0' || r > '9' })
		if number > 0 && (name[number] == '+' || name[number] == '-') {
			name = name[number+1:]
		}
		return name
	case "noreply." + host:
		return name
	}
	return ""
}

// visible makes one short line of what a commit says: what shows and what can be written down.
func visible(text string) string {
	text = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case !unicode.IsGraphic(r) || r == unicode.ReplacementChar:
			return -1
		}
		return r
	}, text)
	const most = 200 // characters; fewer than a release takes
	if runes := []rune(text); len(runes) > most {
		text = string(runes[:most])
	}
	return strings.TrimSpace(text)
}
