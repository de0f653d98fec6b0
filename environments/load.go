package environments

import (
	"context"
	"fmt"
	"path"
	"reflect"
	"slices"
	"strings"

	"github.com/Masterminds/semver/v3"
)

// RootFile is the name of the configuration, at the root of the GitOps repository.
const RootFile = "ferry.yaml"

// Limits of a configuration, far beyond what a repository of many teams has.
const (
	maxEnvironments = 200
	maxPlacements   = 100_000
	maxIncluded     = 5_000
)

// Option changes how Load reads.
type Option func(*loader)

// For makes Load refuse a configuration whose requires does not admit this version of ferry.
func For(version string) Option { return func(l *loader) { l.version = version } }

// OnBranch tells Load which branch it reads from, the default one: an environment that names it keeps its manifests there
// as one that names none does.
func OnBranch(name string) Option { return func(l *loader) { l.branch = name } }

// Load reads ferry.yaml and everything it includes. Mistakes come back as Problems, all of them.
func Load(ctx context.Context, src Source, options ...Option) (*Config, error) {
	l := &loader{src: src}
	for _, o := range options {
		o(l)
	}
	if err := l.read(ctx); err != nil {
		return nil, err
	}
	if !l.stop {
		l.check()
	}
	if err := l.err(); err != nil {
		return nil, err
	}
	return l.config(), nil
}

// ForgeOf reads from a ferry.yaml which forge holds it, and nothing else: whoever needs that has not loaded anything yet.
// Mistakes are for Load to report; what is not right is the zero value.
func ForgeOf(data []byte) Forge {
	l := &loader{}
	root := l.parse(RootFile, data)
	if root == nil || root.child("forge") == nil {
		return Forge{}
	}
	var f forgeFile
	at := len(l.problems)
	decoder{&l.reporter}.decode(root.child("forge"), reflect.ValueOf(&f).Elem(), "forge")
	if len(l.problems) > at {
		return Forge{}
	}
	return Forge{Kind: string(f.Kind), URL: string(f.URL)}
}

// loader is a configuration on its way from files to Config.
type loader struct {
	reporter
	src     Source
	words   Words
	version string // of the running ferry; "" admits every requires
	branch  string // that is read from; "" where nobody knows
	nodes   int
	bytes   int
	stop    bool // reported something after which other reports would mislead

	root     rootFile
	rootNode *node
	apps     []writtenApp
	layers   map[string]*node // settings of each environment: built in, defaults and its own
	placed   []placed
	scratch  environmentFile // where settings are laid on others
	told     map[toldAt]bool
}

// writtenApp is an app with where it was written.
type writtenApp struct {
	appFile
	node     *node
	included bool // by a team, not in ferry.yaml itself
}

func (l *loader) read(ctx context.Context) error {
	data, err := l.src.ReadFile(RootFile)
	if isNotFound(err) {
		return notFound(RootFile)
	}
	if err != nil {
		return fmt.Errorf("read %s: %w", RootFile, err)
	}
	if l.rootNode = l.parse(RootFile, data); l.rootNode == nil || !l.speaksOurVersion() {
		l.stop = true
		return nil
	}
	decoder{&l.reporter}.decode(l.rootNode, reflect.ValueOf(&l.root).Elem(), RootFile)
	l.take(l.root.Apps, l.rootNode, false)
	return l.include(ctx)
}

func (l *loader) parse(file string, data []byte) *node {
	if l.bytes += len(data); l.bytes > maxTotal {
		l.add(Position{File: file, Line: 1, Column: 1}, "", "the configuration has more than %d bytes in all", maxTotal)
		return nil
	}
	return (&parser{reporter: &l.reporter, file: file, nodes: &l.nodes}).parse(data)
}

// speaksOurVersion looks at version and requires before anything else: in a file for another ferry, every other
// complaint would mislead.
func (l *loader) speaksOurVersion() bool {
	if v := l.rootNode.get("version"); v != nil && v.tag == "!!int" && v.text != "1" {
		l.add(v.Position, "", "this ferry reads version 1 of the format, not %s", quote(v.text))
		return false
	}
	r := l.rootNode.get("requires")
	if r == nil || r.kind != scalar || l.version == "" {
		return true
	}
	allowed, err := semver.NewConstraint(r.text)
	running, verr := semver.NewVersion(l.version)
	if err != nil || verr != nil {
		return true // a wrong constraint is reported with everything else
	}
	released, _ := running.SetPrerelease("")
	if !allowed.Check(&released) {
		l.add(r.Position, "use a version of ferry in this range", "this repository requires ferry %s; this is %s", r.text, l.version)
		return false
	}
	return true
}

