package helm

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"helm.sh/helm/v3/pkg/chart"
	theirs "helm.sh/helm/v3/pkg/chartutil"
)

// shape writes values out with their types, and says which maps are the same one: a template may change them.
func shape(v any) string {
	var b strings.Builder
	write(&b, v, map[uintptr]int{}, "")
	return b.String()
}

func write(b *strings.Builder, v any, seen map[uintptr]int, indent string) {
	rv := reflect.ValueOf(v)
	switch {
	case v == nil:
		b.WriteString("null\n")
	case rv.Kind() == reflect.Map:
		n, again := seen[rv.Pointer()]
		if !again {
			n = len(seen)
			seen[rv.Pointer()] = n
		}
		fmt.Fprintf(b, "%s #%d\n", strings.ReplaceAll(rv.Type().String(), "interface {}", "any"), n)
		if again {
			return
		}
		keys := map[string]any{}
		for _, k := range rv.MapKeys() {
			keys[k.String()] = rv.MapIndex(k).Interface()
		}
		for _, k := range slices.Sorted(maps.Keys(keys)) {
			fmt.Fprintf(b, "%s%s: ", indent, k)
			write(b, keys[k], seen, indent+"  ")
		}
	case rv.Kind() == reflect.Slice:
		fmt.Fprintf(b, "%s\n", rv.Type())
		for i := range rv.Len() {
			fmt.Fprintf(b, "%s- ", indent)
			write(b, rv.Index(i).Interface(), seen, indent+"  ")
		}
	default:
		fmt.Fprintf(b, "%T %v\n", v, v)
	}
}

// kin makes a chart with its subcharts from YAML: its values, what Chart.yaml says of dependencies, and charts.
type kin struct {
	Values       map[string]any
	Type         string
	Dependencies []*chart.Dependency
	Charts       map[string]*kin
}

func (f *kin) chart(name string) *chart.Chart {
	ch := &chart.Chart{Metadata: &chart.Metadata{Name: name, Version: "1.0.0", APIVersion: "v2", Type: f.Type, Dependencies: f.Dependencies}, Values: f.Values}
	for _, name := range slices.Sorted(maps.Keys(f.Charts)) {
		if below := f.Charts[name]; below != nil {
			ch.AddDependency(below.chart(name))
		}
	}
	return ch
}

func quiet(t testing.TB) {
	t.Helper()
	logTo(t)
}

func sameCoalesced(t testing.TB, ch *chart.Chart, given map[string]any) {
	t.Helper()
	for _, keep := range []bool{false, true} {
		own, ownErr := coalesce(ch, given, &coalescing{keepNulls: keep, said: map[string]bool{}})
		coalesced := theirs.CoalesceValues
		if keep {
			coalesced = theirs.MergeValues
		}
		want, wantErr := coalesced(deepChart(ch), given)
		if fmt.Sprint(ownErr) != fmt.Sprint(wantErr) {
			t.Fatalf("keeping nulls %v: error %v, Helm's %v", keep, ownErr, wantErr)
		}
		if ownErr == nil {
			if a, b := shape(own), shape(map[string]any(want)); a != b {
				t.Fatalf("keeping nulls %v:\n%s\nHelm:\n%s", keep, a, b)
			}
		}
	}
}

// deepChart is a chart that Helm's library may change.
func deepChart(ch *chart.Chart) *chart.Chart {
	own := copyChart(ch)
	own.Values, _ = copyValue(ch.Values).(map[string]any)
	var subcharts []*chart.Chart
	for _, sub := range ch.Dependencies() {
		subcharts = append(subcharts, deepChart(sub))
	}
	own.SetDependencies(subcharts...)
	return own
}
