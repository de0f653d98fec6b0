package release

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

func commit(n int) string { return fmt.Sprintf("%040x", n) }

// Whoever wrote between two releases stands in one of the shares between them, once.
func TestWroteSince(t *testing.T) {
	ada, grace, linus := Person{Name: "Ada", Email: "ada@x"}, Person{Name: "Grace", Login: "grace"}, Person{Name: "Linus", Email: "l@x"}
	r := Release{Source: Source{Commit: commit(9)}}
	r.AddShare(commit(8), []Person{ada, {Name: "A. L.", Email: "ADA@x"}})
	r.AddShare(commit(7), []Person{ada, grace, {Name: "G", Email: "g@x", Login: "Grace"}})
	r.AddShare(commit(7), []Person{linus}) // known already
	r.AddShare(Start, []Person{linus})
	for since, want := range map[string][]Person{commit(9): nil, commit(8): {ada}, commit(7): {ada, grace}, "": {ada, grace, linus}} {
		if got, known := r.WroteSince(since); !known || !slices.Equal(got, want) {
			t.Errorf("since %.8s: %v, %v; want %v", since, got, known, want)
		}
	}
	if _, known := r.WroteSince(commit(6)); known {
		t.Error("nobody knows what came since a commit that no share is about")
	}
}

// What a release cannot carry is not known, rather than half known; and what it carries it can write and read.
func TestSharesAreBounded(t *testing.T) {
	r := Release{App: "shop", Version: "1", Sequence: Sequence{Kind: Manual, Number: 1}}
	for n := range maxShares + 5 {
		r.AddShare(commit(n+1), []Person{{Name: fmt.Sprint("p", n)}})
	}
	if len(r.Authors) != maxShares {
		t.Errorf("%d shares", len(r.Authors))
	}
	var crowd []Person
	for n := range maxPeople + 1 {
		crowd = append(crowd, Person{Name: fmt.Sprint("p", n), Email: fmt.Sprintf("p%d@x", n)})
	}
	var q Release
	q.AddShare(commit(1), crowd)
	q.AddShare(commit(2), []Person{{Name: "hidden\x00"}})
	q.AddShare("0815", nil)
	if len(q.Authors) != 0 {
		t.Errorf("%+v", q.Authors)
	}
	data, err := MarshalAccepted(r)
	if err != nil {
		t.Fatal(err)
	}
	back, err := ParseAccepted(data)
	if err != nil || len(back.Authors) != maxShares || back.Authors[3].People[0].Name != "p3" {
		t.Errorf("%v, %+v", err, back.Authors)
	}
}

// A document may say who wrote a release, in well-formed words only.
func TestAuthorsInDocuments(t *testing.T) {
	doc := `{"schemaVersion": 1, "releases": [{"app": "shop", "version": "1", "authors": [{"since": "%s", "people": [{"name": "%s"}]}]}]}`
	if rs, err := ParseReleases([]byte(fmt.Sprintf(doc, commit(1), "Ada"))); err != nil || rs[0].Authors[0].People[0].Name != "Ada" {
		t.Errorf("%v %+v", err, rs)
	}
	for _, bad := range [][2]string{{"yesterday", "Ada"}, {commit(1), strings.Repeat("x", maxPerson+1)}, {commit(1), `a\u0007b`}} {
		if _, err := ParseReleases([]byte(fmt.Sprintf(doc, bad[0], bad[1]))); err == nil {
			t.Errorf("%.20q is accepted", bad)
		}
	}
}
