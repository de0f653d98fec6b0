package main

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"
	"golang.org/x/term"

	"github.com/ferry-cd/ferry/environments"
	"github.com/ferry-cd/ferry/setup"
)

type initOptions struct {
	folderOptions
	start setup.Start
	app   setup.NewApp
	names cli.StringSlice // environments
	image cli.StringSlice
	from  string
}

func (a *app) initCommand() *cli.Command {
	var o initOptions
	return &cli.Command{
		Name:  "init",
		Usage: "make a folder a GitOps repository: ferry.yaml with comments, values files, and the file of the CI",
		Description: "It looks at what is there, asks for what it does not find (at a terminal; otherwise give flags), and never overwrites a file.\n" +
			"--from reads an existing layout and proposes apps and environments that match its folders, so that the first plan shows just what would change.",
		Flags: append(folderFlags(&o.folderOptions),
			&cli.StringFlag{Name: "app", Destination: &o.app.Name, Usage: "`NAME` of the first app"},
			&cli.StringFlag{Name: "source", Destination: &o.app.Repository, Usage: "`URL` of the repository that its templates come from"},
			&cli.StringFlag{Name: "path", Destination: &o.app.Path, Usage: "`FOLDER` there: a chart, a kustomization or manifests"},
			&cli.StringSliceFlag{Name: "image", Destination: &o.image, Usage: "`NAME` of an image that its releases carry; may be repeated"},
			&cli.StringSliceFlag{Name: "env", Destination: &o.names, Usage: "`NAME` of an environment, in the order in which releases go; may be repeated (default: dev, prod)"},
			&cli.StringFlag{Name: "folders", Destination: &o.start.Folders, Usage: "`PATTERN` of the folders of manifests (default: {environment}/{app})"},
			&cli.StringFlag{Name: "engine", Destination: &o.start.Engine, Value: "flux", Usage: "`ENGINE` that applies them: flux or argocd"},
			&cli.StringFlag{Name: "kubernetes", Destination: &o.start.Kubernetes, Value: "1.34", Usage: "`VERSION` of the clusters"},
			&cli.StringFlag{Name: "ci", Destination: &o.start.CI, Usage: "`CI` that runs ferry: github, gitlab, azure or none (default: what is found here)"},
			&cli.BoolFlag{Name: "no-connector", Destination: &o.start.Merged, Usage: "nobody reports health: what is merged counts as healthy"},
			&cli.StringFlag{Name: "from", Destination: &o.from, Usage: "`LAYOUT` that is there: " + strings.Join(setup.Layouts, ", ")}),
		Action: func(c *cli.Context) error { return a.runInit(c.Context, o) },
	}
}

func (a *app) runInit(ctx context.Context, o initOptions) error {
	if err := checkFormat(o.output, "text", "json"); err != nil {
		return err
	}
	dir := a.below(cmp.Or(o.dir, "."))
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	there := environments.Dir(dir)
	start, err := a.beginning(there, o)
	if err != nil {
		return err
	}
	files, kept, err := start.Files(ctx, there)
	if err != nil {
		return err
	}
	if err := writeNew(dir, files); err != nil {
		return err
	}
	return a.writeInit(o, start, slices.Sorted(maps.Keys(files)), kept)
}

// beginning gathers what flags, the folder and a person say.
func (a *app) beginning(there environments.Source, o initOptions) (setup.Start, error) {
	found, err := setup.Look(there)
	if err != nil {
		return setup.Start{}, err
	}
	s := o.start
	s.CI = cmp.Or(s.CI, found.CI, "none")
	if o.from != "" {
		return setup.Import(there, o.from, s)
	}
	names := o.names.Value()
	o.app.Images = o.image.Value()
	if o.app.Name == "" && a.asks() {
		if err := a.ask(&o, &names); err != nil {
			return s, err
		}
	}
	if o.app.Name != "" {
		s.Apps = []setup.NewApp{o.app}
	}
	if len(names) == 0 {
		names = []string{"dev", "prod"}
	}
	var before []string
	for _, name := range names {
		s.Environments = append(s.Environments, setup.StartEnvironment{Name: name, After: before})
		before = []string{name}
	}
	if len(found.Units) > 0 {
		s.Notes = append(s.Notes, fmt.Sprintf("%d units of %s are here already: --from %s proposes environments that match them", len(found.Units), found.Units[0].Engine, found.Units[0].Engine))
	}
	if len(found.Charts) > 0 {
		s.Notes = append(s.Notes, "charts lie here ("+strings.Join(found.Charts[:min(3, len(found.Charts))], ", ")+"): an app's source may be this repository too")
	}
	return s, nil
}

// asks tells whether a person sits there.
func (a *app) asks() bool {
	f, ok := a.In.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// ask asks a person for what a first promotion needs.
func (a *app) ask(o *initOptions, names *[]string) error {
	in := bufio.NewReader(a.In)
	var stages, image string
	for _, q := range []struct {
		text, usual string
		into        *string
	}{
		{"name of the first app", "", &o.app.Name},
		{"its source repository (URL)", "", &o.app.Repository},
		{"folder there with its chart, kustomization or manifests", ".", &o.app.Path},
		{"its image, without a tag", "", &image},
		{"environments, in order", "dev prod", &stages},
	} {
		a.question("%s [%s]:", q.text, q.usual)
		line, err := in.ReadString('\n')
		if err != nil {
			return usagef("no answer: give --app, --source and --path instead")
		}
		*q.into = cmp.Or(strings.TrimSpace(line), q.usual)
	}
	if image != "" {
		o.app.Images = []string{image}
	}
	*names = strings.FieldsFunc(stages, func(r rune) bool { return r == ' ' || r == ',' })
	return nil
}

// writeNew writes files that are not there; one that came in the meantime stays.
func writeNew(dir string, files map[string]string) error {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer root.Close()
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if err := root.MkdirAll(filepath.Dir(filepath.FromSlash(name)), 0o755); err != nil {
			return err
		}
		f, err := root.OpenFile(filepath.FromSlash(name), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
		if err != nil {
			return err
		}
		_, err = f.WriteString(files[name])
		if err := errors.Join(err, f.Close()); err != nil {
			return err
		}
	}
	return nil
}

func (a *app) writeInit(o initOptions, s setup.Start, written, kept []string) error {
	if o.output == "json" {
		return writeJSON(a.Out, startDocument{current, written, append([]string{}, kept...), append([]string{}, s.Notes...)})
	}
	for _, name := range written {
		fmt.Fprintln(a.Out, "wrote", name)
	}
	for _, name := range kept {
		a.say(notice, "%s is there already and was left as it is", name)
	}
	for _, n := range s.Notes {
		a.say(notice, "%s", n)
	}
	for _, app := range s.Apps {
		if app.Repository == "" {
			a.say(notice, "say in ferry.yaml where the templates of %s come from: its source is %s", app.Name, setup.Unknown)
		}
	}
	a.say(info, "next: commit and push this, then ferry doctor, then ferry submit from the app's CI")
	return nil
}
