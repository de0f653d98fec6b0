package environments

import (
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// Setting is one effective value of an app in an environment, and where it comes from.
type Setting struct {
	Key   string   `json:"key"`   // gates.soak, values[1]
	Value any      `json:"value"` // string, int or bool, placeholders filled in
	From  Position `json:"from"`  // the zero Position where it is built in
}

// Effective lists the settings of an app in an environment, in the order of the reference.
func (c *Config) Effective(app, environment string) ([]Setting, error) {
	p, err := c.Find(app, environment)
	if err != nil {
		return nil, err
	}
	made := c.made[[2]string{app, environment}]
	w := settingsWriter{fill: filler(p)}
	w.add("app", app, made.app.at("name"))
	w.mapping(made.app, reflect.TypeFor[appFile](), "", append(renderingKeys(), "name", "environments", "namespace", "labels", "only")...)
	if made.app.get("source", "path") == nil {
		w.add("source.path", p.Path, Position{})
	}
	env := made.node
	w.add("environment", environment, env.at("name"))
	for i, before := range p.After {
		w.add(fmt.Sprintf("after[%d]", i), before, env.at("after"))
	}
	w.mapping(env, reflect.TypeFor[settings](), "")
	if env.get("gates", "healthy") == nil {
		w.add("gates.healthy", p.Gates.Healthy, Position{})
	}
	return w.out, nil
}

// made is what a placement was made from.
type made struct{ app, node *node }

// settingsWriter flattens nodes into settings.
type settingsWriter struct {
	fill fill
	out  []Setting
}

func (w *settingsWriter) add(key string, value any, from Position) {
	w.out = append(w.out, Setting{Key: key, Value: value, From: from})
}

// mapping writes the keys of a struct in the order of its type.
func (w *settingsWriter) mapping(n *node, t reflect.Type, path string, except ...string) {
	for _, f := range fieldsOf(t) {
		if value := n.get(f.key); value != nil && !slices.Contains(except, f.key) {
			w.value(value, f.kind, join(path, f.key))
		}
	}
}

func (w *settingsWriter) value(n *node, t reflect.Type, path string) {
	switch {
	case n.kind == list:
		for i, item := range n.items {
			w.value(item, t.Elem(), fmt.Sprintf("%s[%d]", path, i))
		}
	case t.Kind() == reflect.Map:
		for i, key := range n.keys {
			w.value(n.items[i], t.Elem(), join(path, key.text))
		}
	case n.kind == mapping:
		w.mapping(n, t, path)
	default:
		w.add(path, w.plain(n), n.Position)
	}
}

func (w *settingsWriter) plain(n *node) any {
	switch n.tag {
	case "!!bool":
		return strings.EqualFold(n.text, "true")
	case "!!int":
		number, _ := strconv.Atoi(n.text)
		return number
	}
	return w.fill.Replace(n.text)
}
