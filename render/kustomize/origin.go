package kustomize

import (
	"bytes"
	"regexp"
	"strings"
	"sync"
)

// made is a resource as a file spells it.
type made struct{ name, file string }

// flowName finds the name in metadata that is written in braces on one line.
var flowName = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^metadata: *\{(?:.*[ ,])?(name: *[^ ,}]+)`)
})

// remember notes which resources a file holds, as far as lines of plain block style tell. It serves messages only.
func (w *walker) remember(file string, data []byte) {
	var kind, name string
	inMetadata := false
	note := func() {
		if kind != "" && name != "" {
			w.made[kind] = append(w.made[kind], made{name, file})
		}
		kind, name = "", ""
	}
	for line := range bytes.Lines(data) {
		text := strings.TrimRight(string(line), " \t\r\n")
		switch {
		case strings.HasPrefix(text, "---"):
			note()
		case strings.HasPrefix(text, "kind:"):
			kind = scalar(text)
		case text != "" && text[0] != ' ' && text[0] != '#':
			inMetadata = text == "metadata:"
			if m := flowName().FindStringSubmatch(text); m != nil {
				name = scalar(m[1])
			}
		case inMetadata && name == "" && strings.HasPrefix(text, "  name:"):
			name = scalar(text)
		}
	}
	note()
}

func scalar(line string) string {
	_, value, _ := strings.Cut(line, ":")
	return strings.Trim(strings.TrimSpace(value), `"'`)
}

// origin names the file that a resource came from, or else the root kustomization. The library forgets it, so it is
// found again by kind and name; a name that a prefix or suffix has changed still contains the old one.
func (w *walker) origin(kind, name string) string {
	best := made{file: w.root}
	for _, m := range w.made[kind] {
		if len(m.name) > len(best.name) && strings.Contains(name, m.name) {
			best = m
		}
	}
	return best.file
}
