package promote_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/ferry-cd/ferry/git"
	"github.com/ferry-cd/ferry/promote"
	"github.com/ferry-cd/ferry/release"
	"github.com/ferry-cd/ferry/scm"
	"github.com/ferry-cd/ferry/source"
)

// The whole way of one release, and a second run of every command that finds its work done.
func TestAReleaseWalksThroughEveryEnvironment(t *testing.T) {
	w := newWorld(t, ferryYAML, nil)
	w.mustSubmit(1)
	if got := w.version("dev", "shop"); got != "1.1.0" {
		t.Fatalf("dev has %q, want 1.1.0 straight away", got)
	}
	if got := w.file("main", "dev/shop/deployment-shop.yaml"); !strings.Contains(got, "image: ghcr.io/acme/shop:1.1.0@sha256:") {
		t.Errorf("the image is not pinned:\n%s", got)
	}
	w.quiet("before dev is healthy")
	w.healthy("dev")
	w.advance()
	if got := w.version("qa", "shop"); got != "1.1.0" {
		t.Fatalf("qa has %q, want 1.1.0 merged by ferry", got)
	}
	w.quiet("before qa is healthy")
	w.healthy("qa")
	w.advance()
	if got := w.open(); !slices.Equal(got, []string{"2 shop 1.1.0 -> prod"}) {
		t.Fatalf("open: %v", got)
	}
	w.quiet("while prod waits for a person")
	pr, err := w.forge("ada").PullRequest(w.ctx, 2)
	w.must(err)
	_, err = w.forge("ada").MergePullRequest(w.ctx, 2, scm.Merge{Head: pr.HeadSHA})
	w.must(err)
	if got := w.version("prod", "shop"); got != "1.1.0" {
		t.Fatalf("prod has %q", got)
	}
	w.quiet("when all is done")
	if got := w.git("fsck", "--strict", "--no-dangling"); got != "" {
		t.Error(got)
	}
}

// quiet runs advance and the same submit again: neither may write anything.
func (w *world) quiet(when string) {
	w.Helper()
	w.advance() // the first may still post what a pull request waits for
	before := w.refs()
	if r := w.advance(); r.Wrote() {
		w.Errorf("%s: advance wrote again", when)
	}
	rel := w.release("shop", 1)
	rel.Source.Time = w.now
	if _, err := w.submit(rel); err != nil {
		w.Errorf("%s: submit again: %v", when, err)
	}
	if after := w.refs(); after != before {
		w.Errorf("%s: refs moved:\n%s\nnow\n%s", when, before, after)
	}
}

func TestSubmitOrder(t *testing.T) {
	w := newWorld(t, ferryYAML, nil)
	w.mustSubmit(5)
	before := w.refs()
	var older *source.OlderError
	if _, err := w.submit(w.release("shop", 4)); !errors.As(err, &older) {
		t.Errorf("an older release: %v", err)
	}
	other := w.release("shop", 5)
	other.Images[0].Digest = "sha256:" + strings.Repeat("0", 64)
	var conflict *source.ConflictError
	if _, err := w.submit(other); !errors.As(err, &conflict) {
		t.Errorf("other content under the same sequence: %v", err)
	}
	if w.refs() != before {
		t.Error("a refused release wrote something")
	}
}

// A newer release updates the same pull request and names what it supersedes.
func TestANewerReleaseSupersedes(t *testing.T) {
	w := newWorld(t, strings.Replace(ferryYAML, "{name: dev, pullRequest: false}", "{name: dev}", 1), nil)
	w.mustSubmit(1)
	r := w.mustSubmit(2)
	if got := w.open(); !slices.Equal(got, []string{"1 shop 1.2.0 -> dev"}) {
		t.Fatalf("open: %v", got)
	}
	d := r.Done[0]
	if d.Action != promote.ActionUpdate || len(d.Supersedes) != 1 || d.Supersedes[0].Version != "1.1.0" {
		t.Errorf("done: %s, supersedes %v", d.Action, d.Supersedes)
	}
	if log := w.git("log", "-1", "--format=%B", "ferry/dev/shop"); !strings.Contains(log, "Ferry-Supersedes: shop 1.1.0") {
		t.Errorf("trailers:\n%s", log)
	}
	if n := w.git("rev-list", "--count", "main..ferry/dev/shop"); n != "1" {
		t.Errorf("the promotion branch has %s commits on its base, want 1", n)
	}
}

