package diff

import (
	"bytes"
	"fmt"
	"strings"
)

// around is how many unchanged lines stand before and after a change.
const around = 3

// Unified compares two texts line by line and gives the differences in the unified format, "" where there are none. It
// masks nothing; see UnifiedManifest.
func Unified(oldName, newName string, old, new []byte) string {
	if bytes.Equal(old, new) {
		return ""
	}
	a, b := lines(old), lines(new)
	u := unified{a: a, b: b}
	fmt.Fprintf(&u.out, "--- %s\n+++ %s\n", oldName, newName)
	for _, h := range hunks(differences(a, b), len(a), len(b)) {
		u.hunk(h)
	}
	return u.out.String()
}

// lines keeps the line breaks, so that a missing one at the end is a difference.
func lines(data []byte) []string {
	if len(data) == 0 {
		return nil
	}
	all := strings.SplitAfter(string(data), "\n")
	if all[len(all)-1] == "" {
		all = all[:len(all)-1]
	}
	return all
}

// block is a replacement: lines i0 to i1 of the old text by j0 to j1 of the new one.
type block struct{ i0, i1, j0, j1 int }

func differences(a, b []string) []block {
	known := map[string]int{}
	number := func(lines []string) []int {
		numbers := make([]int, len(lines))
		for i, line := range lines {
			if _, ok := known[line]; !ok {
				known[line] = len(known)
			}
			numbers[i] = known[line]
		}
		return numbers
	}
	var blocks []block
	i, j := 0, 0
	for _, run := range append(align(number(a), number(b)), span{len(a), len(b), 0}) {
		if run.i > i || run.j > j {
			blocks = append(blocks, block{i, run.i, j, run.j})
		}
		i, j = run.i+run.n, run.j+run.n
	}
	return blocks
}

// hunk is a stretch of both texts with the replacements in it.
type hunk struct {
	block
	changes []block
}

// hunks joins replacements whose surroundings touch.
func hunks(changes []block, n, m int) []hunk {
	var all []hunk
	for _, c := range changes {
		wide := block{max(0, c.i0-around), min(n, c.i1+around), max(0, c.j0-around), min(m, c.j1+around)}
		if last := len(all) - 1; last >= 0 && wide.i0 <= all[last].i1 {
			all[last].i1, all[last].j1 = wide.i1, wide.j1
			all[last].changes = append(all[last].changes, c)
			continue
		}
		all = append(all, hunk{wide, []block{c}})
	}
	return all
}

type unified struct {
	a, b []string
	out  strings.Builder
}

func (u *unified) hunk(h hunk) {
	fmt.Fprintf(&u.out, "@@ -%s +%s @@\n", lineRange(h.i0, h.i1), lineRange(h.j0, h.j1))
	i := h.i0
	for _, c := range h.changes {
		u.write(' ', u.a[i:c.i0])
		u.write('-', u.a[c.i0:c.i1])
		u.write('+', u.b[c.j0:c.j1])
		i = c.i1
	}
	u.write(' ', u.a[i:h.i1])
}

// lineRange counts from one; an empty range is named by the line before it.
func lineRange(from, to int) string {
	switch to - from {
	case 0:
		return fmt.Sprintf("%d,0", from)
	case 1:
		return fmt.Sprint(from + 1)
	}
	return fmt.Sprintf("%d,%d", from+1, to-from)
}

func (u *unified) write(mark byte, lines []string) {
	for _, line := range lines {
		u.out.WriteByte(mark)
		u.out.WriteString(line)
		if !strings.HasSuffix(line, "\n") {
			u.out.WriteString("\n\\ No newline at end of file\n")
		}
	}
}
