package helm

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

// cli is the helm command at the version in go.mod, built once.
var cli = sync.OnceValues(func() (string, error) {
	out, err := exec.Command("go", "tool", "-n", "helm").Output()
	return strings.TrimSpace(string(out)), err
})

// oracle runs `helm template` in an empty environment. A refusal is an error with the CLI's words.
func oracle(t *testing.T, args ...string) ([]byte, error) {
	t.Helper()
	helm, err := cli()
	if err != nil {
		t.Fatalf("build helm: %v", err)
	}
	cmd := exec.Command(helm, append([]string{"template"}, args...)...)
	cmd.Env = []string{"HOME=" + t.TempDir(), "PATH=/nonexistent"}
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		return nil, errors.New(strings.TrimSpace(errs.String()))
	}
	return out.Bytes(), nil
}

// flags are the request as the CLI takes it; dir is where its files lie.
func flags(t *testing.T, r render.Request, dir string) []string {
	args := []string{r.Name, filepath.Join(dir, r.Dir), "-n", r.Namespace, "--kube-version", r.Kubernetes.Version, "--skip-tests"}
	if r.IncludeCRDs {
		args = append(args, "--include-crds")
	}
	for _, api := range r.Kubernetes.APIs {
		args = append(args, "--api-versions", api)
	}
	values := t.TempDir()
	for _, f := range r.Values {
		name := filepath.Join(values, strings.ReplaceAll(f.Path, "/", "_"))
		if err := os.WriteFile(name, f.Data, 0o600); err != nil {
			t.Fatal(err)
		}
		args = append(args, "-f", name)
	}
	for _, s := range r.Set {
		flag := "--set-string"
		if s.Typed {
			flag = "--set"
		}
		if s.Literal {
			flag = "--set-literal"
		}
		args = append(args, flag, s.Path+"="+s.Value)
	}
	return args
}

// same renders r both ways and compares bytes, or refusals. It gives back what ferry made of it.
func same(t *testing.T, r render.Request) (render.Output, error) {
	t.Helper()
	if r.Name == "" {
		r.Name = "web"
	}
	if r.Namespace == "" {
		r.Namespace = "shop"
	}
	if r.Kubernetes.Version == "" {
		r.Kubernetes.Version = "1.34"
	}
	r.IncludeCRDs, r.KeepHooks = true, true
	dir := t.TempDir()
	unpack(t, r.Files, dir)
	want, wantErr := oracle(t, flags(t, r, dir)...)
	got, err := New().Render(context.Background(), r)
	if (err == nil) != (wantErr == nil) {
		t.Fatalf("ferry says: %v\nhelm says: %v", err, wantErr)
	}
	if diff := cmp.Diff(string(want), string(got.Raw)); diff != "" {
		t.Fatalf("other bytes than helm template (-helm +ferry):\n%s", diff)
	}
	return got, err
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

// charts finds the folders below dir that are charts of their own, not parts of another.
func charts(t testing.TB, dir string) []string {
	t.Helper()
	var found []string
	err := filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		if err == nil && d.Name() == "Chart.yaml" {
			found = append(found, filepath.Dir(name))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(found) == 0 {
		t.Fatalf("no charts in %s", dir)
	}
	return found
}
