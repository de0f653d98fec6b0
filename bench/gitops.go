package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os/exec"
	"strings"
	"time"

	"github.com/ferry-cd/ferry/git"
	"github.com/ferry-cd/ferry/release"
)

// size of a GitOps repository.
type size struct{ files, commits, apps, environments int }

var (
	large = size{files: 20_000, commits: 2_000, apps: 300, environments: 8}
	small = size{files: 500, commits: 50, apps: 20, environments: 3}
)

var stages = []string{"dev", "qa", "perf", "staging", "canary", "prod-eu", "prod-us", "prod-ap"}

// kinds are the manifests that each app has in each environment, beside its record.
var kinds = []string{"ConfigMap", "Deployment", "HorizontalPodAutoscaler", "Ingress", "PodDisruptionBudget", "Service", "ServiceAccount"}

// gitops writes the history of a GitOps repository that a company has used for years: apps in environments, each with
// manifests and a record, values, notes; and one commit for every promotion. The same size gives the same commits.
type gitops struct {
	size
	w     *bufio.Writer
	r     *rand.Rand
	count int       // files
	now   time.Time // of the next commit
}

// makeGitops fills a bare repository that exists.
func makeGitops(ctx context.Context, repo string, s size) error {
	cmd := exec.CommandContext(ctx, "git", "-C", repo, "fast-import", "--quiet", "--done")
	cmd.Env = plainEnv()
	in, err := cmd.StdinPipe()
	if err != nil {
		return err
	}
	var said strings.Builder
	cmd.Stderr = &said
	if err := cmd.Start(); err != nil {
		return err
	}
	g := &gitops{size: s, w: bufio.NewWriter(in), r: rand.New(rand.NewPCG(20260101, 2)), now: time.Date(2026, 1, 5, 8, 0, 0, 0, time.UTC)}
	err = errors.Join(g.write(), in.Close())
	if waited := cmd.Wait(); waited != nil {
		return fmt.Errorf("git fast-import: %w\n%s", waited, said.String())
	}
	return err
}

func (g *gitops) write() error {
	g.commit("Everything as it was")
	g.file("ferry.yaml", []byte(g.config()))
	for app := range g.apps {
		g.file("values/"+appName(app)+".yaml", fmt.Appendf(nil, "replicas: %d\nlog: {level: info}\n", 1+app%5))
		for env := range g.environments {
			if err := g.deploy(app, env, 1); err != nil {
				return err
			}
		}
	}
	for n := 0; g.count < g.files; n++ {
		g.file(fmt.Sprintf("docs/notes/%04d.md", n), fmt.Appendf(nil, "# Note %d\n\nWhat we learned that week: %x.\n", n, g.r.Uint64()))
	}
	if g.count != g.files {
		return fmt.Errorf("%d files where %d were to be", g.count, g.files)
	}
	for n := 1; n < g.commits; n++ {
		// The app that is promoted by the benchmark is not among them: it begins with its first release.
		app, env := 1+g.r.IntN(g.apps-1), g.r.IntN(g.environments)
		g.commit(fmt.Sprintf("%s: %s 1.%d.0", stages[env], appName(app), n))
		if err := g.deploy(app, env, n); err != nil {
			return err
		}
	}
	fmt.Fprintln(g.w, "done")
	return g.w.Flush()
}

func (g *gitops) commit(message string) {
	g.now = g.now.Add(3 * time.Hour)
	fmt.Fprintf(g.w, "commit refs/heads/main\ncommitter Bench <bench@example.com> %d +0000\n", g.now.Unix())
	data(g.w, []byte(message+"\n"))
}

func (g *gitops) file(path string, content []byte) {
	fmt.Fprintf(g.w, "M 100644 inline %s\n", path)
	data(g.w, content)
	g.count++
}

func data(w io.Writer, content []byte) {
	fmt.Fprintf(w, "data %d\n%s\n", len(content), content)
}

