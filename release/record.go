package release

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// RecordVersion is the version of the record's format that this ferry writes and reads.
const RecordVersion = 1

const maxRecord = 8 << 20 // bytes; about 80,000 files

// Record is release.lock: what the manifests beside it are, and what they were made from. Nothing in it depends on the
// run, the clock or the base commit.
type Record struct {
	Version     int
	App         string
	Environment string
	Release     Release
	Inputs      Inputs
	Files       []File // what ferry wrote, sorted by name
	Made        Made
}

// Inputs are the files of the GitOps repository and the trees that a render read.
type Inputs struct {
	Digest string  // sha256:<64 hex digits> over List
	List   []Input // sorted by path
}

// Input is one file or folder, by the id of its Git blob or tree.
type Input struct{ Path, ID string }

// File is one file beside the record, by the id of its Git blob.
type File struct{ Name, ID string }

// Made says what wrote the manifests, for information.
type Made struct{ Ferry, Renderer string }

// NewInputs sorts a list of inputs and digests it.
func NewInputs(list []Input) Inputs {
	list = slices.SortedFunc(slices.Values(list), func(a, b Input) int {
		return cmp.Or(strings.Compare(a.Path, b.Path), strings.Compare(a.ID, b.ID))
	})
	h := sha256.New()
	for _, i := range list {
		fmt.Fprintf(h, "%s\x00%s\n", i.Path, i.ID)
	}
	return Inputs{Digest: digestOf(h.Sum(nil)), List: list}
}

func digestOf(sum []byte) string { return "sha256:" + hex.EncodeToString(sum) }

// ErrEdited says that a record is not as ferry wrote it. It carries a hint.
var ErrEdited error = editedError{}

type editedError struct{}

func (editedError) Error() string { return "the record was edited by hand" }
func (editedError) ExitCode() int { return 3 }
func (editedError) Hint() string {
	return "bring the file back as it was with git checkout or git revert; what should differ belongs into values or patches"
}

// ErrNewer says that a record was written by a newer ferry. It carries a hint.
var ErrNewer error = newerError{}

type newerError struct{}

func (newerError) Error() string { return "the record was written by a newer ferry" }
func (newerError) ExitCode() int { return 2 }
func (newerError) Hint() string  { return "use a ferry at least as new as the one that wrote it" }

const head = "# Written by ferry; do not edit. It says what the files beside it are and what they were made from.\n"

// Marshal gives the record as it lies in Git: YAML that every reader understands alike, the same bytes for the same
// record, ending in a digest over all lines before it. A record that is not complete and well formed is refused.
func (r Record) Marshal() ([]byte, error) {
	if err := r.validate(); err != nil {
		return nil, fmt.Errorf("write the record of %s in %s: %w", r.App, r.Environment, err)
	}
	w := &yamlWriter{}
	w.WriteString(head)
	w.number(0, "version", RecordVersion)
	w.text(0, "app", r.App)
	w.text(0, "environment", r.Environment)
	w.release(r.Release)
	w.inputs(r.Inputs)
	w.files(r.Files)
	w.made(r.Made)
	return seal(w.Bytes())
}

func (w *yamlWriter) inputs(in Inputs) {
	w.key(0, "inputs")
	w.text(2, "digest", in.Digest)
	if len(in.List) > 0 {
		w.key(2, "list")
	}
	for _, i := range in.List {
		w.text(4, i.Path, i.ID)
	}
}

func (w *yamlWriter) files(files []File) {
	if len(files) > 0 {
		w.key(0, "files")
	}
	for _, f := range files {
		w.text(2, f.Name, f.ID)
	}
}

func (w *yamlWriter) made(m Made) {
	if m == (Made{}) {
		return
	}
	w.key(0, "made")
	w.text(2, "ferry", m.Ferry)
	w.text(2, "renderer", m.Renderer)
}

func (r Record) validate() error {
	var ps Problems
	if r.Version != RecordVersion {
		ps = append(ps, problem("", "the record's version is %d, not %d", r.Version, RecordVersion))
	}
	if r.App != r.Release.App {
		ps = append(ps, problem("", "the record is of %q, its release of %q", clip(r.App), clip(r.Release.App)))
	}
	for _, p := range []*Problem{checkName("environment", r.Environment), checkMade(r.Made.Ferry), checkMade(r.Made.Renderer), checkInputs(r.Inputs)} {
		if p != nil {
			ps = append(ps, p)
		}
	}
	ps = append(ps, checkFiles(r.Files)...)
	return errors.Join(ps.orNil(), r.Release.Validate())
}

func checkMade(by string) *Problem { return checkText("made", by) }

func checkInputs(in Inputs) *Problem {
	if NewInputs(in.List).Digest != in.Digest {
		return problem("", "the digest of the inputs does not match their list")
	}
	last := ""
	for _, i := range in.List {
		if p := cmp.Or(checkPath("input", i.Path), checkID("input "+i.Path, i.ID), checkOrder("input", last, i.Path)); p != nil {
			return p
		}
		last = i.Path
	}
	return nil
}

