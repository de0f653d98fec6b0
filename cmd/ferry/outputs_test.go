package main

import (
	"bytes"
	"cmp"
	"encoding/json"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/urfave/cli/v2"

	"github.com/ferry-cd/ferry/ledger"
)

// Sequences that a terminal obeys, as they come from outside: a title, a colour, a line that is taken back, a bell.
const canary = "\x1b]0;owned\x07\x1b[31mred\x1b[0m\r\x1b[2K\u009b31m"

// bench is a person's machine with an app, a GitOps repository and its bare copy, which is the forge.
type bench struct {
	t        *testing.T
	dir      string
	out, err bytes.Buffer
}

func (b *bench) git(args ...string) string {
	b.t.Helper()
	cmd := exec.Command("git", args...)
	cmd.Dir = b.dir
	cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL="+os.DevNull, "GIT_AUTHOR_NAME=Ada "+canary, "GIT_AUTHOR_EMAIL=ada@example.com", "GIT_COMMITTER_NAME=Ada", "GIT_COMMITTER_EMAIL=ada@example.com")
	out, err := cmd.CombinedOutput()
	if err != nil {
		b.t.Fatalf("git %v: %v\n%s", args, err, out)
	}
	return strings.TrimSpace(string(out))
}

func (b *bench) write(path, data string) {
	b.t.Helper()
	full := filepath.Join(b.dir, path)
	if err := os.MkdirAll(filepath.Dir(full), 0o755); err != nil {
		b.t.Fatal(err)
	}
	if err := os.WriteFile(full, []byte(data), 0o644); err != nil {
		b.t.Fatal(err)
	}
}

// ferry runs one command line and gives its exit code.
func (b *bench) ferry(dir string, args ...string) int {
	b.out.Reset()
	b.err.Reset()
	if !slices.Contains([]string{"version", "validate", "config", "explain", "notify", "codeowners", "init", "vendor"}, args[0]) && (args[0] != "connector" || args[1] == "artifact") {
		args = append(args, "--repo", filepath.Join(b.dir, "gitops.git"))
	}
	env := map[string]string{"GIT_CONFIG_GLOBAL": os.DevNull, "USER": "ada"}
	a := &app{In: strings.NewReader(""), Out: &b.out, Err: &b.err, Now: time.Now, Getenv: func(k string) string { return env[k] }, Dir: filepath.Join(b.dir, cmp.Or(dir, "gitops"))}
	return a.main(b.t.Context(), append([]string{"ferry"}, args...))
}

const benchConfig = `version: 1
defaults: {kubernetes: {version: "1.34"}}
apps:
  - name: shop
    source: {repository: https://example.com/acme/shop, path: charts/shop}
    images: [{name: ghcr.io/acme/shop}]
    namespace: shop
environments:
  - {name: dev, pullRequest: false}
  - {name: prod, after: [dev], merge: auto, gates: {approvals: {count: 1}}}
trust: {connector: [connector]}
`

func newBench(t *testing.T) *bench {
	b := &bench{t: t, dir: t.TempDir()}
	b.write("app/charts/shop/Chart.yaml", "apiVersion: v2\nname: shop\nversion: 1.0.0\n")
	b.write("app/charts/shop/values.yaml", "{}\n")
	b.write("app/charts/shop/templates/deployment.yaml", "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: shop}\nspec:\n  selector: {matchLabels: {app: shop}}\n  template:\n"+
		"    metadata: {labels: {app: shop}}\n    spec: {containers: [{name: shop, image: ghcr.io/acme/shop}]}\n")
	b.write("app/charts/shop/templates/config.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: shop}\ndata: {text: \"\\e]0;owned\\a\\e[31mred\"}\n")
	b.git("init", "-q", "-b", "main", "app")
	b.git("-C", "app", "remote", "add", "origin", "https://example.com/acme/shop.git")
	b.commitApp("one")
	b.write("gitops/ferry.yaml", benchConfig)
	b.git("init", "-q", "-b", "main", "gitops")
	b.git("-C", "gitops", "add", ".")
	b.git("-C", "gitops", "commit", "-qm", "Environments")
	b.git("clone", "-q", "--bare", "gitops", "gitops.git")
	return b
}

