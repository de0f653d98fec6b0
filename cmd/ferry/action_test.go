package main

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

type actionFile struct {
	Inputs, Outputs map[string]struct{ Description string }
	Runs            struct {
		Steps []struct {
			Run string
			Env map[string]string
		}
	}
}

func readAction(t *testing.T) actionFile {
	t.Helper()
	data, err := os.ReadFile("../../action.yml")
	if err != nil {
		t.Fatal(err)
	}
	var a actionFile
	if err := yaml.Unmarshal(data, &a); err != nil {
		t.Fatal(err)
	}
	return a
}

// Every flag of every command that a step runs is an input that reaches it, and every input is one of them or the action's
// own; nothing is put into a script by the runner.
func TestActionInputsAreFlags(t *testing.T) {
	a := readAction(t)
	own := []string{"command", "token", "install", "binary", "mirror", "ca-bundle"}
	variables := map[string]string{}
	for _, s := range a.Runs.Steps {
		if strings.Contains(s.Run, "${{") {
			t.Errorf("a script that the runner fills in: %s", s.Run)
		}
		for k, v := range s.Env {
			variables[v] = k
		}
	}
	known := map[string]bool{}
	for _, f := range actionFlags() {
		name := f.Names()[0]
		known[name] = true
		if a.Inputs[name].Description == "" || !strings.HasPrefix(variables["${{ inputs."+name+" }}"], "FERRY_") {
			t.Errorf("the flag --%s is no input, or does not reach the script", name)
		}
	}
	for name := range a.Inputs {
		if !known[name] && !slices.Contains(own, name) || known[name] && slices.Contains(own, name) {
			t.Errorf("the input %s is no flag, or two things", name)
		}
	}
	for _, name := range []string{"changed", "result", "release-id", "environments", "pr-numbers", "pr-urls", "commit-shas", "report-path"} {
		if a.Outputs[name].Description == "" {
			t.Errorf("there is no output %s", name)
		}
	}
}

// script runs one of the action's scripts as a runner does, with this program as ferry.
func script(t *testing.T, name, dir string, env ...string) (string, error) {
	t.Helper()
	file, err := filepath.Abs(filepath.Join("../../action", name))
	if err != nil {
		t.Fatal(err)
	}
	return scriptAt(t, file, dir, env...)
}

func scriptAt(t *testing.T, file, dir string, env ...string) (string, error) {
	t.Helper()
	cmd := exec.Command("bash", file)
	cmd.Dir = dir
	cmd.Env = append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + dir, "RUNNER_TEMP=" + dir, "GITHUB_OUTPUT=" + dir + "/output", "GITHUB_PATH=" + dir + "/path",
		"GITHUB_ACTIONS=true", "GIT_CONFIG_GLOBAL=" + os.DevNull}, env...)
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// fakeFerry puts this program into a folder under ferry's name.
func fakeFerry(t *testing.T) string {
	t.Helper()
	here, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(t.TempDir(), "ferry")
	if err := os.Symlink(here, link); err != nil {
		t.Fatal(err)
	}
	return link
}

