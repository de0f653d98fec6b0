package azure_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/ferry-cd/ferry/scm"
	"github.com/ferry-cd/ferry/scm/azure"
	"github.com/ferry-cd/ferry/scm/azure/fake"
)

// forge is a fake with a first commit on main.
func forge(t *testing.T) *fake.Fake {
	t.Helper()
	f := fake.New(t)
	if err := f.Repo.SetRef("main", "", f.Repo.Commit("", text("readme.md", "# gitops\n"), "first", "ada")); err != nil {
		t.Fatal(err)
	}
	return f
}

func text(path, data string) map[string]*string { return map[string]*string{path: &data} }

// push puts a commit with one file on a branch, which starts from main.
func push(t *testing.T, f *fake.Fake, branch, path, data string) string {
	t.Helper()
	was, there := f.Repo.Head(branch)
	from := was
	if !there {
		from, _ = f.Repo.Head("main")
	}
	sha := f.Repo.Commit(from, text(path, data), "Change "+branch, "ada")
	if err := f.Repo.SetRef(branch, was, sha); err != nil {
		t.Fatal(err)
	}
	return sha
}

var promotion = scm.Proposal{Head: "ferry/dev/web", Base: "main", Title: "Promote web", Body: "one", Labels: []string{"ferry"}}

// opened is a pull request that must be new.
func opened(t *testing.T, f *fake.Fake, c *azure.Client) scm.PullRequest {
	t.Helper()
	push(t, f, promotion.Head, "web.yaml", "image: web:2\n")
	pr, outcome, err := c.EnsurePullRequest(t.Context(), promotion)
	if err != nil || outcome != scm.Created {
		t.Fatalf("outcome %q, %v", outcome, err)
	}
	return pr
}

// fails expects an error of a kind that says some words.
func fails(t *testing.T, what string, err, kind error, words ...string) {
	t.Helper()
	if !errors.Is(err, kind) {
		t.Errorf("%s: %v, want %v", what, err, kind)
		return
	}
	for _, word := range words {
		if !strings.Contains(err.Error(), word) {
			t.Errorf("%s: %q does not say %q", what, err, word)
		}
	}
}

func asError[T error](err error, into *T) bool { return errors.As(err, into) }
