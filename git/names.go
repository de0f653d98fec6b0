package git

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// CheckRef refuses a full ref name that Git would not accept, or that could reach outside the refs.
func CheckRef(name string) error {
	if why := badRef(name); why != "" {
		return &nameError{What: "ref", Name: name, Why: why}
	}
	return nil
}

func badRef(name string) string {
	switch {
	case !strings.HasPrefix(name, "refs/"):
		return "must begin with refs/"
	case strings.Count(name, "/") < 2:
		return "must lie in a folder below refs/"
	case len(name) > 1000:
		return "is too long"
	case strings.HasSuffix(name, "."):
		return "must not end in a dot"
	case strings.Contains(name, "@{"):
		return "must not contain @{"
	case strings.Contains(name, ".."):
		return "must not contain two dots"
	case strings.ContainsFunc(name, func(c rune) bool { return c < ' ' || c == 0x7f || strings.ContainsRune(" ~^:?*[\\", c) }):
		return "contains a character that refs must not have"
	}
	for part := range strings.SplitSeq(name, "/") {
		if why := badRefComponent(part); why != "" {
			return why
		}
	}
	return ""
}

func badRefComponent(part string) string {
	switch {
	case part == "":
		return "has an empty part"
	case part[0] == '.':
		return "has a part that begins with a dot"
	case strings.HasSuffix(part, ".lock"):
		return "has a part that ends in .lock"
	case len(part) > 240:
		return "has a part that is too long for a file name"
	}
	return ""
}

// CheckPath refuses a path that must not be written into a tree: one that leaves it, that some file system would take
// for Git's own folder, or that some file system cannot hold.
func CheckPath(path string) error {
	if why := badPath(path); why != "" {
		return &nameError{What: "path", Name: path, Why: why}
	}
	return nil
}

func badPath(path string) string {
	switch {
	case path == "":
		return "is empty"
	case strings.HasPrefix(path, "/"):
		return "is absolute"
	case len(path) > maxPath:
		return "is too long"
	case !utf8.ValidString(path):
		return "is not UTF-8"
	}
	for part := range strings.SplitSeq(path, "/") {
		if why := badComponent(part); why != "" {
			return why
		}
	}
	return ""
}

// badComponent holds for what we write; it is stricter than what we read.
func badComponent(part string) string {
	if why := unsafeComponent(part); why != "" {
		return why
	}
	switch {
	case strings.ContainsFunc(part, unicode.IsControl):
		return "contains a control character"
	case strings.Contains(part, `\`):
		return "contains a backslash"
	case strings.HasSuffix(part, ".") || strings.HasSuffix(part, " "):
		return "has a part that ends in a dot or a space"
	case len(part) > 255:
		return "has a part that is too long for a file name"
	case len(part) > 1 && part[1] == ':':
		return "has a part that names a drive"
	}
	return ""
}

// unsafeComponent says why a name in a tree is dangerous wherever that tree is written to disk, or "".
func unsafeComponent(part string) string {
	switch {
	case part == "":
		return "has an empty part"
	case part == "." || part == "..":
		return "has a part . or .."
	case strings.ContainsAny(part, "/\x00"):
		return "contains a slash or a NUL"
	case isDotGit(part):
		return "names Git's own folder"
	}
	return ""
}

// isDotGit knows the spellings of .git that file systems take for it: any case; on HFS+ also with characters that it
// ignores; on NTFS also the short name git~1, trailing dots and spaces, and a stream after a colon.
func isDotGit(part string) bool {
	name := strings.ToLower(strings.Map(dropIgnoredByHFS, part))
	name, _, _ = strings.Cut(name, ":")
	name, _, _ = strings.Cut(name, `\`)
	name = strings.TrimRight(name, ". ")
	return name == ".git" || name == "git~1"
}

func dropIgnoredByHFS(c rune) rune {
	switch {
	case c >= 0x200c && c <= 0x200f, c >= 0x202a && c <= 0x202e, c >= 0x206a && c <= 0x206f, c == 0xfeff:
		return -1
	}
	return c
}

// maxPath is the longest path that systems take.
const maxPath = 4096
