package render

import (
	"regexp"
	"strings"
)

// Target selects resources; an empty field selects all. Kind and Name may be patterns with *.
type Target struct {
	Group, Version, Kind, Name, Namespace string
	LabelSelector, AnnotationSelector     string // in the grammar of kubectl; only a Patcher reads them
}

// String gives the target as people write it.
func (t Target) String() string {
	kind := t.Kind
	if t.Group != "" {
		kind += "." + t.Group
	}
	name := t.Name
	if t.Namespace != "" {
		name = t.Namespace + "/" + name
	}
	return strings.TrimSpace(strings.Join([]string{kind, name, t.LabelSelector, t.AnnotationSelector}, " "))
}

// exact tells whether a target names one resource, which somebody expects to be there.
func (t Target) exact() bool {
	return t.Kind != "" && t.Name != "" && !strings.Contains(t.Kind+t.Name, "*") && t.LabelSelector == "" && t.AnnotationSelector == ""
}

// selects looks at everything but labels and annotations. An empty namespace of a resource is that of the app.
func (t Target) selects(m *Manifest, namespace string) bool {
	version := m.APIVersion[strings.LastIndexByte(m.APIVersion, '/')+1:]
	return (t.Group == "" || t.Group == m.Group) && (t.Version == "" || t.Version == version) && glob(t.Kind, m.Kind) && glob(t.Name, m.Name) &&
		(t.Namespace == "" || t.Namespace == m.In(namespace).Namespace)
}

// glob matches a text against a pattern in which * stands for any text; the empty pattern matches all.
func glob(pattern, text string) bool {
	if pattern == "" || pattern == text {
		return true
	}
	if !strings.Contains(pattern, "*") {
		return false
	}
	ok, err := regexp.MatchString("^"+strings.ReplaceAll(regexp.QuoteMeta(pattern), `\*`, ".*")+"$", text)
	return ok && err == nil
}
