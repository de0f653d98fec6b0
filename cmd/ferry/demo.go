package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/ferry-cd/ferry/git"
	"github.com/ferry-cd/ferry/release"
	"github.com/ferry-cd/ferry/scm"
	"github.com/ferry-cd/ferry/templates"
)

type demoOptions struct {
	dir  string
	fast bool
}

func (a *app) demoCommand() *cli.Command {
	var o demoOptions
	return &cli.Command{
		Name:  "demo",
		Usage: "play a release's way from CI to prod on this machine, with nothing installed",
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "dir", Usage: "`FOLDER` for the two repositories (default: a new temporary one)", Destination: &o.dir},
			&cli.BoolFlag{Name: "fast", Usage: "do not wait between the steps", Destination: &o.fast},
		},
		Action: func(c *cli.Context) error { return a.runDemo(c.Context, o) },
	}
}

// demo is one playing of the story. Every command line it shows is run as shown, in this process.
type demo struct {
	*app
	demoOptions
	repo, source string
	err          error // the first failure; later steps are not played
}

func (a *app) runDemo(ctx context.Context, o demoOptions) error {
	if o.dir == "" {
		dir, err := os.MkdirTemp("", "ferry-demo-")
		if err != nil {
			return err
		}
		o.dir = dir
	}
	dir := a.below(o.dir)
	d := &demo{app: a, demoOptions: o, repo: filepath.Join(dir, "gitops.git"), source: filepath.Join(dir, "storefront.git")}
	d.play(ctx)
	return d.err
}

// play tells the story.
func (d *demo) play(ctx context.Context) {
	d.title("Two repositories: an application with a chart and a kustomization, and a GitOps repository with dev, qa and prod")
	d.create(ctx, d.source, "demo/app", "The storefront")
	d.create(ctx, d.repo, "demo/gitops", "Environments and values")
	d.say("  " + d.source + "\n  " + d.repo + "\n")

	d.title("CI has published images of both apps; its last step hands the release over. dev takes it at once")
	d.submit(ctx, "1.4.0", 1, "shop", "search")

	d.title("The cluster runs it, and the connector says so on the commit. qa may have what dev has proven")
	d.report(ctx, "dev", "success", "1 of 1 Deployments ready", "shop", "search")
	d.ferry(ctx, "advance")

	d.title("qa is healthy too. prod wants a person's word first")
	d.report(ctx, "qa", "success", "2 of 2 pods ready", "shop", "search")
	d.ferry(ctx, "advance")
	d.ferry(ctx, "pr", "list")

	d.title("A reviewer approves both, and ferry merges")
	shop, search := d.open(ctx, "prod", "shop"), d.open(ctx, "prod", "search")
	d.ferry(ctx, "pr", "approve", shop, "--as", "grace")
	d.ferry(ctx, "pr", "approve", search, "--as", "grace")
	d.ferry(ctx, "advance")
	d.report(ctx, "prod", "success", "3 of 3 pods ready", "shop", "search")

	d.title("The next release of the shop goes the same way, as far as prod's pull request ...")
	d.walk(ctx, "1.5.0", 2)
	d.title("... and is overtaken before anyone approved it: the pull request is the same one, with newer content")
	d.walk(ctx, "1.6.0", 3)
	d.ferry(ctx, "pr", "list")
	d.ferry(ctx, "pr", "show", d.open(ctx, "prod", "shop"))

	d.title("A bad release stops in dev: nothing passes on what its cluster does not prove")
	d.submit(ctx, "1.7.0", 4, "shop")
	d.report(ctx, "dev", "failure", "Deployment shop: ImagePullBackOff", "shop")
	d.ferry(ctx, "advance")

	d.title("Somebody gives qa a third replica: one file that only qa reads, so only qa is refreshed")
	d.edit(ctx, "values/qa/shop.yaml", "replicas: 2", "replicas: 3")
	d.ferry(ctx, "advance")

	d.title("Where is everything, and what does it wait for?")
	d.ferry(ctx, "status")
	d.ferry(ctx, "where", "1.6.0")
	d.say("Look around:\n" +
		"  git -C " + d.repo + " log --graph --oneline main\n" +
		"  git -C " + d.repo + " show main:prod/shop/release.lock\n" +
		"  go run ./cmd/ferry pr show " + d.open(ctx, "prod", "shop") + " --repo " + d.repo + "\n")
}

