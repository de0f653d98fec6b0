package diff

import (
	"fmt"
	"slices"
	"strings"
)

var accessRules = []Rule{
	{
		ID: "rbac-wildcard", Level: Critical, Title: "Rights over everything",
		Why: "A star grants what exists today and whatever is invented tomorrow.",
		Good: Example{
			Old: `{apiVersion: rbac.authorization.k8s.io/v1, kind: Role, metadata: {name: a}, rules: [{apiGroups: ["*"], resources: ["*"], verbs: ["*"]}]}`,
			New: `{apiVersion: rbac.authorization.k8s.io/v1, kind: Role, metadata: {name: a}, rules: [{apiGroups: [""], resources: ["*"], verbs: [get]}]}`,
		},
		Bad: Example{
			Old: `{apiVersion: rbac.authorization.k8s.io/v1, kind: Role, metadata: {name: a}, rules: [{apiGroups: [""], resources: [pods], verbs: [get]}]}`,
			New: `{apiVersion: rbac.authorization.k8s.io/v1, kind: Role, metadata: {name: a}, rules: [{apiGroups: [""], resources: [pods], verbs: ["*"]}]}`,
		},
		find: func(s *scene) []spot { return s.widened(true) },
	},
	{
		ID: "rbac-cluster-wide", Level: High, Title: "Rights in the whole cluster",
		Why: "A ClusterRoleBinding gives its rights in every namespace.",
		Good: Example{
			Old: `{apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRoleBinding, metadata: {name: a}, roleRef: {name: r}, subjects: [{kind: User, name: u}, {kind: User, name: v}]}`,
			New: `{apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRoleBinding, metadata: {name: a}, roleRef: {name: r}, subjects: [{kind: User, name: u}]}`,
		},
		Bad: Example{
			Old: `{apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRoleBinding, metadata: {name: a}, roleRef: {name: r}, subjects: [{kind: User, name: u}]}`,
			New: `{apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRoleBinding, metadata: {name: a}, roleRef: {name: r}, subjects: [{kind: User, name: u}, {kind: User, name: v}]}`,
		},
		find: func(s *scene) []spot { return s.bound("ClusterRoleBinding", "in every namespace") },
	},
	{
		ID: "rbac-widened", Level: Medium, Title: "Rights widened",
		Why: "Someone may do what they could not do before.",
		Good: Example{
			Old: `{apiVersion: rbac.authorization.k8s.io/v1, kind: Role, metadata: {name: a}, rules: [{apiGroups: [apps], resources: [deployments, daemonsets], verbs: [get, list]}]}`,
			New: `{apiVersion: rbac.authorization.k8s.io/v1, kind: Role, metadata: {name: a}, rules: [{apiGroups: [apps], resources: [deployments], verbs: [get]}, {apiGroups: [apps], resources: [daemonsets], verbs: [list]}]}`,
		},
		Bad: Example{
			Old: `{apiVersion: rbac.authorization.k8s.io/v1, kind: Role, metadata: {name: a}, rules: [{apiGroups: [""], resources: [secrets], verbs: [get], resourceNames: [one]}]}`,
			New: `{apiVersion: rbac.authorization.k8s.io/v1, kind: Role, metadata: {name: a}, rules: [{apiGroups: [""], resources: [secrets], verbs: [get]}]}`,
		},
		find: func(s *scene) []spot { return append(s.widened(false), s.bound("RoleBinding", "in its namespace")...) },
	},
}

const rbacGroup = "rbac.authorization.k8s.io/"

// grant is one rule of a role, as lists of what it allows.
type grant struct{ groups, resources, names, urls, verbs []string }

func grants(n *node) []grant {
	var all []grant
	for _, rule := range n.get("rules").list() {
		all = append(all, grant{
			rule.get("apiGroups").strings(), rule.get("resources").strings(), rule.get("resourceNames").strings(),
			rule.get("nonResourceURLs").strings(), rule.get("verbs").strings(),
		})
	}
	return all
}

// hasStar tells whether a rule speaks of everything of a sort.
func (g grant) hasStar() bool {
	return slices.Contains(g.verbs, "*") || slices.Contains(g.resources, "*") || slices.Contains(g.groups, "*") || slices.Contains(g.urls, "*")
}

// mostChecks bounds the work on one role; real ones need hundreds.
const mostChecks = 1_000_000

// mostRights bounds into how many rights one rule is taken apart.
const mostRights = 10_000

