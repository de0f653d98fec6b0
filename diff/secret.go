package diff

import (
	"encoding/base64"
	"slices"
	"strings"
)

// lastApplied is where kubectl keeps a copy of a whole resource, Secrets included.
const lastApplied = "kubectl.kubernetes.io/last-applied-configuration"

// hidden stands where a value would.
const hidden = "***"

// Fields of a Secret that hold no secret. What else stands there is data, or data under a misspelt name.
var openFields = map[string]bool{"apiVersion": true, "kind": true, "metadata": true, "type": true, "immutable": true}

// isSecret recognises a Secret at any depth: in templates of other resources too.
func isSecret(n *node) bool { return n.get("kind").str() == "Secret" }

// isMasked tells whether the value of a key may be secret, or is encrypted and tells nobody anything.
func isMasked(parent *node, key string) bool {
	switch key {
	case lastApplied, "encryptedData":
		return true
	case "items":
		return parent.get("kind").str() == "SecretList"
	}
	return isSecretChecksum(key) || isSecret(parent) && !openFields[key]
}

// isSecretChecksum matches the annotations by which charts restart pods when a Secret changes: a hash of it.
func isSecretChecksum(key string) bool {
	return strings.Contains(key, "checksum") && strings.Contains(strings.ToLower(key), "secret")
}

// maskedShape shows which keys a masked value has, and nothing of what they hold.
func maskedShape(n *node) any {
	if n == nil || n.shape != mapping {
		return hidden
	}
	m := make(map[string]any, len(n.pairs))
	for _, p := range n.pairs {
		m[p.key] = hidden
	}
	return m
}

// secretKeys gives what each key of a Secret holds in the cluster: stringData wins over data.
func secretKeys(n *node) map[string]string {
	keys := map[string]string{}
	for _, p := range n.get("data").fields() {
		keys[p.key] = decoded(p.value)
	}
	for _, p := range n.get("stringData").fields() {
		keys[p.key] = "s" + p.value.scalar()
	}
	return keys
}

// decoded marks what is no base64, so that it equals no other text.
func decoded(n *node) string {
	data, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(n.scalar()), ""))
	if err != nil {
		return "b" + n.scalar()
	}
	return "s" + string(data)
}

// compareKeys tells the keys of two Secrets apart; either may be nil.
func compareKeys(a, b *node) *SecretKeys {
	var k SecretKeys
	before, after := secretKeys(a), secretKeys(b)
	for key, value := range before {
		now, kept := after[key]
		switch {
		case !kept:
			k.Removed = append(k.Removed, key)
		case now != value:
			k.Changed = append(k.Changed, key)
		default:
			k.Unchanged = append(k.Unchanged, key)
		}
	}
	for key := range after {
		if _, known := before[key]; !known {
			k.Added = append(k.Added, key)
		}
	}
	for _, list := range [][]string{k.Added, k.Removed, k.Changed, k.Unchanged} {
		slices.Sort(list)
	}
	return &k
}

// secretData compares data and stringData as one.
func (w *walker) secretData(a, b *node, at place) {
	keys := compareKeys(a, b)
	report := func(names []string, side *node, kind Kind) {
		for _, key := range names {
			w.secretKey(side, key, Field{Kind: kind, Masked: true, Noise: at.noise})
		}
	}
	report(keys.Removed, a, Removed)
	report(keys.Added, b, Added)
	report(keys.Changed, b, Changed)
	for _, key := range keys.Unchanged {
		if !same(a.at("data", key), b.at("data", key)) || !same(a.at("stringData", key), b.at("stringData", key)) {
			w.secretKey(b, key, Field{Kind: Respelled, Masked: true, Noise: true})
		}
	}
	for _, below := range []string{"data", "stringData"} {
		w.oddData(a.get(below), b.get(below), below, at)
	}
}

func (w *walker) secretKey(side *node, key string, f Field) {
	below := "data"
	if side.at("stringData", key) != nil {
		below = "stringData"
	}
	defer w.enter(below)()
	defer w.enter(key)()
	w.emit(f)
}

// oddData reports data that is no mapping, which no cluster takes.
func (w *walker) oddData(a, b *node, below string, at place) {
	if isMappingOrNone(a) && isMappingOrNone(b) || same(a, b) {
		return
	}
	defer w.enter(below)()
	w.emit(Field{Kind: Changed, Masked: true, Noise: at.noise})
}

func isMappingOrNone(n *node) bool { return !n.isSet() || n.shape == mapping }
