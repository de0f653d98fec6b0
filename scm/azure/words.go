package azure

import (
	"slices"
	"strings"
	"time"
	"unicode/utf16"

	"github.com/ferry-cd/ferry/scm"
)

const branches = "refs/heads/"

// pullRequest is one as the API has it, as far as it matters here.
type pullRequest struct {
	ID          int        `json:"pullRequestId"`
	Status      string     `json:"status"`
	Title       string     `json:"title"`
	Description string     `json:"description"`
	Source      string     `json:"sourceRefName"`
	Target      string     `json:"targetRefName"`
	Draft       bool       `json:"isDraft"`
	CreatedBy   identity   `json:"createdBy"`
	Created     time.Time  `json:"creationDate"`
	ClosedBy    *identity  `json:"closedBy"`
	Closed      time.Time  `json:"closedDate"`
	MergeStatus string     `json:"mergeStatus"`
	MergeText   string     `json:"mergeFailureMessage"`
	Head        commitRef  `json:"lastMergeSourceCommit"`
	Merge       commitRef  `json:"lastMergeCommit"`
	Reviewers   []reviewer `json:"reviewers"`
	Labels      []label    `json:"labels"`
	AutoSetBy   *identity  `json:"autoCompleteSetBy"`
	Fork        *struct{}  `json:"forkSource"`
	Repository  repository `json:"repository"`
}

type commitRef struct {
	ID string `json:"commitId"`
}

type repository struct {
	ID      string `json:"id"`
	Project struct {
		ID string `json:"id"`
	} `json:"project"`
}

// identity is a person, a service or a group.
type identity struct {
	ID        string `json:"id"`
	Name      string `json:"uniqueName"`
	Container bool   `json:"isContainer"`
	Display   string `json:"displayName"`
}

type reviewer struct {
	identity
	Vote     int  `json:"vote"`
	Declined bool `json:"hasDeclined"`
}

type label struct {
	ID     string `json:"id,omitempty"`
	Name   string `json:"name"`
	Active *bool  `json:"active,omitempty"`
}

// states of pull requests.
var states = map[string]scm.State{"active": scm.Open, "completed": scm.Merged, "abandoned": scm.Closed}

// wanted is the filter of a list for a state.
var wanted = map[scm.State]string{"": "all", scm.Open: "active", scm.Merged: "completed", scm.Closed: "abandoned"}

// The merge statuses that are told apart.
const (
	mergeQueued    = "queued"
	mergeUnset     = "notSet"
	mergeConflicts = "conflicts"
	mergeRejected  = "rejectedByPolicy"
	mergeFailed    = "failure"
)

// verdicts are what votes say: 10 approved, 5 approved with suggestions, -5 waits for the author, -10 rejected.
var verdicts = map[int]scm.Verdict{10: scm.Approved, 5: scm.Approved, -5: scm.ChangesRequested, -10: scm.ChangesRequested}

// votes are the verdicts that ferry gives.
var votes = map[scm.Verdict]int{scm.Approved: 10, scm.ChangesRequested: -5}

// strategies of a completion.
var strategies = map[scm.Method]string{"": "noFastForward", scm.MergeCommit: "noFastForward", scm.Squash: "squash", scm.Rebase: "rebase"}

// statusWords are the states of a status; notApplicable is neither good nor bad.
var statusWords = map[scm.StatusState]string{scm.Pending: "pending", scm.Success: "succeeded", scm.Failure: "failed", scm.Superseded: "notApplicable"}

// statusStates reads them back; an unknown word is no success.
var statusStates = map[string]scm.StatusState{"notSet": scm.Pending, "pending": scm.Pending, "succeeded": scm.Success,
	"failed": scm.Failure, "error": scm.Failure, "notApplicable": scm.Superseded}

// word is a pull request in the words of scm, as far as the API told it in one answer.
func (c *Client) word(p pullRequest) scm.PullRequest {
	pr := scm.PullRequest{
		Number: p.ID, URL: c.url(p.ID), State: states[p.Status], Head: strings.TrimPrefix(p.Source, branches),
		Base: strings.TrimPrefix(p.Target, branches), HeadSHA: p.Head.ID, Title: p.Title, Body: p.Description,
		Labels: labelNames(p.Labels), Draft: p.Draft, Author: p.CreatedBy.Name, Reviewers: c.reviewers(p), Created: p.Created,
	}
	switch pr.State {
	case scm.Open:
		pr.Conflict, pr.Queued = p.MergeStatus == mergeConflicts, p.AutoSetBy != nil
		return pr
	case scm.Merged:
		pr.MergeCommit = p.Merge.ID
	}
	pr.Closed = p.Closed
	if p.ClosedBy != nil {
		pr.ClosedBy = p.ClosedBy.Name
	}
	return pr
}

// reviewers are named as they are asked for: teams by their last name, without the project.
func (c *Client) reviewers(p pullRequest) []string {
	var names []string
	for _, r := range p.Reviewers {
		name := r.Name
		if r.Container {
			_, name, _ = strings.Cut(r.Display, `]\`)
			name = teamPrefix + name
		}
		names = append(names, name)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

func labelNames(labels []label) []string {
	var names []string
	for _, l := range labels {
		if l.Active == nil || *l.Active {
			names = append(names, l.Name)
		}
	}
	slices.Sort(names)
	return names
}

// cut makes a proposal as it will be stored here.
func cut(p scm.Proposal, l scm.Limits) scm.Proposal {
	for i, name := range p.Labels {
		// What tags are separated by in the rest of the product is refused in a label.
		p.Labels[i] = strings.NewReplacer(",", " ", ";", " ").Replace(name)
	}
	return p.Cut(l)
}

// size is the length of a text as the server counts it.
func size(s string) int {
	n := 0
	for _, r := range s {
		n += utf16.RuneLen(r)
	}
	return n
}
