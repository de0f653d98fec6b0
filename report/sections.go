package report

import (
	"slices"
	"strings"

	"github.com/ferry-cd/ferry/diff"
	"github.com/ferry-cd/ferry/door"
	"github.com/ferry-cd/ferry/promote"
	"github.com/ferry-cd/ferry/render"
)

// sections are what a reader unfolds, one for each app with a change.
func (p pager) sections() door.Inert {
	var all []door.Inert
	for _, c := range p.Changes {
		if section := p.section(c); !c.Diff.Empty() && !section.IsEmpty() {
			all = append(all, section)
		}
	}
	return door.Join("\n", all...)
}

func (p pager) section(c promote.Change) door.Inert {
	title := door.Say("%s: %s", outside(c.App).Prose(), sentence(c.Diff.Totals.Counts).Prose())
	if p.level == totalsOnly {
		gone := removed(c.Diff)
		if len(gone) == 0 {
			return door.Inert{}
		}
		return p.folded(title, goneByKind(gone))
	}
	return p.folded(title, door.Join("", p.commits(c), p.changes(c), p.noise(c), p.raw(c)))
}

// folded hides a text behind its title, where the forge can.
func (p pager) folded(title, text door.Inert) door.Inert {
	if p.plain {
		return door.Say("**%s**\n\n%s", title, text)
	}
	return door.Say("<details><summary>%s</summary>\n\n%s\n</details>\n", title, text)
}

// changes lists the resources that differ in more than noise, with their fields.
func (p pager) changes(c promote.Change) door.Inert {
	var items []door.Inert
	for _, r := range c.Diff.Resources {
		if r.NoiseOnly {
			continue
		}
		items = append(items, door.Say("- %s %s%s\n", sign(r.Kind).Code(), resource(r).Code(), remark(r)))
		if p.level <= fieldDetail {
			items = append(items, fields(r)...)
		}
	}
	return door.Join("", items...)
}

func remark(r diff.Change) door.Inert {
	switch {
	case r.Unreadable:
		return door.Say(", not readable as YAML")
	case r.Restarts:
		return door.Say(", its pods restart")
	}
	return door.Inert{}
}

func fields(r diff.Change) []door.Inert {
	const most = 40
	var items []door.Inert
	if r.Keys != nil {
		items = append(items, door.Say("  - %s\n", keyChange(r.Keys).Code()))
	}
	left := 0
	for _, f := range r.Fields {
		switch {
		case f.Noise || f.Masked && r.Keys != nil:
		case len(items) < most:
			items = append(items, door.Say("  - %s\n", fieldChange(f).Code()))
		default:
			left++
		}
	}
	if left > 0 {
		items = append(items, door.Say("  - %s\n", count(left, "more field")))
	}
	return items
}

// noise folds what changes only in labels, annotations, checksums, spelling or the order of what has none.
func (p pager) noise(c promote.Change) door.Inert {
	var names []door.Inert
	for _, r := range c.Diff.Resources {
		if r.NoiseOnly {
			names = append(names, resource(r).Code())
		}
	}
	switch {
	case len(names) == 0:
		return door.Inert{}
	case p.level > fieldDetail && len(names) > 5:
		return door.Say("\n%s change only in labels, annotations, checksums or spelling.\n", count(len(names), "resource"))
	}
	return door.Say("\nOnly labels, annotations, checksums or spelling change in %s.\n", door.Join(", ", names...))
}

// raw is the difference line by line, Secrets masked.
func (p pager) raw(c promote.Change) door.Inert {
	if p.level > fullDetail {
		return door.Inert{}
	}
	text := unified(c)
	if text == "" {
		return door.Inert{}
	}
	fence := door.Say("\n%s", outside(text).Fence("diff"))
	if p.plain {
		return fence
	}
	return door.Say("\n<details><summary>raw diff</summary>\n%s\n</details>\n", fence)
}

// goes names what goes in all apps, where there is no room for sections.
func (p pager) goes() door.Inert {
	if p.totals.Removed == 0 {
		return door.Inert{}
	}
	var gone []diff.Change
	for _, c := range p.Changes {
		gone = append(gone, removed(c.Diff)...)
	}
	slices.SortStableFunc(gone, func(a, b diff.Change) int { return strings.Compare(a.Resource.Kind, b.Resource.Kind) })
	if p.short {
		return door.Say("**Goes:** %s\n", kindNumbers(gone).Prose())
	}
	return door.Say("**Goes**\n\n%s", goneByKind(gone))
}

// goneByKind names what goes, a line for each kind.
func goneByKind(gone []diff.Change) door.Inert {
	var items []door.Inert
	for i := 0; i < len(gone); {
		kind := gone[i].Resource.Kind
		var names []door.Inert
		for ; i < len(gone) && gone[i].Resource.Kind == kind; i++ {
			names = append(names, outside(strings.TrimPrefix(gone[i].Resource.String(), kind+" ")).Code())
		}
		items = append(items, door.Say("- %s %s %s\n", outside("-").Code(), outside(kind).Prose(), door.Join(", ", names...)))
	}
	return door.Join("", items...)
}

// kindNumbers says how many of each kind go.
func kindNumbers(gone []diff.Change) door.Text {
	var parts []string
	for i := 0; i < len(gone); {
		kind, n := gone[i].Resource.Kind, 0
		for ; i < len(gone) && gone[i].Resource.Kind == kind; i++ {
			n++
		}
		parts = append(parts, number(n).Line()+" "+kind)
	}
	return words(parts)
}

// unified is the raw diff of one app, Secrets masked.
func unified(c promote.Change) string {
	var b strings.Builder
	olds, news := byPath(c.Old), byPath(c.New)
	for _, r := range c.Diff.Resources {
		b.WriteString(diff.UnifiedManifest(olds[r.OldPath], news[r.NewPath]))
	}
	return b.String()
}

func byPath(ms render.Manifests) map[string]*render.Manifest {
	all := map[string]*render.Manifest{}
	for i := range ms {
		all[ms[i].Path] = &ms[i]
	}
	return all
}
