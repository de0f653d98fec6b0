package helm

import (
	"reflect"
	"strings"
)

// free are functions that only hand on what they are given, or ask it something: they make next to nothing.
var free = named(`default empty coalesce all any ternary typeOf typeIs typeIsLike kindOf kindIs deepEqual
	get hasKey first mustFirst last mustLast has mustHas dig hasPrefix hasSuffix contains
	now ago toDate mustToDate unixEpoch isAbs osIsAbs regexMatch mustRegexMatch`)

// shallow are functions that put values into a new map or list without looking into them.
var shallow = named(`dict list tuple set unset pluck pick omit values keys append push mustAppend mustPush prepend mustPrepend
	rest mustRest initial mustInitial reverse mustReverse uniq mustUniq without mustWithout slice mustSlice compact mustCompact
	chunk mustChunk concat`)

// changing are the functions that change a map they are given, which may be one that all templates of a chart see.
var changing = named(`set unset merge mustMerge mergeOverwrite mustMergeOverwrite`)

func named(words string) map[string]bool {
	all := map[string]bool{}
	for _, w := range strings.Fields(words) {
		all[w] = true
	}
	return all
}

// costs say how many bytes a function is going to make of its arguments, where that may be far more than these.
var costs = map[string]func(a []any) int{
	"repeat": func(a []any) int { return times(number(a[0]), length(a[1])) },
	"join":   func(a []any) int { return times(elements(a[1]), length(a[0])) },
	"wrapWith": func(a []any) int {
		return length(a[2]) + times(length(a[2])/max(number(a[0]), 1)+1, length(a[1]))
	},
	"until":                      func(a []any) int { return times(magnitude(number(a[0])), 8) },
	"untilStep":                  func(a []any) int { return times(stepsOf(number(a[0]), number(a[1]), number(a[2])), 8) },
	"seq":                        seqCost,
	"randAlpha":                  firstNumber,
	"randNumeric":                firstNumber,
	"randAlphaNum":               firstNumber,
	"randAscii":                  firstNumber,
	"randBytes":                  firstNumber,
	"fromYaml":                   parseCost,
	"fromYamlArray":              parseCost,
	"fromJson":                   parseCost,
	"fromJsonArray":              parseCost,
	"fromToml":                   parseCost,
	"mustFromJson":               parseCost,
	"split":                      splitCost,
	"splitn":                     func(a []any) int { return pieces(a[2], a[0]) },
	"splitList":                  splitCost,
	"regexSplit":                 func(a []any) int { return times(length(a[1]), nodeWeight) },
	"mustRegexSplit":             func(a []any) int { return times(length(a[1]), nodeWeight) },
	"regexFindAll":               func(a []any) int { return times(length(a[1]), nodeWeight) },
	"mustRegexFindAll":           func(a []any) int { return times(length(a[1]), nodeWeight) },
	"regexReplaceAll":            replaceCost,
	"mustRegexReplaceAll":        replaceCost,
	"regexReplaceAllLiteral":     replaceCost,
	"mustRegexReplaceAllLiteral": replaceCost,
}

func firstNumber(a []any) int { return number(a[0]) }
func parseCost(a []any) int   { return times(length(a[0]), 8) }
func splitCost(a []any) int   { return pieces(a[1], a[0]) }
func replaceCost(a []any) int { return times(length(a[1])+1, length(a[2])+1) }

func indented(n int, s string) int { return len(s) + times(strings.Count(s, "\n")+1, max(n, 0)) }

func replaced(from, to, s string) int { return times(len(s)+1, len(to)+1) }

func seqCost(a []any) int {
	const digits = 12
	switch len(a) {
	case 1:
		return times(magnitude(number(a[0])), digits)
	case 2:
		return times(magnitude(number(a[1])-number(a[0])), digits)
	case 3:
		return times(stepsOf(number(a[0]), number(a[2]), number(a[1])), digits)
	}
	return 0
}

// stepsOf is how many steps lead from one number to another; none where they lead away.
func stepsOf(from, to, step int) int {
	if step == 0 {
		return 0
	}
	return max((to-from)/step, 0) + 1
}

func number(v any) int { n, _ := v.(int); return n }
func length(v any) int { s, _ := v.(string); return len(s) }
func magnitude(n int) int {
	if n < 0 {
		return max(-n, 0)
	}
	return n
}

func elements(v any) int {
	if l := reflect.ValueOf(v); l.Kind() == reflect.Slice || l.Kind() == reflect.Array {
		return l.Len()
	}
	return 1
}

func pieces(text, separator any) int {
	s, _ := text.(string)
	sep, _ := separator.(string)
	return times(strings.Count(s, sep)+1, 2*nodeWeight)
}

// saturated is more than any limit.
const saturated = 1 << 50

// times multiplies without running over.
func times(a, b int) int {
	if a > 0 && b > saturated/a {
		return saturated
	}
	return a * b
}

// paid makes a function pay for what it makes, and refuse beforehand to make what is too much.
func (b *budget) paid(name string, f any) any {
	if free[name] {
		return f
	}
	if quick := b.paidQuick(name, f); quick != nil {
		return quick
	}
	cost := costs[name]
	before := b.writesOut
	if shallow[name] {
		before = b.holds
	}
	return intercept(f, func(args []any) error {
		b.changed = b.changed || changing[name]
		if cost != nil {
			if err := b.fits(cost(args)); err != nil {
				return err
			}
		}
		return before(args)
	}, b.result)
}

// writesOut looks at what is given to a function that turns values into text, or copies them.
func (b *budget) writesOut(args []any) error {
	_, err := b.weight(args)
	return err
}

// holds pays for text that a map or list will keep.
func (b *budget) holds(args []any) error {
	for _, a := range args {
		if s, ok := a.(string); ok {
			if err := b.spend(len(s)); err != nil {
				return err
			}
		}
	}
	return b.spend(nodeWeight * len(args))
}

// result pays for what was made.
func (b *budget) result(v any) error {
	if s, ok := v.(string); ok {
		if err := b.fits(len(s)); err != nil {
			return err
		}
		return b.spend(len(s))
	}
	if l := reflect.ValueOf(v); l.Kind() == reflect.Slice || l.Kind() == reflect.Map {
		return b.spend(nodeWeight * l.Len())
	}
	return nil
}