// widened reports the rules that allow more than the old role did: those with a star, or all others.
func (s *scene) widened(star bool) []spot {
	if s.new == nil || !s.is(rbacGroup+"Role", rbacGroup+"ClusterRole") {
		return nil
	}
	old := grants(s.old)
	checks := mostChecks
	var found []spot
	for i, g := range grants(s.new) {
		if g.hasStar() != star {
			continue
		}
		more := g.beyond(old, &checks)
		if len(more) == 0 {
			continue
		}
		reason := "may now " + strings.Join(more[:min(3, len(more))], ", ")
		if len(more) > 3 {
			reason += fmt.Sprintf(" and %d more", len(more)-3)
		}
		found = append(found, spot{fmt.Sprintf("rules[%d]", i), reason})
	}
	return found
}

// beyond gives what a rule allows and none of the others does. Where that takes too many checks, everything counts.
func (g grant) beyond(old []grant, checks *int) []string {
	cost := 1 + len(g.names)
	for _, o := range old {
		cost += 1 + len(o.groups) + len(o.resources) + len(o.names) + len(o.urls) + len(o.verbs)
	}
	var more []string
	for _, one := range g.single() {
		*checks -= cost
		if *checks < 0 || !slices.ContainsFunc(old, one.within) {
			more = append(more, one.String())
		}
		if *checks < 0 {
			break
		}
	}
	return more
}

// single takes a rule apart into rights of one verb on one resource or URL.
func (g grant) single() []grant {
	var all []grant
	for _, verb := range g.verbs {
		for _, url := range g.urls {
			all = append(all, grant{urls: []string{url}, verbs: []string{verb}})
		}
		for _, group := range g.groups {
			for _, resource := range g.resources {
				all = append(all, grant{groups: []string{group}, resources: []string{resource}, names: g.names, verbs: []string{verb}})
				if len(all) > mostRights {
					return all
				}
			}
		}
	}
	return all
}

// within tells whether another rule allows all of a single right.
func (g grant) within(old grant) bool {
	if !covers(old.verbs, g.verbs[0]) {
		return false
	}
	if len(g.urls) > 0 {
		return slices.ContainsFunc(old.urls, func(url string) bool { return coversURL(url, g.urls[0]) })
	}
	if !covers(old.groups, g.groups[0]) || !coversResource(old.resources, g.resources[0]) {
		return false
	}
	return len(old.names) == 0 || len(g.names) > 0 && len(missing(g.names, old.names)) == 0
}

func covers(list []string, one string) bool {
	return slices.Contains(list, "*") || slices.Contains(list, one)
}

// coversResource knows that */scale means that part of every resource.
func coversResource(list []string, one string) bool {
	_, part, _ := strings.Cut(one, "/")
	return covers(list, one) || part != "" && slices.Contains(list, "*/"+part)
}

func coversURL(pattern, url string) bool {
	if prefix, ok := strings.CutSuffix(pattern, "*"); ok {
		return strings.HasPrefix(url, prefix)
	}
	return pattern == url
}

func (g grant) String() string {
	if len(g.urls) > 0 {
		return g.verbs[0] + " " + g.urls[0]
	}
	what := g.resources[0]
	if g.groups[0] != "" {
		what += "." + g.groups[0]
	}
	switch {
	case len(g.names) > 3:
		what += fmt.Sprintf(" (%d of them)", len(g.names))
	case len(g.names) > 0:
		what += " (" + strings.Join(g.names, ", ") + ")"
	}
	return g.verbs[0] + " " + what
}

// bound reports who newly gets the rights of a binding.
func (s *scene) bound(kind, where string) []spot {
	if s.new == nil || !s.is(rbacGroup+kind) {
		return nil
	}
	gained := missing(subjects(s.new), subjects(s.old))
	if len(gained) == 0 {
		return nil
	}
	ref := s.new.get("roleRef")
	role := strings.TrimSpace(ref.get("kind").str() + " " + ref.get("name").str())
	who := strings.Join(gained[:min(3, len(gained))], ", ")
	if len(gained) > 3 {
		who += fmt.Sprintf(" and %d more", len(gained)-3)
	}
	return []spot{{"subjects", fmt.Sprintf("%s gets %s %s", who, role, where)}}
}

func subjects(n *node) []string {
	var all []string
	for _, subject := range n.get("subjects").list() {
		name := subject.get("name").str()
		if namespace := subject.get("namespace").str(); namespace != "" {
			name = namespace + "/" + name
		}
		all = append(all, subject.get("kind").str()+" "+name)
	}
	return all
}
