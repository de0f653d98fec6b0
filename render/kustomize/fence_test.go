package kustomize

import (
	"bytes"
	"context"
	"path/filepath"
	"sync"
	"testing"

	"github.com/ferry-cd/ferry/render"
)

// TestSchemasDoNotLeak builds apps with and without a schema of their own in every order, one after another and side
// by side, and expects of each what a fresh command line gives.
func TestSchemasDoNotLeak(t *testing.T) {
	names := []string{"openapi-path", "smp", "openapi-base", "openapi-version", "images", "crds"}
	var cases []testCase
	var want [][]byte
	for _, name := range names {
		c := readCase(t, "testdata/cases/"+name+".txtar")
		dir := t.TempDir()
		unpack(t, c.files, dir)
		out, err := oracle(t, filepath.Join(dir, c.dir))
		if err != nil {
			t.Fatal(err)
		}
		cases, want = append(cases, c), append(want, out)
	}
	check := func(i int) {
		out, err := New().Render(context.Background(), render.Request{Files: cases[i].files, Dir: cases[i].dir})
		if err != nil || !bytes.Equal(out.Raw, want[i]) {
			t.Errorf("%s: %v, or other bytes than alone:\n%s", names[i], err, out.Raw)
		}
	}
	for first := range cases {
		for second := range cases {
			check(first)
			check(second)
		}
	}
	var group sync.WaitGroup
	for g := range 4 {
		group.Go(func() {
			for i := range 3 * len(cases) {
				check((i*(g+1) + g) % len(cases))
			}
		})
	}
	group.Wait()
}
