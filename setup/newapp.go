package setup

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/ferry-cd/ferry/environments"
	"github.com/ferry-cd/ferry/release"
	"github.com/ferry-cd/ferry/templates"
)

// Templates is the folder of a GitOps repository with what a new app needs of the engine: one folder each for flux, argocd
// and any, with {placeholders} in paths and texts. What has {environment} in its path is written once for each.
const Templates = ".ferry/new-app"

// NewApp is an app that comes.
type NewApp struct {
	Name, Team, Group, Namespace string
	Repository, Path, Root       string // of its source; without a repository it is Unknown
	Images                       []string
	Only                         []string // environments; empty = all
}

// Added is what a new app adds to a repository: whole files, by path. ferry.yaml is among them where no include takes the app.
type Added struct {
	Files map[string]string
	Notes []string // what a person should know
}

// Add works out what a new app adds to the repository that files reads. The result is a valid configuration, or the error
// says what is wrong with it. at is the address of the repository as the engine will read it, branch its default branch.
func Add(ctx context.Context, files environments.Source, app NewApp, at, branch string, how ...environments.Option) (Added, error) {
	before, err := environments.Load(ctx, files, how...)
	if err != nil {
		return Added{}, err
	}
	if _, there := before.App(app.Name); there || !release.IsName(app.Name) {
		return Added{}, &unfitError{app.Name, there}
	}
	add := Added{Files: map[string]string{}}
	if err := add.definition(files, app); err != nil {
		return Added{}, err
	}
	after, err := environments.Load(ctx, overlay{files, add.Files}, how...)
	if err != nil {
		return Added{}, fmt.Errorf("with %s, %w", app.Name, err)
	}
	add.values(files, after, app.Name)
	return add, add.objects(files, after, app, at, branch)
}

// definition writes the app into a file of its own where an include takes one, else below apps in ferry.yaml.
func (a *Added) definition(files environments.Source, app NewApp) error {
	data, err := files.ReadFile(environments.RootFile)
	if err != nil {
		return err
	}
	var root struct{ Include []string }
	if err := yaml.Unmarshal(data, &root); err != nil {
		return err
	}
	for _, pattern := range root.Include {
		if strings.Count(pattern, "*") != 1 || strings.ContainsAny(pattern, "?[") {
			continue
		}
		name := strings.Replace(pattern, "*", app.Name, 1)
		if _, err := files.ReadFile(name); errors.Is(err, fs.ErrNotExist) {
			a.Files[name] = "version: 1\napps:\n" + indented(app.text(false), "  ")
			return nil
		}
	}
	text, err := withApp(string(data), app)
	a.Files[environments.RootFile] = text
	return err
}

// text is the app as an entry of apps; commented says to those who read ferry.yaml for the first time what is what.
func (app NewApp) text(commented bool) string {
	var b strings.Builder
	line := func(line, comment string) {
		b.WriteString(line)
		if commented && comment != "" {
			b.WriteString(" # " + comment)
		}
		b.WriteString("\n")
	}
	fields := func(indent string, named ...[2]string) {
		for _, f := range named {
			if f[1] != "" {
				line(indent+f[0]+": "+quoted(f[1]), "")
			}
		}
	}
	line("- name: "+app.Name, "")
	fields("  ", [2]string{"team", app.Team}, [2]string{"group", app.Group}, [2]string{"namespace", app.Namespace})
	line("  source:", "where its templates come from: a chart, a kustomization or manifests")
	fields("    ", [2]string{"repository", cmp.Or(app.Repository, Unknown)}, [2]string{"path", app.Path}, [2]string{"root", app.Root})
	if len(app.Images) > 0 {
		line("  images:", "what its releases carry, by digest")
	}
	for _, name := range app.Images {
		line("    - name: "+quoted(name), "")
	}
	if len(app.Only) > 0 {
		line("  only: ["+strings.Join(app.Only, ", ")+"]", "")
	}
	return b.String()
}

// quoted is a text as YAML takes it, in quotes only where it needs them.
func quoted(s string) string {
	out, err := yaml.Marshal(s)
	if err != nil {
		return fmt.Sprintf("%q", s)
	}
	return strings.TrimSuffix(string(out), "\n")
}

func indented(text, by string) string {
	return by + strings.ReplaceAll(strings.TrimSuffix(text, "\n"), "\n", "\n"+by) + "\n"
}

// withApp puts an app at the end of apps in ferry.yaml, and touches no other line.
func withApp(text string, app NewApp) (string, error) {
	var doc yaml.Node
	if err := yaml.Unmarshal([]byte(text), &doc); err != nil {
		return "", err
	}
	lines := strings.SplitAfter(strings.TrimSuffix(text, "\n")+"\n", "\n")
	lines = lines[:len(lines)-1]
	top := doc.Content[0]
	for i := 0; i+1 < len(top.Content); i += 2 {
		if top.Content[i].Value != "apps" {
			continue
		}
		apps := top.Content[i+1]
		if apps.Style&yaml.FlowStyle != 0 || apps.Kind != yaml.SequenceNode || len(apps.Content) == 0 {
			return "", errFlow
		}
		end := len(lines)
		if i+2 < len(top.Content) {
			end = top.Content[i+2].Line - 1
		}
		for end > 0 && blank(lines[end-1]) {
			end--
		}
		entry := indented(app.text(false), strings.Repeat(" ", apps.Column-1))
		return strings.Join(slices.Insert(lines, end, entry), ""), nil
	}
	return strings.Join(lines, "") + "apps:\n" + indented(app.text(false), "  "), nil
}

