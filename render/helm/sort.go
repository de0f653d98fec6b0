package helm

import (
	"cmp"
	"fmt"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
	"helm.sh/helm/v3/pkg/release"
	"helm.sh/helm/v3/pkg/releaseutil"
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
	releaseutil.SimpleHead
	documents []render.Document // of the text
}

// manifests are those of a render in Helm's order.
type manifests struct {
	plain   []manifest
	hooks   []*release.Hook
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
	slices.SortStableFunc(s.hooks, func(a, b *release.Hook) int { return compareKinds(a.Kind, b.Kind) })
	return s, nil
}

func (s *manifests) add(m manifest) {
	events, ok := "", false
	if m.Metadata != nil {
		events, ok = m.Metadata.Annotations[release.HookAnnotation]
	}
	if !ok {
		s.plain = append(s.plain, m)
		return
	}
	h := &release.Hook{Name: m.Metadata.Name, Kind: m.Kind, Path: m.file, Manifest: m.text}
	h.Weight, _ = strconv.Atoi(m.Metadata.Annotations[release.HookWeightAnnotation])
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

// hookEvents are the moments that Helm knows, and an old name of one.
var hookEvents = func() map[string]release.HookEvent {
	events := map[string]release.HookEvent{"test-success": release.HookTest}
	for _, e := range []release.HookEvent{release.HookPreInstall, release.HookPostInstall, release.HookPreDelete, release.HookPostDelete,
		release.HookPreUpgrade, release.HookPostUpgrade, release.HookPreRollback, release.HookPostRollback, release.HookTest} {
		events[e.String()] = e
	}
	return events
}()

// installRanks are the places of the kinds that Helm installs in an order.
var installRanks = func() map[string]int {
	ranks := map[string]int{}
	for i, kind := range releaseutil.InstallOrder {
		ranks[kind] = i
	}
	return ranks
}()

// compareKinds puts kinds that Helm has no place for behind the others, by name.
func compareKinds(a, b string) int {
	first, known := installRanks[a]
	second, alsoKnown := installRanks[b]
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
	m.SimpleHead = releaseutil.SimpleHead{}
	if err := sigs.Unmarshal([]byte(text), &m.SimpleHead); err != nil {
		return m, fmt.Errorf("YAML parse error on %s: %w", file, err)
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

// newMetadata makes one of a type that Helm gave no name.
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
