package connector

import (
	"cmp"
	"fmt"
	"regexp"
	"strings"
	"sync"

	"github.com/Masterminds/semver/v3"
)

// What a revision is of.
const (
	Git    = "git"
	OCI    = "oci"
	Chart  = "chart"
	Bucket = "bucket"
)

// Revision is what an engine calls the state of a source, taken apart.
type Revision struct {
	Kind      string // git | oci | chart | bucket; empty where there is none, or where only a digest is known
	Branch    string // branch, tag or ref it was found by, where it is told
	Algorithm string // sha1, sha256 ...; empty for a chart
	Value     string // commit, digest or chart version
}

// A revision that is longer than this is none: a ref has at most 255 characters a part, and nobody nests that deep.
const maxRevision = 1024

// How many hexadecimal digits the value of an algorithm has. Of these, Git knows sha1 and sha256.
var digits = map[string]int{"sha1": 40, "sha224": 56, "sha256": 64, "sha384": 96, "sha512": 128, "blake3": 64}

var hexadecimal = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^[0-9a-f]+$`)
})

// ParseRevision reads a revision as engines write it: main@sha1:<40>, refs/pull/420/head@sha1:<40>, sha256:<64>, main/<40> as
// Flux wrote it before RFC-0005, a bare commit as Argo CD writes it, latest@sha256:<64> of an OCI artifact, 6.6.1 or
// 6.6.1+<12> of a chart. Names may contain / and @, so it is read from the right. The kind of the source says what a value
// is of; without it (kind "") only what cannot be anything else gets one: 64 digits may be a commit, an artifact or a
// bucket, and are not guessed by length.
func ParseRevision(kind, s string) (Revision, error) {
	if len(s) > maxRevision || strings.ContainsFunc(s, isSpaceOrControl) {
		return Revision{}, fmt.Errorf("revision %.40q is too long or has spaces or control characters in it", s)
	}
	if r, ok := parseVersion(kind, s); ok {
		return r, nil
	}
	r, ok := splitRevision(s)
	if !ok {
		return Revision{}, fmt.Errorf("revision %.80q is neither a commit nor a digest nor a chart version", s)
	}
	if r.Kind = kind; kind == "" && r.Algorithm == "sha1" {
		r.Kind = Git
	}
	if r.Kind == Git && r.Algorithm != "sha1" && r.Algorithm != "sha256" {
		return Revision{}, fmt.Errorf("revision %.80q is no commit: Git has sha1 and sha256, not %s", s, r.Algorithm)
	}
	return r, nil
}

func isSpaceOrControl(r rune) bool { return r <= ' ' || r == 0x7f || r == '\uFFFD' }

// parseVersion reads the version of a chart: where a chart is expected, or where it cannot be another thing.
func parseVersion(kind, s string) (Revision, bool) {
	if kind != Chart && kind != "" {
		return Revision{}, false
	}
	if _, err := semver.StrictNewVersion(strings.TrimPrefix(s, "v")); err != nil {
		return Revision{}, false
	}
	return Revision{Kind: Chart, Value: s}, true
}

// splitRevision takes the algorithm and the value from the right end, and what is before them as the name.
func splitRevision(s string) (Revision, bool) {
	name, digest := "", s
	if i := strings.LastIndexByte(s, '@'); i >= 0 {
		name, digest = s[:i], s[i+1:]
	}
	if algorithm, value, ok := strings.Cut(digest, ":"); ok {
		value = strings.ToLower(value)
		return Revision{Branch: name, Algorithm: algorithm, Value: value}, isDigest(algorithm, value) && (name != "" || digest == s)
	}
	name, digest = "", s
	if i := strings.LastIndexByte(s, '/'); i >= 0 {
		name, digest = s[:i], s[i+1:]
	}
	value := strings.ToLower(digest)
	algorithm := bareAlgorithm(value)
	return Revision{Branch: name, Algorithm: algorithm, Value: value}, algorithm != "" && (name != "" || digest == s)
}

func isDigest(algorithm, value string) bool {
	n, known := digits[algorithm]
	return known && len(value) == n && hexadecimal().MatchString(value)
}

// bareAlgorithm names the algorithm of a value that comes without one. Only these two were ever written so: commits, and the
// digests of early OCIRepositories.
func bareAlgorithm(value string) string {
	for _, algorithm := range []string{"sha1", "sha256"} {
		if isDigest(algorithm, value) {
			return algorithm
		}
	}
	return ""
}

// String writes the revision as Flux does today. ParseRevision with the same kind reads it back.
func (r Revision) String() string {
	if r.Algorithm == "" {
		return cmp.Or(r.Value, r.Branch)
	}
	if r.Branch == "" {
		return r.Algorithm + ":" + r.Value
	}
	return r.Branch + "@" + r.Algorithm + ":" + r.Value
}

// IsZero tells whether nothing is known.
func (r Revision) IsZero() bool { return r == Revision{} }

// Commit is the commit of a Git revision, and "" of any other: nothing is ever posted to a digest.
func (r Revision) Commit() string {
	if r.Kind != Git {
		return ""
	}
	return r.Value
}

// Build is what Flux put behind the + of a chart's version: the first 12 digits of the commit or digest that it was built
// from. It is "" where there is none.
func (r Revision) Build() string {
	_, build, _ := strings.Cut(r.Value, "+")
	if r.Kind != Chart || len(build) < 12 || !hexadecimal().MatchString(build) {
		return ""
	}
	return build
}
