package main

import (
	"context"

	"github.com/ferry-cd/ferry/promote"
	"github.com/ferry-cd/ferry/render"
	"github.com/ferry-cd/ferry/scm"
)

// runRenderApp renders an app as ferry.yaml configures it: the release that the flags name, else the newest accepted one.
func (a *app) runRenderApp(ctx context.Context, o submitOptions, environment string, out renderOptions) error {
	if o.release.app == "" || environment == "" {
		return usagef("an app is rendered for an environment: give --app and --env")
	}
	if out.raw {
		return usagef("--raw prints what another command line would; it goes with a folder, not with --app")
	}
	if out.explain != "" {
		return a.explainApp(ctx, o, environment, out.explain)
	}
	manifests, notices, err := a.renderApp(ctx, o, environment)
	if err != nil {
		return err
	}
	for _, n := range notices {
		a.say(notice, "%s", scm.Line(n))
	}
	if out.out == "-" {
		return writeStream(a.Out, manifests)
	}
	return a.writeFolder(a.below(out.out), out.out, manifests)
}

func (a *app) renderApp(ctx context.Context, o submitOptions, environment string) (render.Manifests, []string, error) {
	if o.release.given() {
		g, s, in, err := a.openIntake(ctx, o)
		if err != nil {
			return nil, nil, err
		}
		return g.RenderIntake(ctx, s, in, promote.Key{App: o.release.app, Environment: environment})
	}
	g, err := a.openGitOps(ctx, o.gitops)
	if err != nil {
		return nil, nil, err
	}
	s, err := g.Load(ctx, promote.Scope{Apps: []string{o.release.app}})
	if err != nil {
		return nil, nil, err
	}
	return g.Render(ctx, s, promote.Key{App: o.release.app, Environment: environment})
}

// explainApp explains a render of the newest accepted release.
func (a *app) explainApp(ctx context.Context, o submitOptions, environment, what string) error {
	if o.release.given() {
		return usagef("--explain is about the newest release that was handed over: leave --version and --image out")
	}
	g, err := a.openGitOps(ctx, o.gitops)
	if err != nil {
		return err
	}
	s, err := g.Load(ctx, promote.Scope{Apps: []string{o.release.app}})
	if err != nil {
		return err
	}
	req, renderer, err := g.Request(ctx, s, promote.Key{App: o.release.app, Environment: environment})
	if err != nil {
		return err
	}
	return a.explainRender(rendering{renderer, req}, what)
}
