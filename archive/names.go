package archive

import (
	"fmt"
	"path"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

const (
	maxName  = 500 // bytes of a path
	maxDepth = 32  // folders
)

// names knows every path of an archive, and how each would look on a disk where case and composition do not count.
type names struct {
	folded map[string]string // as on such a disk -> as written
	isFile map[string]bool
	fold   cases.Caser
}

func newNames() *names {
	return &names{folded: map[string]string{}, isFile: map[string]bool{}, fold: cases.Fold()}
}

// file takes the name of a file, and gives it clean.
func (n *names) file(raw string) (string, error) {
	name, err := clean(raw)
	if err != nil {
		return "", err
	}
	if name == "." {
		return "", &Error{Entry: raw, Reason: "has no name"}
	}
	if _, taken := n.isFile[name]; taken {
		return "", &Error{Entry: raw, Reason: "is there twice"}
	}
	if err := n.add(raw, name); err != nil {
		return "", err
	}
	n.isFile[name] = true
	return name, nil
}

// folder takes the name of a folder, which may come again.
func (n *names) folder(raw string) error {
	name, err := clean(strings.TrimSuffix(raw, "/"))
	if err != nil || name == "." {
		return err
	}
	if n.isFile[name] {
		return &Error{Entry: raw, Reason: "is a folder where a file is"}
	}
	if err := n.add(raw, name); err != nil {
		return err
	}
	n.isFile[name] = false
	return nil
}

// add notes a path and the folders above it, and refuses one that another disk would take for another.
func (n *names) add(raw, name string) error {
	for p := name; p != "."; p = path.Dir(p) {
		key := norm.NFKC.String(n.fold.String(norm.NFKC.String(p)))
		if other, taken := n.folded[key]; taken && other != p {
			return &Error{Entry: raw, Reason: fmt.Sprintf("is the same as %q where case and composed letters do not count", clip(other))}
		}
		n.folded[key] = p
		if p == name {
			continue
		}
		if n.isFile[p] {
			return &Error{Entry: raw, Reason: fmt.Sprintf("lies in %q, which is a file", clip(p))}
		}
		n.isFile[p] = false
	}
	return nil
}

// clean gives a path as it is stored. A leading "./" is how most programs archive a folder; nothing else is repaired.
func clean(raw string) (string, error) {
	bad := func(reason string) (string, error) { return "", &Error{Entry: raw, Reason: reason} }
	name := strings.TrimPrefix(raw, "./")
	switch {
	case raw == "." || raw == "./" || raw == "":
		return ".", nil
	case len(raw) > maxName:
		return bad(fmt.Sprintf("has a name of more than %d bytes", maxName))
	case !utf8.ValidString(raw) || strings.ContainsFunc(raw, hidden):
		return bad("has a name with characters that nobody sees")
	case strings.HasPrefix(name, "/"), strings.ContainsAny(name, `\`), len(name) > 1 && name[1] == ':':
		return bad("does not have a relative path with forward slashes")
	}
	for _, part := range strings.Split(name, "/") {
		if part == ".." {
			return bad("leaves the folder it is unpacked in")
		}
	}
	if path.Clean(name) != name {
		return bad("has a path that is not clean")
	}
	if strings.Count(name, "/") >= maxDepth {
		return bad(fmt.Sprintf("lies more than %d folders deep", maxDepth))
	}
	return name, nil
}

func hidden(r rune) bool { return !unicode.IsPrint(r) || r == utf8.RuneError }
