package fake

import (
	"cmp"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf16"

	"github.com/ferry-cd/ferry/scm/scmtest/hosttest"
)

const heads = "refs/heads/"

// pull is a pull request as it is kept. Its fields are for Fingerprint.
type pull struct {
	ID              int
	Status          string
	Title, Body     string
	Source, Target  string
	Draft           bool
	By              string
	Created, Closed time.Time
	ClosedBy        string
	Head, Merged    string
	Base            string `json:"-"`
	Labels          []string
	Reviewers       []*vote
	Threads         []*thread
	Iterations      []iteration
	Statuses        []status
	AutoBy          string
	Options         options
	Fork            bool

	mergeStatus string
	lag         int    // calls until the newest push is worked out
	completing  string // who completes it
	wait        int    // calls until that is done
}

type iteration struct {
	ID      int       `json:"id"`
	Created time.Time `json:"createdDate"`
	Head    ref       `json:"sourceRefCommit"`
}

type ref struct {
	ID string `json:"commitId"`
}

type options struct {
	Strategy     string `json:"mergeStrategy"`
	Message      string `json:"mergeCommitMessage"`
	DeleteSource bool   `json:"deleteSourceBranch"`
	WorkItems    bool   `json:"transitionWorkItems"`
}

// pass lets time go by: with every call the server gets on with what it was asked for before.
func (f *Fake) pass() {
	for _, p := range f.pulls {
		if p.Status != "active" {
			continue
		}
		f.notice(p)
		if p.completing == "" && p.AutoBy != "" && p.mergeStatus == "succeeded" && !p.Draft && len(f.unmet(p)) == 0 {
			p.completing, p.wait = p.AutoBy, f.Lag
		}
		if p.completing != "" && p.lag == 0 {
			if p.wait--; p.wait < 0 {
				f.complete(p)
			}
		}
	}
}

// notice works out where the branches are, after a while.
func (f *Fake) notice(p *pull) {
	head, there := f.Repo.Head(strings.TrimPrefix(p.Source, heads))
	base, _ := f.Repo.Head(strings.TrimPrefix(p.Target, heads))
	if !there || head == p.Head && base == p.Base {
		p.lag = 0
		return
	}
	if p.lag == 0 && f.Lag > 0 {
		p.lag, p.mergeStatus = f.Lag, "queued"
		return
	}
	if p.lag--; p.lag > 0 {
		return
	}
	p.lag = 0
	if head != p.Head {
		p.Head = head
		p.Iterations = append(p.Iterations, iteration{len(p.Iterations) + 1, f.now(), ref{head}})
		f.resetOnPush(p)
	}
	p.Base = base
	p.mergeStatus = f.mergeability(p)
}

func (f *Fake) mergeability(p *pull) string {
	if len(f.Repo.Conflicts(p.Base, p.Head)) > 0 {
		return "conflicts"
	}
	return "succeeded"
}

// complete merges what was asked to be.
func (f *Fake) complete(p *pull) {
	who := p.completing
	p.completing = ""
	if p.mergeStatus == "conflicts" {
		return
	}
	if len(f.unmet(p)) > 0 {
		p.mergeStatus = "rejectedByPolicy"
		return
	}
	method := map[string]string{"noFastForward": "merge", "squash": "squash", "rebase": "rebase", "": "merge"}[p.Options.Strategy]
	message := p.Options.Message
	if message == "" {
		message = fmt.Sprintf("Merged PR %d: %s", p.ID, p.Title)
	}
	sha, conflicts, err := f.Repo.Merge(strings.TrimPrefix(p.Target, heads), p.Head, method, message, who)
	if err != nil || conflicts != nil {
		p.mergeStatus = "conflicts"
		return
	}
	p.Status, p.Merged, p.ClosedBy, p.Closed, p.AutoBy = "completed", sha, who, f.now(), ""
	if p.Options.DeleteSource {
		f.Repo.DeleteBranch(strings.TrimPrefix(p.Source, heads))
	}
	f.note(p, who, "completed", "StatusUpdate", map[string]string{"CodeReviewStatus": "Completed"})
}

func (f *Fake) pullOf(a *ask) (*pull, error) {
	n, err := strconv.Atoi(a.PathValue("id"))
	for _, p := range f.pulls {
		if err == nil && p.ID == n {
			return p, nil
		}
	}
	return nil, &refusal{404, "GitPullRequestNotFoundException", "TF401180: The requested pull request was not found."}
}

