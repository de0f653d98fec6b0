package diff

import "slices"

// Alignment of two sequences: of lines for the text diff, of list items for the semantic one. Items are small numbers, equal
// where the things are. Work and memory stay linear in the input, whatever it is: a script of few edits is found exactly,
// anything else through the items that both sides have once, and what is left between those counts as replaced.

// span is a run of n equal items, from a[i] and b[j] on.
type span struct{ i, j, n int }

const (
	mostEdits    = 600 // of a whole sequence; memory grows with its square
	mostGapEdits = 60  // between two anchors
)

// align finds runs of equal items, in order, none adjoining the next on both sides.
func align(a, b []int) []span {
	var s spans
	if !s.region(a, b, 0, 0, mostEdits) {
		s.anchored(a, b)
	}
	return s.found
}

type spans struct{ found []span }

// add appends a run, joined to the last where they adjoin.
func (s *spans) add(i, j, n int) {
	if n == 0 {
		return
	}
	if k := len(s.found) - 1; k >= 0 && s.found[k].i+s.found[k].n == i && s.found[k].j+s.found[k].n == j {
		s.found[k].n += n
		return
	}
	s.found = append(s.found, span{i, j, n})
}

// region aligns a and b, which begin at i and j of the whole. It adds nothing and gives false where that takes more than
// most edits.
func (s *spans) region(a, b []int, i, j, most int) bool {
	head := commonHead(a, b)
	tail := commonTail(a[head:], b[head:])
	script, ok := shortest(a[head:len(a)-tail], b[head:len(b)-tail], most)
	if !ok {
		return false
	}
	s.add(i, j, head)
	for _, run := range script {
		s.add(i+head+run.i, j+head+run.j, run.n)
	}
	s.add(i+len(a)-tail, j+len(b)-tail, tail)
	return true
}

func commonHead(a, b []int) int {
	n := 0
	for n < len(a) && n < len(b) && a[n] == b[n] {
		n++
	}
	return n
}

func commonTail(a, b []int) int {
	n := 0
	for n < len(a) && n < len(b) && a[len(a)-1-n] == b[len(b)-1-n] {
		n++
	}
	return n
}

// shortest finds the runs that a shortest edit script keeps (Myers, "An O(ND) difference algorithm and its variations").
func shortest(a, b []int, most int) ([]span, bool) {
	if len(a) == 0 || len(b) == 0 {
		return nil, true
	}
	reach := make([]int, 2*most+3) // by diagonal: how far into a
	var trace [][]int              // reach[-d..d] as it was after d edits
	for d := 0; d <= most; d++ {
		for k := -d; k <= d; k += 2 {
			x := step(reach, most+1, d, k)
			y := x - k
			for x < len(a) && y < len(b) && a[x] == b[y] {
				x, y = x+1, y+1
			}
			reach[most+1+k] = x
			if x >= len(a) && y >= len(b) {
				return retrace(trace, d, len(a), len(b)), true
			}
		}
		trace = append(trace, append([]int(nil), reach[most+1-d:most+2+d]...))
	}
	return nil, false
}

// step gives how far diagonal k gets with d edits, before it follows equal items. origin is the index of diagonal 0.
func step(reach []int, origin, d, k int) int {
	switch {
	case d == 0:
		return 0
	case k == -d || k != d && reach[origin+k-1] < reach[origin+k+1]:
		return reach[origin+k+1]
	}
	return reach[origin+k-1] + 1
}

// retrace walks back from the end and gives the equal runs in order.
func retrace(trace [][]int, d, x, y int) []span {
	var runs []span
	for ; d > 0; d-- {
		k, before := x-y, x-y-1
		last := trace[d-1]
		if k == -d || k != d && at(last, d-1, k-1) < at(last, d-1, k+1) {
			before = k + 1
		}
		fromX := at(last, d-1, before)
		startX := fromX
		if before < k {
			startX++
		}
		runs = appendRun(runs, span{startX, startX - k, x - startX})
		x, y = fromX, fromX-before
	}
	runs = appendRun(runs, span{0, 0, x})
	slices.Reverse(runs)
	return runs
}

func appendRun(runs []span, run span) []span {
	if run.n == 0 {
		return runs
	}
	return append(runs, run)
}

// at reads a trace line, which holds diagonals -d to d; beyond them nothing was reached.
func at(line []int, d, k int) int {
	if k < -d || k > d {
		return -1
	}
	return line[d+k]
}

// anchored aligns at the items that both sides have exactly once, in the longest order that both share.
func (s *spans) anchored(a, b []int) {
	i, j := 0, 0
	for _, m := range append(ascending(uniques(a, b)), span{len(a), len(b), 1}) {
		if m.i < i || m.j < j {
			continue
		}
		s.gap(a[i:m.i], b[j:m.j], i, j)
		i, j = m.i, m.j
		for i < len(a) && j < len(b) && a[i] == b[j] {
			i, j = i+1, j+1
		}
		s.add(m.i, m.j, i-m.i)
	}
}

func (s *spans) gap(a, b []int, i, j int) {
	if s.region(a, b, i, j, mostGapEdits) {
		return
	}
	head := commonHead(a, b)
	tail := commonTail(a[head:], b[head:])
	s.add(i, j, head)
	s.add(i+len(a)-tail, j+len(b)-tail, tail)
}

// uniques pairs the items that occur once on either side, in the order of a.
func uniques(a, b []int) []span {
	type seen struct{ inA, inB, j int }
	all := make(map[int]seen, len(a))
	for _, x := range a {
		c := all[x]
		c.inA++
		all[x] = c
	}
	for j, x := range b {
		if c, ok := all[x]; ok {
			c.inB, c.j = c.inB+1, j
			all[x] = c
		}
	}
	var pairs []span
	for i, x := range a {
		if c := all[x]; c.inA == 1 && c.inB == 1 {
			pairs = append(pairs, span{i, c.j, 1})
		}
	}
	return pairs
}

// ascending keeps a longest run of pairs that ascends in j too (patience sorting).
func ascending(pairs []span) []span {
	var tops []int // index of the last pair of the best run of each length
	back := make([]int, len(pairs))
	for p := range pairs {
		lo, hi := 0, len(tops)
		for lo < hi {
			if mid := (lo + hi) / 2; pairs[tops[mid]].j < pairs[p].j {
				lo = mid + 1
			} else {
				hi = mid
			}
		}
		back[p] = -1
		if lo > 0 {
			back[p] = tops[lo-1]
		}
		if lo == len(tops) {
			tops = append(tops, p)
		}
		tops[lo] = p
	}
	return follow(pairs, back, tops)
}

func follow(pairs []span, back, tops []int) []span {
	if len(tops) == 0 {
		return nil
	}
	run := make([]span, len(tops))
	for p, k := tops[len(tops)-1], len(tops)-1; p >= 0; p, k = back[p], k-1 {
		run[k] = pairs[p]
	}
	return run
}
