package main

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestReadSources reads folders with all that may lie in one, and refuses what leads out of it or has no end.
func TestReadSources(t *testing.T) {
	for name, c := range map[string]struct {
		make    func(t *testing.T, dir string)
		want    []string
		refused string
	}{
		"a chart": {
			make: func(t *testing.T, dir string) { write(t, dir, "templates/a.yaml", "a: b") },
			want: []string{"app/Chart.yaml", "app/templates/a.yaml"},
		},
		"links inside": {
			make: func(t *testing.T, dir string) {
				write(t, dir, "../shared/deep/x.yaml", "x: y")
				link(t, "../shared", dir, "templates")
				link(t, "Chart.yaml", dir, "copy.yaml")
			},
			want: []string{"app/Chart.yaml", "app/copy.yaml", "app/templates/deep/x.yaml"},
		},
		"no history": {
			make: func(t *testing.T, dir string) { write(t, dir, "files/.git/config", "secret") },
			want: []string{"app/Chart.yaml"},
		},
		"a link to a folder outside": {
			make:    func(t *testing.T, dir string) { link(t, "../../..", dir, "templates") },
			refused: "app/templates",
		},
		"an absolute link": {
			make:    func(t *testing.T, dir string) { link(t, "/etc/hostname", dir, "values.yaml") },
			refused: "app/values.yaml",
		},
		"a broken link": {
			make:    func(t *testing.T, dir string) { link(t, "nowhere", dir, "values.yaml") },
			refused: "app/values.yaml",
		},
		"a link to itself": {
			make:    func(t *testing.T, dir string) { link(t, "values.yaml", dir, "values.yaml") },
			refused: "app/values.yaml",
		},
		"a link to the folder it is in": {
			make: func(t *testing.T, dir string) {
				write(t, dir, "templates/a.yaml", "")
				link(t, ".", dir, "templates/again")
			},
			refused: "app/templates/again: a link that leads back",
		},
		"a pipe that nobody writes to": {
			make: func(t *testing.T, dir string) {
				if err := syscall.Mkfifo(filepath.Join(dir, "values.yaml"), 0o600); err != nil {
					t.Fatal(err)
				}
			},
			refused: "app/values.yaml: not a file that can be read",
		},
		"very deep": {
			make:    func(t *testing.T, dir string) { write(t, dir, strings.Repeat("d/", maxSourceDepth+1)+"a.yaml", "") },
			refused: "more than 64 folders deep",
		},
	} {
		t.Run(name, func(t *testing.T) {
			root := t.TempDir()
			dir := filepath.Join(root, "app")
			write(t, dir, "Chart.yaml", "apiVersion: v2\nname: app\nversion: 1.0.0\n")
			c.make(t, dir)
			got, err := (&app{Dir: root}).readSources("app", "")
			if c.refused != "" {
				if err == nil || !strings.Contains(err.Error(), c.refused) || exitCode(err) != exitUsage {
					t.Errorf("got %v, exit code %d, want %q", err, exitCode(err), c.refused)
				}
				return
			}
			if diff := cmp.Diff(c.want, slices.Sorted(maps.Keys(got.files))); err != nil || diff != "" {
				t.Errorf("%v, files (-want +got):\n%s", err, diff)
			}
		})
	}
}

func write(t *testing.T, dir, name, text string) {
	t.Helper()
	file := filepath.Join(dir, name)
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func link(t *testing.T, to, dir, name string) {
	t.Helper()
	if err := os.Symlink(to, filepath.Join(dir, name)); err != nil {
		t.Fatal(err)
	}
}
