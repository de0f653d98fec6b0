package plain

import (
	"context"
	"errors"
	"fmt"
	"reflect"

	"github.com/ferry-cd/ferry/render"
)

// What one value and all output may take of the memory of a render, and how deep values and include go below its depth. A
// value is a string, a number, or a mapping or list of values.
const (
	valueShare   = 16
	outputShare  = 4
	nestedShare  = 2
	includeShare = 10
)

// Limits that no key changes.
const (
	maxRange = 100_000 // of a number that range counts to
	maxCalls = 10_000  // of template and include in one file
)

// nodeWeight is what an item of a mapping or list weighs besides its text.
const nodeWeight = 16

// budget stops templates that would never end or fill the memory. Every function of ours pays for what it makes.
type budget struct {
	ctx    context.Context
	limits render.Limits
	bytes  int
	calls  int
}

func (b *budget) weight() int { return b.limits.Memory / valueShare }

// large is a value, or all that templates make, beyond the memory of a render.
func large(format string, size int) error {
	return &render.LimitError{What: fmt.Sprintf(format, render.Size(size)), Limit: render.MemoryLimit}
}

func deep(format string, a ...any) error {
	return &render.LimitError{What: fmt.Sprintf(format, a...), Limit: render.DepthLimit}
}

func (b *budget) spend(n int) error {
	if b.ctx.Err() != nil {
		return render.Stopped(b.ctx)
	}
	if n > b.weight() {
		return large("a value of more than %s", b.weight())
	}
	if b.bytes += n; b.bytes > b.limits.Memory {
		return large("the templates make more than %s", b.limits.Memory)
	}
	return nil
}

// weigh pays for a whole value. It looks at no more than it may weigh.
func (b *budget) weigh(values ...any) error {
	left := b.weight()
	for _, v := range values {
		if err := b.weighOne(v, b.limits.Depth/nestedShare, &left); err != nil {
			return err
		}
	}
	return b.spend(b.weight() - left)
}

func (b *budget) weighOne(v any, depth int, left *int) error {
	if depth == 0 {
		return deep("a value nested deeper than %d levels", b.limits.Depth/nestedShare)
	}
	*left -= nodeWeight
	switch v := v.(type) {
	case string:
		*left -= len(v)
	case []any:
		for _, item := range v {
			if err := b.weighOne(item, depth-1, left); err != nil {
				return err
			}
		}
	case map[string]any:
		for key, item := range v {
			*left -= len(key)
			if err := b.weighOne(item, depth-1, left); err != nil {
				return err
			}
		}
	}
	if *left < 0 {
		return large("a value of more than %s", b.weight())
	}
	return nil
}

// bounded lets range go over anything but very large numbers.
func (b *budget) bounded(v any) (any, error) {
	if err := b.spend(nodeWeight); err != nil {
		return nil, err
	}
	n := reflect.ValueOf(v)
	if n.CanInt() && n.Int() > maxRange || n.CanUint() && n.Uint() > maxRange {
		return nil, fmt.Errorf("range counts to %v, which is more than %d", v, maxRange)
	}
	return v, nil
}

// called counts what template and include call, and hands on what they are called with.
func (b *budget) called(v ...any) (any, error) {
	if b.calls++; b.calls > maxCalls {
		return nil, fmt.Errorf("more than %d calls of templates; does one call itself?", maxCalls)
	}
	if err := b.spend(nodeWeight); err != nil || len(v) == 0 {
		return nil, err
	}
	return v[0], nil
}

// printed gives the text of a value. What is no scalar is a mistake: Go's notation for it means nothing in YAML.
func (b *budget) printed(v any) (string, error) {
	switch v.(type) {
	case nil:
		return "", errors.New("the value is null, which prints as nothing; use get or default")
	case map[string]any, []any:
		return "", errors.New("the value is a mapping or a list; use toYaml or toJson to print it")
	}
	s := text(v)
	return s, b.spend(len(s))
}
