package setup

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/ferry-cd/ferry/environments"
	"github.com/ferry-cd/ferry/release"
	"github.com/ferry-cd/ferry/scm"
)

const (
	soon    = 14 * 24 * time.Hour // a token that ends within is told
	skewed  = time.Minute         // clocks that differ by more judge windows and soak times wrongly
	jobUser = "app/github-actions"
)

// forge asks who ferry is and what it may do; false where nothing else could be asked.
func (e *examination) forge(ctx context.Context) bool {
	if e.Forge == nil {
		e.add("forge-unknown", Bad, "nobody knows on which kind of forge the repository lies", e.Remote+": its host does not tell",
			"say --forge, or forge: {kind: ...} in ferry.yaml; docs/forges.md lists the kinds")
		return e.Promoter != nil
	}
	var err error
	if e.self, err = e.Forge.Self(ctx); err != nil {
		f := refusedToken(err)
		if !errors.Is(err, scm.ErrUnauthorized) {
			f.ID, f.What, f.Fix = "forge-unreachable", "the forge does not answer", hintOf(err, "look at its address, the proxy (HTTPS_PROXY) and its certificate (FERRY_CA_BUNDLE)")
		}
		e.found = append(e.found, f)
		return false
	}
	if e.self == jobUser || e.self == "github-actions[bot]" {
		e.add("job-token", Warning, "ferry works with the token of a GitHub Actions job", "pull requests that it opens start no workflows, so required checks of others never come; and it may approve nothing",
			"use a GitHub App's token: docs/forges.md")
	}
	e.permissions(ctx)
	e.clock(ctx)
	return true
}

func (e *examination) permissions(ctx context.Context) {
	asked, ok := e.Forge.(scm.Permitted)
	if !ok {
		return
	}
	p, err := asked.Permissions(ctx)
	if err != nil {
		e.add("permissions", Warning, "the forge does not tell what ferry's token may do", err.Error(), hintOf(err, "docs/forges.md says which permissions it needs"))
		return
	}
	for _, missing := range p.Missing {
		e.add("permission-missing", Bad, "ferry's token lacks "+missing, "without it a promotion fails half-way", "give it to the token; docs/forges.md lists all that it needs")
	}
	if p.Admin {
		e.add("token-too-strong", Warning, "ferry's token is an administrator's", "whoever gets hold of it can change the rules that protect environments", "give it the permissions of docs/forges.md, and no more")
	}
	if at, err := time.Parse(time.RFC3339, p.Expires); err == nil && at.Sub(e.Now) < soon && at.Sub(e.Now) > 2*time.Hour { // shorter ones are made for one run
		e.add("token-expires", Warning, "ferry's token ends on "+at.Format("2006-01-02"), "promotions stop then", "make a new one before")
	}
}

func (e *examination) clock(ctx context.Context) {
	if e.Time == nil {
		return
	}
	theirs, err := e.Time(ctx)
	if d := e.Now.Sub(theirs).Abs(); err == nil && d > skewed {
		e.add("clock", Bad, fmt.Sprintf("the clock of this machine differs from the forge's by %s", d.Round(time.Second)), "windows, freezes, soak times and tokens of Apps are judged by it", "let the machine follow a time server")
	}
}

// rules asks what the branches want.
func (e *examination) rules(ctx context.Context) {
	ruler, ok := e.Forge.(scm.Ruler)
	if !ok {
		return
	}
	for i, branch := range e.bases() {
		r, err := ruler.Rules(ctx, branch)
		if err != nil {
			e.add("rules-unknown", Warning, "the rules of "+branch+" cannot be read", err.Error(), "let the token read the branch's rules, or look at them yourself")
			continue
		}
		e.protection(branch, i == 0, r)
		e.queue(branch, r)
		e.direct(branch, r)
	}
	for _, branch := range e.own() {
		if r, err := ruler.Rules(ctx, branch); err == nil && r.Protected && !r.Bypass && !r.MergesOnly {
			e.add("own-branch-protected", Bad, branch+" is protected", "ferry pushes to it, and the forge will refuse that", "leave ferry/** , "+release.StateBranch+" and "+release.SourcesBranch+" out of the rule, or let ferry pass it")
		}
	}
}

