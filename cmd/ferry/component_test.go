package main

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/urfave/cli/v2"
	"go.yaml.in/yaml/v3"
)

// componentInput is what a GitLab component says of an input (docs.gitlab.com, "CI/CD inputs").
type componentInput struct {
	Description, Type, Regex string
	Default                  any
	Options                  []any
}

func (i componentInput) accepts(v any) error {
	if want := cmp.Or(i.Type, "string"); want != map[bool]string{true: "boolean"}[isBool(v)] && want != typeName(v) {
		return fmt.Errorf("%v is no %s", v, want)
	}
	if len(i.Options) > 0 && !slices.Contains(i.Options, v) {
		return fmt.Errorf("%v is not among the options", v)
	}
	if i.Regex != "" && !regexp.MustCompile(i.Regex).MatchString(fmt.Sprint(v)) {
		return fmt.Errorf("%v is not %s", v, i.Regex)
	}
	return nil
}

func isBool(v any) bool { _, is := v.(bool); return is }

func typeName(v any) string {
	switch v.(type) {
	case int:
		return "number"
	case string:
		return "string"
	}
	return ""
}

type component struct {
	inputs map[string]componentInput
	body   string
}

func readComponent(t *testing.T) component {
	t.Helper()
	data, err := os.ReadFile("../../templates/ferry/template.yml")
	if err != nil {
		t.Fatal(err)
	}
	head, body, ok := strings.Cut(string(data), "\n---\n")
	var spec struct {
		Spec struct{ Inputs map[string]componentInput }
	}
	if err := yaml.Unmarshal([]byte(head), &spec); err != nil || !ok {
		t.Fatalf("the component has no head: %v", err)
	}
	return component{spec.Spec.Inputs, body}
}

var placeholder = regexp.MustCompile(`\$\[\[ inputs\.([a-z-]+) \]\]`)

// fill puts inputs into the text as GitLab does, and tells which of them were used.
func (c component) fill(given map[string]any) (text string, used map[string]bool, err error) {
	used = map[string]bool{}
	text = placeholder.ReplaceAllStringFunc(c.body, func(m string) string {
		name := placeholder.FindStringSubmatch(m)[1]
		in, known := c.inputs[name]
		v, told := given[name]
		if !told {
			v = in.Default
		}
		if !known {
			err = fmt.Errorf("there is no input %s", name)
		} else if wrong := in.accepts(v); wrong != nil {
			err = fmt.Errorf("%s: %w", name, wrong)
		}
		used[name] = true
		return fmt.Sprint(v)
	})
	if strings.Contains(text, "$[[") {
		err = fmt.Errorf("something is not filled in:\n%s", text)
	}
	return text, used, err
}

// Inputs that people may give, as they stand in the file of a project.
var componentUses = map[string]map[string]any{
	"nothing": {},
	"everything": {"stage": "promote", "job-prefix": "gitops", "image": "registry.example.com:5000/ferry@sha256:" + strings.Repeat("a", 64), "release-variable": "HANDED",
		"jobs": "move", "expire-in": "never", "timeout-minutes": 5, "repo": "https://gitlab.example.com/acme/gitops.git", "identity": "Ferry <ferry@example.com>", "forge": "github",
		"forge-url": "https://gitlab.example.com/git", "app": "shop,cart", "env": "dev,qa", "fail-superseded": true, "registry-mirror": "ghcr.io=mirror.example.com/ghcr",
		"registry-http": "localhost:5000", "registry-realm": "a.example.com=b.example.com", "credential-helpers": true, "verbose": true, "quiet": true, "log-format": "json"},
}

type gitlabJob struct {
	Script    []string
	Variables map[string]string
	Artifacts struct {
		Paths   []string
		Reports map[string]string
	}
}

func (c component) jobs(t *testing.T, given map[string]any) map[string]gitlabJob {
	t.Helper()
	text, used, err := c.fill(given)
	if err != nil {
		t.Fatal(err)
	}
	if len(used) != len(c.inputs) {
		t.Errorf("inputs %d, used %v", len(c.inputs), used)
	}
	var jobs map[string]gitlabJob
	if err := yaml.Unmarshal([]byte(text), &jobs); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	return jobs
}

