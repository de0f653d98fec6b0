package ledger

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/ferry-cd/ferry/git"
	"github.com/ferry-cd/ferry/release"
)

// TreeHolds is the folder of the default branch whose holds are obeyed too: for people who hold by pull request.
const TreeHolds = ".ferry/holds"

const (
	holdsFolder      = "holds"
	rejectionsFolder = "rejections"
	overridesFolder  = "overrides"
)

// Bounds of what anyone with push access may make us read.
const (
	maxFile  = 64 << 10
	maxFiles = 20_000
)

// Book is every decision that the next plan has to obey.
type Book struct {
	Holds      []Hold
	Rejections []Rejection
	Overrides  []Override
}

// Read reads the decisions: those of the branch's tree, and the holds that lie in the tree of the default branch. A file
// that cannot be read is an error: a decision that is not understood must not be passed over.
func Read(ctx context.Context, repo *git.Repository, state, tree git.ID) (Book, error) {
	var all []place
	for _, p := range []place{{release.StateBranch, state, holdsFolder, ""}, {release.StateBranch, state, rejectionsFolder, ""},
		{release.StateBranch, state, overridesFolder, ""}, {"", tree, TreeHolds, ""}} {
		found, err := list(ctx, repo, p)
		if err != nil {
			return Book{}, fmt.Errorf("read %s: %w", p.folder, err)
		}
		all = append(all, found...)
	}
	if len(all) > maxFiles {
		return Book{}, fmt.Errorf("%s has %d files of decisions; at most %d are read", release.StateBranch, len(all), maxFiles)
	}
	var ids []git.ID
	for _, p := range all {
		ids = append(ids, p.tree)
	}
	data, err := repo.Blobs(ctx, ids...)
	if err != nil {
		return Book{}, fmt.Errorf("read %s: %w", release.StateBranch, err)
	}
	return parse(all, data)
}

// place is a folder of a tree or, once listed, a file in it with its blob.
type place struct {
	branch string
	tree   git.ID
	folder string
	file   string
}

func (p place) String() string {
	if p.branch == "" {
		return p.folder + "/" + p.file
	}
	return p.branch + ":" + p.folder + "/" + p.file
}

func list(ctx context.Context, repo *git.Repository, p place) ([]place, error) {
	if p.tree == "" {
		return nil, nil
	}
	entries, err := repo.Walk(ctx, p.tree, p.folder)
	if errors.Is(err, git.ErrNotFound) {
		return nil, nil
	}
	var out []place
	for _, e := range entries {
		if e.Mode.IsBlob() && slices.Contains([]string{".yaml", ".yml"}, path.Ext(e.Path)) {
			out = append(out, place{p.branch, e.ID, p.folder, e.Path})
		}
	}
	return out, err
}

func parse(all []place, data map[git.ID][]byte) (Book, error) {
	var b Book
	var problems []error
	for _, p := range all {
		var err error
		switch p.folder {
		case rejectionsFolder:
			err = read(data[p.tree], &b.Rejections)
		case overridesFolder:
			err = read(data[p.tree], &b.Overrides)
		default:
			if err = read(data[p.tree], &b.Holds); err == nil {
				b.Holds[len(b.Holds)-1].Tree = p.branch == ""
			}
		}
		if err != nil {
			problems = append(problems, &unreadable{p.String(), err})
		}
	}
	slices.SortStableFunc(b.Holds, func(x, y Hold) int { return x.Since.Compare(y.Since) })
	return b, errors.Join(problems...)
}

// decision is what every kind of file can say about itself.
type decision interface {
	valid() error
	Hold | Rejection | Override
}

// read appends one decision, read strictly.
func read[T decision](data []byte, into *[]T) error {
	var one T
	if len(data) > maxFile {
		return fmt.Errorf("it has more than %d bytes", maxFile)
	}
	d := yaml.NewDecoder(bytes.NewReader(data))
	d.KnownFields(true)
	if err := d.Decode(&one); err != nil {
		return plainYAML(err)
	}
	if err := d.Decode(new(yaml.Node)); !errors.Is(err, io.EOF) {
		return errors.New("it has more than one document")
	}
	if err := one.valid(); err != nil {
		return err
	}
	*into = append(*into, one)
	return nil
}

// plainYAML gives the decoder's words without its own names.
func plainYAML(err error) error {
	var t *yaml.TypeError
	if errors.As(err, &t) {
		return errors.New(strings.ReplaceAll(strings.Join(t.Errors, "; "), "in type ledger.", "in a "))
	}
	if errors.Is(err, io.EOF) {
		return errors.New("it is empty")
	}
	return errors.New(strings.TrimPrefix(err.Error(), "yaml: "))
}

// unreadable names a decision that cannot be obeyed.
type unreadable struct {
	where string
	err   error
}

func (e *unreadable) Error() string { return e.where + ": " + e.err.Error() }
func (e *unreadable) Unwrap() error { return e.err }
func (e *unreadable) ExitCode() int { return 2 }
func (e *unreadable) Hint() string {
	return "mend or remove the file; until then nothing moves, since it may be a hold"
}

func marshal(v any) []byte {
	var b bytes.Buffer
	e := yaml.NewEncoder(&b)
	e.SetIndent(2)
	if err := e.Encode(v); err != nil {
		panic(fmt.Sprintf("write a decision: %v", err)) // plain structs of text, numbers and times always encode
	}
	return b.Bytes()
}

// Named is a release at one configuration, as decisions name it.
type Named struct {
	Version  string           `yaml:"version" json:"version"`
	Sequence release.Sequence `yaml:"sequence" json:"sequence"`
	Inputs   string           `yaml:"inputs,omitempty" json:"inputs,omitempty"`
}

// Name gives the name of a record's release and configuration.
func Name(r release.Record) Named {
	return Named{Version: r.Release.Version, Sequence: r.Release.Sequence, Inputs: r.Inputs.Digest}
}

// Is tells whether a record is the one that is named.
func (n Named) Is(r release.Record) bool {
	return n.Sequence == r.Release.Sequence && (n.Inputs == "" || n.Inputs == r.Inputs.Digest)
}

// scope tells whether the app and environment of a decision are names, or empty where that means all.
func scope(app, environment string, all bool) error {
	for _, name := range []string{app, environment} {
		if name == "" && !all {
			return errors.New("it names no app or no environment")
		}
		if name != "" && !release.IsName(name) {
			return fmt.Errorf("%q is no name of an app or environment", name)
		}
	}
	return nil
}

// orAll is a folder or file name for a scope.
func orAll(name string) string { return cmp.Or(name, "_") }

// Has tells whether the branch has a file.
func Has(ctx context.Context, repo *git.Repository, tree git.ID, name string) (bool, error) {
	id, err := blob(ctx, repo, tree, name)
	return id != "", err
}

// blob gives the id of a file's content, "" where there is none.
func blob(ctx context.Context, repo *git.Repository, tree git.ID, name string) (git.ID, error) {
	if tree == "" {
		return "", nil
	}
	e, err := repo.Lookup(ctx, tree, name)
	if errors.Is(err, git.ErrNotFound) {
		return "", nil
	}
	return e.ID, err
}

// second cuts a time to what decisions keep.
func second(t time.Time) time.Time { return t.UTC().Truncate(time.Second) }
