package environments

import (
	"maps"
	"path"
	"reflect"
	"slices"
	"strings"
	"sync"
	"time"
)

// builtIn is what holds where ferry.yaml says nothing. gates.healthy is not here: it is true where an app comes after
// something.
const builtIn = `
path: "{environment}/{app}"
merge: review
pullRequest: true
engine: flux
health: {from: connector}
deadline: 1h
supersede: replace
includeCRDs: true
injectNamespace: false
validate: warn
deterministic: strict
`

// placed is a Placement with the node that it was made from.
type placed struct {
	Placement
	app  *writtenApp
	node *node
}

// builtInNode gives builtIn as a node without a place.
var builtInNode = sync.OnceValue(func() *node {
	nodes := 0
	n := (&parser{reporter: &reporter{}, nodes: &nodes}).parse([]byte(builtIn))
	n.walk(func(n *node) { n.Position = Position{} })
	return n
})

// walk visits a node and all below it, keys left out.
func (n *node) walk(visit func(*node)) {
	if n == nil {
		return
	}
	visit(n)
	for _, item := range n.items {
		item.walk(visit)
	}
}

// ownKeys are what an app may say for all its environments.
var ownKeys = sync.OnceValue(func() []string { return append(renderingKeys(), "namespace", "labels") })

// own gives what an app says for all its environments; nil where that is nothing.
func own(app *node) *node {
	said := &node{Position: app.Position, kind: mapping}
	for _, key := range ownKeys() {
		if i := app.index(key); i >= 0 {
			said.keys, said.items = append(said.keys, app.keys[i]), append(said.items, app.items[i])
		}
	}
	if len(said.keys) == 0 {
		return nil
	}
	return said
}

// layer merges what holds in each environment, for all apps.
func (l *loader) layer() {
	l.layers = map[string]*node{}
	base := layer(builtInNode(), l.rootNode.get("defaults"), false)
	for i, e := range l.root.Environments {
		n := l.rootNode.get("environments").item(i)
		if name := string(e.Name); n.kind == mapping && name != "" && l.layers[name] == nil {
			l.layers[name] = layer(base, n, false)
		}
	}
}

// place computes every placement. It is tolerant: where something was reported, it fills in what it can.
func (l *loader) place() {
	slices.SortStableFunc(l.apps, func(a, b writtenApp) int { return strings.Compare(string(a.Name), string(b.Name)) })
	order := l.order()
	l.placed = make([]placed, 0, l.count(order))
	for _, environment := range order {
		settings := quiet(l.layers[environment])
		for i := range l.apps {
			if i > 0 && l.apps[i].Name == l.apps[i-1].Name {
				continue // reported; the first one counts
			}
			l.placeOne(&l.apps[i], environment, settings)
		}
	}
}

// count tells how many placements there will be: growing step by step, they would be copied again and again.
func (l *loader) count(environments []string) (n int) {
	for i := range l.apps {
		for _, environment := range environments {
			if goesTo(l.apps[i].appFile, environment) {
				n++
			}
		}
	}
	return n
}

func (l *loader) placeOne(app *writtenApp, environment string, settings environmentFile) {
	if !goesTo(app.appFile, environment) {
		return
	}
	everywhere, here := own(app.node), app.node.get("environments", environment)
	n := layer(layer(l.layers[environment], everywhere, true), here, true)
	switch {
	case n == l.layers[environment]:
	case isFlat(everywhere) && isFlat(here):
		settings = l.upon(settings, everywhere, here)
	default:
		settings = quiet(n)
	}
	p := placement(app.appFile, settings)
	if p.Branch == l.branch {
		p.Branch = ""
	}
	p.After = l.upstream(app.appFile, environment)
	p.Rollback, p.Hotfix = quickOf(settings.Rollback.quickFile, p), quickOf(settings.Hotfix, p)
	p.Rollback.OnFailure, p.Rollback.Within = settings.Rollback.On == "failure", durationOf(settings.Rollback.Within)
	if p.Rollback.Within == 0 {
		p.Rollback.Within = time.Hour
	}
	p.Gates.Healthy = len(p.After) > 0
	p.Gates.Tickets = slices.Contains(l.root.Tickets.Require, appName(environment))
	if settings.Gates.Healthy != nil {
		p.Gates.Healthy = *settings.Gates.Healthy
	}
	l.placed = append(l.placed, placed{p, app, n})
}

