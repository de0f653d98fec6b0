package helm

import (
	"errors"
	"fmt"
	"io"
	"log"
	"math/rand/v2"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"helm.sh/helm/v3/pkg/chart"
	theirs "helm.sh/helm/v3/pkg/chartutil"
	"sigs.k8s.io/yaml"

	"github.com/ferry-cd/ferry/render"
)

// logTo keeps what Helm's library says on its own from the output of a test.
func logTo(t testing.TB) {
	t.Helper()
	log.SetOutput(io.Discard)
	t.Cleanup(func() { log.SetOutput(os.Stderr) })
}

// A family and the values it is given; one for each rule.
var families = map[string]struct{ chart, given string }{
	"a null deletes a default":             {"values: {a: 1, b: 2}", "a: null"},
	"a null deletes a map":                 {"values: {a: {b: 1}}", "a: null"},
	"a null below":                         {"values: {a: {b: 1, c: 2, d: {e: 1}}}", "a: {b: null, x: null, d: {e: null, f: null}}"},
	"a null deeper than the defaults":      {"values: {a: {}}", "a: {b: {c: null}}"},
	"a null without a default":             {"values: {}", "a: null\nb: {c: null}"},
	"a null default":                       {"values: {a: null, b: {c: null, d: 1}}", "b: {x: 1}"},
	"a null default, given":                {"values: {a: null, b: null}", "a: {x: 1}\nb: 2"},
	"a null over a null":                   {"values: {a: null, b: {c: null}}\ncharts: {s: {values: {a: null, b: {c: null}}}}", "{a: null, b: {c: null}, s: {a: null, b: {c: null}}}"},
	"a map over a scalar":                  {"values: {a: 1, b: {c: 1}}", "a: {x: 1}\nb: {c: {d: 1}}"},
	"a scalar over a map":                  {"values: {a: {b: 1}, c: {d: {e: 1}}}", "a: 1\nc: {d: x}"},
	"a list over a map":                    {"values: {a: {b: 1}, l: [1, {x: 1}]}", "a: [1]"},
	"lists are replaced":                   {"values: {l: [1, {x: 1}], m: [[{a: 1}]]}", "l: [2]"},
	"a subchart's values":                  {"charts: {s: {values: {a: 1, b: {c: 1}}}}", "s: {a: 2, b: {d: 1}}"},
	"a subchart's values from above":       {"values: {s: {a: 3, b: {c: 9}}}\ncharts: {s: {values: {a: 1, b: {c: 1}}}}", "s: {b: {d: 1}}"},
	"a null for a subchart":                {"charts: {s: {values: {a: 1, b: {c: 1, d: 2}}}}", "s: {a: null, b: {c: null}}"},
	"a null for a subchart from above":     {"values: {s: {a: null, b: {c: null}}}\ncharts: {s: {values: {a: 1, b: {c: 1, d: 2}}}}", "x: 1"},
	"a null for both":                      {"values: {s: {a: 5, b: {c: 3}}}\ncharts: {s: {values: {a: 1, b: {c: 1, d: 2}}}}", "s: {a: null, b: {c: null}}"},
	"a null for a whole subchart":          {"charts: {s: {values: {a: 1}}}", "s: null"},
	"a null for a whole subchart, above":   {"values: {s: {a: 2}}\ncharts: {s: {values: {a: 1}}}", "s: null"},
	"a null by the parent for a subchart":  {"values: {s: null}\ncharts: {s: {values: {a: 1}}}", "{}"},
	"a scalar for a subchart":              {"charts: {s: {values: {a: 1}}}", "s: 5"},
	"a list for a subchart":                {"charts: {s: {values: {a: 1}}}", "s: [1]"},
	"text for a subchart, above":           {"values: {s: text}\ncharts: {s: {values: {a: 1}}}", "{}"},
	"true for a subchart":                  {"charts: {s: {}}", "s: true"},
	"globals":                              {"values: {global: {a: 1, m: {x: 1}}}\ncharts: {s: {values: {global: {a: 2, b: 3, m: {x: 2, y: 3}}}}}", "global: {c: 1}"},
	"globals, deeper":                      {"values: {global: {m: {n: {x: 1}}}}\ncharts: {s: {values: {global: {m: {n: {x: 2, y: 3, o: {z: 1}}}}}}, t: {values: {global: {m: {n: {q: 1}}}}}}", "global: {m: {n: {g: 1}}}"},
	"globals, given to a subchart":         {"values: {global: {m: {n: {x: 1}, l: [1]}}}\ncharts: {s: {}, t: {}}", "s: {global: {m: {n: {x: 5, y: 1}, p: {q: 1}}}}\nt: {global: {m: {n: {z: 1}}}}"},
	"globals, three down":                  {"values: {global: {m: {x: 1}}}\ncharts: {s: {charts: {t: {values: {global: {m: {y: 1}, k: {a: 1}}}}}}}", "s: {t: {global: {m: {z: {w: 1}}}}}"},
	"globals are no map":                   {"values: {global: 5}\ncharts: {s: {values: {a: 1}}}", "{}"},
	"globals are no map below":             {"values: {global: {a: 1}}\ncharts: {s: {values: {global: x}}}", "s: {global: 5}"},
	"globals are null":                     {"values: {global: {a: 1}}\ncharts: {s: {values: {global: {a: 2}}}}", "global: null"},
	"globals are null below":               {"values: {global: {a: 1}}\ncharts: {s: {values: {global: {b: 2}}}}", "s: {global: null}"},
	"a null among globals":                 {"values: {global: {a: 1, m: {x: 1, y: 2}}}\ncharts: {s: {values: {global: {a: 2, m: {x: 3, z: 4}}}}}", "global: {a: null, m: {x: null}}"},
	"a null among a subchart's globals":    {"values: {global: {a: 1, m: {x: 1}}}\ncharts: {s: {values: {global: {a: 2, m: {x: 3, z: 4}}}}}", "s: {global: {a: null, m: {x: null, z: null}}}"},
	"a map among globals over none":        {"values: {global: {a: {x: 1}, b: 1}}\ncharts: {s: {values: {}}}", "s: {global: {a: 1, b: {y: 1}}}"},
	"nested subcharts":                     {"values: {s: {t: {a: 3}}}\ncharts: {s: {values: {t: {a: 2, b: 2, m: {x: 1}}}, charts: {t: {values: {a: 1, b: 1, c: 1, m: {x: 2, y: 2}}}}}}", "s: {t: {b: null, m: {y: null, x: null}}}"},
	"a null in the middle":                 {"values: {s: {t: null}}\ncharts: {s: {values: {t: {a: 2}}, charts: {t: {values: {a: 1}}}}}", "{}"},
	"condition":                            {"dependencies: [{name: s, version: 1.x.x, condition: s.enabled}]\ncharts: {s: {values: {enabled: false, a: 1}}}", "{}"},
	"condition, given":                     {"values: {s: {enabled: false}}\ndependencies: [{name: s, version: 1.x.x, condition: s.enabled}]\ncharts: {s: {values: {a: 1}}}", "s: {enabled: true}"},
	"conditions, the first that is there":  {"values: {'on': false, s: {enabled: true}}\ndependencies: [{name: s, version: 1.x.x, condition: 'none.here, on ,s.enabled'}]\ncharts: {s: {values: {a: 1}}}", "{}"},
	"condition that is no bool":            {"values: {'on': 'false', off: false}\ndependencies: [{name: s, version: 1.x.x, condition: 'on,off'}]\ncharts: {s: {}}", "{}"},
	"condition that is a map":              {"values: {'on': {a: 1}, off: false}\ndependencies: [{name: s, version: 1.x.x, condition: 'on,off'}]\ncharts: {s: {}}", "{}"},
	"condition that is null":               {"values: {'on': true}\ndependencies: [{name: s, version: 1.x.x, condition: 'on'}]\ncharts: {s: {values: {a: 1}}}", "'on': null"},
	"condition without a name":             {"dependencies: [{name: s, version: 1.x.x, condition: ' , ,'}]\ncharts: {s: {}}", "{}"},
	"tags":                                 {"values: {tags: {x: false}}\ndependencies: [{name: s, version: 1.x.x, tags: [x]}, {name: t, version: '*', tags: [x, y]}, {name: u, version: '*', tags: [z]}]\ncharts: {s: {}, t: {}, u: {}}", "tags: {y: true}"},
	"tags that are no bools":               {"values: {tags: {x: 'no', y: false}}\ndependencies: [{name: s, version: 1.x.x, tags: [x]}, {name: t, version: '*', tags: [x, y]}]\ncharts: {s: {}, t: {}}", "{}"},
	"tags that are no map":                 {"values: {tags: [x]}\ndependencies: [{name: s, version: 1.x.x, tags: [x]}]\ncharts: {s: {}}", "{}"},
	"a condition beats tags":               {"values: {tags: {x: false}, 'on': true}\ndependencies: [{name: s, version: 1.x.x, tags: [x], condition: 'on'}]\ncharts: {s: {}}", "{}"},
	"tags reach down":                      {"values: {tags: {x: false}}\ndependencies: [{name: s, version: 1.x.x}]\ncharts: {s: {dependencies: [{name: t, version: '*', tags: [x]}], charts: {t: {values: {a: 1}}}}}", "{}"},
	"conditions reach down":                {"values: {s: {t: {'on': false}}}\ndependencies: [{name: s, version: 1.x.x}]\ncharts: {s: {dependencies: [{name: t, version: '*', condition: t.on}], charts: {t: {values: {'on': true}}}}}", "{}"},
	"conditions below are a parent's":      {"values: {'on': true}\ndependencies: [{name: s, version: 1.x.x}]\ncharts: {s: {values: {'on': false}, dependencies: [{name: t, version: '*', condition: on}], charts: {t: {values: {a: 1}}}}}", "s: {'on': false}"},
	"disabled, with charts below":          {"dependencies: [{name: s, version: 1.x.x, condition: on}]\nvalues: {'on': false}\ncharts: {s: {dependencies: [{name: t, version: '*'}], charts: {t: {values: {a: 1}}}}}", "s: {t: 5}"},
	"a name that is also a chart's":        {"values: {t: 5}\ndependencies: [{name: s, version: 1.x.x}]\ncharts: {s: {dependencies: [{name: t, version: '*'}], charts: {t: {values: {a: 1}}}}}", "{}"},
	"alias":                                {"values: {one: {a: 2}}\ndependencies: [{name: s, version: 1.x.x, alias: one}, {name: s, version: '*', alias: two, condition: two.on}]\ncharts: {s: {values: {a: 1, m: {x: 1}}}}", "two: {a: null, m: {y: 1}}"},
	"alias and its own name":               {"dependencies: [{name: s, version: 1.x.x, alias: one}, {name: s, version: '*'}]\ncharts: {s: {values: {a: 1}}}", "s: {b: 1}"},
	"alias, disabled":                      {"dependencies: [{name: s, version: 1.x.x, alias: one, condition: one.on}, {name: s, version: '*', alias: two, condition: two.on}]\ncharts: {s: {values: {'on': true}}}", "two: {'on': false}"},
	"alias with globals":                   {"values: {global: {m: {x: {y: 1}}}}\ndependencies: [{name: s, version: 1.x.x, alias: one}, {name: s, version: '*', alias: two}]\ncharts: {s: {values: {global: {m: {x: {z: 1}}}}}}", "two: {global: {m: {x: {w: 1}}}}"},
	"not in the list":                      {"dependencies: [{name: s, version: 1.x.x}]\ncharts: {s: {}, t: {values: {a: 1}}}", "{}"},
	"another version":                      {"dependencies: [{name: s, version: 2.x.x}]\ncharts: {s: {values: {a: 1}}}", "{}"},
	"no list":                              {"charts: {s: {values: {a: 1}}}", "{}"},
	"an empty list":                        {"dependencies: []\nvalues: {global: {a: 1}}\ncharts: {s: {values: {a: 1, b: null}}}", "{}"},
	"a list, and no charts":                {"dependencies: [{name: s, version: 1.x.x}]\nvalues: {a: 1}", "{}"},
	"library":                              {"dependencies: [{name: s, version: 1.x.x}]\ncharts: {s: {type: library, values: {a: 1, global: {b: 1}}}}", "{}"},
	"import exports":                       {"values: {a: 5}\ndependencies: [{name: s, version: 1.x.x, import-values: [data, none]}]\ncharts: {s: {values: {exports: {data: {a: 1, b: {c: 1}}}}}}", "b: {d: 1}"},
	"import from a path":                   {"values: {to: {a: 5, z: null}}\ndependencies: [{name: s, version: 1.x.x, import-values: [{child: from.here, parent: to}, {child: from, parent: .}, {child: gone, parent: x}]}]\ncharts: {s: {values: {from: {here: {a: 1, b: {c: 1}, z: 1}}}}}", "to: {b: null}"},
	"import to a deep path":                {"dependencies: [{name: s, version: 1.x.x, import-values: [{child: from, parent: a.b.c}]}, {name: t, version: '*', import-values: [{child: from, parent: a.b}]}]\ncharts: {s: {values: {from: {x: 1}}}, t: {values: {from: {x: 2, c: {x: 3, q: 4}}}}}", "a: {b: {c: {x: null}}}"},
	"import, null":                         {"values: {s: {from: {a: null}}}\ndependencies: [{name: s, version: 1.x.x, import-values: [{child: from, parent: to}]}]\ncharts: {s: {values: {from: {a: 1, b: null}}}}", "s: {from: {b: 3}}"},
	"import over another type":             {"values: {to: 5, m: {x: 1}}\ndependencies: [{name: s, version: 1.x.x, import-values: [{child: from, parent: to}, {child: scalar, parent: .}]}]\ncharts: {s: {values: {from: {a: 1}, scalar: {m: 3}}}}", "{}"},
	"import twice":                         {"dependencies: [{name: s, version: 1.x.x, import-values: [{child: from, parent: to}, {child: other, parent: to}]}]\ncharts: {s: {values: {from: {a: 1, m: {x: 1}}, other: {a: 2, b: 2, m: {y: 1}}}}}", "{}"},
	"import from below":                    {"dependencies: [{name: s, version: 1.x.x, import-values: [{child: got, parent: got}]}]\ncharts: {s: {dependencies: [{name: t, version: '*', import-values: [{child: from, parent: got}]}], charts: {t: {values: {from: {x: 1}, z: null}}}}}", "{}"},
	"import from an alias":                 {"dependencies: [{name: s, version: 1.x.x, alias: one, import-values: [data]}]\ncharts: {s: {values: {exports: {data: {a: 1}}}}}", "one: {exports: {data: {a: 2}}}"},
	"import from a chart that is disabled": {"values: {'on': false}\ndependencies: [{name: s, version: 1.x.x, condition: on, import-values: [data]}]\ncharts: {s: {values: {exports: {data: {a: 1}}}}}", "{}"},
	"import of something odd":              {"dependencies: [{name: s, version: 1.x.x, import-values: [5, {child: 7, parent: 8}, {child: from}, [x], null]}]\ncharts: {s: {values: {from: {a: 1}, '7': {b: 1}}}}", "{}"},
	"import with globals":                  {"values: {global: {g: {x: 1}}}\ndependencies: [{name: s, version: 1.x.x, import-values: [{child: global, parent: from}]}]\ncharts: {s: {values: {global: {g: {y: 1}, h: 2}}}}", "global: {g: {z: 1}}"},
	"imports that share a map":             {"dependencies: [{name: s, version: 1.x.x, import-values: [{child: from, parent: a}, {child: from, parent: b}]}]\ncharts: {s: {values: {from: {m: {x: 1}}}}}", "a: {m: {y: 1}}"},
	"names with dots":                      {"values: {a.b: {c: 1}}\ndependencies: [{name: a.b, version: '*', condition: a.b.on}]\ncharts: {a.b: {values: {'on': false, x: {y: 1}}}}", "a.b: {x: {y: null}}"},
	"a chart named global":                 {"values: {global: {a: 1}}\ncharts: {global: {values: {b: 1}}}", "{}"},
}

