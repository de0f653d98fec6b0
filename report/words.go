package report

import (
	"cmp"
	"fmt"
	"regexp"
	"strings"
	"time"
	"unicode"

	"github.com/ferry-cd/ferry/diff"
	"github.com/ferry-cd/ferry/promote"
	"github.com/ferry-cd/ferry/release"
)

// plain makes outside text one visible line: control characters, line breaks and direction marks go.
func plain(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t' || r == '\r':
			return ' '
		case unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || r == unicode.ReplacementChar:
			return -1
		}
		return r
	}, s)
}

// versions says from what to what: "1.3.0 -> 1.4.0".
func versions(c promote.Change) string {
	to := plain(c.To.Release.Version)
	switch {
	case c.From == nil:
		return to
	case c.From.Release.Sequence == c.To.Release.Sequence:
		return to + " (configuration)"
	}
	return plain(c.From.Release.Version) + " -> " + to
}

// counts says how many resources come, change and go: "+1 ~2 -0".
func counts(t diff.Totals) string {
	return fmt.Sprintf("+%d ~%d -%d", t.Added, t.Changed+t.Renamed, t.Removed)
}

// sentence says the same in words.
func sentence(t diff.Totals) string {
	var parts []string
	for _, p := range []struct {
		n    int
		word string
	}{{t.Added, "added"}, {t.Changed + t.Renamed, "changed"}, {t.Removed, "removed"}} {
		if p.n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", p.n, p.word))
		}
	}
	if len(parts) == 0 {
		return "0 semantic changes"
	}
	return strings.Join(parts, ", ")
}

// short is a commit id as people read it.
func short(id string) string { return id[:min(len(id), 10)] }

// carried lists the images that a release took over from an older one.
func carried(r release.Release) []string {
	var names []string
	for _, img := range r.Images {
		if img.Carried != "" {
			names = append(names, plain(fmt.Sprintf("%s %s carried from %s", img.Name, cmp.Or(img.Tag, short(strings.TrimPrefix(img.Digest, "sha256:"))), img.Carried)))
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
var digests = regexp.MustCompile(`(sha256:[0-9a-f]{12})[0-9a-f]{52}`)

// value is one side of a field change, cut to a readable length.
func value(v any) string {
	const most = 120
	s := digests.ReplaceAllString(plain(fmt.Sprint(v)), "$1")
	if v == nil {
		s = "(none)"
	}
	if r := []rune(s); len(r) > most {
		s = string(r[:most]) + "..."
	}
	return s
}

// fieldChange says what happened to one field.
func fieldChange(f diff.Field) string {
	path := plain(f.Path)
	switch {
	case f.Masked:
		return path + " " + string(f.Kind) + " (not shown)"
	case f.Kind == diff.Added:
		return path + ": " + value(f.New)
	case f.Kind == diff.Removed:
		return path + " removed, was " + value(f.Old)
	case f.Kind == diff.Reordered:
		return path + " in another order"
	}
	return path + ": " + value(f.Old) + " -> " + value(f.New)
}

// sign marks a change as diffs do.
func sign(k diff.Kind) string {
	switch k {
	case diff.Added:
		return "+"
	case diff.Removed:
		return "-"
	}
	return "~"
}