func (f *Fake) listPulls(a *ask) (any, error) {
	q := a.URL.Query()
	status := q.Get("searchCriteria.status")
	if status == "" {
		status = "active"
	}
	if !slices.Contains([]string{"active", "completed", "abandoned", "all"}, status) {
		return nil, bad("The value of searchCriteria.status is not valid: %s", status)
	}
	var all []*pull
	for _, p := range f.pulls {
		// Names of branches are compared as the database does, without regard to case.
		if (status == "all" || status == p.Status) && matches(q.Get("searchCriteria.sourceRefName"), p.Source) && matches(q.Get("searchCriteria.targetRefName"), p.Target) {
			all = append(all, p)
		}
	}
	slices.SortFunc(all, func(a, b *pull) int { return cmp.Compare(b.ID, a.ID) })
	all, err := page(a, all, "$top", "$skip", 1000, 101)
	var out []map[string]any
	for _, p := range all {
		out = append(out, f.show(p, true))
	}
	return many(out), err
}

func matches(asked, is string) bool { return asked == "" || strings.EqualFold(asked, is) }

func (f *Fake) getPull(a *ask) (any, error) {
	p, err := f.pullOf(a)
	if err != nil {
		return nil, err
	}
	return f.show(p, false), nil
}

func checkText(title, body *string) error {
	switch {
	case title != nil && (strings.TrimSpace(*title) == "" || len(utf16.Encode([]rune(*title))) > 400):
		return bad("Invalid argument value. (Parameter 'Title')")
	case body != nil && len(utf16.Encode([]rune(*body))) > 4000:
		return bad("Invalid argument value. (Parameter 'A description for a pull request must not be longer than 4000 characters.')")
	}
	return nil
}

func (f *Fake) createPull(a *ask) (any, error) {
	var in struct {
		Source      string                      `json:"sourceRefName"`
		Target      string                      `json:"targetRefName"`
		Title       string                      `json:"title"`
		Description string                      `json:"description"`
		Draft       bool                        `json:"isDraft"`
		Labels      []struct{ Name, ID string } `json:"labels"`
		Reviewers   []struct{ ID string }       `json:"reviewers"`
	}
	if err := a.read(&in); err != nil {
		return nil, err
	}
	if err := checkText(&in.Title, &in.Description); err != nil {
		return nil, err
	}
	head, ok := f.Repo.Head(strings.TrimPrefix(in.Source, heads))
	base, there := f.Repo.Head(strings.TrimPrefix(in.Target, heads))
	if !ok || !there || !strings.HasPrefix(in.Source, heads) || !strings.HasPrefix(in.Target, heads) {
		return nil, &refusal{400, "GitPullRequestCannotBeActivated", "TF401398: The pull request cannot be activated because the source and/or the target branch no longer exists, or the requested refs are not branches"}
	}
	if f.active(in.Source, in.Target) != nil {
		return nil, &refusal{409, "GitPullRequestExistsException", "TF401179: An active pull request for the source and target branch already exists."}
	}
	p := &pull{ID: len(f.pulls) + 1, Status: "active", Title: in.Title, Body: in.Description, Source: in.Source, Target: in.Target, Draft: in.Draft,
		By: a.who, Created: f.now(), Head: head, Base: base}
	p.Iterations = []iteration{{1, f.now(), ref{head}}}
	for _, l := range in.Labels {
		if err := f.label(p, l.Name); err != nil {
			return nil, err
		}
	}
	for _, r := range in.Reviewers {
		if _, err := f.asked(p, r.ID); err != nil {
			return nil, err
		}
	}
	p.mergeStatus = f.mergeability(p)
	if f.Lag > 0 {
		p.lag, p.mergeStatus, p.Base = f.Lag, "queued", ""
	}
	f.pulls = append(f.pulls, p)
	return f.show(p, false), nil
}

func (f *Fake) active(source, target string) *pull {
	for _, p := range f.pulls {
		if p.Status == "active" && !p.Fork && p.Source == source && p.Target == target {
			return p
		}
	}
	return nil
}

// Fork opens a pull request from a fork whose branch has the same name.
func (f *Fake) Fork(source, target, head string) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.Host.Person("mallory", hosttest.Read)
	p := &pull{ID: len(f.pulls) + 1, Status: "active", Title: "From a fork", Source: heads + source, Target: heads + target, By: "mallory",
		Created: f.now(), Head: head, Fork: true, mergeStatus: "succeeded"}
	f.pulls = append(f.pulls, p)
	return p.ID
}