func TestRemovedResourcesGoAndOtherFilesStay(t *testing.T) {
	w := newWorld(t, ferryYAML, nil)
	w.mustSubmit(1)
	w.push("main", map[string]string{"dev/shop/notes.txt": "people's", "dev/shop/extra.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: theirs}\n"})
	w.templates("shop", map[string]string{"deployment.yaml.tmpl": deployment})
	w.mustSubmit(2)
	if w.file("main", "dev/shop/service-shop.yaml") != "" {
		t.Error("a resource that the release does not have any more is still there")
	}
	if w.file("main", "dev/shop/notes.txt") != "people's" || w.file("main", "dev/shop/extra.yaml") == "" {
		t.Error("files that are not ferry's were touched")
	}
}

// Each of these stops a release with a reason and a next step, and writes nothing.
func TestRefusals(t *testing.T) {
	cases := map[string]struct {
		config  string
		prepare func(w *world)
		reason  string
	}{
		"a hand edit": {prepare: func(w *world) {
			w.push("main", map[string]string{"dev/shop/service-shop.yaml": "apiVersion: v1\nkind: Service\nmetadata: {name: shop}\n"})
		}, reason: "edited by hand since ferry wrote it: dev/shop/service-shop.yaml"},
		"a file deleted by hand": {prepare: func(w *world) {
			w.push("main", map[string]string{"dev/shop/service-shop.yaml": ""})
		}, reason: "dev/shop/service-shop.yaml (deleted)"},
		"an edited record": {prepare: func(w *world) {
			w.push("main", map[string]string{"dev/shop/release.lock": strings.Replace(w.file("main", "dev/shop/release.lock"), "1.1.0", "9.9.9", 1)})
		}, reason: "the record was edited by hand"},
		"a lost record": {prepare: func(w *world) {
			w.push("main", map[string]string{"dev/shop/release.lock": ""})
		}, reason: "the folder dev/shop is not ferry's"},
		"an empty render": {prepare: func(w *world) {
			w.templates("shop", map[string]string{"deployment.yaml.tmpl": "{{ if false }}" + deployment + "{{ end }}"})
		}, reason: "no resource"},
		"a resource of somebody else in the folder": {prepare: func(w *world) {
			w.push("main", map[string]string{"dev/shop/theirs.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: limits}\n"})
			w.templates("shop", map[string]string{"d.yaml.tmpl": deployment, "s.yaml.tmpl": service, "c.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: limits}\n"})
		}, reason: "dev/shop/theirs.yaml"},
		"a file of somebody else in the way": {prepare: func(w *world) {
			w.push("main", map[string]string{"dev/shop/configmap-limits.yaml": "not even YAML: ["})
			w.templates("shop", map[string]string{"d.yaml.tmpl": deployment, "s.yaml.tmpl": service, "c.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: limits}\n"})
		}, reason: "dev/shop/configmap-limits.yaml exists and is not ferry's"},
		"a template error": {prepare: func(w *world) {
			w.templates("shop", map[string]string{"deployment.yaml.tmpl": "{{ .Values.nowhere.deep }}"})
		}, reason: "deployment.yaml.tmpl:1:"},
		"an image that is nowhere": {prepare: func(w *world) {
			w.templates("shop", map[string]string{"s.yaml.tmpl": service})
		}, reason: "ghcr.io/acme/shop"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, ferryYAML, nil)
			w.mustSubmit(1)
			c.prepare(w)
			before := w.refs()
			_, err := w.submit(w.release("shop", 2))
			if err == nil || !strings.Contains(err.Error(), c.reason) {
				t.Fatalf("got %v, want %q", err, c.reason)
			}
			if w.refs() != before {
				t.Error("something was written")
			}
		})
	}
}