func read(t testing.TB, chartText, givenText string) (*kin, map[string]any) {
	t.Helper()
	f, given := &kin{}, map[string]any{}
	if err := errors.Join(yaml.Unmarshal([]byte(chartText), f), yaml.Unmarshal([]byte(givenText), &given)); err != nil {
		t.Fatal(err)
	}
	return f, given
}

func TestCoalesceAsHelm(t *testing.T) {
	quiet(t)
	for name, c := range families {
		t.Run(name, func(t *testing.T) {
			f, given := read(t, c.chart, c.given)
			sameCoalesced(t, f.chart("top"), given)
		})
	}
}

// unlabelled leaves out which maps are the same: they are copied before a template sees them.
func unlabelled(values map[string]any) string {
	return regexp.MustCompile(` #\d+`).ReplaceAllString(shape(values), "")
}

// described is what is left of a chart after its dependencies are settled, for people to compare.
func described(ch *chart.Chart, indent string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s%s at %s, values %s", indent, ch.Name(), ch.ChartFullPath(), unlabelled(ch.Values))
	for _, dep := range ch.Metadata.Dependencies {
		fmt.Fprintf(&b, "%s  lists %+v\n", indent, dep)
	}
	if ch.Metadata.Dependencies == nil {
		fmt.Fprintf(&b, "%s  lists nothing\n", indent)
	}
	for _, sub := range ch.Dependencies() {
		b.WriteString(described(sub, indent+"  "))
	}
	return b.String()
}