type edit struct {
	Status      *string  `json:"status"`
	Title       *string  `json:"title"`
	Description *string  `json:"description"`
	Draft       *bool    `json:"isDraft"`
	Options     *options `json:"completionOptions"`
	Auto        *struct {
		ID string `json:"id"`
	} `json:"autoCompleteSetBy"`
	Head *ref `json:"lastMergeSourceCommit"`
}

func (f *Fake) editPull(a *ask) (any, error) {
	p, err := f.pullOf(a)
	if err != nil {
		return nil, err
	}
	var in edit
	if err := a.read(&in); err != nil {
		return nil, err
	}
	if err := checkText(in.Title, in.Description); err != nil {
		return nil, err
	}
	reopens := in.Status != nil && *in.Status == "active" && p.Status == "abandoned"
	if p.Status != "active" && !reopens {
		return nil, &refusal{400, "GitPullRequestNotEditableException", "TF401181: The pull request cannot be edited due to its state."}
	}
	if in.Status != nil {
		if err := f.end(a, p, in); err != nil {
			return nil, err
		}
	}
	if err := f.change(a, p, in); err != nil {
		return nil, err
	}
	return f.show(p, false), nil
}

// change edits what can be at any time.
func (f *Fake) change(a *ask, p *pull, in edit) error {
	if in.Title != nil {
		p.Title = *in.Title
	}
	if in.Description != nil {
		p.Body = *in.Description
	}
	if in.Draft != nil {
		p.Draft = *in.Draft
	}
	if in.Options != nil {
		p.Options = *in.Options
	}
	if in.Auto == nil {
		return nil
	}
	switch in.Auto.ID {
	case guid(a.who):
		p.AutoBy = a.who
	case "00000000-0000-0000-0000-000000000000":
		p.AutoBy = ""
	default:
		return bad("Invalid argument value. (Parameter 'AutoCompleteSetBy')")
	}
	return nil
}

// end abandons, opens again or completes.
func (f *Fake) end(a *ask, p *pull, in edit) error {
	switch *in.Status {
	case "abandoned":
		p.Status, p.ClosedBy, p.Closed, p.AutoBy = "abandoned", a.who, f.now(), ""
		f.note(p, a.who, "abandoned", "StatusUpdate", map[string]string{"CodeReviewStatus": "Abandoned"})
	case "active":
		if _, there := f.Repo.Head(strings.TrimPrefix(p.Source, heads)); !there {
			return &refusal{400, "GitPullRequestCannotBeActivated", "TF401398: The pull request cannot be activated because the source and/or the target branch no longer exists, or the requested refs are not branches"}
		}
		if f.active(p.Source, p.Target) != nil {
			return &refusal{409, "GitPullRequestExistsException", "TF401179: An active pull request for the source and target branch already exists."}
		}
		p.Status, p.ClosedBy, p.Closed = "active", "", time.Time{}
		f.note(p, a.who, "reactivated", "StatusUpdate", map[string]string{"CodeReviewStatus": "Active"})
	case "completed":
		return f.startCompletion(a, p, in)
	default:
		return bad("Invalid argument value. (Parameter 'Status')")
	}
	return nil
}

func (f *Fake) startCompletion(a *ask, p *pull, in edit) error {
	head, _ := f.Repo.Head(strings.TrimPrefix(p.Source, heads))
	switch {
	case in.Head == nil:
		return bad("Invalid argument value. (Parameter 'LastMergeSourceCommit')")
	case in.Head.ID != head:
		return &refusal{409, "GitPullRequestStaleException", "TF401192: The source branch has been modified since the last merge attempt."}
	case p.Draft:
		return bad("Invalid argument value. A draft pull request cannot be completed. (Parameter 'Status')")
	}
	before := p.Options
	if in.Options != nil {
		p.Options = *in.Options
	}
	if len(f.unmet(p)) > 0 {
		p.Options = before
		return &refusal{http.StatusForbidden, "GitPullRequestUpdateRejectedByPolicyException", "The pull request cannot be completed because one or more branch policies are not satisfied."}
	}
	p.completing, p.wait = a.who, f.Lag
	if f.Lag == 0 {
		f.notice(p)
		f.complete(p)
	} else if p.mergeStatus == "succeeded" {
		p.mergeStatus, p.lag, p.Base = "queued", f.Lag, ""
	}
	return nil
}
