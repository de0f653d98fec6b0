package promote

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/ferry-cd/ferry/environments"
	"github.com/ferry-cd/ferry/git"
	"github.com/ferry-cd/ferry/release"
)

// Names of the inputs that are no files of the GitOps repository.
const (
	templatesInput = "templates" // the template tree of the release
	settingsInput  = "settings"  // what ferry.yaml says that a render reads
)

// pinned is one file of the configuration at the content it is read with.
type pinned struct {
	path string
	id   git.ID
}

// reading is everything a render of one app in one environment will read, by content.
type reading struct{ inputs release.Inputs }

// of gives the files that one entry of ferry.yaml names, sorted by path; none where an optional one is missing.
func (r reading) of(e environments.Reading) []pinned {
	var files []pinned
	for _, in := range r.inputs.List {
		if in.Path != settingsInput && in.Path != templatesInput && e.Covers(in.Path) {
			files = append(files, pinned{in.Path, git.ID(in.ID)})
		}
	}
	return files
}

// read finds the exact content of every input of (release, configuration) without rendering anything. Files that an
// environment upstream also reads come from that environment's proven record: an edit to a shared file walks the same
// road as a release. shared gives that record; false means that no environment upstream reads the file.
func (s *Snapshot) read(ctx context.Context, repo *git.Repository, p environments.Placement, rel release.Release, shared func(path string) (release.Record, bool, error)) (reading, error) {
	list := []release.Input{{Path: settingsInput, ID: settings(p)}, {Path: templatesInput, ID: rel.Templates}}
	var problems []error
	for _, e := range p.Configuration() {
		files, err := s.pin(ctx, repo, e, shared)
		if wrong := new(entryError); errors.As(err, &wrong) {
			err = &Failed{Key: key(p), Err: err}
		}
		if err != nil {
			problems = append(problems, err)
			continue
		}
		if len(files) == 0 && !e.Optional {
			problems = append(problems, refuse(key(p), "create the file, or mark it as optional with a ? at the end of its path", "%s %s does not exist", e.What(), e.Path))
		}
		for _, f := range files {
			list = append(list, release.Input{Path: f.path, ID: string(f.id)})
		}
	}
	slices.SortFunc(list, func(a, b release.Input) int { return strings.Compare(a.Path, b.Path) })
	list = slices.CompactFunc(list, func(a, b release.Input) bool { return a.Path == b.Path })
	return reading{release.NewInputs(list)}, errors.Join(problems...)
}

// maxExtra bounds the files of one folder that is added to a render.
const maxExtra = 1000

// pin finds the files that an entry of ferry.yaml names, each at the content it is to be read with.
func (s *Snapshot) pin(ctx context.Context, repo *git.Repository, e environments.Reading, shared func(string) (release.Record, bool, error)) ([]pinned, error) {
	here, err := s.files(ctx, repo, e)
	if err != nil {
		return nil, err
	}
	record, ok, err := shared(e.Path)
	if err != nil {
		return nil, err
	}
	if ok { // also what has been deleted since
		here = append(here, reading{record.Inputs}.of(e)...)
	}
	var files []pinned
	seen := map[string]bool{}
	for _, f := range here {
		if seen[f.path] {
			continue
		}
		seen[f.path] = true
		if record, ok, err = shared(f.path); err != nil {
			return nil, err
		}
		if ok {
			f.id = inputID(record, f.path)
		}
		if f.id != "" {
			files = append(files, f)
		}
	}
	if len(files) > maxExtra {
		return nil, &entryError{fmt.Sprintf("%s %s holds %d files; at most %d are read", e.What(), e.Path, len(files), maxExtra), "make it several folders, with an entry each"}
	}
	return files, nil
}

// files lists what an entry names at the head of the default branch: one file, those of a folder, or none.
func (s *Snapshot) files(ctx context.Context, repo *git.Repository, e environments.Reading) ([]pinned, error) {
	tree := s.heads[s.DefaultBranch].Tree
	found, err := follow(ctx, repo, tree, e.Path)
	switch {
	case isNotFound(err):
		return nil, nil
	case err != nil:
		return nil, err
	case !e.Folder || found.Mode != git.ModeDir:
		return []pinned{{e.Path, found.ID}}, nil
	}
	entries, err := repo.Walk(ctx, tree, found.Path)
	if err != nil {
		return nil, err
	}
	var files []pinned
	for _, entry := range entries {
		if entry.Mode == git.ModeSymlink {
			target, err := follow(ctx, repo, tree, found.Path+"/"+entry.Path)
			switch {
			case isNotFound(err):
				return nil, misled(e.Path+"/"+entry.Path, "leads nowhere")
			case err != nil:
				return nil, err
			case !target.Mode.IsBlob():
				return nil, misled(e.Path+"/"+entry.Path, "is one to a folder")
			}
			entry.ID = target.ID
		}
		files = append(files, pinned{e.Path + "/" + entry.Path, entry.ID})
	}
	return files, nil
}

func inputID(r release.Record, path string) git.ID {
	for _, in := range r.Inputs.List {
		if in.Path == path {
			return git.ID(in.ID)
		}
	}
	return ""
}

// settings is the digest of everything in ferry.yaml that a render reads. Gates, merge rules and the like are not in it:
// changing them proposes nothing.
func settings(p environments.Placement) string {
	var values []string
	for _, v := range p.Values {
		values = append(values, v.Path)
	}
	data, err := json.Marshal(struct {
		Path, Namespace, Engine string
		Values                  []string
		Kubernetes              environments.Kubernetes
		Images                  []environments.Image
		Rewrite                 map[string]string
		Rendering               *environments.Rendering `json:",omitempty"` // absent where nothing is said: records from before it was read stay as they are
	}{p.Path, p.Namespace, p.Engine, values, p.Kubernetes, p.Images, p.Rewrite, said(p.Rendering)})
	if err != nil {
		panic(fmt.Sprintf("settings of %s: %v", p.App, err)) // strings, numbers and maps of strings always encode
	}
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

// said gives what changes manifests; nil where it is as built in.
func said(r environments.Rendering) *environments.Rendering {
	r.Validate, r.Limits = "", environments.Limits{}
	if reflect.DeepEqual(r, environments.Rendering{}) {
		return nil
	}
	return &r
}

func isNotFound(err error) bool { return errors.Is(err, git.ErrNotFound) }
