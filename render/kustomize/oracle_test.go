package kustomize

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ferry-cd/ferry/render"
)

// cli is the kustomize command at the version in go.mod, built once.
var cli = sync.OnceValues(func() (string, error) {
	out, err := exec.Command("go", "tool", "-n", "kustomize").Output()
	return strings.TrimSpace(string(out)), err
})

// oracle runs `kustomize build` in an empty environment. A refusal is an error with the CLI's words.
func oracle(t *testing.T, dir string) ([]byte, error) {
	t.Helper()
	kustomize, err := cli()
	if err != nil {
		t.Fatalf("build kustomize: %v", err)
	}
	cmd := exec.Command(kustomize, "build", dir)
	cmd.Env = []string{"HOME=" + t.TempDir(), "PATH=/nonexistent"}
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		return nil, errors.New(strings.TrimSpace(errs.String()))
	}
	return out.Bytes(), nil
}

// same builds dir of files both ways and compares bytes, or refusals. It gives back what ferry made of it.
func same(t *testing.T, files render.Files, dir string) (render.Output, error) {
	t.Helper()
	root := t.TempDir()
	unpack(t, files, root)
	want, wantErr := oracle(t, filepath.Join(root, dir))
	got, err := New().Render(context.Background(), render.Request{Files: files, Dir: dir})
	if (err == nil) != (wantErr == nil) {
		t.Fatalf("ferry says: %v\nkustomize says: %v", err, wantErr)
	}
	if diff := cmp.Diff(string(want), string(got.Raw)); diff != "" {
		t.Fatalf("other bytes than kustomize build (-kustomize +ferry):\n%s", diff)
	}
	if w, _ := walk(fromFiles(files), listed(files), dir, render.BuiltIn); err == nil && w.inflate(context.Background(), nil, render.Request{}) == nil {
		sameByLibrary(t, w, want)
	}
	return got, err
}

// sameByLibrary builds what may have been built without the library by the library, too, in all the ways round it.
func sameByLibrary(t *testing.T, w *walker, want []byte) {
	t.Helper()
	w.last = w.lastOf()
	resources, err := build(context.Background(), w)
	if err != nil {
		t.Fatalf("the library says: %v", err)
	}
	if got, err := serialise(resources, w); err != nil || !bytes.Equal(got.Raw, want) {
		t.Fatalf("%v, other bytes than kustomize build (-kustomize +library):\n%s", err, cmp.Diff(string(want), string(got.Raw)))
	}
}

func unpack(t *testing.T, files render.Files, dir string) {
	t.Helper()
	for name, data := range files {
		file := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// readFiles reads all regular files below dir.
func readFiles(t testing.TB, dir string) render.Files {
	t.Helper()
	files := render.Files{}
	err := filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(name)
		rel, _ := filepath.Rel(dir, name)
		files[filepath.ToSlash(rel)] = data
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// kustomizations finds the folders of files that hold one.
func kustomizations(t testing.TB, files render.Files) []string {
	t.Helper()
	var found []string
	for name := range files {
		switch filepath.Base(name) {
		case "kustomization.yaml", "kustomization.yml", "Kustomization":
			found = append(found, filepath.ToSlash(filepath.Dir(name)))
		}
	}
	if len(found) == 0 {
		t.Fatal("no kustomizations")
	}
	return found
}
