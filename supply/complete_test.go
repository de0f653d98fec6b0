package supply

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ferry-cd/ferry/charts/chartstest"
	"github.com/ferry-cd/ferry/git/gittest"
	"github.com/ferry-cd/ferry/render"
	"github.com/ferry-cd/ferry/render/helm"
	"github.com/ferry-cd/ferry/render/kustomize"
)

// mall is a chart that needs others from everywhere a chart can come from.
func (w *world) mall() map[string][]byte {
	w.charts.Publish("redis", "1.2.0", chartstest.Chart("redis", "1.2.0", "r"))
	w.push("acme/mq", "2.0.0", chartstest.Chart("mq", "2.0.0", "m"), "mq")
	files := chartstest.Chart("mall", "0.1.0", "x",
		"{name: redis, version: ^1.0.0, repository: "+w.charts.URL+"}",
		"{name: mq, version: 2.x, repository: \""+w.oci("acme")+"\"}",
		"{name: common, version: 0.x, repository: \"file://../common\"}")
	out := map[string][]byte{}
	for name, data := range files {
		out["mall/"+name] = data
	}
	for name, data := range chartstest.Chart("common", "0.5.0", "c", "{name: redis, version: 1.2.0, repository: "+w.charts.URL+"}") {
		out["common/"+name] = data
	}
	return out
}

func complete(t *testing.T, s *Supply, files map[string][]byte) map[string][]byte {
	t.Helper()
	changed, _, err := s.Complete(context.Background(), files)
	if err != nil {
		t.Fatal(err)
	}
	out := maps.Clone(files)
	maps.Copy(out, changed)
	return out
}

func TestChartDependencies(t *testing.T) {
	w := newWorld(t)
	files := w.mall()
	locked := withLock(t, w.supply(), files, false)
	w.charts.Publish("redis", "1.3.0", chartstest.Chart("redis", "1.3.0", "newer"))
	got := complete(t, w.supply(), locked)
	for _, want := range []string{"mall/charts/redis-1.2.0.tgz", "mall/charts/mq-2.0.0.tgz", "mall/charts/common/Chart.yaml", "mall/charts/common/charts/redis-1.2.0.tgz", "common/charts/redis-1.2.0.tgz"} {
		if got[want] == nil {
			t.Errorf("there is no %s among %q", want, paths(got))
		}
	}
	out, err := helm.New().Render(context.Background(), render.Request{Name: "a", Files: got, Dir: "mall", Kubernetes: render.Kubernetes{Version: "1.34"}})
	if err != nil || bytes.Count(out.Raw, []byte("kind: ConfigMap")) != 5 {
		t.Errorf("%v\n%s", err, out.Raw)
	}
	again := withLock(t, w.supply(), locked, false)
	if d := cmp.Diff(locked, again); d != "" {
		t.Errorf("looking again changed the lock: %s", d)
	}
	if data := withLock(t, w.supply(), locked, true)[LockName]; !bytes.Contains(data, []byte("version: 1.3.0")) {
		t.Errorf("--update found nothing newer:\n%s", data)
	}
	if n := w.charts.Hits("/charts/redis-1.2.0.tgz"); n != 4 { // once in each run
		t.Errorf("redis was fetched %d times", n)
	}
}

