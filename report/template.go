package report

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"text/template"
	"text/template/parse"

	"github.com/ferry-cd/ferry/diff"
	"github.com/ferry-cd/ferry/door"
	"github.com/ferry-cd/ferry/environments"
	"github.com/ferry-cd/ferry/promote"
	"github.com/ferry-cd/ferry/release"
)

// Words is what ferry.yaml's own words are checked with.
func Words() environments.Words {
	var rules []string
	for _, r := range diff.Rules() {
		rules = append(rules, r.ID)
	}
	return environments.Words{Rules: rules, Template: checkTemplate}
}

// templateData is what a template of ferry.yaml may say. What comes from outside is shown by show: as a harmless line, or
// as inert Markdown in a body.
type templateData struct {
	Title, Body    any
	Environment    string
	Unit           string
	Risk           string // the highest level, "none" where there is none
	Risks          int
	Added, Changed int
	Removed        int
	Apps           []templateApp
	Tickets        []any
}

type templateApp struct {
	App           string
	From, Version any // From is "" where the app is new
	Commit        string
	Repository    any
}

func (s sheet) data(show func(door.Text) any) templateData {
	d := templateData{Title: show(outside(s.Title())), Body: "", Environment: s.Environment, Unit: s.Unit, Risk: "none", Risks: len(s.risks),
		Added: s.totals.Added, Changed: s.totals.Changed + s.totals.Renamed, Removed: s.totals.Removed}
	if len(s.risks) > 0 {
		d.Risk = s.risks[0].Level.String()
	}
	for _, c := range s.Changes {
		src := c.To.Release.Source
		app := templateApp{App: c.App, From: "", Version: show(outside(c.To.Release.Version)), Commit: src.Commit, Repository: show(outside(src.Repository))}
		if c.From != nil {
			app.From = show(outside(c.From.Release.Version))
		}
		d.Apps = append(d.Apps, app)
	}
	for _, t := range tickets(s.Promotion) {
		d.Tickets = append(d.Tickets, show(outside(t)))
	}
	return d
}

func asLine(t door.Text) any { return t.Title() }

func asMarkdown(t door.Text) any { return t.Prose() }

// functions are all that a template may call. None reads, waits or makes more text than it was given.
var functions = template.FuncMap{
	"default": func(standard, v any) any {
		if fmt.Sprint(v) == "" {
			return standard
		}
		return v
	},
	"join": func(between string, list []any) string {
		var all []string
		for _, v := range list {
			all = append(all, fmt.Sprint(v))
		}
		return strings.Join(all, between)
	},
	"short": short,
	"upper": strings.ToUpper,
	"lower": strings.ToLower,
}

// builtIns are the functions of the language that stay; printing ones can make a lot of a little, and call runs what it
// is given.
var builtIns = []string{"and", "or", "not", "eq", "ne", "lt", "le", "gt", "ge", "len", "index"}

const (
	maxOutput = 64 << 10 // bytes of one template's text, without the built-in body
	maxNested = 2        // loops within loops
	maxNumber = 1000     // a loop may count to a number
)

var errTooLong = fmt.Errorf("it gives more than %d bytes", maxOutput)

// bounded keeps a template from writing on and on.
type bounded struct{ strings.Builder }

func (b *bounded) Write(p []byte) (int, error) {
	if b.Len()+len(p) > maxOutput {
		return 0, errTooLong
	}
	return b.Builder.Write(p)
}

// expand runs a template of ferry.yaml.
func expand(text string, d any) (string, error) {
	t, err := template.New("text").Option("missingkey=error").Funcs(functions).Parse(text)
	if err != nil {
		return "", plainError(err)
	}
	if err := allowed(t); err != nil {
		return "", err
	}
	var out bounded
	if err := t.Execute(&out, d); err != nil {
		return "", plainError(err)
	}
	return out.String(), nil
}

