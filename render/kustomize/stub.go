package kustomize

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"path"
	"slices"
	"strings"
	"sync"

	"go.yaml.in/yaml/v3"
	"sigs.k8s.io/kustomize/api/resource"
	"sigs.k8s.io/kustomize/api/types"

	"github.com/ferry-cd/ferry/render"
)

// Definitions of custom resources are most of the bytes of what operators bring, and nearly all of them is spec.versions, at
// which no usual kustomization looks. The library copies and prints them several times over. So it is given a word in their
// place, and what stands for the word is put back into what it prints: printed once, however many builds hold it.
const (
	stubFrom  = 4 << 10 // bytes of a definition
	maxStubs  = 4 << 20 // bytes of definitions that are remembered
	stubWord  = "ferry-stub-"
	crdKind   = "CustomResourceDefinition"
	crdPrefix = "apiextensions.k8s.io/"
)

// stub is one definition without its versions.
type stub struct {
	key      [sha256.Size]byte
	size     int
	text     []byte          // the definition with the word
	word     string          // stands for the versions
	printed  []byte          // the versions, as they stand in what the library prints
	versions render.Document // the same, for readers
}

// stubs are the definitions that were met last, the one used last at the end. One that cannot be cut has no word.
var stubs struct {
	sync.Mutex
	known []*stub
	size  int
}

// stubOf gives the stub of a document; nil where it is none, or one that has to go through the library whole.
func stubOf(text []byte) *stub {
	if len(text) < stubFrom || len(text) > maxStubs/4 || !bytes.Contains(text, []byte("kind: "+crdKind)) {
		return nil
	}
	key := sha256.Sum256(text)
	stubs.Lock()
	i := slices.IndexFunc(stubs.known, func(s *stub) bool { return s.key == key })
	if i >= 0 {
		found := stubs.known[i]
		stubs.known = append(slices.Delete(stubs.known, i, i+1), found)
		stubs.Unlock()
		return found.usable()
	}
	stubs.Unlock()
	made := cut(text, key)
	stubs.Lock()
	defer stubs.Unlock()
	stubs.known, stubs.size = append(stubs.known, made), stubs.size+made.size
	for stubs.size > maxStubs {
		stubs.size -= stubs.known[0].size
		stubs.known = slices.Delete(stubs.known, 0, 1)
	}
	return made.usable()
}

func (s *stub) usable() *stub {
	if s.word == "" {
		return nil
	}
	return s
}

// cut takes the lines of spec.versions out of a definition.
func cut(text []byte, key [sha256.Size]byte) *stub {
	s := &stub{key: key, size: len(text)}
	root, ok := render.ReadPlain(text)
	if !ok || scalarAt(root, "kind") != crdKind || !strings.HasPrefix(scalarAt(root, "apiVersion"), crdPrefix) || bytes.Contains(text, []byte(stubWord)) {
		return s
	}
	first, last, versions := linesOf(root, "spec", "versions")
	if versions == nil || versions.Kind != yaml.SequenceNode || len(versions.Content) == 0 {
		return s
	}
	whole := &yaml.Node{Kind: yaml.MappingNode, Content: []*yaml.Node{word("spec"), {Kind: yaml.MappingNode, Content: []*yaml.Node{word("versions"), versions}}}}
	printed, ok := printTree(whole)
	if !ok {
		return s
	}
	s.word = stubWord + hex.EncodeToString(key[:])
	lines := bytes.SplitAfter(text, []byte("\n"))
	indent := len(lines[first-1]) - len(bytes.TrimLeft(lines[first-1], " "))
	s.text = slices.Concat(bytes.Join(lines[:first-1], nil), []byte(strings.Repeat(" ", indent)+"versions: "+s.word+"\n"), bytes.Join(lines[min(last, len(lines)):], nil))
	s.printed = bytes.TrimPrefix(printed, []byte("spec:\n"))
	s.versions = render.NewDocument("", 0, printed)
	return s
}

func word(text string) *yaml.Node {
	return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: text}
}

func scalarAt(n *yaml.Node, key string) string {
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == key && n.Content[i+1].Kind == yaml.ScalarNode {
			return n.Content[i+1].Value
		}
	}
	return ""
}