func checkFiles(files []File) []*Problem {
	var ps []*Problem
	last, folded := "", map[string]string{}
	for _, f := range files {
		p := cmp.Or(checkFileName(f.Name), checkID("file "+f.Name, f.ID), checkOrder("file", last, f.Name))
		if other, taken := folded[strings.ToLower(f.Name)]; taken && p == nil {
			p = problem("", "files %q and %q are one file where case does not count", other, f.Name)
		}
		if p != nil {
			ps = append(ps, p)
		}
		last, folded[strings.ToLower(f.Name)] = f.Name, f.Name
	}
	return ps
}

func checkOrder(what, last, next string) *Problem {
	if last < next {
		return nil
	}
	return problem("", "%s %q comes after %q: out of order or twice", what, clip(next), clip(last))
}

// checkFileName accepts only what can lie flat in the folder, on every file system and under the record's eyes.
func checkFileName(name string) *Problem {
	if name == "" || len(name) > maxName || !printable(name) || strings.ContainsAny(name, `/\:*?"<>|`) ||
		strings.HasPrefix(name, ".") || strings.HasSuffix(name, ".") || strings.EqualFold(name, RecordName) || strings.TrimSpace(name) != name {
		return problem("", "file name %q is not safe", clip(name))
	}
	return nil
}

// ParseRecord reads a record strictly: it is as ferry wrote it (else ErrEdited), by a ferry not newer than this one
// (else ErrNewer), and everything in it is well formed (else Problems).
func ParseRecord(data []byte) (Record, error) {
	var rec Record
	err := parseSealed(data, func(r *reader, root *node) {
		version := int64(0)
		r.object(root, "the record",
			field{"version", true, r.number(&version, "the version", checkRecordVersion)},
			field{"app", true, r.text(&rec.App, "the app", checkApp)},
			field{"environment", true, r.text(&rec.Environment, "the environment", func(s string) *Problem { return checkName("environment", s) })},
			field{"release", true, func(n *node) { r.release(n, &rec.Release, "the release") }},
			field{"inputs", true, func(n *node) { r.inputs(n, &rec.Inputs) }},
			field{"files", false, func(n *node) { r.files(n, &rec.Files) }},
			field{"made", false, func(n *node) { r.made(n, &rec.Made) }},
		)
		rec.Version, rec.Release.App = int(version), rec.App
	})
	if err == nil {
		err = rec.validate()
	}
	if err != nil {
		return Record{}, err
	}
	return rec, nil
}

func checkRecordVersion(v int64) *Problem {
	if v == RecordVersion {
		return nil
	}
	return problem("", "the version is %d, not %d", v, RecordVersion)
}

func (r *reader) inputs(n *node, into *Inputs) {
	r.object(n, "inputs",
		field{"digest", true, r.text(&into.Digest, "the digest", checkDigest)},
		field{"list", false, func(n *node) {
			r.pairs(n, "the list", func(key, value *node) {
				in := Input{Path: key.text}
				r.text(&in.ID, "the id", func(id string) *Problem { return checkID("input", id) })(value)
				into.List = append(into.List, in)
			})
		}},
	)
}

func (r *reader) files(n *node, into *[]File) {
	r.pairs(n, "files", func(key, value *node) {
		r.report(key, checkFileName(key.text))
		f := File{Name: key.text}
		r.text(&f.ID, "the id", func(id string) *Problem { return checkID("file", id) })(value)
		*into = append(*into, f)
	})
}

func (r *reader) made(n *node, into *Made) {
	r.object(n, "made",
		field{"ferry", false, r.text(&into.Ferry, "ferry", checkMade)},
		field{"renderer", false, r.text(&into.Renderer, "the renderer", checkMade)},
	)
}

var versionLine = form(`(?m)^version: ([0-9]{1,9})$`)

// seal ends a file with the digest of everything before it, by which a hand edit is found.
func seal(data []byte) ([]byte, error) {
	sum := sha256.Sum256(data)
	data = fmt.Appendf(data, "digest: %s\n", digestOf(sum[:]))
	if len(data) > maxRecord {
		return nil, fmt.Errorf("the record would have %d bytes, more than %d", len(data), maxRecord)
	}
	return data, nil
}

// unseal gives what a digest at the end vouches for. A newer ferry may seal in another way, so its version comes first.
func unseal(data []byte) ([]byte, error) {
	if len(data) > maxRecord {
		return nil, fmt.Errorf("%w: it has %d bytes, more than %d", ErrEdited, len(data), maxRecord)
	}
	if m := versionLine().FindSubmatch(data); m != nil {
		if v, _ := strconv.Atoi(string(m[1])); v > RecordVersion {
			return nil, fmt.Errorf("%w: its version is %d, this one reads %d", ErrNewer, v, RecordVersion)
		}
	}
	body := data[:bytes.LastIndex(data, []byte("\ndigest: "))+1]
	if sealed, err := seal(slices.Clone(body)); err != nil || !bytes.Equal(sealed, data) {
		return nil, fmt.Errorf("%w: its digest does not match", ErrEdited)
	}
	return body, nil
}

// parseSealed reads a sealed file and gives its content to read.
func parseSealed(data []byte, read func(*reader, *node)) error {
	body, err := unseal(data)
	if err != nil {
		return err
	}
	root, p := yamlTree(body)
	if p != nil {
		return Problems{p}
	}
	var r reader
	read(&r, root)
	return r.problems.orNil()
}