// sameSettled holds the whole way from values to what templates see to that of Helm's library, twice: the second time what is
// remembered of the first is used.
func sameSettled(t testing.TB, ch *chart.Chart, given map[string]any) {
	t.Helper()
	want := deepChart(ch)
	wantErr := theirs.ProcessDependenciesWithMerge(want, given)
	wantValues := theirs.Values{}
	if wantErr == nil {
		wantValues, wantErr = theirs.CoalesceValues(want, given)
	}
	b := &blueprint{chart: ch}
	before := described(ch, "")
	for range 2 {
		left, _, err := b.settle(given)
		values := map[string]any{}
		if err == nil {
			values, err = coalesce(left, given, &coalescing{})
		}
		if fmt.Sprint(err) != fmt.Sprint(wantErr) {
			t.Fatalf("error %v, Helm's %v", err, wantErr)
		}
		if err != nil {
			return
		}
		if a, b := described(left, ""), described(want, ""); a != b {
			t.Fatalf("%s\nHelm:\n%s", a, b)
		}
		if a, b := shape(values), shape(map[string]any(wantValues)); a != b {
			t.Fatalf("%s\nHelm:\n%s", a, b)
		}
		forget(values)
	}
	if after := described(ch, ""); after != before {
		t.Fatalf("the chart became\n%s\nfrom\n%s", after, before)
	}
}

