package main

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	githubfake "github.com/ferry-cd/ferry/scm/github/fake"
	"github.com/ferry-cd/ferry/scm/scmtest/hosttest"
	"github.com/ferry-cd/ferry/setup"
	"github.com/ferry-cd/ferry/source/registry/registrytest"
)

// clinic is a GitOps repository on a GitHub in which everything is right, until a test puts something wrong.
type clinic struct {
	*githubfake.Fake
	t     *testing.T
	files map[string]string
	env   map[string]string
	late  time.Duration // of this machine's clock
	image string        // that the release of live carries
	rule  githubfake.Ruleset
}

const wholesome = `version: 1
defaults: {kubernetes: {version: "1.34"}, values: ["values/{app}.yaml"]}
apps:
  - {name: shop, source: {repository: https://example.com/acme/shop, path: deploy}, namespace: shop}
environments:
  - {name: dev, merge: auto}
  - {name: prod, after: [dev], merge: auto, reviewers: [ada], gates: {approvals: {count: 1, from: [ada, team/release]}}}
overrides: [{environments: [prod], gates: [soak], by: [ada]}]
trust: {connector: [ferry-connector]}
`

func newClinic(t *testing.T) *clinic {
	f := githubfake.New(t)
	return &clinic{Fake: f, t: t, files: map[string]string{"ferry.yaml": wholesome, "values/shop.yaml": "a: 1\n"},
		env:  map[string]string{"FERRY_REPO": f.Repo.Remote(), "FERRY_FORGE": "github", "FERRY_TOKEN": f.Token(githubfake.Bot)},
		rule: githubfake.Ruleset{Branch: "main", Bypass: "never", Rule: githubfake.Rule{Statuses: []string{"ferry/gates"}}}}
}

// says replaces something in ferry.yaml.
func (c *clinic) says(was, is string) {
	c.t.Helper()
	text := strings.Replace(c.files["ferry.yaml"], was, is, 1)
	if text == c.files["ferry.yaml"] {
		c.t.Fatalf("ferry.yaml has no %q", was)
	}
	c.files["ferry.yaml"] = text
}

// push commits the files onto main, past every rule.
func (c *clinic) push() {
	c.t.Helper()
	files := map[string]*string{}
	for name, text := range c.files {
		files[name] = &text
	}
	was, _ := c.Repo.Head("main")
	if err := c.Repo.SetRef("main", was, c.Repo.Commit(was, files, "files", "Ada <ada@example.com>")); err != nil {
		c.t.Fatal(err)
	}
}

// live brings a release into dev.
func (c *clinic) live() {
	c.t.Helper()
	c.push()
	if out, code := c.submit(); code != 0 {
		c.t.Fatal(out)
	}
	if out, code := c.run("status"); code != 0 || !strings.Contains(out, "1.0.0") {
		c.t.Fatal(out)
	}
}

// submit announces a release of the shop.
func (c *clinic) submit() (string, int) {
	c.t.Helper()
	dir := c.t.TempDir()
	service := "apiVersion: v1\nkind: Service\nmetadata: {name: shop}\nspec: {ports: [{port: 80}]}\n"
	if err := os.Mkdir(filepath.Join(dir, "deploy"), 0o755); err != nil {
		c.t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "deploy", "service.yaml"), []byte(service), 0o600); err != nil {
		c.t.Fatal(err)
	}
	if c.image != "" {
		name, _, _ := strings.Cut(c.image, "@")
		pod := "apiVersion: v1\nkind: Pod\nmetadata: {name: shop}\nspec: {containers: [{name: shop, image: " + name + "}]}\n"
		if err := os.WriteFile(filepath.Join(dir, "deploy", "pod.yaml"), []byte(pod), 0o600); err != nil {
			c.t.Fatal(err)
		}
	}
	for _, args := range [][]string{{"init", "-q", "-b", "main"}, {"add", "."}, {"-c", "user.name=a", "-c", "user.email=a@example.com", "commit", "-qm", "Shop"}, {"remote", "add", "origin", "https://example.com/acme/shop"}} {
		if out, err := exec.Command("git", append([]string{"-C", dir}, args...)...).CombinedOutput(); err != nil {
			c.t.Fatalf("%s", out)
		}
	}
	submit := []string{"submit", "--source", dir, "--app", "shop", "--version", "1.0.0", "--sequence", "1"}
	if c.image != "" {
		submit = append(submit, "--image", c.image)
	}
	return c.run(submit...)
}

