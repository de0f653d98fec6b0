package report

import (
	"io"
	"strings"

	"github.com/ferry-cd/ferry/diff"
	"github.com/ferry-cd/ferry/door"
)

// Terminal is where people read: how wide it is, 0 where nobody knows, and whether it shows colours.
type Terminal struct {
	Out    io.Writer
	Width  int
	Colour bool
}

// style is a colour of the terminal by what it means; "" is plain.
type style string

// The styles, as the standard codes of terminals (ECMA-48, select graphic rendition).
const (
	normal style = ""
	strong style = "1"
	come   style = "32"
	change style = "33"
	gone   style = "31"
	alarm  style = "1;31"
	quiet  style = "2"
)

func styleOf(k diff.Kind) style {
	switch k {
	case diff.Added:
		return come
	case diff.Removed:
		return gone
	}
	return change
}

func styleOfLevel(l diff.Level) style {
	switch {
	case l >= diff.High:
		return alarm
	case l == diff.Medium:
		return change
	}
	return normal
}

// lines writes lines until the first error.
type lines struct {
	Terminal
	err error
}

func (t *lines) line(text door.Text) { t.styled(normal, 0, text) }

// styled writes one line, indented, broken where the terminal ends.
func (t *lines) styled(s style, indent int, text door.Text) {
	for i, part := range wrapped(text.Line(), t.Width-indent) {
		if i > 0 {
			part = "  " + part
		}
		if t.Colour && s != normal {
			part = "\x1b[" + string(s) + "m" + part + "\x1b[0m"
		}
		t.raw(strings.Repeat(" ", indent) + part + "\n")
	}
}

func (t *lines) raw(s string) {
	if t.err == nil {
		_, t.err = io.WriteString(t.Out, s)
	}
}

// narrowest is the width below which broken lines are harder to read than long ones.
const narrowest = 40

// wrapped breaks a line at spaces; what has none stays whole, so that it can be copied. Lines after the first are two
// characters narrower, for their indent.
func wrapped(line string, width int) []string {
	if width < narrowest {
		return []string{line}
	}
	var all []string
	var now []rune
	for _, word := range strings.Split(line, " ") {
		room := width
		if len(all) > 0 {
			room -= 2
		}
		if w := []rune(word); len(now) > 0 && len(now)+1+len(w) > room && strings.TrimSpace(string(now)) != "" {
			all, now = append(all, string(now)), w
			continue
		}
		if len(now) > 0 || len(all) == 0 && word == "" {
			now = append(now, ' ')
		}
		now = append(now, []rune(word)...)
	}
	return append(all, string(now))
}
