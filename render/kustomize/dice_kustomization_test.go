package kustomize

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// tree makes up a base and up to two overlays, and gives the folder to build.
func (d *dice) tree() string {
	d.layer("base", "", true)
	below := "base"
	if d.one(3) {
		d.layer("mid", "../base", d.one(2))
		below = "mid"
	}
	if d.one(3) {
		d.layer("part", "", d.one(2))
		if d.one(4) {
			d.layer("more", "", true)
		}
	}
	d.layer("top", "../"+below, d.one(3))
	return "top"
}

func (d *dice) layer(dir, below string, owns bool) {
	var resources []any
	if below != "" {
		resources = append(resources, below)
	}
	if owns {
		for i := range 1 + d.IntN(3) {
			file := fmt.Sprintf("%s-%d.yaml", dir, i)
			var text strings.Builder
			for j := range 1 + d.IntN(3) {
				if j > 0 || d.one(4) {
					marker := "---\n"
					if d.odd("marker", 2) {
						marker = of(d, "--- # next\n", "# end\n---\n", "---\n---\n", "--- \n", "...\n---\n")
					}
					text.WriteString(marker)
				}
				text.WriteString(strings.TrimPrefix(d.yaml(d.resource(d.fresh()), ""), "\n"))
			}
			d.files[dir+"/"+file] = []byte(text.String())
			resources = append(resources, file)
		}
	}
	k := d.kustomization(dir, below)
	if len(resources) > 0 {
		k["resources"] = resources
	}
	d.component(k, dir)
	text := d.yaml(k, "")
	if strings.HasPrefix(text, " #") {
		text = text[1:]
	}
	d.files[dir+"/kustomization.yaml"] = []byte(strings.TrimPrefix(text, "\n"))
}

// component makes a layer one, or includes those that were made.
func (d *dice) component(k fields, dir string) {
	if dir == "part" || dir == "more" {
		k["kind"], k["apiVersion"] = "Component", "kustomize.config.k8s.io/v1alpha1"
		if d.odd("fields", 4) {
			delete(k, "kind")
		}
		return
	}
	var parts []any
	for _, part := range []string{"part", "more"} {
		if d.files[part+"/kustomization.yaml"] != nil {
			parts = append(parts, "../"+part)
		}
	}
	if len(parts) > 0 {
		k["components"] = parts
	}
}

func (d *dice) kustomization(dir, below string) fields {
	k := d.some(d.rarely("fields"), map[string]func() any{
		"namePrefix": func() any { return "p-" },
	})
	maps.Copy(k, d.usual(dir, below))
	return k
}

// rarely is one in three for trees with this quirk, and never for others.
func (d *dice) rarely(quirk string) int {
	if d.odd(quirk, 1) {
		return 3
	}
	return 1 << 30
}

func (d *dice) usual(dir, below string) fields {
	return d.some(3, map[string]func() any{
		"namespace": func() any { return of(d, "shop", "default", "web") },
		"labels": func() any {
			l := fields{"pairs": d.pairs("l-" + dir)}
			if d.one(2) {
				l["includeTemplates"] = true
			}
			if d.one(2) {
				l["includeSelectors"] = true
			}
			return []any{l}
		},
		"commonLabels": func() any {
			if d.odd("selectors", 2) {
				return d.pairs("c-" + dir)
			}
			return fields{"team-" + dir: "us"}
		},
		"commonAnnotations": func() any { return d.pairs("a-" + dir) },
		"images": func() any {
			return []any{d.imageChange(), d.imageChange()}
		},
		"generatorOptions": func() any {
			if d.one(2) {
				return fields{}
			}
			return d.options()
		},
		"replicas":           func() any { return []any{fields{"name": d.scalable(), "count": d.IntN(5)}} },
		"patches":            func() any { return d.patches(dir) },
		"configMapGenerator": func() any { return d.generators(dir, below) },
	})
}

func (d *dice) pairs(dir string) fields {
	p := fields{}
	for _, key := range []string{"app", "tier", "example.com/x"} {
		if d.one(2) {
			if !d.odd("selectors", 2) {
				key = dir + "." + key
			}
			p[key] = of(d, "web", "yes", "1", "a b", "")
		}
	}
	return p
}

