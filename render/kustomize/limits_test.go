package kustomize

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/ferry-cd/ferry/render"
)

// What aliases unfold to counts together: a thousand files that are small enough each are not.
func TestAliasesOfAllFiles(t *testing.T) {
	const text = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: %s\n  annotations: &a {a: b, c: d, e: f, g: h}\n  labels: *a\n"
	r := render.Request{Dir: ".", Files: render.Files{}, Limits: render.Limits{Aliases: 30 * aliasCost}}
	list := "resources:\n"
	for i, c := range []struct{ name, want string }{{"a", ""}, {"b", ""}, {"c", ""}, {"d", `kustomization.yaml:5:3: resources: "d.yaml" its aliases, and those of the files before, unfold to more than 30 values`}} {
		list += "- " + c.name + ".yaml\n"
		r.Files["kustomization.yaml"], r.Files[c.name+".yaml"] = []byte(list), fmt.Appendf(nil, text, c.name)
		_, err := New().Render(context.Background(), r)
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%d files: got %v, want %q", i+1, err, c.want)
		}
	}
}

// A few lines may not be put into so many resources that they fill the memory, in whatever way; into a few they may.
func TestSpread(t *testing.T) {
	const most = 64 << 10
	long, list := strings.Repeat("x", most/20), bytes.Buffer{}
	for i := range 30 {
		fmt.Fprintf(&list, "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: c%d}\ndata: {long: a}\n", i)
	}
	one := "patches:\n"
	for i := range 300 {
		one += fmt.Sprintf("- {target: {kind: ConfigMap, name: c%d}, patch: '[{\"op\": \"add\", \"path\": \"/data/new\", \"value\": \"a\"}]'}\n", i)
	}
	r := render.Request{Dir: ".", Files: render.Files{"kustomization.yaml": []byte("resources: [a.yaml]\n" + one), "a.yaml": list.Bytes()}, Limits: render.Limits{Memory: most * inputShare}}
	if _, err := New().Render(context.Background(), r); err != nil {
		t.Errorf("patches for one resource each: %v", err)
	}
	for what, c := range map[string]string{
		"a patch":       "patches: [{target: {kind: ConfigMap}, path: patch.yaml}]\n",
		"a pattern":     "patches: [{target: {kind: Config.*}, path: patch.yaml}]\n",
		"annotations":   "commonAnnotations: {a: " + long + "}\n",
		"labels":        "labels: [{pairs: {a: " + long + "}}]\n",
		"images":        "images: [{name: a, newName: " + long + "}]\n",
		"a replacement": "replacements: [{source: {kind: Secret, fieldPath: data.long}, targets: [{select: {kind: ConfigMap}, fieldPaths: [data.long]}]}]\n",
	} {
		t.Run(what, func(t *testing.T) {
			few, _, _ := strings.Cut(list.String(), "name: c4")
			for text, fits := range map[string]bool{list.String(): false, few + "name: c4}\ndata: {long: a}\n": true} {
				r := render.Request{Dir: ".", Limits: render.Limits{Memory: most * inputShare}, Files: render.Files{
					"kustomization.yaml": []byte("resources: [a.yaml, b.yaml]\n" + c), "a.yaml": []byte(text),
					"b.yaml":     []byte("apiVersion: v1\nkind: Secret\nmetadata: {name: s}\ndata: {long: " + strings.Repeat(long, 3) + "}\n"),
					"patch.yaml": []byte("- {op: add, path: /data, value: {a: " + long + "}}\n"),
				}}
				_, err := New().Render(context.Background(), r)
				if limit := (*render.LimitError)(nil); (err == nil) != fits || !fits && (!errors.As(err, &limit) || limit.Limit != render.MemoryLimit) {
					t.Errorf("fits: %v, but got %.200v", fits, err)
				}
			}
		})
	}
}

// Labels for very many claims and selectors of one resource are bounded as those for many resources are.
func TestLabelsForMany(t *testing.T) {
	const most = 64 << 10
	label := "{a: " + strings.Repeat("x", most/100) + "}"
	for what, one := range map[string]string{"volumeClaimTemplates": "{}", "selectors": "{matchLabels: {}}"} {
		for count, fits := range map[int]bool{40: true, 200: false} {
			for _, word := range []string{"commonLabels: " + label, "labels: [{pairs: " + label + ", includeSelectors: true}]"} {
				set := "apiVersion: apps/v1\nkind: StatefulSet\nmetadata: {name: s}\nspec: {" + what + ": [" + strings.Repeat(one+", ", count-1) + one + "]}\n"
				r := render.Request{Dir: ".", Limits: render.Limits{Memory: most * inputShare}, Files: render.Files{
					"kustomization.yaml": []byte("resources: [a.yaml]\n" + word + "\n"), "a.yaml": []byte(set)}}
				_, err := New().Render(context.Background(), r)
				if limit := (*render.LimitError)(nil); (err == nil) != fits || !fits && (!errors.As(err, &limit) || limit.Limit != render.MemoryLimit) {
					t.Errorf("%d %s, fits: %v, but got %.200v", count, what, fits, err)
				}
			}
		}
	}
}

