package release

import (
	"net/url"
	"path"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode"
	"unicode/utf8"
)

var (
	nameForm = form(`^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$`)
	idForm   = form(`^([0-9a-f]{40}|[0-9a-f]{64})$`)

	contentForm = form(`^(sha256:[0-9a-f]{64}|[0-9a-f]{40}|[0-9a-f]{64})$`)
)

// form is a pattern that is compiled when it is first asked for: most runs ask for few of them.
func form(pattern string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(pattern) })
}

const (
	maxVersion = 128  // characters
	maxText    = 1024 // bytes of a repository or ref
	maxPath    = 500  // bytes; YAML readers stop at keys of more than 1024
	maxImages  = 1000
)

var kinds = []Kind{GitHub, GitLab, Azure, Time, Manual}

// Validate checks that a release is complete and well formed; it reports all problems at once. Whether images may do
// without a digest is the caller's to decide.
func (r Release) Validate() error {
	var ps Problems
	add := func(found ...*Problem) {
		for _, p := range found {
			if p != nil {
				p.Text = r.label() + ": " + p.Text
				ps = append(ps, p)
			}
		}
	}
	add(checkApp(r.App), checkVersion(r.Version), checkKind(string(r.Sequence.Kind)), checkNumber(r.Sequence.Number))
	add(checkRepository(r.Source.Repository), checkCommit(r.Source.Commit), checkRef(r.Source.Ref), checkTime(r.Source.Time))
	add(checkTree(r.Templates), checkRoot(r.Root))
	add(checkFetched(r.Fetched))
	add(checkImages(r.Images)...)
	add(checkTickets(r.Tickets)...)
	add(checkAuthors(r.Authors)...)
	return ps.orNil()
}

func (r Release) label() string {
	if nameForm().MatchString(r.App) {
		return "release of " + r.App
	}
	return "release"
}

func checkApp(name string) *Problem { return checkName("app", name) }

func checkName(what, name string) *Problem {
	if nameForm().MatchString(name) {
		return nil
	}
	return problem("1 to 63 lower-case letters, digits and dashes, with a letter or digit at both ends", "%s name %q is not valid", what, clip(name))
}

func checkVersion(v string) *Problem {
	switch {
	case v == "":
		return problem("", "the version is missing")
	case utf8.RuneCountInString(v) > maxVersion:
		return problem("", "the version is longer than %d characters", maxVersion)
	case !printable(v) || strings.TrimSpace(v) != v:
		return problem("", "version %q has invisible characters or spaces around it", clip(v))
	}
	return nil
}

func checkKind(kind string) *Problem {
	if slices.Contains(kinds, Kind(kind)) {
		return nil
	}
	return problem("one of github, gitlab, azure, time and manual", "sequence kind %q does not exist", clip(kind))
}

func checkNumber(n int64) *Problem {
	if n > 0 {
		return nil
	}
	return problem("", "the sequence number is %d; it starts at 1", n)
}

func checkRepository(repository string) *Problem {
	if p := checkText("source repository", repository); p != nil {
		return p
	}
	if u, err := url.Parse(repository); err == nil && u.User != nil && u.Scheme != "ssh" {
		return problem("leave them out; ferry is given credentials by other means", "the source repository carries credentials")
	}
	return nil
}

func checkCommit(id string) *Problem { return checkOptionalID("source commit", id) }
func checkTree(id string) *Problem   { return checkOptionalID("templates", id) }

func checkOptionalID(what, id string) *Problem {
	if id == "" {
		return nil
	}
	return checkID(what, id)
}

func checkID(what, id string) *Problem {
	if idForm().MatchString(id) {
		return nil
	}
	return problem("the full id of a Git object, in lower case", "%s %q is not 40 or 64 hex digits", what, clip(id))
}

func checkRef(ref string) *Problem { return checkText("source ref", ref) }

// checkTime refuses what would not survive the record: it keeps whole seconds, as Git does.
func checkTime(t time.Time) *Problem {
	if t.IsZero() || t.Nanosecond() == 0 && t.Year() >= 1970 && t.Year() <= 9999 {
		return nil
	}
	return problem("whole seconds, as 2026-11-05T10:00:00Z", "the source time %s is not a time of a commit", t.UTC().Format(time.RFC3339Nano))
}

func checkRoot(root string) *Problem {
	if root == "" {
		return nil
	}
	return checkPath("root", root)
}

// checkPath accepts a clean, relative, slash-separated path below the root.
func checkPath(what, p string) *Problem {
	if bad := checkText(what, p); bad != nil {
		return bad
	}
	if len(p) > maxPath || p == "" || p == "." || path.Clean(p) != p || path.IsAbs(p) || p == ".." || strings.HasPrefix(p, "../") || strings.Contains(p, `\`) {
		return problem("a clean path below the root of its repository", "%s %q is not a safe path", what, clip(p))
	}
	return nil
}

func checkText(what, s string) *Problem {
	if len(s) > maxText {
		return problem("", "%s is longer than %d characters", what, maxText)
	}
	if !printable(s) {
		return problem("", "%s %q has invisible characters", what, clip(s))
	}
	return nil
}

// printable tells whether people see all of a text: no control, format or separator characters but the plain space.
func printable(s string) bool {
	return utf8.ValidString(s) && !strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) || r == utf8.RuneError })
}

func checkImages(images []Image) []*Problem {
	if len(images) > maxImages {
		return []*Problem{problem("", "a release has at most %d images, not %d", maxImages, len(images))}
	}
	var ps []*Problem
	seen := map[string]bool{}
	for _, i := range images {
		ps = append(ps, checkImage(i)...)
		full := fullName(i.Name)
		if seen[full] {
			ps = append(ps, problem("", "image %q is named twice", clip(i.Name)))
		}
		seen[full] = true
	}
	return ps
}

func checkImage(i Image) []*Problem {
	var ps []*Problem
	for _, p := range []*Problem{checkImageName(i.Name), checkElsewhere(i.Repository), checkTag(i.Tag), checkDigest(i.Digest), checkCarried(i.Carried)} {
		if p != nil {
			ps = append(ps, p)
		}
	}
	return ps
}

func checkElsewhere(repository string) *Problem {
	if repository == "" {
		return nil
	}
	return checkImageName(repository)
}

func checkTag(tag string) *Problem {
	if tag == "" || tagForm().MatchString(tag) {
		return nil
	}
	return problem("a tag has 1 to 128 letters, digits, dots, dashes and underscores", "image tag %q is not valid", clip(tag))
}

func checkDigest(digest string) *Problem {
	if digest == "" || digestForm().MatchString(digest) {
		return nil
	}
	return problem("a digest is sha256: and 64 hex digits in lower case", "image digest %q is not valid", clip(digest))
}

func checkCarried(version string) *Problem {
	if version == "" {
		return nil
	}
	return checkVersion(version)
}
