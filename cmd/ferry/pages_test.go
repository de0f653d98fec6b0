package main

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/urfave/cli/v2"
)

// Pages that are made from the program say what the program says today; UPDATE=1 makes them anew. None is left behind by
// something that is gone.
func TestPagesCurrent(t *testing.T) {
	made := map[string]bool{}
	for _, p := range pages() {
		made[p.path] = true
		want, err := p.make()
		if err != nil {
			t.Fatal(err)
		}
		file := filepath.Join("../..", p.path)
		if os.Getenv("UPDATE") != "" {
			if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(file, want, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		have, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(have, want) {
			t.Errorf("%s is stale: make docs", p.path)
		}
	}
	for _, dir := range []string{"docs/schemas", "docs/completions", "docs/man"} {
		entries, err := os.ReadDir(filepath.Join("../..", dir))
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			if !made[dir+"/"+e.Name()] {
				t.Errorf("%s/%s is made by nothing any more", dir, e.Name())
			}
		}
	}
}

// Every exit code that an error claims has its row.
func TestExitCodesAreListed(t *testing.T) {
	rows := map[string]bool{}
	for i, e := range exitCodes {
		if i > 0 && e.code <= exitCodes[i-1].code {
			t.Errorf("%d stands after %d", e.code, exitCodes[i-1].code)
		}
		rows[strconv.Itoa(e.code)] = true
	}
	claim := regexp.MustCompile(`ExitCode\(\) int \{ return (\d+) \}|exit[A-Z][A-Za-z]* += (\d+)$`)
	seen := 0
	err := fs.WalkDir(os.DirFS("../.."), ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		data, err := fs.ReadFile(os.DirFS("../.."), path)
		for line := range strings.Lines(string(data)) {
			for _, m := range claim.FindAllStringSubmatch(strings.TrimRight(line, "\n"), -1) {
				seen++
				if code := m[1] + m[2]; !rows[code] {
					t.Errorf("%s: exit code %s is not in the table", path, code)
				}
			}
		}
		return err
	})
	if err != nil || seen < 30 {
		t.Fatalf("%d claims, %v", seen, err)
	}
}

// What pages for people say to type exists: every command, and every flag of it.
func TestPagesNameRealCommands(t *testing.T) {
	files, err := filepath.Glob("../../docs/*.md")
	if err != nil || len(files) < 5 {
		t.Fatal(files, err)
	}
	known := map[string]*cli.Command{}
	visitCommands(tree().Commands, "", func(name string, c *cli.Command) { known[name] = c })
	count := 0
	for _, file := range append(files, "../../README.md", "../../CONTRIBUTING.md") {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, typed := range typedCommands(string(data)) {
			count++
			if complaint := unknownWords(known, typed); complaint != "" {
				t.Errorf("%s: ferry %s: %s", filepath.Base(file), strings.Join(typed, " "), complaint)
			}
		}
	}
	if count < 60 {
		t.Errorf("only %d commands were found in the pages", count)
	}
}

var (
	inSpan  = regexp.MustCompile("`ferry ([a-z][^`\n]*)`")
	inFence = regexp.MustCompile(`(?m)(?:^ *|\$ |\| |&& |; |run: |exec )ferry ([a-z][^|;\n]*)`)
)

// typedCommands finds what a page says to type, as words: in spans of code, and in fences.
func typedCommands(text string) [][]string {
	var all [][]string
	for i, part := range strings.Split(strings.ReplaceAll(text, "\\\n", " "), "```") {
		find := inSpan
		if i%2 == 1 {
			find = inFence
		}
		for _, m := range find.FindAllStringSubmatch(part, -1) {
			all = append(all, strings.Fields(m[1]))
		}
	}
	return all
}

// unknownWords says what is wrong with a command line; "" where nothing is. A beginning that is no command is prose.
func unknownWords(known map[string]*cli.Command, typed []string) string {
	c, n := known[typed[0]], 1
	if c == nil && len(typed) > 1 {
		c, n = known[typed[0]+" "+strings.Trim(typed[1], ",.")], 2
	}
	if c == nil {
		groups := []string{"pr", "connector", "release"}
		if slices.Contains(groups, strings.Trim(typed[0], ",.")) {
			return ""
		}
		return "there is no such command"
	}
	for _, w := range typed[n:] {
		name, isFlag := strings.CutPrefix(w, "--")
		name, _, _ = strings.Cut(strings.TrimRight(name, ").,]:"), "=")
		if isFlag && name != "" && name != "help" && !slices.ContainsFunc(c.Flags, func(f cli.Flag) bool { return slices.Contains(f.Names(), name) }) {
			return "it has no flag --" + name
		}
	}
	return ""
}
