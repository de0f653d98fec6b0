package supply

import (
	"crypto/sha256"
	"encoding/hex"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

// mounts is the folder of a source in which remote bases lie once they were brought in.
const mounts = "ferry.vendor"

var notPlain = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`[^a-z0-9]+`)
})

// mount names the folder of a remote base: readable, and its own.
func mount(b remoteBase) string {
	name := path.Base(strings.TrimSuffix(b.Repository, ".git"))
	if b.URL != "" {
		name = path.Base(strings.SplitN(b.URL, "?", 2)[0])
	}
	sum := sha256.Sum256([]byte(b.Entry))
	return mounts + "/" + strings.Trim(notPlain().ReplaceAllString(strings.ToLower(name), "-"), "-") + "-" + hex.EncodeToString(sum[:6])
}

// target is the folder that an entry is called once it lies in the source, from the source's root. A file of the web gets a
// kustomization around it: kustomize reads no single files outside of a kustomization's folder.
func (b remoteBase) target() string { return join(mount(b), b.Dir) }

const (
	webFile    = "resource.yaml"
	webWrapper = "resources: [" + webFile + "]\n"
)

// rewrite puts paths in the place of remote entries, and leaves every other byte of a kustomization as it is.
func rewrite(file string, data []byte, needs []need) ([]byte, error) {
	targets := map[string]string{}
	for _, n := range needs {
		if n.In == file && n.Base != nil {
			rel, err := filepath.Rel("/"+parent(file), "/"+n.Base.target())
			if err != nil {
				return nil, wrong(file, "", "%v", err)
			}
			targets[n.Base.Entry] = filepath.ToSlash(rel)
		}
	}
	if len(targets) == 0 {
		return data, nil
	}
	var doc yaml.Node
	if err := yaml.Unmarshal(data, &doc); err != nil || len(doc.Content) == 0 {
		return nil, wrong(file, "", "it cannot be read: %v", err)
	}
	lines := strings.SplitAfter(string(data), "\n")
	root := doc.Content[0]
	for i := 0; i+1 < len(root.Content); i += 2 {
		if key := root.Content[i].Value; key != "resources" && key != "bases" && key != "components" {
			continue
		}
		// From the last to the first, so that a change in a line moves nothing that is still to be changed.
		items := root.Content[i+1].Content
		for j := len(items) - 1; j >= 0; j-- {
			to, remote := targets[items[j].Value]
			if !remote {
				continue
			}
			if err := replace(file, lines, items[j], to); err != nil {
				return nil, err
			}
		}
	}
	return []byte(strings.Join(lines, "")), nil
}

// replace writes a path in the place of one entry, which has to stand there as it is, plain or in quotes.
func replace(file string, lines []string, n *yaml.Node, to string) error {
	line := lines[n.Line-1]
	at := 0
	for range n.Column - 1 {
		_, size := utf8.DecodeRuneInString(line[at:])
		at += size
	}
	for _, form := range []string{n.Value, `"` + n.Value + `"`, "'" + n.Value + "'"} {
		if strings.HasPrefix(line[at:], form) {
			lines[n.Line-1] = line[:at] + to + line[at+len(form):]
			return nil
		}
	}
	return wrong(file, "write it in one line, plain or in quotes", "line %d: the entry %q is written in a way that cannot be replaced", n.Line, clip(n.Value))
}
