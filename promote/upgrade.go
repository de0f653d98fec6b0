package promote

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"

	"github.com/ferry-cd/ferry/diff"
	"github.com/ferry-cd/ferry/environments"
	"github.com/ferry-cd/ferry/gates"
	"github.com/ferry-cd/ferry/git"
	"github.com/ferry-cd/ferry/release"
	"github.com/ferry-cd/ferry/render"
)

// Another ferry, or another version of a renderer in it, may write other bytes for the same release and configuration. By
// themselves they propose nothing. An upgrade compares them, and proposes them on purpose, one environment after the other.

// Upgrade is what this ferry would write for what an environment holds.
type Upgrade struct {
	Key
	Kind   UpgradeKind `json:"kind"`
	From   string      `json:"from"` // what wrote it: ferry 0.1.0, helm v3.22.0
	Reason string      `json:"reason,omitempty"`
	Files  []string    `json:"files,omitempty"` // that would change
	Diff   diff.Diff   `json:"-"`               // of a semantic one
}

// UpgradeKind sorts upgrades.
type UpgradeKind string

// The kinds of upgrades.
const (
	UpgradeSame     UpgradeKind = "same"        // the same bytes
	UpgradeFormat   UpgradeKind = "format only" // other bytes that mean the same
	UpgradeSemantic UpgradeKind = "semantic"    // other resources
	UpgradePending  UpgradeKind = "pending"     // its configuration has changed: a refresh brings it up to date anyway
	UpgradeFailed   UpgradeKind = "failed"      // it cannot be rendered any more
)

// Upgrades renders everything in scope from what its record names and compares it with what is there.
func (p *Promoter) Upgrades(ctx context.Context, s *Snapshot, scope Scope) ([]Upgrade, error) {
	if err := s.Known(scope); err != nil {
		return nil, err
	}
	l := p.newLine(ctx)
	defer l.end()
	in := slices.DeleteFunc(slices.Clone(s.placements), func(pl environments.Placement) bool {
		return !scope.has(key(pl)) || !s.lives[key(pl)].Found
	})
	for _, pl := range in {
		if err := p.beginUpgrade(ctx, s, pl, l); err != nil {
			return nil, err
		}
	}
	if err := l.drain(); err != nil {
		return nil, err
	}
	var all []Upgrade
	for _, pl := range in {
		all = append(all, s.upgrades[key(pl)])
	}
	return all, nil
}

// upgrade compares one app in one environment, once for each snapshot.
func (p *Promoter) upgrade(ctx context.Context, s *Snapshot, pl environments.Placement) (Upgrade, error) {
	l := p.newLine(ctx)
	defer l.end()
	if err := p.beginUpgrade(ctx, s, pl, l); err != nil {
		return Upgrade{}, err
	}
	err := l.drain()
	return s.upgrades[key(pl)], err
}

// beginUpgrade begins to compare one app in one environment; once it is finished the snapshot has what came of it.
func (p *Promoter) beginUpgrade(ctx context.Context, s *Snapshot, pl environments.Placement, l *line) error {
	if _, ok := s.upgrades[key(pl)]; ok {
		return nil
	}
	r := s.lives[key(pl)].Record
	u := Upgrade{Key: key(pl), From: "ferry " + r.Made.Ferry + ", " + r.Made.Renderer}
	if string(inputID(r, settingsInput)) != settings(pl) {
		u.Kind, u.Reason = UpgradePending, "ferry.yaml says other things than when it was rendered"
		s.keep(u)
		return nil
	}
	return l.render(wanted(pl, r), func(made rendered) error {
		err := made.err
		if err == nil {
			err = p.compare(ctx, r, pl, made.manifests, &u)
		}
		if err != nil && ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			u.Kind, u.Reason = UpgradeFailed, err.Error()
		}
		s.keep(u)
		return nil
	})
}

func (s *Snapshot) keep(u Upgrade) {
	if s.upgrades == nil {
		s.upgrades = map[Key]Upgrade{}
	}
	s.upgrades[u.Key] = u
}