// Every flag that has a variable is an input that sets it; every other input is a flag of a script, or the jobs' own matter.
func TestComponentInputsAreFlags(t *testing.T) {
	c := readComponent(t)
	own := []string{"stage", "job-prefix", "image", "release-variable", "jobs", "expire-in", "timeout-minutes"}
	inScripts := []string{"app", "env"}
	variables := c.jobs(t, nil)[".ferry"].Variables
	known := slices.Concat(own, inScripts)
	visitCommands(tree().Commands, "", func(name string, command *cli.Command) {
		if !slices.Contains([]string{"submit", "advance", "check"}, name) {
			return
		}
		for _, f := range command.Flags {
			d, ok := f.(cli.DocGenerationFlag)
			if !ok || len(d.GetEnvVars()) == 0 {
				continue
			}
			flag := f.Names()[0]
			known = append(known, flag)
			in, isInput := c.inputs[flag]
			if _, set := variables[d.GetEnvVars()[0]]; !isInput || !set {
				t.Errorf("the flag --%s of ferry %s is no input, or does not reach it", flag, name)
			}
			if _, yesNo := f.(*cli.BoolFlag); yesNo != (in.Type == "boolean") {
				t.Errorf("input %s is of type %s", flag, in.Type)
			}
			if s, ok := f.(*cli.StringFlag); ok && s.Value != "" && s.Value != in.Default {
				t.Errorf("input %s is %q where nobody says otherwise, and the flag %q", flag, in.Default, s.Value)
			}
		}
	})
	for name, in := range c.inputs {
		if !slices.Contains(known, name) {
			t.Errorf("the input %s is neither a flag nor the jobs' own", name)
		}
		if in.Description == "" || in.Default == nil || in.Type == "" && in.Regex == "" && len(in.Options) == 0 {
			t.Errorf("the input %s takes anything, has no default or does not say what it is", name)
		}
	}
}

// What an input's pattern lets through cannot leave the quotes it stands in.
func TestComponentInputsStayInTheirPlace(t *testing.T) {
	c := readComponent(t)
	for name, in := range c.inputs {
		for _, evil := range []string{"a\"\n    EVIL: \"b", "a\nb", `a\`, "https://a/\"", "Ferry\n <a@b>", "Ferry\" <a@b>"} {
			if in.Type != "" {
				continue
			}
			if _, _, err := c.fill(map[string]any{name: evil}); err == nil {
				t.Errorf("%s takes %q", name, evil)
			}
		}
	}
}

// called finds the command lines of ferry in a script, and what they are given; words of the shell are left out.
var called = regexp.MustCompile(`(?:^|; |&& |\| )ferry ([^|>;]*)`)

// callsOf checks that a script's calls are commands with flags that exist.
func callsOf(t *testing.T, script string) int {
	t.Helper()
	n := 0
	for _, m := range called.FindAllStringSubmatch(script, -1) {
		words := strings.Fields(regexp.MustCompile(`\$\{[A-Z]+:\+"([^"]*)"\}`).ReplaceAllString(m[1], "$1"))
		var command *cli.Command
		among := tree().Commands
		for len(words) > 0 && !strings.HasPrefix(words[0], "-") {
			next := commandNamed(among, words[0])
			if next == nil {
				break
			}
			command, among, words = next, next.Subcommands, words[1:]
		}
		if command == nil {
			t.Errorf("%s calls no command", script)
			continue
		}
		n++
		for _, w := range words {
			name, _, _ := strings.Cut(strings.TrimLeft(w, "-"), "=")
			if strings.HasPrefix(w, "-") && w != "-" && !hasFlag(command.Flags, name) {
				t.Errorf("ferry %s has no flag --%s", command.Name, name)
			}
		}
	}
	return n
}

func TestComponentCallsWhatExists(t *testing.T) {
	c := readComponent(t)
	for name, given := range componentUses {
		prefix, n := "ferry", 0
		if p, ok := given["job-prefix"].(string); ok {
			prefix = p
		}
		jobs := c.jobs(t, given)
		for _, job := range []string{"submit", "advance", "check"} {
			for _, line := range jobs[prefix+"-"+job].Script {
				n += callsOf(t, line)
			}
		}
		if n != 6 {
			t.Errorf("%s: %d calls", name, n)
		}
		reports := jobs["."+prefix].Artifacts.Reports
		if reports["dotenv"] != "ferry.env" || reports["codequality"] != "ferry-code-quality.json" {
			t.Errorf("%s: %v", name, reports)
		}
	}
}

const howToGitLabCI = "run .ci/referee, and set FERRY_GITLAB_CI to $PWD/.ci/cache/gitlab-ci.json"

// gitlabSchema is GitLab's own description of its CI files; nil where it is not at hand, which in CI it has to be.
func gitlabSchema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	file := os.Getenv("FERRY_GITLAB_CI")
	switch {
	case file == "" && os.Getenv("CI") != "":
		t.Fatal("FERRY_GITLAB_CI is not set: " + howToGitLabCI)
	case file == "":
		t.Skip("GitLab's description of CI files is not at hand: " + howToGitLabCI)
	}
	f, err := os.Open(file)
	if err != nil {
		t.Fatalf("%v: %s", err, howToGitLabCI)
	}
	defer f.Close()
	doc, err := jsonschema.UnmarshalJSON(f)
	if err != nil {
		t.Fatal(err)
	}
	compiler := jsonschema.NewCompiler()
	if err := compiler.AddResource("gitlab.json", doc); err != nil {
		t.Fatal(err)
	}
	schema, err := compiler.Compile("gitlab.json")
	if err != nil {
		t.Fatal(err)
	}
	return schema
}

func fits(schema *jsonschema.Schema, text string) error {
	decoder := yaml.NewDecoder(strings.NewReader(text))
	for {
		var v any
		if err := decoder.Decode(&v); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		data, err := json.Marshal(v)
		if err != nil {
			return err
		}
		plain, err := jsonschema.UnmarshalJSON(strings.NewReader(string(data)))
		if err != nil {
			return err
		}
		if err := schema.Validate(plain); err != nil {
			return err
		}
	}
}

