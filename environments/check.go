package environments

import (
	"slices"
	"strings"
)

// check looks at what no single value can tell: names that must exist or differ, the graph, folders, gates of teams.
func (l *loader) check() {
	l.checkNames()
	l.checkPolicies()
	l.checkWords()
	l.checkNotify()
	l.checkGraph()
	if len(l.root.Environments) > maxEnvironments || len(l.root.Environments)*len(l.apps) > maxPlacements {
		l.add(l.rootNode.at("environments"), "", "%d apps in %d environments are too many; there may be %d environments and %d apps times environments",
			len(l.apps), len(l.root.Environments), maxEnvironments, maxPlacements)
		return
	}
	l.layer()
	l.checkSettings(l.rootNode.get("defaults"), l.root.Defaults, true)
	for i, e := range l.root.Environments {
		l.checkSettings(l.rootNode.get("environments").item(i), e.settings, true)
	}
	for i := range l.apps {
		l.checkApp(&l.apps[i])
	}
	l.checkOverrides()
	l.place()
	l.checkPlacements()
}

func (l *loader) checkOverrides() {
	for i, rule := range l.root.Overrides {
		n := l.rootNode.get("overrides").item(i)
		for j, name := range rule.Environments {
			l.knows(l.environmentNames(), string(name), n.get("environments").item(j).Position, "overrides name %q, which does not exist", name)
		}
		if len(rule.By) == 0 && !n.get("by").spoilt() && n.get("by") != nil {
			l.add(n.at("by"), "", "overrides let nobody pass: by is empty")
		}
	}
}

// checkNames wants every name once: environments, and apps and groups in one name space.
func (l *loader) checkNames() {
	seen := map[string]Position{}
	for i, e := range l.root.Environments {
		l.once(seen, string(e.Name), l.rootNode.get("environments").item(i).at("name"), "environment")
	}
	apps := map[string]Position{}
	for _, a := range l.apps {
		l.once(apps, string(a.Name), a.node.at("name"), "app")
	}
	told := map[appName]bool{"": true}
	for _, a := range l.apps {
		if first, ok := apps[string(a.Group)]; ok && !told[a.Group] {
			told[a.Group] = true
			l.add(a.node.at("group"), "", "group %q has the name of an app (%s); apps and groups share one name space", a.Group, first)
		}
	}
}

func (l *loader) once(seen map[string]Position, name string, at Position, what string) {
	if name == "" {
		return
	}
	if first, ok := seen[name]; ok {
		l.add(at, "", "%s %q is already defined at %s", what, quote(name), first)
		return
	}
	seen[name] = at
}

func (l *loader) environmentNames() []string {
	var out []string
	for _, e := range l.root.Environments {
		out = append(out, string(e.Name))
	}
	return out
}

// checkApp looks at what an app says about environments, and at what an included file may not say.
func (l *loader) checkApp(a *writtenApp) {
	known := l.environmentNames()
	for i, name := range a.Only {
		l.knows(known, string(name), a.node.get("only").item(i).Position, "%q goes only to %q, which does not exist", a.Name, name)
	}
	for key, override := range a.node.get("environments").pairs() {
		if !l.knows(known, key.text, key.Position, "%q overrides %q, which does not exist", a.Name, quote(key.text)) {
			continue
		}
		if !goesTo(a.appFile, key.text) {
			l.add(key.Position, "", "%q overrides %q, but only leaves that environment out", a.Name, key.text)
		}
		l.checkSettings(override, a.Environments[appName(key.text)], false)
	}
	l.checkSource(a)
	if src := sourceOf(a.Source); src.Root != "" && src.Root != "." && !within(src.Path, src.Root) && !a.node.get("source").spoilt() {
		l.add(a.node.at("source", "root"), "", "root %q does not contain path %q", src.Root, src.Path)
	}
	for i, image := range a.Images {
		if slices.ContainsFunc(a.Images[:i], func(o imageFile) bool { return o.Name == image.Name }) && image.Name != "" {
			l.add(a.node.get("images").item(i).at("name"), "", "image %q is listed twice", image.Name)
		}
	}
	if a.included {
		l.checkIncluded(a)
	}
}

func (l *loader) knows(known []string, name string, at Position, format string, args ...any) bool {
	if slices.Contains(known, name) || name == "" {
		return name != ""
	}
	l.add(at, didYouMean(name, known), format, args...)
	return false
}

// within tells whether a path is a folder or lies in it.
func within(path, folder string) bool { return path == folder || strings.HasPrefix(path, folder+"/") }

// checkGraph wants After to name environments and to have an end.
func (l *loader) checkGraph() {
	known := l.environmentNames()
	for i, e := range l.root.Environments {
		for j, before := range e.After {
			at := l.rootNode.get("environments").item(i).get("after").item(j).Position
			l.knows(known, string(before), at, "%q comes after %q, which does not exist", quote(string(e.Name)), quote(string(before)))
		}
	}
	l.checkCircles()
}

