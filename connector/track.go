package connector

import (
	"context"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/ferry-cd/ferry/environments"
	"github.com/ferry-cd/ferry/git"
)

// tracking says which units bring which apps.
type tracking struct {
	units   map[place][]Tracked
	problem map[place]string // why there is none, where there is more to say than that
	unused  []Ref            // units that read the repository and bring nothing
}

// place is one app in one environment.
type place struct{ environment, app string }

func (t Target) place() place { return place{t.Environment, t.App} }

// track assigns units to the apps that are looked at. What the manifests of a folder are is read only where that may tell more:
// where no unit tracks it by its path and one might by what it applied, and where its unit applies other units.
func (k *keeper) track(ctx context.Context, targets []waiting, units []Unit) (tracking, error) {
	places, err := k.places(ctx, targets)
	if err != nil {
		return tracking{}, err
	}
	found := Assign(units, places, k.repo.Units)
	read := toRead(units, found)
	if err := k.reader.prefetchManifests(ctx, places, read); err != nil {
		return tracking{}, err
	}
	for _, i := range read {
		if places[i].Resources, err = k.reader.resources(ctx, places[i]); err != nil {
			return tracking{}, err
		}
	}
	if len(read) > 0 {
		found = Assign(units, places, k.repo.Units)
	}
	return tracked(places, found, k.unused(units, found)), nil
}

// toRead gives the places whose manifests tell more about their units.
func toRead(units []Unit, found []Assignment) []int {
	anywhere := slices.ContainsFunc(units, fromAnywhere)
	parents := map[Ref]bool{}
	for _, u := range units {
		parents[u.Parent] = true
	}
	delete(parents, Ref{})
	var out []int
	for i, a := range found {
		brings := func(t Tracker) bool {
			return parents[t.Unit.Ref()] || slices.ContainsFunc(t.Unit.Resources, Resource.isUnit)
		}
		if len(a.Trackers) == 0 && anywhere || slices.ContainsFunc(a.Trackers, brings) {
			out = append(out, i)
		}
	}
	return out
}

// fromAnywhere tells whether nothing says from where a unit gets its manifests.
func fromAnywhere(u Unit) bool {
	return !slices.ContainsFunc(u.Origins, func(o Origin) bool { return o.Repository != "" })
}

// places are the folders of the targets' apps as they are now, each once.
func (k *keeper) places(ctx context.Context, targets []waiting) ([]Place, error) {
	seen := map[place]bool{}
	var out []Place
	for _, w := range targets {
		if seen[w.place()] {
			continue
		}
		seen[w.place()] = true
		files, err := k.reader.files(ctx, w.Placement)
		if err != nil {
			return nil, err
		}
		out = append(out, Place{Environment: w.Environment, App: w.App, Repositories: append([]string{k.reader.repo.URL()}, k.repo.Addresses...),
			Branch: w.Branch, Default: w.Branch == k.reader.branch, Path: w.Path, Files: files})
	}
	return out, nil
}

func tracked(places []Place, found []Assignment, unused []Ref) tracking {
	t := tracking{units: map[place][]Tracked{}, problem: map[place]string{}, unused: unused}
	for i, p := range places {
		at := place{p.Environment, p.App}
		t.problem[at] = found[i].Problem
		for _, by := range found[i].Trackers {
			u := Tracked{Unit: by.Unit, Declared: by.How == Declared, Others: len(found[i].Shared)}
			if by.Origin >= 0 {
				u.Origin = by.Unit.Origins[by.Origin]
			}
			t.units[at] = append(t.units[at], u)
		}
	}
	return t
}

// unused names the units that read the repository and bring no app of it.
func (k *keeper) unused(units []Unit, found []Assignment) []Ref {
	used := map[Ref]bool{}
	for _, a := range found {
		for _, t := range a.Trackers {
			used[t.Unit.Ref()] = true
		}
	}
	var out []Ref
	for _, u := range units {
		reads := slices.ContainsFunc(u.Origins, func(o Origin) bool {
			return SameRepository(o.Repository, k.reader.repo.URL()) || slices.ContainsFunc(k.repo.Addresses, func(a string) bool { return SameRepository(o.Repository, a) })
		})
		if reads && !used[u.Ref()] {
			out = append(out, u.Ref())
		}
	}
	return out
}

