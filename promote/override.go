package promote

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/ferry-cd/ferry/environments"
	"github.com/ferry-cd/ferry/gates"
	"github.com/ferry-cd/ferry/ledger"
	"github.com/ferry-cd/ferry/release"
	"github.com/ferry-cd/ferry/scm"
)

// Emergency is a person's wish to pass gates. Who asks is what the forge says, not the person.
type Emergency struct {
	Key
	Gates          []string
	Reason, Ticket string
}

// Override puts a person's decision on record that the next release may pass gates, as far as ferry.yaml allows that
// person, and proposes it. It is merged only when somebody else agrees.
func (p *Promoter) Override(ctx context.Context, e Emergency) (*Report, error) {
	scope := Scope{Apps: []string{e.App}, Environments: []string{e.Environment}}
	s, err := p.Load(ctx, scope)
	if err != nil {
		return nil, err
	}
	o, err := p.override(ctx, s, e)
	if err != nil {
		return nil, err
	}
	if _, err := ledger.Write(ctx, p.Repo, fmt.Sprintf("Override %s of %s in %s: %s", strings.Join(o.Gates, ", "), e.App, e.Environment, e.Reason), o.File()); err != nil {
		return nil, err
	}
	return p.Advance(ctx, Options{Scope: scope, Explicit: true})
}

func (p *Promoter) override(ctx context.Context, s *Snapshot, e Emergency) (ledger.Override, error) {
	if err := s.Known(Scope{Apps: []string{e.App}, Environments: []string{e.Environment}}); err != nil {
		return ledger.Override{}, err
	}
	pl, ok := s.Config.Placement(e.App, e.Environment)
	if !ok || !pl.PullRequest || p.Forge == nil {
		return ledger.Override{}, refuse(e.Key, "", "gates are overridden in pull requests only: somebody else has to agree")
	}
	me, err := p.me(ctx, s)
	if err != nil {
		return ledger.Override{}, err
	}
	rule, err := p.mayOverride(ctx, s, e.Key, me, e.Gates)
	if err != nil {
		return ledger.Override{}, err
	}
	next, err := p.next(ctx, s, pl)
	if err != nil {
		return ledger.Override{}, err
	}
	o := ledger.Override{App: e.App, Environment: e.Environment, Release: next, Gates: e.Gates, By: me, Reason: e.Reason, Ticket: e.Ticket, Time: p.Now()}
	if rule.Review > 0 {
		o.Review = o.Time.Add(rule.Review)
	}
	for _, have := range s.book.Overrides { // asked again: the first word counts
		if have.Path() == o.Path() && have.Release == o.Release && have.By == o.By && slices.Equal(have.Gates, o.Gates) && have.Reason == o.Reason && have.Ticket == o.Ticket {
			return have, nil
		}
	}
	return o, nil
}

// next names what an override would be about: what is proposed, else the newest release upstream.
func (p *Promoter) next(ctx context.Context, s *Snapshot, pl environments.Placement) (ledger.Named, error) {
	u := s.unitOf(pl)
	have, err := p.proposed(ctx, s, u)
	if err != nil {
		return ledger.Named{}, err
	}
	if _, isOpen := s.open[u.Key]; isOpen && have != nil && have.foreign == "" {
		if r, ok := have.records[pl.App]; ok {
			return ledger.Name(r), nil
		}
	}
	d, err := p.decide(ctx, s, pl, Options{Explicit: true})
	switch {
	case err != nil:
		return ledger.Named{}, err
	case d.want != nil:
		return ledger.Name(d.want.record()), nil
	case d.first != nil:
		return ledger.Name(d.first.record()), nil
	}
	return ledger.Named{}, refuse(key(pl), "", "nothing waits to enter: there is nothing to override")
}

// mayOverride finds the rule of ferry.yaml that lets a person pass gates in an environment.
func (p *Promoter) mayOverride(ctx context.Context, s *Snapshot, k Key, who string, names []string) (environments.OverrideRule, error) {
	var whose []string
	for _, rule := range s.Config.Overrides {
		if len(rule.Environments) > 0 && !slices.Contains(rule.Environments, k.Environment) || slices.ContainsFunc(names, func(g string) bool { return !slices.Contains(rule.Gates, g) }) {
			continue
		}
		groups, err := p.groups(ctx, s, rule.By)
		if err != nil {
			return rule, err
		}
		if gates.Among(who, rule.By, groups) {
			return rule, nil
		}
		whose = append(whose, rule.By...)
	}
	if len(whose) == 0 {
		return environments.OverrideRule{}, refuse(k, "overrides in ferry.yaml says who may pass which gates", "nobody may override %s here", strings.Join(names, ", "))
	}
	return environments.OverrideRule{}, refuse(k, "those who may: "+strings.Join(whose, ", "), "%s may not override %s here", who, strings.Join(names, ", "))
}

