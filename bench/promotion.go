package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

const (
	promotionBar = 500 * time.Millisecond
	memoryBar    = 80_000_000
)

// promotion measures one app's release into a large GitOps repository over smart HTTP, beside the shell script that most
// people have: clone, helm template, commit, push.
func (b *bench) promotion(ctx context.Context) error {
	s, err := b.scene(ctx)
	if err != nil {
		return err
	}
	defer s.stop()
	runs := 5
	if b.smoke {
		runs = 1
	}
	ferry, err := repeat(runs, func() (cost, error) { return s.ferry(ctx, "1.2.3", 3) })
	if err != nil {
		return err
	}
	peer, err := s.script(ctx)
	if err != nil {
		return err
	}
	shallow, err := s.script(ctx, "--depth", "1")
	if err != nil {
		return err
	}
	what := fmt.Sprintf("promotion into %d files, %d commits", b.size.files, b.size.commits)
	b.rows = append(b.rows,
		row{what + ", wall", "<= " + seconds(promotionBar), seconds(ferry.wall), "clone + helm template + commit + push: " + seconds(peer.wall), ferry.wall <= promotionBar},
		row{what + ", memory", "<= " + megabytes(memoryBar), megabytes(ferry.rss), "the largest of those: " + megabytes(peer.rss), ferry.rss <= memoryBar},
		row{what + ", CPU", "", millis(ferry.cpu), "all of those: " + millis(peer.cpu), true},
		row{"", "", "", "with clone --depth 1: " + seconds(shallow.wall) + ", " + megabytes(shallow.rss), true})
	return nil
}

// scene is what a promotion needs: the GitOps repository behind a server, and the app's repository.
type scene struct {
	b      *bench
	gitops string // bare, on disk
	url    string // the same over HTTP
	app    string // work tree
	stop   func()
	refs   string // what the GitOps repository's refs were before the measured runs, for update-ref
}

// scene makes the repositories. The release before the measured one is accepted already, so that the measured one
// changes manifests rather than adding the first.
func (b *bench) scene(ctx context.Context) (*scene, error) {
	s := &scene{b: b, gitops: filepath.Join(b.dir, "srv", "gitops.git"), app: filepath.Join(b.dir, "shop")}
	if err := s.makeRepositories(ctx); err != nil {
		return nil, err
	}
	url, stop, err := serve(ctx, filepath.Dir(s.gitops))
	if err != nil {
		return nil, err
	}
	s.url, s.stop = url+"/gitops.git", stop
	if err := s.prepare(ctx); err != nil {
		stop()
		return nil, err
	}
	return s, nil
}

func (s *scene) prepare(ctx context.Context) error {
	if _, err := s.submit(ctx, "1.2.2", 2); err != nil {
		return err
	}
	refs, err := s.git(ctx, s.gitops, "for-each-ref", "--format=%(refname) %(objectname)")
	s.refs = refs
	return err
}

func (s *scene) makeRepositories(ctx context.Context) error {
	if err := os.MkdirAll(s.gitops, 0o755); err != nil {
		return err
	}
	steps := [][]string{
		{s.gitops, "init", "--quiet", "--bare", "--initial-branch=main"},
		{s.gitops, "config", "http.receivepack", "true"},
		{s.gitops, "config", "uploadpack.allowFilter", "true"},
		{s.gitops, "config", "uploadpack.allowAnySHA1InWant", "true"},
	}
	if err := s.steps(ctx, steps); err != nil {
		return err
	}
	if err := makeGitops(ctx, s.gitops, s.b.size); err != nil {
		return err
	}
	if err := writeChart(s.app); err != nil {
		return err
	}
	return s.steps(ctx, [][]string{
		{s.gitops, "repack", "-adbq"},
		{s.app, "init", "--quiet", "--initial-branch=main"},
		{s.app, "remote", "add", "origin", "https://github.com/acme/shop"},
		{s.app, "add", "."},
		{s.app, "commit", "--quiet", "-m", "The shop"},
	})
}

func (s *scene) steps(ctx context.Context, steps [][]string) error {
	for _, step := range steps {
		if _, err := s.git(ctx, step[0], step[1:]...); err != nil {
			return err
		}
	}
	return nil
}

func (s *scene) git(ctx context.Context, dir string, args ...string) (string, error) {
	return runGit(ctx, dir, args...)
}

