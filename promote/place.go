package promote

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/ferry-cd/ferry/environments"
	"github.com/ferry-cd/ferry/git"
	"github.com/ferry-cd/ferry/release"
	"github.com/ferry-cd/ferry/render"
)

// place compares the new manifests with the folder on the base branch: what is ferry's is replaced and pruned, what a
// person changed stops the promotion, everything else stays.
func (p *Promoter) place(ctx context.Context, s *Snapshot, pl environments.Placement, c *Change, o Options) error {
	here, err := p.folder(ctx, s.heads[s.base(pl)].Tree, pl.Folder)
	if err != nil {
		return err
	}
	live := s.lives[c.Key]
	owned := ownedBy(live.Record)
	if err := mayTouch(c.Key, pl, live, here, owned, o); err != nil {
		return err
	}
	c.discard(pl.Folder, here, owned)
	strangers, err := p.strangers(ctx, pl, here, owned)
	if err != nil {
		return err
	}
	if c.Old, err = p.readManifests(ctx, pl, owned); err != nil {
		return err
	}
	if o.Adopt {
		c.adopt(strangers, owned, here)
	}
	if err := c.clashes(here, owned, strangers); err != nil {
		return err
	}
	return c.edit(pl, owned)
}

// folder lists one level of an app's folder: name -> blob id; deeper folders are not ferry's and do not appear.
func (p *Promoter) folder(ctx context.Context, tree git.ID, dir string) (map[string]git.ID, error) {
	entries, err := p.Repo.List(ctx, tree, dir)
	if isNotFound(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	here := map[string]git.ID{}
	for _, e := range entries {
		here[e.Path] = e.ID
	}
	return here, nil
}

// mayTouch refuses a folder whose record does not describe it.
func mayTouch(k Key, pl environments.Placement, live Live, here, owned map[string]git.ID, o Options) error {
	folder := pl.Folder
	if live.Err != nil {
		return refuse(k, "restore the file from the commit before, e.g. git log -- "+folder+"/"+release.RecordName,
			"%s/%s: %v", folder, release.RecordName, live.Err)
	}
	if !live.Found && len(here) > 0 && !o.Adopt {
		return refuse(k, fmt.Sprintf("look at what would change and take it over by a pull request: ferry adopt --app %s --env %s", k.App, k.Environment),
			"the folder %s is not ferry's: it holds %s but no %s", folder, some(slices.Sorted(maps.Keys(here))), release.RecordName)
	}
	var edited []string
	for _, name := range slices.Sorted(maps.Keys(owned)) {
		if have, ok := here[name]; !ok {
			edited = append(edited, folder+"/"+name+" (deleted)")
		} else if have != owned[name] {
			edited = append(edited, folder+"/"+name)
		}
	}
	if len(edited) > 0 && !o.Overwrite {
		return refuse(k, fmt.Sprintf("express the change in %s, then discard the edit: ferry promote --app %s --env %s --overwrite", expressed(pl), k.App, k.Environment),
			"edited by hand since ferry wrote it: %s", strings.Join(edited, ", "))
	}
	return nil
}

// expressed names where a change of one environment belongs.
func expressed(pl environments.Placement) string {
	if len(pl.Values) == 0 {
		return "the app's templates, or in a values file that ferry.yaml names for " + pl.Environment
	}
	return pl.Values[len(pl.Values)-1].Path
}

// discard takes hand edits for ferry's own files, so that they are written over, and names them.
func (c *Change) discard(folder string, here, owned map[string]git.ID) {
	for _, name := range slices.Sorted(maps.Keys(owned)) {
		have, ok := here[name]
		if ok && have == owned[name] {
			continue
		}
		c.Discards = append(c.Discards, folder+"/"+name)
		owned[name] = have
		if !ok {
			delete(owned, name)
		}
	}
}

// stranger is a manifest in the folder that ferry does not own.
type stranger struct {
	file string
	id   git.ID
	all  render.Manifests
}

// strangers reads the manifests in the folder that are not ferry's. A file that is no manifest is left alone.
func (p *Promoter) strangers(ctx context.Context, pl environments.Placement, here, owned map[string]git.ID) ([]stranger, error) {
	var found []stranger
	var ids []git.ID
	for _, name := range slices.Sorted(maps.Keys(here)) {
		if _, mine := owned[name]; mine || !slices.Contains([]string{".yaml", ".yml", ".json"}, path.Ext(name)) {
			continue
		}
		found = append(found, stranger{file: name, id: here[name]})
		ids = append(ids, here[name])
	}
	data, err := p.Repo.Blobs(ctx, ids...)
	if err != nil {
		return nil, err
	}
	for i := range found {
		doc := render.Document{Source: pl.Folder + "/" + found[i].file, Data: data[found[i].id]}
		if all, err := render.Canonical(render.Output{Documents: render.Split(doc)}, pl.Namespace); err == nil {
			found[i].all = all
		}
	}
	return found, nil
}

// adopt takes over the files that hold nothing but resources which the release renders too.
func (c *Change) adopt(strangers []stranger, owned, here map[string]git.ID) {
	rendered := map[render.Identity]bool{}
	for _, m := range c.New {
		rendered[m.Identity] = true
	}
	for _, s := range strangers {
		if len(s.all) == 0 || slices.ContainsFunc(s.all, func(m render.Manifest) bool { return !rendered[m.Identity] }) {
			continue
		}
		owned[s.file] = here[s.file]
		for _, m := range s.all {
			m.Path = s.file
			c.Old = append(c.Old, m)
		}
		c.Adopted = append(c.Adopted, s.file)
	}
}

// clashes refuses to write over, or beside, what somebody else keeps in the folder.
func (c *Change) clashes(here, owned map[string]git.ID, strangers []stranger) error {
	const next = "remove one of the two, or rename the resource"
	theirs := map[render.Identity]string{}
	for _, s := range strangers {
		if _, adopted := owned[s.file]; adopted {
			continue
		}
		for _, m := range s.all {
			theirs[m.Identity] = s.file
		}
	}
	var problems []error
	for _, m := range c.New {
		file, clash := theirs[m.Identity]
		_, exists := here[m.Path]
		_, mine := owned[m.Path]
		switch {
		case clash:
			problems = append(problems, refuse(c.Key, next, "%s is in %s/%s, which is not ferry's, and in the release as %s", m.Identity, c.Folder, file, m.Path))
		case exists && !mine:
			problems = append(problems, refuse(c.Key, next, "%s/%s exists and is not ferry's", c.Folder, m.Path))
		}
	}
	return errors.Join(problems...)
}

// readManifests reads what the environment holds now of ferry's.
func (p *Promoter) readManifests(ctx context.Context, pl environments.Placement, owned map[string]git.ID) (render.Manifests, error) {
	data, err := p.Repo.Blobs(ctx, slices.Sorted(maps.Values(owned))...)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", pl.Folder, err)
	}
	var old render.Manifests
	for _, name := range slices.Sorted(maps.Keys(owned)) {
		docs := render.Split(render.Document{Source: pl.Folder + "/" + name, Data: data[owned[name]]})
		for _, d := range docs {
			m, err := render.Parse(name, d.Data)
			if err != nil {
				return nil, &Failed{Key: key(pl), Err: fmt.Errorf("%s/%s: %w", pl.Folder, name, err)}
			}
			old = append(old, m)
		}
	}
	return old, nil
}

// edit lists the writes: new and changed files, the record, and what ferry wrote once and does not any more.
func (c *Change) edit(pl environments.Placement, owned map[string]git.ID) error {
	fresh := map[string]bool{}
	for i := range c.New {
		m := &c.New[i]
		fresh[m.Path] = true
		if owned[m.Path] != blobID(m) {
			c.edits = append(c.edits, edit{pl.Folder + "/" + m.Path, m.Data})
		}
	}
	for _, name := range slices.Sorted(maps.Keys(owned)) {
		if !fresh[name] {
			c.edits = append(c.edits, edit{path: pl.Folder + "/" + name})
		}
	}
	record, err := c.record, error(nil)
	if record == nil {
		record, err = c.To.Marshal()
	}
	if err != nil {
		return err
	}
	c.edits = append(c.edits, edit{pl.Folder + "/" + release.RecordName, record})
	return nil
}

// some names a few of many.
func some(names []string) string {
	const most = 3
	if len(names) <= most {
		return strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(names[:most], ", "), len(names)-most)
}
