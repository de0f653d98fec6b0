package promote_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/ferry-cd/ferry/git"
	"github.com/ferry-cd/ferry/promote"
	"github.com/ferry-cd/ferry/release"
	"github.com/ferry-cd/ferry/render"
)

// labelling is a renderer of another version: it writes a label more.
type labelling struct{ render.Renderer }

func (labelling) Version() string { return "v9" }

func (l labelling) Render(ctx context.Context, r render.Request) (render.Output, error) {
	out, err := l.Renderer.Render(ctx, r)
	for i, d := range out.Documents {
		out.Documents[i] = render.NewDocument(d.Source, d.Line, []byte(strings.Replace(string(d.Data), "metadata: {", "metadata: {labels: {by: v9}, ", 1)))
	}
	return out, err
}

// upgraded is a run of a ferry with the other renderer.
func (w *world) upgraded(o promote.Options) (*promote.Report, *promote.Snapshot, *promote.Promoter) {
	w.Helper()
	w.tick()
	p := w.ferry()
	p.Renderers["plain"] = labelling{p.Renderers["plain"]}
	r, err := p.Advance(w.ctx, o)
	w.must(err)
	w.must(r.Errors())
	s, err := p.Load(w.ctx, promote.Scope{})
	w.must(err)
	return r, s, p
}

func (w *world) kinds(s *promote.Snapshot, p *promote.Promoter) string {
	w.Helper()
	all, err := p.Upgrades(w.ctx, s, promote.Scope{})
	w.must(err)
	var kinds []string
	for _, u := range all {
		kinds = append(kinds, fmt.Sprintf("%s %s", u.Environment, u.Kind))
	}
	return strings.Join(kinds, ", ")
}

// Another renderer proposes nothing by itself; an upgrade is asked for, and walks through the environments one by one.
func TestUpgrade(t *testing.T) {
	w := newWorld(t, ferryYAML, nil)
	w.mustSubmit(1)
	w.healthy("dev")
	w.advance()
	w.healthy("qa")
	two := promote.Scope{Environments: []string{"dev", "qa"}}
	_, err := w.run(promote.Options{Scope: two}) // puts the merge on record
	w.must(err)
	before := w.refs()
	_, s, p := w.upgraded(promote.Options{Scope: two})
	if w.refs() != before {
		t.Fatalf("another renderer alone wrote something: %s\n%s", before, w.refs())
	}
	if got := w.kinds(s, p); got != "dev semantic, qa semantic" {
		t.Fatalf("upgrades: %s", got)
	}
	if w.refs() != before {
		t.Fatal("looking wrote something")
	}

	upgrade := promote.Options{Upgrade: true, Scope: two}
	r, s, p := w.upgraded(upgrade)
	if got := w.kinds(s, p); got != "dev same, qa semantic" || !strings.Contains(w.file("main", "dev/shop/service-shop.yaml"), "by: v9") {
		t.Fatalf("after the first run: %s", got)
	}
	if len(r.Plan.Waiting) != 1 || !strings.Contains(r.Plan.Waiting[0].Conditions[0].Reason, "dev has not proven it") {
		t.Errorf("qa waits for %+v", r.Plan.Waiting)
	}
	w.healthy("dev")
	_, s, p = w.upgraded(upgrade)
	if got := w.kinds(s, p); got != "dev same, qa same" {
		t.Errorf("after dev has proven it: %s", got)
	}
	if got := w.version("qa", "shop"); got != "1.1.0" {
		t.Errorf("qa has %s", got)
	}
	before = w.refs()
	w.upgraded(upgrade)
	if w.refs() != before {
		t.Error("an upgrade of nothing wrote something")
	}
}

// Where people merge, the proposal waits for them, through ordinary runs too.
func TestUpgradeByPullRequest(t *testing.T) {
	w := newWorld(t, strings.Replace(ferryYAML, "{name: dev, pullRequest: false}", "{name: dev}", 1), nil)
	w.mustSubmit(1)
	w.merge("ada", 1)
	w.upgraded(promote.Options{Upgrade: true})
	if got := w.open(); len(got) != 1 || got[0] != "2 shop 1.1.0 (upgrade) -> dev" {
		t.Fatalf("open: %v", got)
	}
	w.upgraded(promote.Options{})
	w.upgraded(promote.Options{Upgrade: true})
	if got := w.open(); len(got) != 1 || got[0] != "2 shop 1.1.0 (upgrade) -> dev" {
		t.Errorf("after ordinary runs open: %v", got)
	}
	w.merge("ada", 2)
	_, s, p := w.upgraded(promote.Options{Upgrade: true})
	if got := w.kinds(s, p); got != "dev same" || len(w.open()) != 0 {
		t.Errorf("after the merge: %s, open %v", got, w.open())
	}
}

// Bytes that mean the same, as of a ferry with another canonical form, and configuration that changed meanwhile.
func TestKindsOfUpgrades(t *testing.T) {
	w := newWorld(t, ferryYAML, nil)
	w.mustSubmit(1)
	record, err := release.ParseRecord([]byte(w.file("main", "dev/shop/release.lock")))
	w.must(err)
	old := "# written otherwise\n" + w.file("main", "dev/shop/service-shop.yaml")
	for i, f := range record.Files {
		if f.Name == "service-shop.yaml" {
			record.Files[i].ID = string(git.BlobID([]byte(old)))
		}
	}
	data, err := record.Marshal()
	w.must(err)
	w.push("main", map[string]string{"dev/shop/service-shop.yaml": old, "dev/shop/release.lock": string(data)})
	look := func() string {
		p := w.ferry()
		s, err := p.Load(w.ctx, promote.Scope{})
		w.must(err)
		return w.kinds(s, p)
	}
	if got := look(); got != "dev format only" {
		t.Errorf("another form: %s", got)
	}
	w.push("main", map[string]string{"ferry.yaml": strings.Replace(ferryYAML, "namespace: shop", "namespace: store", 1)})
	if got := look(); got != "dev pending" {
		t.Errorf("other settings: %s", got)
	}
	w.push("main", map[string]string{"ferry.yaml": ferryYAML})
	_, err = w.run(promote.Options{Upgrade: true})
	w.must(err)
	if got := look(); got != "dev same" || strings.Contains(w.file("main", "dev/shop/service-shop.yaml"), "otherwise") {
		t.Errorf("upgraded: %s", got)
	}
}
