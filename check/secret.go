package check

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/ferry-cd/ferry/render"
	"go.yaml.in/yaml/v3"
)

// lastApplied is where kubectl keeps a copy of a whole resource.
const lastApplied = "kubectl.kubernetes.io/last-applied-configuration"

// What a Secret holds, and where.
var dataFields = []string{"data", "stringData"}

// credentials looks for what must not be in Git, in every value of a resource. The same resource in another environment is
// not searched again.
func credentials(m *render.Manifest, o Options) []Finding {
	found, _ := m.Once(searched{o.AllowSecrets}, func() any { return search(m, o.AllowSecrets) }).([]Finding)
	found = slices.Clone(found)
	for i := range found {
		found[i].File = m.Path
	}
	return found
}

// searched is what a search depends on besides the resource.
type searched struct{ allow bool }

func search(m *render.Manifest, allow bool) []Finding {
	root := m.Node()
	if root == nil {
		return []Finding{{Rule: PlainSecret, Level: Error, Message: "is no valid YAML, so nobody knows whether it holds secrets"}}
	}
	s := searcher{allow: allow}
	s.value(root, nil, "")
	return s.findings
}

type searcher struct {
	allow    bool
	findings []Finding
}

func (s *searcher) report(rule Rule, at *way, hint, format string, args ...any) {
	s.findings = append(s.findings, Finding{Rule: rule, Level: Error, Field: at.String(), Message: fmt.Sprintf(format, args...), Hint: hint})
}

// way leads to a value of a resource; nil is the resource itself. It becomes text where something is found.
type way struct {
	above *way
	key   string
	item  *yaml.Node // of a list, where there is no key
	index int
}

func (w *way) String() string {
	switch {
	case w == nil:
		return ""
	case w.item != nil:
		return w.above.String() + "[" + itemName(w.item, w.index) + "]"
	}
	return join(w.above.String(), w.key)
}

// value searches a value of a resource; key is the name of the nearest field.
func (s *searcher) value(n *yaml.Node, at *way, key string) {
	switch n.Kind {
	case yaml.MappingNode:
		s.mapping(n, at)
	case yaml.SequenceNode:
		for i, item := range n.Content {
			s.value(item, &way{above: at, item: item, index: i}, key)
		}
	case yaml.ScalarNode:
		if n.Tag == "!!str" {
			s.text(n.Value, at, key)
		}
	}
}

func (s *searcher) mapping(n *yaml.Node, at *way) {
	kind := field(n, "kind")
	secret := kind != nil && kind.Value == "Secret"
	if secret {
		s.secret(n, at)
	}
	binary := at == nil && kind != nil && kind.Value == "ConfigMap"
	for i := 0; i < len(n.Content); i += 2 {
		key, value := n.Content[i].Value, n.Content[i+1]
		below := way{above: at, key: key}
		switch {
		case secret && (key == dataFields[0] || key == dataFields[1]):
		case binary && key == "binaryData":
			s.binaryData(value, &below)
		case key == lastApplied:
			s.copied(value, &below)
		default:
			s.value(value, &below, key)
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
func (s *searcher) secret(n *yaml.Node, at *way) {
	if s.allow {
		return
	}
	for _, name := range dataFields {
		data := field(n, name)
		switch keys := plainKeys(data); {
		case data == nil:
		case data.Kind != yaml.MappingNode && data.Tag != "!!null":
			s.report(PlainSecret, &way{above: at, key: name}, recipe(n), "the Secret holds a value in plain text")
		case len(keys) > 0:
			s.report(PlainSecret, &way{above: at, key: name}, recipe(n), "the Secret holds values in plain text: %s", list(keys))
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
func (s *searcher) copied(n *yaml.Node, at *way) {
	if !s.allow && strings.Contains(n.Value, `"kind":"Secret"`) {
		s.report(PlainSecret, at, "remove the annotation; kubectl writes it in the cluster, and it belongs nowhere else", "the annotation holds a copy of a Secret")
		return
	}
	s.value(n, at, lastApplied)
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

// isBare tells keys that need no quotes in a path: letters, digits, _ and -, and not digits alone.
func isBare(key string) bool {
	named := false
	for i := range len(key) {
		switch c := key[i]; {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c == '_', c == '-':
			named = true
		case c < '0' || c > '9':
			return false
		}
	}
	return named
}
