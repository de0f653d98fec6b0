package environments

import (
	"fmt"
	"slices"
	"strings"
)

// didYouMean is the hint for a name that is nearly one of those known; "" where none is near.
func didYouMean(name string, known []string) string {
	if near := nearest(name, known); near != "" {
		return fmt.Sprintf("did you mean %q?", near)
	}
	return ""
}

// nearest finds the known name with the fewest edits, at most one for every three letters and one more.
func nearest(name string, known []string) string {
	if len(name) > 64 {
		return ""
	}
	best, least := "", 2*min(len(name)/3+1, len(name)-1)+1
	for _, candidate := range slices.Sorted(slices.Values(known)) {
		if strings.EqualFold(candidate, name) {
			return candidate
		}
		if d := distance(name, candidate); d < least {
			best, least = candidate, d
		}
	}
	return best
}

// distance weighs what turns a into b: 2 for a letter inserted, left out or replaced, 1 for two that changed places,
// which is the slip that fingers make most.
func distance(a, b string) int {
	x, y := []rune(a), []rune(b)
	if len(y) > 128 {
		return 2 * len(y)
	}
	before, last, row := make([]int, len(y)+1), make([]int, len(y)+1), make([]int, len(y)+1)
	for j := range last {
		last[j] = 2 * j
	}
	for i := range x {
		row[0] = 2 * (i + 1)
		for j := range y {
			cost := 2
			if x[i] == y[j] {
				cost = 0
			}
			row[j+1] = min(row[j]+2, last[j+1]+2, last[j]+cost)
			if i > 0 && j > 0 && x[i] == y[j-1] && x[i-1] == y[j] {
				row[j+1] = min(row[j+1], before[j-1]+1)
			}
		}
		before, last, row = last, row, before
	}
	return last[len(y)]
}
