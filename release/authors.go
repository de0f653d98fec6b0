package release

import (
	"slices"
	"strings"
	"unicode/utf8"
)

const (
	maxShares = 100
	maxPeople = 300 // in all shares together
	maxPerson = 256 // characters of a name, an address or a login
)

// Start stands for the beginning of a history in Share.Since.
const Start = "start"

// Share is who wrote a part of a release: what is in its source's history and not in that of the commit Since. Shares lie
// one in the other, so a person stands in the first one only.
type Share struct {
	Since  string   `yaml:"since" json:"since"` // 40 hex digits, or Start
	People []Person `yaml:"people,omitempty" json:"people,omitempty"`
}

// Person is an author, a co-author or a committer, as commits name people.
type Person struct {
	Name  string `yaml:"name" json:"name"`
	Email string `yaml:"email,omitempty" json:"email,omitempty"`
	Login string `yaml:"login,omitempty" json:"login,omitempty"` // on the forge of the GitOps repository, where that is known
}

// Same tells whether two names are surely one person's.
func (p Person) Same(q Person) bool {
	if p.Login != "" && q.Login != "" {
		return strings.EqualFold(p.Login, q.Login)
	}
	return p.Email != "" && strings.EqualFold(p.Email, q.Email) || p.Email == q.Email && p.Name == q.Name
}

// WroteSince names everybody who wrote what the release has and a commit has not; known is false where the release does
// not say so. "" asks for all of the release's history.
func (r Release) WroteSince(commit string) (people []Person, known bool) {
	if commit == "" {
		commit = Start
	}
	if commit == r.Source.Commit {
		return nil, true
	}
	for _, s := range r.Authors {
		people = append(people, s.People...)
		if s.Since == commit {
			return people, true
		}
	}
	return nil, false
}

// AddShare says who wrote what came since a commit that no share is about yet. People who stand in a share before are
// not named again; what a release cannot carry is left out, so that it is not known.
func (r *Release) AddShare(since string, people []Person) {
	var before []Person
	for _, s := range r.Authors {
		if s.Since == since {
			return
		}
		before = append(before, s.People...)
	}
	share := Share{Since: since}
	for _, p := range people {
		if !slices.ContainsFunc(before, p.Same) && !slices.ContainsFunc(share.People, p.Same) {
			share.People = append(share.People, p)
		}
	}
	if len(r.Authors) < maxShares && len(before)+len(share.People) <= maxPeople && checkShare(share) == nil {
		r.Authors = append(r.Authors, share)
	}
}

func checkAuthors(shares []Share) []*Problem {
	var ps []*Problem
	people := 0
	for _, s := range shares {
		people += len(s.People)
		if p := checkShare(s); p != nil {
			ps = append(ps, p)
		}
	}
	if len(shares) > maxShares || people > maxPeople {
		ps = append(ps, problem("", "there are more than %d shares of authors, or more than %d people in them", maxShares, maxPeople))
	}
	return ps
}

func checkShare(s Share) *Problem {
	if p := checkSince(s.Since); p != nil {
		return p
	}
	for _, person := range s.People {
		if p := checkPerson(person); p != nil {
			return p
		}
	}
	return nil
}

func checkPerson(person Person) *Problem {
	if person.Name == "" {
		return problem("", "an author has no name")
	}
	for _, text := range []string{person.Name, person.Email, person.Login} {
		if p := checkPersonText(text); p != nil {
			return p
		}
	}
	return nil
}

func checkSince(id string) *Problem {
	if id == Start {
		return nil
	}
	return checkID("since", id)
}

func checkPersonText(text string) *Problem {
	if utf8.RuneCountInString(text) > maxPerson || !printable(text) || strings.TrimSpace(text) != text {
		return problem("at most 256 visible characters", "%q names no author", clip(text))
	}
	return nil
}

func (r *reader) authors(n *node, into *[]Share) {
	r.elements(n, "authors", func(n *node) {
		var s Share
		r.object(n, "the share",
			field{"since", true, r.text(&s.Since, "since", checkSince)},
			field{"people", false, func(n *node) { r.people(n, &s.People) }},
		)
		*into = append(*into, s)
	})
}

func (r *reader) people(n *node, into *[]Person) {
	r.elements(n, "people", func(n *node) {
		var p Person
		r.object(n, "the author",
			field{"name", true, r.text(&p.Name, "the name", checkPersonText)},
			field{"email", false, r.text(&p.Email, "the address", checkPersonText)},
			field{"login", false, r.text(&p.Login, "the login", checkPersonText)},
		)
		*into = append(*into, p)
	})
}

func (w *yamlWriter) authors(shares []Share) {
	if len(shares) == 0 {
		return
	}
	w.key(2, "authors")
	for _, s := range shares {
		w.item(4, "since", s.Since)
		if len(s.People) > 0 {
			w.key(6, "people")
		}
		for _, p := range s.People {
			w.item(8, "name", p.Name)
			w.text(10, "email", p.Email)
			w.text(10, "login", p.Login)
		}
	}
}
