package helm

import (
	"fmt"
	"slices"
	"strings"

	"helm.sh/helm/v3/pkg/chart"

	"github.com/ferry-cd/ferry/render/helm/chartutil"
)

// settled is a chart with the subcharts that some values left it, and with the values that it imported from them. It is the
// same for all values that decide alike, and nothing changes it.
type settled struct {
	chart *chart.Chart
	said  []string
	err   error
}

// maxSettled bounds how many combinations of subcharts are remembered of one chart.
const maxSettled = 16

// settle gives the chart as these values leave it, and what people may want to know. The rules are those of Helm's
// documentation: Chart.yaml names subcharts, some twice under other names; conditions and tags switch them off; import-values
// brings values up from them.
func (b *blueprint) settle(given map[string]any) (*chart.Chart, []string, error) {
	d := &deciding{}
	ch := b.chart
	if lists(ch) {
		ch = copyChart(ch)
		if err := d.chart(ch, given, "", needsValues(ch)); err != nil {
			return nil, nil, err
		}
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	s := b.settled[d.taken.String()]
	if s == nil {
		i := &importing{}
		s = &settled{chart: ch, err: i.into(ch), said: i.said}
		if len(b.settled) >= maxSettled || b.settled == nil {
			b.settled = map[string]*settled{}
		}
		b.settled[d.taken.String()] = s
	}
	return s.chart, slices.Concat(d.said, s.said), s.err
}

// lists tells whether the chart or one below it names subcharts in its Chart.yaml.
func lists(ch *chart.Chart) bool {
	return ch.Metadata.Dependencies != nil || slices.ContainsFunc(ch.Dependencies(), lists)
}

// needsValues tells whether values may decide on subcharts, or be refused while they do: most charts have neither.
func needsValues(ch *chart.Chart) bool {
	for _, d := range ch.Metadata.Dependencies {
		if d.Condition != "" || len(d.Tags) > 0 {
			return true
		}
	}
	return slices.ContainsFunc(ch.Dependencies(), func(sub *chart.Chart) bool { return len(sub.Dependencies()) > 0 || needsValues(sub) })
}

// oddlyGiven tells whether values give a subchart something that is no map.
func oddlyGiven(ch *chart.Chart, given map[string]any) bool {
	return slices.ContainsFunc(ch.Dependencies(), func(sub *chart.Chart) bool {
		v, has := given[sub.Name()]
		_, isTable := v.(map[string]any)
		return has && !isTable
	})
}

// deciding goes through a chart from above, and takes out what is switched off.
type deciding struct {
	taken strings.Builder // each decision, in the order of the walk
	said  []string
}

// chart decides on the subcharts of one chart. What conditions and tags see are the values of the chart above with those of
// this one below them, as in Helm; path is where in them this chart's own are.
func (d *deciding) chart(ch *chart.Chart, given map[string]any, path string, byValues bool) error {
	if ch.Metadata.Dependencies == nil {
		return nil
	}
	choose(ch)
	values := given
	if byValues || oddlyGiven(ch, given) {
		var err error
		if values, err = coalesce(ch, given, &coalescing{}); err != nil {
			return err
		}
	}
	off := map[string]bool{}
	for _, dep := range ch.Metadata.Dependencies {
		dep.Enabled = true
		d.tags(dep, values)
		d.condition(dep, values, path)
		if off[dep.Name] = off[dep.Name] || !dep.Enabled; dep.Enabled {
			d.taken.WriteByte('1')
		} else {
			d.taken.WriteByte('0')
		}
	}
	ch.SetDependencies(slices.DeleteFunc(slices.Clone(ch.Dependencies()), func(sub *chart.Chart) bool { return off[sub.Name()] })...)
	ch.Metadata.Dependencies = slices.DeleteFunc(slices.Clone(ch.Metadata.Dependencies), func(dep *chart.Dependency) bool { return off[dep.Name] })
	if len(ch.Metadata.Dependencies) == 0 {
		ch.Metadata.Dependencies = nil
	}
	for _, sub := range ch.Dependencies() {
		if err := d.chart(sub, values, path+sub.Name()+".", byValues); err != nil {
			return err
		}
	}
	return nil
}

// choose finds the chart for each entry of the list, under the name that the entry gives it. Charts of which the list says
// nothing come first.
func choose(ch *chart.Chart) {
	named := ch.Metadata.Dependencies
	var chosen []*chart.Chart
	for _, sub := range ch.Dependencies() {
		if !slices.ContainsFunc(named, func(dep *chart.Dependency) bool { return meant(dep, sub) }) {
			chosen = append(chosen, sub)
		}
	}
	for _, dep := range named {
		if i := slices.IndexFunc(ch.Dependencies(), func(sub *chart.Chart) bool { return meant(dep, sub) }); i >= 0 {
			chosen = append(chosen, renamed(ch.Dependencies()[i], dep.Alias))
		}
		if dep.Alias != "" {
			dep.Name = dep.Alias
		}
	}
	ch.SetDependencies(chosen...)
}

func meant(dep *chart.Dependency, sub *chart.Chart) bool {
	return dep.Name == sub.Name() && chartutil.IsCompatibleRange(dep.Version, sub.Metadata.Version)
}

// renamed gives a chart under its alias. One that is meant twice has one list and one set of subcharts, which keep the path
// that they have below its own name: so Helm names their templates.
func renamed(sub *chart.Chart, alias string) *chart.Chart {
	own, metadata := *sub, *sub.Metadata
	if own.Metadata = &metadata; alias != "" {
		metadata.Name = alias
	}
	return &own
}

// tags switches a subchart off when one of its tags is false and none is true.
func (d *deciding) tags(dep *chart.Dependency, values chartutil.Values) {
	all, err := values.Table("tags")
	if err != nil {
		return
	}
	on, off := false, false
	for _, tag := range dep.Tags {
		switch v := all[tag].(type) {
		case bool:
			on, off = on || v, off || !v
		case nil:
		default:
			d.say("tag %s of subchart %s is neither true nor false", tag, dep.Name)
		}
	}
	dep.Enabled = on || !off
}

// condition takes the first of the paths that holds a bool. White space around a comma is part of a path, as in Helm.
func (d *deciding) condition(dep *chart.Dependency, values chartutil.Values, path string) {
	for at := range strings.SplitSeq(strings.TrimSpace(dep.Condition), ",") {
		if at == "" {
			continue
		}
		found, err := values.PathValue(path + at)
		if err != nil {
			continue
		}
		if on, ok := found.(bool); ok {
			dep.Enabled = on
			return
		}
		d.say("condition %s of subchart %s is neither true nor false", at, dep.Name)
	}
}

func (d *deciding) say(format string, args ...any) {
	d.said = append(d.said, fmt.Sprintf(format, args...))
}

// importing brings values up from subcharts into those of the charts above them, where they are defaults.
type importing struct{ said []string }

func (i *importing) into(ch *chart.Chart) error {
	for _, sub := range ch.Dependencies() {
		if err := i.into(sub); err != nil {
			return err
		}
	}
	if ch.Metadata.Dependencies == nil {
		return nil
	}
	values, err := coalesce(ch, nil, &coalescing{keepNulls: true})
	if err != nil {
		return err
	}
	imported := map[string]any{}
	for _, dep := range ch.Metadata.Dependencies {
		i.from(dep, values, func(found map[string]any) { share(imported, found) })
	}
	ch.Values, _ = copyValue(values).(map[string]any)
	share(ch.Values, imported)
	return nil
}

// share fills in what a map does not say with the very maps of another one, so that what is imported twice is one map in both
// places. A null of the first is written into the second, and so into whatever else imports that.
func share(table, defaults map[string]any) {
	for name, v := range table {
		if v == nil {
			defaults[name] = nil
		}
	}
	for name, fallback := range defaults {
		given, has := table[name]
		below, isTable := given.(map[string]any)
		under, wasTable := fallback.(map[string]any)
		if !has {
			table[name] = fallback
		} else if isTable && wasTable {
			share(below, under)
		}
	}
}

// from hands out what one entry of the list imports, and leaves in the list what Helm leaves there for templates to see.
func (i *importing) from(dep *chart.Dependency, values chartutil.Values, found func(map[string]any)) {
	var named []any
	for _, v := range dep.ImportValues {
		child, parent := "", "."
		switch v := v.(type) {
		case string:
			child = "exports." + v
		case map[string]any:
			child, parent = fmt.Sprint(v["child"]), fmt.Sprint(v["parent"])
		default:
			continue
		}
		named = append(named, map[string]string{"child": child, "parent": parent})
		table, err := values.Table(dep.Name + "." + child)
		if err != nil {
			i.said = append(i.said, fmt.Sprintf("import-values: subchart %s has no map %s", dep.Name, child))
			continue
		}
		found(at(parent, table.AsMap()))
	}
	dep.ImportValues = named
}

// at puts a map at a path; "." is the top.
func at(path string, table map[string]any) map[string]any {
	if path == "." {
		return table
	}
	names := strings.Split(path, ".")
	for _, name := range slices.Backward(names) {
		table = map[string]any{name: table}
	}
	return table
}
