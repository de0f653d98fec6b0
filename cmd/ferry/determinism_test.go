package main

import (
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"log"
	"os"
	"path/filepath"
	"sync"

	"github.com/ferry-cd/ferry/render"
)

// renderAll is a command of the stories: it renders a chart and a kustomization of testdata 50 times, by four at
// once, and prints one digest for each, or that there are several.
func renderAll() int {
	root := os.Getenv("TESTDATA")
	dirs, _ := filepath.Glob(filepath.Join(root, "charts", "storefront"))
	more, _ := filepath.Glob(filepath.Join(root, "kustomize", "*", "overlays", "prod"))
	log.SetOutput(io.Discard) // where Helm's library speaks
	for _, dir := range append(dirs, more...) {
		sums := rendered50(dir, root)
		name, _ := filepath.Rel(root, dir)
		if len(sums) != 1 {
			fmt.Printf("%s: %d different renders\n", name, len(sums))
			return 1
		}
		for sum := range sums {
			fmt.Printf("%s %s\n", name, sum)
		}
	}
	return 0
}

func rendered50(dir, root string) map[string]bool {
	a := &app{Dir: root, Err: os.Stderr}
	var group sync.WaitGroup
	var lock sync.Mutex
	sums := map[string]bool{}
	work := make(chan int)
	for range 4 {
		group.Go(func() {
			for range work {
				sum := renderedOnce(a, dir, root)
				lock.Lock()
				sums[sum] = true
				lock.Unlock()
			}
		})
	}
	for i := range 50 {
		work <- i
	}
	close(work)
	group.Wait()
	return sums
}

// renderedOnce gives the digest of all files of a render, or of the refusal.
func renderedOnce(a *app, dir, root string) string {
	r, err := a.renderingOf(renderOptions{dir: dir, root: root, name: "web", namespace: "shop", kubeVersion: "1.34", keepHooks: true})
	var out render.Output
	if err == nil {
		r.Seed = "a seed"
		out, err = r.Render(context.Background(), r.Request)
	}
	var ms render.Manifests
	if err == nil {
		ms, err = render.Canonical(out, r.Namespace)
	}
	h := sha256.New()
	fmt.Fprintf(h, "%v\n%s", err, out.Raw)
	for _, m := range ms {
		fmt.Fprintf(h, "%s\n%s", m.Path, m.Data)
	}
	if err != nil {
		return err.Error()
	}
	return fmt.Sprintf("%x", h.Sum(nil))
}
