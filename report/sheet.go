package report

import (
	"cmp"
	"slices"

	"github.com/ferry-cd/ferry/diff"
	"github.com/ferry-cd/ferry/promote"
)

// sheet is what a reviewer of one promotion has to know. Every writer shows a sheet.
type sheet struct {
	promote.Promotion
	totals diff.Counts // over all apps
	kinds  []diff.KindTotal
	risks  []appRisk // highest first
}

// appRisk is a risk with the app that brings it.
type appRisk struct {
	app string
	diff.Risk
}

func sheetOf(pr promote.Promotion) sheet {
	s := sheet{Promotion: pr}
	kinds := map[[2]string]*diff.KindTotal{}
	for _, c := range pr.Changes {
		add(&s.totals, c.Diff.Totals.Counts)
		for _, k := range c.Diff.Totals.Kinds {
			id := [2]string{k.Kind, k.Group}
			if kinds[id] == nil {
				kinds[id] = &diff.KindTotal{Kind: k.Kind, Group: k.Group}
			}
			add(&kinds[id].Counts, k.Counts)
		}
		for _, r := range c.Diff.Risks {
			s.risks = append(s.risks, appRisk{c.App, r})
		}
	}
	for _, k := range kinds {
		s.kinds = append(s.kinds, *k)
	}
	slices.SortFunc(s.kinds, func(a, b diff.KindTotal) int {
		return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Group, b.Group))
	})
	slices.SortStableFunc(s.risks, func(a, b appRisk) int { return cmp.Compare(b.Level, a.Level) })
	return s
}

func add(sum *diff.Counts, n diff.Counts) {
	sum.Added += n.Added
	sum.Removed += n.Removed
	sum.Changed += n.Changed
	sum.Renamed += n.Renamed
	sum.Noise += n.Noise
	sum.Unchanged += n.Unchanged
}

// touched counts the resources that come, change or go.
func touched(n diff.Counts) int { return n.Added + n.Changed + n.Renamed + n.Removed }

// removed lists the resources of one app that go.
func removed(d diff.Diff) []diff.Change {
	return slices.DeleteFunc(slices.Clone(d.Resources), func(c diff.Change) bool { return c.Kind != diff.Removed })
}

// levels counts the risks of each level, highest first.
func (s sheet) levels() []levelCount {
	var counts []levelCount
	for _, r := range s.risks {
		if n := len(counts); n > 0 && counts[n-1].level == r.Level {
			counts[n-1].n++
			continue
		}
		counts = append(counts, levelCount{r.Level, 1})
	}
	return counts
}

type levelCount struct {
	level diff.Level
	n     int
}

// oneRisk is a reason to look twice, with all resources that it is about.
type oneRisk struct {
	level  diff.Level
	rule   string
	title  string
	reason string
	where  []riskPlace
}

type riskPlace struct {
	app      string
	resource diff.Resource
	field    string
}

// joined gives the risks with one entry for each rule and reason.
func (s sheet) joined() []oneRisk {
	type id struct {
		level        diff.Level
		rule, reason string
	}
	at := map[id]int{}
	var all []oneRisk
	for _, r := range s.risks {
		k := id{r.Level, r.Rule, r.Reason}
		i, known := at[k]
		if !known {
			i, at[k] = len(all), len(all)
			all = append(all, oneRisk{level: r.Level, rule: r.Rule, title: r.Title, reason: r.Reason})
		}
		all[i].where = append(all[i].where, riskPlace{r.app, r.Resource, r.Field})
	}
	return all
}
