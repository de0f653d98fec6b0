package kustomize

import (
	"bytes"
	"path"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
	"sigs.k8s.io/kustomize/api/types"

	"github.com/ferry-cd/ferry/render"
)

// resources gives what an entry of a kustomization brings.
func (d *direct) resources(k *kustomization, entry string) []*item {
	name := path.Join(k.dir, entry)
	if d.listed[name] {
		return d.read(d.stubbed(name, d.own(k, entry)))
	}
	return d.include(k, entry, types.KustomizationKind, nil)
}

// own gives a file of a kustomization, which may have none outside its own folder.
func (d *direct) own(k *kustomization, entry string) []byte {
	name := path.Join(k.dir, entry)
	data, ok := d.files[name]
	d.leaveIf(!ok || k.dir != "." && !strings.HasPrefix(name, k.dir+"/"))
	return data
}

// read gives the resources of a file.
func (d *direct) read(data []byte) []*item {
	var items []*item
	d.leaveIf(!isPlainStream(data))
	for _, doc := range render.Split(render.Document{Data: data}) {
		if d.strange || d.ctx.Err() != nil {
			d.leave()
			return nil
		}
		root := d.tree(doc.Data)
		it := itemOf(d.decoded(root))
		if it == nil {
			d.leave()
			return nil
		}
		it.hollow = isHollow(root)
		items = append(items, it)
	}
	return items
}

// isPlainStream tells documents that are separated by lines of three dashes alone, in which no comment means anything to the
// library: in some it looks for a schema, and beside something empty it prints them where they cannot be read.
func isPlainStream(data []byte) bool {
	if bytes.Contains(data, []byte("config.kubernetes.io")) || bytes.Contains(data, []byte("config.k8s.io")) || bytes.HasPrefix(data, []byte("%")) {
		return false
	}
	comments := bytes.IndexByte(data, '#') >= 0
	wasComment, wasEmpty := false, false
	for line := range bytes.Lines(data) {
		text := bytes.TrimRight(line, "\n")
		if (bytes.HasPrefix(text, []byte("---")) || bytes.HasPrefix(text, []byte("..."))) && string(text) != "---" {
			return false
		}
		if !comments {
			continue
		}
		text = bytes.TrimSpace(text)
		if len(text) == 0 {
			continue
		}
		at := bytes.IndexByte(text, '#')
		isEmpty := bytes.Contains(text, []byte("{}")) || bytes.Contains(text, []byte("[]"))
		if at >= 0 && bytes.IndexByte(text[at:], '{') >= 0 || at >= 0 && isEmpty || wasComment && isEmpty || wasEmpty && at == 0 {
			return false
		}
		wasComment, wasEmpty = at == 0, isEmpty
	}
	return true
}

// tree reads one document of plain YAML.
func (d *direct) tree(text []byte) *yaml.Node {
	root, ok := render.ReadPlain(text)
	if !ok {
		d.leave()
		return &yaml.Node{}
	}
	return root
}

func (d *direct) decoded(root *yaml.Node) map[string]any {
	if root.Kind != yaml.MappingNode || !isPlainTree(root, false) {
		d.leave()
		return nil
	}
	v, ok := valueOf(root)
	d.leaveIf(!ok)
	values, _ := v.(map[string]any)
	return values
}

// isHollow tells trees with a null that is not written, or with a key that is empty.
func isHollow(n *yaml.Node) bool {
	if n.Kind == yaml.MappingNode {
		for i := 0; i < len(n.Content); i += 2 {
			if n.Content[i].Value == "" {
				return true
			}
		}
	}
	return n.Kind == yaml.ScalarNode && n.Value == "" && n.Style == 0 || slices.ContainsFunc(n.Content, isHollow)
}

// oldBools are truth values in YAML 1.1 alone, which the library reads some texts as.
var oldBools = wordsOf(`y Y yes Yes YES on On ON n N no No NO off Off OFF`)

func hasOldBool(n *yaml.Node) bool {
	return n.Kind == yaml.ScalarNode && n.Style == 0 && oldBools[n.Value] || slices.ContainsFunc(n.Content, hasOldBool)
}

// itemOf gives nil for what is no usual resource.
func itemOf(values map[string]any) *item {
	it := &item{values: values}
	metadata, _ := values["metadata"].(map[string]any)
	if metadata == nil || !take(values, "apiVersion", &it.apiVersion) || !take(values, "kind", &it.kind) || !take(metadata, "name", &it.name) {
		return nil
	}
	if _, ok := metadata["namespace"]; ok && !take(metadata, "namespace", &it.namespace) {
		return nil
	}
	if strings.HasSuffix(it.kind, "List") || !areTexts(metadata, "labels") || !areTexts(metadata, "annotations") || !areWords(metadata, "annotations") {
		return nil
	}
	group, version, grouped := strings.Cut(it.apiVersion, "/")
	if group == "" || grouped && (version == "" || strings.Contains(version, "/")) || strings.Contains(it.kind+it.name+it.namespace, ",") {
		return nil
	}
	return it
}

// take gives a field that has to be text with something in it.
func take(values map[string]any, key string, to *string) bool {
	*to, _ = values[key].(string)
	return *to != ""
}

// areWords tells whether the keys of a field can be written without quotes, as the library writes some, and that no text below
// begins with a tab, which it cannot read again.
func areWords(values map[string]any, field string) bool {
	texts, _ := values[field].(map[string]any)
	for key, v := range texts {
		text, _ := v.(string)
		if !isWord(key) || isTabbed(text) {
			return false
		}
	}
	return true
}

func isTabbed(s string) bool { return strings.HasPrefix(s, "\t") }

// areTexts tells whether a field is not there, or holds texts by name.
func areTexts(values map[string]any, key string) bool {
	field, ok := values[key]
	if !ok {
		return true
	}
	texts, _ := field.(map[string]any)
	for _, v := range texts {
		if _, ok := v.(string); !ok {
			return false
		}
	}
	return len(texts) > 0
}
