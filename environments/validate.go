package environments

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
)

// CheckFiles reports, as Problems, files of the configuration that are neither optional nor there. Load leaves them to the render that
// needs them, so that one app's missing file stops only that app.
func (c *Config) CheckFiles(src Source) error {
	all, err := src.List()
	if err != nil {
		return fmt.Errorf("list the files beside %s: %w", RootFile, err)
	}
	there := map[string]bool{}
	for _, file := range all {
		there[file] = true
	}
	var r reporter
	for _, p := range c.ordered {
		written, count := c.made[[2]string{p.App, p.Environment}].node, map[string]int{}
		for _, v := range p.Configuration() {
			at := written.get(v.Key).item(count[v.Key])
			if named := at.get("path"); named != nil {
				at = named
			}
			count[v.Key]++
			if !v.Optional && !there[v.Path] && !(v.Folder && holds(all, v.Path)) && !linked(src, there, v) {
				r.add(at.Position, didYouMean(v.Path, all), "%q in %q needs %s %q, which does not exist", p.App, p.Environment, v.What(), v.Path)
			}
		}
	}
	return r.err()
}

// holds tells whether a folder has any of the files.
func holds(files []string, folder string) bool {
	return slices.ContainsFunc(files, func(f string) bool { return strings.HasPrefix(f, folder+"/") })
}

// linked tells whether something lies below a link, which is followed as a render does; a list of files shows the link alone.
func linked(src Source, there map[string]bool, v Reading) bool {
	for folder := path.Dir(v.Path); folder != "."; folder = path.Dir(folder) {
		if there[folder] {
			_, err := src.ReadFile(v.Path)
			return err == nil || v.Folder && !errors.Is(err, fs.ErrNotExist)
		}
	}
	return false
}
