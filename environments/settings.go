package environments

import "strings"

// continueWord ends the name of the status by which the connector remembers whom it told.
const continueWord = "continue"

// checkSettings looks at settings where they are written: what belongs together in defaults, an environment or an app's
// override. The path of one app in one environment may be literal, any other must tell apps apart.
func (l *loader) checkSettings(n *node, s settings, manyApps bool) {
	if n == nil || n.kind != mapping {
		return
	}
	if path := n.get("path"); s.Path != "" && manyApps && !strings.Contains(string(s.Path), "{app}") && !path.bad {
		l.blame(path, "", "path %q does not contain {app}: all apps would share a folder", quote(string(s.Path)))
	}
	l.checkHealth(n.get("health"), s.Health)
	for i, c := range s.Clusters {
		if c == continueWord {
			l.add(n.get("clusters").item(i).Position, "call it otherwise", "%q is no name for a cluster: its status would be the one that remembers what pipelines were told", continueWord)
		}
	}
	for i, w := range s.Gates.Windows {
		if w.From != "" && string(w.From) == string(w.To) {
			l.add(n.get("gates", "windows").item(i).at("to"), "a whole day is from \"00:00\" to \"24:00\"", "the window closes in the minute it opens")
		}
	}
	for i, f := range s.Gates.Freezes {
		if f.From > f.To && f.To != "" {
			l.add(n.get("gates", "freezes").item(i).at("to"), "", "the freeze ends on %s, before it begins on %s", quote(string(f.To)), quote(string(f.From)))
		}
	}
}

// checkHealth wants one answer to what counts as healthy.
func (l *loader) checkHealth(n *node, h healthFile) {
	if n == nil || n.kind != mapping {
		return
	}
	var ways []string
	for _, way := range []struct{ name, value string }{{"status", string(h.Status)}, {"check", string(h.Check)}} {
		if way.value != "" {
			ways = append(ways, way.name)
		}
	}
	from := string(h.From)
	switch {
	case len(ways) > 1:
		l.add(n.at("check"), "", "health has both status and check; one of them tells")
	case len(ways) == 1 && from != "" && from != ways[0]:
		l.add(n.at("from"), "", "health is told by %s, but from says %s", ways[0], quote(from))
	case len(ways) == 0 && (from == "status" || from == "check"):
		l.add(n.at("from"), "write health: {"+from+": NAME}", "health is told by a %s, but there is none", from)
	case len(ways) == 0 && from == "":
		l.add(n.Position, "", "health does not say what tells")
	}
}
