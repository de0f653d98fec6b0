package environments

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"
)

// TestIncludedFiles changes what a team writes about prod-eu. « marks the place of the problem; without it, the file is
// valid.
func TestIncludedFiles(t *testing.T) {
	for _, tt := range []struct{ name, gates, want string }{
		{"longer soak", "gates: {soak: 24h1s}", ""},
		{"same soak", "gates: {soak: 1d}", ""},
		{"shorter soak", "gates: {soak: «23h59m}", `soak 23h59m is shorter than the 24h of "prod-eu"`},
		{"more checks", "gates: {checks: [a]}", ""},
		{"no checks where there are none", "gates: {checks: []}", ""},
		{"freeze taken away", "gates: {freezes: «[]}", `freezes [] drops those of "prod-eu"`},
		{"windows taken away", "gates: {windows: «[]}", `windows [] drops those of "prod-eu"`},
		{"one freeze more", "gates: {freezes: [{from: 2026-02-01, to: 2026-02-02, zone: UTC, reason: sale}]}", ""},
		{"window within", `gates: {windows: [{days: [Mon], from: "09:00", to: "16:00", zone: Europe/Berlin}]}`, ""},
		{"window past midnight within", `gates: {windows: [{days: [Mon], from: "23:00", to: "01:00", zone: Europe/Berlin}]}`, ""},
		{"window a minute too long", `gates: {windows: [«{days: [Mon], from: "09:00", to: "16:01", zone: Europe/Berlin}]}`, `this window opens when it is closed in "prod-eu"`},
		{"window on another day", `gates: {windows: [{days: [Mon], from: "09:00", to: "10:00", zone: Europe/Berlin}, «{days: [Fri], from: "09:00", to: "10:00", zone: Europe/Berlin}]}`,
			`this window opens when it is closed in "prod-eu"`},
		{"window in another zone", `gates: {windows: [«{days: [Mon], from: "10:00", to: "11:00", zone: UTC}]}`, `this window opens when it is closed in "prod-eu"`},
		{"more approvals", "gates: {approvals: {count: 2}}", ""},
		{"fewer approvals", "gates: {approvals: {count: «1}}", `count 1 is fewer than the 2 of "prod-eu"`},
		{"other persons", "gates: {approvals: {from: [ada, grace, «mallory]}}", `from adds "mallory", whose approval does not count in "prod-eu"`},
		{"anyone approves", "gates: {approvals: {from: «[]}}", `from [] drops those of "prod-eu"`},
		{"nobody excluded", "gates: {approvals: {exclude: «[]}}", `exclude [] drops those of "prod-eu"`},
		{"one more excluded", "gates: {approvals: {exclude: [mallory]}}", ""},
		{"health given up", "gates: {healthy: «false}", `healthy false drops a gate of "prod-eu"`},
		{"manual", "gates: {manual: true}", ""},
		{"images", "gates: {imageExists: true}", ""},
		{"images need not exist", "gates: {imageExists: «false}", `imageExists false drops a gate of "prod-eu"`},
		{"not manual where it is not", "gates: {manual: false}", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if tt.want != "" {
				tt.want += "; an included file may tighten gates, never loosen them"
			}
			checkTeam(t, `
version: 1
apps:
  - name: payments
    team: payments
    source: {repository: https://github.com/acme/payments}
    environments: {prod-eu: {`+tt.gates+`}}
`, tt.want)
		})
	}
}