// quiet decodes settings whose mistakes were reported where they are written.
func quiet(n *node) environmentFile {
	var out environmentFile
	decoder{&reporter{}}.decode(n, reflect.ValueOf(&out).Elem(), "")
	return out
}

// isFlat tells what says nothing, or nothing but words and numbers: these replace what was there, and merge with nothing.
func isFlat(n *node) bool {
	return n == nil || n.kind == mapping && !slices.ContainsFunc(n.items, func(item *node) bool { return item.kind != scalar })
}

// upon decodes what is flat on top of settings. A thousand apps that each name a namespace share all else, and the place where
// that is done.
func (l *loader) upon(settings environmentFile, flat ...*node) environmentFile {
	l.scratch = settings
	v := reflect.ValueOf(&l.scratch).Elem()
	for _, n := range flat {
		if n == nil {
			continue
		}
		for i, key := range n.keys {
			if f, ok := fieldOf(v.Type(), key.text); ok {
				v.FieldByIndex(f.index).SetZero()
				decoder{&reporter{}}.decode(n.items[i], v.FieldByIndex(f.index), key.text)
			}
		}
	}
	return l.scratch
}

func goesTo(app appFile, environment string) bool {
	return len(app.Only) == 0 || slices.Contains(app.Only, appName(environment))
}

// upstream gives the environments an app comes from: where it does not go to one of After, that one's upstream counts,
// so that leaving an environment out never means skipping what lies before it.
func (l *loader) upstream(app appFile, environment string) []string {
	var out []string
	seen := map[string]bool{}
	var visit func(name string)
	visit = func(name string) {
		for _, before := range l.after(name) {
			switch {
			case seen[before]:
				continue
			case goesTo(app, before):
				out = append(out, before)
			}
			if seen[before] = true; !goesTo(app, before) {
				visit(before)
			}
		}
	}
	visit(environment)
	return out
}

// after gives the known environments that one comes after, as written.
func (l *loader) after(environment string) []string {
	for _, e := range l.root.Environments {
		if string(e.Name) == environment {
			return strs(e.After)
		}
	}
	return nil
}

// placement expands an app's settings in an environment.
func placement(app appFile, s environmentFile) Placement {
	name := Placement{App: string(app.Name), Environment: string(s.Name), Unit: string(app.Group), Team: string(app.Team)}
	if name.Unit == "" {
		name.Unit = name.App
	}
	fill, src := filler(name), sourceOf(app.Source)
	return Placement{
		App: name.App, Environment: name.Environment, Unit: name.Unit, Team: name.Team,
		Branch: fill.Replace(string(s.Branch)), Folder: fill.Replace(string(s.Path)),
		Path: fill.Replace(src.Path), Root: rootOf(src),
		Values: valuesOf(s.Values, fill), Namespace: fill.Replace(string(s.Namespace)),
		Kubernetes: Kubernetes{Version: string(s.Kubernetes.Version), APIs: strs(s.Kubernetes.APIs)},
		Engine:     string(s.Engine), Images: imagesOf(app.Images), Rewrite: texts(s.Images.Rewrite),
		Merge: Merge(s.Merge), PullRequest: s.PullRequest == nil || *s.PullRequest,
		Supersede: Supersede(s.Supersede), Together: s.Together != nil && *s.Together,
		Gates: gatesOf(s.Gates, fill), Health: healthOf(s.Health, fill),
		Clusters: strs(s.Clusters), Deadline: durationOf(s.Deadline), Labels: filled(s.Labels, fill),
		Reviewers: strs(s.Reviewers), Assignees: strs(s.Assignees),
		AllowSecrets: app.AllowSecrets, Rendering: renderingOf(s.renderingFile, fill),
	}
}

// quickOf fills in what holds where nothing is written: nobody who is asked in daily life is left out in a hurry.
func quickOf(q quickFile, p Placement) Quick {
	out := Quick{Ignore: strs(q.Ignore)}
	if q.Ignore == nil {
		out.Ignore = []string{"soak", "windows", "freezes"}
	}
	switch {
	case q.Approvals != nil:
		out.Approvals = *q.Approvals
	case p.PullRequest && (p.Gates.Approvals.Count > 0 || p.Merge == Review):
		out.Approvals = 1
	}
	return out
}

