package plain

import (
	"context"
	"errors"
	"fmt"
	"reflect"
)

// Limits of one render. A value is a string, a number, or a mapping or list of values.
const (
	maxWork   = 256 << 20 // bytes that templates may make, printed or not
	maxWeight = 16 << 20  // bytes of one value
	maxNested = 250       // levels of one value
	maxRange  = 100_000   // of a number that range counts to
	maxCalls  = 10_000    // of template and include in one file
)

// nodeWeight is what an item of a mapping or list weighs besides its text.
const nodeWeight = 16

// budget stops templates that would never end or fill the memory. Every function of ours pays for what it makes.
type budget struct {
	ctx   context.Context
	bytes int
	calls int
}

func (b *budget) spend(n int) error {
	if b.ctx.Err() != nil {
		return fmt.Errorf("rendering was stopped: %w", context.Cause(b.ctx))
	}
	if n > maxWeight {
		return fmt.Errorf("a value of more than %d MB", maxWeight>>20)
	}
	if b.bytes += n; b.bytes > maxWork {
		return fmt.Errorf("the templates make more than %d MB", maxWork>>20)
	}
	return nil
}

// weigh pays for a whole value. It looks at no more than it may weigh.
func (b *budget) weigh(values ...any) error {
	left := maxWeight
	for _, v := range values {
		if err := weigh(v, maxNested, &left); err != nil {
			return err
		}
	}
	return b.spend(maxWeight - left)
}

func weigh(v any, depth int, left *int) error {
	if depth == 0 {
		return fmt.Errorf("a value nested deeper than %d levels", maxNested)
	}
	*left -= nodeWeight
	switch v := v.(type) {
	case string:
		*left -= len(v)
	case []any:
		for _, item := range v {
			if err := weigh(item, depth-1, left); err != nil {
				return err
			}
		}
	case map[string]any:
		for key, item := range v {
			*left -= len(key)
			if err := weigh(item, depth-1, left); err != nil {
				return err
			}
		}
	}
	if *left < 0 {
		return fmt.Errorf("a value of more than %d MB", maxWeight>>20)
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
