package environments

import (
	"context"
	"fmt"
	"reflect"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestUponDecodesAsALayer: what is flat comes to the same whether it is decoded alone, on top, or with all below it, also
// where it is wrong.
func TestUponDecodesAsALayer(t *testing.T) {
	read := func(text string) *node {
		nodes := 0
		return (&parser{reporter: &reporter{}, nodes: &nodes}).parse([]byte(text))
	}
	base := layer(builtInNode(), read("{name: prod, after: [qa], namespace: old, kubernetes: {version: '1.34'}, gates: {soak: 1h}, pullRequest: false, values: [a], images: {rewrite: {a: b}}}"), false)
	for _, text := range []string{"{}", "{namespace: web}", "{pullRequest: true, merge: auto}", "{namespace: ~}", "{namespace: 1, pullRequest: x}", "{values: a, kubernetes: '1.35', images: x}",
		"{gates: 1h}", "{engine: argocd, deadline: 5m, hooks: drop, nothing: such}", "{name: other}", "{health: x, rollback: 1}"} {
		flat := read(text)
		if !isFlat(flat) {
			t.Fatalf("%s is not flat", text)
		}
		want := quiet(layer(base, flat, true))
		if got := new(loader).upon(quiet(base), flat, nil); !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %s", text, cmp.Diff(fmt.Sprintf("%+v", want), fmt.Sprintf("%+v", got)))
		}
	}
	for _, text := range []string{"{gates: {soak: 2h}}", "{values: [b]}", "{labels: []}"} {
		if isFlat(read(text)) {
			t.Errorf("%s merges with what is below", text)
		}
	}
}

// TestPlacementsAreFrugal: an app that says no more than its namespace costs an environment no settings of its own.
func TestPlacementsAreFrugal(t *testing.T) {
	text := func(apps int) string {
		var out strings.Builder
		out.WriteString("version: 1\ndefaults: {kubernetes: {version: \"1.34\"}, values: [\"values/{app}.yaml?\"], reviewers: [ada, grace], gates: {soak: 24h, checks: [a, b, c], approvals: {count: 1, from: [ada, grace]}}}\nenvironments: [{name: e0}, {name: e1, after: [e0]}, {name: e2, after: [e1]}, {name: e3, after: [e2]}]\napps:\n")
		for i := range apps {
			fmt.Fprintf(&out, "  - {name: a%d, namespace: a%d, source: {repository: https://github.com/acme/a%d}}\n", i, i, i)
		}
		return out.String()
	}
	load := func(text string) uint64 {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		if _, err := Load(context.Background(), files{RootFile: text}); err != nil {
			t.Fatal(err)
		}
		runtime.ReadMemStats(&after)
		return after.Mallocs - before.Mallocs
	}
	few, many := text(100), text(200)
	load(few) // whatever is made once
	if each := (load(many) - load(few)) / 400; each > 80 {
		t.Errorf("%d allocations for each app in each environment", each)
	}
}

func TestFill(t *testing.T) {
	f := filler(Placement{App: "shop", Environment: "prod", Unit: "store", Team: "{app}"})
	for text, want := range map[string]string{"": "", "a": "a", "{app}": "shop", "x/{environment}/{app}y": "x/prod/shopy", "{{app}}": "{shop}", "{ap{app}": "{apshop", "{team}{group}": "{app}store", "{": "{", "{app": "{app", "{other}": "{other}"} {
		if got := f.Replace(text); got != want {
			t.Errorf("%q became %q, not %q", text, got, want)
		}
	}
	if got := fill(nil).Replace("{app}"); got != "{app}" {
		t.Errorf("got %q", got)
	}
}
