package connector

import (
	"context"
	"errors"
	"fmt"
	"path"
	"slices"

	"github.com/ferry-cd/ferry/git"
	"github.com/ferry-cd/ferry/release"
)

// packed is what the state branch says of digests, as it was at a head.
type packed struct {
	head git.ID
	all  map[string]release.Artifact // by digest; one without a commit is not there
}

// maxPacked is how many digests are kept.
const maxPacked = 20_000

// unpack finds out where the manifests of units come from that name a digest and nothing else: whoever pushed the artifact may
// have left a note on the state branch. What an engine or an artifact says itself stands before that.
func (r *reader) unpack(ctx context.Context, units []Unit) ([]Unit, error) {
	head := r.heads[heads+release.StateBranch]
	r.unknown = false
	var out []Unit
	for i, u := range units {
		for j, o := range u.Origins {
			if !r.bare(o) {
				continue
			}
			r.unknown = true
			if head == "" {
				continue
			}
			found, err := r.origin(ctx, head, o)
			if err != nil {
				return nil, err
			}
			if found == o {
				continue
			}
			if out == nil {
				out = slices.Clone(units)
			}
			if &out[i].Origins[0] == &units[i].Origins[0] {
				out[i].Origins = slices.Clone(units[i].Origins)
			}
			out[i].Origins[j] = found
		}
	}
	if out == nil {
		return units, nil
	}
	return out, nil
}

// bare tells whether an origin has a digest, and no commit or a repository that may be this one.
func (r *reader) bare(o Origin) bool {
	ours := o.Repository == "" || SameRepository(o.Repository, r.repo.URL()) ||
		slices.ContainsFunc(r.o.Addresses, func(a string) bool { return SameRepository(o.Repository, a) })
	return ours && (o.Commit == "" && o.Applied.digest() != "" || o.Attempting == "" && o.Attempted.digest() != "")
}

// digest is the value of a revision that is no commit and no version; "" of any other.
func (r Revision) digest() string {
	if r.Kind == Git || r.Kind == Chart || r.Algorithm == "" {
		return ""
	}
	return r.Algorithm + ":" + r.Value
}

// origin fills in what the notes say of an origin's digests.
func (r *reader) origin(ctx context.Context, head git.ID, o Origin) (Origin, error) {
	was := o
	for _, one := range []struct {
		digest string
		commit *string
	}{{was.Applied.digest(), &o.Commit}, {was.Attempted.digest(), &o.Attempting}} {
		if one.digest == "" || *one.commit != "" {
			continue
		}
		a, err := r.note(ctx, head, one.digest)
		if err != nil || a.Commit == "" {
			return o, err
		}
		*one.commit = a.Commit
		if o.Repository == "" || o.Branch == "" {
			o.Repository, o.Branch, o.Path = r.repo.URL(), a.Branch, path.Join("/", a.Folder, was.Path)
		}
	}
	return o, nil
}

// note reads what the state branch says of a digest. What cannot be read there says nothing.
func (r *reader) note(ctx context.Context, head git.ID, digest string) (release.Artifact, error) {
	if r.packed.head != head || len(r.packed.all) >= maxPacked {
		if err := r.repo.Fetch(ctx, 1, heads+release.StateBranch); err != nil {
			return release.Artifact{}, fmt.Errorf("fetch %s of %s: %w", release.StateBranch, r.o.Name, err)
		}
		r.packed = packed{head: head, all: map[string]release.Artifact{}}
	}
	if a, read := r.packed.all[digest]; read {
		return a, nil
	}
	a, err := r.readNote(ctx, head, digest)
	if err != nil && !errors.Is(err, git.ErrNotFound) {
		return release.Artifact{}, fmt.Errorf("read what %.19s was packed from: %w", digest, err)
	}
	r.packed.all[digest] = a
	return a, nil
}

func (r *reader) readNote(ctx context.Context, head git.ID, digest string) (release.Artifact, error) {
	at := release.ArtifactPath(digest)
	if at == "" {
		return release.Artifact{}, nil
	}
	is, err := r.repo.Commit(ctx, head)
	if err != nil {
		return release.Artifact{}, err
	}
	tree, err := r.trees.folder(ctx, is.Tree, path.Dir(at))
	if err != nil || tree == "" {
		return release.Artifact{}, err
	}
	file, err := r.trees.file(ctx, tree, path.Base(at))
	if err != nil || file == "" {
		return release.Artifact{}, err
	}
	data, err := r.repo.Blob(ctx, file)
	if err != nil {
		return release.Artifact{}, err
	}
	a, err := release.ParseArtifact(data)
	if err != nil || a.Digest != digest {
		return release.Artifact{}, nil
	}
	return a, nil
}