// blank tells whether a line says nothing to a program: such lines before a key belong to it.
func blank(line string) bool {
	line = strings.TrimSpace(line)
	return line == "" || strings.HasPrefix(line, "#")
}

// values writes the values files that are the app's own and not there yet.
func (a *Added) values(files environments.Source, c *environments.Config, app string) {
	for _, p := range c.Placements() {
		for _, v := range p.Values {
			_, err := files.ReadFile(v.Path)
			if p.App != app || !errors.Is(err, fs.ErrNotExist) || !strings.Contains(v.Path, app) || a.Files[v.Path] != "" {
				continue
			}
			where := "in every environment"
			if strings.Contains(v.Path, p.Environment) {
				where = "in " + p.Environment
			}
			a.Files[v.Path] = fmt.Sprintf("# What %s sets %s, on top of its own defaults.\n{}\n", app, where)
		}
	}
}

// objects writes what the engine needs to apply the app's folders.
func (a *Added) objects(files environments.Source, c *environments.Config, app NewApp, at, branch string) error {
	own, err := ownTemplates(files)
	if err != nil {
		return err
	}
	if own == nil {
		if own, err = shipped(); err != nil {
			return err
		}
		a.Notes = append(a.Notes, "the objects of the engine follow ferry's own template: put yours into "+Templates+", and see that the cluster applies the folder engine/<environment>")
	}
	for _, p := range c.Placements() {
		if p.App != app.Name {
			continue
		}
		fill := strings.NewReplacer("{app}", p.App, "{environment}", p.Environment, "{folder}", p.Folder, "{namespace}", cmp.Or(p.Namespace, p.App), "{team}", app.Team, "{group}", p.Unit,
			"{repository}", at, "{branch}", cmp.Or(p.Branch, branch))
		for _, name := range slices.Sorted(maps.Keys(own)) {
			engine, target, _ := strings.Cut(name, "/")
			if engine != p.Engine && engine != "any" {
				continue
			}
			target = path.Clean(fill.Replace(target))
			if _, err := files.ReadFile(target); !errors.Is(err, fs.ErrNotExist) {
				return &inTheWayError{target}
			}
			a.Files[target] = fill.Replace(own[name])
		}
	}
	return nil
}

// ownTemplates reads the repository's own templates by path below Templates; nil where it has none.
func ownTemplates(files environments.Source) (map[string]string, error) {
	all, err := files.List()
	if err != nil {
		return nil, err
	}
	var out map[string]string
	for _, name := range all {
		below, in := strings.CutPrefix(name, Templates+"/")
		if !in {
			continue
		}
		data, err := files.ReadFile(name)
		if err != nil {
			return nil, err
		}
		if out == nil {
			out = map[string]string{}
		}
		out[below] = string(data)
	}
	return out, nil
}

// shipped reads ferry's own templates.
func shipped() (map[string]string, error) {
	const root = "starter/new-app"
	out := map[string]string{}
	err := fs.WalkDir(templates.Starter, root, func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := templates.Starter.ReadFile(name)
		out[strings.TrimPrefix(name, root+"/")] = string(data)
		return err
	})
	return out, err
}

// overlay is a source with some files on top.
type overlay struct {
	environments.Source
	files map[string]string
}

func (o overlay) ReadFile(name string) ([]byte, error) {
	if text, ok := o.files[name]; ok {
		return []byte(text), nil
	}
	return o.Source.ReadFile(name)
}

func (o overlay) List() ([]string, error) {
	all, err := o.Source.List()
	for _, name := range slices.Sorted(maps.Keys(o.files)) {
		if !slices.Contains(all, name) {
			all = append(all, name)
		}
	}
	return all, err
}

// errFlow is an apps that no line can be added to.
var errFlow = errors.New("apps in ferry.yaml is written in one line or empty: write it as a list with dashes, or add include: [apps/*/ferry.app.yaml], so that new apps get files of their own")

// unfitError is a name that a new app cannot have.
type unfitError struct {
	name  string
	there bool
}

func (e *unfitError) Error() string {
	if e.there {
		return "the app " + e.name + " is there already"
	}
	return fmt.Sprintf("%q is no name for an app: it has lower-case letters, digits and dashes, at most 63", e.name)
}
func (e *unfitError) ExitCode() int { return 2 }

// inTheWayError is a file that a template would overwrite.
type inTheWayError struct{ path string }

func (e *inTheWayError) Error() string { return e.path + " is there already, and belongs to somebody" }
func (e *inTheWayError) Hint() string  { return "look at the paths of the templates in " + Templates }
func (e *inTheWayError) ExitCode() int { return 3 }
