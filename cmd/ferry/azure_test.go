package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/urfave/cli/v2"
	"go.yaml.in/yaml/v3"
)

type azureStep struct {
	Bash string
	Env  map[string]string
}

type azureTemplate struct {
	Parameters []struct {
		Name, Type string
		Default    any
		Values     []string
	}
	Steps []azureStep
}

func readAzure(t *testing.T) azureTemplate {
	t.Helper()
	data, err := os.ReadFile("../../templates/azure/ferry.yml")
	if err != nil {
		t.Fatal(err)
	}
	var a azureTemplate
	if err := yaml.Unmarshal(data, &a); err != nil {
		t.Fatal(err)
	}
	return a
}

var capital = regexp.MustCompile(`[A-Z]`)

// kebab gives the flag of a parameter: expressions of Azure know no hyphens in names.
func kebab(name string) string {
	return strings.ToLower(capital.ReplaceAllString(name, "-$0"))
}

// Every flag that has a variable is a parameter that sets it, and all parameters reach the script by its environment.
func TestAzureParametersAreFlags(t *testing.T) {
	a := readAzure(t)
	step := a.Steps[0]
	types, reached := map[string]string{}, map[string]string{}
	for variable, v := range step.Env {
		if name, ok := strings.CutPrefix(strings.TrimSuffix(v, " }}"), "${{ parameters."); ok {
			reached[kebab(name)] = variable
		}
	}
	known := []string{"command", "name", "image", "binary", "timeout-minutes", "release", "pr", "app", "env"}
	visitCommands(tree().Commands, "", func(name string, c *cli.Command) {
		if !slices.Contains([]string{"submit", "advance", "check"}, name) {
			return
		}
		for _, f := range c.Flags {
			if d, ok := f.(cli.DocGenerationFlag); ok && len(d.GetEnvVars()) > 0 {
				known = append(known, f.Names()[0])
				if reached[f.Names()[0]] != d.GetEnvVars()[0] {
					t.Errorf("the flag --%s of ferry %s does not reach it", f.Names()[0], name)
				}
			}
		}
	})
	for _, p := range a.Parameters {
		types[p.Name] = p.Type
		if !slices.Contains(known, kebab(p.Name)) {
			t.Errorf("the parameter %s is no flag", p.Name)
		}
		if !slices.Contains([]string{"string", "boolean", "number"}, p.Type) || p.Default == nil {
			t.Errorf("the parameter %s has the type %q and the default %v", p.Name, p.Type, p.Default)
		}
		if len(p.Values) > 0 && !slices.Contains(p.Values, fmt.Sprint(p.Default)) {
			t.Errorf("the default of %s is not among its values", p.Name)
		}
	}
	if types["failSuperseded"] != "boolean" || types["timeoutMinutes"] != "number" {
		t.Error(types)
	}
	if strings.Contains(step.Bash, "${{") || regexp.MustCompile(`\$\([A-Z][a-z]+\.`).MatchString(step.Bash) {
		t.Error("the script has something that the agent fills in")
	}
}

// step runs the step as an agent does, with this program as the binary.
func (b *bench) step(step azureStep, env ...string) (string, int) {
	b.t.Helper()
	program, err := exec.LookPath("ferry")
	if err != nil {
		b.t.Fatal(err)
	}
	dir := b.t.TempDir()
	cmd := exec.Command("bash", "-c", step.Bash)
	cmd.Dir = dir
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + dir, "AGENT_TEMPDIRECTORY=" + dir, "BINARY=" + program, "FERRY_REPO=" + filepath.Join(b.dir, "gitops.git"),
		"APPS=", "ENVIRONMENTS=", "NUMBER=", "RELEASE=", "FERRY_FORGE=", "FERRY_IDENTITY=Ferry <ferry@example.com>", "FERRY_REGISTRY_MIRRORS=", "FERRY_FAIL_SUPERSEDED=False", "FERRY_VERBOSE=False"}
	cmd.Env = append(cmd.Env, env...)
	out, err := cmd.CombinedOutput()
	if cmd.ProcessState == nil {
		b.t.Fatal(err)
	}
	return string(out), cmd.ProcessState.ExitCode()
}

func TestAzureStepRuns(t *testing.T) {
	step := readAzure(t).Steps[0]
	b := newBench(t)
	if out, code := b.step(step, "COMMAND=advance", "APPS=shop", "ENVIRONMENTS=dev,prod"); code != 0 || !strings.Contains(out, "##vso[task.setvariable variable=ferryResult;isOutput=true]nothing-to-do") {
		t.Errorf("%d\n%s", code, out)
	}
	out, code := b.step(step, "COMMAND=submit", `RELEASE={"###vso[task.setvariable variable=PATH]x": 1}`)
	if code != 2 || !strings.Contains(out, "##vso[task.logissue type=error;") || !strings.Contains(out, "ferryResult;isOutput=true]failed") {
		t.Errorf("%d\n%s", code, out)
	}
	if strings.Contains(out, "##vso[task.setvariable variable=PATH") {
		t.Errorf("somebody else's words are obeyed:\n%s", out)
	}
	b.write("gitops/ferry.yaml", strings.Replace(benchConfig, "merge: auto", "merg: auto", 1))
	b.git("-C", "gitops", "commit", "-qam", "A typo")
	b.git("-C", "gitops", "push", "-q", "../gitops.git", "main")
	if out, code := b.step(step, "COMMAND=advance"); code != 2 || !strings.Contains(out, "type=error;sourcepath=ferry.yaml;linenumber=") {
		t.Errorf("%d\n%s", code, out)
	}
}
