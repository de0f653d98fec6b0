package diff

import (
	"slices"
	"strconv"
	"strings"
)

// Kubernetes keys many of its lists: a container is told by its name, whatever its place. listing says how to find the key
// of an item, and whether the order of the list is folded because it means nothing.
type listing struct {
	key    func(item *node) string // "" where the item has none
	folded bool
}

// Lists by their field name; the first listing by which all items of both sides have keys of their own is used.
var listings = map[string][]listing{
	"containers":                {{by("name"), true}},
	"initContainers":            {{by("name"), false}}, // run one after the other
	"ephemeralContainers":       {{by("name"), true}},
	"env":                       {{by("name"), false}}, // may refer to those above
	"envFrom":                   {{envSource, false}},  // the last one wins
	"ports":                     {{portKey, true}, {by("name"), true}},
	"volumes":                   {{by("name"), true}},
	"volumeMounts":              {{by("mountPath"), true}},
	"volumeDevices":             {{by("devicePath"), true}},
	"volumeClaimTemplates":      {{claimName, true}},
	"imagePullSecrets":          {{by("name"), true}},
	"secrets":                   {{by("name"), true}},
	"hostAliases":               {{by("ip"), true}},
	"tolerations":               {{by("key", "operator", "value", "effect"), true}},
	"topologySpreadConstraints": {{by("topologyKey", "whenUnsatisfiable"), true}},
	"rules":                     {{roleRule, true}, {hostRule, true}},
	"subjects":                  {{by("kind", "namespace", "name"), true}},
	"paths":                     {{by("path", "pathType"), true}},
	"webhooks":                  {{by("name"), true}},
	"versions":                  {{by("name"), true}},
	"matchExpressions":          {{by("key", "operator"), true}},
	"items":                     {{by("key", "path"), true}},
	"ownerReferences":           {{by("kind", "name"), true}},
	"conditions":                {{by("type"), true}},
	"additionalPrinterColumns":  {{by("name"), true}},
	"resourceClaims":            {{by("name"), true}},
	"parentRefs":                {{by("kind", "namespace", "name", "sectionName", "port"), true}},
}

// Lists of scalars that are sets; where a field above is named, only below that one.
var sets = map[string]string{
	"verbs": "", "resources": "", "apiGroups": "", "resourceNames": "", "nonResourceURLs": "", "apiVersions": "", "operations": "",
	"accessModes": "", "finalizers": "", "add": "capabilities", "drop": "capabilities", "policyTypes": "", "hosts": "tls",
	"loadBalancerSourceRanges": "", "externalIPs": "", "shortNames": "", "categories": "", "values": "matchExpressions", "required": "",
	"enum": "", "supplementalGroups": "", "hostnames": "", "except": "ipBlock", "namespaces": "",
}

// Other lists are keyed by the name of their items, as custom resources mostly mean it; nobody knows whether order counts.
var byName = listing{key: by("name")}

var bySelf = listing{key: (*node).scalar, folded: true}

// by makes a key of the fields that are there.
func by(fields ...string) func(*node) string {
	return func(item *node) string {
		var parts []string
		for _, field := range fields {
			if v := item.get(field); v.isSet() && v.shape < mapping {
				parts = append(parts, v.text)
			}
		}
		return strings.Join(parts, "/")
	}
}

func claimName(item *node) string { return item.at("metadata", "name").str() }

// portKey tells a container's port by its number, a Service's by its port, each with its protocol.
func portKey(item *node) string {
	for _, field := range []string{"containerPort", "port", "number"} {
		if port := item.get(field); port.isSet() && port.text != "" {
			protocol := item.get("protocol").str()
			if protocol == "" {
				protocol = "TCP"
			}
			return port.text + "/" + protocol
		}
	}
	return ""
}

func envSource(item *node) string {
	for _, source := range []string{"configMapRef", "secretRef"} {
		if name := item.at(source, "name").str(); name != "" {
			return source + "/" + item.get("prefix").str() + name
		}
	}
	return ""
}

// roleRule tells rules of roles and webhooks by what they are about; what they allow may change.
func roleRule(item *node) string {
	if item.get("verbs") == nil && item.get("operations") == nil {
		return ""
	}
	var parts []string
	for _, field := range []string{"apiGroups", "resources", "resourceNames", "nonResourceURLs"} {
		values := item.get(field).strings()
		slices.Sort(values)
		if len(values) > 0 {
			parts = append(parts, strings.Join(values, ","))
		}
	}
	return strings.Trim(strings.Join(parts, "/"), "/")
}

// hostRule tells rules of an Ingress by their host.
func hostRule(item *node) string {
	if item.get("http") == nil {
		return ""
	}
	if host := item.get("host").str(); host != "" {
		return host
	}
	return "*"
}

func listingsFor(at place) []listing {
	if above, ok := sets[at.key]; ok && (above == "" || above == at.above) {
		return []listing{bySelf}
	}
	return append(slices.Clip(listings[at.key]), byName)
}