func (d *dice) imageChange() fields {
	i := d.some(3, map[string]func() any{
		"newName": func() any { return of(d, "example.org/new", "db") }, "newTag": func() any { return of(d, "v2", "7", "1.0") }, "digest": func() any { return "sha256:11" },
	})
	i["name"] = of(d, "example.com/app", "db", "none")
	return i
}

func (d *dice) generators(dir, below string) []any {
	var list []any
	for range 1 + d.IntN(2) {
		g := d.generator()
		switch d.IntN(4) {
		case 0:
			d.files[dir+"/x.env"] = []byte(d.text("A=1\nB=two words\n", "# c\n\nA=x=y\n", " A=1\n", "A=\"q\"\nB= s \n", "A=\n", "A=b", "A=<&>\n"))
			g["envs"] = []any{"x.env"}
		case 1:
			d.files[dir+"/f.txt"] = []byte(d.text("text\n", "a\nb\n", "", "a\nb\n\n", "tab\tbed\n", "trailing \nx", "\n\nx", "a: b\n# c\n", "é\u2028", "\xff\x00", "x\r\ny", "  in\n out\n", "web"))
			g["files"] = []any{of(d, "f.txt", "k=f.txt")}
		default:
			g["literals"] = []any{d.text("k=v", "k=settings", "k=", "k=\"q\"", "k='a", "k= a ", "k=1", "k=a\nb", "k=\u00e9", "k=<>&"), of(d, "l=1", "l.m-n_o=yes", "m=3", d.text("n=2", "o=5", "k=again"))}
		}
		if d.one(6) || d.odd("options", 2) {
			g["options"] = d.options()
		}
		list = append(list, g)
	}
	return list
}

// generator gives a new config map, or changes one that was made before.
func (d *dice) generator() fields {
	if len(d.maps) > 0 && !d.one(3) || len(d.maps) == 3 {
		return fields{"name": of(d, d.maps...), "behavior": of(d, "merge", "merge", "merge", "replace")}
	}
	for i := 0; ; i++ {
		name := of(d, "settings", "web", "a.b", "db", "more-"+strconv.Itoa(i))
		if slices.Contains(d.maps, name) || slices.Contains(d.known, [2]string{"v1 ConfigMap", name}) && !d.odd("twice", 2) {
			if d.odd("merge", 2) {
				return fields{"name": name, "behavior": "merge"}
			}
			continue
		}
		d.maps = append(d.maps, name)
		d.known = append(d.known, [2]string{"v1 ConfigMap", name})
		return fields{"name": name}
	}
}

func (d *dice) options() fields {
	return d.some(2, map[string]func() any{
		"disableNameSuffixHash": func() any { return d.one(2) },
		"labels":                func() any { return d.pairs(of(d, "l-top", "o")) },
		"annotations":           func() any { return d.pairs(of(d, "a-top", "o")) },
		"immutable":             func() any { return d.odd("options", 2) },
	})
}

func (d *dice) scalable() string {
	for _, pair := range d.known {
		if strings.HasSuffix(pair[0], "Deployment") || strings.HasSuffix(pair[0], "StatefulSet") {
			return pair[1]
		}
	}
	return d.name()
}

// text gives one of the first two, or in trees with this quirk any.
func (d *dice) text(choices ...string) string {
	if d.odd("text", 1) {
		return of(d, choices...)
	}
	return of(d, choices[:2]...)
}

func (d *dice) target() fields {
	t := d.some(3, map[string]func() any{
		"name": func() any { return of(d, "web", "db", "settings", "w.*", "a.b", "web-2") }, "group": func() any { return "apps" }, "version": func() any { return "v1" },
		"labelSelector": func() any { return of(d, "", "", "", "app=web") }, "namespace": func() any { return of(d, "", "", "shop") },
	})
	t["kind"] = of(d, "Deployment", "Service", "ConfigMap", "Ingress", "CronJob", "StatefulSet", "Deploy.*", "Widget")
	return t
}

