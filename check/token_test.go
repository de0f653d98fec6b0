package check

import (
	"regexp/syntax"
	"testing"
)

// Patterns are compiled when they are needed; one that is wrong must not wait for that.
func TestEveryPatternCompiles(t *testing.T) {
	for _, f := range append(forms, awsSecret) {
		if f.match() == nil {
			t.Errorf("%s has no pattern", f.name)
		}
	}
}

// TestNoFormIsShorterThanItSays: text that is shorter than a form's least is never held against its pattern.
func TestNoFormIsShorterThanItSays(t *testing.T) {
	for _, f := range append(forms, awsSecret) {
		parsed, err := syntax.Parse(f.match().String(), syntax.Perl)
		if err != nil {
			t.Fatal(err)
		}
		if n := shortest(parsed); f.least > n || f.least == 0 {
			t.Errorf("%s: %d bytes are asked for, and %d may match", f.name, f.least, n)
		}
	}
}

// shortest is how many bytes a match of a pattern has at least.
func shortest(re *syntax.Regexp) int {
	below := func(i int) int { return shortest(re.Sub[i]) }
	switch re.Op {
	case syntax.OpLiteral:
		return len(re.Rune)
	case syntax.OpCharClass, syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		return 1
	case syntax.OpCapture, syntax.OpPlus:
		return below(0)
	case syntax.OpRepeat:
		return re.Min * below(0)
	case syntax.OpConcat:
		n := 0
		for i := range re.Sub {
			n += below(i)
		}
		return n
	case syntax.OpAlternate:
		n := below(0)
		for i := range re.Sub {
			n = min(n, below(i))
		}
		return n
	}
	return 0 // anchors, and what may be left out
}