func (c *clinic) run(args ...string) (string, int) {
	var out, errs bytes.Buffer
	a := &app{In: strings.NewReader(""), Out: &out, Err: &errs, Now: func() time.Time { return time.Now().Add(c.late) }, Getenv: func(name string) string { return c.env[name] }, Dir: c.t.TempDir()}
	for flag, variable := range map[string]string{"--repo": "FERRY_REPO", "--forge": "FERRY_FORGE"} { // flags read the real environment
		if c.env[variable] != "" {
			args = append(args, flag, c.env[variable])
		}
	}
	code := a.main(context.Background(), append([]string{"ferry"}, args...))
	if args[0] != "doctor" {
		out.Write(errs.Bytes())
	}
	return out.String(), code
}

// examine runs doctor and gives what it finds.
func (c *clinic) examine() (ids []string, found []setup.Finding, code int) {
	c.t.Helper()
	if c.rule.Branch != "" {
		c.AddRuleset(c.rule)
	}
	out, code := c.run("doctor", "-o", "json")
	var doc struct{ Findings []setup.Finding }
	if err := json.Unmarshal([]byte(out), &doc); err != nil {
		c.t.Fatalf("%v: %s", err, out)
	}
	for _, f := range doc.Findings {
		ids = append(ids, f.ID)
	}
	return ids, doc.Findings, code
}

// misconfigurations are what people get wrong, each with the finding that names it.
var misconfigurations = []struct {
	id, name string
	wrong    func(c *clinic)
}{
	{"repository", "no repository is named", func(c *clinic) { delete(c.env, "FERRY_REPO") }},
	{"repository", "the repository has no ferry.yaml", func(c *clinic) { delete(c.files, "ferry.yaml") }},
	{"repository-missing", "there is no such repository", func(c *clinic) { c.env["FERRY_REPO"] = c.URL() + "/acme/gitosp.git" }},
	{"credentials", "there is no token", func(c *clinic) { delete(c.env, "FERRY_TOKEN") }},
	{"token-refused", "the token is wrong", func(c *clinic) { c.env["FERRY_TOKEN"] = "ghp_typo" }},
	{"forge-unknown", "the host does not tell the forge", func(c *clinic) { delete(c.env, "FERRY_FORGE") }},
	{"permission-missing", "the token may only read", func(c *clinic) { c.env["FERRY_TOKEN"] = c.Token(githubfake.Reader) }},
	{"token-too-strong", "the token is an administrator's", func(c *clinic) { c.env["FERRY_TOKEN"] = c.Host.Person("root", hosttest.Admin) }},
	{"job-token", "ferry works with a job's token", func(c *clinic) { c.env["FERRY_TOKEN"] = c.Host.Person("github-actions[bot]", hosttest.Write) }},
	{"clock", "the clock is an hour late", func(c *clinic) { c.late = -time.Hour }},
	{"configuration", "a key is misspelt", func(c *clinic) { c.says("environments:\n", "enviroments:\n") }},
	{"configuration", "an environment comes after one that is not there", func(c *clinic) { c.says("after: [dev]", "after: [test]") }},
	{"repository", "an environment's branch is not there", func(c *clinic) { c.says("{name: prod,", "{name: prod, branch: env/prod,") }},
	{"source-unnamed", "an app's source was never named", func(c *clinic) { c.says("https://example.com/acme/shop", setup.Unknown) }},
	{"file-missing", "a values file is not there", func(c *clinic) { delete(c.files, "values/shop.yaml") }},
	{"policy", "a policy cannot be read", func(c *clinic) { c.files["ferry.yaml"] += "policies: [{name: x, rule: \"object.\", message: m}]\n" }},
	{"configuration-warning", "soak counts where nobody checks", func(c *clinic) {
		c.says("merge: auto}", "merge: auto, health: {from: merged}}")
		c.says("gates: {", "gates: {soak: 1h, ")
	}},
	{"unprotected", "main is not protected", func(c *clinic) { c.rule.Branch = "" }},
	{"bypass", "ferry may pass the rules", func(c *clinic) { c.rule.Bypass = "always" }},
	{"unsigned", "main takes signed commits only", func(c *clinic) { c.rule.Signed = true }},
	{"merge-methods", "only rebase is allowed, which signs nothing", func(c *clinic) { c.rule.Signed = true; c.Methods = map[string]bool{"rebase": true} }},
	{"gates-not-required", "people may merge before the gates", func(c *clinic) {
		c.says("after: [dev], merge: auto", "after: [dev], merge: review")
		c.rule.Rule = githubfake.Rule{Approvals: 1}
	}},
	{"queue-outlasts-calendar", "a queue may merge when the window has closed", func(c *clinic) {
		c.says("gates: {", "gates: {windows: [{days: [Mon], from: \"09:00\", to: \"16:00\", zone: UTC}], ")
		c.rule.Rule = githubfake.Rule{Queue: true}
	}},
	{"direct-into-protected", "dev is written straight to a protected branch", func(c *clinic) { c.says("{name: dev, merge: auto}", "{name: dev, pullRequest: false}") }},
	{"own-branch-protected", "ferry's own branch is protected", func(c *clinic) {
		c.AddRuleset(githubfake.Ruleset{Branch: "ferry-state", Bypass: "never", Rule: githubfake.Rule{Approvals: 1}})
	}},
	{"reviewer-unknown", "a reviewer is not there", func(c *clinic) { c.says("reviewers: [ada]", "reviewers: [aad]") }},
	{"reviewer-unknown", "a reviewer may only read", func(c *clinic) { c.says("reviewers: [ada]", "reviewers: [rita]") }},
	{"team-unknown", "a team is not there", func(c *clinic) { c.says("team/release", "team/relaese") }},
	{"approvals-impossible", "more approvals than people", func(c *clinic) { c.says("count: 1", "count: 3") }},
	{"override-unknown", "who may override is not there", func(c *clinic) { c.says("by: [ada]", "by: [adda]") }},
	{"label-too-long", "a label does not fit", func(c *clinic) { c.says("reviewers: [ada]", "labels: ["+strings.Repeat("long", 20)+"]") }},
	{"trust-empty", "everybody's statuses count", func(c *clinic) { c.says("trust: {connector: [ferry-connector]}", "") }},
	{"never-reported", "no connector has ever reported", func(c *clinic) { c.live(); c.late = time.Hour }},
	{"orphan", "an app has left ferry.yaml", func(c *clinic) { c.live(); c.says("{name: shop,", "{name: shop2,"); c.files["values/shop2.yaml"] = "" }},
	{"record-unreadable", "a record was edited", func(c *clinic) { c.live(); c.files["dev/shop/release.lock"] = "version: 1\n" }},
	{"cannot-promote", "a manifest was edited by hand", func(c *clinic) {
		c.live()
		c.files["dev/shop/service-shop.yaml"] = "kind: Service\n"
		c.files["values/shop.yaml"] = "a: 2\n"
	}},
	{"hold-forgotten", "a hold without an end is old", func(c *clinic) {
		c.files[".ferry/holds/old.yaml"] = "version: 1\nreason: migration\nby: ada\nsince: 2020-01-01T00:00:00Z\n"
	}},
	{"image", "an image is gone", func(c *clinic) {
		s := registrytest.New()
		c.t.Cleanup(s.Close)
		c.image = strings.TrimPrefix(s.URL, "http://") + "/acme/shop@sha256:" + strings.Repeat("1", 64)
		c.live()
	}},
	{"notify", "nobody can hear", func(c *clinic) { c.files["ferry.yaml"] += "notify: [{to: CHAT}]\n" }},
	{"notify", "an address is none", func(c *clinic) { c.files["ferry.yaml"] += "notify: [{to: CHAT}]\n"; c.env["CHAT"] = "xoxb-secret" }},
}

