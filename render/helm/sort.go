package helm

import (
	"cmp"
	"fmt"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"
	"sync"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
	sigs "sigs.k8s.io/yaml"

	"github.com/ferry-cd/ferry/render"
)

// Helm cuts what templates print into manifests, reads each as YAML for its kind and hooks, and sorts them. So does this,
// to the same result (a fuzz target compares the two), but what is read here is not read again: Helm's own way takes more
// time than the templates do.

// manifest is what stands between two markers.
type manifest struct {
	file string // template it came from
	text string
	SimpleHead
	documents []render.Document // of the text
}

// SimpleHead is what Helm reads of a manifest, under the name that it has in messages about one that cannot be read.
type SimpleHead struct {
	Version  string `json:"apiVersion"`
	Kind     string `json:"kind,omitempty"`
	Metadata *struct {
		Name        string            `json:"name"`
		Annotations map[string]string `json:"annotations"`
	} `json:"metadata,omitempty"`
}

// manifests are those of a render in Helm's order.
type manifests struct {
	plain   []manifest
	hooks   []*hook
	unknown []string // templates with a hook that Helm does not know, once for each template
}

func sortManifests(files map[string]string) (manifests, error) {
	var s manifests
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if strings.HasPrefix(path.Base(name), "_") {
			continue
		}
		for _, text := range splitManifests(files[name]) {
			m, err := readManifest(name, text)
			if err != nil {
				return manifests{}, err
			}
			s.add(m)
		}
	}
	slices.SortStableFunc(s.plain, func(a, b manifest) int { return compareKinds(a.Kind, b.Kind) })
	slices.SortStableFunc(s.hooks, func(a, b *hook) int { return compareKinds(a.Kind, b.Kind) })
	return s, nil
}

func (s *manifests) add(m manifest) {
	events, ok := "", false
	if m.Metadata != nil {
		events, ok = m.Metadata.Annotations[hookAnnotation]
	}
	if !ok {
		s.plain = append(s.plain, m)
		return
	}
	h := &hook{Name: m.Metadata.Name, Kind: m.Kind, Path: m.file, Manifest: m.text}
	h.Weight, _ = strconv.Atoi(m.Metadata.Annotations[weightAnnotation])
	for event := range strings.SplitSeq(events, ",") {
		known, ok := hookEvents[strings.ToLower(strings.TrimSpace(event))]
		if !ok {
			if !slices.Contains(s.unknown, m.file) {
				s.unknown = append(s.unknown, m.file)
			}
			return
		}
		h.Events = append(h.Events, known)
	}
	s.hooks = append(s.hooks, h)
}

// hook is a manifest that Helm keeps for moments of its own.
type hook struct {
	Name, Kind, Path, Manifest string
	Events                     []string
	Weight                     int
}

// Annotations of a hook, and the moment of tests.
const (
	hookAnnotation   = "helm.sh/hook"
	weightAnnotation = "helm.sh/hook-weight"
	testEvent        = "test"
)

// hookEvents are the moments that Helm knows, and an old name of one.
var hookEvents = map[string]string{
	"pre-install": "pre-install", "post-install": "post-install", "pre-delete": "pre-delete", "post-delete": "post-delete", "pre-upgrade": "pre-upgrade",
	"post-upgrade": "post-upgrade", "pre-rollback": "pre-rollback", "post-rollback": "post-rollback", testEvent: testEvent, "test-success": testEvent,
}

// installRanks are the places of the kinds that Helm installs in an order, as in its documentation.
var installRanks = sync.OnceValue(func() map[string]int {
	ranks := map[string]int{}
	for i, kind := range strings.Fields(installOrder) {
		ranks[kind] = i
	}
	return ranks
})

const installOrder = `
PriorityClass Namespace NetworkPolicy ResourceQuota LimitRange PodSecurityPolicy PodDisruptionBudget
ServiceAccount Secret SecretList ConfigMap StorageClass PersistentVolume PersistentVolumeClaim
CustomResourceDefinition ClusterRole ClusterRoleList ClusterRoleBinding ClusterRoleBindingList Role RoleList
RoleBinding RoleBindingList Service DaemonSet Pod ReplicationController ReplicaSet Deployment
HorizontalPodAutoscaler StatefulSet Job CronJob IngressClass Ingress APIService
`