const two = `version: 1
defaults:
  kubernetes: {version: "1.34"}
apps:
  - {name: shop, source: {repository: https://example.com/acme/apps, path: shop}, images: [{name: ghcr.io/acme/shop}], namespace: store}
  - {name: search, source: {repository: https://example.com/acme/apps, path: search}, images: [{name: ghcr.io/acme/search}], namespace: store}
environments:
  - {name: dev, pullRequest: false}
`

func TestOneIdentityInTwoApps(t *testing.T) {
	w := newWorld(t, two, nil)
	shared := "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: {name: reader}\nrules: []\n"
	w.templates("shop", map[string]string{"d.yaml.tmpl": deployment, "r.yaml": shared})
	w.templates("search", map[string]string{"d.yaml.tmpl": deployment, "r.yaml": shared})
	w.mustSubmit(1)
	_, err := w.submit(w.release("search", 1))
	if err == nil || !strings.Contains(err.Error(), "is in search (clusterrole-reader.yaml) and in shop (clusterrole-reader.yaml)") {
		t.Errorf("got %v", err)
	}
}

// One commit for all apps of a release document, where the environment is written directly.
func TestOneCommitForManyApps(t *testing.T) {
	w := newWorld(t, two, nil)
	w.templates("search", map[string]string{"d.yaml.tmpl": deployment})
	before := w.head("main")
	_, err := w.submit(w.release("shop", 1), w.release("search", 1))
	w.must(err)
	if n := w.git("rev-list", "--count", string(before)+"..main"); n != "1" {
		t.Errorf("%s commits, want 1", n)
	}
	if w.version("dev", "shop") == "" || w.version("dev", "search") == "" {
		t.Error("an app is missing")
	}
}

func TestProven(t *testing.T) {
	cases := map[string]struct {
		tell func(w *world)
		want string // what qa holds afterwards
	}{
		"nobody said anything":           {func(w *world) {}, ""},
		"a stranger says success":        {func(w *world) { w.says("mallory", "dev", "shop", scm.Success) }, ""},
		"pending":                        {func(w *world) { w.says("connector", "dev", "shop", scm.Pending) }, ""},
		"superseded":                     {func(w *world) { w.says("connector", "dev", "shop", scm.Superseded) }, ""},
		"success":                        {func(w *world) { w.healthy("dev") }, "1.1.0"},
		"success of another environment": {func(w *world) { w.healthy("qa") }, ""},
		"success, then failure": {func(w *world) {
			w.healthy("dev")
			w.says("connector", "dev", "shop", scm.Failure)
		}, ""},
		"failure, then success": {func(w *world) {
			w.says("connector", "dev", "shop", scm.Failure)
			w.healthy("dev")
		}, "1.1.0"},
		"success on a later commit that does not touch the app": {func(w *world) {
			w.push("main", map[string]string{"README.md": "news\n"})
			w.healthy("dev")
		}, "1.1.0"},
		"success before the release came": {func(w *world) {
			w.healthy("dev")
			w.mustSubmit(2)
		}, "1.1.0"}, // of the two, only the first was proven
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, ferryYAML, nil)
			w.mustSubmit(1)
			c.tell(w)
			w.advance()
			if got := w.version("qa", "shop"); got != c.want {
				t.Errorf("qa holds %q, want %q", got, c.want)
			}
		})
	}
}

// A rollback upstream takes the newer release out of the way: what came before it may go on, it may not.
func TestAnOlderReleaseUpstreamStopsTheNewerOne(t *testing.T) {
	w := newWorld(t, ferryYAML, nil)
	w.mustSubmit(1)
	first := w.git("rev-parse", "main")
	w.mustSubmit(2)
	w.healthy("dev")
	w.tick()
	// A person brings dev back to the first release with git alone.
	files := map[string]string{}
	for _, f := range strings.Fields(w.git("ls-tree", "--name-only", first+":dev/shop")) {
		files["dev/shop/"+f] = w.git("show", first+":dev/shop/"+f) + "\n"
	}
	w.push("main", files)
	w.advance()
	if got := w.version("qa", "shop"); got != "" {
		t.Errorf("qa got %s, which dev does not run any more", got)
	}
}

