// Package release holds the nouns that every room speaks of: a Release and what it is made of, the Record that lies
// beside the manifests, and the names of branches, trailers and status contexts.
package release

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Release is what CI built: immutable, identified by (App, Sequence).
type Release struct {
	App       string   `yaml:"app" json:"app"`
	Version   string   `yaml:"version" json:"version"` // a label for people; never compared
	Sequence  Sequence `yaml:"sequence" json:"sequence,omitzero"`
	Source    Source   `yaml:"source" json:"source,omitzero"`
	Templates string   `yaml:"templates,omitempty" json:"templates,omitempty"` // Git tree id of the templates, as stored on the sources branch
	Root      string   `yaml:"root,omitempty" json:"root,omitempty"`           // the folder of the source repository that Templates is the tree of; "" = its root
	Fetched   Fetched  `yaml:"fetched,omitempty" json:"fetched,omitzero"`      // where Templates came from, when that is not the source repository
	Images    []Image  `yaml:"images,omitempty" json:"images,omitempty"`       // sorted by name
	Tickets   []string `yaml:"tickets,omitempty" json:"tickets,omitempty"`     // what it is about, as its commits say; sorted
	Authors   []Share  `yaml:"authors,omitempty" json:"authors,omitempty"`     // who wrote it, as far as somebody asks; the smallest share first
}

// Source says which commit of which repository a release was built from.
type Source struct {
	Repository string    `yaml:"repository,omitempty" json:"repository,omitempty"`
	Commit     string    `yaml:"commit,omitempty" json:"commit,omitempty"` // 40 hex digits, "" where the source is not in Git
	Ref        string    `yaml:"ref,omitempty" json:"ref,omitempty"`       // refs/heads/main
	Time       time.Time `yaml:"time,omitempty" json:"time,omitzero"`      // the commit's committer time, in UTC
}

// Fetched says where templates came from that are not of the release's own source: a chart repository, a registry, another
// Git repository. What a range of versions became is part of the release.
type Fetched struct {
	From    string `yaml:"from" json:"from"`                           // address
	Name    string `yaml:"name,omitempty" json:"name,omitempty"`       // of the chart
	Version string `yaml:"version,omitempty" json:"version,omitempty"` // of the chart, or the ref of the repository
	Digest  string `yaml:"digest" json:"digest"`                       // sha256:... of the archive or manifest, or the full id of a commit
}

// Image is one container image of a release. Tag is a string all the way, whatever it looks like.
type Image struct {
	Name       string `yaml:"name" json:"name"`                                 // as ferry.yaml and templates call it
	Repository string `yaml:"repository,omitempty" json:"repository,omitempty"` // where it lies, when that is not Name
	Tag        string `yaml:"tag,omitempty" json:"tag,omitempty"`
	Digest     string `yaml:"digest,omitempty" json:"digest,omitempty"`   // sha256:<64 hex digits>; empty only where tags were allowed
	Carried    string `yaml:"carried,omitempty" json:"carried,omitempty"` // version of the release it was taken over from
}

// Reference gives the image as a container names it: name[:tag][@digest].
func (i Image) Reference() string {
	ref := cmp.Or(i.Repository, i.Name)
	if i.Tag != "" {
		ref += ":" + i.Tag
	}
	if i.Digest != "" {
		ref += "@" + i.Digest
	}
	return ref
}

// Kind says which counter a sequence comes from; sequences are compared within one kind.
type Kind string

// The kinds of sequence, each a number that grows from one release of an app to the next.
const (
	GitHub Kind = "github" // GITHUB_RUN_ID
	GitLab Kind = "gitlab" // CI_PIPELINE_ID
	Azure  Kind = "azure"  // BUILD_BUILDID
	Time   Kind = "time"   // committer time of the source commit, Unix seconds
	Manual Kind = "manual" // --sequence
)

// Sequence orders the releases of one app.
type Sequence struct {
	Kind   Kind  `yaml:"kind" json:"kind"`
	Number int64 `yaml:"number" json:"number"`
}

func (s Sequence) String() string { return fmt.Sprintf("%s-%d", s.Kind, s.Number) }

// ParseSequence reads what String writes; a number alone is counted by hand.
func ParseSequence(text string) (Sequence, error) {
	kind, digits, found := strings.Cut(text, "-")
	if !found {
		kind, digits = string(Manual), text
	}
	n, err := strconv.ParseInt(digits, 10, 64)
	if err != nil || n <= 0 || digits != strconv.FormatInt(n, 10) || checkKind(kind) != nil {
		return Sequence{}, problem("a number from 1, or one with what counts it, such as github-123", "%q is no sequence", clip(text))
	}
	return Sequence{Kind: Kind(kind), Number: n}, nil
}

// ErrUnordered says that two releases count in different ways and their source commits do not tell which is newer.
var ErrUnordered = errors.New("the releases count in different ways and neither source commit is later")

// Compare tells whether a is older (-1), the same (0) or newer (1) than b. Within one kind the numbers decide; across
// kinds the time of the source commit does, and where that is unknown or equal the error is ErrUnordered.
func Compare(a, b Release) (int, error) {
	if a.Sequence.Kind == b.Sequence.Kind {
		return cmp.Compare(a.Sequence.Number, b.Sequence.Number), nil
	}
	if a.Source.Time.IsZero() || b.Source.Time.IsZero() || a.Source.Time.Equal(b.Source.Time) {
		return 0, fmt.Errorf("%s %s (%s) and %s (%s): %w", a.App, a.Version, a.Sequence, b.Version, b.Sequence, ErrUnordered)
	}
	return a.Source.Time.Compare(b.Source.Time), nil
}

// SameContent tells whether two releases carry the same things. Which release an image was carried from does not count.
func SameContent(a, b Release) bool {
	return a.App == b.App && a.Version == b.Version && a.Sequence == b.Sequence && a.Source.Repository == b.Source.Repository &&
		a.Source.Commit == b.Source.Commit && a.Templates == b.Templates &&
		slices.EqualFunc(sorted(a.Images), sorted(b.Images), func(x, y Image) bool {
			return x.Name == y.Name && x.Repository == y.Repository && x.Tag == y.Tag && x.Digest == y.Digest
		})
}

func sorted(images []Image) []Image {
	return slices.SortedFunc(slices.Values(images), func(a, b Image) int { return strings.Compare(a.Name, b.Name) })
}