// What we ship for GitLab is what GitLab takes.
func TestGitLabTakesOurFiles(t *testing.T) {
	schema := gitlabSchema(t)
	for what, text := range map[string]string{"a job that is no map": "a: 1", "a script that is a number": "a: {script: 1}", "an unknown kind of input": "spec: {inputs: {a: {type: date}}}",
		"an unknown report": "a: {script: [x], artifacts: {reports: {dotenv: 1}}}"} {
		if fits(schema, text) == nil {
			t.Errorf("the description lets %s pass", what)
		}
	}
	c := readComponent(t)
	whole, err := os.ReadFile("../../templates/ferry/template.yml")
	if err != nil {
		t.Fatal(err)
	}
	texts := map[string]string{"head": strings.SplitN(string(whole), "\n---\n", 2)[0]}
	for name, given := range componentUses {
		if texts[name], _, err = c.fill(given); err != nil {
			t.Fatal(err)
		}
	}
	files, err := filepath.Glob("../../examples/*/*/.gitlab-ci.yml")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, file := range append(files, "../../templates/starter/ci/gitlab.yaml") {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		texts[file] = string(data)
	}
	for name, text := range texts {
		if err := fits(schema, text); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A job's script, run as a runner runs it, leaves the reports that the job announces.
func TestComponentJobRuns(t *testing.T) {
	b := newBench(t)
	c := readComponent(t)
	jobs := c.jobs(t, map[string]any{"app": "shop", "env": "dev,prod"})
	program, err := exec.LookPath("ferry")
	if err != nil {
		t.Fatal(err)
	}
	release := `{"version":1,"releases":[]}`
	for _, x := range []struct {
		job  string
		code int
		says string
	}{{"ferry-advance", 0, "FERRY_RESULT=nothing-to-do"}, {"ferry-submit", 2, "FERRY_RESULT=failed"}} {
		dir := t.TempDir()
		cmd := exec.Command("sh", "-e", "-c", strings.Join(jobs[x.job].Script, "\n"))
		cmd.Dir = dir
		cmd.Env = []string{"PATH=" + filepath.Dir(program) + ":" + os.Getenv("PATH"), "HOME=" + dir, "RELEASE=" + release}
		for k, v := range jobs[".ferry"].Variables {
			switch k {
			case "FERRY_REPO":
				v = filepath.Join(b.dir, "gitops.git")
			case "FERRY_FORGE":
				v = "" // said with nothing it counts as not said
			}
			cmd.Env = append(cmd.Env, k+"="+v)
		}
		out, err := cmd.CombinedOutput()
		if code := cmd.ProcessState.ExitCode(); code != x.code {
			t.Errorf("%s: %d, %v\n%s", x.job, code, err, out)
		}
		for _, file := range []string{"ferry.json", "ferry.env", "ferry-code-quality.json"} {
			if _, err := os.Stat(filepath.Join(dir, file)); err != nil {
				t.Errorf("%s: %v", x.job, err)
			}
		}
		if env, _ := os.ReadFile(filepath.Join(dir, "ferry.env")); !strings.Contains(string(env), x.says) {
			t.Errorf("%s says\n%s\n%s", x.job, env, out)
		}
	}
}

// The page of the catalog lists the inputs as they are. UPDATE=1 rewrites it.
func TestComponentPageIsCurrent(t *testing.T) {
	const begin, end = "<!-- inputs -->\n", "<!-- end of inputs -->"
	file := "../../templates/ferry/README.md"
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, _ := strings.Cut(string(data), begin)
	_, after, found := strings.Cut(rest, end)
	if !found {
		t.Fatalf("%s has no place for the inputs", file)
	}
	c := readComponent(t)
	table := "| input | default | what it says |\n| --- | --- | --- |\n"
	for _, name := range slices.Sorted(maps.Keys(c.inputs)) {
		in := c.inputs[name]
		about := in.Description
		if len(in.Options) > 0 {
			about += "; one of " + strings.Trim(fmt.Sprintf("%q", in.Options), "[]")
		}
		table += fmt.Sprintf("| `%s` | `%v` | %s |\n", name, cmp.Or(fmt.Sprint(in.Default), " "), strings.ReplaceAll(about, "|", `\|`))
	}
	want := before + begin + table + end + after
	if want == string(data) {
		return
	}
	if os.Getenv("UPDATE") == "" {
		t.Fatalf("%s is not current: UPDATE=1 go test ./cmd/ferry -run Component", file)
	}
	if err := os.WriteFile(file, []byte(want), 0o644); err != nil {
		t.Fatal(err)
	}
}

// Variables that say nothing are taken away, and only ours.
func TestEmptyVariablesAreNotSaid(t *testing.T) {
	var dropped []string
	dropEmpty([]string{"FERRY_FORGE=", "FERRY_REPO=x", "HOME=", "FERRY_QUIET"}, func(name string) error { dropped = append(dropped, name); return nil })
	if !slices.Equal(dropped, []string{"FERRY_FORGE", "FERRY_QUIET"}) {
		t.Error(dropped)
	}
}