// checkCircles reports each circle once, where it closes.
func (l *loader) checkCircles() {
	done, path := map[string]bool{}, []string{}
	var visit func(name string)
	visit = func(name string) {
		path = append(path, name)
		for j, before := range l.after(name) {
			if from := slices.Index(path, before); from >= 0 {
				l.add(l.afterNode(name, j), "", "after goes round in a circle: %s", circle(path[from:]))
			} else if !done[before] {
				visit(before)
			}
		}
		path = path[:len(path)-1]
		done[name] = true
	}
	for _, name := range l.environmentNames() {
		if !done[name] {
			visit(name)
		}
	}
}

func (l *loader) afterNode(environment string, j int) Position {
	i := slices.Index(l.environmentNames(), environment)
	return l.rootNode.get("environments").item(i).get("after").item(j).Position
}

// circle prints the way of a release: after points backwards.
func circle(path []string) string {
	var steps []string
	for i := len(path) - 1; i >= 0; i-- {
		steps = append(steps, path[i])
	}
	return strings.Join(append(steps, path[len(path)-1]), " -> ")
}

// order sorts environments so that each comes after its upstream, otherwise as written.
func (l *loader) order() []string {
	var out []string
	var visit func(name string)
	seen := map[string]bool{}
	visit = func(name string) {
		if seen[name] || l.layers[name] == nil {
			return
		}
		seen[name] = true
		for _, before := range l.after(name) {
			visit(before)
		}
		out = append(out, name)
	}
	for _, name := range l.environmentNames() {
		visit(name)
	}
	return out
}

// checkPlacements looks at apps in environments: required settings, names filled in, folders, groups.
func (l *loader) checkPlacements() {
	for name, n := range l.layers {
		if n.get("kubernetes", "version") == nil {
			l.add(n.Position, "write it there or under defaults: kubernetes: {version: \"1.34\"}", "environment %q has no kubernetes.version", name)
		}
	}
	for _, p := range l.placed {
		l.checkPlacement(p)
	}
	l.checkFolders()
	l.checkGroups()
}

func (l *loader) checkPlacement(p placed) {
	if n := p.node.get("namespace"); p.Namespace != "" && !nameRegexp().MatchString(p.Namespace) && !n.spoilt() {
		l.addOnce(n.Position, "the namespace of %q in %q would be %q, which is no name", p.App, p.Environment, quote(p.Namespace))
	}
	if p.Team == "" {
		p.node.walk(func(n *node) {
			if n.kind == scalar && strings.Contains(n.text, "{team}") {
				l.add(p.app.node.at("name"), "", "%q has no team, but %s asks for {team}", p.App, n.Position)
			}
		})
	}
	l.checkApprovals(p, p.node.get("gates", "approvals"))
	for _, key := range []string{"rollback", "hotfix"} {
		n := p.node.get(key, "approvals")
		if q := map[string]Quick{"rollback": p.Rollback, "hotfix": p.Hotfix}[key]; n != nil && !n.spoilt() && q.Approvals > 0 && !p.PullRequest {
			l.addOnce(n.Position, "%s asks for approvals in %q, but pullRequest is false: there is nothing to approve", key, p.Environment)
		}
	}
}

func (l *loader) checkApprovals(p placed, n *node) {
	if n == nil || n.spoilt() {
		return
	}
	g := p.Gates.Approvals
	able := slices.DeleteFunc(slices.Clone(g.From), func(who string) bool { return slices.Contains(g.Exclude, who) })
	switch i := slices.Index(g.From, SourceAuthors); {
	case i >= 0:
		l.addOnce(n.get("from").item(i).Position, "%s can be excluded, not asked", SourceAuthors)
	case g.Count > 0 && !p.PullRequest:
		l.addOnce(n.at("count"), "approvals are asked for in %q, but pullRequest is false: there is nothing to approve", p.Environment)
	case len(g.From) > 0 && g.Count > len(able) && !slices.ContainsFunc(able, isTeam):
		l.addOnce(n.at("count"), "%d approvals are asked for, but only %d persons may give them", g.Count, len(able))
	case len(g.From) > 0 && g.Count == 0:
		l.addOnce(n.at("from"), "the approvals of persons are asked for, but no count")
	}
}

// isTeam tells a name that stands for persons whom only the forge knows.
func isTeam(name string) bool { return strings.HasPrefix(name, "team/") }

// checkGroups wants apps that share a pull request to agree on what a pull request has once.
func (l *loader) checkGroups() {
	first := map[[2]string]placed{}
	for _, p := range l.placed {
		if p.Unit == p.App {
			continue
		}
		key := [2]string{p.Environment, p.Unit}
		f, ok := first[key]
		if !ok {
			first[key] = p
			continue
		}
		for _, differs := range []struct {
			key  string
			a, b any
		}{{"branch", f.Branch, p.Branch}, {"merge", f.Merge, p.Merge}, {"pullRequest", f.PullRequest, p.PullRequest},
			{"supersede", f.Supersede, p.Supersede}, {"together", f.Together, p.Together}} {
			if differs.a != differs.b {
				l.add(p.place(differs.key), "", "%q and %q share a pull request in %q, but differ in %s: %v and %v",
					f.App, p.App, p.Environment, differs.key, differs.a, differs.b)
			}
		}
	}
}

// place is where a setting was written, or where its app was, when it is built in.
func (p placed) place(keys ...string) Position {
	if at := p.node.at(keys...); at.File != "" {
		return at
	}
	return p.app.node.at("name")
}
