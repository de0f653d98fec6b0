package promote_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/ferry-cd/ferry/git"
	"github.com/ferry-cd/ferry/promote"
)

const pathsYAML = `version: 1
defaults: {kubernetes: {version: "1.34"}}
apps:
  - name: shop
    source: {repository: https://example.com/acme/apps, path: shop}
    images: [{name: ghcr.io/acme/shop}]
    namespace: shop
    %s
environments:
  - {name: dev, pullRequest: false}
`

// link is a person's commit of a symbolic link.
func (w *world) link(name, target string) {
	w.Helper()
	repo, err := git.Open(w.ctx, w.gitops, w.options("Ada"))
	w.must(err)
	head, err := repo.Commit(w.ctx, w.head("main"))
	w.must(err)
	id, err := repo.WriteBlob([]byte(target))
	w.must(err)
	tree, err := repo.EditTree(w.ctx, head.Tree, git.Edit{Path: name, Mode: git.ModeSymlink, ID: id})
	w.must(err)
	c, err := repo.WriteCommit(w.ctx, git.NewCommit{Tree: tree, Parents: []git.ID{head.ID}, Message: "a link"})
	w.must(err)
	w.must(repo.Push(w.ctx, git.Update{Ref: "refs/heads/main", Old: head.ID, New: c}))
}

// Each trick with a path, in each place of ferry.yaml that names a file: nothing but the file of just that name in the
// repository is read, and links that stay in the repository work as on a disk.
func TestPathsOfTheConfiguration(t *testing.T) {
	const canary = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: shop, labels: {canary: \"yes\"}}\nreplicas: 7\n"
	const extra = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: added, labels: {canary: \"yes\"}}\n"
	places := map[string]string{"values": "environments: {dev: {values: [%q]}}", "patches": "patches: [{path: %q}]", "extra": "extra: [%q]"}
	tricks := map[string]struct {
		entry string
		links map[string]string
		want  string // of the error; "" where the file is found
	}{
		"the file itself":         {"conf/caf\u00e9.yaml", nil, ""},
		"a link beside":           {"conf/link.yaml", map[string]string{"conf/link.yaml": "caf\u00e9.yaml"}, ""},
		"a link to a link":        {"conf/two.yaml", map[string]string{"conf/two.yaml": "../other/one.yaml", "other/one.yaml": "../conf/caf\u00e9.yaml"}, ""},
		"upper case":              {"conf/CAF\u00c9.yaml", nil, "does not exist"},
		"upper case folder":       {"Conf/caf\u00e9.yaml", nil, "does not exist"},
		"another normal form":     {"conf/cafe\u0301.yaml", nil, "does not exist"},
		"full width":              {"\uff43onf/caf\u00e9.yaml", nil, "does not exist"},
		"dots of another kind":    {"conf/\u2025/conf/caf\u00e9.yaml", nil, "does not exist"},
		"a slash of another kind": {"conf\u2215caf\u00e9.yaml", nil, "does not exist"},
		"above":                   {"../conf/caf\u00e9.yaml", nil, "ferry.yaml:8:"},
		"above and back":          {"conf/../conf/caf\u00e9.yaml", nil, "ferry.yaml:8:"},
		"absolute":                {"/etc/hostname", nil, "ferry.yaml:8:"},
		"a link out":              {"conf/out.yaml", map[string]string{"conf/out.yaml": "../../../../etc/hostname"}, "leaves the repository: conf/out.yaml"},
		"an absolute link":        {"conf/abs.yaml", map[string]string{"conf/abs.yaml": "/etc/hostname"}, "leaves the repository: conf/abs.yaml"},
		"a link to the root":      {"conf/all.yaml", map[string]string{"conf/all.yaml": ".."}, "is one to the whole repository: conf/all.yaml"},
		"a link to itself":        {"conf/self.yaml", map[string]string{"conf/self.yaml": "self.yaml"}, "leads nowhere: conf/self.yaml"},
		"a broken link":           {"conf/gone.yaml", map[string]string{"conf/gone.yaml": "nothing.yaml"}, "does not exist"},
		"a link of another case":  {"conf/case.yaml", map[string]string{"conf/case.yaml": "CAF\u00c9.yaml"}, "does not exist"},
	}
	for place, key := range places {
		for name, c := range tricks {
			t.Run(place+"/"+name, func(t *testing.T) {
				data := map[string]string{"values": "replicas: 7\n", "patches": strings.Replace(canary, "replicas: 7\n", "", 1), "extra": extra}[place]
				w := newWorld(t, fmt.Sprintf(pathsYAML, ""), map[string]string{"conf/caf\u00e9.yaml": data})
				for link, target := range c.links {
					w.link(link, target)
				}
				w.push("main", map[string]string{"ferry.yaml": fmt.Sprintf(pathsYAML, fmt.Sprintf(key, c.entry))})
				err := w.paths()
				text := w.file("main", "dev/shop/deployment-shop.yaml") + w.file("main", "dev/shop/configmap-added.yaml")
				written := strings.Contains(text, "canary") || strings.Contains(text, "replicas: 7")
				switch {
				case written != (c.want == "") || c.want == "" && err != nil:
					t.Errorf("the file is not read: %v", err)
				case c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)):
					t.Errorf("got %v, want %q", err, c.want)
				}
			})
		}
	}
}

// paths hands over a release and gives what that said.
func (w *world) paths() error {
	w.Helper()
	if _, err := w.ferry().Load(w.ctx, promote.Scope{}); err != nil {
		return err
	}
	_, err := w.submit(w.release("shop", 1))
	return err
}

// A link that one app cannot follow stops that app, and no other.
func TestALinkStopsItsAppAlone(t *testing.T) {
	for target, why := range map[string]string{"../../../etc/hostname": "leaves the repository", "nothing.yaml": "leads nowhere", "..": "is one to a folder", "../..": "is one to the whole repository"} {
		const added = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: added-%s}\n"
		w := newWorld(t, twoApps, map[string]string{"extra/api/a.yaml": fmt.Sprintf(added, "api"), "extra/web/a.yaml": fmt.Sprintf(added, "web")})
		for _, app := range []string{"api", "web"} {
			w.templates(app, map[string]string{"all.yaml": fmt.Sprintf("apiVersion: v1\nkind: Pod\nmetadata: {name: %[1]s}\nspec: {containers: [{name: %[1]s, image: ghcr.io/acme/%[1]s}]}\n", app)})
		}
		_, err := w.submit(w.release("web", 1), w.release("api", 1))
		w.must(err)
		w.link("extra/web/link.yaml", target)
		w.push("main", map[string]string{"extra/api/b.yaml": fmt.Sprintf(added, "late")})
		_, err = w.run(promote.Options{})
		if err == nil || !strings.Contains(err.Error(), "web in dev: the configuration has a link that "+why+": extra/web/link.yaml") {
			t.Errorf("%s: got %v", target, err)
		}
		if w.file("main", "dev/api/configmap-added-late.yaml") == "" {
			t.Errorf("%s: the link of web keeps api from its place", target)
		}
	}
}

const twoApps = `version: 1
defaults: {kubernetes: {version: "1.34"}}
apps:
  - name: api
    source: {repository: https://example.com/acme/apps, path: api}
    namespace: shop
    extra: [extra/api]
  - name: web
    source: {repository: https://example.com/acme/apps, path: web}
    namespace: shop
    extra: [extra/web]
environments:
  - {name: dev, pullRequest: false}
`
