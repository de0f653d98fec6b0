package gitlab

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/xanzy/go-gitlab"

	"github.com/ferry-cd/ferry/scm"
)

// changesRequested is how GitLab calls the state of a reviewer who asked for changes.
const changesRequested = "requested_changes"

// What GitLab itself notes in the conversation when somebody gives a verdict.
const (
	approvedNote = "approved this merge request"
	objectedNote = "requested changes"
)

// verdictMark is in a note that goes with an approval or a refusal; those have no text of their own.
func verdictMark(v scm.Verdict) string { return "<!-- ferry:review:" + string(v) + " -->" }

// approval is who approves and since when. The library does not know approved_at, which servers tell since 17.
type approval struct {
	User *gitlab.BasicUser `json:"user"`
	At   *time.Time        `json:"approved_at"`
}

func (c *Client) approvals(ctx context.Context, number int) ([]approval, error) {
	if number < 1 {
		return nil, scm.ErrNotFound
	}
	req, err := c.api.NewRequest(http.MethodGet, fmt.Sprintf("projects/%s/merge_requests/%d/approvals", gitlab.PathEscape(c.pid), number), nil,
		[]gitlab.RequestOptionFunc{with(ctx)})
	if err != nil {
		return nil, err
	}
	var said struct {
		ApprovedBy []approval `json:"approved_by"`
	}
	if _, err := c.api.Do(req, &said); err != nil {
		return nil, c.meaning(err)
	}
	return slices.DeleteFunc(said.ApprovedBy, func(a approval) bool { return a.User == nil }), nil
}

// Reviews implements scm.Client: who approves now, who asks for changes now, and what was said. GitLab keeps no earlier
// verdict, and not the commit that was looked at: it is the head that was the newest at that time.
func (c *Client) Reviews(ctx context.Context, number int) ([]scm.Review, error) {
	out, err := c.reviews(ctx, number)
	if err != nil {
		return nil, c.aboutMR("read the reviews of", number, err)
	}
	return out, nil
}

func (c *Client) reviews(ctx context.Context, number int) ([]scm.Review, error) {
	notes, err := c.notes(ctx, number)
	if err != nil {
		return nil, err
	}
	given, ids, err := c.verdicts(ctx, number, notes)
	if err != nil {
		return nil, err
	}
	for _, n := range slices.Backward(notes) {
		if r, ok := comment(n, given); ok {
			given = append(given, r)
			ids[r.Author] = n.Author.ID
		}
	}
	writers, err := c.writers(ctx, values(ids))
	if err != nil {
		return nil, err
	}
	versions, err := c.versions(ctx, number)
	if err != nil {
		return nil, err
	}
	for i, r := range given {
		given[i].Writer, given[i].SHA = writers[ids[r.Author]], headAt(versions, r.Time)
	}
	slices.SortStableFunc(given, func(a, b scm.Review) int { return a.Time.Compare(b.Time) })
	return given, nil
}

// verdicts gives each person's verdict as it is now, and the ids of those people.
func (c *Client) verdicts(ctx context.Context, number int, notes []*gitlab.Note) ([]scm.Review, map[string]int, error) {
	approvals, err := c.approvals(ctx, number)
	if err != nil {
		return nil, nil, err
	}
	reviewers, _, err := c.api.MergeRequests.GetMergeRequestReviewers(c.pid, number, with(ctx))
	if err != nil && !absent(err) {
		return nil, nil, c.meaning(err)
	}
	ids := map[string]int{}
	var out []scm.Review
	for _, a := range approvals {
		r := scm.Review{Author: a.User.Username, Verdict: scm.Approved, Time: when(a.At)}
		if r.Time.IsZero() {
			r.Time = noted(notes, r.Author, approvedNote)
		}
		out, ids[r.Author] = append(out, withBody(r, notes)), a.User.ID
	}
	for _, v := range reviewers {
		if v.State != changesRequested || v.User == nil {
			continue
		}
		r := scm.Review{Author: v.User.Username, Verdict: scm.ChangesRequested, Time: noted(notes, v.User.Username, objectedNote)}
		if r.Time.IsZero() {
			r.Time = when(v.CreatedAt)
		}
		// Who asks for changes does not approve, whatever else GitLab lists.
		out = slices.DeleteFunc(out, func(a scm.Review) bool { return a.Author == r.Author })
		out, ids[r.Author] = append(out, withBody(r, notes)), v.User.ID
	}
	return out, ids, nil
}

// noted is when GitLab itself last noted that somebody did something; zero where it did not.
func noted(notes []*gitlab.Note, author, did string) time.Time {
	for _, n := range notes {
		if n.System && n.Author.Username == author && strings.HasPrefix(strings.ToLower(n.Body), did) {
			return when(n.CreatedAt)
		}
	}
	return time.Time{}
}

