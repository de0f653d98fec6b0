package report

import (
	"cmp"
	"encoding/json"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/ferry-cd/ferry/diff"
	"github.com/ferry-cd/ferry/door"
	"github.com/ferry-cd/ferry/gates"
	"github.com/ferry-cd/ferry/promote"
	"github.com/ferry-cd/ferry/release"
)

// outside is door.Outside by a short name: most of what is written comes through it.
func outside(s string) door.Text { return door.Outside(s) }

// number is a number as text.
func number(n int) door.Text { return door.Outside(strconv.Itoa(n)) }

// words are several texts as one, with a comma between them.
func words(all []string) door.Text { return outside(strings.Join(all, ", ")) }

// versions says from what to what: "1.3.0 -> 1.4.0".
func versions(c promote.Change) door.Text {
	to := outside(c.To.Release.Version)
	switch {
	case c.From == nil:
		return to
	case c.Retires:
		return door.Lines("%s goes", to)
	case c.From.Release.Sequence == c.To.Release.Sequence:
		return door.Lines("%s (%s)", to, outside(c.Refreshes()))
	}
	return door.Lines("%s -> %s", outside(c.From.Release.Version), to)
}

// counts says how many resources come, change and go: "+1 ~2 -0".
func counts(n diff.Counts) door.Text {
	return door.Lines("+%s ~%s -%s", number(n.Added), number(n.Changed+n.Renamed), number(n.Removed))
}

// sentence says the same in words.
func sentence(n diff.Counts) door.Text {
	var parts []string
	for _, p := range []struct {
		n    int
		word string
	}{{n.Added, "added"}, {n.Changed + n.Renamed, "changed"}, {n.Removed, "removed"}} {
		if p.n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", p.n, p.word))
		}
	}
	if len(parts) == 0 {
		return outside("0 semantic changes")
	}
	return words(parts)
}

// short is a commit id as people read it.
func short(id string) string { return id[:min(len(id), 10)] }

// carried lists the images that a release took over from an older one.
func carried(r release.Release) []door.Text {
	var names []door.Text
	for _, img := range r.Images {
		if img.Carried != "" {
			tag := cmp.Or(img.Tag, short(strings.TrimPrefix(img.Digest, "sha256:")))
			names = append(names, door.Lines("%s %s carried from %s", outside(img.Name), outside(tag), outside(img.Carried)))
		}
	}
	return names
}

// age says how long ago something was, in one unit.
func age(d time.Duration) string {
	switch {
	case d < time.Minute:
		return fmt.Sprintf("%ds", max(0, int(d.Seconds())))
	case d < time.Hour:
		return fmt.Sprintf("%dm", int(d.Minutes()))
	case d < 48*time.Hour:
		return fmt.Sprintf("%dh", int(d.Hours()))
	}
	return fmt.Sprintf("%dd", int(d.Hours()/24))
}

// digests are cut to what tells two of them apart.
var digests = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`(sha256:[0-9a-f]{12})[0-9a-f]{52}`)
})

// value is one side of a field change, cut to a readable length.
func value(v any) door.Text {
	const most = 120
	if v == nil {
		return outside("(none)")
	}
	return outside(digests().ReplaceAllString(shown(v), "$1")).Cut(most)
}

// shown writes lists and mappings as YAML has them in one line, which JSON is.
func shown(v any) string {
	switch v.(type) {
	case []any, map[string]any:
		var b strings.Builder
		e := json.NewEncoder(&b)
		e.SetEscapeHTML(false)
		if e.Encode(v) == nil {
			return strings.TrimSuffix(b.String(), "\n")
		}
	}
	return fmt.Sprint(v)
}

// fieldChange says what happened to one field.
func fieldChange(f diff.Field) door.Text {
	path := outside(f.Path)
	switch {
	case f.Masked:
		return door.Lines("%s %s (not shown)", path, outside(string(f.Kind)))
	case f.Kind == diff.Added:
		return door.Lines("%s: %s", path, value(f.New))
	case f.Kind == diff.Removed:
		return door.Lines("%s removed, was %s", path, value(f.Old))
	case f.Kind == diff.Reordered:
		return door.Lines("%s in another order", path)
	}
	return door.Lines("%s: %s -> %s", path, value(f.Old), value(f.New))
}

