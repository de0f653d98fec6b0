package report

import (
	"strings"

	"github.com/ferry-cd/ferry/diff"
	"github.com/ferry-cd/ferry/door"
	"github.com/ferry-cd/ferry/promote"
)

// pager writes a sheet as Markdown at one level of detail.
type pager struct {
	sheet
	level     detail
	plain     bool // nothing can be folded away
	continued bool // a comment carries the rest
	short     bool // of risks and of what goes, only numbers fit
}

// page puts the blocks together in the order in which a reviewer asks: what, from where, how risky, proven where, who is
// asked.
func (p pager) page() door.Inert {
	blocks := []door.Inert{p.verdict()}
	if p.level < verdictAlone {
		blocks = append(blocks, p.apps())
	}
	blocks = append(blocks, p.riskBlock(), p.ticketBlock(), p.notesBlock())
	if p.level < verdictAlone {
		blocks = append(blocks, p.byKind(), p.sections())
	} else {
		blocks = append(blocks, p.goes())
	}
	blocks = append(blocks, p.gateBlock(), p.leftOut(), p.marker())
	var said []door.Inert
	for _, b := range blocks {
		if !b.IsEmpty() {
			said = append(said, b)
		}
	}
	return door.Join("\n", said...)
}

// within writes the shortest page, with risks one by one where that fits, and with their numbers where even that does not.
func (p pager) within(room int) string {
	if text := p.page().String(); size(text) <= room {
		return text
	}
	p.short = true
	return p.page().String()
}

// verdict is what a hurried reviewer reads.
func (p pager) verdict() door.Inert {
	return door.Say("**%s** %s: %s.\n", p.alarm(), outside(p.Title()).Prose(), p.effect())
}

// alarm counts the risks.
func (p pager) alarm() door.Inert {
	if len(p.risks) == 0 {
		return door.Say("No risk found.")
	}
	var parts []door.Inert
	for _, l := range p.levels() {
		parts = append(parts, door.Say("%s %s", door.Number(l.n), outside(l.level.String()).Prose()))
	}
	if len(p.risks) == 1 {
		return door.Say("%s risk.", parts[0])
	}
	return door.Say("%s risks.", door.Join(", ", parts...))
}

// effect says what the cluster will notice.
func (p pager) effect() door.Inert {
	n := p.totals
	switch {
	case touched(n) == 0:
		return door.Say("nothing in the cluster changes, only the record of what runs there")
	case n.Noise == touched(n):
		return door.Say("only labels, annotations, checksums or spelling change, in %s", p.resources(n.Noise))
	}
	text := door.Say("%s", sentence(n).Prose())
	if n.Unchanged > 0 {
		text = door.Say("%s, %s unchanged", text, door.Number(n.Unchanged))
	}
	if restarted := p.restarts(); restarted > 0 {
		text = door.Say("%s; pods of %s restart", text, count(restarted, "workload"))
	}
	return text
}

func (p pager) resources(n int) door.Inert { return count(n, "resource") }

// count gives a number with its noun.
func count(n int, noun string) door.Inert {
	if n != 1 {
		noun += "s"
	}
	return door.Say("%s %s", door.Number(n), outside(noun).Prose())
}

func (p pager) restarts() int {
	n := 0
	for _, c := range p.Changes {
		for _, r := range c.Diff.Resources {
			if r.Restarts {
				n++
			}
		}
	}
	return n
}

// apps is the table of apps.
func (p pager) apps() door.Inert {
	rows := []door.Inert{door.Say("| app | release | images | resources | proven |\n| --- | --- | --- | --- | --- |\n")}
	for _, c := range p.Changes {
		rows = append(rows, door.Say("| %s | %s | %s | %s | %s |\n", outside(c.App).Code().Cell(), p.release(c).Cell(), p.images(c).Cell(),
			counts(c.Diff.Totals.Counts).Code().Cell(), p.origins(c).Cell()))
	}
	return door.Join("", rows...)
}

// lines stacks what stands in one cell.
func (p pager) lines(all []door.Inert) door.Inert {
	if p.plain {
		return door.Join("; ", all...)
	}
	return door.Join("<br>", all...)
}