// withBody adds the newest text that its author gave with the verdict.
func withBody(r scm.Review, notes []*gitlab.Note) scm.Review {
	for _, n := range notes {
		if !n.System && n.Author.Username == r.Author && line(n.Body, verdictMark(r.Verdict)) {
			r.Body = withoutMark(n.Body, verdictMark(r.Verdict))
			return r
		}
	}
	return r
}

func withoutMark(body, mark string) string {
	return strings.TrimSpace(strings.Replace(asRead(body), mark, "", 1))
}

// comment makes a review of a note, unless it is GitLab's, says why ferry closed something, or goes with a verdict that
// stands.
func comment(n *gitlab.Note, given []scm.Review) (scm.Review, bool) {
	if n.System || line(n.Body, reasonMark) {
		return scm.Review{}, false
	}
	r := scm.Review{Author: n.Author.Username, Verdict: scm.Commented, Body: asRead(n.Body), Time: when(n.CreatedAt)}
	for _, v := range []scm.Verdict{scm.Approved, scm.ChangesRequested} {
		if mark := verdictMark(v); line(n.Body, mark) {
			r.Body = withoutMark(n.Body, mark)
			stands := slices.ContainsFunc(given, func(g scm.Review) bool { return g.Author == r.Author && g.Verdict == v && g.Body == r.Body })
			return r, !stands
		}
	}
	return r, true
}

func values(m map[string]int) []int {
	var out []int
	for _, v := range m {
		out = append(out, v)
	}
	return out
}

// Review implements scm.Reviewer.
func (c *Client) Review(ctx context.Context, number int, r scm.Review) (scm.Review, error) {
	out, err := c.review(ctx, number, r)
	if err != nil {
		return scm.Review{}, c.aboutMR("review", number, err)
	}
	return out, nil
}

func (c *Client) review(ctx context.Context, number int, r scm.Review) (scm.Review, error) {
	if !slices.Contains([]scm.Verdict{scm.Approved, scm.ChangesRequested, scm.Commented}, r.Verdict) {
		return scm.Review{}, fmt.Errorf("there is no verdict %q: %w", r.Verdict, scm.ErrInvalid)
	}
	mr, err := c.get(ctx, number)
	if err != nil {
		return scm.Review{}, err
	}
	me, err := c.me(ctx)
	if err != nil {
		return scm.Review{}, err
	}
	if err := reviewable(mr, me, r); err != nil {
		return scm.Review{}, err
	}
	notes, err := c.notes(ctx, number)
	if err != nil {
		return scm.Review{}, err
	}
	r.Author, r.Body, r.SHA, r.Time = me.Username, scm.Text(r.Body), "", time.Time{}
	switch r.Verdict {
	case scm.Approved:
		err = c.approve(ctx, mr, me, r, notes)
	case scm.ChangesRequested:
		err = c.object(ctx, mr, me, r, notes)
	default:
		var n *gitlab.Note
		if n, err = c.note(ctx, number, r.Body, notes); err == nil {
			r.Time = when(n.CreatedAt)
		}
	}
	return r, err
}

// reviewable refuses what the contract refuses; GitLab lets authors approve where the project does.
func reviewable(mr *gitlab.MergeRequest, me *gitlab.BasicUser, r scm.Review) error {
	switch {
	case r.SHA != "" && r.SHA != mr.SHA:
		return fmt.Errorf("the head is %s and not %s: %w", mr.SHA, r.SHA, scm.ErrConflict)
	case r.Verdict == scm.Commented && scm.Text(r.Body) == "":
		return fmt.Errorf("a comment without a word: %w", scm.ErrInvalid)
	case r.Verdict == scm.Commented:
		return nil
	case states[mr.State] != scm.Open:
		return fmt.Errorf("it is %s: %w", mr.State, scm.ErrConflict)
	case name(mr.Author) == me.Username:
		return fmt.Errorf("it is %s's own: %w", me.Username, scm.ErrForbidden)
	}
	return nil
}

// approve approves the head as it was read. An approval from before the head was pushed is given anew: it would not count.
func (c *Client) approve(ctx context.Context, mr *gitlab.MergeRequest, me *gitlab.BasicUser, r scm.Review, notes []*gitlab.Note) error {
	given, err := c.approvals(ctx, mr.IID)
	if err != nil {
		return err
	}
	if i := slices.IndexFunc(given, func(a approval) bool { return a.User.ID == me.ID }); i >= 0 {
		if stands, err := c.stands(ctx, mr, me, given[i], notes); stands || err != nil {
			return err
		}
		if _, err := c.api.MergeRequestApprovals.UnapproveMergeRequest(c.pid, mr.IID, with(ctx)); err != nil {
			return c.meaning(err)
		}
	}
	if err := c.giveApproval(ctx, mr, me); err != nil {
		return err
	}
	return c.giveWords(ctx, mr.IID, r, notes)
}