// A file that only one environment reads refreshes that environment; a shared one walks the road of a release.
func TestConfigurationTravels(t *testing.T) {
	w := newWorld(t, ferryYAML, map[string]string{"values/shop.yaml": "replicas: 2\n"})
	w.mustSubmit(1)
	w.healthy("dev")
	w.advance()
	replicas := func(environment string) string {
		_, after, _ := strings.Cut(w.file("main", environment+"/shop/deployment-shop.yaml"), "replicas: ")
		n, _, _ := strings.Cut(after, "\n")
		return n
	}
	if got := replicas("qa"); got != "2" {
		t.Fatalf("qa has %s replicas", got)
	}
	w.push("main", map[string]string{"values/qa/shop.yaml": "replicas: 5\n"})
	dev := w.git("rev-parse", "main:dev")
	w.advance()
	if got := replicas("qa"); got != "5" {
		t.Errorf("after a change of its own file qa has %s replicas, want 5", got)
	}
	if w.git("rev-parse", "main:dev") != dev {
		t.Error("dev was touched by a file that only qa reads")
	}
	w.push("main", map[string]string{"values/qa/shop.yaml": "", "values/shop.yaml": "replicas: 3\n"})
	w.advance()
	if dev, qa := replicas("dev"), replicas("qa"); dev != "3" || qa != "2" {
		t.Errorf("a shared change nobody has proven: dev has %s, want 3; qa has %s, want 2", dev, qa)
	}
	w.healthy("dev")
	w.advance()
	if got := replicas("qa"); got != "3" {
		t.Errorf("after dev proved it, qa has %s replicas, want 3", got)
	}
}

func TestAClosedPullRequestStaysClosed(t *testing.T) {
	w := newWorld(t, strings.Replace(ferryYAML, "{name: dev, pullRequest: false}", "{name: dev}", 1), nil)
	w.mustSubmit(1)
	w.must(w.forge("ada").ClosePullRequest(w.ctx, 1, "not this one"))
	r := w.advance()
	if got := w.open(); got != nil {
		t.Fatalf("open again: %v", got)
	}
	if len(r.Plan.Waiting) != 1 || !strings.Contains(waits(r), "ada closed pull request #1") {
		t.Errorf("waiting: %+v", r.Plan.Waiting)
	}
	if _, err := w.run(promote.Options{Explicit: true, Scope: promote.Scope{Apps: []string{"shop"}, Environments: []string{"dev"}}}); err != nil {
		t.Fatal(err)
	}
	if got := w.open(); !slices.Equal(got, []string{"2 shop 1.1.0 -> dev"}) {
		t.Errorf("asked for by name: %v", got)
	}
	w.must(w.forge("ada").ClosePullRequest(w.ctx, 2, "not this one either"))
	w.mustSubmit(2)
	if got := w.open(); !slices.Equal(got, []string{"3 shop 1.2.0 -> dev"}) {
		t.Errorf("a newer release: %v", got)
	}
}

// A person's commit on the promotion branch stops the bot; it is neither overwritten nor merged.
func TestForeignWorkOnThePromotionBranch(t *testing.T) {
	w := newWorld(t, strings.Replace(ferryYAML, "{name: dev, pullRequest: false}", "{name: dev, merge: auto, gates: {manual: true}}", 1), nil)
	w.mustSubmit(1)
	theirs := w.push("ferry/dev/shop", map[string]string{"dev/shop/service-shop.yaml": "apiVersion: v1\nkind: Service\nmetadata: {name: other}\n"})
	r := w.mustSubmit(2)
	if w.head("ferry/dev/shop") != theirs {
		t.Fatal("a person's commit was overwritten")
	}
	if len(r.Plan.Waiting) == 0 || !strings.Contains(r.Plan.Waiting[0].Reason, "work of somebody else: it changes dev/shop/service-shop.yaml") {
		t.Errorf("waiting: %+v", r.Plan.Waiting)
	}
}

