package setup

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/ferry-cd/ferry/environments"
	"github.com/ferry-cd/ferry/release"
)

// Found is what lies in a repository that ferry does not know yet.
type Found struct {
	Charts         []string // folders
	Kustomizations []string // folders
	Units          []Unit
	Promotion      []Stage // of gitops-promotion.yaml
	CI             string  // github, gitlab, azure; "" where none was seen
}

// Unit is a folder that an engine applies, as its object says.
type Unit struct {
	Kind, Name string
	Engine     string // flux or argocd
	Path       string // folder, or a pattern of folders with *
	Repository string // where it says so: an Argo CD Application
	File       string
}

// Stage is an environment of gitops-promotion.
type Stage struct {
	Name string `yaml:"name"`
	Auto bool   `yaml:"auto"`
}

// Limits of looking: a repository has far fewer files, and manifests are far smaller.
const (
	maxFiles = 20_000
	maxFile  = 1 << 20
)

// Look reads what lies in a repository. Files that are no YAML say nothing; nothing of them is executed or fetched.
func Look(files environments.Source) (Found, error) {
	var f Found
	all, err := files.List()
	if err != nil {
		return f, err
	}
	if len(all) > maxFiles {
		return f, fmt.Errorf("the folder has %d files, more than the %d that are looked at: run this in a GitOps repository", len(all), maxFiles)
	}
	slices.Sort(all)
	for _, name := range all {
		f.name(name)
		if e := path.Ext(name); e != ".yaml" && e != ".yml" {
			continue
		}
		data, err := files.ReadFile(name)
		if err != nil || len(data) > maxFile {
			continue // a link that leads out, or no manifest
		}
		f.file(name, data)
	}
	return f, nil
}

// name takes what the name of a file says.
func (f *Found) name(name string) {
	switch {
	case path.Base(name) == "Chart.yaml" && !strings.Contains(name, "/charts/"+path.Base(path.Dir(name))+"/Chart.yaml"):
		f.Charts = append(f.Charts, path.Dir(name))
	case slices.Contains([]string{"kustomization.yaml", "kustomization.yml", "Kustomization"}, path.Base(name)):
		f.Kustomizations = append(f.Kustomizations, path.Dir(name))
	case strings.HasPrefix(name, ".github/"):
		f.CI = "github"
	case name == ".gitlab-ci.yml":
		f.CI = "gitlab"
	case strings.HasPrefix(name, "azure-pipelines") || strings.HasPrefix(name, ".azuredevops/"):
		f.CI = "azure"
	}
}

// object is the little of a manifest that says what an engine applies.
type object struct {
	APIVersion string `yaml:"apiVersion"`
	Kind       string `yaml:"kind"`
	Metadata   struct {
		Name string `yaml:"name"`
	} `yaml:"metadata"`
	Spec struct {
		Path    string      `yaml:"path"`
		Source  argoSource  `yaml:"source"`
		Sources []yaml.Node `yaml:"sources"`
		// of an ApplicationSet
		Generators []struct {
			Git struct {
				RepoURL     string `yaml:"repoURL"`
				Directories []struct {
					Path    string `yaml:"path"`
					Exclude bool   `yaml:"exclude"`
				} `yaml:"directories"`
			} `yaml:"git"`
		} `yaml:"generators"`
	} `yaml:"spec"`
}

type argoSource struct {
	RepoURL string `yaml:"repoURL"`
	Path    string `yaml:"path"`
}

// file takes what a file says.
func (f *Found) file(name string, data []byte) {
	if name == "gitops-promotion.yaml" || name == "gitops-promotion.yml" {
		var c struct {
			Environments []Stage `yaml:"environments"`
		}
		if yaml.Unmarshal(data, &c) == nil {
			f.Promotion = c.Environments
		}
		return
	}
	if !bytes.Contains(data, []byte("kustomize.toolkit.fluxcd.io/")) && !bytes.Contains(data, []byte("argoproj.io/")) {
		return
	}
	d := yaml.NewDecoder(bytes.NewReader(data))
	for range 1000 {
		var o object
		err := d.Decode(&o)
		if errors.Is(err, io.EOF) {
			return
		}
		var mistake *yaml.TypeError
		if err != nil && !errors.As(err, &mistake) {
			return // a template, or no YAML
		}
		f.object(name, o)
	}
}

func (f *Found) object(file string, o object) {
	add := func(engine, folder, repository string) {
		if folder = path.Clean(strings.TrimPrefix(folder, "./")); folder != "." && !strings.HasPrefix(folder, "..") && !path.IsAbs(folder) && !strings.Contains(folder, "{{") {
			f.Units = append(f.Units, Unit{o.Kind, o.Metadata.Name, engine, folder, repository, file})
		}
	}
	switch {
	case o.Kind == "Kustomization" && strings.HasPrefix(o.APIVersion, "kustomize.toolkit.fluxcd.io/") && o.Metadata.Name != "flux-system":
		add("flux", o.Spec.Path, "")
	case o.Kind == "Application" && strings.HasPrefix(o.APIVersion, "argoproj.io/"):
		add("argocd", o.Spec.Source.Path, o.Spec.Source.RepoURL)
		for _, n := range o.Spec.Sources {
			var s argoSource
			if n.Decode(&s) == nil && s.Path != "" {
				add("argocd", s.Path, s.RepoURL)
			}
		}
	case o.Kind == "ApplicationSet" && strings.HasPrefix(o.APIVersion, "argoproj.io/"):
		for _, g := range o.Spec.Generators {
			for _, d := range g.Git.Directories {
				if !d.Exclude {
					add("argocd", d.Path, g.Git.RepoURL)
				}
			}
		}
	}
}

// ladder are words that people name environments with, in the order in which releases go through them.
var ladder = []string{"preview", "sandbox", "development", "develop", "dev", "integration", "int", "test", "testing", "qa", "uat", "staging", "stage", "stg", "acceptance", "acc",
	"preproduction", "preprod", "pre-prod", "production", "prod", "live"}

// rung tells where a word stands on the ladder: prod-eu stands where prod does. -1 is no environment.
func rung(word string) int {
	best := -1
	for i, name := range ladder {
		if word == name || strings.HasPrefix(word, name+"-") || strings.HasSuffix(word, "-"+name) {
			best = i
		}
	}
	return best
}

// place is a folder taken apart: which part names the environment, which the app.
type place struct{ pattern, environment, app string }

// generic are parts of paths that name no app.
var generic = []string{"overlays", "overlay", "environments", "environment", "envs", "env", "manifests", "clusters", "kustomize", "deploy"}

// placeOf reads a folder: the part that names an environment, and the last other one that can be an app's name.
func placeOf(folder string) (place, bool) {
	parts := strings.Split(folder, "/")
	at := -1
	for i, p := range parts {
		if rung(p) >= 0 && release.IsName(p) {
			at = i
		}
	}
	if at < 0 || len(parts) < 2 {
		return place{}, false
	}
	app := len(parts) - 1
	for app >= 0 && (app == at || slices.Contains(generic, parts[app])) {
		app--
	}
	if app < 0 {
		return place{}, false
	}
	out := place{environment: parts[at], app: parts[app]}
	parts[at], parts[app] = "{environment}", "{app}"
	out.pattern = strings.Join(parts, "/")
	return out, release.IsName(out.app)
}