// release links from one version to the next to where their sources can be compared, and a first one to its commit.
func (p pager) release(c promote.Change) door.Inert {
	src, text := c.To.Release.Source, versions(c).Code()
	if c.From == nil {
		return door.Link(text, commitLink(src.Repository, src.Commit))
	}
	from := c.From.Release.Source
	if from.Repository != src.Repository {
		return text
	}
	return door.Link(text, compareLink(src.Repository, from.Commit, src.Commit))
}

func (p pager) images(c promote.Change) door.Inert {
	const most = 6
	var all []door.Inert
	for i, img := range c.Diff.Images {
		if i == most && len(c.Diff.Images) > most+1 && img.Direction != diff.Downgrade {
			all = append(all, door.Say("%s more", door.Number(len(c.Diff.Images)-most)))
			break
		}
		all = append(all, imageChange(img).Code())
	}
	if len(all) == 0 {
		return door.Say("unchanged")
	}
	return p.lines(all)
}

func (p pager) origins(c promote.Change) door.Inert {
	var all []door.Inert
	for _, o := range c.Origins {
		all = append(all, door.Say("%s: %s%s", outside(o.Environment).Prose(), outside(o.Why).Prose(), p.sameAs(o, c)))
	}
	switch {
	case c.Restores:
		return door.Say("ran here before")
	case c.Retires:
		return door.Say("leaves for good")
	}
	switch {
	case len(all) == 0 && c.Skips:
		return door.Say("nowhere: it goes past the environments before")
	case len(all) == 0 && c.From != nil && c.From.Release.Sequence == c.To.Release.Sequence:
		return door.Say("runs here already")
	case len(all) == 0:
		return door.Say("comes from CI")
	}
	return p.lines(all)
}

// sameAs says how much of a change ran upstream just as it is.
func (p pager) sameAs(o promote.Origin, c promote.Change) door.Inert {
	var all []door.Inert
	if o.Digests {
		all = append(all, door.Say("same digests"))
	}
	switch n := len(c.To.Files); {
	case o.Alike && o.Digests:
		return door.Say("; same digests and same change")
	case o.Alike:
		all = append(all, door.Say("same change"))
	case o.Equal == 0:
	case o.Equal == n:
		all = append(all, door.Say("same manifests"))
	default:
		all = append(all, door.Say("%s of %s manifests the same", door.Number(o.Equal), door.Number(n)))
	}
	if len(all) == 0 {
		return door.Inert{}
	}
	return door.Say("; %s", door.Join(", ", all...))
}

// riskBlock names every risk.
func (p pager) riskBlock() door.Inert {
	joined := p.joined()
	if len(joined) == 0 {
		return door.Inert{}
	}
	items := []door.Inert{door.Say("**Risks**\n\n")}
	for _, r := range joined {
		items = append(items, door.Say("- **%s** %s%s (%s)\n", outside(r.level.String()).Prose(), p.places(r), because(r.reason), outside(r.rule).Prose()))
	}
	return door.Join("", items...)
}

// because goes on from the name of a resource, as a sentence where the reason is one.
func because(reason string) door.Inert {
	for _, verb := range []string{"is ", "has ", "loses ", "leaves ", "may ", "no longer "} {
		if strings.HasPrefix(reason, verb) {
			return door.Say(" %s", outside(reason).Prose())
		}
	}
	return door.Say(": %s", outside(reason).Prose())
}

// places names where a risk is.
func (p pager) places(r oneRisk) door.Inert {
	const few = 3
	if p.short && len(r.where) > few {
		return count(len(r.where), "resource")
	}
	var all []door.Inert
	for _, w := range r.where {
		name := w.app
		if w.resource != (diff.Resource{}) {
			name = w.resource.String()
		}
		one := outside(name).Code()
		if w.field != "" && !p.short {
			one = door.Say("%s %s", one, outside(w.field).Code())
		}
		if len(p.Changes) > 1 && w.resource != (diff.Resource{}) && p.level < verdictAlone {
			one = door.Say("%s %s", outside(w.app).Prose(), one)
		}
		all = append(all, one)
	}
	return door.Join(", ", all...)
}