// walk hands a release of the shop over and brings it through dev and qa.
func (d *demo) walk(ctx context.Context, version string, run int) {
	d.submit(ctx, version, run, "shop")
	d.report(ctx, "dev", "success", "1 of 1 Deployments ready", "shop")
	d.ferry(ctx, "advance")
	d.report(ctx, "qa", "success", "2 of 2 pods ready", "shop")
	d.ferry(ctx, "advance")
}

func (d *demo) submit(ctx context.Context, version string, run int, apps ...string) {
	for _, name := range apps {
		digest := fmt.Sprintf("sha256:%x", sha256.Sum256([]byte(name+version)))
		d.ferry(ctx, "submit", "--source", d.source, "--app", name, "--version", version, "--sequence", fmt.Sprint(run),
			"--image", "ghcr.io/acme/"+name+":"+version+"@"+digest)
	}
}

func (d *demo) report(ctx context.Context, environment, state, text string, apps ...string) {
	for _, name := range apps {
		d.ferry(ctx, "report", "--env", environment, "--app", name, "--state", state, "--text", text, "--as", "connector")
	}
}

// ferry shows a command line and runs it.
func (d *demo) ferry(ctx context.Context, args ...string) {
	if d.err != nil {
		return
	}
	d.say("$ ferry " + shell(args) + "\n")
	a := *d.app
	out := &indented{to: d.Out}
	a.Out, a.Err = out, out
	a.Getenv = func(name string) string {
		// No CI, no token, one person at the keyboard: the story is the same everywhere.
		return map[string]string{"FERRY_REPO": d.repo, "USER": "grace"}[name]
	}
	if code := a.main(ctx, append([]string{"ferry"}, withRepo(args, d.repo)...)); code != exitOK {
		d.err = fmt.Errorf("the demo stopped: ferry %s ended with %d", args[0], code)
	}
	d.say("\n")
	d.pause()
}

// withRepo names the repository, which the shown command takes from FERRY_REPO.
func withRepo(args []string, repo string) []string {
	n := 1
	if args[0] == "pr" {
		n = 2
	}
	return append(append(append([]string{}, args[:n]...), "--repo", repo), args[n:]...)
}

// shell writes arguments as a person would type them; long digests are cut for reading.
func shell(args []string) string {
	var words []string
	for _, arg := range args {
		if i := strings.Index(arg, "@sha256:"); i >= 0 {
			arg = arg[:i+16] + "..."
		}
		if strings.ContainsAny(arg, " '\"") {
			arg = "'" + arg + "'"
		}
		words = append(words, arg)
	}
	return strings.Join(words, " ")
}

func (d *demo) title(text string) {
	if d.err == nil {
		d.say("\n== " + text + "\n\n")
		d.pause()
	}
}

func (d *demo) say(text string) {
	if d.err == nil {
		_, d.err = io.WriteString(d.Out, text)
	}
}

func (d *demo) pause() {
	if !d.fast {
		time.Sleep(900 * time.Millisecond)
	}
}

