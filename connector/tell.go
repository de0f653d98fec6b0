package connector

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/ferry-cd/ferry/release"
	"github.com/ferry-cd/ferry/scm"
)

// tell hands over everything that should be said now. Older targets come first, so that of two that say something in one
// place, as on the source commit of one release, the newer one stays.
func (k *keeper) tell(ctx context.Context, all []judged, now time.Time) {
	letters := map[slot]*letter{}
	asked := map[string][]slot{}
	for _, j := range all {
		for _, l := range k.letters(ctx, j, now) {
			letters[l.slot] = l
			asked[j.name()] = append(asked[j.name()], l.slot)
		}
	}
	k.outbox.replace(letters)
	k.settle(all, asked, now)
	k.forget(all, letters)
}

// letters are what one verdict has to say: on the GitOps commit, and for recent targets wherever else it is wanted. Copies of
// old ones were delivered long ago, and are not looked at again.
func (k *keeper) letters(ctx context.Context, j judged, now time.Time) []*letter {
	first := k.letter(k.repo.Forge, j.Commit, j)
	first.primary = true
	out := []*letter{first}
	if !isRecent(j.Target, now) {
		if said, _ := k.outbox.memory.at(first.slot); said.phase == "" {
			return out
		}
	}
	if head := k.pullHead(ctx, j, now); head != "" && head != j.Commit {
		out = append(out, k.letter(k.repo.Forge, head, j))
	}
	if source := j.Release.Source; source.Commit != "" && k.repo.Sources != nil {
		if to, ok := k.repo.Sources(source.Repository); ok {
			out = append(out, k.letter(to, source.Commit, j))
		}
	}
	if _, can := k.repo.Forge.Forge.(scm.Deployer); can && k.repo.Deployments {
		out = append(out, k.deployment(j))
	}
	return out
}

func (k *keeper) letter(to Destination, sha string, j judged) *letter {
	v := j.Verdict
	return &letter{
		slot: slot{to.Name, sha, v.Context()}, to: to, phase: v.Phase, verdict: v, target: j.name(),
		status: scm.Status{Context: v.Context(), State: v.Phase.State(), Text: v.Text, URL: v.URL},
	}
}

// deployment shows the verdict as a deployment. Forges keep these apart by environment; one environment of ferry's holds many
// apps, and may be many clusters.
func (k *keeper) deployment(j judged) *letter {
	l := k.letter(k.repo.Forge, j.Commit, j)
	name := j.Environment + "/" + j.App
	if j.Cluster != "" {
		name += "/" + j.Cluster
	}
	l.destination += " (deployments)"
	l.deploy = &scm.Deployment{SHA: j.Commit, Environment: name, State: l.status.State, Text: l.status.Text, URL: l.status.URL,
		Production: slices.Contains(k.repo.Production, j.Environment)}
	return l
}

// isRecent tells whether somebody may still wait for an end.
func isRecent(t Target, now time.Time) bool {
	return now.Before(later(t.Landed, t.Deadline).Add(recent))
}

// pulls are merged promotions of one branch, by the commit they became.
type pulls struct {
	heads map[string]string
	asked map[string]bool // commits for which the list was read
	next  time.Time       // not before
}

const (
	mergedPulls = 20               // of a branch, that are read at once: those since the last look
	pullDelay   = 2 * time.Minute  // how long a forge may take to list what it has merged
	pullWait    = 30 * time.Second // between two looks
)

// pullHead finds the head of the pull request by which a target came, if one did.
func (k *keeper) pullHead(ctx context.Context, j judged, now time.Time) string {
	if !k.repo.PullRequests {
		return ""
	}
	branch := release.PromotionBranch(j.Environment, j.Placement.Unit)
	p := k.step.pulls[branch]
	if p == nil {
		p = &pulls{heads: map[string]string{}, asked: map[string]bool{}}
		k.step.pulls[branch] = p
	}
	if p.heads[j.Commit] != "" || p.asked[j.Commit] || now.Before(p.next) {
		return p.heads[j.Commit]
	}
	p.next = now.Add(pullWait)
	ctx, cancel := context.WithTimeout(ctx, attempt)
	defer cancel()
	list, err := k.repo.Forge.Forge.PullRequests(ctx, scm.Filter{Head: branch, Base: j.Branch, State: scm.Merged, Newest: mergedPulls})
	if err != nil {
		k.trouble(fmt.Errorf("list the pull requests of %s: %w", branch, err))
		return ""
	}
	for _, pr := range list {
		p.heads[pr.MergeCommit] = pr.HeadSHA
	}
	p.asked[j.Commit] = now.Sub(j.Landed) > pullDelay
	if !p.asked[j.Commit] && p.heads[j.Commit] == "" {
		k.step.again = earliest(k.step.again, p.next)
	}
	return p.heads[j.Commit]
}