// TestFetchedOnce: a dependency travels once however many apps name it, and whether or not they ask at the same time.
func TestFetchedOnce(t *testing.T) {
	w := newWorld(t)
	files := w.mall()
	s := w.supply()
	locked := withLock(t, w.supply(), files, false)
	w.registry.Forget()
	before := w.charts.Requests()
	var all sync.WaitGroup
	for app := range 50 {
		all.Go(func() {
			mine := maps.Clone(locked)
			mine["mall/values.yaml"] = fmt.Appendf(nil, "text: app %d\n", app)
			if _, _, err := s.Complete(context.Background(), mine); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if n := w.charts.Requests() - before; n > 3 { // the index, the chart, and whether there is a provenance file
		t.Errorf("50 apps made %d requests of the chart repository", n)
	}
	seen := map[string]int{}
	for _, r := range w.registry.Seen() {
		if seen[r.Path]++; seen[r.Path] > 1 && r.Path != "/v2/" {
			t.Errorf("50 apps asked %d times for %s", seen[r.Path], r.Path)
		}
	}
}

// TestStaleLock: what is missing and what is too much is named, all of it, with the command that mends it.
func TestStaleLock(t *testing.T) {
	w := newWorld(t)
	files := w.mall()
	locked := withLock(t, w.supply(), files, false)
	with := func(name, old, new string) map[string][]byte {
		out := maps.Clone(locked)
		out[name] = bytes.ReplaceAll(out[name], []byte(old), []byte(new))
		return out
	}
	without := maps.Clone(locked)
	without["mall/Chart.yaml"] = []byte("apiVersion: v2\nname: mall\nversion: 0.1.0\n")
	for want, set := range map[string]map[string][]byte{
		"there is no ferry.lock and the source is not complete:\n  common/Chart.yaml asks for redis": files,
		"mall/Chart.yaml asks for mq 2.x from ":                                                      files,
		"does not fit the source:\n  mall/Chart.yaml asks for mq":                                    with("mall/Chart.yaml", "2.x", "~2"),
		"asked for mq 2.x from " + w.oci("acme"):                                                     without,
		"has version 9.9.9, which does not fit ":                                                     with(LockName, "1.2.0\n", "9.9.9\n"),
		"is no digest: sha256":                                                                       with(LockName, "sha256:", "md5:"),
		"dependency common: the chart in common has version 0.5.0":                                   with("mall/Chart.yaml", "0.x", "1.x"),
	} {
		changed, _, err := w.supply().Complete(context.Background(), set)
		if err == nil || !strings.Contains(err.Error(), want) || changed != nil {
			t.Errorf("%s\ngot %v", want, err)
		}
	}
	_, _, err := w.supply().Complete(context.Background(), files)
	var stale interface {
		Hint() string
		ExitCode() int
	}
	if stale, _ = err.(interface {
		Hint() string
		ExitCode() int
	}); stale == nil || !strings.Contains(stale.Hint(), "ferry vendor") || stale.ExitCode() != 2 {
		t.Errorf("%v has no way out", err)
	}
	old := chartstest.Chart("a", "1.0.0", "x", "{name: b, version: 1.x, repository: https://charts.example.com}")
	old["Chart.lock"], old["charts/b/Chart.yaml"] = []byte("dependencies: []\ndigest: sha256:other\n"), []byte("name: b\nversion: 1.0.0\n")
	if changed, _, err := w.supply().Complete(context.Background(), old); changed != nil || err != nil {
		t.Errorf("a chart whose dependencies are committed, beside an old Chart.lock: %v, %v", changed, err)
	}
	whole := map[string][]byte{"Chart.yaml": []byte("apiVersion: v2\nname: a\nversion: 1.0.0\n")}
	if changed, _, err := w.supply().Complete(context.Background(), whole); changed != nil || err != nil {
		t.Errorf("a source that needs nothing: %v, %v", changed, err)
	}
}

// TestReplacedContent: content under a lock is that content or none.
func TestReplacedContent(t *testing.T) {
	w := newWorld(t)
	locked := withLock(t, w.supply(), w.mall(), false)
	w.charts.Publish("redis", "1.2.0", chartstest.Chart("redis", "1.2.0", "evil"))
	_, _, err := w.supply().Complete(context.Background(), locked)
	if err == nil || !strings.Contains(err.Error(), "the archive has the digest sha256:") {
		t.Error(err)
	}
	w = newWorld(t)
	locked = withLock(t, w.supply(), w.mall(), false)
	w.charts.Close()
	w.registry.Close()
	if _, _, err := w.supply().Complete(context.Background(), locked); err == nil {
		t.Error("complete without a repository")
	}
}

func TestNeedsRefused(t *testing.T) {
	chart := func(dependency string) map[string][]byte {
		return map[string][]byte{"c/Chart.yaml": []byte("apiVersion: v2\nname: c\nversion: 1.0.0\ndependencies: [" + dependency + "]\n")}
	}
	w := newWorld(t)
	for want, files := range map[string]map[string][]byte{
		"names no repository and is not in charts/":    chart("{name: a, version: 1.0.0}"),
		`the repository called "mine", which is not`:   chart(`{name: a, version: 1.0.0, repository: "@mine"}`),
		`called "other", which is not known`:           chart(`{name: a, version: 1.0.0, repository: "alias:other"}`),
		"outside of what is stored":                    chart(`{name: a, version: 1.0.0, repository: "file://../../a"}`),
		"which is no address of charts":                chart(`{name: a, version: 1.0.0, repository: "s3://bucket"}`),
		`"../a" is no name of a chart`:                 chart(`{name: ../a, version: 1.0.0, repository: "https://x.example"}`),
		"holds no chart":                               chart(`{name: a, version: 1.0.0, repository: "file://../a"}`),
		"the chart in c depends on itself":             chart(`{name: c, version: 1.0.0, repository: "file://."}`),
		"a dependency has no name":                     chart(`{version: 1.0.0}`),
		"it cannot be read":                            chart(`{`),
		"outside of the source":                        text(map[string]string{"kustomization.yaml": "helmGlobals: {chartHome: ../x}\nhelmCharts: [{name: a, repo: https://x.example}]\n"}),
		`comes from "git://x", which is no address of`: text(map[string]string{"kustomization.yaml": "helmCharts: [{name: a, repo: git://x}]\n"}),
		"leaves the repository":                        text(map[string]string{"kustomization.yaml": "resources:\n- https://github.com/a/b//../../x?ref=v1\n"}),
	} {
		if _, _, err := w.supply().Vendor(context.Background(), files, false); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s\ngot %v", want, err)
		}
	}
	known := chart(`{name: redis, version: 1.x, repository: "@known"}`)
	w.charts.Publish("redis", "1.2.0", chartstest.Chart("redis", "1.2.0", "r"))
	complete(t, w.supply(), withLock(t, w.supply(), known, false))
}

// TestRemoteBases: bases of other repositories, with their own needs, become part of the source; the same resources come out as
// when everything had been copied by hand.
func TestRemoteBases(t *testing.T) {
	w := newWorld(t)
	w.charts.Publish("web", "1.0.0", chartstest.Chart("web", "1.0.0", "w"))
	deep := newWorld(t)
	deepAddress := deep.serve(map[string]string{"k/kustomization.yaml": "resources: [c.yaml]\n", "k/c.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: deep}\n"})
	web := chartstest.New(t)
	web.Put("/install.yaml", []byte("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: web}\n"))
	address := w.serve(map[string]string{
		"deploy/overlay/kustomization.yaml": "namePrefix: base-\nresources:\n- ../base\n- " + deepAddress + "//k?ref=main # deep\nhelmCharts:\n- {name: web, version: 1.0.0, repo: \"" + w.charts.URL + "\", releaseName: own}\n",
		"deploy/base/kustomization.yaml":    "resources: [a.yaml]\nconfigMapGenerator: [{name: g, files: [f.txt]}]\n",
		"deploy/base/a.yaml":                "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n",
		"deploy/base/f.txt":                 "text",
		"unrelated/secret.yaml":             "not to be taken",
	})
	commit := gittest.Run(t, w.bare, "rev-parse", "main")
	files := text(map[string]string{
		"app/kustomization.yaml": "# ours\nnamespace: x\nresources:\n  - own.yaml\n  - \"" + address + "//deploy/overlay?ref=main\"  # theirs\n  - " + web.URL + "/install.yaml\n",
		"app/own.yaml":           "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: own}\n",
	})
	locked := withLock(t, w.supply(), files, false)
	if !bytes.Contains(locked[LockName], []byte("commit: "+commit)) {
		t.Errorf("the lock does not have commit %s:\n%s", commit, locked[LockName])
	}
	gittest.Commit(t, w.bare, "main", map[string]string{"deploy/base/a.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: moved}\n"})
	got := complete(t, w.supply(), locked)
	if d := strings.Join(paths(got), "\n"); strings.Contains(d, "secret") {
		t.Errorf("more was taken than the base reads:\n%s", d)
	}
	if line := string(got["app/kustomization.yaml"]); !strings.HasPrefix(line, "# ours\nnamespace: x\nresources:\n  - own.yaml\n  - ../ferry.vendor/") || !strings.Contains(line, "  # theirs\n") {
		t.Errorf("rewritten to\n%s", line)
	}
	out, err := kustomize.New().WithCharts(helm.New()).Render(context.Background(), render.Request{Files: got, Dir: "app", Kubernetes: render.Kubernetes{Version: "1.34"}})
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"own", "web", "base-a", "base-deep", "base-own-web", "base-g-"} {
		if !bytes.Contains(out.Raw, []byte("name: "+name)) {
			t.Errorf("there is no %s in\n%s", name, out.Raw)
		}
	}
	web.Put("/install.yaml", []byte("kind: Evil\n"))
	if _, _, err := w.supply().Complete(context.Background(), locked); err == nil || !strings.Contains(err.Error(), "now, not sha256:") {
		t.Errorf("a file that changed: %v", err)
	}
}

// TestBasesStayInTheirRepository: a base cannot reach into whoever uses it, nor through links.
func TestBasesStayInTheirRepository(t *testing.T) {
	for want, files := range map[string]map[string]string{
		"leaves the sources":      {"k/kustomization.yaml": "resources: [../../app/own.yaml]\n"},
		"nor a folder with a":     {"k/kustomization.yaml": "resources: [none]\n"},
		"is not a relative path":  {"k/kustomization.yaml": "resources: [/etc/passwd]\n"},
		"no kustomization.yaml":   {"k/other": "x"},
		"a cycle":                 {"k/kustomization.yaml": "resources: [../k]\n"},
		"would run as a command":  {"k/kustomization.yaml": "generators: [g.yaml]\n", "k/g.yaml": "apiVersion: x/v1\nkind: Exec\nmetadata: {name: a}\n"},
		"patches: \"https://x.ex": {"k/kustomization.yaml": "patches: [{path: https://x.example/p.yaml}]\n"},
	} {
		w := newWorld(t)
		address := w.serve(files)
		source := text(map[string]string{"kustomization.yaml": "resources:\n- " + address + "//k?ref=main\n", "app/own.yaml": "secret: canary\n"})
		_, _, err := w.supply().Vendor(context.Background(), source, false)
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "canary") {
			t.Errorf("%s\ngot %v", want, err)
		}
	}
}