// TestDoctor seeds each misconfiguration and wants it found, with a cause and a way out, where a right repository has none.
func TestDoctor(t *testing.T) {
	t.Run("nothing", func(t *testing.T) {
		c := newClinic(t)
		c.push()
		if ids, found, code := c.examine(); len(ids) > 0 || code != 0 {
			t.Errorf("%d, %+v", code, found)
		}
	})
	t.Run("a queue that asks for the gates", func(t *testing.T) {
		c := newClinic(t)
		c.says("gates: {", "gates: {windows: [{days: [Mon], from: \"09:00\", to: \"16:00\", zone: UTC}], ")
		c.rule.Queue = true
		c.push()
		if _, found, code := c.examine(); len(found) > 0 || code != 0 {
			t.Errorf("%d, %+v", code, found)
		}
	})
	for _, m := range misconfigurations {
		t.Run(m.name, func(t *testing.T) {
			t.Parallel()
			c := newClinic(t)
			m.wrong(c)
			c.push()
			ids, found, code := c.examine()
			i := slices.Index(ids, m.id)
			if i < 0 {
				t.Fatalf("%s is not among %+v", m.id, found)
			}
			if f := found[i]; f.What == "" || f.Why == "" || f.Fix == "" {
				t.Errorf("%+v", f)
			}
			bad := slices.ContainsFunc(found, func(f setup.Finding) bool { return f.Severity == setup.Bad })
			if bad != (code == exitError) {
				t.Errorf("exit code %d with %+v", code, found)
			}
		})
	}
}
