package setup_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/ferry-cd/ferry/environments"
	"github.com/ferry-cd/ferry/setup"
)

const fluxUnit = `apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: %s}
spec: {path: %s, sourceRef: {kind: GitRepository, name: flux-system}}
`

func flux(name, path string) string {
	return strings.Replace(strings.Replace(fluxUnit, "%s", name, 1), "%s", path, 1)
}

// started imports a layout and gives the configuration that follows from it.
func started(t *testing.T, layout string, f files) (setup.Start, *environments.Config) {
	t.Helper()
	s, err := setup.Import(f, layout, setup.Start{})
	if err != nil {
		t.Fatal(err)
	}
	written, _, err := s.Files(context.Background(), f)
	if err != nil {
		t.Fatal(err)
	}
	c, err := environments.Load(context.Background(), files(written))
	if err != nil {
		t.Fatalf("%v\n%s", err, written["ferry.yaml"])
	}
	return s, c
}

// folders lists what a configuration places, as app@environment=folder, in order.
func folders(c *environments.Config) string {
	var out []string
	for _, p := range c.Placements() {
		out = append(out, p.App+"@"+p.Environment+"="+p.Folder)
	}
	slices.Sort(out)
	return strings.Join(out, " ")
}

func TestImport(t *testing.T) {
	for name, c := range map[string]struct {
		layout string
		files  files
		want   string
	}{
		"Flux, a folder for each": {"flux", files{
			"clusters/a.yaml":               flux("shop", "./apps/dev/shop") + "---\n" + flux("shop2", "./apps/prod/shop"),
			"clusters/b.yaml":               flux("cart", "./apps/dev/cart"),
			"clusters/flux-system/sync.yml": flux("flux-system", "./clusters/dev"),
			"README.md":                     "no manifest",
		}, "cart@dev=apps/dev/cart shop@dev=apps/dev/shop shop@prod=apps/prod/shop"},
		"regions stand side by side": {"flux", files{
			"x.yaml": flux("a", "dev/shop") + "---\n" + flux("b", "prod-eu/shop") + "---\n" + flux("c", "prod-us/shop"),
		}, "shop@dev=dev/shop shop@prod-eu=prod-eu/shop shop@prod-us=prod-us/shop"},
		"Argo CD, applications": {"argocd", files{
			"argo/shop.yaml": "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {name: shop}\nspec: {source: {repoURL: https://x, path: shop/staging}}\n---\napiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {name: shop}\nspec: {sources: [{repoURL: https://x, path: shop/production}]}\n",
		}, "shop@production=shop/production shop@staging=shop/staging"},
		"Argo CD, directories": {"argocd", files{
			"argo/set.yaml":       "apiVersion: argoproj.io/v1alpha1\nkind: ApplicationSet\nmetadata: {name: all}\nspec: {generators: [{git: {repoURL: https://x, directories: [{path: 'envs/*/*'}]}}]}\n",
			"envs/dev/shop/a.yml": "", "envs/prod/shop/a.yml": "", "envs/prod/cart/b.yml": "", "envs/readme.md": "",
		}, "cart@prod=envs/prod/cart shop@dev=envs/dev/shop shop@prod=envs/prod/shop"},
		"overlays": {"kustomize", files{
			"apps/shop/base/kustomization.yaml": "", "apps/shop/overlays/dev/kustomization.yaml": "", "apps/shop/overlays/prod/kustomization.yaml": "",
		}, "shop@dev=dev/shop shop@prod=prod/shop"},
		"gitops-promotion": {"gitops-promotion", files{
			"gitops-promotion.yaml": "prflow: per-app\nenvironments:\n  - {name: dev, auto: true}\n  - {name: qa, auto: true}\n  - {name: production, auto: false}\n",
			"webshop/dev/cart.yaml": "a: b", "webshop/qa/cart.yaml": "", "webshop/production/cart.yaml": "", "tools/dev/x.yaml": "",
		}, "tools@dev=tools/dev webshop@dev=webshop/dev webshop@production=webshop/production webshop@qa=webshop/qa"},
	} {
		_, config := started(t, c.layout, c.files)
		if got := folders(config); got != c.want {
			t.Errorf("%s: %s", name, got)
		}
	}
}

