package kustomize

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"github.com/ferry-cd/ferry/render"
)

// refusing is a way to the network that leads nowhere and remembers who took it.
type refusing struct{ called bool }

func (r *refusing) RoundTrip(*http.Request) (*http.Response, error) {
	r.called = true
	return nil, errors.New("there is no network here")
}

// FuzzKustomization builds whatever a stranger writes into a kustomization, a plugin and a resource: an error or the same
// bytes each time, and never a connection or a command.
func FuzzKustomization(f *testing.F) {
	for _, name := range caseFiles(f) {
		c := readCase(f, name)
		for _, file := range []string{"kustomization.yaml", c.dir + "/kustomization.yaml"} {
			if text, ok := c.files[file]; ok {
				f.Add(string(text), string(c.files["many.yaml"]), string(c.files["dep.yaml"]))
			}
		}
	}
	f.Add("transformers: [plugin.yaml]\nresources: [res.yaml]\n", "apiVersion: builtin\nkind: PatchTransformer\nmetadata: {name: a}\npath: http://localhost/x\n", "a: &a [*a]")
	f.Add("resources: ['https://localhost/x', \"git@localhost:x/y\"]", "", "")
	network := &refusing{}
	http.DefaultTransport = network
	bin := f.TempDir()
	mark := filepath.Join(bin, "mark")
	if err := os.WriteFile(filepath.Join(bin, "git"), []byte("#!/bin/sh\ntouch "+mark+"\n"), 0o700); err != nil {
		f.Fatal(err)
	}
	f.Setenv("PATH", bin)
	f.Fuzz(func(t *testing.T, kustomization, plugin, resource string) {
		files := render.Files{
			"kustomization.yaml": []byte(kustomization), "plugin.yaml": []byte(plugin), "res.yaml": []byte(resource), "dep.yaml": []byte(resource),
			"base/kustomization.yaml": []byte("resources: [res.yaml]"), "base/res.yaml": []byte(resource), "plugins/kustomization.yaml": []byte(plugin),
		}
		before := maps.Clone(files)
		first, err := New().Render(context.Background(), render.Request{Files: files, Dir: "."})
		again, errAgain := New().Render(context.Background(), render.Request{Files: files, Dir: "."})
		if (err == nil) != (errAgain == nil) || string(first.Raw) != string(again.Raw) {
			t.Errorf("not the same twice: %v, %v", err, errAgain)
		}
		if _, err := os.Stat(mark); network.called || err == nil {
			t.Error("something was fetched")
		}
		if len(files) != len(before) {
			t.Error("the files were changed")
		}
	})
}
