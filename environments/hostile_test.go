package environments

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"
)

// TestHostileInput gives what is made to hurt: it ends soon, with few words and little memory.
func TestHostileInput(t *testing.T) {
	nested := func(open, shut string, n int) string { return strings.Repeat(open, n) + strings.Repeat(shut, n) }
	bomb := "version: 1\ninclude: &a0 [x.yaml]\n"
	var aliases strings.Builder
	aliases.WriteString("version: 1\ndefaults:\n")
	for i := range 20 {
		fmt.Fprintf(&aliases, "  k%d: &k%d [%s]\n", i+1, i+1, strings.TrimSuffix(strings.Repeat(fmt.Sprintf("*k%d, ", i), 10), ", "))
	}
	for name, tt := range map[string]struct{ text, want string }{
		"alias bomb":      {strings.Replace(aliases.String(), "defaults:\n", "defaults:\n  k0: &k0 lol\n", 1), "values, counting each use of an alias"},
		"large file":      {bomb + strings.Repeat("# padding\n", maxFile/10), fmt.Sprintf("at most %d are read", maxFile)},
		"10 MB of one":    {"version: " + strings.Repeat("1", 10<<20), "at most"},
		"deep flow":       {"version: 1\ninclude: " + nested("[", "]", 5000), "nested more than 32 deep"},
		"deeper flow":     {"include: " + nested("{a: ", "}", 50000), "this is not YAML: exceeded max depth"},
		"deep block":      {deepBlock(400), "nested more than 32 deep"},
		"many problems":   {"version: 1\n" + strings.Repeat("x: 1\n", 50000), "more problems after this one"},
		"long key":        {"version: 1\n" + strings.Repeat("k", 1000) + ": 1\n", "there is no key"},
		"long value":      {"version: 1\nrequires: \"" + strings.Repeat(">", 900_000) + "\"\n", "is not a range of versions"},
		"many values":     {"version: 1\ninclude: [" + strings.Repeat("a,", 500_000) + "a]", "values, counting each use of an alias"},
		"zero bytes":      {"version: 1\x00", "this is not YAML: control characters are not allowed"},
		"not UTF-8":       {"version: \"\xff\xfe\"", "this is not YAML: invalid leading UTF-8 octet"},
		"nothing":         {"", "the file is empty"},
		"only a comment":  {"# hello\n", "the file is empty"},
		"null":            {"~", "ferry.yaml must be a mapping, not nothing"},
		"escape in a key": {"version: 1\n\"\\e[31mred\": 1\n", "there is no key \"\uFFFD[31mred\" here"},
	} {
		t.Run(name, func(t *testing.T) {
			before, start := allocated(), time.Now()
			_, err := Load(context.Background(), files{RootFile: tt.text})
			var ps Problems
			if !errors.As(err, &ps) || !strings.Contains(err.Error(), tt.want) {
				t.Fatalf("want %q, got %.300v", tt.want, err)
			}
			if text := err.Error(); len(ps) > maxProblems+1 || len(text) > 64<<10 || strings.ContainsRune(text, '\x1b') {
				t.Errorf("the message has %d problems and %d bytes", len(ps), len(text))
			}
			if took, grown := time.Since(start), allocated()-before; took > 20*time.Second || grown > 1<<30 {
				t.Errorf("it took %s and %d MB", took, grown>>20)
			}
		})
	}
}

func deepBlock(n int) string {
	var out strings.Builder
	for i := range n {
		out.WriteString(strings.Repeat(" ", i) + "a:\n")
	}
	return out.String()
}

func allocated() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.TotalAlloc
}

func TestTooManyPlacements(t *testing.T) {
	var text strings.Builder
	text.WriteString("version: 1\nenvironments:\n")
	for i := range maxEnvironments + 1 {
		fmt.Fprintf(&text, "  - {name: e%d, kubernetes: {version: \"1.34\"}}\n", i)
	}
	_, err := Load(context.Background(), files{RootFile: text.String()})
	if err == nil || !strings.Contains(err.Error(), "ferry.yaml:3:3: 0 apps in 201 environments are too many") {
		t.Errorf("have %v", err)
	}
}

func TestNoFerryYAML(t *testing.T) {
	_, err := Load(context.Background(), files{})
	var h interface{ Hint() string }
	if !errors.Is(err, fs.ErrNotExist) || !errors.As(err, &h) || h.Hint() == "" {
		t.Errorf("have %v", err)
	}
}

func TestCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := Load(ctx, repo(t, "shop")); !errors.Is(err, context.Canceled) {
		t.Errorf("have %v", err)
	}
}

// TestDir reads a folder that tries to lead out of itself.
func TestDir(t *testing.T) {
	outside, dir := t.TempDir(), t.TempDir()
	write(t, filepath.Join(outside, "secret.yaml"), "s3cr3t: 1\n")
	write(t, filepath.Join(dir, "ferry.yaml"), "version: 1\n")
	write(t, filepath.Join(dir, "values", "a.yaml"), "a: 1\n")
	write(t, filepath.Join(dir, ".git", "config"), "x")
	for link, to := range map[string]string{"out.yaml": filepath.Join(outside, "secret.yaml"), "up": "..", "in.yaml": "values/a.yaml", "gone": outside} {
		if err := os.Symlink(to, filepath.Join(dir, link)); err != nil {
			t.Fatal(err)
		}
	}
	src := Dir(dir)
	if data, err := src.ReadFile("in.yaml"); err != nil || string(data) != "a: 1\n" {
		t.Errorf("a link inside reads %q, %v", data, err)
	}
	for _, name := range []string{"out.yaml", "up/ferry.yaml", "gone/secret.yaml", "../x", "/etc/passwd", "values"} {
		if data, err := src.ReadFile(name); err == nil || strings.Contains(err.Error(), "s3cr3t") {
			t.Errorf("%s reads %q, %v", name, data, err)
		}
	}
	if _, err := src.ReadFile("none.yaml"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a missing file gives %v", err)
	}
	all, err := src.List()
	if have := strings.Join(all, " "); err != nil || have != "ferry.yaml gone in.yaml out.yaml up values/a.yaml" {
		t.Errorf("list is %s, %v", have, err)
	}
}

// TestIncludedLink includes a link that leads out: the error names it and gives nothing of what it points to.
func TestIncludedLink(t *testing.T) {
	outside, dir := t.TempDir(), t.TempDir()
	write(t, filepath.Join(outside, "secret.yaml"), "s3cr3t: 1\n")
	write(t, filepath.Join(dir, "ferry.yaml"), "version: 1\ninclude: [\"*.yaml\"]\nenvironments: []\n")
	if err := os.Symlink(filepath.Join(outside, "secret.yaml"), filepath.Join(dir, "team.yaml")); err != nil {
		t.Fatal(err)
	}
	_, err := Load(context.Background(), Dir(dir))
	if err == nil || !strings.Contains(err.Error(), "team.yaml") || strings.Contains(err.Error(), "s3cr3t") {
		t.Errorf("have %v", err)
	}
}

func write(t *testing.T, file, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}
