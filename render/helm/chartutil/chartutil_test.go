package chartutil_test

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	theirs "helm.sh/helm/v3/pkg/chartutil"

	"github.com/ferry-cd/ferry/render/helm/chartutil"
	"github.com/ferry-cd/ferry/render/helm/chartutil/version"
)

// A template sees names of types, their fields and their methods. They are those of Helm's, which are called alike.
func TestTypesAreHelms(t *testing.T) {
	for _, pair := range [][2]any{
		{chartutil.Values{}, theirs.Values{}},
		{&chartutil.Capabilities{}, &theirs.Capabilities{}},
		{&chartutil.KubeVersion{}, &theirs.KubeVersion{}},
		{chartutil.VersionSet{}, theirs.VersionSet{}},
		{version.BuildInfo{}, theirs.DefaultCapabilities.HelmVersion},
	} {
		if diff := cmp.Diff(outline(pair[1]), outline(pair[0])); diff != "" {
			t.Errorf("%T (-Helm's +ours):\n%s", pair[0], diff)
		}
	}
}

func outline(v any) string {
	var b strings.Builder
	typ := reflect.TypeOf(v)
	fmt.Fprintln(&b, typ)
	for i := range typ.NumMethod() {
		fmt.Fprintln(&b, typ.Method(i).Name, typ.Method(i).Type)
	}
	if typ.Kind() == reflect.Pointer {
		typ = typ.Elem()
	}
	if typ.Kind() == reflect.Struct {
		for i := range typ.NumField() {
			fmt.Fprintln(&b, typ.Field(i).Name, typ.Field(i).Type, typ.Field(i).Tag)
		}
	}
	return b.String()
}

func TestDefaultsAreHelms(t *testing.T) {
	want := *theirs.DefaultCapabilities
	own := chartutil.Capabilities{KubeVersion: chartutil.KubeVersion(want.KubeVersion), APIVersions: chartutil.DefaultVersionSet(), HelmVersion: version.Get()}
	own.HelmVersion.GoVersion = want.HelmVersion.GoVersion // which Helm leaves out of its own tests, and so out of these
	if diff := cmp.Diff(text(want), text(own)); diff != "" {
		t.Errorf("-Helm's +ours:\n%s", diff)
	}
}

func text(v any) string {
	data, err := json.MarshalIndent(v, "", " ")
	return fmt.Sprint(string(data), err)
}

func TestKubeVersions(t *testing.T) {
	for _, v := range []string{"1.34", "v1.34.2+k3s1", "1.34.2-eks-abc", "1", "x", "", "v1.34.1.5", "1.34.0-gke.100", "v1.30.2_foo", "01.2.3", "1.34.", " 1.34", "1.34.00",
		"1.99999999999999999999999.0", "v1.34.2-a+b", "1.34.2+", "-1.2", "1.-2"} {
		want, wantErr := theirs.ParseKubeVersion(v)
		got, err := chartutil.ParseKubeVersion(v)
		if text(got) != text(want) || fmt.Sprint(err) != fmt.Sprint(wantErr) {
			t.Errorf("%q: %v, %v; Helm's %v, %v", v, got, err, want, wantErr)
		}
		if got != nil && (got.String() != want.String() || got.GitVersion() != want.Version) {
			t.Errorf("%q: %s, Helm's %s", v, got, want)
		}
		for _, constraint := range []string{">=1.25.0-0", "*", "", "x", "1.34.x", "<1.34", ">= 1.20 < 2", "1.34.2 || 1.30"} {
			if got, want := chartutil.IsCompatibleRange(constraint, v), theirs.IsCompatibleRange(constraint, v); got != want {
				t.Errorf("%q in %q: %v, Helm's %v", v, constraint, got, want)
			}
		}
	}
}

func TestReleaseNames(t *testing.T) {
	for _, name := range []string{"", "a", "A", "a.b", "a-", "12", "-", "a..b", "a_b", "a\n", "ä", strings.Repeat("a", 53), strings.Repeat("a", 54)} {
		if got, want := fmt.Sprint(chartutil.ValidateReleaseName(name)), fmt.Sprint(theirs.ValidateReleaseName(name)); got != want {
			t.Errorf("%q: %s, Helm's %s", name, got, want)
		}
	}
}

func TestPaths(t *testing.T) {
	below := map[string]any{"b": 1.5, "c": map[string]any{}, "n": nil, "": map[string]any{"": "x"}}
	own := chartutil.Values{"a": below, "v": chartutil.Values{"x": 1}, "s": "text", "n": nil, "l": []any{1}, "": 1}
	helms := theirs.Values{"a": below, "v": theirs.Values{"x": 1}, "s": "text", "n": nil, "l": []any{1}, "": 1}
	for _, path := range []string{"", "a", "a.b", "a.c", "s", "n", "q", "a.q", "q.r", "a.b.c", "v", "v.x", ".", "a.", "a..", "l", "a.n", ".a", "s.t"} {
		got, err := own.PathValue(path)
		want, wantErr := helms.PathValue(path)
		if text(got) != text(want) || fmt.Sprint(err) != fmt.Sprint(wantErr) || fmt.Sprintf("%T", got) != fmt.Sprintf("%T", want) {
			t.Errorf("value at %q: %v, %v; Helm's %v, %v", path, got, err, want, wantErr)
		}
		table, err := own.Table(path)
		wantTable, wantErr := helms.Table(path)
		if err == nil && text(table) != text(wantTable) || fmt.Sprint(err) != fmt.Sprint(wantErr) {
			t.Errorf("table at %q: %v, %v; Helm's %v, %v", path, table, err, wantTable, wantErr)
		}
	}
}

func TestWrittenOut(t *testing.T) {
	for _, m := range []map[string]any{nil, {}, {"b": []any{1, "x"}, "a": map[string]any{"n": nil, "y": "y"}}} {
		var got, want strings.Builder
		own, helms := chartutil.Values(m), theirs.Values(m)
		if err, wantErr := own.Encode(&got), helms.Encode(&want); got.String() != want.String() || fmt.Sprint(err) != fmt.Sprint(wantErr) {
			t.Errorf("%v is encoded as %q, by Helm as %q", m, got.String(), want.String())
		}
		a, _ := own.YAML()
		b, _ := helms.YAML()
		if a != b || text(own.AsMap()) != text(helms.AsMap()) {
			t.Errorf("%v is %q, Helm's %q", m, a, b)
		}
	}
}
