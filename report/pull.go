package report

import (
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/ferry-cd/ferry/diff"
	"github.com/ferry-cd/ferry/promote"
)

// bodyLimit bounds the text of a pull request in characters. GitHub takes 65,536; the rest is room for what people add.
const bodyLimit = 60_000

// level is how much of a change a text shows; the first that fits is taken.
type level int

const (
	fullDiff level = iota
	fieldChanges
	resourceList
	totalsOnly
)

var levelNames = map[level]string{
	fieldChanges: "field changes without the full diff",
	resourceList: "the list of resources without their changes",
	totalsOnly:   "totals only",
}

// PullRequest gives the words of a promotion's pull request. Deletions and risks are shown at every level.
func PullRequest(pr promote.Promotion) promote.Text {
	t := promote.Text{Title: plain(pr.Title()), Labels: pr.Labels}
	for l := fullDiff; l <= totalsOnly; l++ {
		t.Body = body(pr, l)
		if utf8.RuneCountInString(t.Body) <= bodyLimit {
			return t
		}
	}
	cut := []rune(t.Body)[:bodyLimit-40]
	t.Body = string(cut) + "\n\n(cut: too long for one text)\n"
	return t
}

func body(pr promote.Promotion, l level) string {
	b := &strings.Builder{}
	fmt.Fprintf(b, "%s\n\n", verdict(pr))
	b.WriteString("| app | release | images | resources | proven |\n| --- | --- | --- | --- | --- |\n")
	for _, c := range pr.Changes {
		fmt.Fprintf(b, "| %s | %s | %s | %s | %s |\n", code(c.App), code(versions(c)), images(c), counts(c.Diff.Totals), origins(c))
	}
	risks(b, pr)
	for _, old := range pr.Supersedes {
		fmt.Fprintf(b, "\nSupersedes %s %s, which this pull request proposed before.\n", code(old.App), code(old.Version))
	}
	for _, left := range pr.LeftOut {
		fmt.Fprintf(b, "\nLeft out: %s\n", escape(left))
	}
	for _, c := range pr.Changes {
		section(b, c, l)
	}
	if name := levelNames[l]; name != "" {
		fmt.Fprintf(b, "\nThis text shows %s, so that it stays readable. All of it: `git diff %s...%s`\n", name, pr.Base, pr.Branch)
	}
	fmt.Fprintf(b, "\n<!-- ferry:v1 %s/%s -->\n", pr.Environment, pr.Unit)
	return b.String()
}

// verdict is the one line that a hurried reviewer reads.
func verdict(pr promote.Promotion) string {
	var t diff.Totals
	n := 0
	for _, c := range pr.Changes {
		t.Added += c.Diff.Totals.Added
		t.Changed += c.Diff.Totals.Changed + c.Diff.Totals.Renamed
		t.Removed += c.Diff.Totals.Removed
		n += len(c.Diff.Risks)
	}
	word := "no risk found"
	if n == 1 {
		word = "1 risk"
	} else if n > 1 {
		word = fmt.Sprintf("%d risks", n)
	}
	return fmt.Sprintf("**%s**: resources %s; %s.", escape(pr.Title()), sentence(t), word)
}

func images(c promote.Change) string {
	var parts []string
	for _, i := range c.Diff.Images {
		parts = append(parts, code(imageChange(i)))
	}
	for _, name := range carried(c.To.Release) {
		parts = append(parts, code(name))
	}
	if len(parts) == 0 {
		return "unchanged"
	}
	return strings.Join(parts, "<br>")
}

func origins(c promote.Change) string {
	var parts []string
	for _, o := range c.Origins {
		parts = append(parts, escape(fmt.Sprintf("%s: %s", o.Environment, o.Why)))
	}
	if len(parts) == 0 {
		return "comes from CI"
	}
	return strings.Join(parts, "<br>")
}

func risks(b *strings.Builder, pr promote.Promotion) {
	b.WriteString("\n")
	none := true
	for _, c := range pr.Changes {
		for _, r := range c.Diff.Risks {
			fmt.Fprintf(b, "- %s: %s\n", code(c.App), escape(risk(r)))
			none = false
		}
		for _, note := range changeNotes(c) {
			fmt.Fprintf(b, "- %s: %s\n", code(c.App), escape(note))
		}
	}
	if none {
		b.WriteString("No risk found.\n")
	}
}

// section is one app: its resources, collapsed.
func section(b *strings.Builder, c promote.Change, l level) {
	fmt.Fprintf(b, "\n<details><summary>%s in %s: %s</summary>\n\n", htmlEscape(c.App), htmlEscape(c.Environment), sentence(c.Diff.Totals))
	source(b, c)
	for _, r := range c.Diff.Resources {
		if l == totalsOnly && r.Kind != diff.Removed {
			continue
		}
		fmt.Fprintf(b, "- %s %s\n", sign(r.Kind), code(r.Resource.String()))
		if l > fieldChanges {
			continue
		}
		for _, f := range r.Fields {
			if !f.Noise {
				fmt.Fprintf(b, "  - %s\n", code(fieldChange(f)))
			}
		}
	}
	if l == fullDiff {
		fenced(b, c)
	}
	b.WriteString("\n</details>\n")
}

func source(b *strings.Builder, c promote.Change) {
	src := c.To.Release.Source
	if src.Commit == "" {
		return
	}
	fmt.Fprintf(b, "Source: %s of %s", code(short(src.Commit)), code(src.Repository))
	if !src.Time.IsZero() {
		fmt.Fprintf(b, ", %s", src.Time.UTC().Format(time.DateTime))
	}
	b.WriteString("\n\n")
}

// fenced is the raw diff in a fence that no content can close.
func fenced(b *strings.Builder, c promote.Change) {
	text := unified(c)
	if text == "" {
		return
	}
	fence := "```"
	for strings.Contains(text, fence) {
		fence += "`"
	}
	fmt.Fprintf(b, "\n%sdiff\n%s\n%s\n", fence, strings.TrimRight(text, "\n"), fence)
}

// code makes outside text an inert code span, also inside a table.
func code(s string) string {
	s = strings.NewReplacer("`", "'", "|", "/").Replace(plain(s))
	if strings.TrimSpace(s) == "" {
		return "(empty)"
	}
	return "`" + s + "`"
}

// escape makes outside text inert: no markup, mention, reference or link comes out of it.
func escape(s string) string {
	var b strings.Builder
	for _, r := range plain(s) {
		switch r {
		case '@', '#', '!':
			b.WriteString("&#" + fmt.Sprint(int(r)) + ";")
		case '<':
			b.WriteString("&lt;")
		case '&':
			b.WriteString("&amp;")
		case '\\', '`', '*', '_', '{', '}', '[', ']', '(', ')', '|', '~', '>':
			b.WriteRune('\\')
			b.WriteRune(r)
		default:
			b.WriteRune(r)
		}
	}
	return strings.NewReplacer("://", ":&#47;&#47;", "www.", "www&#46;").Replace(b.String())
}

func htmlEscape(s string) string {
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace(plain(s))
}
