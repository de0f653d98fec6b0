package fake

import (
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

type status struct {
	ID        int       `json:"id"`
	State     string    `json:"state"`
	Text      string    `json:"description,omitempty"`
	URL       string    `json:"targetUrl,omitempty"`
	Context   context   `json:"context"`
	Created   time.Time `json:"creationDate"`
	By        person    `json:"createdBy"`
	Iteration int       `json:"iterationId,omitempty"`
}

type context struct {
	Genre string `json:"genre,omitempty"`
	Name  string `json:"name"`
}

// posted reads a status from a call.
func (f *Fake) posted(a *ask) (status, error) {
	var in struct {
		State     string  `json:"state"`
		Text      string  `json:"description"`
		URL       string  `json:"targetUrl"`
		Context   context `json:"context"`
		Iteration int     `json:"iterationId"`
	}
	if err := a.read(&in); err != nil {
		return status{}, err
	}
	u, err := url.Parse(in.URL)
	switch {
	case in.Context.Name == "":
		return status{}, bad("Invalid argument value. (Parameter 'Context.Name')")
	case !slices.Contains([]string{"notSet", "notApplicable", "pending", "succeeded", "failed", "error"}, in.State):
		return status{}, bad("Invalid argument value. (Parameter 'State')")
	case in.URL != "" && (err != nil || !u.IsAbs()):
		return status{}, bad("Invalid argument value. (Parameter 'TargetUrl')")
	}
	return status{f.next(), in.State, in.Text, in.URL, in.Context, f.now(), f.person(a.who), in.Iteration}, nil
}

func (f *Fake) postCommitStatus(a *ask) (any, error) {
	sha := a.PathValue("sha")
	if !f.Repo.Has(sha) {
		return nil, &refusal{404, "GitCommitDoesNotExistException", "TF401175: The commit " + sha + " does not exist in the repository."}
	}
	s, err := f.posted(a)
	if err == nil {
		f.statuses[sha] = append(f.statuses[sha], s)
	}
	return s, err
}

func (f *Fake) commitStatuses(a *ask) (any, error) {
	sha := a.PathValue("sha")
	if !f.Repo.Has(sha) {
		return nil, &refusal{404, "GitCommitDoesNotExistException", "TF401175: The commit " + sha + " does not exist in the repository."}
	}
	all := slices.Clone(f.statuses[sha])
	slices.Reverse(all)
	all, err := page(a, all, "top", "skip", 1000, 1000)
	return many(all), err
}

func (f *Fake) pullStatuses(a *ask) (any, error) {
	p, err := f.pullOf(a)
	if err != nil {
		return nil, err
	}
	return many(p.Statuses), nil
}

func (f *Fake) postPullStatus(a *ask) (any, error) {
	p, err := f.pullOf(a)
	if err != nil {
		return nil, err
	}
	s, err := f.posted(a)
	if err != nil {
		return nil, err
	}
	if s.Iteration == 0 && slices.ContainsFunc(f.over(p.Target), func(r policy) bool { return r.invalidates(s.Context) }) {
		return nil, &refusal{403, "GitPullRequestStatusRejectedByPolicyException", "The status cannot be posted to the pull request, because a policy requires it to be posted on an iteration."}
	}
	if s.Iteration > len(p.Iterations) {
		return nil, &refusal{404, "GitPullRequestIterationNotFoundException", "The iteration was not found."}
	}
	p.Statuses = append(p.Statuses, s)
	return s, nil
}

// policy of branches.
type policy struct {
	ID       int            `json:"id"`
	Enabled  bool           `json:"isEnabled"`
	Blocking bool           `json:"isBlocking"`
	Deleted  bool           `json:"isDeleted"`
	Type     kind           `json:"type"`
	Settings map[string]any `json:"settings"`
}

type kind struct {
	ID   string `json:"id"`
	Name string `json:"displayName"`
}

var (
	reviewers = kind{"fa4e907d-c16b-4a4c-9dfa-4906e5d171dd", "Minimum number of reviewers"}
	statusOf  = kind{"cbdc66da-9728-4af8-aada-9a5a32e4a226", "Status"}
	strategy  = kind{"fa4e907d-c16b-4a4c-9dfa-4916e5d171ab", "Require a merge strategy"}
)

// Approvals asks for so many before something is merged into a branch ("release/*" for all below); they are reset when
// the head moves. Where paths are given, it is about pull requests that touch them.
func (f *Fake) Approvals(branch string, n int, reset bool, paths ...string) {
	f.rule(branch, reviewers, map[string]any{"minimumApproverCount": n, "creatorVoteCounts": false, "allowDownvotes": false, "resetOnSourcePush": reset,
		"filenamePatterns": paths})
}

// RequireStatus asks for a status on a pull request, on its newest iteration.
func (f *Fake) RequireStatus(branch, genre, name string) {
	f.rule(branch, statusOf, map[string]any{"statusName": name, "statusGenre": genre, "invalidateOnSourceUpdate": true})
}

// Strategies allows only some: allowSquash, allowRebase, allowNoFastForward.
func (f *Fake) Strategies(branch string, allowed ...string) {
	settings := map[string]any{}
	for _, a := range allowed {
		settings[a] = true
	}
	f.rule(branch, strategy, settings)
}

func (f *Fake) rule(branch string, k kind, settings map[string]any) {
	f.mu.Lock()
	defer f.mu.Unlock()
	match := "Exact"
	if below, ok := strings.CutSuffix(branch, "*"); ok {
		branch, match = below, "Prefix"
	}
	settings["scope"] = []any{map[string]any{"refName": heads + branch, "matchKind": match, "repositoryId": guid(Repository)}}
	f.policies = append(f.policies, policy{f.next(), true, true, false, k, settings})
}

// covers tells whether a policy is about a ref.
func (r policy) covers(name string) bool {
	scope := r.Settings["scope"].([]any)[0].(map[string]any)
	at := scope["refName"].(string)
	return at == name || scope["matchKind"] == "Prefix" && strings.HasPrefix(name, at)
}

func (r policy) invalidates(c context) bool {
	return r.Type == statusOf && r.Settings["invalidateOnSourceUpdate"] == true && r.Settings["statusName"] == c.Name && r.Settings["statusGenre"] == c.Genre
}

func (f *Fake) over(name string) []policy {
	var out []policy
	for _, r := range f.policies {
		if r.covers(name) {
			out = append(out, r)
		}
	}
	return out
}

// configurations come in pages that name the next one.
func (f *Fake) configurations(a *ask) (any, error) {
	all := f.over(a.URL.Query().Get("refName"))
	from, _ := strconv.Atoi(a.URL.Query().Get("continuationToken"))
	top, err := strconv.Atoi(a.URL.Query().Get("$top"))
	if err != nil || top < 1 {
		top = 100
	}
	end := min(from+top, len(all))
	if end < len(all) {
		a.header.Set("X-MS-ContinuationToken", strconv.Itoa(end))
	}
	return many(all[min(from, end):end]), nil
}

// verdict of a policy on a pull request.
func (f *Fake) verdict(r policy, p *pull) string {
	switch r.Type {
	case reviewers:
		return votesOn(r, p)
	case statusOf:
		return statusOn(r, p)
	case strategy:
		allows := map[string]string{"noFastForward": "allowNoFastForward", "": "allowNoFastForward", "squash": "allowSquash", "rebase": "allowRebase"}
		if p.completing == "" && p.Options.Strategy == "" || r.Settings[allows[p.Options.Strategy]] == true {
			return "approved"
		}
		return "rejected"
	}
	return "notApplicable"
}

func votesOn(r policy, p *pull) string {
	have := 0
	for _, v := range p.Reviewers {
		switch {
		case v.Vote < 0:
			return "rejected"
		case v.Vote > 0 && v.Who != p.By:
			have++
		}
	}
	if have >= r.Settings["minimumApproverCount"].(int) {
		return "approved"
	}
	return "queued"
}

func statusOn(r policy, p *pull) string {
	for _, s := range slices.Backward(p.Statuses) {
		if s.Context.Name != r.Settings["statusName"] || s.Context.Genre != r.Settings["statusGenre"] {
			continue
		}
		if r.Settings["invalidateOnSourceUpdate"] == true && s.Iteration != len(p.Iterations) {
			continue
		}
		switch s.State {
		case "succeeded":
			return "approved"
		case "notApplicable":
			return "notApplicable"
		case "failed", "error":
			return "rejected"
		}
		return "queued"
	}
	return "queued"
}

// unmet are the policies that hold a pull request up.
func (f *Fake) unmet(p *pull) []policy {
	return slices.DeleteFunc(f.over(p.Target), func(r policy) bool { return slices.Contains([]string{"approved", "notApplicable"}, f.verdict(r, p)) })
}

func (f *Fake) evaluations(a *ask) (any, error) {
	artifact := a.URL.Query().Get("artifactId")
	var out []map[string]any
	for _, p := range f.pulls {
		if artifact != fmt.Sprintf("vstfs:///CodeReview/CodeReviewId/%s/%d", guid(Project), p.ID) {
			continue
		}
		for _, r := range f.over(p.Target) {
			out = append(out, map[string]any{"evaluationId": guid(fmt.Sprint(p.ID, r.ID)), "status": f.verdict(r, p), "configuration": r})
		}
	}
	out, err := page(a, out, "$top", "$skip", 1000, 100)
	return many(out), err
}

// resetOnPush drops approvals where a policy says so.
func (f *Fake) resetOnPush(p *pull) {
	for _, r := range f.over(p.Target) {
		if r.Type != reviewers || r.Settings["resetOnSourcePush"] != true {
			continue
		}
		for _, v := range p.Reviewers {
			v.Vote = min(v.Vote, 0)
		}
	}
}
