package main

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// matrix is what a benchmark of rendering renders: apps, each in every environment, as folders on disk.
//
//	charts/APP                  a chart
//	overlays/APP/ENV            a kustomization, over overlays/APP/base
//	values/APP.yaml             what a chart gets in every environment
//	values/ENV/APP.yaml         what it gets in one
type matrix struct {
	name         string
	root         string // of the folders
	environments []string
	apps         []matrixApp
	chain        bool // each environment comes after the one before
}

// matrixApp is one app and what it is made of.
type matrixApp struct {
	name string
	kind string // helm or kustomize
	crds int    // how many definitions it brings
	how  string // where a chart keeps them: crds or templates
}

// Sizes of the matrix: what the promises are about, and what CI has time for.
const (
	manyApps = 50
	fewApps  = 5
)

// matrices gives the three sets: Helm, Kustomize, and both with definitions in them.
func matrices(root string, apps int) []*matrix {
	all := []*matrix{{name: "helm"}, {name: "kustomize"}, {name: "mixed"}}
	for _, m := range all {
		m.root, m.environments = filepath.Join(root, m.name), []string{"dev", "qa", "prod"}
		for n := range apps {
			a := matrixApp{name: fmt.Sprintf("app-%02d", n), kind: m.name}
			if m.name == "mixed" {
				a.kind, a.crds, a.how = mixture(n)
			}
			m.apps = append(m.apps, a)
		}
	}
	return all
}

// mixture of ten apps is five charts and two kustomizations of services, and three operators with their definitions: in
// crds/, in templates, and as resources of a kustomization.
func mixture(n int) (kind string, crds int, how string) {
	const definitions = 5
	switch n % 10 {
	case 1, 6:
		return "kustomize", 0, ""
	case 2:
		return "helm", definitions, "crds"
	case 3:
		return "kustomize", definitions, ""
	case 4:
		return "helm", definitions, "templates"
	}
	return "helm", 0, ""
}

// make writes the folders. charts is the chart of a service that every app gets a copy of, under its own name.
func (m *matrix) make(charts fs.FS) error {
	for n, a := range m.apps {
		files, err := a.files(charts, m.environments, n)
		if err != nil {
			return err
		}
		for name, text := range files {
			if err := write(filepath.Join(m.root, filepath.FromSlash(name)), text); err != nil {
				return err
			}
		}
	}
	return nil
}

func write(file, text string) error {
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return err
	}
	return os.WriteFile(file, []byte(text), 0o644)
}

func (a matrixApp) files(charts fs.FS, environments []string, n int) (map[string]string, error) {
	files := map[string]string{}
	if a.kind == "kustomize" {
		a.kustomization(files, environments, n)
		return files, nil
	}
	for _, env := range environments {
		files["values/"+env+"/"+a.name+".yaml"] = fmt.Sprintf("replicas: %d\nenv: {LOG_LEVEL: %q, REGION: %s-%d}\n", 1+n%4, env, env, n)
	}
	files["values/"+a.name+".yaml"] = fmt.Sprintf("image: {repository: ghcr.io/acme/%s, tag: 1.%d.0}\ningress: {enabled: true}\nconfig: {title: %s, limits: {basket: %d}}\n", a.name, n, a.name, 10*n)
	definitions := definitionFiles(a.name, a.crds)
	for name, text := range definitions {
		files["charts/"+a.name+"/"+a.how+"/"+name] = text
	}
	return files, fs.WalkDir(charts, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || strings.HasPrefix(name, "ci/") {
			return err
		}
		text, err := fs.ReadFile(charts, name)
		files["charts/"+a.name+"/"+name] = strings.ReplaceAll(string(text), "storefront", a.name)
		return err
	})
}