// TestAsHelmVendors compares with `helm dependency update` and `helm dependency build`: the same versions, the same
// archives byte for byte, and Helm's own lock is taken for what it says.
func TestAsHelmVendors(t *testing.T) {
	path, err := exec.Command("go", "tool", "-n", "helm").Output()
	if err != nil {
		t.Fatal(err)
	}
	w := newWorld(t)
	w.mall()
	w.charts.Publish("redis", "1.9.0", chartstest.Chart("redis", "1.9.0", "r"))
	files := chartstest.Chart("shop", "0.1.0", "x", "{name: redis, version: ^1.0.0, repository: "+w.charts.URL+", alias: cache, condition: cache.enabled, tags: [a, b]}",
		"{name: redis, version: 1.2.0, repository: "+w.charts.URL+", alias: queue, import-values: [data, {child: a, parent: b}]}",
		"{name: mq, version: 2.x, repository: \""+w.oci("acme")+"\"}")
	dir := filepath.Join(t.TempDir(), "shop")
	write(t, dir, files)
	run := func(args ...string) {
		t.Helper()
		cmd := exec.Command(strings.TrimSpace(string(path)), append(args, "--plain-http")...)
		if args[0] != "dependency" || args[1] != "update" {
			cmd = exec.Command(strings.TrimSpace(string(path)), args...)
		}
		cmd.Env = []string{"HOME=" + t.TempDir(), "PATH=/nonexistent"}
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("helm %q: %v\n%s", args, err, out)
		}
	}
	run("dependency", "update", dir)
	lock, err := os.ReadFile(filepath.Join(dir, "Chart.lock"))
	if err != nil {
		t.Fatal(err)
	}
	w.charts.Publish("redis", "1.10.0", chartstest.Chart("redis", "1.10.0", "after the lock"))
	files["Chart.lock"] = lock
	got := complete(t, w.supply(), withLock(t, w.supply(), files, false))
	archives, err := filepath.Glob(filepath.Join(dir, "charts", "*.tgz"))
	if err != nil || len(archives) != 3 {
		t.Fatalf("helm vendored %q, %v", archives, err)
	}
	for _, a := range archives {
		want, err := os.ReadFile(a)
		if err != nil {
			t.Fatal(err)
		}
		if name := "charts/" + filepath.Base(a); !bytes.Equal(want, got[name]) {
			t.Errorf("%s is another than Helm's", name)
		}
	}
	files["Chart.yaml"] = bytes.Replace(files["Chart.yaml"], []byte("^1.0.0"), []byte("^1.2.0"), 1)
	_, _, err = w.supply().Vendor(context.Background(), files, false)
	if err == nil || !strings.Contains(err.Error(), "Chart.lock: it is not about the dependencies") {
		t.Errorf("a Chart.lock of other dependencies: %v", err)
	}
}

func write(t *testing.T, dir string, files map[string][]byte) {
	t.Helper()
	for name, data := range files {
		file := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}
