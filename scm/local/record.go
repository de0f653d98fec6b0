package local

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/ferry-cd/ferry/git"
	"github.com/ferry-cd/ferry/scm"
)

// Bounds of what the forge keeps. Real forges have tighter ones; these keep a file of the forge readable in one go.
const (
	maxName    = 200     // bytes of a user, a label, a context
	maxTitle   = 255     // characters
	maxBody    = 1 << 20 // bytes of a pull request's text
	maxWords   = 1 << 16 // bytes of a review, a reason, a status
	maxLabels  = 100
	maxReviews = 1000
	maxFile    = 96 << 20 // bytes of one pull request with everything in it
)

// record is the file of one pull request.
type record struct {
	Version         int          `json:"version"`
	scm.PullRequest              // URL and Conflict are found anew at each look
	URL             string       `json:"url,omitempty"`     // always empty: it would bind the repository to its path
	BaseSHA         string       `json:"baseSHA"`           // where the base was when HeadSHA was last written
	Reviews         []scm.Review `json:"reviews,omitempty"` // oldest first
}

const recordVersion = 1

// path is where a record lies, by what became of it.
func (r record) path() string {
	if r.State == scm.Open {
		return openPath(r.Number)
	}
	return donePath(r.Number)
}

func openPath(n int) string { return fmt.Sprintf("open/%d.json", n) }
func donePath(n int) string { return fmt.Sprintf("done/%d/%d.json", n/1000, n) }

func (r record) encode() ([]byte, error) {
	r.Version, r.URL, r.Conflict = recordVersion, "", false
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	err := enc.Encode(r)
	return out.Bytes(), err
}

// decodeRecord reads the file of pull request number. Whoever may push may write it, so nothing in it is believed.
func decodeRecord(data []byte, number int) (record, error) {
	var r record
	if len(data) > maxFile {
		return r, errors.New("larger than any pull request")
	}
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	err := dec.Decode(&r)
	if r.Version > recordVersion {
		return record{}, fmt.Errorf("version %d, written by a newer ferry", r.Version)
	}
	if err != nil {
		return record{}, err
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return record{}, errors.New("more than one JSON value")
	}
	r.URL, r.Conflict = "", false
	for i := range r.Reviews {
		r.Reviews[i].Writer = true // whoever reaches the repository may write to it
	}
	return r, r.check(number)
}

// check finds what no client writes.
func (r record) check(number int) error {
	var errs []error
	sane := func(ok bool, what string) {
		if !ok {
			errs = append(errs, errors.New(what+" cannot be"))
		}
	}
	sane(r.Version == recordVersion, "the version")
	sane(r.Number == number && number > 0, "the number")
	sane(slices.Contains([]scm.State{scm.Open, scm.Merged, scm.Closed}, r.State), "the state")
	sane(isBranch(r.Head) && isBranch(r.Base) && r.Head != r.Base, "the branches")
	sane(git.ID(r.HeadSHA).Valid() && git.ID(r.BaseSHA).Valid(), "the commits")
	sane((r.State == scm.Merged) == git.ID(r.MergeCommit).Valid(), "the merge commit")
	sane(r.Author != "" && !r.Created.IsZero(), "the author or time")
	for _, w := range r.Reviews {
		sane(w.Author != "" && isVerdict(w.Verdict) && git.ID(w.SHA).Valid(), "a review")
	}
	return errors.Join(errs...)
}

func isBranch(name string) bool { return git.CheckRef(headsPrefix+name) == nil }

func isVerdict(v scm.Verdict) bool {
	return v == scm.Approved || v == scm.ChangesRequested || v == scm.Commented
}

// bounded refuses a proposal that is too large to keep.
func bounded(p scm.Proposal) error {
	switch {
	case utf8.RuneCountInString(p.Title) > maxTitle:
		return tooLarge("title", maxTitle, "characters")
	case len(p.Labels) > maxLabels:
		return tooLarge("labels", maxLabels, "labels")
	case slices.ContainsFunc(p.Labels, func(l string) bool { return len(l) > maxName }):
		return tooLarge("label", maxName, "bytes")
	}
	return boundedText("body", p.Body, maxBody)
}

func boundedText(what, text string, limit int) error {
	if len(text) > limit {
		return tooLarge(what, limit, "bytes")
	}
	return nil
}

func tooLarge(what string, limit int, unit string) error {
	return fmt.Errorf("%s of more than %d %s: %w", what, limit, unit, scm.ErrInvalid)
}

// proposal is what the record says now, in the form of a wish.
func (r record) proposal() scm.Proposal {
	return scm.Proposal{Head: r.Head, Base: r.Base, Title: r.Title, Body: r.Body, Labels: r.Labels, Draft: r.Draft,
		Reviewers: r.Reviewers, Assignees: r.Assignees}
}

func (r *record) apply(p scm.Proposal) {
	r.Title, r.Body, r.Labels, r.Draft = p.Title, p.Body, p.Labels, p.Draft
	r.Reviewers, r.Assignees = union(r.Reviewers, p.Reviewers), union(r.Assignees, p.Assignees)
}

// union gives the names of both lists, sorted.
func union(a, b []string) []string {
	all := slices.Concat(a, b)
	slices.Sort(all)
	return slices.Compact(all)
}

// fulfils tells whether what is there says all that is wanted; both are normal.
func fulfils(is, want scm.Proposal) bool {
	return is.Title == want.Title && is.Body == want.Body && is.Draft == want.Draft && slices.Equal(is.Labels, want.Labels) &&
		slices.Equal(union(is.Reviewers, want.Reviewers), is.Reviewers) && slices.Equal(union(is.Assignees, want.Assignees), is.Assignees)
}

// title is how the journal speaks of the pull request.
func (r record) title(act string) string {
	return strings.TrimSpace(fmt.Sprintf("#%d %s: %s", r.Number, act, r.Title))
}
