package gates

import (
	"fmt"
	"slices"
	"strings"

	"github.com/ferry-cd/ferry/environments"
)

// approvals asks for people. A person's newest decision counts: an approval only when it was given to the content that
// would be merged, a request for changes until its author takes it back.
func approvals(in Input) []Condition {
	want := in.Placement.Gates.Approvals
	if want.Count <= 0 {
		return nil
	}
	c := Condition{Gate: gateApprovals, Holds: Merging}
	excluded, why, hint := ruledOut(in)
	if why != "" {
		c.Reason, c.Hint = "approvals: "+why, hint
		return []Condition{c}
	}
	from, unknown := resolve(want.From, in.Groups)
	v := votes{head: in.Head, from: from, anyone: len(want.From) == 0, excluded: excluded, authors: in.Authors}
	v.hear(in.Reviews)
	c.Pass = len(v.approved) >= want.Count && len(v.objected) == 0
	c.Reason, c.Hint = v.sentence(want.Count, want.From), v.hint
	if len(unknown) > 0 && !c.Pass {
		c.Reason += "; cannot tell who " + strings.Join(unknown, " and ") + " is"
		c.Hint = whoIs
	}
	return []Condition{c}
}

// ruledOut gives the persons whose approval does not count, or says why nobody can tell who they are.
func ruledOut(in Input) (excluded []string, why, hint string) {
	names := slices.DeleteFunc(slices.Clone(in.Placement.Gates.Approvals.Exclude), func(n string) bool { return n == environments.SourceAuthors })
	excluded, unknown := resolve(names, in.Groups)
	switch {
	case len(unknown) > 0:
		return nil, fmt.Sprintf("cannot tell who %s is, so nobody can be ruled out", strings.Join(unknown, " and ")), whoIs
	case len(names) == len(in.Placement.Gates.Approvals.Exclude):
		return excluded, "", ""
	case in.Authors == nil || in.Authors.Unknown != "":
		why = "the release does not say who wrote it"
		if in.Authors != nil {
			why = in.Authors.Unknown
		}
		return nil, why + ", so none of its authors can be ruled out", submitWhole
	}
	return excluded, "", ""
}

const submitWhole = "submit the next release from a checkout with its whole history (in CI, without a depth)"

const whoIs = "let ferry's token read teams and commits, or name persons in ferry.yaml"

// resolve turns names of persons and groups into persons. A name that only a group can have and that nobody resolved is
// unknown.
func resolve(names []string, groups map[string][]string) (persons, unknown []string) {
	for _, name := range names {
		members, ok := groups[name]
		switch {
		case ok:
			persons = append(persons, members...)
		case strings.HasPrefix(name, "team/"):
			unknown = append(unknown, name)
		default:
			persons = append(persons, name)
		}
	}
	return persons, unknown
}

// votes are the decisions on a pull request, sorted by what they are worth.
type votes struct {
	head           Head
	from, excluded []string
	anyone         bool
	authors        *Authors // nil where they may approve

	approved []string
	objected []string
	void     []string // with the reason
	hint     string
}

// hear takes the newest decision of each person, oldest person first.
func (v *votes) hear(reviews []Review) {
	sorted := slices.Clone(reviews)
	slices.SortStableFunc(sorted, func(a, b Review) int { return a.Time.Compare(b.Time) })
	var newest []Review
	for _, r := range sorted {
		if r.Decision != Approved && r.Decision != ChangesRequested {
			continue
		}
		newest = slices.DeleteFunc(newest, func(o Review) bool { return strings.EqualFold(o.Author, r.Author) })
		newest = append(newest, r)
	}
	for _, r := range newest {
		v.judge(r)
	}
}

func (v *votes) judge(r Review) {
	switch why := v.worthless(r); {
	case why != "":
		v.void = append(v.void, r.Author+" ("+why+")")
	case r.Decision == ChangesRequested:
		v.objected = append(v.objected, r.Author)
	default:
		v.approved = append(v.approved, r.Author)
	}
}

// worthless says why a decision does not count, "" when it does.
func (v *votes) worthless(r Review) string {
	switch {
	case r.Author == "" || !v.anyone && !contains(v.from, r.Author):
		return "may not approve"
	case v.anyone && r.Outsider:
		return "may not write to the repository"
	case r.Decision == ChangesRequested:
		return ""
	case strings.EqualFold(r.Author, v.head.Author):
		return "opened the pull request"
	case contains(v.excluded, r.Author):
		return "is excluded"
	case v.authors != nil && v.authors.rulesOut(r.Author) != "":
		v.hint = v.authors.hint(r.Author)
		return v.authors.rulesOut(r.Author)
	case r.SHA != "":
		if r.SHA != v.head.ID && !slices.Contains(v.head.Same, r.SHA) {
			return "approved earlier content, " + short(r.SHA)
		}
	case v.head.Pushed.IsZero() || !r.Time.After(v.head.Pushed):
		// Without a commit only the time tells what was approved, and whole seconds do not tell it within one second.
		return "the forge does not tell what was approved, and it was not after the last push"
	}
	return ""
}

func contains(names []string, name string) bool {
	return slices.ContainsFunc(names, func(n string) bool { return strings.EqualFold(n, name) })
}

func (v *votes) sentence(need int, from []string) string {
	out := fmt.Sprintf("approvals: %d of %d", len(v.approved), need)
	if len(from) > 0 {
		out += " from " + strings.Join(from, ", ")
	}
	if len(v.approved) > 0 {
		out += ": " + strings.Join(v.approved, ", ")
	}
	if len(v.objected) > 0 {
		out += "; changes requested by " + strings.Join(v.objected, ", ")
	}
	if len(v.void) > 0 {
		out += "; not counted: " + strings.Join(v.void, ", ")
	}
	return out
}
