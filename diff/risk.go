package diff

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/ferry-cd/ferry/render"
)

// Level says how much a risk asks of a reviewer.
type Level int

// The levels. Off switches a rule off.
const (
	Off Level = iota
	Low
	Medium
	High
	Critical
)

var levelNames = []string{"off", "low", "medium", "high", "critical"}

func (l Level) String() string {
	if l < Off || l > Critical {
		return fmt.Sprintf("level %d", int(l))
	}
	return levelNames[l]
}

// MarshalText gives off, low, medium, high or critical.
func (l Level) MarshalText() ([]byte, error) { return []byte(l.String()), nil }

// UnmarshalText reads what MarshalText gives.
func (l *Level) UnmarshalText(name []byte) error {
	i := slices.Index(levelNames, string(name))
	if i < 0 {
		return fmt.Errorf("%q is no level of risk; it is one of %v", name, levelNames)
	}
	*l = Level(i)
	return nil
}

// Risk is one reason to look twice.
type Risk struct {
	Rule     string   `json:"rule"`
	Level    Level    `json:"level"`
	Title    string   `json:"title"`
	Resource Resource `json:"resource,omitzero"` // none where it is about the whole promotion
	File     string   `json:"file,omitempty"`
	Field    string   `json:"field,omitempty"` // path as in Field; "" = the whole resource
	Reason   string   `json:"reason"`
}

// Rule is one row of the table of risks.
type Rule struct {
	ID    string  `json:"id"`
	Level Level   `json:"level"`
	Title string  `json:"title"`
	Why   string  `json:"why"`
	Good  Example `json:"good,omitzero"` // a change that the rule lets pass
	Bad   Example `json:"bad,omitzero"`  // one that it reports
	find  func(s *scene) []spot
}

// Example is a change in YAML; a side may be empty.
type Example struct {
	Old string `json:"old,omitempty"`
	New string `json:"new,omitempty"`
}

// Options tune the judgement.
type Options struct {
	Namespace string           // where resources go that name none; with it, one that begins to name it stays the same resource
	Levels    map[string]Level // by rule; what is not named keeps its own level
	Facts     []Fact           // what only the caller knows: skipped environments, findings of schemas and policies
}

// Fact is a risk that no comparison of manifests could find.
type Fact struct {
	Rule     string // one that has no example, such as environment-skipped
	Resource Resource
	File     string
	Field    string
	Reason   string
}

// spot is where a rule found something, and what in a few words.
type spot struct{ field, reason string }

// Rules gives the whole table, as documentation shows it.
func Rules() []Rule { return slices.Clone(table) }

var table = slices.Concat(deletionRules, immutableRules, workloadRules, podRules, accessRules, networkRules, definitionRules, imageRules, toldRules)

// UnknownRules gives the names among levels that are no rules, sorted.
func UnknownRules(levels map[string]Level) []string {
	var unknown []string
	for id := range levels {
		if !slices.ContainsFunc(table, func(r Rule) bool { return r.ID == id }) {
			unknown = append(unknown, id)
		}
	}
	slices.Sort(unknown)
	return unknown
}

// active is a rule at the level that it has for the one who asks.
type active struct {
	*Rule
	level Level
}

// judge holds each changed resource against the table.
type judge struct {
	rules      []active // those that are on
	autoscaled map[scaled]bool
	risks      []Risk
}

func newJudge(o Options, new render.Manifests) *judge {
	j := &judge{autoscaled: autoscaled(new, o.Namespace), rules: make([]active, 0, len(table))}
	for i := range table {
		r := active{&table[i], table[i].Level}
		if level, named := o.Levels[r.ID]; named {
			r.level = level
		}
		if r.level == Off {
			continue
		}
		j.rules = append(j.rules, r)
		for _, f := range o.Facts {
			if f.Rule == r.ID {
				j.risks = append(j.risks, Risk{r.ID, r.level, r.Title, f.Resource, f.File, f.Field, f.Reason})
			}
		}
	}
	return j
}

func (j *judge) see(c Change, s *scene) {
	s.autoscaled = j.autoscaled
	for _, r := range j.rules {
		if r.find == nil {
			continue
		}
		for _, found := range r.find(s) {
			j.risks = append(j.risks, Risk{r.ID, r.level, r.Title, c.Resource, cmp.Or(c.NewPath, c.OldPath), found.field, found.reason})
		}
	}
}

// ranked sorts the highest first, then by rule and resource.
func (j *judge) ranked() []Risk {
	risks := append([]Risk{}, j.risks...)
	slices.SortStableFunc(risks, func(a, b Risk) int {
		return cmp.Or(cmp.Compare(b.Level, a.Level), cmp.Compare(a.Rule, b.Rule),
			compareIdentities(render.Identity(a.Resource), render.Identity(b.Resource)), cmp.Compare(a.Field, b.Field), cmp.Compare(a.Reason, b.Reason))
	})
	return risks
}