// create makes a bare repository with one commit.
func (d *demo) create(ctx context.Context, dir, from, message string) {
	if d.err != nil {
		return
	}
	d.err = func() error {
		repo, err := git.Init(ctx, dir, d.ada())
		if err != nil {
			return err
		}
		var edits []git.Edit
		err = fs.WalkDir(templates.Demo, from, func(path string, e fs.DirEntry, err error) error {
			if err != nil || e.IsDir() {
				return err
			}
			data, err := templates.Demo.ReadFile(path)
			if err != nil {
				return err
			}
			if strings.HasSuffix(path, "gitops/ferry.yaml") {
				data = bytes.ReplaceAll(data, []byte("{{ .App }}"), []byte(d.source))
			}
			id, err := repo.WriteBlob(data)
			edits = append(edits, git.Edit{Path: strings.TrimPrefix(path, from+"/"), Mode: git.ModeFile, ID: id})
			return err
		})
		if err != nil {
			return err
		}
		return commitEdits(ctx, repo, "", edits, message)
	}()
}

// edit is a person's commit to the GitOps repository.
func (d *demo) edit(ctx context.Context, path, old, fresh string) {
	if d.err != nil {
		return
	}
	d.say(fmt.Sprintf("$ sed -i 's/%s/%s/' %s && git commit -am 'Three replicas in qa' && git push\n\n", old, fresh, path))
	d.err = func() error {
		repo, err := git.Open(ctx, d.repo, d.ada())
		if err != nil {
			return err
		}
		refs, err := repo.Refs(ctx)
		if err != nil {
			return err
		}
		head, err := repo.Commit(ctx, refs["refs/heads/main"])
		if err != nil {
			return err
		}
		e, err := repo.Lookup(ctx, head.Tree, path)
		if err != nil {
			return err
		}
		data, err := repo.Blob(ctx, e.ID)
		if err != nil {
			return err
		}
		id, err := repo.WriteBlob(bytes.ReplaceAll(data, []byte(old), []byte(fresh)))
		if err != nil {
			return err
		}
		return commitEdits(ctx, repo, head.ID, []git.Edit{{Path: path, Mode: git.ModeFile, ID: id}}, "Three replicas in qa")
	}()
}

func (d *demo) ada() git.Options {
	return git.Options{Identity: git.Identity{Name: "Ada", Email: "ada@example.com"}, Now: d.Now}
}

// commit puts edits on top of main.
func commitEdits(ctx context.Context, repo *git.Repository, parent git.ID, edits []git.Edit, message string) error {
	var base git.ID
	var parents []git.ID
	if parent != "" {
		c, err := repo.Commit(ctx, parent)
		if err != nil {
			return err
		}
		base, parents = c.Tree, []git.ID{parent}
	}
	tree, err := repo.EditTree(ctx, base, edits...)
	if err != nil {
		return err
	}
	id, err := repo.WriteCommit(ctx, git.NewCommit{Tree: tree, Parents: parents, Message: message})
	if err != nil {
		return err
	}
	return repo.Push(ctx, git.Update{Ref: "refs/heads/main", Old: parent, New: id})
}

// open finds the number of an open promotion, for the commands that the story types.
func (d *demo) open(ctx context.Context, environment, unit string) string {
	if d.err != nil {
		return ""
	}
	g, err := d.openGitOps(ctx, gitopsOptions{repo: d.repo, identity: "ferry <ferry@localhost>"})
	if err != nil {
		d.err = err
		return ""
	}
	prs, err := g.Forge.PullRequests(ctx, scm.Filter{Head: release.PromotionBranch(environment, unit), State: scm.Open})
	if err == nil && len(prs) != 1 {
		err = fmt.Errorf("the demo expected one open promotion of %s into %s, found %d", unit, environment, len(prs))
	}
	if err != nil {
		d.err = err
		return ""
	}
	return fmt.Sprint(prs[0].Number)
}

// indented sets what a command prints apart from the story.
type indented struct {
	to  io.Writer
	mid bool
}

func (w *indented) Write(p []byte) (int, error) {
	var b strings.Builder
	for line := range strings.SplitAfterSeq(string(p), "\n") {
		if line == "" {
			continue
		}
		if !w.mid && line != "\n" {
			b.WriteString("    ")
		}
		b.WriteString(line)
		w.mid = !strings.HasSuffix(line, "\n")
	}
	_, err := io.WriteString(w.to, b.String())
	return len(p), err
}
