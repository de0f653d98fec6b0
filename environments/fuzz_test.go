package environments

import (
	"context"
	"errors"
	"strings"
	"testing"
	"unicode/utf8"
)

// FuzzLoad gives strangers' files: an error with a place in them, or a configuration whose folders are safe; never a
// panic, and the same answer twice.
func FuzzLoad(f *testing.F) {
	for _, name := range validConfigs(f) {
		r := repo(f, name)
		f.Add(r[RootFile], r["teams/payments/ferry.app.yaml"])
	}
	for _, m := range mutations {
		f.Add(strings.ReplaceAll(m.new, "«", ""), "apps: []")
	}
	f.Fuzz(func(t *testing.T, root, team string) {
		r := files{RootFile: root, "teams/payments/ferry.app.yaml": team}
		c, err := Load(context.Background(), r)
		_, again := Load(context.Background(), r)
		if (err == nil) != (again == nil) || err != nil && err.Error() != again.Error() {
			t.Fatalf("two answers: %v\n%v", err, again)
		}
		var ps Problems
		if err != nil && !errors.As(err, &ps) {
			t.Fatalf("not a list of problems: %v", err)
		}
		for _, p := range ps {
			inFile(t, r, p)
		}
		if c != nil {
			safe(t, c)
		}
	})
}

func inFile(t *testing.T, r files, p Problem) {
	if p.Line < 1 || p.Column < 1 || p.File == "" || p.Line > countLines([]byte(r[p.File])) {
		t.Fatalf("%s is not in the file", p)
	}
	if strings.ContainsFunc(p.Message, func(c rune) bool { return c < ' ' || c == utf8.RuneError }) && !strings.Contains(p.Message, "\uFFFD") {
		t.Fatalf("the message %q is not fit to print", p.Message)
	}
}

func safe(t *testing.T, c *Config) {
	seen := map[string]bool{}
	for _, p := range c.Placements() {
		if checkFolder(p.Folder) != nil || strings.ContainsAny(p.Folder, "{}") || checkPath(p.Path) != nil || checkPath(p.Root) != nil {
			t.Fatalf("unsafe folders: %+v", p)
		}
		if key := p.Branch + ":" + strings.ToLower(p.Folder); seen[key] {
			t.Fatalf("%s is used twice", key)
		} else {
			seen[key] = true
		}
		if p.Kubernetes.Version == "" || p.Unit == "" || p.Engine == "" || p.Health.From == "" || p.Deadline < 0 {
			t.Fatalf("incomplete: %+v", p)
		}
		if settings, err := c.Effective(p.App, p.Environment); err != nil || len(settings) < 8 {
			t.Fatalf("no effective settings: %v", err)
		}
	}
}