func (d *dice) patches(dir string) []any {
	var list []any
	for i := range 1 + d.IntN(2) {
		p := fields{}
		var text string
		if d.one(2) {
			kind, name := d.met()
			_, word, _ := strings.Cut(kind, " ")
			p["target"] = fields{"kind": word, "name": name}
			if d.odd("target", 2) {
				p["target"] = d.target()
			}
			text = d.jsonPatch(kind)
		} else {
			kind, name := d.met()
			r := d.resource(kind, name)
			if !d.one(3) {
				r["metadata"] = fields{"name": name}
			}
			if d.one(8) {
				r = fields{"$patch": "delete", "apiVersion": r["apiVersion"], "kind": r["kind"], "metadata": r["metadata"]}
			}
			d.mark(r)
			if d.odd("target", 2) {
				p["target"] = d.target()
			}
			text = strings.TrimPrefix(d.yaml(r, ""), "\n")
		}
		if d.one(2) {
			file := fmt.Sprintf("patch-%d.yaml", i)
			d.files[dir+"/"+file] = []byte(text)
			p["path"] = file
		} else {
			p["patch"] = text
		}
		list = append(list, p)
	}
	return list
}

// mark puts directives and nulls into a patch, in places.
func (d *dice) mark(r fields) {
	for key, v := range r {
		if key == "apiVersion" || key == "kind" || key == "metadata" {
			continue
		}
		switch {
		case d.odd("delete", 4):
			r[key] = nil
		case d.odd("directive", 8):
			r["$patch"] = of(d, "delete", "replace", "merge")
		}
		d.markBelow(v)
	}
}

func (d *dice) markBelow(v any) {
	switch v := v.(type) {
	case fields:
		d.mark(v)
	case []any:
		for _, below := range v {
			d.markBelow(below)
		}
	}
}

// paths are where patches of a kind usually go.
var paths = map[string][]string{
	"apps/v1 Deployment":           {"/spec/replicas", "/spec/template/spec/containers", "/spec/template/spec/containers/0/image", "/spec/template/spec/containers/-", "/spec/template/spec/containers/0/env/0", "/spec/template/spec/volumes/1"},
	"v1 Service":                   {"/spec/ports/0/port", "/spec/ports/0", "/spec/ports/1", "/spec/ports/-", "/spec/selector"},
	"v1 ConfigMap":                 {"/data/k", "/data/settings", "/data/new~1key", "/data"},
	"networking.k8s.io/v1 Ingress": {"/spec/rules/0/host", "/spec/tls", "/spec/tls/0/secretName", "/spec/rules/0/http/paths/0/backend/service/name"},
}

func (d *dice) jsonPatch(kind string) string {
	to := append([]string{"/spec", "/spec/new", "/metadata/labels", "/metadata/labels/app", "/metadata/annotations", "/metadata/annotations/a~1b"}, paths[kind]...)
	to = append(append(to, paths[kind]...), paths[kind]...)
	if d.odd("path", 2) {
		to = append(to, "/metadata/name", "/kind", "", "/metadata/labels/a/b", "/spec/ports/01", "/spec/ports/-1")
	}
	var list []any
	for range 1 + d.IntN(2) {
		o := fields{"op": of(d, "add", "add", "add", "replace", "remove"), "path": of(d, to...)}
		if d.odd("test", 2) {
			o["op"] = "test"
		}
		if o["op"] != "remove" || d.odd("value", 2) {
			o["value"] = of[any](d, d.scalar(), fields{"name": d.name()}, []any{"x"}, d.container("new"), 3, "text", "text")
			if d.odd("empty", 2) {
				o["value"] = of[any](d, nil, fields{})
			}
			if strings.HasPrefix(o["path"].(string), "/metadata") && !d.odd("value", 2) {
				o["value"] = of[any](d, "text", fields{"a": "b"})
			}
		}
		list = append(list, o)
	}
	if text, err := json.Marshal(list); d.one(2) && err == nil {
		return string(text) + "\n"
	}
	return strings.TrimPrefix(d.yaml(list, ""), "\n")
}
