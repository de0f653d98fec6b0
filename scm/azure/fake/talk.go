package fake

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf16"

	"github.com/ferry-cd/ferry/scm/scmtest/hosttest"
)

type vote struct {
	Who  string // an account, or team/NAME
	Vote int
}

type thread struct {
	ID         int               `json:"id"`
	Comments   []*comment        `json:"comments"`
	Status     string            `json:"status,omitempty"`
	Properties map[string]any    `json:"properties,omitempty"`
	Identities map[string]person `json:"identities,omitempty"`
	Published  time.Time         `json:"publishedDate"`
	Deleted    bool              `json:"isDeleted"`
}

type comment struct {
	ID      int       `json:"id"`
	Parent  int       `json:"parentCommentId"`
	Content string    `json:"content"`
	Type    string    `json:"commentType"`
	Author  person    `json:"author"`
	At      time.Time `json:"publishedDate"`
	Deleted bool      `json:"isDeleted,omitempty"`
}

// note is what the server writes into the conversation by itself.
func (f *Fake) note(p *pull, who, text, kind string, properties map[string]string) {
	t := &thread{ID: f.next(), Published: f.now(), Properties: map[string]any{}, Identities: map[string]person{"1": f.person(who)}}
	t.Comments = []*comment{{ID: 1, Content: who + " " + text, Type: "system", Author: f.person(who), At: t.Published}}
	for k, v := range properties {
		t.Properties[k] = map[string]any{"$type": "System.String", "$value": v}
	}
	t.Properties["CodeReviewThreadType"] = map[string]any{"$type": "System.String", "$value": kind}
	p.Threads = append(p.Threads, t)
}

func (f *Fake) listThreads(a *ask) (any, error) {
	p, err := f.pullOf(a)
	if err != nil {
		return nil, err
	}
	return many(p.Threads), nil
}

func (f *Fake) openThread(a *ask) (any, error) {
	p, err := f.pullOf(a)
	if err != nil {
		return nil, err
	}
	var in struct {
		Comments []struct {
			Content string `json:"content"`
			Type    string `json:"commentType"`
		} `json:"comments"`
		Status     string         `json:"status"`
		Properties map[string]any `json:"properties"`
	}
	if err := a.read(&in); err != nil {
		return nil, err
	}
	if len(in.Comments) != 1 {
		return nil, bad("A thread starts with one comment.")
	}
	if err := checkComment(in.Comments[0].Content); err != nil {
		return nil, err
	}
	t := &thread{ID: f.next(), Status: in.Status, Properties: in.Properties, Published: f.now()}
	t.Comments = []*comment{{ID: 1, Content: in.Comments[0].Content, Type: "text", Author: f.person(a.who), At: t.Published}}
	p.Threads = append(p.Threads, t)
	return t, nil
}

func checkComment(text string) error {
	if n := len(utf16.Encode([]rune(text))); n == 0 || n > 150_000 {
		return bad("The comment content must have 1 to 150000 characters.")
	}
	return nil
}

// own finds a comment that the caller may change.
func (f *Fake) own(a *ask) (*comment, error) {
	p, err := f.pullOf(a)
	if err != nil {
		return nil, err
	}
	for _, t := range p.Threads {
		if strconv.Itoa(t.ID) != a.PathValue("thread") || a.PathValue("c") != "1" {
			continue
		}
		if t.Comments[0].Author.ID != guid(a.who) || t.Comments[0].Type == "system" {
			return nil, &refusal{403, "GitPullRequestCommentCannotBeUpdatedException", "TF401027: You do not have permission to edit this comment."}
		}
		return t.Comments[0], nil
	}
	return nil, &refusal{404, "GitPullRequestCommentThreadNotFoundException", "The comment thread was not found."}
}

func (f *Fake) editComment(a *ask) (any, error) {
	var in struct {
		Content string `json:"content"`
	}
	c, err := f.own(a)
	if err != nil {
		return nil, err
	}
	if err := a.read(&in); err != nil {
		return nil, err
	}
	if err := checkComment(in.Content); err != nil {
		return nil, err
	}
	c.Content = in.Content
	return c, nil
}

func (f *Fake) removeComment(a *ask) (any, error) {
	c, err := f.own(a)
	if err == nil {
		c.Content, c.Deleted = "", true
	}
	return map[string]any{}, err
}