// keyChange says what happened to the keys of a Secret, whose values nobody shows.
func keyChange(k *diff.SecretKeys) door.Text {
	var parts []string
	for _, p := range []struct {
		word string
		keys []string
	}{{"added", k.Added}, {"changed", k.Changed}, {"removed", k.Removed}, {"unchanged", k.Unchanged}} {
		if len(p.keys) > 0 {
			parts = append(parts, "keys "+p.word+": "+strings.Join(p.keys, ", "))
		}
	}
	return outside(strings.Join(parts, "; "))
}

// resource names a resource with what it was called before.
func resource(c diff.Change) door.Text {
	name := outside(c.Resource.String())
	if c.Was != nil {
		return door.Lines("%s, before %s", name, outside(c.Was.Name))
	}
	return name
}

// sign marks a change as diffs do.
func sign(k diff.Kind) door.Text {
	switch k {
	case diff.Added:
		return outside("+")
	case diff.Removed:
		return outside("-")
	}
	return outside("~")
}

// version is what tells an image from the other one of its name: its tag and, where that is not enough, its digest.
func version(i, other diff.Image) door.Text {
	const digits = 12
	digest := strings.TrimPrefix(i.Digest, "sha256:")
	digest = digest[:min(len(digest), digits)]
	switch {
	case i.Tag == "":
		return outside(digest)
	case digest == "" || i.Tag != other.Tag:
		return outside(i.Tag)
	}
	return door.Lines("%s@%s", outside(i.Tag), outside(digest))
}

// imageChange says which image moves from what to what, and which way.
func imageChange(c diff.ImageChange) door.Text {
	name := outside(c.Name[strings.LastIndexByte(c.Name, '/')+1:])
	switch {
	case c.From == nil:
		return door.Lines("%s: new, %s", name, version(*c.To, diff.Image{}))
	case c.To == nil:
		return door.Lines("%s: removed, was %s", name, version(*c.From, diff.Image{}))
	case c.Direction == diff.Moved || c.Direction == diff.Replaced:
		return door.Lines("%s -> %s (%s)", outside(c.From.String()).Cut(longImage), outside(c.To.String()).Cut(longImage), outside(string(c.Direction)))
	}
	return door.Lines("%s: %s -> %s%s", name, version(*c.From, *c.To), version(*c.To, *c.From), direction(c.Direction))
}

// longImage is where the name of an image no longer helps to see what changed.
const longImage = 80

// direction is said where it is not what everybody expects.
func direction(d diff.Direction) door.Text {
	switch d {
	case diff.Upgrade:
		return outside("")
	case diff.Downgrade:
		return outside(" (DOWNGRADE)")
	}
	return door.Lines(" (%s)", outside(string(d)))
}

// notes are what a reader of a change should know besides the diff.
func notes(c promote.Change) []door.Text {
	all := carried(c.To.Release)
	if len(c.Adopted) > 0 {
		all = append(all, door.Lines("takes over %s: %s", words(c.Adopted), sentence(c.Diff.Totals.Counts)))
	}
	for _, f := range c.Findings {
		all = append(all, door.Lines("warning: %s", outside(f.String())))
	}
	for _, n := range c.Notices {
		all = append(all, door.Lines("note: %s", outside(n)))
	}
	return all
}

// reason is what a gate says without its own name in front, which is written before it.
func reason(c gates.Condition) door.Text { return outside(strings.TrimPrefix(c.Reason, c.Gate+": ")) }

// riskLine says one risk in a line.
func riskLine(r diff.Risk) door.Text {
	if r.Resource == (diff.Resource{}) { // of the whole app
		return door.Lines("%s: %s", outside(r.Level.String()), outside(r.Reason))
	}
	place := outside(r.Resource.String())
	if r.Field != "" {
		place = door.Lines("%s %s", place, outside(r.Field))
	}
	return door.Lines("%s: %s: %s", outside(r.Level.String()), place, outside(r.Reason))
}
