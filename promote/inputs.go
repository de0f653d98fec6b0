package promote

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/ferry-cd/ferry/environments"
	"github.com/ferry-cd/ferry/git"
	"github.com/ferry-cd/ferry/release"
)

// Names of the inputs that are no files of the GitOps repository.
const (
	templatesInput = "templates" // the template tree of the release
	settingsInput  = "settings"  // what ferry.yaml says that a render reads
)

// pinned is one values file at the content it is read with.
type pinned struct {
	path string
	id   git.ID
}

// reading is everything a render of one app in one environment will read, by content.
type reading struct {
	inputs release.Inputs
	values []pinned
}

func (r reading) id(path string) git.ID {
	for _, v := range r.values {
		if v.path == path {
			return v.id
		}
	}
	return ""
}

// read finds the exact content of every input of (release, configuration) without rendering anything. Files that an
// environment upstream also reads come from that environment's proven record: an edit to a shared file walks the same
// road as a release. shared gives that record; false means that no environment upstream reads the file.
func (s *Snapshot) read(ctx context.Context, repo *git.Repository, p environments.Placement, rel release.Release, shared func(path string) (release.Record, bool, error)) (reading, error) {
	r := reading{}
	list := []release.Input{{Path: settingsInput, ID: settings(p)}, {Path: templatesInput, ID: rel.Templates}}
	var problems []error
	for _, v := range p.Values {
		id, err := s.pin(ctx, repo, v, shared)
		if err != nil {
			problems = append(problems, err)
			continue
		}
		if id == "" && !v.Optional {
			problems = append(problems, refuse(key(p), "create the file, or mark it as optional with a ? at the end of its path", "values file %s does not exist", v.Path))
		}
		if id != "" {
			r.values = append(r.values, pinned{v.Path, id})
			list = append(list, release.Input{Path: v.Path, ID: string(id)})
		}
	}
	r.inputs = release.NewInputs(list)
	return r, errors.Join(problems...)
}

func (s *Snapshot) pin(ctx context.Context, repo *git.Repository, v environments.Values, shared func(string) (release.Record, bool, error)) (git.ID, error) {
	record, ok, err := shared(v.Path)
	if err != nil {
		return "", err
	}
	if ok {
		return inputID(record, v.Path), nil
	}
	e, err := repo.Lookup(ctx, s.heads[s.DefaultBranch].Tree, v.Path)
	if isNotFound(err) {
		return "", nil
	}
	return e.ID, err
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
	}{p.Path, p.Namespace, p.Engine, values, p.Kubernetes, p.Images, p.Rewrite})
	if err != nil {
		panic(fmt.Sprintf("settings of %s: %v", p.App, err)) // strings, numbers and maps of strings always encode
	}
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

func isNotFound(err error) bool { return errors.Is(err, git.ErrNotFound) }