var guidForm = regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$`)

// asked makes somebody a reviewer.
func (f *Fake) asked(p *pull, id string) (*vote, error) {
	if !guidForm.MatchString(id) {
		return nil, bad("The value %q is not a GUID.", id)
	}
	who := f.named(id)
	if who == "" || !strings.HasPrefix(who, teamPrefix) && f.Host.Role(who) < hosttest.Read {
		return nil, &refusal{400, "GitPullRequestInvalidReviewer", "TF401186: The reviewer " + id + " does not exist or may not see the repository."}
	}
	for _, v := range p.Reviewers {
		if v.Who == who {
			return v, nil
		}
	}
	v := &vote{Who: who}
	p.Reviewers = append(p.Reviewers, v)
	return v, nil
}

func (f *Fake) putReviewer(a *ask) (any, error) {
	p, err := f.pullOf(a)
	if err != nil {
		return nil, err
	}
	var in struct {
		ID   string `json:"id"`
		Vote int    `json:"vote"`
	}
	if err := a.read(&in); err != nil {
		return nil, err
	}
	id := a.PathValue("who")
	switch {
	case p.Status != "active":
		return nil, &refusal{400, "GitPullRequestNotEditableException", "TF401181: The pull request cannot be edited due to its state."}
	case !slices.Contains([]int{10, 5, 0, -5, -10}, in.Vote):
		return nil, bad("Invalid argument value. (Parameter 'vote')")
	case in.Vote != 0 && id != guid(a.who):
		return nil, &refusal{403, "GitPullRequestVoteException", "You can only vote for yourself."}
	case in.Vote != 0 && p.Draft:
		return nil, &refusal{400, "GitPullRequestDraftCannotVoteException", "A draft pull request cannot be voted on."}
	}
	v, err := f.asked(p, id)
	if err != nil {
		return nil, err
	}
	f.voted(p, v, in.Vote)
	return f.showReviewer(v), nil
}

func (f *Fake) resetVotes(a *ask) (any, error) {
	p, err := f.pullOf(a)
	if err != nil {
		return nil, err
	}
	var in []struct {
		ID   string `json:"id"`
		Vote int    `json:"vote"`
	}
	if err := a.read(&in); err != nil {
		return nil, err
	}
	for _, r := range in {
		if r.Vote != 0 {
			return nil, bad("Votes can only be reset.")
		}
		for _, v := range p.Reviewers {
			if idOf(v.Who) == r.ID {
				v.Vote = 0
			}
		}
	}
	f.note(p, a.who, "reset votes", "ResetMultipleVotes", nil)
	return map[string]any{}, nil
}

func (f *Fake) showReviewer(v *vote) map[string]any {
	who := f.person(v.Who)
	return map[string]any{"id": who.ID, "uniqueName": who.Name, "displayName": who.Display, "isContainer": who.Container, "vote": v.Vote,
		"hasDeclined": false, "isFlagged": false}
}

func (f *Fake) showReviewers(p *pull) []map[string]any {
	out := []map[string]any{}
	for _, v := range p.Reviewers {
		out = append(out, f.showReviewer(v))
	}
	return out
}

func showLabels(p *pull) []map[string]any {
	var out []map[string]any
	for _, name := range p.Labels {
		out = append(out, map[string]any{"id": guid("label " + name), "name": name, "active": true})
	}
	return out
}

// label adds one, in the spelling that the project knows it by.
func (f *Fake) label(p *pull, name string) error {
	name = strings.TrimSpace(name)
	if name == "" || strings.ContainsAny(name, ",;") || len(utf16.Encode([]rune(name))) > 400 {
		return &refusal{400, "GitPullRequestLabelNameInvalid", "The label name " + name + " is not valid."}
	}
	key := strings.ToLower(name)
	if f.spelling[key] == "" {
		f.spelling[key] = name
	}
	if !slices.Contains(p.Labels, f.spelling[key]) {
		p.Labels = append(p.Labels, f.spelling[key])
	}
	return nil
}

func (f *Fake) listLabels(a *ask) (any, error) {
	p, err := f.pullOf(a)
	if err != nil {
		return nil, err
	}
	return many(showLabels(p)), nil
}

func (f *Fake) addLabel(a *ask) (any, error) {
	p, err := f.pullOf(a)
	if err != nil {
		return nil, err
	}
	var in struct{ Name, ID string }
	if err := a.read(&in); err != nil {
		return nil, err
	}
	if err := f.label(p, in.Name); err != nil {
		return nil, err
	}
	name := f.spelling[strings.ToLower(strings.TrimSpace(in.Name))]
	return map[string]any{"id": guid("label " + name), "name": name, "active": true}, nil
}

func (f *Fake) removeLabel(a *ask) (any, error) {
	p, err := f.pullOf(a)
	if err != nil {
		return nil, err
	}
	before := len(p.Labels)
	p.Labels = slices.DeleteFunc(p.Labels, func(l string) bool {
		return strings.EqualFold(l, a.PathValue("label")) || guid("label "+l) == a.PathValue("label")
	})
	if len(p.Labels) == before {
		return nil, &refusal{404, "GitPullRequestLabelNotFoundException", "The label was not found."}
	}
	return map[string]any{}, nil
}

// Comments are what people said in a pull request, oldest first.
func (f *Fake) Comments(number int) []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	var out []string
	for _, t := range f.pulls[number-1].Threads {
		if t.Comments[0].Type == "text" && !t.Comments[0].Deleted {
			out = append(out, t.Comments[0].Content)
		}
	}
	return out
}

// Vote gives somebody's vote, as in the browser.
func (f *Fake) Vote(number int, who string, n int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	p := f.pulls[number-1]
	v, err := f.asked(p, guid(who))
	if err != nil {
		f.t.Fatal(err)
	}
	f.voted(p, v, n)
}

// voted keeps a vote, and notes it in the conversation where it is news.
func (f *Fake) voted(p *pull, v *vote, n int) {
	if n == v.Vote {
		return
	}
	v.Vote = n
	f.note(p, v.Who, "voted "+strconv.Itoa(n), "VoteUpdate", map[string]string{"CodeReviewVoteResult": strconv.Itoa(n),
		"CodeReviewVotedByIdentity": "1", "CodeReviewVotedByInitiatorIdentity": "1"})
}