func TestActionRuns(t *testing.T) {
	t.Parallel()
	b, ferry := newBench(t), fakeFerry(t)
	ci := []string{"GITHUB_SERVER_URL=https://example.com", "GITHUB_REPOSITORY=acme/shop", "GITHUB_RUN_ID=12", "GITHUB_REF=refs/heads/main", "GITHUB_SHA=" + b.git("-C", "app", "rev-parse", "HEAD")}
	submit := append(slices.Clone(ci), "FERRY_BIN="+ferry, "FERRY_COMMAND=submit", "FERRY_IN_REPO="+b.dir+"/gitops.git", "FERRY_IN_SOURCE="+b.dir+"/app", "FERRY_IN_APP=shop",
		"FERRY_IN_CONFIRM_SHRINK=true", "FERRY_LIST_IMAGE=\nghcr.io/acme/shop:1@sha256:"+strings.Repeat("1", 64)+"\r\n\n")
	out, err := script(t, "run.sh", b.dir, append(slices.Clone(submit), "FERRY_IN_VERSION=$(touch owned)", "FERRY_IN_SEQUENCE=no number")...)
	if err == nil {
		t.Fatalf("a sequence that is no number was taken:\n%s", out)
	}
	if _, err := os.Stat(b.dir + "/owned"); err == nil {
		t.Fatal("an input was run by the shell")
	}
	if !strings.Contains(out, "::error title=ferry") {
		t.Errorf("no annotation:\n%s", out)
	}
	out, err = script(t, "run.sh", b.dir, append(slices.Clone(submit), "FERRY_IN_VERSION=1.0")...)
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	outputs, err := os.ReadFile(b.dir + "/output")
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"changed<<ferry-", "\ntrue\n", "\ndone\n", "\n[\"dev\"]\n", "\n[\"shop/github-12\"]\n"} {
		if !strings.Contains(string(outputs), want) {
			t.Errorf("no %q in the outputs:\n%s", want, outputs)
		}
	}
	if !strings.Contains(out, "::group::dev\n") || strings.Index(out, "::stop-commands::") > strings.Index(out, "::group::dev") {
		t.Errorf("no group, or the runner listened while ferry spoke:\n%s", out)
	}
	if out, err := script(t, "run.sh", b.dir, "FERRY_BIN="+ferry, "FERRY_COMMAND=plan; id"); err == nil {
		t.Errorf("a command with more in it ran:\n%s", out)
	}
}

// The release's binary is taken when it is the one that was released, from a mirror too, and never otherwise.
func TestActionInstalls(t *testing.T) {
	t.Parallel()
	const program = "#!/bin/sh\necho released\n"
	serve := program
	mirror := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(serve)) }))
	defer mirror.Close()
	folder := t.TempDir()
	data, err := os.ReadFile("../../action/install.sh")
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256([]byte(program))
	for name, text := range map[string]string{"install.sh": string(data), "version": "1.2.3\n", "checksums.txt": hex.EncodeToString(sum[:]) + "  ferry_1.2.3_" + runtime.GOOS + "_" + runtime.GOARCH + "\n"} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	install := func(env ...string) (string, string, error) {
		dir := t.TempDir()
		out, err := scriptAt(t, filepath.Join(folder, "install.sh"), dir, env...)
		have, _ := os.ReadFile(dir + "/output")
		return strings.TrimSpace(strings.TrimPrefix(string(have), "binary=")), out, err
	}
	binary, out, err := install("FERRY_ACTION_REF=v1", "FERRY_MIRROR="+mirror.URL)
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if said, err := exec.Command(binary).Output(); err != nil || string(said) != "released\n" {
		t.Errorf("%s says %q, %v", binary, said, err)
	}
	serve = "#!/bin/sh\necho stolen\n"
	if binary, out, err := install("FERRY_ACTION_REF=v1", "FERRY_MIRROR="+mirror.URL); err == nil || binary != "" || !strings.Contains(out, "is not what was released") {
		t.Errorf("another binary was installed: %s\n%s", binary, out)
	}
	if _, out, err := install("FERRY_ACTION_REF=v1", "RUNNER_OS=macOS", "RUNNER_ARCH=ARM64", "FERRY_MIRROR="+mirror.URL); err == nil || !strings.Contains(out, "no checksum of ferry_1.2.3_darwin_arm64") {
		t.Errorf("a binary without a checksum:\n%s", out)
	}
	if _, out, err := install("RUNNER_OS=Windows", "RUNNER_ARCH=X64", "FERRY_INSTALL=release"); err == nil || !strings.Contains(out, "ferry_1.2.3_windows_amd64.exe") {
		t.Errorf("Windows:\n%s", out)
	}
	if binary, out, err := install("FERRY_BINARY=/bin/sh"); err != nil || binary != "/bin/sh" {
		t.Errorf("a binary that is there: %s %v\n%s", binary, err, out)
	}
	if _, out, err := install("FERRY_BINARY=/nowhere"); err == nil {
		t.Errorf("a binary that is not there:\n%s", out)
	}
}