// plainError leaves out the names that the library gives to things.
func plainError(err error) error {
	if errors.Is(err, errTooLong) {
		return errTooLong
	}
	text := strings.TrimPrefix(err.Error(), "template: text:")
	if _, rest, found := strings.Cut(text, `executing "text" at `); found {
		text = rest
	}
	// The library speaks of Go's types; people know texts, lists and apps.
	text = strings.NewReplacer("in type report.templateData", "in a text", "in type report.templateApp", "in an app", "[]report.templateApp", "the list of apps",
		"in type report.newsData", "in a message", "report.newsData", "everything", "report.templateData", "everything", "report.templateApp", "an app", "[]interface {}", "a list", "interface {}", "a value").Replace(text)
	return errors.New(text)
}

// allowed refuses what could take long or call what is not ours to offer.
func allowed(t *template.Template) error {
	if len(t.Templates()) > 1 {
		return errors.New("it defines templates of its own")
	}
	return allowedIn(t.Tree.Root, 0)
}

func allowedIn(n parse.Node, loops int) error {
	switch n := n.(type) {
	case *parse.ListNode:
		if n == nil {
			return nil
		}
		return eachAllowed(n.Nodes, loops)
	case *parse.TemplateNode:
		return errors.New("it calls a template")
	case *parse.RangeNode:
		if loops++; loops > maxNested {
			return fmt.Errorf("loops lie more than %d deep", maxNested)
		}
		return branchAllowed(n.BranchNode, loops)
	case *parse.IfNode:
		return branchAllowed(n.BranchNode, loops)
	case *parse.WithNode:
		return branchAllowed(n.BranchNode, loops)
	case *parse.ActionNode:
		return allowedIn(n.Pipe, loops)
	case *parse.PipeNode:
		for _, c := range n.Cmds {
			if err := eachAllowed(c.Args, loops); err != nil {
				return err
			}
		}
	case *parse.ChainNode:
		return allowedIn(n.Node, loops)
	case *parse.IdentifierNode:
		if _, ours := functions[n.Ident]; !ours && !slices.Contains(builtIns, n.Ident) {
			return fmt.Errorf("the function %s is not one of ferry's", n.Ident)
		}
	case *parse.NumberNode:
		if v, err := strconv.ParseFloat(n.Text, 64); err != nil || v > maxNumber {
			return fmt.Errorf("the number %s is not one from 0 to %d", n.Text, maxNumber)
		}
	}
	return nil
}

func branchAllowed(b parse.BranchNode, loops int) error {
	return errors.Join(allowedIn(b.Pipe, loops), allowedIn(b.List, loops), allowedIn(b.ElseList, loops))
}

func eachAllowed(nodes []parse.Node, loops int) error {
	for _, n := range nodes {
		if err := allowedIn(n, loops); err != nil {
			return err
		}
	}
	return nil
}

// checkTemplate runs a template over a promotion that has everything, and over one that has as little as possible.
func checkTemplate(key, text string) error {
	if key == "notify" {
		return checkNewsTemplate(text)
	}
	for _, pr := range []promote.Promotion{fullSample, {Environment: "prod", Unit: "shop", Changes: []promote.Change{{}}}} {
		show := asLine
		if key == "body" {
			show = asMarkdown
		}
		d := sheetOf(pr).data(show)
		if key == "body" {
			d.Body = door.Say("body")
		}
		got, err := expand(text, d)
		switch {
		case err != nil:
			return err
		case strings.TrimSpace(got) == "" && key != "labels":
			return errors.New("nothing comes out of it")
		}
	}
	return nil
}

var fullSample = promote.Promotion{Environment: "prod", Unit: "shop", Changes: []promote.Change{{
	Key:  promote.Key{App: "shop", Environment: "prod"},
	From: &release.Record{Release: release.Release{App: "shop", Version: "1.3.0", Tickets: []string{"SHOP-1"}}},
	To: release.Record{Release: release.Release{App: "shop", Version: "1.4.0", Tickets: []string{"SHOP-2"},
		Source: release.Source{Repository: "https://example.com/acme/shop", Commit: strings.Repeat("1", 40)}}},
	Diff: diff.Diff{Risks: []diff.Risk{{Rule: "delete-volume", Level: diff.Critical}}},
}}}