// deploy writes an app's folder in an environment, as ferry would have left it. The app that is promoted has none yet.
func (g *gitops) deploy(app, env, sequence int) error {
	if app == 0 {
		return nil
	}
	name, folder, before := appName(app), stages[env]+"/"+appName(app)+"/", g.count
	record := release.Record{Version: release.RecordVersion, App: name, Environment: stages[env], Release: g.release(name, sequence),
		Inputs: release.NewInputs([]release.Input{{Path: "values/" + name + ".yaml", ID: g.hex(40)}})}
	for _, kind := range kinds {
		manifest := g.manifest(kind, name, stages[env], record.Release)
		file := strings.ToLower(kind) + "-" + name + ".yaml"
		record.Files = append(record.Files, release.File{Name: file, ID: string(git.BlobID(manifest))})
		g.file(folder+file, manifest)
	}
	lock, err := record.Marshal()
	if err != nil {
		return err
	}
	g.file(folder+release.RecordName, lock)
	if sequence > 1 {
		g.count = before // the files were there before
	}
	return nil
}

func (g *gitops) release(app string, sequence int) release.Release {
	image := "ghcr.io/acme/" + app
	version := fmt.Sprintf("1.%d.0", sequence)
	return release.Release{App: app, Version: version, Sequence: release.Sequence{Kind: release.Manual, Number: int64(sequence)},
		Source:    release.Source{Repository: "https://github.com/acme/" + app, Commit: g.hex(40), Ref: "refs/heads/main", Time: g.now},
		Templates: g.hex(40), Images: []release.Image{{Name: image, Tag: version, Digest: "sha256:" + g.hex(64)}}}
}

// manifest is about as long as the real ones are.
func (g *gitops) manifest(kind, app, env string, r release.Release) []byte {
	var out strings.Builder
	fmt.Fprintf(&out, "apiVersion: %s\nkind: %s\nmetadata:\n  name: %s\n  namespace: %s-%s\n  labels:\n    app.kubernetes.io/name: %s\n    app.kubernetes.io/version: %q\nspec:\n",
		map[bool]string{true: "apps/v1", false: "v1"}[kind == "Deployment"], kind, app, env, app, app, r.Version)
	if kind == "Deployment" {
		fmt.Fprintf(&out, "  template:\n    spec:\n      containers:\n        - name: main\n          image: %s\n          env:\n", r.Images[0].Reference())
		for i := range 20 {
			fmt.Fprintf(&out, "            - name: SETTING_%02d\n              value: %q\n", i, g.hex(12))
		}
		return []byte(out.String())
	}
	for i := range 6 {
		fmt.Fprintf(&out, "  setting%02d: %q\n", i, g.hex(16))
	}
	return []byte(out.String())
}

func (g *gitops) hex(n int) string {
	var out strings.Builder
	for out.Len() < n {
		fmt.Fprintf(&out, "%016x", g.r.Uint64())
	}
	return out.String()[:n]
}

func appName(n int) string {
	if n == 0 {
		return "shop"
	}
	return fmt.Sprintf("app-%03d", n)
}

// config is the ferry.yaml: dev is written to directly, since there is no forge to open a pull request on.
func (g *gitops) config() string {
	var out strings.Builder
	out.WriteString("version: 1\ndefaults:\n  kubernetes: {version: \"1.34\"}\n  values: [\"values/{app}.yaml?\", \"values/{environment}/{app}.yaml?\"]\napps:\n")
	for app := range g.apps {
		name := appName(app)
		fmt.Fprintf(&out, "  - name: %s\n    source: {repository: https://github.com/acme/%s, path: charts/%s}\n    images: [{name: ghcr.io/acme/%s}]\n    namespace: %s\n",
			name, name, name, name, name)
	}
	out.WriteString("environments:\n")
	for env := range g.environments {
		switch env {
		case 0:
			fmt.Fprintf(&out, "  - {name: %s, merge: auto, pullRequest: false}\n", stages[env])
		default:
			fmt.Fprintf(&out, "  - {name: %s, after: [%s]}\n", stages[env], stages[env-1])
		}
	}
	return out.String()
}