func (e *examination) protection(branch string, configuration bool, r scm.Rules) {
	if !r.Protected {
		if r.MergesOnly {
			return // a rule would change nothing about it
		}
		what := "the manifests"
		if configuration {
			what = "ferry.yaml, and with it every gate"
		}
		e.add("unprotected", Warning, branch+" is not protected", "whoever may push can change "+what+" without a review", "protect it: pull requests only")
		return
	}
	if r.Bypass {
		e.add("bypass", Warning, "ferry's token may pass the rules of "+branch, "the rules that guard environments then hold for people alone", "take ferry out of those who may pass them")
	}
	if r.Signed && !e.Signs {
		e.add("unsigned", Bad, branch+" takes signed commits only", "ferry's commits are not signed", "give ferry a key (FERRY_SIGNING_KEY) or a GitHub App, whose commits GitHub signs: docs/forges.md")
	}
	if r.Signed && len(r.Methods) > 0 && !slices.Contains(r.Methods, scm.MergeCommit) && !slices.Contains(r.Methods, scm.Squash) {
		e.add("merge-methods", Bad, "nothing can be merged into "+branch, "it takes signed commits only, and the one way to merge that is allowed, rebase, makes commits that nobody signs", "allow merge commits or squashing")
	}
	if !slices.Contains(r.Statuses, release.GatesContext) && !r.Pipeline {
		for _, p := range e.on(branch) {
			if p.Merge == environments.Review && (len(p.Gates.Windows) > 0 || len(p.Gates.Freezes) > 0 || p.Gates.Approvals.Count > 0) {
				e.add("gates-not-required", Warning, "people can merge into "+p.Environment+" before its gates pass", "merge is review, and the status "+release.GatesContext+" is not required on "+branch,
					"make "+release.GatesContext+" a required status of "+branch)
			}
		}
	}
}

// queue looks at what a forge may merge by itself later than ferry let it in.
func (e *examination) queue(branch string, r scm.Rules) {
	if !r.Queue || slices.Contains(r.Statuses, release.GatesContext) {
		return
	}
	fix := "make " + release.GatesContext + " a required status of " + branch + ", and answer for what the queue makes: a job on merge groups that runs ferry gates --commit"
	if r.Pipeline { // then no status is asked for by name, and nobody can tell what the pipeline does
		fix = "let a job of the pipeline that the queue waits for run ferry gates --commit"
	}
	for _, p := range e.on(branch) {
		if times := p.Gates.Calendars(); p.PullRequest && len(times) > 0 {
			e.add("queue-outlasts-calendar", Warning, "the queue of "+branch+" may merge into "+p.Environment+" when its "+strings.Join(times, " and ")+" say no",
				"ferry hands over what may be merged at that moment; the forge merges it when its turn comes, and asks nobody", fix)
		}
	}
}

// direct looks at environments that are written without pull requests.
func (e *examination) direct(branch string, r scm.Rules) {
	for _, p := range e.on(branch) {
		if !p.PullRequest && r.Protected && !r.Bypass && !r.MergesOnly {
			e.add("direct-into-protected", Bad, p.Environment+" is written straight to "+branch+", which is protected", "pullRequest is false there, and the forge refuses pushes", "let the environment use pull requests with merge: auto, or a branch of its own")
		}
	}
}

// on gives what lies on a branch.
func (e *examination) on(branch string) []environments.Placement {
	return slices.DeleteFunc(e.placements(), func(p environments.Placement) bool {
		return p.Branch != branch && !(p.Branch == "" && branch == e.snapshot.DefaultBranch)
	})
}

