package connector

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
)

func TestSameRepository(t *testing.T) {
	for _, same := range [][]string{
		{"https://github.com/acme/gitops", "https://github.com/acme/gitops.git", "https://GitHub.com/acme/gitops/", "ssh://git@github.com/acme/gitops", "ssh://git@ssh.github.com:443/acme/gitops.git",
			"git@github.com:acme/gitops.git", "git@github.com:/acme/gitops", "http://user:secret@github.com:80/acme/gitops", "https://x-access-token@github.com./acme/gitops.git/", " https://github.com/acme/gitops"},
		{"https://github.com/acme/GitOps"},
		{"https://github.com/acme/gitops-two"},
		{"https://github.com/other/gitops"},
		{"https://gitlab.com/acme/gitops"},
		{"https://gitlab.com/a/b/gitops", "git@gitlab.com:a/b/gitops.git", "ssh://git@altssh.gitlab.com:443/a/b/gitops.git"},
		{"https://dev.azure.com/acme/shop/_git/gitops", "https://acme@dev.azure.com/acme/shop/_git/gitops", "git@ssh.dev.azure.com:v3/acme/shop/gitops", "ssh://git@ssh.dev.azure.com:22/v3/acme/shop/gitops",
			"https://acme.visualstudio.com/shop/_git/gitops", "https://acme.visualstudio.com/DefaultCollection/shop/_git/gitops", "acme@vs-ssh.visualstudio.com:v3/acme/shop/gitops"},
		{"file:///srv/gitops.git", "/srv/gitops", "/srv/gitops.git/"},
	} {
		for _, a := range same {
			for _, b := range same {
				if !SameRepository(a, b) {
					t.Errorf("%s and %s are taken as two: %q, %q", a, b, repositoryKey(a), repositoryKey(b))
				}
			}
			if strings.Contains(repositoryKey(a), "secret") {
				t.Errorf("%q has a password in it", repositoryKey(a))
			}
		}
	}
	different := []string{"https://github.com/acme/gitops", "https://github.com/acme/GitOps", "https://github.com/acme/gitops-two", "https://github.com/other/gitops", "https://gitlab.com/acme/gitops", "/srv/gitops", "", "https://", "https://github.com", "https://github.com/", "::", "gitops", "oci://%zz"}
	for i, a := range different {
		for j, b := range different {
			if i != j && SameRepository(a, b) {
				t.Errorf("%q and %q are taken as one", a, b)
			}
		}
	}
}

// The small world of these tests: one repository, an environment prod on main, an app shop.
const gitops = "https://github.com/acme/gitops"

func shop() Place {
	return Place{Environment: "prod", App: "shop", Repositories: []string{gitops}, Branch: "main", Default: true, Path: "prod/shop", Files: []string{"deployment-web.yaml", "service-web.yaml"}, Resources: web("shop")}
}

func web(namespace string) []Resource {
	return []Resource{{Group: "apps", Version: "v1", Kind: "Deployment", Namespace: namespace, Name: "web"}, {Version: "v1", Kind: "Service", Namespace: namespace, Name: "web"}, {Version: "v1", Kind: "Namespace", Name: namespace}}
}

func applies(name string, o Origin) Unit {
	return Unit{Engine: Flux, Kind: "Kustomization", Namespace: "flux-system", Name: name, Origins: []Origin{o}}
}

func names(a Assignment) string {
	var out []string
	for _, t := range a.Trackers {
		out = append(out, fmt.Sprintf("%s by %s at %d", t.Unit.Name, t.How, t.Origin))
	}
	return strings.Join(out, ", ")
}