// notesBlock lists warnings, and what was superseded.
func (p pager) notesBlock() door.Inert {
	var items []door.Inert
	for _, o := range p.Overrides {
		items = append(items, door.Say("- **Override**: %s\n", outside(o).Prose()))
	}
	for _, lost := range p.Discards {
		items = append(items, door.Say("- **Discards** %s\n", outside(lost).Prose()))
	}
	if len(p.Dropped) > 0 {
		items = append(items, door.Say("- what %s approved is not what this proposes now: those approvals do not count any more\n", outside(strings.Join(p.Dropped, ", ")).Prose()))
	}
	for _, c := range p.Changes {
		for _, n := range notes(c) {
			items = append(items, door.Say("- %s: %s\n", outside(c.App).Code(), n.Prose()))
		}
	}
	for _, old := range p.Supersedes {
		items = append(items, door.Say("- replaces %s %s, which this pull request proposed before\n", outside(old.App).Code(), outside(old.Version).Code()))
	}
	const few = 10
	if p.level >= totalsOnly && len(items) > few {
		items = append(items[:few], door.Say("- and %s more remarks\n", door.Number(len(items)-few)))
	}
	if len(items) == 0 {
		return door.Inert{}
	}
	return door.Say("**Remarks**\n\n%s", door.Join("", items...))
}

// byKind counts by kind in one line, where there is enough to count.
func (p pager) byKind() door.Inert {
	const enough = 4
	if touched(p.totals) < enough || len(p.kinds) < 2 {
		return door.Inert{}
	}
	var all []door.Inert
	for _, k := range p.kinds {
		one := door.Say("%s %s", outside(k.Kind).Prose(), signs(k.Counts).Code())
		if k.Noise > 0 && k.Noise < k.Changed+k.Renamed {
			one = door.Say("%s (%s in labels only)", one, door.Number(k.Noise))
		}
		all = append(all, one)
	}
	return door.Say("**By kind:** %s\n", door.Join(", ", all...))
}

// signs leaves out zeros, which only make numbers harder to read.
func signs(n diff.Counts) door.Text {
	var all []string
	for _, s := range []struct {
		sign string
		n    int
	}{{"+", n.Added}, {"~", n.Changed + n.Renamed}, {"-", n.Removed}} {
		if s.n > 0 {
			all = append(all, s.sign+number(s.n).Line())
		}
	}
	return outside(strings.Join(all, " "))
}

// gateBlock says what merging waits for and who is asked.
func (p pager) gateBlock() door.Inert {
	if len(p.Conditions) == 0 {
		return door.Inert{}
	}
	items := []door.Inert{door.Say("**Waits for** (%s on the newest commit says how it stands)\n\n", outside("ferry/gates").Code())}
	seen := map[string]bool{}
	for _, c := range p.Conditions {
		if line := c.Gate + ": " + c.Reason; !seen[line] {
			seen[line] = true
			items = append(items, door.Say("- %s: %s\n", outside(c.Gate).Prose(), reason(c).Prose()))
		}
	}
	return door.Join("", items...)
}

// leftOut says which apps wait, and how to see what this text does not show.
func (p pager) leftOut() door.Inert {
	var items []door.Inert
	for _, left := range p.LeftOut {
		items = append(items, door.Say("- left out: %s\n", outside(left).Prose()))
	}
	if len(items) > 0 {
		items = append(items, door.Say("\n"))
	}
	switch {
	case p.continued:
		items = append(items, door.Say("The first comment by ferry shows every change. Everything: %s\n", p.command()))
	case p.short:
		items = append(items, door.Say("Not even the names of all that goes or is at risk fit into this text. Everything: %s\n", p.command()))
	case p.level != needsNoRemark:
		items = append(items, door.Say("This text shows %s. Everything: %s\n", detailNames[p.level], p.command()))
	}
	return door.Join("", items...)
}

// command shows the whole change to who types it in a checkout of the GitOps repository.
func (p pager) command() door.Inert {
	if p.Branch == "" {
		return door.Lines("ferry plan --env %s", outside(p.Environment)).Code()
	}
	return door.Lines("git fetch origin && git diff origin/%s...origin/%s", outside(p.Base), outside(p.Branch)).Code()
}

// marker tells ferry which text is its own, whatever was written around it.
func (p pager) marker() door.Inert {
	if p.plain {
		return door.Say("[//]: # (ferry:v1 %s/%s)\n", outside(p.Environment).Prose(), outside(p.Unit).Prose())
	}
	return door.Say("<!-- ferry:v1 %s/%s -->\n", outside(p.Environment).Prose(), outside(p.Unit).Prose())
}
