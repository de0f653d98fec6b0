package environments

import (
	"fmt"
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
			if path := at.get("path"); path != nil {
				at = path
			}
			count[v.Key]++
			if !v.Optional && !there[v.Path] && !(v.Folder && holds(all, v.Path)) {
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