// folder gives the tree of an app's folder at its branch's head.
func (r *reader) folder(ctx context.Context, branch, folder string) (git.ID, error) {
	return r.trees.folder(ctx, r.chains[branch].commits[0].Tree, folder)
}

// files names the files of an app's folder.
func (r *reader) files(ctx context.Context, p environments.Placement) ([]string, error) {
	tree, err := r.folder(ctx, r.base(p), p.Folder)
	if err != nil || tree == "" {
		return nil, err
	}
	entries, err := r.trees.list(ctx, tree)
	return slices.Sorted(maps.Keys(entries)), err
}

// resources reads what the manifests of a place are: their kinds and names, nothing else.
func (r *reader) resources(ctx context.Context, p Place) ([]Resource, error) {
	tree, err := r.folder(ctx, p.Branch, p.Path)
	if err != nil || tree == "" {
		return nil, err
	}
	if have, ok := r.named[tree]; ok {
		return have, nil
	}
	ids, err := r.manifests(ctx, tree)
	if err != nil {
		return nil, fmt.Errorf("list %s: %w", p.Path, err)
	}
	data, err := r.repo.Blobs(ctx, ids...)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", p.Path, err)
	}
	if r.named == nil || len(r.named) >= maxNamed {
		r.named = map[git.ID][]Resource{}
	}
	var out []Resource
	for _, id := range ids {
		if m, ok := identityIn(data[id]); ok {
			out = append(out, m)
		}
	}
	r.named[tree] = out
	return out, nil
}

// manifests gives the files of a folder that may be some, in the order of their names.
func (r *reader) manifests(ctx context.Context, tree git.ID) ([]git.ID, error) {
	entries, err := r.trees.list(ctx, tree)
	var ids []git.ID
	for _, name := range slices.Sorted(maps.Keys(entries)) {
		if e := entries[name]; e.Mode.IsBlob() && slices.Contains([]string{".yaml", ".yml", ".json"}, path.Ext(name)) {
			ids = append(ids, e.ID)
		}
	}
	return ids, err
}

// prefetchManifests brings the manifests of many folders in few requests.
func (r *reader) prefetchManifests(ctx context.Context, places []Place, read []int) error {
	for chunk := range slices.Chunk(read, foldersAtOnce) {
		var ids []git.ID
		for _, i := range chunk {
			tree, err := r.folder(ctx, places[i].Branch, places[i].Path)
			if err != nil {
				return err
			}
			if _, have := r.named[tree]; have || tree == "" {
				continue
			}
			files, err := r.manifests(ctx, tree)
			if err != nil {
				return err
			}
			ids = append(ids, files...)
		}
		if _, err := r.repo.Blobs(ctx, ids...); err != nil {
			return fmt.Errorf("read the manifests of %s: %w", r.o.Name, err)
		}
	}
	return nil
}

const (
	foldersAtOnce = 50
	maxNamed      = 10_000 // folders of which it is kept what they hold
)

// identityIn reads which resource a manifest is. A file of ferry's holds one; what cannot be read is none.
func identityIn(data []byte) (Resource, bool) {
	var m struct {
		APIVersion string `yaml:"apiVersion"`
		Kind       string `yaml:"kind"`
		Metadata   struct {
			Name      string `yaml:"name"`
			Namespace string `yaml:"namespace"`
		} `yaml:"metadata"`
	}
	if len(data) > maxManifest || yaml.Unmarshal(data, &m) != nil || m.Kind == "" || m.Metadata.Name == "" {
		return Resource{}, false
	}
	group, version, grouped := strings.Cut(m.APIVersion, "/")
	if !grouped {
		group, version = "", m.APIVersion
	}
	return Resource{Group: group, Version: version, Kind: m.Kind, Namespace: m.Metadata.Namespace, Name: m.Metadata.Name}, true
}

// maxManifest is what an API server takes at most.
const maxManifest = 3 << 20
