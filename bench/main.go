// Command bench measures what ferry promises about speed and size, beside what people would use without it, and says
// whether each promise was kept. It needs Go and git; the Helm it compares with is the one in go.mod.
//
//	gitops.go     a GitOps repository of the size that hurts, made by git fast-import
//	serve.go      the same repository over smart HTTP on loopback, by git's own http-backend
//	registry.go   registries of many images and tags; supply.go dependencies that many apps share
//	measure.go    wall time, processor time and memory of a process
//	startup.go    the binary: how long it takes to start, how large it is
//	promotion.go  one app into that repository
//	comparison.go the semantic diff of many resources
//	connector.go  the connector, started and under load; cluster.go the units it watches, webhooks.go what it is sent
//	look/         reports as pictures, for people to look at
//	rendering.go  many apps in many environments, beside the command lines that render them
//	unchanged.go  runs that find nothing to do, and one kustomization of very many resources
//	matrix.go     those apps, as folders; stage.go the GitOps repository that has them
//
// Numbers depend on the machine, so the peer runs in the same minute on the same one. With --smoke everything is small,
// the numbers are only shown, and only a command that fails makes the run fail.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"text/tabwriter"
)

func main() {
	smoke := flag.Bool("smoke", false, "small sizes, no bars: only see that everything runs")
	rendering := flag.Bool("rendering", false, "measure rendering beside the command lines of Helm and kustomize")
	table := flag.String("write", "", "put the figures of rendering into this `PAGE`")
	flag.Parse()
	b := &bench{out: os.Stdout, smoke: *smoke, size: large, rendered: *rendering, page: *table}
	if *smoke {
		b.size = small
	}
	if err := b.run(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// bench is one run. What it makes lies in a folder of its own, which it removes.
type bench struct {
	out   io.Writer
	smoke bool
	size  size
	dir   string
	ferry string // the stripped binary
	helm  string
	rows  []row

	rendered  bool   // measure rendering, and nothing else
	page      string // that gets the table of rendering
	kustomize string
	renders   []renderRow
}

// row is one promise.
type row struct {
	what, bar, ferry, peer string
	kept                   bool
}

var errBars = errors.New("not every promise was kept")

func (b *bench) run(ctx context.Context) error {
	dir, err := os.MkdirTemp("", "ferry-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	b.dir = dir
	parts := []func(context.Context) error{b.build, b.startup, b.registries, b.dependencies, b.promotion, b.comparison, b.connector}
	if b.rendered {
		parts = []func(context.Context) error{b.build, b.startup, b.crowded, b.unchanged, b.rendering}
	}
	for _, part := range parts {
		if err := part(ctx); err != nil {
			return err
		}
	}
	if b.page != "" {
		if err := b.writeTable(b.page); err != nil {
			return err
		}
	}
	return b.report()
}

// build makes ferry as it is shipped and finds the command lines to compare with.
func (b *bench) build(ctx context.Context) error {
	b.ferry = filepath.Join(b.dir, "ferry")
	build := exec.CommandContext(ctx, "go", "build", "-trimpath", "-ldflags", "-s -w", "-o", b.ferry, "./cmd/ferry")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("build ferry: %w\n%s", err, out)
	}
	var err error
	if b.helm, err = peer(ctx, "helm"); err != nil {
		return err
	}
	b.kustomize, err = peer(ctx, "kustomize")
	return err
}

// report prints the table; a promise that was not kept is an error unless the run is a smoke test.
func (b *bench) report() error {
	w := tabwriter.NewWriter(b.out, 0, 0, 3, ' ', 0)
	fmt.Fprintln(w, "WHAT\tBAR\tFERRY\tPEER\tRESULT")
	kept := true
	for _, r := range b.rows {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", r.what, r.bar, r.ferry, r.peer, b.result(r))
		kept = kept && r.kept
	}
	if err := w.Flush(); err != nil {
		return err
	}
	if !kept && !b.smoke {
		return errBars
	}
	return nil
}

func (b *bench) result(r row) string {
	switch {
	case r.bar == "":
		return ""
	case b.smoke:
		return "not judged"
	case r.kept:
		return "pass"
	}
	return "FAIL"
}
