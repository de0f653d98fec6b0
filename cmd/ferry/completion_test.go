package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// What may come next, for words as a shell hands them over; the last one is what was typed so far.
func TestComplete(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "ferry.yaml"), []byte(benchConfig), 0o644); err != nil {
		t.Fatal(err)
	}
	a := &app{Out: os.Stdout, Err: os.Stderr, Getenv: func(string) string { return "" }, Dir: dir}
	for _, c := range []struct{ typed, want string }{
		{"sub", "submit"},
		{"pr sho", "show"}, // the last word alone comes back
		{"pr ", "list show diff create approve request-changes comment merge close reopen"},
		{"submit --fail", "--fail-superseded"},
		{"plan --app ", "shop"},
		{"promote --env p", "prod"},
		{"submit --forge gi", "github gitlab gitea"},
		{"status -o ", "text json markdown"},
		{"audit --output c", "csv"},
		{"report --state s", "success superseded"},
		{"pr list --state m", "merged"},
		{"wait --for ", "merged healthy"},
		{"completion z", "zsh"},
		{"schema ferry.a", "ferry.app.yaml"},
		{"submit --app status --fo", "--forge --forge-url"}, // a value is no command
		{"nothing --h", "--help"},
		{"submit --version ", ""},
		{"completed", ""}, // hidden
	} {
		words := strings.Split(c.typed, " ")
		var have []string
		for _, w := range a.complete(t.Context(), a.commands(), words) {
			have = append(have, w.value)
		}
		want := strings.Fields(c.want)
		if !slices.Equal(have, want) {
			t.Errorf("ferry %s: %q, want %q", c.typed, have, want)
		}
	}
}

// The scripts run in their shells, with this program in the place of ferry. A shell that is not here is not asked; bash is
// everywhere.
func TestCompletionScripts(t *testing.T) {
	here, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	bin := t.TempDir()
	if err := os.Symlink(here, filepath.Join(bin, "ferry")); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ shell, ask string }{
		{"bash", `eval "$(ferry completion bash)"; COMP_WORDS=(ferry pr sh); COMP_CWORD=2; _ferry; printf '%s\n' "${COMPREPLY[@]}"
COMP_WORDS=(ferry ""); COMP_CWORD=1; _ferry; printf '%s\n' "${COMPREPLY[@]}"`},
		{"zsh", `autoload -U compinit; compinit -u -D; eval "$(ferry completion zsh)"
_describe() { local n=$2; print -l "${(@P)n}"; }; words=(ferry pr sh); CURRENT=3; _ferry; words=(ferry ""); CURRENT=2; _ferry`},
		{"fish", `ferry completion fish | source; complete -C 'ferry pr sh'; complete -C 'ferry '`},
	} {
		if _, err := exec.LookPath(c.shell); err != nil && c.shell != "bash" {
			continue
		}
		cmd := exec.Command(c.shell, "-c", c.ask)
		cmd.Env = append(os.Environ(), "PATH="+bin+string(os.PathListSeparator)+os.Getenv("PATH"), "HOME="+t.TempDir())
		out, err := cmd.CombinedOutput()
		if err != nil || !strings.Contains(string(out), "show") || !strings.Contains(string(out), "submit") || strings.Contains(string(out), "complete\n") {
			t.Errorf("%s: %v\n%s", c.shell, err, out)
		}
	}
}

var otherDoors = regexp.MustCompile(`\b(a|app)\.Err\b|\bos\.Std(err|out)\b`)

// Talk goes through one door, so that --quiet and --log-format hold everywhere and nothing from outside reaches a terminal.
func TestTalkHasOneDoor(t *testing.T) {
	files, err := filepath.Glob("*.go")
	if err != nil || len(files) < 40 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") || slices.Contains([]string{"talk.go", "main.go", "demo.go"}, file) {
			continue
		}
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if way := otherDoors.FindString(string(data)); way != "" {
			t.Errorf("%s speaks through %s: use say", file, way)
		}
	}
}