// take notes the apps of a file with their nodes.
func (l *loader) take(apps []appFile, file *node, included bool) {
	written := file.get("apps")
	for i, app := range apps {
		if n := written.item(i); n.kind == mapping {
			l.apps = append(l.apps, writtenApp{app, n, included})
		}
	}
}

// include reads the files that include names, each once.
func (l *loader) include(ctx context.Context) error {
	files, err := l.included()
	if err != nil {
		return err
	}
	for _, file := range files {
		if err := ctx.Err(); err != nil {
			return err
		}
		data, err := l.src.ReadFile(file)
		if err != nil {
			return fmt.Errorf("read %s: %w", file, err)
		}
		var team teamFile
		n := l.parse(file, data)
		if n == nil {
			continue
		}
		decoder{&l.reporter}.decode(n, reflect.ValueOf(&team).Elem(), "the file")
		l.take(team.Apps, n, true)
	}
	return nil
}

// included lists the files that include names, sorted.
func (l *loader) included() ([]string, error) {
	if len(l.root.Include) == 0 {
		return nil, nil
	}
	all, err := l.src.List()
	if err != nil {
		return nil, fmt.Errorf("list the files that %s includes: %w", RootFile, err)
	}
	var files []string
	for i, pattern := range l.root.Include {
		at := l.rootNode.get("include").item(i)
		matched := match(string(pattern), all)
		if len(matched) == 0 && !at.spoilt() && !strings.ContainsAny(string(pattern), "*?[") {
			l.add(at.Position, didYouMean(string(pattern), all), "there is no file %q", quote(string(pattern)))
		}
		for _, file := range matched {
			if !clean(file) || printable(file) != file {
				l.add(at.Position, "", "the included file %q has an unfit name", quote(file))
				continue
			}
			files = append(files, file)
		}
	}
	slices.Sort(files)
	files = slices.Compact(files)
	if len(files) > maxIncluded {
		l.add(l.rootNode.at("include"), "", "%d files are included; at most %d are read", len(files), maxIncluded)
		return nil, nil
	}
	return files, nil
}

func match(pattern string, files []string) []string {
	var out []string
	for _, file := range files {
		if ok, err := path.Match(pattern, file); err == nil && ok && file != RootFile {
			out = append(out, file)
		}
	}
	return out
}

// config gives what others read, once nothing is left to report.
func (l *loader) config() *Config {
	c := &Config{Include: strs(l.root.Include), placements: map[[2]string]int{}, made: map[[2]string]made{}, ordered: make([]Placement, 0, len(l.placed))}
	for _, a := range l.apps {
		c.Apps = append(c.Apps, appOf(a))
	}
	for _, name := range l.order() {
		c.Environments = append(c.Environments, Environment{Name: name, After: l.after(name)})
	}
	for _, p := range l.placed {
		key := [2]string{p.App, p.Environment}
		c.placements[key], c.made[key] = len(c.ordered), made{p.app.node, p.node}
		c.ordered = append(c.ordered, p.Placement)
	}
	c.Forge = Forge{Kind: string(l.root.Forge.Kind), URL: string(l.root.Forge.URL)}
	c.Trust, c.Policies, c.Overrides = trustOf(l.root.Trust), l.policies(), overridesOf(l.root.Overrides)
	c.People = peopleOf(l.root.People)
	c.Risk, c.Texts, c.Tickets = texts(l.root.Risk), textsOf(l.root.Text), ticketsOf(l.root.Tickets)
	c.Notify = notifyOf(l.root.Notify)
	c.Keep = keepOf(l.root.Keep)
	return c
}

func appOf(a writtenApp) App {
	out := App{Name: string(a.Name), Team: string(a.Team), File: a.node.File, Source: sourceOf(a.Source), Group: string(a.Group), TellSource: a.Tell.SourcePullRequest}
	for _, from := range a.AllowedFrom {
		out.AllowedFrom = append(out.AllowedFrom, AllowedFrom{Repository: string(from.Repository), Ref: string(from.Ref)})
	}
	return out
}

func peopleOf(f map[person][]text) map[string][]string {
	out := map[string][]string{}
	for account, names := range f {
		out[string(account)] = strs(names)
	}
	return out
}

func trustOf(t trustFile) Trust {
	out := Trust{Connector: strs(t.Connector), Issuers: strs(t.Issuers)}
	for pattern, who := range t.Checks {
		if out.Checks == nil {
			out.Checks = map[string][]string{}
		}
		out.Checks[string(pattern)] = strs(who)
	}
	return out
}