// compare sorts what a record would become.
func (p *Promoter) compare(ctx context.Context, r release.Record, pl environments.Placement, ms render.Manifests, u *Upgrade) error {
	if u.Files = changedFiles(r.Files, filesOf(ms)); len(u.Files) == 0 {
		u.Kind = UpgradeSame
		return nil
	}
	old, err := p.readManifests(ctx, pl, ownedBy(r))
	if err != nil {
		return err
	}
	if u.Kind = UpgradeFormat; !sameMeaning(old, ms, pl.Namespace) {
		u.Kind, u.Diff = UpgradeSemantic, diff.CompareWith(old, ms, diff.Options{Namespace: pl.Namespace})
	}
	return nil
}

func changedFiles(old, new []release.File) []string {
	ids := map[string]string{}
	for _, f := range old {
		ids[f.Name] = f.ID
	}
	var changed []string
	for _, f := range new {
		if ids[f.Name] != f.ID {
			changed = append(changed, f.Name)
		}
		delete(ids, f.Name)
	}
	for name := range ids {
		changed = append(changed, name)
	}
	slices.Sort(changed)
	return changed
}

// sameMeaning tells whether two sets hold the same resources, whatever their bytes and file names.
func sameMeaning(a, b render.Manifests, namespace string) bool {
	if len(a) != len(b) {
		return false
	}
	known := map[render.Identity]*render.Manifest{}
	for i := range a {
		known[a[i].In(namespace)] = &a[i]
	}
	return !slices.ContainsFunc(b, func(m render.Manifest) bool {
		old := known[m.In(namespace)]
		if old == nil {
			return true
		}
		x, errX := old.Value()
		y, errY := m.Value()
		return errors.Join(errX, errY) != nil && !bytes.Equal(old.Data, m.Data) || !reflect.DeepEqual(x, y)
	})
}

// Refreshes says why a release that is there already is written again: its configuration changed, or ferry did.
func (c Change) Refreshes() string {
	if c.From != nil && c.From.Inputs.Digest == c.To.Inputs.Digest {
		return "upgrade"
	}
	return "configuration"
}

// decideUpgrade wants what an environment holds in the bytes of this ferry, once all environments before it have them and
// have proven them.
func (p *Promoter) decideUpgrade(ctx context.Context, s *Snapshot, pl environments.Placement) (decision, error) {
	live := s.lives[key(pl)]
	if !live.Found {
		return decision{}, nil
	}
	u, err := p.upgrade(ctx, s, pl)
	if err != nil || u.Kind != UpgradeFormat && u.Kind != UpgradeSemantic {
		return decision{}, err
	}
	d := decision{newest: live.Record.Release}
	w := wanted(pl, live.Record)
	for _, up := range pl.After {
		before, err := s.upstream(pl, up)
		if err != nil {
			return d, err
		}
		waiting, err := p.upgraded(ctx, s, before)
		if err != nil {
			return d, err
		}
		d.waiting = append(d.waiting, waiting...)
		w.origins = append(w.origins, Origin{Environment: up, Commit: string(s.heads[s.base(before)].ID), Why: "runs the bytes of this ferry"})
	}
	if len(d.waiting) == 0 {
		d.want = w
	}
	return d, nil
}

// upgraded tells what is missing before what comes after an environment may be upgraded.
func (p *Promoter) upgraded(ctx context.Context, s *Snapshot, before environments.Placement) ([]gates.Condition, error) {
	wait := func(format string, args ...any) []gates.Condition {
		return []gates.Condition{{Gate: "upgrade", Holds: gates.Proposing, Reason: fmt.Sprintf(format, args...)}}
	}
	if !s.lives[key(before)].Found {
		return nil, nil
	}
	u, err := p.upgrade(ctx, s, before)
	if err != nil {
		return nil, err
	}
	if u.Kind != UpgradeSame {
		return wait("upgrade: %s comes first, and is not upgraded (%s)", before.Environment, u.Kind), nil
	}
	var newest stretch
	if err := s.stretches(ctx, p.Repo, before, func(st stretch) (bool, error) { newest = st; return false, nil }); err != nil {
		return nil, err
	}
	proof, _, err := p.prove(ctx, s, before.App, before.Environment, newest)
	if err != nil || proof.Proven {
		return nil, err
	}
	return wait("upgrade: %s has not proven it: %s", before.Environment, proof.Why), nil
}

func ownedBy(r release.Record) map[string]git.ID {
	owned := map[string]git.ID{}
	for _, f := range r.Files {
		owned[f.Name] = git.ID(f.ID)
	}
	return owned
}
