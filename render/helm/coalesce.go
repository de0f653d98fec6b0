package helm

import (
	"fmt"
	"maps"
	"slices"

	"helm.sh/helm/v3/pkg/chart"
)

// coalescing lays the values that a chart is given over its own, all the way down to its subcharts. Its rules are Helm's, as
// documented and as its library does it, to which a fuzz target holds it:
//
//   - maps merge, anything else replaces; where one side is a map and the other is not, what was given holds
//   - a null that was given takes the chart's own value away, or stays where nulls are kept for a later layer to meet
//   - what stands under the name of a subchart are values given to it, and keep their nulls until they meet its own
//   - global is handed down from each chart to its subcharts, with its nulls
//
// Given values are changed in place; those of charts are shared by all renders, and what is taken from them is copied.
type coalescing struct {
	keepNulls bool
	shared    bool            // what is filled in belongs to this render, too: one map in both places
	said      map[string]bool // what people may want to know
}

// coalesce gives the values of a chart and its subcharts, and changes neither the chart nor what it is given.
func coalesce(ch *chart.Chart, given map[string]any, c *coalescing) (map[string]any, error) {
	values, _ := copyValue(given).(map[string]any)
	if values == nil {
		values = map[string]any{}
	}
	return values, c.chart(ch, values, "")
}

func (c *coalescing) chart(ch *chart.Chart, values map[string]any, path string) error {
	c.own(ch, values, path+ch.Name())
	for _, sub := range ch.Dependencies() {
		name := sub.Name()
		if _, given := values[name]; !given {
			values[name] = map[string]any{}
		}
		below, ok := values[name].(map[string]any)
		if !ok {
			return fmt.Errorf("type mismatch on %s: %t", name, values[name])
		}
		c.handDown(values, below)
		if err := c.chart(sub, below, path+ch.Name()+"."); err != nil {
			return err
		}
	}
	return nil
}

// own puts a chart's own values under those it is given.
func (c *coalescing) own(ch *chart.Chart, values map[string]any, path string) {
	for name, own := range ch.Values {
		if given, has := values[name]; has && given == nil && !c.keepNulls {
			delete(values, name) // also where the chart's own is null, which further down stays
			continue
		}
		c.fill(values, name, own, path, c.keepNulls, c.keepNulls || isSubchart(ch, name))
	}
}

func isSubchart(ch *chart.Chart, name string) bool {
	return slices.ContainsFunc(ch.Dependencies(), func(sub *chart.Chart) bool { return sub.Name() == name })
}

// under fills in what a map does not say.
func (c *coalescing) under(table, defaults map[string]any, path string, keepNulls bool) {
	for name, fallback := range defaults {
		c.fill(table, name, fallback, path, keepNulls, keepNulls)
	}
}

// fill settles one name that has a default.
func (c *coalescing) fill(values map[string]any, name string, fallback any, path string, keepNull, keepNullsBelow bool) {
	given, has := values[name]
	table, isTable := given.(map[string]any)
	defaults, wasTable := fallback.(map[string]any)
	switch {
	case !has:
		if values[name] = fallback; !c.shared {
			values[name] = copyValue(fallback)
		}
	case given == nil && !keepNull && fallback != nil:
		delete(values, name)
	case isTable && wasTable:
		c.under(table, defaults, path+"."+name, keepNullsBelow)
	case wasTable && given != nil:
		c.say("%s.%s is a map in the chart and none in the values, which hold", path, name)
	case isTable && fallback != nil:
		c.say("%s.%s is a map in the values and none in the chart; the values hold", path, name)
	}
}

// handDown gives a subchart the globals of the chart above it, which hold over its own. Maps in them are the same for both:
// what a template changes in one the other sees.
func (c *coalescing) handDown(from, to map[string]any) {
	own, ok := globalsOf(to)
	above, alsoOK := globalsOf(from)
	if !ok || !alsoOK {
		c.say("global is no map")
		return
	}
	for _, name := range slices.Sorted(maps.Keys(above)) { // in an order, since a subchart may itself be called global
		value := above[name]
		given, has := own[name]
		table, isTable := value.(map[string]any)
		below, wasTable := given.(map[string]any)
		switch {
		case isTable && has && !wasTable:
			c.say("global.%s is a map, and none in a subchart", name)
		case !isTable && has && wasTable:
			c.say("global.%s is no map, and one in a subchart", name)
		case isTable && has:
			merged := maps.Clone(table)
			both := &coalescing{keepNulls: true, shared: true, said: c.said}
			both.under(merged, below, "global."+name, both.keepNulls)
			own[name] = merged
		case isTable:
			own[name] = maps.Clone(table)
		default:
			own[name] = value
		}
	}
	to["global"] = own
}

func globalsOf(values map[string]any) (map[string]any, bool) {
	v, ok := values["global"]
	if !ok {
		return map[string]any{}, true
	}
	table, ok := v.(map[string]any)
	return table, ok
}

func (c *coalescing) say(format string, args ...any) {
	if c.said != nil {
		c.said[fmt.Sprintf(format, args...)] = true
	}
}