func (b *bench) commitApp(what string) {
	b.write("app/charts/shop/values.yaml", "what: "+what+"\n")
	b.git("-C", "app", "add", ".")
	b.git("-C", "app", "commit", "-qm", "Change "+what+" "+canary)
}

func (b *bench) branch(name string) {
	b.git("clone", "-q", "gitops.git", "clone-"+name)
	b.write("clone-"+name+"/"+name+".txt", name+canary+"\n")
	b.git("-C", "clone-"+name, "checkout", "-q", "-b", name)
	b.git("-C", "clone-"+name, "add", ".")
	b.git("-C", "clone-"+name, "commit", "-qm", name)
	b.git("-C", "clone-"+name, "push", "-q", "origin", name)
}

// turn is one command of the scenario, with the schema of what it prints. prepare is done before it.
type turn struct {
	args    string
	schema  string
	code    int
	dir     string
	prepare func(b *bench)
}

func image(n string) string { return " --image ghcr.io/acme/shop:1@sha256:" + strings.Repeat(n, 64) }

var life = []turn{
	{args: "version", schema: "version"},
	{args: "validate", schema: "validation", dir: "gitops"},
	{args: "config --app shop --env prod", schema: "config", dir: "gitops"},
	{args: "explain gates", schema: "explanation"},
	{args: "explain risks", schema: "explanation"},
	{args: "notify", schema: "failure", code: exitUsage, dir: "gitops"},
	{args: "init", schema: "start", dir: "fresh", prepare: func(b *bench) { b.write("fresh/README.md", "# Fresh\n") }},
	{args: "codeowners --owner grace", schema: "owners", dir: "gitops"},
	{args: "new app other --plan --source https://example.com/acme/other --path charts/other", schema: "new-app"},
	{args: "doctor", schema: "findings"},
	{args: "vendor ../app/charts/shop", schema: "lock", dir: "gitops"},
	{args: "prune --plan", schema: "pruned"},
	{args: "connector check", schema: "connector-check", code: exitError, dir: "gitops", prepare: func(b *bench) { // there is no cluster
		b.write("gitops/connector.yaml", "version: 1\nrepositories: [{url: "+strconv.Quote(filepath.Join(b.dir, "gitops.git"))+"}]\n")
	}},
	{args: "connector artifact --digest sha256:" + strings.Repeat("1", 64) + " --commit MAIN", schema: "artifact"},
	{args: "explain gtaes", schema: "failure", code: exitUsage},
	{args: "plan --app shop --version 1.0 --sequence 1 --source ../app" + image("1"), schema: "report"},
	{args: "submit --app shop --version 1.0 --sequence 1 --source ../app" + image("1"), schema: "report"},
	{args: "wait --app shop --env dev --release 1.0 --for merged", schema: "wait"},
	{args: "report --app shop --env dev --state success --as connector --text TEXT", schema: "posted-status"},
	{args: "status", schema: "status"},
	{args: "where 1.0", schema: "where"},
	{args: "advance", schema: "report"},
	{args: "plan", schema: "report"},
	{args: "check --pr 1", schema: "promotion"},
	{args: "pr list", schema: "pull-requests"},
	{args: "pr show 1", schema: "pull-request"},
	{args: "pr diff 1", schema: "files"},
	{args: "pr comment 1 --body TEXT --as grace", schema: "pull-request"},
	{args: "pr request-changes 1 --body TEXT --as grace", schema: "pull-request"},
	{args: "gates --commit PROD", schema: "gates", code: exitRefused},
	{args: "pr approve 1 --as grace", schema: "pull-request"},
	{args: "advance", schema: "report"},
	{args: "report --app shop --env prod --state success --as connector", schema: "posted-status"},
	{args: "diff --env dev --env prod", schema: "diff"},
	{args: "hold --app shop --env prod --reason TEXT", schema: "holds"},
	{args: "hold --list", schema: "holds"},
	{args: "resume --app shop --env prod", schema: "holds"},
	{args: "submit --app shop --version 2.0 --sequence 2 --source ../app" + image("2"), schema: "report", prepare: func(b *bench) { b.commitApp("two") }},
	{args: "submit --app shop --version 1.5 --sequence 2 --source ../app" + image("3"), schema: "failure", code: exitRefused},
	{args: "submit --app shop --version 0.5 --sequence 1 --source ../app" + image("3"), schema: "report"},
	{args: "submit --app shop --version 0.5 --sequence 1 --fail-superseded --source ../app" + image("3"), schema: "report", code: exitSuperseded},
	{args: "wait --app shop --env dev --release 1.0 --for healthy", schema: "wait", code: exitSuperseded},
	{args: "wait --app shop --env dev --release 2.0 --timeout 1ms --every 1ms", schema: "wait", code: exitTimedOut},
	{args: "report --app shop --env dev --state success --as connector", schema: "posted-status"},
	{args: "plan --detailed-exitcode", schema: "report", code: exitChanges},
	{args: "promote --app shop --env prod", schema: "report"},
	{args: "rollback --app shop --env dev --reason TEXT", schema: "report"},
	{args: "hotfix --app shop --env prod --base 1.0 --reason TEXT --version 1.0.1 --sequence 3 --source ../app" + image("4"), schema: "report", prepare: func(b *bench) { b.commitApp("three") }},
	{args: "adopt --app shop --env dev", schema: "report", code: exitRefused},
	{args: "upgrade --plan", schema: "upgrades"},
	{args: "upgrade", schema: "report"},
	{args: "audit", schema: "audit"},
	{args: "audit --confirm --app shop --env prod --as grace", schema: "failure", code: exitRefused},
	{args: "retire --app shop --reason TEXT", schema: "report"},
	{args: "pr create other --title TEXT --body TEXT --as ada", schema: "pull-request-created", prepare: func(b *bench) { b.branch("other") }},
	{args: "check --commit OTHER", schema: "report"},
	{args: "pr close LAST --as ada", schema: "pull-request"},
	{args: "pr reopen LAST --as ada", schema: "pull-request"},
	{args: "pr merge LAST --as ada", schema: "pull-request"},
}

