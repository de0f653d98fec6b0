package report

import (
	"unicode/utf16"

	"github.com/ferry-cd/ferry/door"
	"github.com/ferry-cd/ferry/scm"
)

// Budget is the room that a forge leaves for the text of a pull request, in UTF-16 units, which is how the narrowest of
// them count; others count less.
type Budget struct {
	Description int
	Comment     int  // for what does not fit into the description; 0 where that is large enough to be cut by detail
	Plain       bool // the forge shows HTML as text: nothing can be folded away
}

// The budgets of forges: below their limits, so that people and other robots can add a word.
var (
	// GitHub takes 65,536 characters, documented in its answer to longer ones ("body is too long").
	GitHub = Budget{Description: 60_000}
	// GitLab takes 1,048,576 (docs.gitlab.com, "Description size"); its pages get slow long before.
	GitLab = Budget{Description: 900_000}
	// Azure DevOps takes 4,000 in a description and 150,000 in a comment of a thread (learn.microsoft.com, "Git limits").
	Azure = Budget{Description: 3_800, Comment: 140_000}
	// Bitbucket takes 32,768 and shows HTML as text.
	Bitbucket = Budget{Description: 30_000, Plain: true}
	// Gitea and Forgejo have no limit of their own; what nobody reads is bounded all the same.
	Gitea = Budget{Description: 200_000}
	// Local is the embedded forge, read in a terminal.
	Local = Budget{Description: 60_000}
	// Summary is that of a job in GitHub Actions: 1 MiB per step (docs.github.com, "Adding a job summary").
	Summary = Budget{Description: 900_000}
)

// Within gives the budget of a forge that is known by its limits: the largest one that keeps within them.
func Within(l scm.Limits) Budget {
	if l.Body == 0 {
		return Local
	}
	best := Budget{Description: l.Body - l.Body/20, Comment: l.Comment - l.Comment/15}
	for _, b := range []Budget{Azure, Bitbucket, GitHub, Gitea, GitLab} {
		if b.Description <= l.Body && b.Comment <= l.Comment {
			best = b
		}
	}
	return best
}

// detail is how much a text shows; the most that fits is taken. Deletions and risks are shown at every level.
type detail int

const (
	fullDetail    detail = iota // every field, then the raw diff
	fieldDetail                 // every field
	resourceList                // every resource
	totalsOnly                  // numbers by kind, and each resource that goes
	verdictAlone                // the same without tables; what goes is joined by kind
	detailLevels                // how many there are
	needsNoRemark = fullDetail
)

var detailNames = [detailLevels]door.Inert{
	fieldDetail:  door.Say("every changed field, without the raw diff"),
	resourceList: door.Say("every changed resource, without its fields"),
	totalsOnly:   door.Say("numbers by kind, and every resource that goes"),
	verdictAlone: door.Say("the verdict, every risk and every resource that goes"),
}

// size counts as forges do.
func size(text string) int {
	n := 0
	for _, r := range text {
		n += max(1, utf16.RuneLen(r))
	}
	return n
}
