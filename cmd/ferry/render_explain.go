package main

import (
	"fmt"

	"github.com/ferry-cd/ferry/render"
	"github.com/ferry-cd/ferry/scm"
)

// capabilitiesWord asks --explain for what a chart asks of the cluster, instead of a value.
const capabilitiesWord = "capabilities"

// explainer is a renderer that knows more than a render shows.
type explainer interface {
	Layers(r render.Request) []render.Layer
	Unlisted(r render.Request) ([]render.Asked, error)
}

// explainRender says where a value comes from, or which API versions templates ask for in vain.
func (a *app) explainRender(r rendering, what string) error {
	e, _ := r.Renderer.(explainer)
	if what == capabilitiesWord {
		return a.explainCapabilities(r, e)
	}
	var layers []render.Layer
	if e != nil {
		layers = e.Layers(r.Request)
	}
	for _, f := range r.Values {
		layers = append(layers, render.Layer{File: f})
	}
	origins, err := render.Origins(layers, r.Set, what)
	if err != nil {
		return &usageError{fmt.Errorf("--explain %s: %w", what, err)}
	}
	if len(origins) == 0 {
		return &usageError{fmt.Errorf("no file of values and no setting says anything of %s", what)}
	}
	for i, o := range origins {
		fmt.Fprintf(a.Out, "%s: %s%s\n", scm.Line(o.Place), scm.Line(said(o)), verdict(origins, i))
	}
	return nil
}

func said(o render.Origin) string {
	switch {
	case o.Null:
		return "null, which takes it away"
	case o.Value == "":
		return "a mapping"
	}
	return o.Value
}

// verdict tells whether a layer's word holds. Mappings are merged, anything else replaces what was there.
func verdict(all []render.Origin, i int) string {
	for _, later := range all[i+1:] {
		if later.Value != "" || later.Null || all[i].Value != "" {
			return " (replaced below)"
		}
	}
	if all[i].Value == "" && len(all) > 1 {
		return " (merged)"
	}
	return " (holds)"
}

func (a *app) explainCapabilities(r rendering, e explainer) error {
	if e == nil {
		return usagef("--explain %s is for charts; a %s folder asks nothing of the cluster", capabilitiesWord, r.Renderer.Name())
	}
	unlisted, err := e.Unlisted(r.Request)
	if err != nil {
		return err
	}
	for _, asked := range unlisted {
		fmt.Fprintf(a.Out, "%s: asks for %s, which is not listed\n", scm.Line(asked.Place), scm.Line(asked.Version))
	}
	if len(unlisted) == 0 {
		fmt.Fprintln(a.Out, "every API version that the templates ask for is listed")
	}
	return nil
}

// tellUnlisted gives one line to whoever renders a chart that asks in vain.
func (a *app) tellUnlisted(r rendering) {
	e, ok := r.Renderer.(explainer)
	if !ok {
		return
	}
	if unlisted, err := e.Unlisted(r.Request); err == nil && len(unlisted) > 0 {
		a.say(notice, "the templates ask for API versions that are not listed, such as %s; --explain %s names all", scm.Line(unlisted[0].Version), capabilitiesWord)
	}
}