// play runs a turn; words in capitals are filled in.
func (b *bench) play(s turn, more ...string) int {
	if s.prepare != nil {
		s.prepare(b)
	}
	args := strings.Fields(s.args)
	for i, arg := range args {
		switch arg {
		case "TEXT":
			args[i] = "Look: " + canary
		case "MAIN":
			args[i] = b.git("-C", "gitops.git", "rev-parse", "main")
		case "PROD":
			args[i] = b.git("-C", "gitops.git", "rev-parse", "ferry/prod/shop")
		case "OTHER":
			args[i] = b.git("-C", "gitops.git", "rev-parse", "other")
		case "LAST":
			b.ferry("", "pr", "list", "--state", "all", "-o", "json")
			var doc pullRequestsDocument
			if err := json.Unmarshal(b.out.Bytes(), &doc); err != nil {
				b.t.Fatal(err)
			}
			args[i] = doc.PullRequests[0].URL
			args[i] = args[i][strings.LastIndex(args[i], "#")+1:]
		}
	}
	return b.ferry(s.dir, append(args, more...)...)
}

// Whatever a command prints with -o json, its schema describes to the last key, and every command with -o json is tried.
func TestOutputsFollowTheirSchemas(t *testing.T) {
	t.Parallel()
	b, compiled, tried := newBench(t), map[string]*jsonschema.Schema{}, map[string]bool{}
	for _, s := range life {
		if code := b.play(s, "-o", "json"); code != s.code {
			t.Fatalf("%s: exit %d, want %d\n%s%s", s.args, code, s.code, &b.out, &b.err)
		}
		if compiled[s.schema] == nil {
			compiled[s.schema] = strictSchema(t, s.schema)
		}
		doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(b.out.Bytes()))
		if err != nil {
			t.Fatalf("%s: %v\n%s", s.args, err, &b.out)
		}
		if err := compiled[s.schema].Validate(doc); err != nil {
			t.Errorf("%s: the schema %s refuses %s\n%v", s.args, s.schema, &b.out, err)
		}
		if doc.(map[string]any)["schemaVersion"] == nil {
			t.Errorf("%s prints no schemaVersion", s.args)
		}
		tried[s.schema] = true
		for _, o := range outputs {
			for _, c := range o.commands {
				tried[c] = tried[c] || strings.HasPrefix(s.args+" ", c+" ")
			}
		}
	}
	for schema, doc := range map[string]any{ // what needs a world of its own to be printed
		"audit-confirmed": confirmedDocument{current, ledger.Override{Gates: []string{"soak"}}},
		"notifications":   notificationsDocument{current, []string{"CHAT"}},
	} {
		data, err := json.Marshal(doc)
		if err != nil {
			t.Fatal(err)
		}
		instance, err := jsonschema.UnmarshalJSON(bytes.NewReader(data))
		if err != nil {
			t.Fatal(err)
		}
		if err := strictSchema(t, schema).Validate(instance); err != nil {
			t.Error(err)
		}
		tried[schema] = true
	}
	for _, o := range outputs {
		if !tried[o.schema] {
			t.Errorf("nothing printed %s", o.schema)
		}
		for _, c := range o.commands {
			if !tried[c] && c != "check --pr" && c != "audit --confirm" {
				t.Errorf("ferry %s was not tried", c)
			}
		}
	}
}

