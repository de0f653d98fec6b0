package helm

import (
	"context"
	"fmt"
	"reflect"

	"github.com/ferry-cd/ferry/render"
)

// valueShare is the part of the memory of a render that one value, and all that is rendered, may take.
const valueShare = 8

// maxUnpacked is the bytes of all archives of a chart; no key changes it.
const maxUnpacked = 100 << 20

// nodeWeight is what an entry of a map or list weighs besides its text.
const nodeWeight = 16

// budget ends templates that would never end or would fill the memory. Loops, calls of templates and functions ask it.
type budget struct {
	ctx     context.Context
	limits  render.Limits
	made    int
	changed bool // a template has called a function that changes a map
}

// LimitError is a render that was stopped: by a limit, or because time is up.
type LimitError = render.LimitError

// step is asked once in each turn of a loop and in each call of a template.
func (b *budget) step() error {
	if b.ctx.Err() != nil {
		return render.Stopped(b.ctx)
	}
	return nil
}

// spend pays for n bytes that were made.
func (b *budget) spend(n int) error {
	if b.made += n; b.made > b.limits.Memory {
		return &LimitError{What: "the templates make more than " + render.Size(b.limits.Memory), Limit: render.MemoryLimit}
	}
	return b.step()
}

// fits refuses what would become one value that is too large.
func (b *budget) fits(n int) error {
	if n > b.limits.Memory/valueShare {
		return b.tooLarge()
	}
	return nil
}

func (b *budget) tooLarge() error {
	return &LimitError{What: "a value of more than " + render.Size(b.limits.Memory/valueShare), Limit: render.MemoryLimit}
}

// bounded refuses values that are too large, or too deep, once written out. A value may hold another one many times over,
// so that a few lines make one that no memory holds.
func (b *budget) bounded(v any) error {
	if isScalar(v) {
		return nil
	}
	left := b.limits.Memory / valueShare
	return b.weigh(v, b.limits.Depth, &left)
}

// weight is that of some values written out one after the other; too much is refused.
func (b *budget) weight(all []any) (int, error) {
	most := b.limits.Memory / valueShare
	left := most
	for _, v := range all {
		if err := b.weigh(v, b.limits.Depth, &left); err != nil {
			return 0, err
		}
	}
	return most - left, nil
}

func isScalar(v any) bool {
	switch v.(type) {
	case nil, string, bool, int, int64, float64:
		return true
	}
	return false
}

func (b *budget) tooDeep() error {
	return &LimitError{What: fmt.Sprintf("a value nested deeper than %d levels", b.limits.Depth), Limit: render.DepthLimit}
}

// weigh knows what values of charts are made of; weighOther looks at everything else.
func (b *budget) weigh(v any, depth int, left *int) error {
	if depth == 0 {
		return b.tooDeep()
	}
	switch v := v.(type) {
	case nil, bool, int, int64, float64:
	case string:
		*left -= len(v)
	case []any:
		for _, below := range v {
			if err := b.weigh(below, depth-1, left); err != nil {
				return err
			}
		}
	case map[string]any:
		for key, below := range v {
			*left -= nodeWeight + len(key)
			if err := b.weigh(below, depth-1, left); err != nil {
				return err
			}
		}
	default:
		return b.weighOther(reflect.ValueOf(v), depth, left)
	}
	if *left -= nodeWeight; *left < 0 {
		return b.tooLarge()
	}
	return nil
}

func (b *budget) weighOther(v reflect.Value, depth int, left *int) error {
	if depth == 0 {
		return b.tooDeep()
	}
	*left -= nodeWeight
	for v.Kind() == reflect.Interface || v.Kind() == reflect.Pointer {
		v = v.Elem()
	}
	switch v.Kind() {
	case reflect.String:
		*left -= v.Len()
	case reflect.Slice, reflect.Array:
		if v.Type().Elem().Kind() == reflect.Uint8 {
			*left -= v.Len()
			break
		}
		for i := range v.Len() {
			if err := b.weighOther(v.Index(i), depth-1, left); err != nil {
				return err
			}
		}
	case reflect.Map:
		for entries := v.MapRange(); entries.Next(); {
			*left -= nodeWeight + len(entries.Key().String())
			if err := b.weighOther(entries.Value(), depth-1, left); err != nil {
				return err
			}
		}
	}
	if *left < 0 {
		return b.tooLarge()
	}
	return nil
}

// kept pays for what a variable is set to: variables are what could pile up.
func (b *budget) kept(v any) error {
	if text, ok := v.(string); ok {
		return b.spend(variableWeight + len(text))
	}
	if text := reflect.ValueOf(v); text.Kind() == reflect.String {
		return b.spend(variableWeight + text.Len())
	}
	return b.spend(variableWeight)
}

// variableWeight is what a variable weighs besides its text, in a list that grows by doubling.
const variableWeight = 64

// output collects what a template prints.
type output struct {
	*budget
	text []byte
}

func (o *output) Write(p []byte) (int, error) {
	if err := o.pay(len(p)); err != nil {
		return 0, err
	}
	o.text = append(o.text, p...)
	return len(p), nil
}

// WriteString writes as Write does.
func (o *output) WriteString(s string) (int, error) {
	if err := o.pay(len(s)); err != nil {
		return 0, err
	}
	o.text = append(o.text, s...)
	return len(s), nil
}

func (o *output) pay(n int) error {
	if err := o.fits(len(o.text) + n); err != nil {
		return err
	}
	return o.spend(n)
}
