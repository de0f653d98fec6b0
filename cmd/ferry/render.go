package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log"
	"os"
	"path/filepath"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/ferry-cd/ferry/render"
)

// renderOptions are the words of ferry render for a folder; see the flags.
type renderOptions struct {
	dir, root                    string
	values, set, setString, apis texts
	name, namespace, kubeVersion string
	out, explain                 string
	raw, keepHooks, all          bool
	limits                       limitsFlag
}

// texts is a flag that may be given many times and whose commas mean nothing here.
type texts []string

// again is what the library hands back to a flag under its other name.
const again = "\x00"

// Set takes one more.
func (t *texts) Set(value string) error {
	if value != again {
		*t = append(*t, value)
	}
	return nil
}

// Serialize is the library's way to copy a flag to its other names; they are the same list here.
func (t *texts) Serialize() string { return again }

// String is for the help text.
func (t *texts) String() string { return strings.Join(*t, " ") }

func (a *app) renderCommand() *cli.Command {
	var o renderOptions
	var configured submitOptions
	return &cli.Command{
		Name:  "render",
		Usage: "render a chart, a kustomization or a folder of manifests",
		UsageText: "ferry render DIR [-f values.yaml]... [--set k=v]... --kube-version 1.34 [-o DIR|-] [--raw]\n" +
			"ferry render --app APP --env ENVIRONMENT [--repo URL] [--version V --image ... --source DIR] [-o DIR|-]\n" +
			"ferry render --all [--app APP] [--env ENVIRONMENT] [--repo URL] [-o DIR|-]",
		Flags: append(append(renderFlags(&o), gitopsFlags(&configured.gitops)...),
			append(releaseFlags(), &cli.StringFlag{Name: "env", Usage: "`ENVIRONMENT` of ferry.yaml, with --app or --all"})...),
		Action: func(c *cli.Context) error {
			if o.all {
				configured.release = releaseOf(c)
				return a.runRenderAll(c.Context, configured, c.String("env"), o)
			}
			if c.IsSet("app") || c.IsSet("env") || c.IsSet("release") {
				configured.release = releaseOf(c)
				return a.runRenderApp(c.Context, configured, c.String("env"), o)
			}
			if c.NArg() != 1 {
				return usagef("render takes one folder, after the flags")
			}
			o.dir, o.limits = c.Args().First(), configured.gitops.limits
			return a.runRender(c.Context, o)
		},
	}
}

func renderFlags(o *renderOptions) []cli.Flag {
	return []cli.Flag{
		&cli.GenericFlag{Name: "values", Aliases: []string{"f"}, Value: &o.values, Usage: "`FILE` of values, - for standard input; a later one wins"},
		&cli.GenericFlag{Name: "set", Value: &o.set, Usage: "one value, `KEY=VALUE`, after all files"},
		&cli.GenericFlag{Name: "set-string", Value: &o.setString, Usage: "one value that stays text, `KEY=VALUE`"},
		&cli.StringFlag{Name: "name", Destination: &o.name, Value: "release-name", Usage: "release `NAME` of a chart"},
		&cli.StringFlag{Name: "namespace", Aliases: []string{"n"}, Destination: &o.namespace, Value: "default", Usage: "`NAMESPACE` to install into"},
		&cli.StringFlag{Name: "kube-version", Destination: &o.kubeVersion, Usage: "`VERSION` of Kubernetes; a chart needs it"},
		&cli.GenericFlag{Name: "api-versions", Aliases: []string{"a"}, Value: &o.apis, Usage: "an API version that the cluster has besides the built-in ones, `GROUP/VERSION[/KIND]`"},
		&cli.StringFlag{Name: "root", Destination: &o.root, Usage: "`FOLDER` that nothing is read outside of (default: the repository around DIR, else the current folder)"},
		&cli.StringFlag{Name: "output", Aliases: []string{"o"}, Destination: &o.out, Value: "-", Usage: "`DIR` for one file per resource, - for all on standard output"},
		&cli.StringFlag{Name: "explain", Destination: &o.explain, Usage: "say which file and line sets the value at `PATH`; or " + capabilitiesWord + ", which API versions templates ask for in vain"},
		&cli.BoolFlag{Name: "keep-hooks", Destination: &o.keepHooks, Usage: "print the hooks of a chart instead of refusing them"},
		&cli.BoolFlag{Name: "all", Destination: &o.all, Usage: "the newest release of every app in every environment, or of those that --app and --env leave, in folders as the repository has them"},
		&cli.BoolFlag{Name: "raw", Destination: &o.raw, Usage: "print exactly what helm template --include-crds --skip-tests or kustomize build prints"},
	}
}

// rendering is a renderer with all it needs: from a folder and flags, or from an app and its environment.
type rendering struct {
	render.Renderer
	render.Request
}

