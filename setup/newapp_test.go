package setup_test

import (
	"context"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ferry-cd/ferry/environments"
	"github.com/ferry-cd/ferry/setup"
)

// files is a GitOps repository in memory.
type files map[string]string

func (f files) ReadFile(name string) ([]byte, error) {
	text, ok := f[name]
	if !ok {
		return nil, fs.ErrNotExist
	}
	return []byte(text), nil
}

func (f files) List() ([]string, error) { return slices.Sorted(maps.Keys(f)), nil }

const config = `version: 1
defaults: {kubernetes: {version: "1.34"}, values: ["values/{app}.yaml?", "values/{environment}/{app}.yaml?"]}
apps:
  # the shop
  - name: shop
    source: {repository: https://example.com/acme/shop}

# where things go
environments:
  - {name: dev, namespace: "{app}"}
  - {name: prod, after: [dev], engine: argocd, branch: env/prod, gates: {approvals: {count: 1, from: [ada, team/release]}}}
`

var cart = setup.NewApp{Name: "cart", Repository: "https://example.com/acme/cart", Path: "charts/cart", Images: []string{"ghcr.io/acme/cart"}, Team: "storefront"}

func add(t *testing.T, f files, app setup.NewApp) (setup.Added, error) {
	t.Helper()
	return setup.Add(context.Background(), f, app, "https://example.com/acme/gitops.git", "main", environments.OnBranch("main"))
}

func TestAdd(t *testing.T) {
	a, err := add(t, files{"ferry.yaml": config}, cart)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"engine/dev/cart.yaml", "engine/prod/cart.yaml", "ferry.yaml", "values/cart.yaml", "values/dev/cart.yaml", "values/prod/cart.yaml"}
	if got := slices.Sorted(maps.Keys(a.Files)); !slices.Equal(got, want) {
		t.Errorf("%v", got)
	}
	entry := `  - name: cart
    team: storefront
    source:
      repository: https://example.com/acme/cart
      path: charts/cart
    images:
      - name: ghcr.io/acme/cart
`
	if diff := cmp.Diff(strings.Replace(config, "acme/shop}\n", "acme/shop}\n"+entry, 1), a.Files["ferry.yaml"]); diff != "" {
		t.Error(diff)
	}
	for name, parts := range map[string][]string{
		"engine/dev/cart.yaml":  {"kind: Kustomization", "path: ./dev/cart", "name: cart"},
		"engine/prod/cart.yaml": {"kind: Application", "path: prod/cart", "targetRevision: env/prod", "repoURL: https://example.com/acme/gitops.git", "name: cart-prod", "namespace: cart"},
		"values/prod/cart.yaml": {"in prod", "{}"},
	} {
		for _, part := range parts {
			if !strings.Contains(a.Files[name], part) {
				t.Errorf("%s has no %q:\n%s", name, part, a.Files[name])
			}
		}
	}
	if len(a.Notes) != 1 {
		t.Errorf("%q", a.Notes)
	}
}

// The repository's own templates and includes decide where things go.
func TestAddByTheRepositorysOwnTemplates(t *testing.T) {
	f := files{"ferry.yaml": strings.Replace(config, "apps:", "include: [apps/*/ferry.app.yaml]\napps:", 1),
		".ferry/new-app/any/clusters/{environment}/{app}.yaml": "for: {app} in {folder} on {branch}\nkeep: {this}\n", ".ferry/new-app/flux/once/{app}.yaml": "team: {team}\n"}
	a, err := add(t, f, cart)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{
		"apps/cart/ferry.app.yaml": "version: 1\napps:\n  - name: cart\n    team: storefront\n    source:\n      repository: https://example.com/acme/cart\n      path: charts/cart\n    images:\n      - name: ghcr.io/acme/cart\n",
		"clusters/dev/cart.yaml":   "for: cart in dev/cart on main\nkeep: {this}\n",
		"clusters/prod/cart.yaml":  "for: cart in prod/cart on env/prod\nkeep: {this}\n",
		"once/cart.yaml":           "team: storefront\n",
	}
	for name, text := range want {
		if a.Files[name] != text {
			t.Errorf("%s: %q", name, a.Files[name])
		}
	}
	if _, touched := a.Files["ferry.yaml"]; touched || len(a.Notes) > 0 {
		t.Errorf("%v %q", touched, a.Notes)
	}
}