// One patch is bounded by itself, wherever it stands: what it does to one resource may take many times its size.
func TestPatchesAreBounded(t *testing.T) {
	const most = 64 << 10
	for _, size := range []int{most / patchShare / 2, most / patchShare * 2} {
		patch := "[{\"op\": \"add\", \"path\": \"/data/b\", \"value\": \"" + strings.Repeat("x", size) + "\"}]"
		merge := "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {b: " + strings.Repeat("x", size) + "}\n"
		for what, k := range map[string]string{
			"a file":  "patches: [{target: {kind: ConfigMap, name: a}, path: patch.json}]\n",
			"inline":  "patches: [{target: {kind: ConfigMap, name: a}, patch: '" + patch + "'}]\n",
			"json":    "patchesJson6902: [{target: {version: v1, kind: ConfigMap, name: a}, path: patch.json}]\n",
			"a merge": "patchesStrategicMerge: [merge.yaml]\n",
		} {
			r := render.Request{Dir: ".", Limits: render.Limits{Memory: most * inputShare}, Files: render.Files{
				"kustomization.yaml": []byte("resources: [a.yaml]\n" + k), "a.yaml": []byte("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {a: b}\n"),
				"patch.json": []byte(patch), "merge.yaml": []byte(merge),
			}}
			_, err := New().Render(context.Background(), r)
			limit, fits := (*render.LimitError)(nil), size < most/patchShare
			if (err == nil) != fits || !fits && (!errors.As(err, &limit) || limit.Limit != render.MemoryLimit) {
				t.Errorf("%s of %d bytes: %.200v", what, size, err)
			}
		}
	}
}

// Each limit can be lowered and lifted; what it ends names the file and the limit, and the hint names the key.
func TestLimitsAreConfigurable(t *testing.T) {
	var crowd bytes.Buffer
	for i := range 30 {
		fmt.Fprintf(&crowd, "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: c%d}\n", i)
	}
	aliases := "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\n  annotations: &a {a: b, c: d, e: f, g: h}\n  labels: *a\n"
	const place = `kustomization.yaml:1:13: resources: "a.yaml" `
	for name, c := range map[string]struct {
		data      string
		low, high render.Limits
		place     string
		want      string
		key       render.Limit
	}{
		"memory":    {crowd.String(), render.Limits{Memory: 4 << 10}, render.Limits{Memory: 1 << 20}, place, "no more than 1 KB", render.MemoryLimit},
		"documents": {crowd.String(), render.Limits{Documents: 50}, render.Limits{Documents: 100}, place, "no more than 25 documents", render.DocumentsLimit},
		"file":      {crowd.String(), render.Limits{File: 999}, render.Limits{File: 9999}, place, "a file of more than 999 bytes", render.FileLimit},
		"aliases":   {aliases, render.Limits{Aliases: 160}, render.Limits{Aliases: 1600}, place, "unfold to more than 20 values", render.AliasesLimit},
		"time":      {crowd.String(), render.Limits{Time: time.Nanosecond}, render.Limits{Time: time.Minute}, "build kustomization .", "took longer than 1ns", render.TimeLimit},
	} {
		t.Run(name, func(t *testing.T) {
			r := render.Request{Dir: ".", Files: render.Files{"kustomization.yaml": []byte("resources: [a.yaml]"), "a.yaml": []byte(c.data)}, Limits: c.low}
			_, err := New().Render(context.Background(), r)
			if err == nil || !strings.Contains(err.Error(), c.place) || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v", err)
			}
			var next interface{ Hint() string }
			if !errors.As(err, &next) || !strings.Contains(next.Hint(), "limits."+string(c.key)+" in ferry.yaml") {
				t.Errorf("the hint of %v does not name the key", err)
			}
			r.Limits = c.high
			if _, err := New().Render(context.Background(), r); err != nil {
				t.Errorf("with higher limits: %v", err)
			}
		})
	}
}
