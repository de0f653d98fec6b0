package release

import (
	"cmp"
	"strings"
)

// checkFetched accepts nothing at all, or an address with content.
func checkFetched(f Fetched) *Problem {
	switch {
	case f == Fetched{}:
		return nil
	case f.From == "":
		return problem("", "what the templates were fetched from is missing")
	case hasUser(f.From):
		return problem("leave them out; ferry is given credentials by other means", "what the templates were fetched from carries credentials")
	}
	for _, p := range []*Problem{checkText("fetched from", f.From), checkText("fetched name", f.Name), checkText("fetched version", f.Version), checkContent(f.Digest)} {
		if p != nil {
			return p
		}
	}
	return nil
}

// checkContent accepts what names content for good: a digest, or the id of a commit.
func checkContent(id string) *Problem {
	if contentForm().MatchString(id) {
		return nil
	}
	return problem("sha256: and 64 hex digits, or the full id of a commit", "fetched digest %q is not valid", clip(id))
}

func (r *reader) fetched(n *node, into *Fetched) {
	text := func(into *string, what string) func(*node) {
		return r.text(into, what, func(s string) *Problem { return checkText(what, s) })
	}
	r.object(n, "fetched",
		field{"from", true, text(&into.From, "from")},
		field{"name", false, text(&into.Name, "the name")},
		field{"version", false, text(&into.Version, "the version")},
		field{"digest", true, r.text(&into.Digest, "the digest", checkContent)},
	)
}

func (w *yamlWriter) fetched(f Fetched) {
	if f == (Fetched{}) {
		return
	}
	w.key(2, "fetched")
	w.text(4, "from", f.From)
	w.text(4, "name", f.Name)
	w.text(4, "version", f.Version)
	w.text(4, "digest", f.Digest)
}

// Upgrade says in words how the templates of one release follow those of another: "chart shop 1.2.3 -> 1.3.0"; "" where they
// were not fetched, or are the same.
func Upgrade(from, to Release) string {
	f := to.Fetched
	if f == (Fetched{}) || from.Fetched == f {
		return ""
	}
	what := "templates"
	if f.Name != "" {
		what = "chart " + f.Name
	}
	now := f.label()
	before := from.Fetched.label()
	switch {
	case from.Fetched == Fetched{}:
		return what + " " + now + " from " + f.From
	case from.Fetched.From != f.From:
		return what + " " + before + " from " + from.Fetched.From + " -> " + now + " from " + f.From
	case before == now:
		return what + " " + now + " has other content: " + from.Fetched.short() + " -> " + f.short()
	}
	return what + " " + before + " -> " + now
}

func (f Fetched) label() string { return cmp.Or(f.Version, f.short()) }

// short is as much of the digest as tells two apart.
func (f Fetched) short() string {
	return f.Digest[:min(len(f.Digest), 19)]
}

// hasUser tells whether an address names a user, but the one of ssh.
func hasUser(address string) bool {
	scheme, rest, ok := strings.Cut(address, "://")
	return ok && scheme != "ssh" && strings.Contains(rest, "@")
}