func runGit(ctx context.Context, dir string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, "git", append([]string{"-C", dir}, args...)...)
	cmd.Env = plainEnv()
	var said strings.Builder
	cmd.Stderr = &said
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("git %s: %w\n%s", strings.Join(args, " "), err, said.String())
	}
	return string(out), nil
}

// ferry measures one submit and puts the repository back.
func (s *scene) ferry(ctx context.Context, version string, sequence int) (cost, error) {
	c, err := s.submit(ctx, version, sequence)
	if err != nil {
		return cost{}, err
	}
	return c, s.reset(ctx)
}

func (s *scene) submit(ctx context.Context, version string, sequence int) (cost, error) {
	image := fmt.Sprintf("ghcr.io/acme/shop=ghcr.io/acme/shop:%s@sha256:%064x", version, sequence)
	before, err := s.head(ctx)
	if err != nil {
		return cost{}, err
	}
	c, err := s.b.measured(ctx, s.b.dir, s.b.ferry, "submit", "--repo", s.url, "--app", "shop", "--version", version,
		"--sequence", fmt.Sprint(sequence), "--image", image, "--source", s.app)
	if err != nil {
		return cost{}, err
	}
	return c, s.arrived(ctx, before, version)
}

// arrived makes sure that what was measured is a promotion: one commit more, with the release in it.
func (s *scene) arrived(ctx context.Context, before, version string) error {
	after, err := s.head(ctx)
	if err != nil {
		return err
	}
	files, err := s.git(ctx, s.gitops, "grep", "-l", "shop:"+version, after, "--", "dev/shop")
	if err != nil || after == before {
		return fmt.Errorf("%s did not arrive in dev/shop (%s -> %s): %w", version, before, after, err)
	}
	if !strings.Contains(files, "deployment") {
		return fmt.Errorf("%s is in no deployment: %s", version, files)
	}
	return nil
}

func (s *scene) head(ctx context.Context) (string, error) {
	out, err := s.git(ctx, s.gitops, "rev-parse", "refs/heads/main")
	return strings.TrimSpace(out), err
}

// reset puts every ref back to where it was.
func (s *scene) reset(ctx context.Context) error {
	now, err := s.git(ctx, s.gitops, "for-each-ref", "--format=delete %(refname)")
	if err != nil {
		return err
	}
	var updates strings.Builder
	for line := range strings.Lines(now) {
		ref := strings.TrimPrefix(strings.TrimSpace(line), "delete ")
		if !strings.Contains(s.refs, ref+" ") {
			fmt.Fprintf(&updates, "delete %s\n", ref)
		}
	}
	for line := range strings.Lines(s.refs) {
		fmt.Fprintf(&updates, "update %s\n", strings.TrimSpace(line))
	}
	cmd := exec.CommandContext(ctx, "git", "-C", s.gitops, "update-ref", "--stdin")
	cmd.Env, cmd.Stdin = plainEnv(), strings.NewReader(updates.String())
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("put the refs back: %w\n%s", err, out)
	}
	return nil
}

// script is what people do without ferry, each step as short as it can be.
func (s *scene) script(ctx context.Context, clone ...string) (cost, error) {
	work, err := os.MkdirTemp(s.b.dir, "script-")
	if err != nil {
		return cost{}, err
	}
	defer os.RemoveAll(work)
	tree := filepath.Join(work, "gitops")
	steps := [][]string{
		append(append([]string{"git", "clone", "--quiet"}, clone...), s.url, tree),
		{s.b.helm, "template", "shop", filepath.Join(s.app, "charts", "shop"), "--namespace", "shop", "--values", filepath.Join(tree, "values", "shop.yaml"),
			"--set", "image.tag=1.2.3", "--output-dir", filepath.Join(tree, "dev", "shop")},
		{"git", "-C", tree, "add", "dev/shop"},
		{"git", "-C", tree, "commit", "--quiet", "-m", "dev: shop 1.2.3"},
		{"git", "-C", tree, "push", "--quiet", "origin", "main"},
	}
	var total cost
	for _, step := range steps {
		c, err := s.b.measured(ctx, work, step[0], step[1:]...)
		if err != nil {
			return cost{}, err
		}
		total = total.plus(c)
	}
	return total, s.reset(ctx)
}
