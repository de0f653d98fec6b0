package environments

import "fmt"

// CheckFiles reports, as Problems, values files that are neither optional nor there. Load leaves them to the render that
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
		written := c.made[[2]string{p.App, p.Environment}].node.get("values")
		for i, v := range p.Values {
			if !v.Optional && !there[v.Path] {
				r.add(written.item(i).Position, didYouMean(v.Path, all), "%q in %q needs the values file %q, which does not exist", p.App, p.Environment, v.Path)
			}
		}
	}
	return r.err()
}