// overriding gives the override of a release at a configuration, as far as ferry.yaml allows it today: the record alone
// proves nothing.
func (p *Promoter) overriding(ctx context.Context, s *Snapshot, pl environments.Placement, r release.Record) (*gates.Override, error) {
	o, ok := s.overrideOf(pl, r)
	if !ok {
		return nil, nil
	}
	rule, err := p.mayOverride(ctx, s, key(pl), o.By, o.Gates)
	if perUnit(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return &gates.Override{Gates: o.Gates, By: o.By, Reason: o.Reason, Approvals: rule.Approvals}, nil
}

func (s *Snapshot) overrideOf(pl environments.Placement, r release.Record) (ledger.Override, bool) {
	for _, o := range s.book.Overrides {
		if o.App == pl.App && o.Environment == pl.Environment && o.Release.Is(r) && pl.PullRequest {
			return o, true
		}
	}
	return ledger.Override{}, false
}

// overrideLines are the trailers that a promotion branch has to carry.
func (s *Snapshot) overrideLines(wants []*want) []string {
	var lines []string
	for _, w := range wants {
		if o, ok := s.overrideOf(w.placement, w.record()); ok {
			lines = append(lines, overrideLine(o))
		}
	}
	return lines
}

func overrideLine(o ledger.Override) string {
	line := fmt.Sprintf("%s: %s by %s: %s", o.App, strings.Join(o.Gates, ","), o.By, o.Reason)
	if o.Ticket != "" {
		line += " (" + o.Ticket + ")"
	}
	return strings.Join(strings.Fields(line), " ")
}

// Unreviewed lists the overrides that nobody has confirmed although ferry.yaml asks for it.
func (s *Snapshot) Unreviewed(scope Scope) []ledger.Override {
	var open []ledger.Override
	for _, o := range s.book.Overrides {
		if scope.has(Key{o.App, o.Environment}) && !o.Review.IsZero() && o.Reviewed == "" {
			open = append(open, o)
		}
	}
	return open
}

// Confirm says that an override was right: by somebody other than who overrode.
func (p *Promoter) Confirm(ctx context.Context, k Key) (ledger.Override, error) {
	s, err := p.Load(ctx, Scope{Apps: []string{k.App}})
	if err != nil {
		return ledger.Override{}, err
	}
	me, err := p.me(ctx, s)
	if err != nil {
		return ledger.Override{}, err
	}
	open := s.Unreviewed(Scope{Apps: []string{k.App}, Environments: []string{k.Environment}})
	if len(open) == 0 {
		return ledger.Override{}, refuse(k, "", "no override there waits to be confirmed")
	}
	o := open[0]
	if strings.EqualFold(o.By, me) {
		return o, refuse(k, "ask somebody else", "%s overrode the gates and cannot confirm that it was right", o.By)
	}
	o.Reviewed = me + " " + p.Now().UTC().Format(time.RFC3339)
	_, err = ledger.Write(ctx, p.Repo, fmt.Sprintf("%s confirms the override of %s in %s", me, k.App, k.Environment), o.File())
	return o, err
}

// groups resolves the names that stand for several persons. A team that cannot be read stays unknown: nobody's approval
// counts through it.
func (p *Promoter) groups(ctx context.Context, s *Snapshot, names []string) (map[string][]string, error) {
	all := map[string][]string{}
	for _, name := range names {
		team, is := strings.CutPrefix(name, "team/")
		if !is {
			continue
		}
		members, ok, err := p.members(ctx, s, team)
		if err != nil {
			return nil, err
		}
		if ok {
			all[name] = members
		}
	}
	return all, nil
}

func (p *Promoter) members(ctx context.Context, s *Snapshot, team string) ([]string, bool, error) {
	if have, ok := s.teams[team]; ok {
		return have, have != nil, nil
	}
	forge, ok := p.Forge.(scm.Teams)
	if !ok {
		return nil, false, nil
	}
	members, err := forge.Members(ctx, team)
	switch {
	case unreadable(err):
		members = nil
	case err != nil:
		return nil, false, fmt.Errorf("read team %s: %w", team, err)
	case members == nil:
		members = []string{}
	}
	s.teams[team] = members
	return members, members != nil, nil
}