// forget empties every map, as a template could.
func forget(v any) {
	switch v := v.(type) {
	case map[string]any:
		for _, below := range v {
			forget(below)
		}
		clear(v)
	case []any:
		for _, below := range v {
			forget(below)
		}
	}
}

// FuzzSettle holds what we make of a chart and of values to what Helm's library makes of them.
func FuzzSettle(f *testing.F) {
	quiet(f)
	for seed := range uint64(40) {
		r := rand.NewChaCha8([32]byte{byte(seed)})
		bytes := make([]byte, 200)
		_, _ = r.Read(bytes)
		f.Add(bytes)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		c := &choices{data}
		ch := c.family(0).chart("top")
		given := c.table(0)
		if sound(ch) {
			sameCoalesced(t, ch, given)
			sameSettled(t, ch, given)
		}
	})
}

// choices are made by the bytes of an input, the first one of each list when there are none left.
type choices struct{ left []byte }

func (c *choices) of(n int) int {
	if len(c.left) == 0 {
		return 0
	}
	chosen := int(c.left[0]) % n
	c.left = c.left[1:]
	return chosen
}

func pick[T any](c *choices, all ...T) T { return all[c.of(len(all))] }

func (c *choices) name() string { return pick(c, "a", "b", "s", "t", "global", "tags", "exports") }

