package environments

import (
	"context"
	"io/fs"
	"maps"
	"slices"
	"testing"
	"time"
	_ "time/tzdata" // zones must not depend on the machine that runs the tests
)

// files is a repository in memory.
type files map[string]string

func (f files) ReadFile(name string) ([]byte, error) {
	if data, ok := f[name]; ok {
		return []byte(data), nil
	}
	return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
}

func (f files) List() ([]string, error) { return slices.Sorted(maps.Keys(f)), nil }

func TestDesign(t *testing.T) {
	c, err := Load(context.Background(), files{"ferry.yaml": `version: 1
requires: ">=0.1 <0.2"
include: [apps/*/ferry.app.yaml]
defaults:
  kubernetes: {version: "1.34"}
apps:
  - name: podinfo
    team: storefront
    source: {repository: https://github.com/acme/podinfo, path: charts/podinfo}
    allowedFrom: [{repository: acme/podinfo, ref: refs/heads/main}]
    images: [{name: ghcr.io/stefanprodan/podinfo}]
    group: storefront
    namespace: podinfo
    environments: {prod-eu: {values: [values/podinfo-big.yaml], gates: {soak: 48h}}}
environments:
  - name: dev
    values: ["values/{app}.yaml?", "values/{environment}/{app}.yaml?"]
    merge: auto
    pullRequest: false
  - name: qa
    after: [dev]
    gates: {checks: ["acceptance/dev/{app}"], soak: 1h}
    merge: auto
  - name: prod-eu
    after: [qa]
    clusters: [eu-1, eu-2]
    engine: flux
    gates: {soak: 24h, approvals: {count: 2, from: [ada, grace, linus], exclude: [linus]},
            windows: [{days: [Mon, Tue, Wed, Thu], from: "09:00", to: "16:00", zone: Europe/Berlin}],
            freezes: [{from: 2026-12-20, to: 2027-01-03, zone: Europe/Berlin, reason: holidays}]}
    merge: auto
    images: {rewrite: {dev.azurecr.io: prod.azurecr.io}}
  - {name: prod-us, after: [prod-eu], clusters: [us-1]}
trust: {connector: [app/ferry-connector], checks: {"acceptance/*": [app/ci]}}
`}, For("0.1.0-dev"))
	if err != nil {
		t.Fatal(err)
	}
	var where []string
	for _, p := range c.Placements() {
		where = append(where, p.Folder)
	}
	if want := []string{"dev/podinfo", "qa/podinfo", "prod-eu/podinfo", "prod-us/podinfo"}; !slices.Equal(where, want) {
		t.Errorf("placements in %v, want %v", where, want)
	}
	p, ok := c.Placement("podinfo", "prod-eu")
	if !ok || p.Gates.Soak != 48*time.Hour || !p.Gates.Healthy || p.Values[0].Path != "values/podinfo-big.yaml" {
		t.Errorf("the override of prod-eu is lost: %+v", p)
	}
}