// settle notes which targets have nothing left to say.
func (k *keeper) settle(all []judged, asked map[string][]slot, now time.Time) {
	for name, at := range k.step.settled {
		if now.Sub(at) > lookBack {
			delete(k.step.settled, name)
		}
	}
	for _, j := range all {
		waits := slices.ContainsFunc(asked[j.name()], func(at slot) bool {
			l := k.outbox.letters[at]
			return l != nil && l.target == j.name() && l.parked == nil
		})
		said, read := k.outbox.memory.at(k.primary(j.Target))
		if _, end := said.end(); waits || !read || !end {
			continue
		}
		if _, before := k.step.settled[j.name()]; !before {
			k.step.settled[j.name()] = now
		}
		if j.Verdict.Phase.End() && j.Verdict.Phase.State() == said.State {
			k.step.ended[j.name()] = j.Verdict
		}
	}
}

// primary is where a target's own commit says how it did.
func (k *keeper) primary(t Target) slot { return slot{k.repo.Forge.Name, t.Commit, t.Context()} }

// standing is the verdict as the forge has it or soon will: an end that was said stands until the cluster says another.
func (k *keeper) standing(j judged) Verdict {
	said, _ := k.outbox.memory.at(k.primary(j.Target))
	end, is := said.end()
	if !is || said.foreign || j.Verdict.Phase == Healthy || j.Verdict.Phase == Failed {
		return j.Verdict
	}
	if v, ok := k.step.ended[j.name()]; ok && v.Phase == end {
		return v
	}
	v := j.Verdict
	v.Phase, v.Text, v.Since = end, said.Text, said.Time
	return v
}

// answered tells which older targets need no further look: they have ended on the forge, whoever waited was told, and no copy
// of it waits. Nobody waits for what landed long ago, nor for what came before it. What cannot be read is left for later.
func (k *keeper) answered(ctx context.Context, targets []waiting) ([]answer, error) {
	answers := make([]answer, len(targets))
	for i, w := range targets {
		if w.Release.App == "" {
			continue // not ferry's; what is before it may be
		}
		if !k.step.answered[w.name()] {
			said, err := k.outbox.ask(ctx, k.repo.Forge, k.primary(w.Target), shasOf(targets))
			if err != nil {
				k.step.again = earliest(k.step.again, k.o.Now().Add(firstWait))
				answers[i] = over
				continue
			}
			if !k.finished(w, said) {
				continue
			}
		}
		k.step.answering[w.name()] = true
		if answers[i] = done; !isRecent(w.Target, k.o.Now()) {
			answers[i] = over
		}
	}
	return answers, nil
}

func (k *keeper) finished(w waiting, said said) bool {
	end, is := said.end()
	if !is || !isRecent(w.Target, k.o.Now()) {
		return is
	}
	_, settled := k.step.settled[w.name()]
	return settled && k.goOn.knows(w.Target, end)
}

func shasOf(targets []waiting) []string {
	var out []string
	for _, w := range targets {
		if w.Release.App != "" && !slices.Contains(out, w.Commit) {
			out = append(out, w.Commit)
		}
	}
	return out
}

// forget lets go of what no target needs any more.
func (k *keeper) forget(all []judged, letters map[slot]*letter) {
	keep := map[commitAt]bool{}
	for at := range letters {
		keep[at.commit()] = true
	}
	names := map[string]bool{}
	for _, j := range all {
		names[j.name()] = true
		keep[k.primary(j.Target).commit()] = true
	}
	for _, t := range k.goOn.tasks {
		keep[k.primary(t.verdict.Target).commit()] = true
	}
	k.outbox.memory.forget(keep)
	for name := range k.step.ended {
		if !names[name] {
			delete(k.step.ended, name)
		}
	}
}
