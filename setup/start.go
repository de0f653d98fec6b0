package setup

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/ferry-cd/ferry/environments"
	"github.com/ferry-cd/ferry/templates"
)

// Start is what a GitOps repository begins with.
type Start struct {
	Apps         []NewApp
	Environments []StartEnvironment
	Folders      string // pattern of the folders of manifests
	Engine       string // flux or argocd
	Kubernetes   string // version of the clusters
	CI           string // github, gitlab, azure or none
	Merged       bool   // merging is enough: nobody reports health
	Notes        []string
}

// StartEnvironment is an environment of a new repository.
type StartEnvironment struct {
	Name  string
	After []string
	Merge string // "" = auto, with an approval in the last ones
}

// Unknown stands for the repository of an app that nobody named.
const Unknown = "https://example.com/CHANGE/ME"

// Files writes everything as text by path. What is there already is left as it is, and named; a ferry.yaml that is there
// ends it: ferry knows this repository.
func (s Start) Files(ctx context.Context, there environments.Source) (files map[string]string, kept []string, err error) {
	if _, err := there.ReadFile(environments.RootFile); !errors.Is(err, fs.ErrNotExist) {
		return nil, nil, &knownError{}
	}
	files = map[string]string{environments.RootFile: s.configuration()}
	config, err := environments.Load(ctx, overlay{there, files})
	if err != nil {
		return nil, nil, err
	}
	a := Added{Files: files}
	for _, app := range s.Apps {
		a.values(there, config, app.Name)
	}
	if err := s.pipeline(files); err != nil {
		return nil, nil, err
	}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if was, err := there.ReadFile(name); err == nil {
			if !bytes.Equal(was, []byte(files[name])) {
				kept = append(kept, name)
			}
			delete(files, name)
		}
	}
	return files, kept, nil
}

// pipeline adds the file of the CI.
func (s Start) pipeline(files map[string]string) error {
	target := map[string]string{"github": ".github/workflows/ferry.yaml", "gitlab": ".gitlab-ci.yml", "azure": "azure-pipelines.yml"}[s.CI]
	if target == "" {
		return nil
	}
	data, err := templates.Starter.ReadFile(path.Join("starter/ci", s.CI+".yaml"))
	files[target] = string(data)
	return err
}

const head = `# yaml-language-server: $schema=https://raw.githubusercontent.com/ferry-cd/ferry/main/docs/schemas/ferry.schema.json
# What ferry promotes, where, and on which conditions. docs/ferry-yaml.md and "ferry explain KEY" tell about every key.
version: 1

defaults:
  kubernetes: {version: %q} # of the clusters; charts ask for it
  path: %q # the folder of an app's manifests
  namespace: "{app}" # of an app's resources, where its templates leave that open
  values: ["values/{app}.yaml?", "values/{environment}/{app}.yaml?"] # later wins, as in Helm; ? may be missing
`

// configuration is ferry.yaml, with comments.
func (s Start) configuration() string {
	var b strings.Builder
	fmt.Fprintf(&b, head, cmp.Or(s.Kubernetes, "1.34"), cmp.Or(s.Folders, "{environment}/{app}"))
	if s.Engine == "argocd" {
		b.WriteString("  engine: argocd # it honours Helm's hooks\n")
	}
	if s.Merged {
		b.WriteString("  health: {from: merged} # nobody reports health: what is merged counts as healthy\n")
	}
	b.WriteString("\ninclude: [apps/*/ferry.app.yaml] # teams may keep their apps in files of their own: ferry new app\n")
	if len(s.Apps) > 0 {
		b.WriteString("\napps:\n")
	}
	for _, app := range s.Apps {
		b.WriteString(indented(app.text(true), "  "))
	}
	b.WriteString("\nenvironments:\n")
	for i, e := range s.Environments {
		b.WriteString(s.environment(i, e))
	}
	if !s.Merged {
		b.WriteString("\ntrust:\n  connector: [ferry-connector] # the accounts that report how releases do: the connector (docs/connector.md), who runs ferry report\n")
	}
	return b.String()
}

// environment writes one: releases enter the first, and the last ones ask for a person.
func (s Start) environment(i int, e StartEnvironment) string {
	var b strings.Builder
	fmt.Fprintf(&b, "  - name: %s\n", e.Name)
	if len(e.After) > 0 {
		fmt.Fprintf(&b, "    after: [%s] # takes what is proven there\n", strings.Join(e.After, ", "))
	}
	last := !slices.ContainsFunc(s.Environments[i+1:], func(o StartEnvironment) bool { return slices.Contains(o.After, e.Name) })
	switch {
	case e.Merge == "review":
		b.WriteString("    merge: review # a person merges\n")
	case last && len(e.After) > 0:
		b.WriteString("    gates: {approvals: {count: 1}} # people approve ...\n    merge: auto # ... and ferry merges\n")
	default:
		b.WriteString("    merge: auto # ferry merges when every gate passes\n")
	}
	return b.String()
}

// knownError says that a repository has a configuration.
type knownError struct{}

func (*knownError) Error() string { return "there is a ferry.yaml already: nothing was written" }
func (*knownError) Hint() string {
	return "ferry validate says whether it is right, ferry new app brings another app"
}
func (*knownError) ExitCode() int { return 2 }