func TestAddRefuses(t *testing.T) {
	with := func(was, is string) files { return files{"ferry.yaml": strings.Replace(config, was, is, 1)} }
	for name, c := range map[string]struct {
		f    files
		app  setup.NewApp
		want string
	}{
		"a name that is there":      {files{"ferry.yaml": config}, setup.NewApp{Name: "shop", Repository: "https://x.example/y"}, "there already"},
		"no name":                   {files{"ferry.yaml": config}, setup.NewApp{Name: "../x", Repository: "https://x.example/y"}, "no name for an app"},
		"a team that is none":       {files{"ferry.yaml": config}, setup.NewApp{Name: "cart", Repository: "https://x.example/y", Team: "a: b"}, "team"},
		"an environment of nowhere": {files{"ferry.yaml": config}, setup.NewApp{Name: "cart", Repository: "https://x.example/y", Only: []string{"test"}}, "test"},
		"apps in one line":          {with("apps:\n  # the shop\n  - name: shop\n    source: {repository: https://example.com/acme/shop}\n", "apps: [{name: shop, source: {repository: https://example.com/acme/shop}}]\n"), cart, "include"},
		"somebody's file":           {files{"ferry.yaml": config, "engine/dev/cart.yaml": "mine"}, cart, "engine/dev/cart.yaml is there already"},
		"a mistake of before":       {with("version: 1", "version: 2"), cart, "version"},
	} {
		if _, err := add(t, c.f, c.app); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestOwners(t *testing.T) {
	c, err := environments.Load(context.Background(), files{"ferry.yaml": config}, environments.OnBranch("main"))
	if err != nil {
		t.Fatal(err)
	}
	rows := setup.Owners(c, []string{"team/platform"})
	for kind, want := range map[string][]string{
		"github":    {"\n/ferry.yaml @acme/platform\n", "\n/prod/ @ada @acme/release\n", "\n/values/prod/ @ada @acme/release\n"},
		"gitlab":    {"\n/ferry.yaml @platform\n", "\n/prod/ @ada @release\n"},
		"gitea":     {"\n^ferry\\.yaml$ @acme/platform\n", "\n^prod/.* @ada @acme/release\n"},
		"bitbucket": {"\n/prod/ @ada @acme/release\n"},
		"azure":     {"--path-filter '/prod/*' --required-reviewer-ids 'ada;release'", `--message 'what runs with ferry'\''s credentials' --path-filter`},
	} {
		got := setup.CodeOwners(kind, "acme", rows)
		for _, line := range want {
			if !strings.Contains(got, line) {
				t.Errorf("%s has no %q:\n%s", kind, line, got)
			}
		}
		if strings.Contains(got, "/dev/") || strings.Contains(got, "/values/ ") {
			t.Errorf("%s guards what everybody may change:\n%s", kind, got)
		}
	}
}

// An app's own file and values belong to its team, where it has one; what several apps read, to nobody.
func TestOwnersOfApps(t *testing.T) {
	of := func(name, team string) string {
		return "version: 1\napps: [{name: " + name + team + ", source: {repository: https://example.com/acme/" + name + "}}]\n"
	}
	c, err := environments.Load(context.Background(), files{
		"ferry.yaml":               strings.NewReplacer("apps:", "include: ['apps/[a-z]*/ferry.app.yaml']\napps:", `values: ["`, `values: [values/all.yaml, "`).Replace(config),
		"apps/cart/ferry.app.yaml": of("cart", ", team: storefront"), "apps/cake/ferry.app.yaml": of("cake", ""),
	}, environments.OnBranch("main"))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, r := range setup.Owners(c, []string{"ada"}) {
		if strings.HasPrefix(r.Path, "/apps/") || strings.HasPrefix(r.Path, "/values/") {
			got = append(got, r.Path+" "+strings.Join(r.Owners, ","))
		}
	}
	want := []string{"/apps/?*/ferry.app.yaml ada", "/apps/cart/ferry.app.yaml team/storefront", "/values/cart.yaml team/storefront", "/values/dev/cart.yaml team/storefront", "/values/prod/ ada,team/release"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// What is added to a render runs as it is written: files and folders of it have owners like values.
func TestOwnersOfExtras(t *testing.T) {
	c, err := environments.Load(context.Background(), files{"ferry.yaml": strings.Replace(config, "apps:", "apps:\n  - {name: extras, team: net, source: {repository: https://example.com/acme/extras}, extra: ['more/{environment}', 'net/{environment}.yaml', net/all]}", 1)}, environments.OnBranch("main"))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, r := range setup.Owners(c, []string{"ada"}) {
		if strings.HasPrefix(r.Path, "/more/") || strings.HasPrefix(r.Path, "/net/") {
			got = append(got, r.Path+" "+strings.Join(r.Owners, ","))
		}
	}
	want := []string{"/more/dev/ team/net", "/net/all/ team/net", "/net/dev.yaml team/net", "/more/prod/ ada,team/release", "/net/prod.yaml ada,team/release"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