func TestImportedOrder(t *testing.T) {
	_, c := started(t, "flux", files{"x.yaml": flux("c", "prod-us/shop") + "---\n" + flux("b", "qa/shop") + "---\n" + flux("a", "dev/shop") + "---\n" + flux("d", "prod-eu/shop")})
	for name, want := range map[string]string{"dev": "", "qa": "dev", "prod-eu": "qa", "prod-us": "qa"} {
		if e, _ := c.Environment(name); strings.Join(e.After, " ") != want {
			t.Errorf("%s comes after %v", name, e.After)
		}
	}
	_, c = started(t, "kustomize", files{"apps/shop/base/kustomization.yaml": "", "apps/shop/overlays/dev/kustomization.yaml": "", "apps/shop/overlays/prod/kustomization.yaml": ""})
	if p, _ := c.Placement("shop", "dev"); p.Path != "apps/shop/overlays/dev" || p.Root != "apps/shop" {
		t.Errorf("%+v", p)
	}
	_, c = started(t, "gitops-promotion", files{"gitops-promotion.yaml": "environments: [{name: dev, auto: true}, {name: prod}]\n", "web/dev/a.yaml": "", "web/prod/a.yaml": ""})
	if p, _ := c.Placement("web", "prod"); p.Merge != environments.Review {
		t.Errorf("%+v", p)
	}
}

func TestImportFindsNothing(t *testing.T) {
	for layout, f := range map[string]files{
		"flux":             {"a.yaml": flux("x", "./apps") + "---\n" + flux("y", "../../dev/shop") + "---\n" + flux("z", "/dev/shop")},
		"argocd":           {"a.yaml": "apiVersion: argoproj.io/v1alpha1\nkind: Application\nspec: {source: {path: '{{path}}/dev/shop'}}\n", "b.yaml": "argoproj.io/: [", "c.yaml": "argoproj.io/ &a [*a]"},
		"kustomize":        {"base/kustomization.yaml": ""},
		"gitops-promotion": {"gitops-promotion.yaml": "environments: 3\n"},
		"helmfile":         {},
	} {
		if s, err := setup.Import(f, layout, setup.Start{}); err == nil {
			t.Errorf("%s: %+v", layout, s)
		}
	}
}

func TestFiles(t *testing.T) {
	s := setup.Start{CI: "github", Apps: []setup.NewApp{{Name: "shop", Repository: "https://example.com/acme/shop", Path: "charts/shop", Images: []string{"ghcr.io/acme/shop"}}},
		Environments: []setup.StartEnvironment{{Name: "dev"}, {Name: "prod", After: []string{"dev"}}}}
	got, kept, err := s.Files(context.Background(), files{"values/shop.yaml": "mine: 1\n"})
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(kept, nil) || got["values/shop.yaml"] != "" || got["values/prod/shop.yaml"] == "" || got[".github/workflows/ferry.yaml"] == "" {
		t.Errorf("kept %v, %v", kept, got)
	}
	for _, part := range []string{"# yaml-language-server: $schema=", "name: shop", "approvals: {count: 1}", "trust:"} {
		if !strings.Contains(got["ferry.yaml"], part) {
			t.Errorf("ferry.yaml has no %q:\n%s", part, got["ferry.yaml"])
		}
	}
	if _, kept, err := s.Files(context.Background(), files{".github/workflows/ferry.yaml": "mine"}); err != nil || !slices.Equal(kept, []string{".github/workflows/ferry.yaml"}) {
		t.Errorf("%v, %v", kept, err)
	}
	if _, _, err := s.Files(context.Background(), files{"ferry.yaml": ""}); err == nil {
		t.Error("a ferry.yaml that is there is overwritten")
	}
}

func FuzzLook(f *testing.F) {
	f.Add(flux("shop", "./dev/shop"), "clusters/dev/shop.yaml")
	f.Add("apiVersion: argoproj.io/v1alpha1\nkind: ApplicationSet\nspec: {generators: [{git: {directories: [{path: '*/[a'}]}}]}\n", "a/dev/b.yaml")
	f.Fuzz(func(t *testing.T, text, name string) {
		for _, layout := range setup.Layouts {
			s, err := setup.Import(files{name: text, "x.yaml": text}, layout, setup.Start{})
			if err != nil {
				continue
			}
			var told environments.Problems // a name that the configuration does not take is told by its own checks
			if _, _, err := s.Files(context.Background(), files{}); err != nil && !errors.As(err, &told) {
				t.Error(err)
			}
		}
	})
}