func (c *choices) path() string {
	return pick(c, c.name, func() string { return c.name() + "." + c.name() }, func() string { return c.name() + "," + c.path() })()
}

func (c *choices) value(depth int) any {
	if depth < 4 && c.of(3) > 0 {
		return c.table(depth + 1)
	}
	return pick[any](c, nil, "x", 1.5, true, false, nil, []any{"x"}, []any{map[string]any{"a": nil}})
}

func (c *choices) table(depth int) map[string]any {
	m := map[string]any{}
	for range c.of(4) {
		m[c.name()] = c.value(depth)
	}
	return m
}

// family has no chart called global: what Helm makes of one differs from run to run.
func (c *choices) family(depth int) *kin {
	k := &kin{Values: c.table(0), Charts: map[string]*kin{}}
	if depth < 3 {
		for range c.of(3) {
			k.Charts[pick(c, "s", "t", "a")] = c.family(depth + 1)
		}
	}
	for range c.of(4) {
		k.Dependencies = append(k.Dependencies, c.dependency())
	}
	return k
}

func (c *choices) dependency() *chart.Dependency {
	d := &chart.Dependency{Name: pick(c, "s", "t", "a"), Version: pick(c, "*", "*", "1.x.x", "2"), Alias: pick(c, "", "", "s", "b"), Condition: pick(c, "", c.path())}
	for range c.of(3) {
		d.Tags = append(d.Tags, pick(c, "a", "b", "s"))
	}
	for range c.of(3) {
		d.ImportValues = append(d.ImportValues, pick[any](c, c.name(), map[string]any{"child": c.path(), "parent": pick(c, ".", c.path())}, map[string]any{"child": c.name()}, 5))
	}
	return d
}

