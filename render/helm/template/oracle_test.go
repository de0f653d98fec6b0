package template_test

import (
	"bytes"
	"errors"
	"fmt"
	"regexp"
	"testing"
	gotemplate "text/template"
	"text/template/parse"

	"github.com/ferry-cd/ferry/render/helm/template"
)

// missing are the options of text/template and what they are called here.
var missing = map[string]template.Missing{"default": template.MissingInvalid, "zero": template.MissingZero, "error": template.MissingError}

// withGo executes a text with text/template.
func withGo(name, text, option string, funcs template.FuncMap, data any) (string, error) {
	trees, err := parse.Parse(name, text, "", "", funcs, builtins)
	if err != nil {
		return "", err
	}
	return treesWithGo(trees, option, funcs, data)
}

// main is the name of the template that the others belong to: the one that was not defined in it.
func main(trees map[string]*parse.Tree) string {
	for _, tree := range trees {
		return tree.ParseName
	}
	return ""
}

func treesWithGo(trees map[string]*parse.Tree, option string, funcs template.FuncMap, data any) (out string, err error) {
	defer caught(&err)
	name := main(trees)
	set := gotemplate.New(name).Option("missingkey=" + option).Funcs(funcs)
	for key, tree := range trees {
		if _, err := set.AddParseTree(key, tree); err != nil {
			return "", err
		}
	}
	var b bytes.Buffer
	err = set.ExecuteTemplate(&b, name, data)
	return b.String(), err
}

func caught(err *error) {
	if p := recover(); p != nil {
		*err = fmt.Errorf("panic: %v", p)
	}
}

// builtins are the names that the parser must know.
var builtins = func() map[string]any {
	all := map[string]any{}
	for _, name := range []string{"and", "call", "html", "index", "slice", "js", "len", "not", "or", "print", "printf", "println", "urlquery", "eq", "ge", "gt", "le", "lt", "ne"} {
		all[name] = fmt.Sprint
	}
	return all
}()

// withOurs does the same here.
func withOurs(l *template.Language, name, text, option string, funcs template.FuncMap, data any) (string, error) {
	trees, err := parse.Parse(name, text, "", "", funcs, builtins)
	if err != nil {
		return "", err
	}
	return treesWithOurs(l, trees, option, funcs, data)
}

func treesWithOurs(l *template.Language, trees map[string]*parse.Tree, option string, funcs template.FuncMap, data any) (out string, err error) {
	defer caught(&err)
	name := main(trees)
	set := template.NewSet(name, l, funcs, missing[option])
	for key, tree := range trees {
		set.Add(l.New(key, tree), parse.IsEmptyTree(tree.Root))
	}
	var b bytes.Buffer
	err = set.ExecuteTemplate(&b, name, data)
	return b.String(), err
}

// agree demands the same output and the same error of both, whatever missing keys mean.
func agree(t *testing.T, l *template.Language, name, text string, funcs template.FuncMap, data func() any) {
	t.Helper()
	for option := range missing {
		agreeWith(t, option, l, name, text, funcs, data)
	}
}

func agreeWith(t *testing.T, option string, l *template.Language, name, text string, funcs template.FuncMap, data func() any) {
	t.Helper()
	want, wantErr := withGo(name, text, option, funcs, data())
	got, err := withOurs(l, name, text, option, funcs, data())
	if masked(got) != masked(want) || masked(message(err)) != masked(message(wantErr)) {
		t.Errorf("%s (missingkey=%s)\n got %q, %v\nwant %q, %v", text, option, got, err, want, wantErr)
	}
	var goes, is gotemplate.ExecError
	if errors.As(wantErr, &goes) != errors.As(err, &is) || goes.Name != is.Name {
		t.Errorf("%s: the error is %#v, want %#v", text, err, wantErr)
	}
}

// address is where a value lies, which is different each time: written as it is, or in the way of the functions for links.
var address = regexp.MustCompile(`(0x|\(0x)?[0-9a-f]{9,}|0x[0-9a-f]{6,}`)

func masked(text string) string { return address.ReplaceAllString(text, "ADDRESS") }

func message(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}