func TestAssignByPath(t *testing.T) {
	at := func(branch, path string) Origin { return Origin{Repository: gitops, Branch: branch, Path: path} }
	directory := func(path string, d Directory) Origin {
		return Origin{Repository: gitops, Branch: "main", Path: path, Directory: d}
	}
	for _, c := range []struct {
		name  string
		units []Unit
		want  string
	}{
		{"the folder itself", []Unit{applies("a", at("main", "prod/shop"))}, "a by path at 0"},
		{"written otherwise", []Unit{applies("a", at("refs/heads/main", "./prod//shop/"))}, "a by path at 0"},
		{"from the root", []Unit{applies("a", at("main", "/prod/shop"))}, "a by path at 0"},
		{"a folder above", []Unit{applies("a", at("main", "./prod"))}, "a by path at 0"},
		{"the whole repository", []Unit{applies("a", at("main", "./"))}, "a by path at 0"},
		{"the default path", []Unit{applies("a", at("main", ""))}, "a by path at 0"},
		{"the default branch", []Unit{applies("a", at("HEAD", "prod"))}, "a by path at 0"},
		{"a folder with the same beginning", []Unit{applies("a", at("main", "prod/sho"))}, ""},
		{"a folder below", []Unit{applies("a", at("main", "prod/shop/extras"))}, ""},
		{"out of the repository", []Unit{applies("a", at("main", "../../prod/shop"))}, "a by path at 0"},
		{"another branch", []Unit{applies("a", at("env/prod", "prod/shop"))}, ""},
		{"another repository", []Unit{applies("a", Origin{Repository: gitops + "-two", Branch: "main", Path: "prod/shop"})}, ""},
		{"the deepest wins", []Unit{applies("a", at("main", "./")), applies("b", at("main", "prod")), applies("c", at("main", "prod"))}, "b by path at 0, c by path at 0"},
		{"a pin counts where nobody follows", []Unit{applies("a", at("v1.2.3", "prod")), applies("b", at("383ec6df6936fec40dd4e81f355efd033c3943eb", "prod/shop"))}, "b by pin at 0"},
		{"a pin does not count beside a branch", []Unit{applies("a", at("v1.2.3", "prod/shop")), applies("b", at("main", "prod"))}, "b by path at 0"},
		{"a range of tags", []Unit{applies("a", at(">=1.0.0 <2.0.0", "prod"))}, "a by pin at 0"},
		{"a tag by its ref", []Unit{applies("a", at("refs/tags/stable", "prod"))}, "a by pin at 0"},
		{"several sources", []Unit{{Engine: ArgoCD, Kind: "Application", Name: "a", Origins: []Origin{{Address: "https://charts", Chart: "x"}, at("main", "dev/shop"), at("main", "prod/shop")}}}, "a by path at 2"},
		{"a directory does not recurse", []Unit{applies("a", directory("prod", Directory{Plain: true}))}, ""},
		{"a directory is read", []Unit{applies("a", directory("prod/shop", Directory{Plain: true}))}, "a by path at 0"},
		{"a directory recurses", []Unit{applies("a", directory("prod", Directory{Plain: true, Recurse: true}))}, "a by path at 0"},
		{"a directory includes", []Unit{applies("a", directory("prod", Directory{Plain: true, Recurse: true, Include: "{shop/*.yaml,cart/*}"}))}, "a by path at 0"},
		{"a directory includes others", []Unit{applies("a", directory("prod", Directory{Plain: true, Recurse: true, Include: "cart/*"}))}, ""},
		{"a directory excludes", []Unit{applies("a", directory("prod", Directory{Plain: true, Recurse: true, Exclude: "shop/*"}))}, ""},
		{"a directory excludes some", []Unit{applies("a", directory("prod", Directory{Plain: true, Recurse: true, Exclude: "*/service-*"}))}, "a by path at 0"},
		{"a broken pattern", []Unit{applies("a", directory("prod/shop", Directory{Plain: true, Include: "{[a"}))}, ""},
	} {
		if got := names(Assign(c.units, []Place{shop()}, nil)[0]); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

func TestAssignByRule(t *testing.T) {
	units := []Unit{applies("a", Origin{Repository: gitops, Branch: "main", Path: "prod/shop"}), applies("b", Origin{Address: "oci://x/y"}), applies("c", Origin{Repository: gitops, Branch: "main", Path: "prod"})}
	rule := func(app, unit string) Rule {
		return Rule{Environment: "prod", App: app, Unit: Ref{"Kustomization", "flux-system", unit}}
	}
	for _, c := range []struct {
		rules         []Rule
		want, problem string
	}{
		{[]Rule{rule("shop", "b")}, "b by rule at -1", ""},
		{[]Rule{rule("", "c"), rule("shop", "b")}, "b by rule at -1", ""},
		{[]Rule{rule("", "c")}, "c by rule at 0", ""},
		{[]Rule{rule("cart", "c")}, "a by path at 0", ""},
		{[]Rule{{Environment: "dev", Unit: Ref{"Kustomization", "flux-system", "b"}}}, "a by path at 0", ""},
		{[]Rule{rule("shop", "gone")}, "", "the unit that connector.yaml names for it is not there"},
	} {
		got := Assign(units, []Place{shop()}, c.rules)[0]
		if names(got) != c.want || got.Problem != c.problem {
			t.Errorf("%v: %q, %q; want %q, %q", c.rules, names(got), got.Problem, c.want, c.problem)
		}
	}
}

func TestAssignByInventory(t *testing.T) {
	artifact := func(name string, tracks []Resource, commit string) Unit {
		u := applies(name, Origin{Address: "oci://ghcr.io/acme/" + name, Path: "./", Commit: commit})
		u.Resources = tracks
		return u
	}
	elsewhere := applies("dev", Origin{Repository: gitops, Branch: "main", Path: "dev/shop"})
	elsewhere.Resources = web("shop")
	bare := shop()
	for i := range bare.Resources {
		bare.Resources[i].Namespace = ""
	}
	for _, c := range []struct {
		name  string
		place Place
		units []Unit
		want  string
	}{
		{"all of it", shop(), []Unit{artifact("a", web("shop"), "")}, "a by inventory at -1"},
		{"an artifact that says its commit", shop(), []Unit{artifact("a", web("shop"), sha1hex)}, "a by inventory at 0"},
		{"half of it", shop(), []Unit{artifact("a", web("shop")[:1], "")}, "a by inventory at -1"},
		{"another namespace", shop(), []Unit{artifact("a", web("cart"), "")}, ""},
		{"the namespace alone", shop(), []Unit{artifact("a", web("shop")[2:], "")}, ""},
		{"who has more", shop(), []Unit{artifact("a", web("shop")[:1], ""), artifact("b", web("shop"), "")}, "b by inventory at -1"},
		{"manifests that leave their namespace out", bare, []Unit{artifact("a", web("shop"), "")}, "a by inventory at -1"},
		{"another folder of the repository has the same names", shop(), []Unit{elsewhere}, ""},
		{"a path is better", shop(), []Unit{artifact("a", web("shop"), ""), applies("b", Origin{Repository: gitops, Branch: "main", Path: "prod"})}, "b by path at 0"},
		{"nothing is tracked", shop(), []Unit{artifact("a", nil, "")}, ""},
	} {
		if got := names(Assign(c.units, []Place{c.place}, nil)[0]); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

// One unit cannot be two environments of an app: then nothing is claimed, and it is said why.
func TestAssignDoubts(t *testing.T) {
	u := applies("a", Origin{Address: "oci://x/y"})
	u.Resources = web("shop")
	dev := shop()
	dev.Environment, dev.Path = "dev", "dev/shop"
	for _, a := range Assign([]Unit{u}, []Place{dev, shop()}, nil) {
		if len(a.Trackers) > 0 || a.Problem != "Kustomization flux-system/a tracks the resources of dev/shop and of prod/shop: name the one that it applies under units in connector.yaml" {
			t.Errorf("%q, %q", names(a), a.Problem)
		}
	}
	mirror := applies("a", Origin{Repository: "https://robot:secret@mirror.example.com/gitops", Branch: "main", Path: "./prod"})
	got := Assign([]Unit{mirror}, []Place{shop()}, nil)[0].Problem
	if got != "Kustomization flux-system/a applies prod of mirror.example.com/gitops: if that is this repository, name the address in connector.yaml" {
		t.Errorf("a mirror is told as %q", got)
	}
}

func TestAssignShares(t *testing.T) {
	cart := shop()
	cart.App, cart.Path = "cart", "prod/cart"
	other := shop()
	other.App, other.Path = "other", "prod/other"
	got := Assign([]Unit{applies("a", Origin{Repository: gitops, Branch: "main", Path: "prod"}), applies("b", Origin{Repository: gitops, Branch: "main", Path: "prod/other"})}, []Place{shop(), cart, other}, nil)
	for i, want := range [][]string{{"prod/cart"}, {"prod/shop"}, nil} {
		if !slices.Equal(got[i].Shared, want) {
			t.Errorf("place %d shares with %v, want %v", i, got[i].Shared, want)
		}
	}
}

// A HelmRelease that is a manifest of the folder says more than the Kustomization that applied it, and only for its own folder.
func TestAssignDeclared(t *testing.T) {
	release := Resource{Group: "helm.toolkit.fluxcd.io", Version: "v2", Kind: "HelmRelease", Namespace: "shop", Name: "web"}
	p := shop()
	p.Resources = []Resource{release}
	prod := applies("prod", Origin{Repository: gitops, Branch: "main", Path: "prod"})
	by := func(parent string) Unit {
		return Unit{Engine: Flux, Kind: "HelmRelease", Namespace: "shop", Name: "web", Parent: Ref{"Kustomization", "flux-system", parent}, Origins: []Origin{{Chart: "web"}}}
	}
	unknown := by("")
	unknown.Parent = Ref{}
	for _, c := range []struct {
		name  string
		units []Unit
		want  string
	}{
		{"applied by its unit", []Unit{prod, by("prod")}, "web by declared at -1, prod by path at 0"},
		{"applied by somebody else", []Unit{prod, by("dev")}, "prod by path at 0"},
		{"applied by nobody knows whom", []Unit{prod, unknown}, "web by declared at -1, prod by path at 0"},
		{"without a unit of the folder", []Unit{by("prod")}, ""},
	} {
		if got := names(Assign(c.units, []Place{p}, nil)[0]); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

// The units of 300 apps in 8 environments are found at once, in whatever order they come.
func TestAssignMany(t *testing.T) {
	var units []Unit
	var places []Place
	for e := range 8 {
		for a := range 300 {
			folder := fmt.Sprintf("env-%d/app-%d", e, a)
			units = append(units, applies(strings.ReplaceAll(folder, "/", "-"), Origin{Repository: "git@github.com:acme/gitops.git", Branch: "main", Path: "./" + folder}))
			p := shop()
			p.Environment, p.App, p.Path = fmt.Sprintf("env-%d", e), fmt.Sprintf("app-%d", a), folder
			places = append(places, p)
		}
	}
	slices.Reverse(units)
	for i, a := range Assign(units, places, nil) {
		if want := places[i].Environment + "-" + places[i].App + " by path at 0"; names(a) != want {
			t.Fatalf("%s is applied by %q", want, names(a))
		}
	}
}

// Whatever an address is, white space around it and a credential in it make it no other.
func FuzzSameRepository(f *testing.F) {
	for _, s := range []string{gitops, "git@github.com:acme/gitops.git", "ssh://git@ssh.dev.azure.com:22/v3/a/b/c", "https://acme.visualstudio.com/shop/_git/gitops", "/srv/x", "file:///", "::", "https://[::1]:22/x", "a@b:c@d:e"} {
		f.Add(s, "acme/gitops")
	}
	f.Fuzz(func(t *testing.T, s, path string) {
		if k := repositoryKey(s); repositoryKey(" "+s+"\t") != k {
			t.Errorf("%q is %q, and with spaces around it %q", s, k, repositoryKey(" "+s+"\t"))
		}
		plain := url.URL{Scheme: "https", Host: "example.com", Path: "/" + path}
		secret := plain
		secret.User = url.UserPassword(s, "hunter2")
		if a, b := repositoryKey(plain.String()), repositoryKey(secret.String()); a != b {
			t.Errorf("%q is %q, and with a credential %q", path, a, b)
		}
	})
}

// Any pattern is matched without a panic, in no time.
func FuzzPattern(f *testing.F) {
	for _, s := range []string{"*.yaml", "{a,b}", "[!a-z]?", `\*`, "{", "[z-a]", "[]", "{a,{b,c}}*", strings.Repeat("*a", 200)} {
		f.Add(s, "shop/deployment-web.yaml")
	}
	f.Fuzz(func(t *testing.T, pattern, name string) {
		if matches(pattern, name) && len(pattern) > maxPattern {
			t.Error("a pattern without bounds")
		}
	})
}
