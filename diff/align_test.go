package diff

import (
	"math/rand/v2"
	"testing"
)

// lcs is the length of a longest common subsequence, the slow and sure way.
func lcs(a, b []int) int {
	row := make([]int, len(b)+1)
	for _, x := range a {
		diagonal := 0
		for j, y := range b {
			above := row[j+1]
			if x == y {
				row[j+1] = diagonal + 1
			} else {
				row[j+1] = max(above, row[j])
			}
			diagonal = above
		}
	}
	return row[len(b)]
}

// checkSpans fails where spans are not runs of equal items in order, and gives how many items they hold.
func checkSpans(t *testing.T, a, b []int, spans []span) int {
	t.Helper()
	i, j, total := 0, 0, 0
	for _, s := range spans {
		if s.n <= 0 || s.i < i || s.j < j {
			t.Fatalf("span %v is empty or goes back, in %v", s, spans)
		}
		for k := range s.n {
			if a[s.i+k] != b[s.j+k] {
				t.Fatalf("span %v holds unequal items", s)
			}
		}
		i, j, total = s.i+s.n, s.j+s.n, total+s.n
	}
	return total
}

func TestAlignIsShortest(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	for range 3000 {
		a, b := numbers(rnd, rnd.IntN(12), 4), numbers(rnd, rnd.IntN(12), 4)
		if got, want := checkSpans(t, a, b, align(a, b)), lcs(a, b); got != want {
			t.Fatalf("align %v with %v keeps %d items, want %d", a, b, got, want)
		}
	}
}

func numbers(rnd *rand.Rand, n, most int) []int {
	s := make([]int, n)
	for i := range s {
		s[i] = rnd.IntN(most)
	}
	return s
}

// With more edits than the exact search may take, what is unique on both sides still holds the rest in place.
func TestAlignFallsBackToAnchors(t *testing.T) {
	rnd := rand.New(rand.NewPCG(3, 4))
	var a, b []int
	for i := range 4000 {
		a, b = append(a, i, 10_000+rnd.IntN(50)), append(b, i, 20_000+rnd.IntN(50))
	}
	if got := checkSpans(t, a, b, align(a, b)); got != 4000 {
		t.Errorf("%d items kept, want the 4000 unique ones", got)
	}
}

func TestAlignGivesUpInGoodOrder(t *testing.T) {
	rnd := rand.New(rand.NewPCG(5, 6))
	a, b := numbers(rnd, 200_000, 3), numbers(rnd, 200_000, 3)
	checkSpans(t, a, b, align(a, b))
	reversed := make([]int, 100_000)
	straight := make([]int, 100_000)
	for i := range reversed {
		straight[i], reversed[i] = i, len(reversed)-i
	}
	checkSpans(t, straight, reversed, align(straight, reversed))
}