// stands tells whether an approval is of the head and its author has not asked for changes since.
func (c *Client) stands(ctx context.Context, mr *gitlab.MergeRequest, me *gitlab.BasicUser, a approval, notes []*gitlab.Note) (bool, error) {
	at := when(a.At)
	if at.IsZero() {
		at = noted(notes, me.Username, approvedNote)
	}
	pushed, err := c.headPushed(ctx, mr)
	if err != nil || !at.After(pushed) {
		return false, err
	}
	objects, err := c.objects(ctx, mr.IID, me)
	return !objects, err
}

func (c *Client) giveApproval(ctx context.Context, mr *gitlab.MergeRequest, me *gitlab.BasicUser) error {
	looked := true // by the caller, just now
	err := c.door.Settle(ctx, func(ctx context.Context) (bool, error) {
		if looked {
			looked = false
			return false, nil
		}
		given, err := c.approvals(ctx, mr.IID)
		return slices.ContainsFunc(given, func(a approval) bool { return a.User.ID == me.ID }), err
	}, func(ctx context.Context) error {
		_, _, err := c.api.MergeRequestApprovals.ApproveMergeRequest(c.pid, mr.IID, &gitlab.ApproveMergeRequestOptions{SHA: &mr.SHA}, with(ctx))
		return c.meaning(err)
	})
	if errors.Is(err, scm.ErrUnauthorized) { // which GitLab says to those who are known and may not
		return fmt.Errorf("%s may not approve it: %w", me.Username, scm.ErrForbidden)
	}
	return err
}

// giveWords puts the text of a verdict beside it.
func (c *Client) giveWords(ctx context.Context, number int, r scm.Review, notes []*gitlab.Note) error {
	if r.Body == "" {
		return nil
	}
	_, err := c.note(ctx, number, r.Body+"\n\n"+verdictMark(r.Verdict), notes)
	return err
}

// object asks for changes. Only a reviewer can, and REST knows no other way than a quick action, GitLab's own word in a
// note (https://docs.gitlab.com/user/project/quick_actions/); servers that do not know it keep silent, so the state is
// read back.
func (c *Client) object(ctx context.Context, mr *gitlab.MergeRequest, me *gitlab.BasicUser, r scm.Review, notes []*gitlab.Note) error {
	if done, err := c.objects(ctx, mr.IID, me); done || err != nil {
		return err
	}
	if ids := more(mr.Reviewers, []string{me.Username}, map[string]int{key(me.Username): me.ID}); ids != nil {
		if _, _, err := c.api.MergeRequests.UpdateMergeRequest(c.pid, mr.IID, &gitlab.UpdateMergeRequestOptions{ReviewerIDs: ids}, with(ctx)); err != nil {
			return c.meaning(err)
		}
	}
	words := inertWithin(scm.Cut(r.Body, maxNote-escapes), maxNote-escapes) + "\n\n" + verdictMark(r.Verdict)
	if _, err := c.command(ctx, mr.IID, words+"\n\n/request_changes", words, notes); err != nil {
		return err
	}
	done, err := c.objects(ctx, mr.IID, me)
	if err == nil && !done {
		err = fmt.Errorf("this GitLab did not take the request for changes; the comment stands: %w", scm.ErrInvalid)
	}
	return err
}

func (c *Client) objects(ctx context.Context, number int, me *gitlab.BasicUser) (bool, error) {
	reviewers, _, err := c.api.MergeRequests.GetMergeRequestReviewers(c.pid, number, with(ctx))
	return slices.ContainsFunc(reviewers, func(v *gitlab.MergeRequestReviewer) bool {
		return v.User != nil && v.User.ID == me.ID && v.State == changesRequested
	}), c.meaning(err)
}

// ResetApprovals implements scm.Resetter. GitLab lets only project and group tokens do that.
func (c *Client) ResetApprovals(ctx context.Context, number int, reason string) error {
	if err := c.reset(ctx, number, reason); err != nil {
		return c.aboutMR("reset the approvals of", number, err)
	}
	return nil
}

func (c *Client) reset(ctx context.Context, number int, reason string) error {
	given, err := c.approvals(ctx, number)
	if err != nil || len(given) == 0 {
		return err
	}
	_, err = c.api.MergeRequestApprovals.ResetApprovalsOfMergeRequest(c.pid, number, with(ctx))
	if says(err, http.StatusUnauthorized, "") {
		return fmt.Errorf("only a project or group token may: %w: %w", scm.ErrForbidden, err)
	}
	if err != nil || scm.Text(reason) == "" {
		return c.meaning(err)
	}
	notes, err := c.notes(ctx, number)
	if err == nil {
		_, err = c.note(ctx, number, reason, notes)
	}
	return err
}