func (w *walker) list(a, b []*node, at place) {
	if len(a) == 0 && len(b) == 0 {
		return
	}
	for _, l := range listingsFor(at) {
		x, ok := keysOf(a, l)
		y, also := keysOf(b, l)
		if ok && also {
			w.keyed(keyedList{a, x}, keyedList{b, y}, at, l.folded)
			return
		}
	}
	w.indexed(a, b, at)
}

type keyedList struct {
	items []*node
	keys  []string
}

// keysOf gives the keys of a list; ok is false where an item has none or shares its with another.
func keysOf(items []*node, l listing) (keys []string, ok bool) {
	keys = make([]string, len(items))
	for i, item := range items {
		if keys[i] = l.key(item); keys[i] == "" {
			return nil, false
		}
	}
	return keys, len(places(keys)) == len(keys)
}

// places tells where in a list each key stands.
func places(keys []string) map[string]int {
	m := make(map[string]int, len(keys))
	for i, key := range keys {
		m[key] = i
	}
	return m
}

func (w *walker) keyed(a, b keyedList, at place, folded bool) {
	inA, inB := places(a.keys), places(b.keys)
	for i, key := range a.keys {
		if _, kept := inB[key]; !kept {
			w.item(itemKey(key), a.items[i], nil, at, 0)
		}
	}
	w.order(a.keys, b.keys, inA, inB, at.noise || folded)
	for j, key := range b.keys {
		i, known := inA[key]
		if !known {
			w.item(itemKey(key), nil, b.items[j], at, j+1)
			continue
		}
		w.item(itemKey(key), a.items[i], b.items[j], at, 0)
	}
}

// item compares one item of a list; position is set where it is new to a keyed one.
func (w *walker) item(name string, a, b *node, at place, position int) {
	defer w.enterItem(name)()
	before := len(w.fields)
	w.compare(a, b, at)
	if position > 0 {
		w.fields[before].Position = position
	}
}

// order reports the items that both lists have, where they stand in another order.
func (w *walker) order(a, b []string, inA, inB map[string]int, noise bool) {
	last, ascends := -1, true
	for _, key := range b {
		if i, known := inA[key]; known {
			ascends = ascends && i > last
			last = i
		}
	}
	if !ascends {
		w.emit(Field{Kind: Reordered, Old: keysIn(a, inB), New: keysIn(b, inA), Noise: noise})
	}
}

func keysIn(keys []string, other map[string]int) []any {
	var kept []any
	for _, key := range keys {
		if _, ok := other[key]; ok {
			kept = append(kept, key)
		}
	}
	return kept
}

// itemKey writes a key so that it cannot be taken for an index.
func itemKey(key string) string {
	digits := true
	for i := 0; i < len(key); i++ {
		c := key[i]
		digit := c >= '0' && c <= '9'
		digits = digits && digit
		if letter := c | 0x20; !digit && (letter < 'a' || letter > 'z') && strings.IndexByte("-_./:*,=", c) < 0 {
			return strconv.Quote(key)
		}
	}
	if digits {
		return strconv.Quote(key)
	}
	return key
}

// indexed compares lists whose items have no keys: equal items are aligned, those between them paired in order.
func (w *walker) indexed(a, b []*node, at place) {
	x, y := numbered(a, b)
	type change struct{ i, j int }
	var removed, added, changed []change
	i, j := 0, 0
	for _, run := range append(align(x, y), span{len(a), len(b), 0}) {
		for ; i < run.i && j < run.j; i, j = i+1, j+1 {
			changed = append(changed, change{i, j})
		}
		for ; i < run.i; i++ {
			removed = append(removed, change{i: i})
		}
		for ; j < run.j; j++ {
			added = append(added, change{j: j})
		}
		i, j = run.i+run.n, run.j+run.n
	}
	for _, c := range removed {
		w.item(strconv.Itoa(c.i), a[c.i], nil, at, 0)
	}
	for _, c := range added {
		w.item(strconv.Itoa(c.j), nil, b[c.j], at, 0)
	}
	for _, c := range changed {
		w.item(strconv.Itoa(c.j), a[c.i], b[c.j], at, 0)
	}
}

// numbered gives equal items equal numbers.
func numbered(a, b []*node) (x, y []int) {
	known := map[string]int{}
	number := func(items []*node) []int {
		numbers := make([]int, len(items))
		for i, item := range items {
			text := string(appendNode(nil, item))
			if _, ok := known[text]; !ok {
				known[text] = len(known)
			}
			numbers[i] = known[text]
		}
		return numbers
	}
	return number(a), number(b)
}

// appendNode writes a value so that only equal ones look alike.
func appendNode(buf []byte, n *node) []byte {
	buf = append(buf, "0tnbms"[n.shape])
	switch n.shape {
	case mapping:
		for _, p := range n.pairs {
			buf = appendNode(strconv.AppendQuote(buf, p.key), p.value)
		}
	case sequence:
		for _, item := range n.items {
			buf = appendNode(buf, item)
		}
	default:
		return strconv.AppendQuote(buf, n.text)
	}
	return append(buf, ';')
}
