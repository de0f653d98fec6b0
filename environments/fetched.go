package environments

import (
	"strconv"
	"strings"
)

// Fetched tells a source that is brought in from elsewhere at submit: templates that are not of the app's own repository.
func (s AppSource) Fetched() bool { return s.OCI != "" || s.Helm != "" || s.Ref != "" }

// checkSource wants one answer to where templates come from, and no words that belong to another.
func (l *loader) checkSource(a *writtenApp) {
	n, s := a.node.get("source"), a.Source
	if n == nil || n.kind != mapping || n.spoilt() {
		return
	}
	var ways []string
	for _, way := range []struct{ name, value string }{{"repository", string(s.Repository)}, {"oci", string(s.OCI)}, {"helm", string(s.Helm)}} {
		if way.value != "" {
			ways = append(ways, way.name)
		}
	}
	switch {
	case len(ways) == 0:
		l.add(n.Position, "add repository, oci or helm", "the source does not say where templates come from")
		return
	case len(ways) > 1:
		l.add(n.at(ways[1]), "", "templates come from one place: %s or %s", ways[0], ways[1])
		return
	}
	belongs := map[string][]string{"repository": {"path", "root", "ref"}, "oci": {"version", "path"}, "helm": {"chart", "version"}}[ways[0]]
	for _, key := range []string{"ref", "chart", "version", "path", "root"} {
		if n.get(key) != nil && !strings.Contains(" "+strings.Join(belongs, " ")+" ", " "+key+" ") {
			l.add(n.at(key), "", "%s has no meaning beside %s", key, ways[0])
		}
	}
	for _, key := range map[string][]string{"oci": {"version"}, "helm": {"chart", "version"}}[ways[0]] {
		if n.get(key) == nil {
			l.add(n.Position, "", "a source with %s needs %s", ways[0], key)
		}
	}
}

// keepOf is how many releases of each app are kept for rollbacks.
func keepOf(h horizon) int {
	number, _, _ := strings.Cut(string(h), " ")
	if n, err := strconv.Atoi(number); err == nil {
		return n
	}
	return 10
}