// TestIncludedFilesDefineApps tries to say more than a team may.
func TestIncludedFilesDefineApps(t *testing.T) {
	const app = "apps:\n  - name: payments\n    team: payments\n    source: {repository: https://github.com/acme/payments}\n"
	for _, tt := range []struct{ name, text, want string }{
		{"environments", app + "«environments: []\n", "environments belongs into ferry.yaml; an included file only defines apps"},
		{"defaults", "«defaults: {merge: auto}\n" + app, "defaults belongs into ferry.yaml; an included file only defines apps"},
		{"trust", app + "«trust: {connector: [mallory]}\n", "trust belongs into ferry.yaml; an included file only defines apps"},
		{"include", app + "«include: [a.yaml]\n", "include belongs into ferry.yaml; an included file only defines apps"},
		{"a typo", app + "«verson: 1\n", `there is no key "verson" here; did you mean "version"?`},
		{"secrets", app + "    allowSecrets: «true\n", "only ferry.yaml may allow secrets"},
		{"validation", app + "    validate: «warn\n", "only ferry.yaml may say how strictly manifests are validated"},
		{"patches and the like", app + "    patches: [{path: \"patches/web.yaml?\"}]\n    drop: [{kind: Secret, name: web}]\n    hooks: drop\n", ""},
		{"no secrets", app + "    allowSecrets: false\n", ""},
		{"folder", app + "    environments: {qa: {«path: elsewhere}}\n", "only ferry.yaml may set path; an included file sets values, namespace, labels, gates and how an app is rendered"},
		{"branch", app + "    environments: {qa: {«branch: mine}}\n", "only ferry.yaml may set branch; an included file sets values, namespace, labels, gates and how an app is rendered"},
		{"merge", app + "    environments: {qa: {«merge: auto}}\n", "only ferry.yaml may set merge; an included file sets values, namespace, labels, gates and how an app is rendered"},
		{"health", app + "    environments: {qa: {«health: {from: merged}}}\n", "only ferry.yaml may set health; an included file sets values, namespace, labels, gates and how an app is rendered"},
		{"registries", app + "    environments: {qa: {«images: {rewrite: {a: b}}}}\n", "only ferry.yaml may set images; an included file sets values, namespace, labels, gates and how an app is rendered"},
		{"no apps", "«version: 1\n", "the file has no apps"},
		{"empty", "«", "the file is empty"},
		{"a list", "«- a\n", "the file must be a mapping, not a list"},
		{"not YAML", "«apps: {\n", "this is not YAML: did not find expected node content"},
	} {
		t.Run(tt.name, func(t *testing.T) { checkTeam(t, tt.text, tt.want) })
	}
}

func checkTeam(t *testing.T, text, want string) {
	t.Helper()
	const file = "teams/payments/ferry.app.yaml"
	r := repo(t, "shop")
	r[file] = strings.ReplaceAll(text, "«", "")
	_, err := Load(context.Background(), r)
	if want == "" {
		if err != nil {
			t.Error(err)
		}
		return
	}
	var ps Problems
	if !errors.As(err, &ps) || len(ps) != 1 {
		t.Fatalf("want one problem, got %v", err)
	}
	if have, want := ps[0].Error(), marked(file, text).String()+": "+want; have != want {
		t.Errorf("have %s\nwant %s", have, want)
	}
}

// TestRootMayLoosen shows that ferry.yaml itself is free: it is owned by those who answer for the environments.
func TestRootMayLoosen(t *testing.T) {
	r := repo(t, "shop")
	r[RootFile] = strings.Replace(r[RootFile], "soak: 2d\n          checks: [load/qa/web]", "soak: 0s\n          healthy: false\n          windows: []\n          freezes: []\n          approvals: {count: 0, from: []}", 1)
	c, err := Load(context.Background(), r)
	if err != nil {
		t.Fatal(err)
	}
	p, _ := c.Placement("web", "prod-eu")
	if g := p.Gates; g.Healthy || g.Soak != 0 || g.Windows != nil || g.Freezes != nil || g.Approvals.Count != 0 || g.Approvals.From != nil {
		t.Errorf("the override of ferry.yaml does not hold: %+v", g)
	}
	if q, _ := c.Placement("search", "prod-eu"); q.Gates.Soak != 24*time.Hour || len(q.Gates.Windows) != 2 {
		t.Errorf("the override of one app changed another: %+v", q.Gates)
	}
}