func overridesOf(rules []overrideFile) []OverrideRule {
	var out []OverrideRule
	for _, r := range rules {
		out = append(out, OverrideRule{Environments: strs(r.Environments), Gates: strs(r.Gates), By: strs(r.By),
			Approvals: max(1, r.Approvals), Review: durationOf(r.Review)})
	}
	return out
}

func sourceOf(s sourceFile) AppSource {
	out := AppSource{Repository: string(s.Repository), Path: string(s.Path), Root: string(s.Root), Ref: string(s.Ref),
		OCI: string(s.OCI), Helm: string(s.Helm), Chart: string(s.Chart), Version: string(s.Version)}
	if out.Path == "" {
		out.Path = "."
	}
	return out
}

// rootOf is the folder that is stored: as written or the part of the path that is the same everywhere.
func rootOf(s AppSource) string {
	switch {
	case s.Root != "":
		return s.Root
	case s.OCI != "":
		return "."
	}
	fixed, _, templated := strings.Cut(s.Path, "{")
	if !templated {
		return s.Path
	}
	return path.Dir(fixed + "x")
}

func valuesOf(files []valuesFile, fill fill) []Values {
	var out []Values
	for _, f := range files {
		name, optional := strings.CutSuffix(fill.Replace(string(f)), "?")
		out = append(out, Values{Path: name, Optional: optional})
	}
	return out
}

func imagesOf(images []imageFile) []Image {
	var out []Image
	for _, i := range images {
		out = append(out, Image{Name: string(i.Name), Match: string(i.Match), Optional: i.Optional,
			Fields: strs(i.Fields), Set: texts(i.Set)})
	}
	return out
}

func healthOf(h healthFile, fill fill) Health {
	switch {
	case h.Status != "":
		return Health{From: "status", Value: fill.Replace(string(h.Status))}
	case h.Check != "":
		return Health{From: "check", Value: fill.Replace(string(h.Check))}
	}
	return Health{From: string(h.From)}
}

func gatesOf(g gatesFile, fill fill) Gates {
	out := Gates{
		Soak: durationOf(g.Soak), Checks: filled(g.Checks, fill), Manual: g.Manual != nil && *g.Manual, ImageExists: g.ImageExists != nil && *g.ImageExists,
		Approvals: Approvals{Count: g.Approvals.Count, From: strs(g.Approvals.From), Exclude: strs(g.Approvals.Exclude)},
	}
	for _, w := range g.Windows {
		out.Windows = append(out.Windows, windowOf(w))
	}
	for _, f := range g.Freezes {
		zone, _ := parseZone(string(f.Zone))
		out.Freezes = append(out.Freezes, Freeze{From: string(f.From), To: string(f.To), Zone: zone, Reason: string(f.Reason)})
	}
	return out
}

var weekdays = map[weekday]time.Weekday{"Mon": time.Monday, "Tue": time.Tuesday, "Wed": time.Wednesday, "Thu": time.Thursday,
	"Fri": time.Friday, "Sat": time.Saturday, "Sun": time.Sunday}

func windowOf(w windowFile) Window {
	zone, _ := parseZone(string(w.Zone))
	out := Window{From: parseClock(string(w.From)), To: parseClock(string(w.To)), Zone: zone}
	for _, d := range w.Days {
		out.Days = append(out.Days, weekdays[d])
	}
	if len(w.Days) == 0 {
		out.Days = slices.Sorted(maps.Values(weekdays))
	}
	return out
}

func durationOf(d duration) time.Duration {
	out, _ := parseDuration(string(d))
	return out
}

func filled[T ~string](in []T, fill fill) []string {
	out := strs(in)
	for i := range out {
		out[i] = fill.Replace(out[i])
	}
	return out
}

func strs[T ~string](in []T) []string {
	var out []string
	for _, s := range in {
		out = append(out, string(s))
	}
	return out
}

func texts[K, V ~string](in map[K]V) map[string]string {
	if len(in) == 0 {
		return nil
	}
	out := make(map[string]string, len(in))
	for k, v := range in {
		out[string(k)] = string(v)
	}
	return out
}