// sound tells charts that Helm would load, and that its library takes without a panic.
func sound(ch *chart.Chart) bool {
	for _, dep := range ch.Metadata.Dependencies {
		if dep == nil || dep.Validate() != nil {
			return false
		}
	}
	for _, sub := range ch.Dependencies() {
		if !sound(sub) {
			return false
		}
	}
	return ch.Validate() == nil
}

func TestSettleAsHelm(t *testing.T) {
	quiet(t)
	for name, c := range families {
		t.Run(name, func(t *testing.T) {
			f, given := read(t, c.chart, c.given)
			sameSettled(t, f.chart("top"), given)
		})
	}
}

// What Helm's library writes to the log of whoever calls it, people see beside the render.
func TestNotices(t *testing.T) {
	files := render.Files{
		"Chart.yaml":  []byte("{apiVersion: v2, name: top, version: 1.0.0, dependencies: [{name: s, version: '*', condition: s.enabled, import-values: [gone]}]}"),
		"values.yaml": []byte("{image: {tag: a}, port: 80}"), "charts/s/Chart.yaml": []byte("{apiVersion: v2, name: s, version: 1.0.0}"), "charts/s/values.yaml": []byte("{a: {b: 1}}"),
	}
	r := render.Request{Files: files, Dir: ".", Kubernetes: render.Kubernetes{Version: "1.34"}, Values: []render.File{{Path: "v.yaml", Data: []byte("{image: x, port: {http: 80}, s: {enabled: 'yes', a: 1}}")}}}
	want := []string{
		"Chart.yaml: condition s.enabled of subchart s is neither true nor false",
		"Chart.yaml: import-values: subchart s has no map exports.gone",
		"values.yaml: top.image is a map in the chart and none in the values, which hold",
		"values.yaml: top.port is a map in the values and none in the chart; the values hold",
		"values.yaml: top.s.a is a map in the chart and none in the values, which hold",
	}
	h := New()
	for range 2 {
		out, err := h.Render(t.Context(), r)
		if err != nil || !slices.Equal(out.Notices, want) {
			t.Fatalf("%v\n%s", err, strings.Join(out.Notices, "\n"))
		}
	}
	r.Values[0].Data = []byte("s: {enabled: true, a: {c: 1}}")
	if out, err := h.Render(t.Context(), r); err != nil || !slices.Equal(out.Notices, want[1:2]) {
		t.Fatalf("%v\n%s", err, strings.Join(out.Notices, "\n"))
	}
	var many strings.Builder
	for i := range 100 {
		fmt.Fprintf(&many, "a%d: {b: 1}\n", i)
	}
	files["values.yaml"], r.Values[0].Data = []byte(many.String()), []byte(strings.ReplaceAll(many.String(), "{b: 1}", "1"))
	if out, err := h.Render(t.Context(), r); err != nil || len(out.Notices) != 12 || !strings.HasSuffix(out.Notices[11], "and 90 more like that") {
		t.Fatalf("%v\n%s", err, strings.Join(out.Notices, "\n"))
	}
}
