package environments

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// repository reads a folder of testdata/config into memory.
func repo(t testing.TB, name string) files {
	t.Helper()
	out := files{}
	root := filepath.Join("testdata/config", name)
	err := filepath.WalkDir(root, func(file string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(file)
		rel, _ := filepath.Rel(root, file)
		out[filepath.ToSlash(rel)] = string(data)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// mutations break a repository of testdata/config in one place each, the first that has the old text. In what comes new, « marks where the problem must be
// reported, so that the expected line and column are counted, not copied from what the program said.
var mutations = []struct{ name, old, new, want string }{
	{"key mistyped", "merge: review\n", "«merg: review\n", `there is no key "merg" here; did you mean "merge"?`},
	{"key of the top level mistyped", "environments:\n  - name: dev\n    kub", "«enviroments:\n  - name: dev\n    kub", `there is no key "enviroments" here; did you mean "environments"?`},
	{"key in a gate mistyped", "manual: false", "«mannual: false", `there is no key "mannual" here; did you mean "manual"?`},
	{"key of nothing near", "manual: false", "«zebra: false", `there is no key "zebra" here`},
	{"key twice", "merge: review\n", "merge: review\n  «merge: auto\n", `"merge" is written twice, first in line 13`},
	{"version of another format", "version: 1\n", "version: «2\n", "this ferry reads version 1 of the format, not 2"},
	{"version as text", "version: 1\n", "version: «one\n", `version must be a whole number, not "one"`},
	{"requires a later ferry", `requires: ">=0.1 <2"`, `requires: «">=3"`, "this repository requires ferry >=3; this is 0.1.0-dev; use a version of ferry in this range"},
	{"requires nonsense", `requires: ">=0.1 <2"`, `requires: «">=banana"`, `requires ">=banana" is not a range of versions: improper constraint: ">=banana"`},
	{"include out of the repository", "teams/*/ferry.app.yaml", "«../*/ferry.app.yaml", `an entry of include "../*/ferry.app.yaml" is not a file or pattern: it leaves the repository`},
	{"included file missing", "teams/*/ferry.app.yaml", "teams/*/ferry.app.yaml\n  - «teams/payment/ferry.app.yaml",
		`there is no file "teams/payment/ferry.app.yaml"; did you mean "teams/payments/ferry.app.yaml"?`},
	{"list instead of text", "merge: review\n", "merge: «[review]\n", "merge must be one of review, auto, not a list"},
	{"text instead of list", "only: [dev, prod-eu]", "only: «dev", `only must be a list, not "dev"`},
	{"cluster with the name of a status", "clusters: [us-1]", "clusters: [«continue]", `"continue" is no name for a cluster: its status would be the one that remembers what pipelines were told; call it otherwise`},
	{"mapping instead of list", "clusters: [us-1]", "clusters: «{us-1: yes}", "clusters must be a list, not a mapping"},
	{"list instead of mapping", "trust:\n  connector: [app/ferry-connector]\n  issuers: [https://token.actions.githubusercontent.com]\n  checks:\n    acceptance/*: [app/ci]\n", "trust: «[app/ci]\n", "trust must be a mapping, not a list"},
	{"nothing instead of list", "only: [dev, prod-eu]", "only:« ", "only must be a list, not nothing; leave the key out or give it a value"},
	{"yes for true", "allowSecrets: true", "allowSecrets: «yes", `allowSecrets must be true or false, not "yes"`},
	{"version as a number", `version: "1.33.4"`, `version: «1.30`, `version must be text, not the number 1.30; write it in quotes: "1.30"`},
	{"version of Kubernetes wrong", `version: "1.33.4"`, `version: «"latest"`, `version "latest" is not a Kubernetes version`},
	{"API version wrong", "apis: [monitoring.coreos.com/v1]", "apis: [«monitoring.coreos.com]", `an entry of apis "monitoring.coreos.com" is not an API version`},
	{"merge rule mistyped", "merge: review\n", "merge: «reviw\n", `merge must be one of review, auto, not "reviw"; did you mean "review"?`},
	{"engine unknown", "engine: argocd", "engine: «argo", `engine must be one of flux, argocd, not "argo"; did you mean "argocd"?`},
	{"duration without unit", "soak: 24h", `soak: «"24"`, `soak "24" is not a duration: write it as 90m, 36h, 2d or 1d12h, at most ten years`},
	{"duration negative", "deadline: 30m", "deadline: «-5m", `deadline "-5m" is not a duration: write it as 90m, 36h, 2d or 1d12h, at most ten years`},
	{"duration as a number", "soak: 24h", "soak: «24", `soak must be text, not the number 24; write it in quotes: "24"`},
	{"day of the week", "days: [Mon, Tue, Wed, Thu]", "days: [Mon, «Tues, Wed, Thu]", `an entry of days must be one of Mon, Tue, Wed, Thu, Fri, Sat, Sun, not "Tues"; did you mean "Tue"?`},
	{"time of day", `from: "09:00"`, `from: «"9:00"`, `from "9:00" is not a time of day such as 09:00`},
	{"time of day too late", `to: "16:00"`, `to: «"24:30"`, `to "24:30" is not a time of day such as 16:00`},
	{"window without length", `to: "16:00"`, `to: «"09:00"`, `the window closes in the minute it opens; a whole day is from "00:00" to "24:00"`},
	{"zone unknown", "zone: Europe/Berlin\n        - {", "zone: «Europe/Bonn\n        - {", `zone "Europe/Bonn" is not a time zone: no such zone; write a name such as Europe/Berlin or UTC`},
	{"zone of the machine", "zone: Europe/Berlin\n        - {", "zone: «Local\n        - {", `zone "Local" is not a time zone: write a name such as Europe/Berlin or UTC`},
	{"window without zone", `- {from: "22:00", to: "02:00", zone: Europe/Berlin}`, `- «{from: "22:00", to: "02:00"}`, "an entry of windows has no zone"},
	{"freeze backwards", "to: 2027-01-03", "to: «2026-01-03", "the freeze ends on 2026-01-03, before it begins on 2026-12-20"},
	{"freeze on no day", "to: 2027-01-03", "to: «2027-02-30", `to "2027-02-30" is not a date: there is no such day`},
	{"environment unknown in after", "after: [prod-eu]", "after: [«prod-ue]", `"prod-us" comes after "prod-ue", which does not exist; did you mean "prod-eu"?`},
	{"circle", "{name: dev, merge: auto}\n  - {name: eu, after: [dev],", "{name: dev, merge: auto, after: [«eu]}\n  - {name: eu, after: [dev],", "after goes round in a circle: dev -> eu -> dev"},
	{"after itself", "after: [dev]", "after: [«qa]", "after goes round in a circle: qa -> qa"},
	{"environment twice", "  - name: dev\n    kubernetes: {version: \"1.34\"}", "  - name: dev\n    kubernetes: {version: \"1.34\"}\n  - name: «dev", `environment "dev" is already defined at ferry.yaml:6:11`},
	{"environment badly named", "{name: global,", "{name: «Global_1,", `name "Global_1" is not a name: it has lower-case letters, digits and dashes, at most 63`},
	{"environment without name", "{name: global, after: [eu, us]}", "«{after: [eu, us]}", "an entry of environments has no name"},
	{"app twice", "  - name: payments", "  - name: «search", `app "search" is already defined at ferry.yaml:67:11`},
	{"app named as a group", "    group: store\n    namespace", "    group: «payments\n    namespace", `group "payments" has the name of an app (teams/payments/ferry.app.yaml:3:11); apps and groups share one name space`},
	{"app without source", `  - name: search
    team: storefront
    group: store
    source: {repository: "git@github.com:acme/search.git"}`, "  - «name: search\n    team: storefront", `"search" of apps has no source`},
	{"team missing for its placeholder", "  - name: search\n    team: storefront", "  - name: «search", `"search" has no team, but ferry.yaml:7:9 asks for {team}`},
	{"only names no environment", "only: [dev, prod-eu]", "only: [dev, «prod-ue]", `"search" goes only to "prod-ue", which does not exist; did you mean "prod-eu"?`},
	{"override of no environment", "      prod-us:\n", "      «prod-uss:\n", `"web" overrides "prod-uss", which does not exist; did you mean "prod-us"?`},
	{"override of an environment left out", "only: [dev, prod-eu]", "only: [dev, prod-eu]\n    environments: {«qa: {merge: auto}}", `"search" overrides "qa", but only leaves that environment out`},
	{"image with a tag", "- name: ghcr.io/acme/web\n", "- name: «ghcr.io/acme/web:1.0\n", `name "ghcr.io/acme/web:1.0" is not an image without tag and digest: the tag belongs to the release`},
	{"image with a digest", "- name: ghcr.io/acme/web\n", "- name: «ghcr.io/acme/web@sha256:0123\n", `name "ghcr.io/acme/web@sha256:0123" is not an image without tag and digest: the digest belongs to the release`},
	{"image in capitals", "- name: ghcr.io/acme/web\n", "- name: «ghcr.io/Acme/Web\n", `name "ghcr.io/Acme/Web" is not an image without tag and digest: image names are lower case`},
	{"image twice", "- name: ghcr.io/acme/web-debug", "- name: «ghcr.io/acme/web", `image "ghcr.io/acme/web" is listed twice`},
	{"field without kind", `["Workflow.spec.templates[].container.image"]`, "[«spec.image]", `an entry of fields "spec.image" is not a kind and the path of a field`},
	{"template broken", `"{{ .Release.Version }}"`, `«"{{ .Release.Version }"`, `set.image.tag "{{ .Release.Version }" is not a value, a template over .Release and .Image: unexpected "}" in operand`},
	{"registry wrong", "dev.azurecr.io: prod.azurecr.io", "dev.azurecr.io: «https://prod.azurecr.io", `rewrite.dev.azurecr.io "https://prod.azurecr.io" is not a registry, with a path where it has one`},
	{"ref not full", "ref: refs/heads/main", "ref: «main", `ref "main" is not a full ref`},
	{"password in a URL", "https://github.com/acme/web\n", "«https://ada:secret@github.com/acme/web\n", `repository "https://***@github.com/acme/web" is not a Git URL: it carries a credential, which has no place in Git`},
	{"token in a URL", "https://github.com/acme/web\n", "«https://ghp_secret@github.com/acme/web\n", `repository "https://***@github.com/acme/web" is not a Git URL: it carries a credential, which has no place in Git`},
	{"path out of the source repository", "path: deploy/{environment}", "path: «../deploy", `path "../deploy" is not a folder of the source repository: it leaves the repository`},
	{"placeholder that sources have not", "path: deploy/{environment}", "path: «deploy/{app}", `path "deploy/{app}" is not a folder of the source repository: {app} is not a placeholder; there are {environment}`},
	{"root beside path", "root: deploy", "root: «other", `root "other" does not contain path "deploy/{environment}"`},
	{"placeholder mistyped", "path: clusters/{environment}/{team}/{app}", "path: «clusters/{enviroment}/{app}", `path "clusters/{enviroment}/{app}" is not a folder of the GitOps repository: {enviroment} is not a placeholder; there are {app}, {environment}, {group}, {team}; did you mean "environment"?`},
	{"brace left open", "path: clusters/{environment}/{team}/{app}", "path: «clusters/{environment/{app}", `path "clusters/{environment/{app}" is not a folder of the GitOps repository: a brace is left open; placeholders are written {app}`},
	{"folder shared by all apps", "path: clusters/{environment}/{team}/{app}", "path: «clusters/{environment}", `path "clusters/{environment}" does not contain {app}: all apps would share a folder`},
	{"folder at the root", `path: "{app}"`, `path: «"."`, `path "." is not a folder of the GitOps repository: it is the root of the repository`},
	{"folder of workflows", `path: clusters/prod-us/legacy-web`, `path: «.github/workflows`, `path ".github/workflows" is not a folder of the GitOps repository: it lies in .github, which is not for manifests`},
	{"folder absolute", `path: clusters/prod-us/legacy-web`, `path: «/clusters`, `path "/clusters" is not a folder of the GitOps repository: it starts at the repository's root, without a slash`},
	{"folder not clean", `path: clusters/prod-us/legacy-web`, `path: «clusters//web/`, `path "clusters//web/" is not a folder of the GitOps repository: it is not clean; write "clusters/web"`},
	{"folder of another app", "path: clusters/prod-us/legacy-web", "path: «clusters/qa/storefront/web", `the folder "clusters/qa/storefront/web" of "web" in "prod-us" meets the folder "clusters/qa/storefront/web" of "web" in "qa"`},
	{"folder in another", "path: clusters/prod-us/legacy-web", "path: «clusters/qa/payments/payments/web", `the folder "clusters/qa/payments/payments/web" of "web" in "prod-us" meets the folder "clusters/qa/payments/payments" of "payments" in "qa"`},
	{"folder above another", "path: clusters/prod-us/legacy-web", "path: «clusters/qa", `the folder "clusters/qa" of "web" in "prod-us" meets the folder "clusters/qa/payments/payments" of "payments" in "qa"`},
	{"folder in capitals", "path: clusters/prod-us/legacy-web", "path: «Clusters/QA/storefront/web", `the folder "Clusters/QA/storefront/web" of "web" in "prod-us" meets the folder "clusters/qa/storefront/web" of "web" in "qa"`},
	{"folder with values", "path: clusters/prod-us/legacy-web", "path: «values", `the folder "values" of "web" in "prod-us", which promotions replace, holds values/payments.yaml`},
	{"folder with configuration", "path: clusters/prod-us/legacy-web", "path: «teams", `the folder "teams" of "web" in "prod-us", which promotions replace, holds teams/payments/ferry.app.yaml`},
	{"branch of ferry", "branch: env/{environment}", "branch: «ferry/{environment}", `branch "ferry/{environment}" is not a branch: this branch is ferry's own`},
	{"branch as a ref", "branch: env/{environment}", "branch: «refs/heads/prod", `branch "refs/heads/prod" is not a branch: Git has no such branch names; write it without refs/heads/`},
	{"branch with dots", "branch: env/{environment}", "branch: «env..prod", `branch "env..prod" is not a branch: Git has no such branch names; write it without refs/heads/`},
	{"values out of the repository", `values: ["values/{app}.yaml?"]`, `values: [«"../secrets.yaml"]`, `an entry of values "../secrets.yaml" is not a file of the GitOps repository: it leaves the repository`},
	{"values twice", `values: ["values/{app}.yaml?"]`, `values: ["values/{app}.yaml?", «"values/{app}.yaml?"]`, `values has "values/{app}.yaml?" twice`},
	{"braces without quotes", `values: ["values/{app}.yaml?"]`, "«values: [values/{app}.yaml?]", `this is not YAML: did not find expected ',' or ']'; inside brackets, text with braces needs quotes: ["values/{app}.yaml"]`},
	{"namespace wrong", "namespace: storefront", "namespace: «Store", `namespace "Store" is not a namespace: it has lower-case letters, digits and dashes, at most 63`},
	{"namespace too long when filled in", `namespace: "{app}"`, `namespace: «"{app}-x1234567890123456789012345678901234567890123456789012345678"`,
		`the namespace of "payments" in "dev" would be "payments-x1234567890123456789012345678901234567890123456789012345678", which is no name`},
	{"health told twice", `health: {check: "smoke/{app}"}`, `health: {status: "x", check: «"smoke/{app}"}`, "health has both status and check; one of them tells"},
	{"health by no name", "health: {from: merged}", "health: {from: «status}", "health is told by a status, but there is none; write health: {status: NAME}"},
	{"health by two", "health: {from: merged}", `health: {from: «merged, check: smoke}`, "health is told by check, but from says merged"},
	{"health empty", "health: {from: merged}", "health: «{}", "health does not say what tells"},
	{"approvals without pull request", "gates: {soak: 0s}", "gates: {approvals: {count: «1}}", `approvals are asked for in "dev", but pullRequest is false: there is nothing to approve`},
	{"more approvals than persons", "count: 2", "count: «3", "3 approvals are asked for, but only 2 persons may give them"},
	{"too many approvals", "count: 2", "count: «200", "count must be between 0 and 20, not 200"},
	{"persons without a count", "gates: &regional {soak: 1h, windows", "gates: &regional {approvals: {from: «[ada]}, soak: 1h, windows", "the approvals of persons are asked for, but no count"},
	{"group with two rules", "values: [values/prod/web-big.yaml]", "merge: «review", `"search" and "web" share a pull request in "prod-eu", but differ in merge: auto and review`},
	{"Kubernetes version missing", "  - name: dev\n    kubernetes: {version: \"1.34\"}", "  - «name: dev", `environment "dev" has no kubernetes.version; write it there or under defaults: kubernetes: {version: "1.34"}`},
	{"wrong supersede", "supersede: replace", "supersede: «on-aproval", "supersede must be one of replace, on-approval, queue, not \"on-aproval\"; did you mean \"on-approval\"?"},
	{"group with two ways to supersede", "values: [values/prod/web-big.yaml]", "supersede: «queue", `"search" and "web" share a pull request in "prod-eu", but differ in supersede: replace and queue`},
	{"no such gate", "supersede: replace", "rollback: {ignore: [«soaks]}", "an entry of ignore must be one of healthy, soak, checks, approvals, windows, freezes, manual, imageExists, not \"soaks\"; did you mean \"soak\"?"},
	{"an override nowhere", "{environments: [prod-eu], gates: [soak, freezes]", "{environments: [«prod-uk], gates: [soak, freezes]", `overrides name "prod-uk", which does not exist; did you mean "prod-us"?`},
	{"an override by nobody", "by: [ada, team/on-call]", "by: «[]", "overrides let nobody pass: by is empty"},
	{"authors who approve", "from: [ada, grace, linus]\n        exclude", "from: [ada, grace, «source-authors]\n        exclude", "source-authors can be excluded, not asked"},
	{"OCI source without version", `source: {repository: "git@github.com:acme/search.git"}`, "source: «{oci: oci://ghcr.io/acme/search}", "a source with oci needs version"},
	{"two sources", `source: {repository: "git@github.com:acme/search.git"}`, "source: {repository: \"git@github.com:acme/search.git\", helm: «https://charts.example.com}", "templates come from one place: repository or helm"},
	{"words of another source", `source: {repository: "git@github.com:acme/search.git"}`, "source: {helm: https://charts.example.com, chart: a, version: 1.x, path: «b}", "path has no meaning beside helm"},
	{"no source", `source: {repository: "git@github.com:acme/search.git"}`, "source: «{path: a}", "the source does not say where templates come from; add repository, oci or helm"},
	{"credentials of a chart repository", `source: {repository: "git@github.com:acme/search.git"}`, "source: {helm: «https://a:b@charts.example.com, chart: a, version: 1.x}", `helm "https://***@charts.example.com" is not an http(s) URL without credentials`},
	{"horizon", "keep: 20 releases", "keep: «10 weeks", `keep "10 weeks" is not a number of releases such as 10 releases`},
	{"chart source without chart", `source: {repository: "git@github.com:acme/search.git"}`, "source: «{helm: https://charts.example.com, version: 1.x}", "a source with helm needs chart"},
	{"later: edits", "    engine: argocd", "    «deliver: edit", "deliver is not supported yet"},
	{"later: other repositories", "    engine: argocd", "    «repository: https://github.com/acme/prod", "repository is not supported yet"},
	{"later: templates", "    engine: argocd", "    «template: true", "template is not supported yet"},
	{"patch without a path", "    patches:\n      - path: patches/web.yaml?\n      -", "    patches:\n      - «{target: {kind: Job}}\n      -", "an entry of patches has no path"},
	{"hooks", "    hooks: drop", "    hooks: «run", "hooks must be one of keep, drop, fail, not \"run\""},
	{"drop everything", "      - {kind: Secret, name: web}", "      - «{kind: Secret}", "an entry of drop has no name"},
	{"an extra of ferry's own", "    extra: [\"extra/{app}?\"]", "    extra: [«.ferry/schemas]", "an entry of extra \".ferry/schemas\" is not a file or folder of the GitOps repository: it lies in .ferry, which is not for manifests"},
	{"an extra that holds an app", "    extra: [\"extra/{app}?\"]", "    extra: [«clusters]", "the extra \"clusters\" holds folders that promotions replace"},
	{"two policies of a name", "trust:", "  - {name: «replicas, rule: \"true\", message: m}\ntrust:", "policy \"replicas\" is already defined at ferry.yaml:134:11"},
	{"an address in Git", "{to: FERRY_NOTIFY_RELEASES,", "{to: «slack://hook:T-B-X@webhook,", "to \"slack://***@webhook\" is not the name of an environment variable"},
	{"news of nobody", "teams: [storefront]\n    text", "teams: [«nobody]\n    text", "notify names \"nobody\", which does not exist"},
	{"alias of itself", "include:\n  - teams/*/ferry.app.yaml", "include: &a [«*a]", "alias *a contains itself"},
	{"alias of nothing", "  merge: review", "  merge: «*nothing", "this is not YAML: unknown anchor 'nothing' referenced"},
	{"merge key", "  - name: prod-us\n", "  - «<<: {merge: auto}\n    name: prod-us\n", "merge keys (<<) are not supported; write what is common under defaults"},
	{"key that is a number", "dev.azurecr.io: prod.azurecr.io", "«5000: prod.azurecr.io", `a key must be text, not int; write "5000"`},
	{"key that is a list", "dev.azurecr.io: prod.azurecr.io", "«[a]: prod.azurecr.io", "a key must be a plain name"},
	{"tag", "merge: review", "merge: «!secret review", "the tag !secret has no meaning here"},
	{"second document", "    acceptance/*: [app/ci]\n", "    acceptance/*: [app/ci]\n«---\nversion: 1\n", "the file has a second document; one is read"},
	{"bracket left open", "only: [dev, prod-eu]\n\nenvironments:\n  - name", "only: [dev, prod-eu\n\nenvironments:\n  «- name", "this is not YAML: did not find expected ',' or ']'; the bracket is opened in line 71"},
	{"tab", "merge: review\n", "merge: review\n«\tengine: flux\n", "this is not YAML: found a tab character that violates indentation"},
	{"indentation", "  merge: review\n", "   «merge: review\n", "this is not YAML: did not find expected key"},
}

func TestMutations(t *testing.T) {
	for _, m := range mutations {
		t.Run(m.name, func(t *testing.T) {
			broken, at := mutate(t, m.old, m.new)
			_, err := Load(context.Background(), broken, For("0.1.0-dev"))
			var ps Problems
			if !errors.As(err, &ps) || len(ps) != 1 {
				t.Fatalf("want one problem, got %v", err)
			}
			if have, want := ps[0].Error(), at.String()+": "+m.want; have != want {
				t.Errorf("have %s\nwant %s", have, want)
			}
		})
	}
}

func mutate(t *testing.T, old, with string) (files, Position) {
	t.Helper()
	for _, name := range []string{"shop", "small", "regions"} {
		r := repo(t, name)
		for _, file := range []string{RootFile, "teams/payments/ferry.app.yaml"} {
			if !strings.Contains(r[file], old) {
				continue
			}
			text := strings.Replace(r[file], old, with, 1)
			r[file] = strings.ReplaceAll(text, "«", "")
			return r, marked(file, text)
		}
	}
	t.Fatalf("no file has %q", old)
	return nil, Position{}
}

// marked finds the place of the mark.
func marked(file, text string) Position {
	before, _, _ := strings.Cut(text, "«")
	line := strings.Count(before, "\n") + 1
	return Position{File: file, Line: line, Column: len([]rune(before[strings.LastIndex(before, "\n")+1:])) + 1}
}

// TestAllAtOnce reads a repository with a mistake in nearly every line.
func TestAllAtOnce(t *testing.T) {
	_, err := Load(context.Background(), Dir("testdata/config-broken/many"), For("0.1.0"))
	var ps Problems
	if !errors.As(err, &ps) || ps.ExitCode() != 2 {
		t.Fatalf("have %v", err)
	}
	for i := range ps[1:] {
		a, b := ps[i], ps[i+1]
		if a.File > b.File || a.File == b.File && (a.Line > b.Line || a.Line == b.Line && a.Column > b.Column) {
			t.Errorf("%s stands before %s", a, b)
		}
	}
	golden(t, "all-at-once.txt", err.Error()+"\n")
}