func TestAdopt(t *testing.T) {
	existing := map[string]string{
		"prod/shop/all.yaml":    "# written by hand\napiVersion: v1\nkind: Service\nmetadata:\n  name: shop\nspec:\n  ports: [{port: 80}]\n  selector: {app: shop}\n",
		"prod/shop/theirs.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: theirs}\n",
	}
	w := newWorld(t, strings.Replace(ferryYAML, "{name: prod, after: [qa]}", "{name: prod}", 1), existing)
	if _, err := w.submit(w.release("shop", 1)); err == nil || !strings.Contains(err.Error(), "the folder prod/shop is not ferry's") {
		t.Fatalf("without adopt: %v", err)
	}
	w.templates("shop", map[string]string{"d.yaml.tmpl": deployment, "s.yaml.tmpl": service})
	adopt := promote.Options{Adopt: true, Explicit: true, Scope: promote.Scope{Apps: []string{"shop"}, Environments: []string{"prod"}}}
	if _, err := source.NewStore(w.ferry().Repo).Accept(w.ctx, w.apps, []release.Release{w.release("shop", 1)}); err != nil {
		t.Fatal(err)
	}
	r, err := w.run(adopt)
	w.must(err)
	c := r.Done[0].Changes[0]
	if !slices.Equal(c.Adopted, []string{"all.yaml"}) {
		t.Errorf("adopted %v", c.Adopted)
	}
	if got := c.Diff.Totals; got.Added != 1 || got.Changed != 0 || got.Removed != 0 {
		t.Errorf("the Deployment is new, the Service the same: %+v", got)
	}
	pr, err := w.forge("ada").PullRequest(w.ctx, r.Done[0].PullRequest.Number)
	w.must(err)
	_, err = w.forge("ada").MergePullRequest(w.ctx, pr.Number, scm.Merge{Head: pr.HeadSHA})
	w.must(err)
	if w.file("main", "prod/shop/all.yaml") != "" || w.file("main", "prod/shop/theirs.yaml") == "" || w.file("main", "prod/shop/service-shop.yaml") == "" {
		t.Error("what was taken over is replaced, what is somebody else's stays")
	}
	w.advance()
	if got := w.open(); got != nil {
		t.Errorf("still open: %v", got)
	}
}

// Several runs at once: the newest release wins, with one pull request.
func TestManyWritersAtOnce(t *testing.T) {
	w := newWorld(t, strings.Replace(ferryYAML, "{name: dev, pullRequest: false}", "{name: dev}", 1), nil)
	const writers = 6
	type end struct {
		n   int64
		err error
	}
	ends := make(chan end)
	for n := int64(1); n <= writers; n++ {
		p := w.ferry()
		go func() {
			s, err := p.Load(w.ctx, promote.Scope{})
			if err == nil {
				var in *source.Intake
				if in, err = p.Sources.(*source.Store).Intake(w.ctx, w.apps, []release.Release{w.release("shop", n)}); err == nil {
					var r *promote.Report
					if r, err = p.Submit(w.ctx, s, in, promote.Options{Scope: promote.Scope{Apps: []string{"shop"}}}); err == nil {
						err = r.Errors()
					}
				}
			}
			ends <- end{n, err}
		}()
	}
	for range writers {
		e := <-ends
		var older *source.OlderError
		var moved *git.MovedError
		if e.err != nil && !errors.As(e.err, &older) && !errors.As(e.err, &moved) {
			t.Errorf("release %d: %v", e.n, e.err)
		}
		if e.err != nil && e.n == writers {
			t.Errorf("the newest release did not get in: %v", e.err)
		}
	}
	if got := w.open(); !slices.Equal(got, []string{"1 shop 1.6.0 -> dev"}) {
		w.advance()
		if got = w.open(); !slices.Equal(got, []string{"1 shop 1.6.0 -> dev"}) {
			t.Errorf("open: %v", got)
		}
	}
	if got := w.git("fsck", "--strict", "--no-dangling"); got != "" {
		t.Error(got)
	}
}
