package helm

import (
	"strconv"
	"strings"
)

// paidQuick makes the functions that charts call most pay without looking at arguments one by one: text and numbers need no
// look. It gives nil for those that intercept has to wrap.
func (b *budget) paidQuick(name string, f any) any {
	switch f := f.(type) {
	case func(int, string) string:
		if name == "indent" || name == "nindent" {
			return b.indenting(f)
		}
	case func(string, string, string) string:
		if name == "replace" {
			return b.replacing(f)
		}
	}
	if costs[name] != nil || shallow[name] || changing[name] {
		return nil
	}
	switch f := f.(type) {
	case func(string) string:
		return func(s string) (string, error) { return b.text(f(s)) }
	case func(int, string) string:
		return func(n int, s string) (string, error) { return b.text(f(n, s)) }
	case func(string, string) string:
		return func(s, t string) (string, error) { return b.text(f(s, t)) }
	case func(string, string, string) string:
		return func(s, t, u string) (string, error) { return b.text(f(s, t, u)) }
	case func(any) string:
		return func(v any) (string, error) {
			if err := b.bounded(v); err != nil {
				return "", err
			}
			return b.text(f(v))
		}
	case func(...any) string:
		return func(v ...any) (string, error) {
			if err := b.writesOut(v); err != nil {
				return "", err
			}
			return b.text(f(v...))
		}
	case func(string, ...any) string:
		return func(s string, v ...any) (string, error) {
			weight, err := b.weight(v)
			if err == nil {
				err = b.fits(formatted(s, weight))
			}
			if err != nil {
				return "", err
			}
			return b.text(f(s, v...))
		}
	}
	return nil
}

func (b *budget) indenting(f func(int, string) string) any {
	return func(n int, s string) (string, error) {
		if err := b.fits(indented(n, s)); err != nil {
			return "", err
		}
		return b.text(f(n, s))
	}
}

func (b *budget) replacing(f func(string, string, string) string) any {
	return func(from, to, s string) (string, error) {
		if err := b.fits(replaced(from, to, s)); err != nil {
			return "", err
		}
		return b.text(f(from, to, s))
	}
}

// maxWidth is what fmt takes for a width.
const maxWidth = 1_000_000

// formatted is the most that printf makes of a format and values of a weight: each value once, and each time that its number
// is in the format, and widths.
func formatted(format string, weight int) int {
	cost := len(format) + weight
	for _, verb := range strings.Split(format, "%")[1:] {
		flags := verb[:len(verb)-len(strings.TrimLeft(verb, "+-# 0123456789.*[]"))]
		for _, n := range strings.FieldsFunc(flags, func(c rune) bool { return c < '0' || c > '9' }) {
			width, err := strconv.Atoi(n)
			if err != nil {
				width = maxWidth
			}
			cost += min(width, maxWidth)
		}
		if strings.Contains(flags, "*") {
			cost += 2 * maxWidth
		}
		if strings.Contains(flags, "[") {
			cost += weight
		}
	}
	return cost
}

// text pays for text that a function made.
func (b *budget) text(s string) (string, error) {
	if err := b.fits(len(s)); err != nil {
		return "", err
	}
	return s, b.spend(len(s))
}