// linesOf gives the value below two keys, the line of the second key, and the last line before the next one, counted from
// 1; keys that stand twice have none.
func linesOf(root *yaml.Node, keys ...string) (first, last int, value *yaml.Node) {
	last = 1 << 30
	value = root
	for _, key := range keys {
		n := value
		value = nil
		if n.Kind != yaml.MappingNode || n.Style&yaml.FlowStyle != 0 {
			return 0, 0, nil
		}
		for i := 0; i+1 < len(n.Content); i += 2 {
			if n.Content[i].Value != key {
				continue
			}
			if value != nil {
				return 0, 0, nil
			}
			first, value = n.Content[i].Line, n.Content[i+1]
			if i+2 < len(n.Content) {
				last = min(last, n.Content[i+2].Line-1)
			}
		}
		if value == nil {
			return 0, 0, nil
		}
	}
	return first, last, value
}

// leavesDefinitions tells whether nothing in the kustomizations looks at the versions of a definition.
func (w *walker) leavesDefinitions() bool {
	return !slices.ContainsFunc(w.followed, func(k *kustomization) bool { return !k.leavesDefinitions() })
}

func (k *kustomization) leavesDefinitions() bool {
	rest := k.Kustomization
	rest.Components, rest.Replicas, rest.Patches, rest.PatchesJson6902, rest.PatchesStrategicMerge = nil, nil, nil, nil, nil //nolint:staticcheck // people still write the older fields
	rest.ConfigMapGenerator, rest.SecretGenerator, rest.GeneratorOptions = nil, nil, nil
	for _, l := range k.Labels {
		if len(l.FieldSpecs) > 0 {
			return false
		}
	}
	others := &kustomization{Kustomization: rest}
	return others.looksAround() == "" && !k.patchesDefinitions()
}

func (k *kustomization) patchesDefinitions() bool {
	for _, p := range slices.Concat(k.Patches, k.PatchesJson6902) {
		if k.mayChange(p.Patch, p.Path, p.Target) {
			return true
		}
	}
	return slices.ContainsFunc(k.PatchesStrategicMerge, func(p types.PatchStrategicMerge) bool {
		return k.mayChange(string(p), string(p), nil)
	})
}

// mayChange errs on the side of yes. A target's kind is a pattern; one of letters alone means itself.
func (k *kustomization) mayChange(text, file string, target *types.Selector) bool {
	if target == nil {
		data := k.files[path.Join(k.dir, file)]
		return strings.Contains(text, "CustomResource") || bytes.Contains(data, []byte("CustomResource")) || bytes.ContainsAny(append([]byte(text), data...), "\\")
	}
	return target.Kind == "" || target.Kind == crdKind || strings.Trim(target.Kind, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ") != ""
}

// stubbed gives a file with stubs for its definitions, and remembers them.
func (w *walker) stubbed(name string, data []byte) []byte {
	if !w.listed[name] || w.loaded[name] || len(data) < stubFrom || !bytes.Contains(data, []byte(crdKind)) || data[0] == '%' || bytes.Contains(data, []byte("\n%")) {
		return data
	}
	var out []byte
	before := len(w.stubs)
	for _, d := range render.Split(render.Document{Data: data}) {
		text := d.Data
		if s := stubOf(text); s != nil {
			w.stubs[s.word], text = s, s.text
		}
		out = append(append(append(out, "---\n"...), text...), '\n')
	}
	if len(w.stubs) == before {
		return data
	}
	return out
}

// document prints a resource; where it is a stub, with what the word stands for.
func (w *walker) document(res *resource.Resource) (render.Document, error) {
	data, err := asYAML(res)
	if err != nil {
		return render.Document{}, err
	}
	if len(w.stubs) > 0 && res.GetKind() == crdKind {
		if s := w.stubs[versionsWord(res.YNode())]; s != nil {
			return w.grafted(res.GetKind(), res.GetName(), data, s), nil
		}
	}
	return render.NewDocument(w.origin(res.GetKind(), res.GetName()), 0, data), nil
}

// grafted gives a printed definition with its versions in place of the word.
func (w *walker) grafted(kind, name string, data []byte, s *stub) render.Document {
	line := []byte("  versions: " + s.word + "\n")
	return render.Graft(w.origin(kind, name), bytes.Replace(data, line, s.printed, 1), data, s.versions, "spec", "versions")
}

func versionsWord(n *yaml.Node) string {
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == "spec" {
			return scalarAt(n.Content[i+1], "versions")
		}
	}
	return ""
}

// hasAll tells whether every definition came out of the library once, with its word.
func hasAll(all []*resource.Resource, stubs map[string]*stub) bool {
	if len(stubs) == 0 {
		return true
	}
	seen := map[string]int{}
	for _, res := range all {
		if res.GetKind() == crdKind {
			seen[versionsWord(res.YNode())]++
		}
	}
	for word := range stubs {
		if seen[word] != 1 {
			return false
		}
	}
	return true
}