func (a *app) runRender(ctx context.Context, o renderOptions) error {
	if o.raw && o.out != "-" {
		return usagef("--raw prints to standard output; it does not go with -o %s", o.out)
	}
	r, err := a.renderingOf(o)
	if err != nil {
		return err
	}
	if o.explain != "" {
		return a.explainRender(r, o.explain)
	}
	out, err := a.runRendering(ctx, r)
	if err != nil {
		return err
	}
	if o.raw {
		_, err = a.Out.Write(out.Raw)
		return err
	}
	manifests, err := render.Canonical(out, r.Namespace)
	if err != nil {
		return err
	}
	if o.out == "-" {
		return writeStream(a.Out, manifests)
	}
	return a.writeFolder(a.below(o.out), o.out, manifests)
}

// runRendering renders, and tells a person what there is to know.
func (a *app) runRendering(ctx context.Context, r rendering) (render.Output, error) {
	// Helm's library speaks through the standard logger.
	log.SetFlags(0)
	log.SetOutput(a.talker(notice))
	out, err := r.Renderer.Render(ctx, r.Request)
	a.tellUnlisted(r)
	for _, n := range out.Notices {
		a.say(notice, "%s", n)
	}
	return out, err
}

// renderingOf reads what the flags name.
func (a *app) renderingOf(o renderOptions) (rendering, error) {
	sources, err := a.readSources(o.dir, o.root)
	if err != nil {
		return rendering{}, err
	}
	r := rendering{Renderer: sources.Renderer, Request: render.Request{
		Name: o.name, Namespace: o.namespace, Files: sources.files, Dir: sources.dir,
		Kubernetes:  render.Kubernetes{Version: o.kubeVersion, APIs: splitAll(o.apis)},
		IncludeCRDs: true, KeepHooks: o.raw || o.keepHooks, Limits: o.limits.Limits,
	}}
	if r.Values, err = a.readValues(o.values); err != nil {
		return rendering{}, err
	}
	if r.Set, err = readSet(o); err != nil {
		return rendering{}, err
	}
	if sources.Name() == "kustomize" && len(r.Values)+len(r.Set) > 0 {
		return rendering{}, usagef("%s is a kustomization: it has no values", o.dir)
	}
	return r, nil
}

// splitAll cuts values that may also be given as one list with commas.
func splitAll(lists []string) []string {
	var all []string
	for _, list := range lists {
		all = append(all, strings.Split(list, ",")...)
	}
	return all
}

func (a *app) readValues(names []string) ([]render.File, error) {
	var files []render.File
	for _, name := range names {
		data, err := a.readNamed(name)
		if err != nil {
			return nil, &usageError{fmt.Errorf("read the values: %w", err)}
		}
		files = append(files, render.File{Path: name, Data: data})
	}
	return files, nil
}

func (a *app) readNamed(name string) ([]byte, error) {
	if name == "-" {
		return io.ReadAll(a.In)
	}
	return os.ReadFile(a.below(name))
}

func readSet(o renderOptions) ([]render.Set, error) {
	var set []render.Set
	for _, kind := range []struct {
		flag  string
		texts texts
	}{{"--set", o.set}, {"--set-string", o.setString}} {
		for _, text := range kind.texts {
			path, value, ok := strings.Cut(text, "=")
			if !ok {
				return nil, usagef("%s %s: there is no =", kind.flag, text)
			}
			set = append(set, render.Set{Path: path, Value: value, Typed: kind.flag == "--set"})
		}
	}
	return set, nil
}

// writeStream prints manifests as one stream of documents.
func writeStream(w io.Writer, manifests render.Manifests) error {
	var b bytes.Buffer
	for i, m := range manifests {
		if i > 0 {
			b.WriteString("---\n")
		}
		b.Write(m.Data)
	}
	_, err := w.Write(b.Bytes())
	return err
}

// writeFolder writes one file per manifest, and says so.
func (a *app) writeFolder(dir, named string, manifests render.Manifests) error {
	if err := a.writeFiles(dir, named, manifests); err != nil {
		return err
	}
	a.say(info, "%d manifests in %s", len(manifests), named)
	return nil
}

// writeFiles writes one file per manifest. Other files that lie there stay, and are named.
func (a *app) writeFiles(dir, named string, manifests render.Manifests) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	mine := map[string]bool{}
	for _, m := range manifests {
		mine[m.Path] = true
		if err := os.WriteFile(filepath.Join(dir, m.Path), m.Data, 0o644); err != nil {
			return err
		}
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if !mine[e.Name()] {
			a.say(notice, "%s is not part of this render", filepath.Join(named, e.Name()))
		}
	}
	return nil
}
