package check

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/ferry-cd/ferry/render"
	"go.yaml.in/yaml/v3"
)

// lastApplied is where kubectl keeps a copy of a whole resource.
const lastApplied = "kubectl.kubernetes.io/last-applied-configuration"

// What a Secret holds, and where.
var dataFields = []string{"data", "stringData"}

// credentials looks for what must not be in Git, in every value of a resource.
func credentials(m *render.Manifest, o Options) []Finding {
	root := m.Node()
	if root == nil {
		return []Finding{{Rule: PlainSecret, Level: Error, File: m.Path, Message: "is no valid YAML, so nobody knows whether it holds secrets"}}
	}
	s := searcher{file: m.Path, allow: o.AllowSecrets}
	s.value(root, "", "")
	return s.findings
}

type searcher struct {
	file     string
	allow    bool
	findings []Finding
}

func (s *searcher) report(rule Rule, field, hint, format string, args ...any) {
	s.findings = append(s.findings, Finding{Rule: rule, Level: Error, File: s.file, Field: field, Message: fmt.Sprintf(format, args...), Hint: hint})
}

// value searches a value of a resource; key is the name of the nearest field.
func (s *searcher) value(n *yaml.Node, path, key string) {
	switch n.Kind {
	case yaml.MappingNode:
		s.mapping(n, path)
	case yaml.SequenceNode:
		for i, item := range n.Content {
			s.value(item, path+"["+itemName(item, i)+"]", key)
		}
	case yaml.ScalarNode:
		if n.Tag == "!!str" {
			s.text(n.Value, path, key)
		}
	}
}

func (s *searcher) mapping(n *yaml.Node, path string) {
	secret := field(n, "kind") != nil && field(n, "kind").Value == "Secret"
	if secret {
		s.secret(n, path)
	}
	binary := path == "" && field(n, "kind") != nil && field(n, "kind").Value == "ConfigMap"
	for i := 0; i < len(n.Content); i += 2 {
		key, value := n.Content[i].Value, n.Content[i+1]
		below := join(path, key)
		switch {
		case secret && (key == dataFields[0] || key == dataFields[1]):
		case binary && key == "binaryData":
			s.binaryData(value, below)
		case key == lastApplied:
			s.copied(value, below)
		default:
			s.value(value, below, key)
		}
	}
}

// recipe says how the resource gets its Secret without Git.
func recipe(secret *yaml.Node) string {
	name := "..."
	if n := field(secret, "metadata"); n != nil && field(n, "name") != nil && isBare(field(n, "name").Value) {
		name = field(n, "name").Value
	}
	return "leave it out with drop: [{kind: Secret, name: " + name + "}] and let the cluster fetch it: an ExternalSecret of that name in a file under extra:; " +
		"or encrypt it (SealedSecret, SOPS); allowSecrets: true on the app lets it pass"
}

// secret refuses a Secret with values that are neither empty nor encrypted. It stands at the top, or inside another resource.
func (s *searcher) secret(n *yaml.Node, path string) {
	if s.allow {
		return
	}
	for _, name := range dataFields {
		data := field(n, name)
		switch keys := plainKeys(data); {
		case data == nil:
		case data.Kind != yaml.MappingNode && data.Tag != "!!null":
			s.report(PlainSecret, join(path, name), recipe(n), "the Secret holds a value in plain text")
		case len(keys) > 0:
			s.report(PlainSecret, join(path, name), recipe(n), "the Secret holds values in plain text: %s", list(keys))
		}
	}
}

// plainKeys gives the keys whose values can be read.
func plainKeys(data *yaml.Node) []string {
	if data == nil || data.Kind != yaml.MappingNode {
		return nil
	}
	var keys []string
	for i := 0; i < len(data.Content); i += 2 {
		if v := data.Content[i+1]; v.Kind != yaml.ScalarNode || v.Tag != "!!null" && v.Value != "" && !isEncrypted(v.Value) {
			keys = append(keys, data.Content[i].Value)
		}
	}
	return keys
}

// isEncrypted matches a value as SOPS writes it. That a document carries SOPS's own key proves nothing: its rules may have
// left this value out.
func isEncrypted(value string) bool {
	return strings.HasPrefix(value, "ENC[AES256_GCM,data:") && strings.HasSuffix(value, "]")
}

// copied refuses the copy of a Secret that kubectl left in an annotation.
func (s *searcher) copied(n *yaml.Node, path string) {
	if !s.allow && strings.Contains(n.Value, `"kind":"Secret"`) {
		s.report(PlainSecret, path, "remove the annotation; kubectl writes it in the cluster, and it belongs nowhere else", "the annotation holds a copy of a Secret")
		return
	}
	s.value(n, path, lastApplied)
}

// list names at most ten.
func list(names []string) string {
	quoted := make([]string, 0, 10)
	for _, name := range names[:min(10, len(names))] {
		quoted = append(quoted, strconv.Quote(name))
	}
	s := strings.Join(quoted, ", ")
	if len(names) > 10 {
		s += fmt.Sprintf(" and %d more", len(names)-10)
	}
	return s
}

func field(n *yaml.Node, key string) *yaml.Node {
	if n.Kind != yaml.MappingNode {
		return nil
	}
	for i := 0; i < len(n.Content); i += 2 {
		if n.Content[i].Value == key {
			return n.Content[i+1]
		}
	}
	return nil
}

// itemName names an item of a list by its name where it has one.
func itemName(item *yaml.Node, i int) string {
	if name := field(item, "name"); name != nil && isBare(name.Value) {
		return name.Value
	}
	return strconv.Itoa(i)
}

func join(path, key string) string {
	switch {
	case !isBare(key):
		return path + "[" + strconv.Quote(key) + "]"
	case path == "":
		return key
	}
	return path + "." + key
}

func isBare(key string) bool {
	return key != "" && strings.Trim(strings.ToLower(key), "abcdefghijklmnopqrstuvwxyz0123456789_-") == "" && strings.Trim(key, "0123456789") != ""
}