// strictSchema compiles the schema of an output, refusing what it does not know.
func strictSchema(t *testing.T, name string) *jsonschema.Schema {
	t.Helper()
	o, ok := outputNamed(name)
	if !ok {
		t.Fatalf("there is no output %s", name)
	}
	return compiledSchema(t, func() ([]byte, error) {
		data, err := o.write()
		if err != nil {
			return nil, err
		}
		var doc any
		if err := json.Unmarshal(data, &doc); err != nil {
			return nil, err
		}
		closeObjects(doc)
		return json.Marshal(doc)
	})
}

func closeObjects(v any) {
	switch v := v.(type) {
	case map[string]any:
		if _, ok := v["properties"].(map[string]any); ok {
			v["additionalProperties"] = false
		}
		for _, k := range slices.Sorted(maps.Keys(v)) {
			closeObjects(v[k])
		}
	case []any:
		for _, e := range v {
			closeObjects(e)
		}
	}
}

// Nothing that comes from outside speaks to the terminal, whichever command shows it: titles, authors, reasons, texts of
// statuses, values of manifests.
func TestOutsideTextIsInert(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	seen := false
	for _, s := range life {
		if code := b.play(s); code != s.code {
			t.Fatalf("%s: exit %d, want %d\n%s%s", s.args, code, s.code, &b.out, &b.err)
		}
		seen = seen || strings.Contains(b.out.String(), "31mred")
		if strings.HasPrefix(s.args, "pr diff") {
			continue // it is for git apply: bytes as they are, unless a terminal reads them
		}
		for _, text := range []string{b.out.String(), b.err.String()} {
			if i := strings.IndexFunc(text, func(r rune) bool { return unicode.IsControl(r) && r != '\n' && r != '\t' }); i >= 0 {
				t.Errorf("%s prints a control character: %q", s.args, text[max(0, i-60):min(len(text), i+20)])
			}
		}
	}
	if !seen {
		t.Error("the canary never sang: nothing was tested")
	}
}

// Every command that offers -o json says what it prints.
func TestEveryJSONHasASchema(t *testing.T) {
	known := map[string]bool{}
	for _, o := range outputs {
		for _, c := range o.commands {
			known[c] = true
		}
	}
	silent := map[string]string{"demo": "a show", "schema": "prints JSON anyway", "render": "prints manifests", "completion": "prints a script", "ci": "speaks a CI's language", "release create": "writes a release document"}
	visitCommands(tree().Commands, "", func(name string, c *cli.Command) {
		if silent[name] == "" && !known[name] {
			t.Errorf("ferry %s has no -o json with a schema in outputs", name)
		}
	})
}