// people looks at everyone whom ferry.yaml names.
func (e *examination) people(ctx context.Context) {
	writers := e.writers(ctx)
	for _, p := range e.placements() {
		for _, name := range slices.Concat(p.Reviewers, p.Assignees) {
			if team, ok := strings.CutPrefix(name, "team/"); ok {
				e.team(ctx, team, p.Environment+" asks it to review", Warning)
			} else if may, asked := writers[name]; asked && !may {
				e.add("reviewer-unknown", Warning, name+" cannot review: "+p.Environment+" asks for it", "there is no such account on the forge, or it may not write here", "look at reviewers and assignees in ferry.yaml")
			}
		}
		e.approvers(ctx, p, writers)
	}
	for _, o := range e.snapshot.Config.Overrides {
		for _, name := range o.By {
			if may, asked := writers[name]; asked && !may {
				e.add("override-unknown", Warning, name+" may pass gates, says ferry.yaml, but is nobody here", "there is no such account on the forge, or it may not write here; whoever takes the name could", "look at overrides in ferry.yaml")
			}
		}
	}
}

// approvers tells whether an environment's approvals can ever come.
func (e *examination) approvers(ctx context.Context, p environments.Placement, writers map[string]bool) {
	a := p.Gates.Approvals
	if a.Count == 0 || len(a.From) == 0 {
		return
	}
	able := map[string]bool{}
	for _, name := range a.From {
		team, isTeam := strings.CutPrefix(name, "team/")
		if !isTeam {
			if may, asked := writers[name]; may || !asked {
				able[name] = true
			}
			continue
		}
		members, known := e.team(ctx, team, p.Environment+" waits for its approval", Bad)
		if !known {
			return
		}
		for _, m := range members {
			able[m] = true
		}
	}
	for _, name := range a.Exclude {
		delete(able, name)
	}
	delete(able, e.self)
	if len(able) < a.Count {
		e.add("approvals-impossible", Bad, fmt.Sprintf("%s waits for %s, and %d can give one", p.Environment, quantity(a.Count, "approval"), len(able)), "those named in approvals.from are not on the forge, may not write, or are excluded",
			"look at gates.approvals of "+p.Environment)
	}
}

// team reads a team; false where that cannot be done.
func (e *examination) team(ctx context.Context, team, why string, s Severity) ([]string, bool) {
	known, ok := e.Forge.(scm.Teams)
	if !ok {
		return nil, false
	}
	members, err := known.Members(ctx, team)
	if errors.Is(err, scm.ErrNotFound) {
		e.add("team-unknown", s, "there is no team "+team+", or ferry's token may not see it", why, "look at its name, and let the token read teams: docs/forges.md")
	}
	return members, err == nil
}

// writers asks about every person whom ferry.yaml names, where the forge tells.
func (e *examination) writers(ctx context.Context) map[string]bool {
	asked, ok := e.Forge.(scm.People)
	if !ok {
		return nil
	}
	var names []string
	for _, p := range e.placements() {
		names = slices.Concat(names, p.Reviewers, p.Assignees, p.Gates.Approvals.From)
	}
	for _, o := range e.snapshot.Config.Overrides {
		names = append(names, o.By...)
	}
	slices.Sort(names)
	names = slices.DeleteFunc(slices.Compact(names), func(n string) bool { return strings.Contains(n, "/") })
	writers, err := asked.MayWrite(ctx, names)
	if err != nil {
		e.add("people-unknown", Warning, "the forge does not tell who may write", err.Error(), "let the token read the repository's members")
	}
	return writers
}

// names looks at what has to fit into the forge.
func (e *examination) names() {
	if e.Forge == nil {
		return
	}
	limits := e.Forge.Limits()
	for _, p := range e.placements() {
		if b := release.PromotionBranch(p.Environment, p.Unit); limits.Branch > 0 && utf8.RuneCountInString(b) > limits.Branch {
			e.add("name-too-long", Bad, "the branch "+b+" is longer than the forge takes", fmt.Sprintf("it takes %d characters", limits.Branch), "shorten the name of the app or of the environment")
		}
		for _, l := range p.Labels {
			if limits.Label > 0 && utf8.RuneCountInString(l) > limits.Label {
				e.add("label-too-long", Warning, "the label "+l+" is longer than the forge takes", fmt.Sprintf("it takes %d characters", limits.Label), "shorten it")
			}
		}
	}
}
