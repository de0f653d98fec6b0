package main

import (
	"bytes"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/sync/errgroup"

	"github.com/ferry-cd/ferry/render"
	"github.com/ferry-cd/ferry/render/helm"
	"github.com/ferry-cd/ferry/render/kustomize"
)

// What the benchmark renders is what the command lines print, byte for byte, with four renders at the same time in one
// process. FERRY_MATRIX is how many apps each of the three sets has.
func TestMatrixAsTheCommandLines(t *testing.T) {
	apps := fewApps - 1
	if n, err := strconv.Atoi(os.Getenv("FERRY_MATRIX")); err == nil {
		apps = n
	}
	b := &bench{}
	for name, path := range map[string]*string{"helm": &b.helm, "kustomize": &b.kustomize} {
		var err error
		if *path, err = peer(t.Context(), name); err != nil {
			t.Fatal(err)
		}
	}
	renderers := map[string]render.Renderer{"helm": helm.New(), "kustomize": kustomize.New()}
	var group errgroup.Group
	group.SetLimit(4)
	for _, m := range matrices(t.TempDir(), apps) {
		if err := m.make(os.DirFS("chart")); err != nil {
			t.Fatal(err)
		}
		s, files := &stage{matrix: m, bench: b}, filesBelow(t, m.root)
		for i, c := range s.calls() {
			a, env := m.apps[i/len(m.environments)], m.environments[i%len(m.environments)]
			group.Go(func() error {
				want, err := exec.CommandContext(t.Context(), c.program, c.args...).Output()
				if err != nil {
					t.Errorf("%s %s: %v", c.program, strings.Join(c.args, " "), err)
				}
				got, err := renderers[a.kind].Render(t.Context(), requestOf(files, a, env))
				if err != nil || !bytes.Equal(got.Raw, want) || len(want) == 0 {
					t.Errorf("%s: %s in %s has other bytes than %s prints (%d, %d): %v", m.name, a.name, env, a.kind, len(got.Raw), len(want), err)
				}
				return nil
			})
		}
	}
	_ = group.Wait() // no error: they are the test's
}

// requestOf says to a renderer what a command line says with flags.
func requestOf(files render.Files, a matrixApp, env string) render.Request {
	if a.kind == "kustomize" {
		return render.Request{Files: files, Dir: "overlays/" + a.name + "/" + env}
	}
	r := render.Request{Name: a.name, Namespace: a.name, Files: files, Dir: "charts/" + a.name, IncludeCRDs: true, KeepHooks: true, Kubernetes: render.Kubernetes{Version: kubeVersion}}
	for _, name := range []string{"values/" + a.name + ".yaml", "values/" + env + "/" + a.name + ".yaml"} {
		r.Values = append(r.Values, render.File{Path: name, Data: files[name]})
	}
	return r
}

func filesBelow(t *testing.T, root string) render.Files {
	t.Helper()
	files := render.Files{}
	err := filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		rel, err := filepath.Rel(root, name)
		if err != nil {
			return err
		}
		files[filepath.ToSlash(rel)], err = os.ReadFile(name)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}