// compareKinds puts kinds that Helm has no place for behind the others, by name.
func compareKinds(a, b string) int {
	first, known := installRanks()[a]
	second, alsoKnown := installRanks()[b]
	switch {
	case known && alsoKnown:
		return cmp.Compare(first, second)
	case known:
		return -1
	case alsoKnown:
		return 1
	}
	return strings.Compare(a, b)
}

// splitManifests cuts at lines that start with ---, wherever these stand. White space around a marker goes with it, so
// that of two markers with nothing between them only the first one cuts.
func splitManifests(text string) []string {
	const marker = "---"
	rest := strings.TrimSpace(text)
	var all []string
	keep := func(part string) {
		if part != "" {
			all = append(all, strings.TrimSpace(part))
		}
	}
	if after, ok := strings.CutPrefix(rest, marker); ok {
		rest = strings.TrimLeft(after, space)
	}
	for {
		i := strings.Index(rest, "\n"+marker)
		if i < 0 {
			keep(rest)
			return all
		}
		keep(strings.TrimRight(rest[:i], space))
		rest = strings.TrimLeft(rest[i+1+len(marker):], space)
	}
}

// space is what \s stands for in a regular expression.
const space = "\t\n\f\r "

// readManifest reads the kind, the name and the annotations.
func readManifest(file, text string) (manifest, error) {
	m := manifest{file: file, text: text, documents: render.Split(render.Document{Source: file, Data: []byte(text)})}
	if len(m.documents) == 1 && isTame(text) {
		if root, err := m.documents[0].Node(); err == nil && root != nil && m.readHead(root) {
			return m, nil
		}
	}
	m.SimpleHead = SimpleHead{}
	if err := sigs.Unmarshal([]byte(text), &m.SimpleHead); err != nil {
		text := strings.Replace(err.Error(), "helm.SimpleHead", "releaseutil.SimpleHead", 1) // as it is called where it comes from
		return m, fmt.Errorf("YAML parse error on %s: %s", file, text)
	}
	return m, nil
}

// isTame tells text that every YAML reader takes alike: what Helm's refuses, ours refuses too.
func isTame(text string) bool {
	if strings.ContainsAny(text, "\t\r\x00\u0085\u2028\u2029\ufeff") || !utf8.ValidString(text) || strings.Contains(text, "<<") {
		return false
	}
	before := byte('\n')
	for i := range len(text) {
		switch text[i] {
		case '!', '&', '*', '?', '%':
			if strings.IndexByte(" \n[{,:-", before) >= 0 {
				return false
			}
		}
		before = text[i]
	}
	return true
}

// readHead reads a manifest whose fields are the strings that they should be; false where they are not, for others
// to judge. Helm finds keys in any case.
func (m *manifest) readHead(root *yaml.Node) bool {
	if root.Kind != yaml.MappingNode {
		return false
	}
	return eachField(root, map[string]func(*yaml.Node) bool{
		"apiVersion": into(&m.Version),
		"kind":       into(&m.Kind),
		"metadata": func(n *yaml.Node) bool {
			if n.Kind != yaml.MappingNode {
				return false
			}
			m.Metadata = newMetadata(m.Metadata)
			return eachField(n, map[string]func(*yaml.Node) bool{"name": into(&m.Metadata.Name), "annotations": m.readAnnotations})
		},
	})
}

// newMetadata makes one of a type that has no name.
func newMetadata[T any](*T) *T { return new(T) }

func (m *manifest) readAnnotations(n *yaml.Node) bool {
	if n.Kind != yaml.MappingNode {
		return false
	}
	m.Metadata.Annotations = make(map[string]string, len(n.Content)/2)
	for i := 0; i < len(n.Content); i += 2 {
		var value string
		if !into(&value)(n.Content[i+1]) {
			return false
		}
		m.Metadata.Annotations[n.Content[i].Value] = value
	}
	return true
}

func into(s *string) func(*yaml.Node) bool {
	return func(n *yaml.Node) bool {
		*s = n.Value
		return n.Kind == yaml.ScalarNode && n.Tag == "!!str"
	}
}

// eachField hands out the fields of a mapping; false where one is refused, or spelt as only Helm would find it.
func eachField(n *yaml.Node, readers map[string]func(*yaml.Node) bool) bool {
	for i := 0; i < len(n.Content); i += 2 {
		key := n.Content[i].Value
		if read, ok := readers[key]; ok {
			if !read(n.Content[i+1]) {
				return false
			}
			continue
		}
		for name := range readers {
			if strings.EqualFold(name, key) {
				return false
			}
		}
	}
	return true
}
