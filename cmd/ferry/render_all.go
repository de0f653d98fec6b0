package main

import (
	"bufio"
	"cmp"
	"context"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"github.com/ferry-cd/ferry/promote"
	"github.com/ferry-cd/ferry/scm"
)

// runRenderAll renders the newest accepted releases of many apps: what all environments would hold if everything were
// promoted now.
func (a *app) runRenderAll(ctx context.Context, o submitOptions, environment string, out renderOptions) error {
	if o.release.given() || out.raw || out.explain != "" {
		return usagef("--all renders the releases that were handed over, as ferry.yaml configures them: leave --version, --image, --release, --raw and --explain out")
	}
	g, err := a.openGitOps(ctx, o.gitops)
	if err != nil {
		return err
	}
	scope := scopeOfOne(o.release.app, environment)
	s, err := g.Load(ctx, scope)
	if err != nil {
		return err
	}
	stream := bufio.NewWriter(a.Out)
	many := manyRenders{app: a, stream: stream, to: out.out, notices: map[string][]string{}}
	err = g.RenderAll(ctx, s, scope, many.write)
	many.say(err)
	return cmp.Or(err, stream.Flush())
}

// manyRenders is where the manifests of many apps go.
type manyRenders struct {
	*app
	stream  io.Writer
	to      string // a folder, or - for the stream
	renders int
	said    []string            // notices, in the order in which they came
	notices map[string][]string // the environments of each
}

func (m *manyRenders) write(r promote.Rendering) error {
	for _, n := range r.Notices {
		n = r.App + ": " + scm.Line(n)
		if m.notices[n] == nil {
			m.said = append(m.said, n)
		}
		m.notices[n] = append(m.notices[n], r.Environment)
	}
	if len(r.Manifests) == 0 {
		return nil
	}
	m.renders++
	if m.to != "-" {
		return m.writeFiles(m.below(filepath.Join(m.to, r.Folder)), filepath.Join(m.to, r.Folder), r.Manifests)
	}
	for _, f := range r.Manifests {
		if _, err := fmt.Fprintf(m.stream, "---\n# Source: %s/%s\n%s", r.Folder, f.Path, f.Data); err != nil {
			return err
		}
	}
	return nil
}

// say tells a person what there is to know: once, where several environments make the same notice.
func (m *manyRenders) say(failed error) {
	for _, n := range m.said {
		m.app.say(notice, "%s (%s)", n, strings.Join(m.notices[n], ", "))
	}
	if failed == nil && m.to != "-" {
		m.app.say(info, "%d renders in %s", m.renders, m.to)
	}
}
