package kustomize

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"path"
	"slices"
	"strings"
	"unicode/utf8"

	"sigs.k8s.io/kustomize/api/types"
)

// generate makes the config maps of a kustomization, or merges them into those of the kustomizations below.
func (d *direct) generate(k *kustomization, items []*item) []*item {
	for _, g := range k.ConfigMapGenerator {
		d.leaveIf(g.Namespace != "" || g.EnvSource != "" || !isPlainName(g.Name, "-.") || d.ctx.Err() != nil)
		data := d.pairsOf(k, g.KvPairSources)
		if d.strange {
			return nil
		}
		had := itemCalled(items, "ConfigMap", g.Name)
		switch g.Behavior {
		case "", "create":
			d.leaveIf(had != nil)
			it := configMap(g.Name, data)
			d.applyOptions(it, k.GeneratorOptions, g.Options)
			items = append(items, it)
		case "merge":
			d.leaveIf(k.GeneratorOptions != nil || g.Options != nil)
			d.mergeData(had, data)
		default:
			d.leave()
		}
	}
	return items
}

func itemCalled(items []*item, kind, name string) *item {
	for _, it := range items {
		if it.kind == kind && it.name == name {
			return it
		}
	}
	return nil
}

func configMap(name string, data map[string]any) *item {
	return &item{apiVersion: "v1", kind: "ConfigMap", name: name, generated: true,
		values: map[string]any{"apiVersion": "v1", "kind": "ConfigMap", "metadata": map[string]any{"name": name}, "data": data}}
}

// applyOptions gives a config map what the options of its kustomization, and then its own, say of it.
func (d *direct) applyOptions(it *item, options ...*types.GeneratorOptions) {
	for _, o := range options {
		if o == nil {
			continue
		}
		d.leaveIf(o.Immutable || !areUsual(o.Annotations))
		d.setTexts(it.values, o.Labels, ownLabels)
		d.setTexts(it.values, o.Annotations, ownAnnotations)
		it.generated = it.generated && !o.DisableNameSuffixHash
	}
}

// mergeData puts data into a config map that a kustomization below has generated.
func (d *direct) mergeData(it *item, data map[string]any) {
	if it == nil || !it.generated || it.namespace != "" {
		d.leave()
		return
	}
	had, ok := it.values["data"].(map[string]any)
	if !ok || !it.isAsGenerated() {
		d.leave()
		return
	}
	for key, v := range data {
		had[key] = v
	}
}

// isAsGenerated tells a config map of nothing but what a merge keeps of it, in words that the library can write again.
func (it *item) isAsGenerated() bool {
	return hasOnly(it.values, "apiVersion", "kind", "metadata", "data") && hasOnly(it.metadata(), "name", "labels", "annotations") &&
		areWords(it.values, "data") && areWords(it.metadata(), "labels") && areWords(it.metadata(), "annotations")
}

func hasOnly(values map[string]any, keys ...string) bool {
	for key := range values {
		if !slices.Contains(keys, key) {
			return false
		}
	}
	return true
}

// pairsOf gives what a generator takes from literals, from files, and from the lines of files.
func (d *direct) pairsOf(k *kustomization, from types.KvPairSources) map[string]any {
	data := map[string]any{}
	for _, literal := range from.LiteralSources {
		key, value, ok := strings.Cut(literal, "=")
		d.leaveIf(!ok || strings.HasPrefix(value, `"`) || strings.HasPrefix(value, "'"))
		d.put(data, key, value)
	}
	for _, file := range from.FileSources {
		key, name, keyed := strings.Cut(file, "=")
		if !keyed {
			key, name = path.Base(file), file
		}
		d.leaveIf(strings.Contains(name, "="))
		d.put(data, key, string(d.own(k, name)))
	}
	for _, file := range from.EnvSources {
		for line := range strings.Lines(string(d.own(k, file))) {
			d.putLine(data, strings.TrimSuffix(line, "\n"))
		}
	}
	d.leaveIf(len(data) == 0)
	return data
}

// maxLine is less than the 64 KB after which the library reads no further in a file of lines, without a word.
const maxLine = 60 << 10

func (d *direct) putLine(data map[string]any, line string) {
	d.leaveIf(len(line) > maxLine)
	if line == "" || line[0] == '#' {
		return
	}
	key, value, ok := strings.Cut(line, "=")
	d.leaveIf(!ok || strings.ContainsAny(value, `"'`) || strings.TrimSpace(value) != value)
	d.put(data, key, value)
}

// put takes text that stays as it is in YAML.
func (d *direct) put(data map[string]any, key, value string) {
	_, twice := data[key]
	d.leaveIf(twice || len(key) > 253 || !isPlainName(key, "-_.") || !isWord(key) || strings.HasPrefix(key, ".") || !isTameText(value))
	data[key] = value
}

// isTameText tells text of printable characters in lines that neither begin nor end with a space.
func isTameText(s string) bool {
	for _, r := range s {
		if r < ' ' && r != '\n' || r >= 0x7f && r < 0xa1 || r == utf8.RuneError || r == 0x2028 || r == 0x2029 || r >= 0xd800 {
			return false
		}
	}
	return !strings.HasPrefix(s, "\n") && !strings.HasPrefix(s, " ") && !strings.Contains(s, " \n") && !strings.HasSuffix(s, " ")
}

// addHashes gives generated items the names that they end with, and tells those who refer to them.
func (d *direct) addHashes(items []*item) {
	names := map[string]hashed{}
	for _, it := range items {
		if it.generated {
			names[it.name] = hashed{it, it.name + "-" + d.hash(it)}
		}
	}
	if len(names) == 0 || d.strange {
		return
	}
	for _, it := range items {
		r := referrer{direct: d, item: it, names: names, pod: it.podSpec()}
		r.follow(it.values, "")
	}
	for _, it := range items {
		if it.generated {
			it.name = names[it.name].name
			it.metadata()["name"] = it.name
		}
	}
}

// hash is the one that kubectl and kustomize append to the name of a config map: the first ten digits of a SHA-256, of which
// those that could make words are replaced.
func (d *direct) hash(it *item) string {
	data, _ := it.values["data"].(map[string]any)
	_, binary := it.values["binaryData"]
	d.leaveIf(len(data) == 0 || binary || !areTexts(it.values, "data"))
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	if err := encoder.Encode(map[string]any{"kind": it.kind, "name": "", "data": data}); err != nil {
		d.leave()
	}
	sum := sha256.Sum256(bytes.TrimSuffix(text.Bytes(), []byte("\n")))
	return strings.NewReplacer("0", "g", "1", "h", "3", "k", "a", "m", "e", "t").Replace(hex.EncodeToString(sum[:])[:10])
}
