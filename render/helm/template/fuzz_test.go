package template_test

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"text/template/parse"

	"github.com/ferry-cd/ferry/render/helm/template"
)

// shapes are what a template could be executed with.
func shapes() []any {
	w := world()
	for _, endless := range []string{"u64", "dur"} {
		delete(w, endless)
	}
	t := aThing()
	return []any{w, named(w), t, &t, w["list"], "text", 5, nil, (*thing)(nil), reflect.ValueOf(w["deep"])}
}

const (
	mostTurns = 40
	mostText  = 10_000
)

// bounded are functions that cannot make what no memory holds: no text that is too long, no list of lists.
func bounded() template.FuncMap {
	funcs := library()
	delete(funcs, "set")
	delete(funcs, "until")
	check := func(v []any) {
		for _, one := range v {
			switch k := reflect.ValueOf(one).Kind(); {
			case k == reflect.String && len(one.(string)) > mostText:
				panic("too long")
			case k == reflect.Map || k == reflect.Slice:
				panic("too deep")
			}
		}
	}
	funcs["list"] = func(v ...any) ([]any, error) { check(v); return v, nil }
	funcs["one"] = func(v any) ([]any, error) { check([]any{v}); return []any{v}, nil }
	funcs["dict"] = func(v ...any) (map[string]any, error) { check(v); return map[string]any{fmt.Sprint(v...): 1}, nil }
	funcs["print"] = func(v ...any) (string, error) { return limited(fmt.Sprint(v...)) }
	funcs["println"] = func(v ...any) (string, error) { return limited(fmt.Sprintln(v...)) }
	funcs["cat"] = funcs["print"]
	funcs["printf"] = func(format string, v ...any) (string, error) {
		if strings.ContainsAny(format, "0123456789*") {
			return "", errors.New("no widths")
		}
		return limited(fmt.Sprintf(format, v...))
	}
	funcs["form"] = funcs["printf"]
	return funcs
}

func limited(text string) (string, error) {
	if len(text) > mostText {
		return "", errors.New("too long")
	}
	return text, nil
}

// ticking puts a call that counts at the beginning of templates and of turns, so that nothing goes on for ever.
func ticking(n parse.Node) {
	switch n := n.(type) {
	case *parse.ListNode:
		if n != nil {
			for _, one := range n.Nodes {
				ticking(one)
			}
		}
	case *parse.IfNode:
		ticking(n.List)
		ticking(n.ElseList)
	case *parse.WithNode:
		ticking(n.List)
		ticking(n.ElseList)
	case *parse.RangeNode:
		ticking(n.List)
		ticking(n.ElseList)
		n.List.Nodes = slices.Insert(n.List.Nodes, 0, tick())
	}
}

func tick() parse.Node {
	trees, err := parse.Parse("tick", "{{ tick }}", "", "", map[string]any{"tick": 0})
	if err != nil {
		panic(err)
	}
	return trees["tick"].Root.Nodes[0]
}

// FuzzAsGo executes what a stranger writes, here and with text/template.
func FuzzAsGo(f *testing.F) {
	for _, texts := range constructs {
		for i, text := range texts {
			f.Add(text, uint8(i))
		}
	}
	funcs := bounded()
	turns := 0
	funcs["tick"] = func() (string, error) {
		if turns++; turns > mostTurns {
			return "", errors.New("too many turns")
		}
		return "", nil
	}
	l := template.NewLanguage(funcs)
	f.Fuzz(func(t *testing.T, text string, shape uint8) {
		options := []string{"default", "zero", "error"}
		option := options[int(shape)%len(options)]
		i := int(shape) % len(shapes())
		trees, err := parse.Parse("x.yaml", text, "", "", funcs, builtins)
		if err != nil || strings.Contains(text, "call") && strings.Contains(text, ".nf") {
			return
		}
		for _, tree := range trees {
			ticking(tree.Root)
			tree.Root.Nodes = slices.Insert(tree.Root.Nodes, 0, tick())
		}
		turns = 0
		want, wantErr := treesWithGo(trees, option, funcs, shapes()[i])
		turns = 0
		got, err := treesWithOurs(l, trees, option, funcs, shapes()[i])
		if masked(got) != masked(want) || masked(message(err)) != masked(message(wantErr)) {
			t.Errorf("%s (missingkey=%s, shape %d)\n got %q, %v\nwant %q, %v", text, option, i, got, err, want, wantErr)
		}
	})
}
