package report

import (
	"fmt"
	"strings"

	"github.com/ferry-cd/ferry/diff"
	"github.com/ferry-cd/ferry/promote"
	"github.com/ferry-cd/ferry/render"
)

// imageChange says which image moves from what to what, and which way.
func imageChange(c diff.ImageChange) string {
	switch {
	case c.From == nil:
		return fmt.Sprintf("%s: new, %s", c.Name, version(*c.To))
	case c.To == nil:
		return fmt.Sprintf("%s: removed, was %s", c.Name, version(*c.From))
	}
	way := string(c.Direction)
	if c.Direction == diff.Downgrade {
		way = "DOWNGRADE"
	}
	return fmt.Sprintf("%s: %s -> %s (%s)", c.Name, version(*c.From), version(*c.To), way)
}

// version is what tells two images of one name apart, short enough to read.
func version(i diff.Image) string {
	const digits = 12
	digest := strings.TrimPrefix(i.Digest, "sha256:")
	digest = digest[:min(len(digest), digits)]
	switch {
	case i.Tag == "":
		return digest
	case digest == "":
		return i.Tag
	}
	return i.Tag + "@" + digest
}

// risk says one risk in a line.
func risk(r diff.Risk) string {
	where := r.Resource.String()
	if r.Field != "" {
		where += " " + r.Field
	}
	return plain(fmt.Sprintf("%s: %s: %s", r.Level, where, r.Reason))
}

// unified is the raw diff of one app, Secrets masked.
func unified(c promote.Change) string {
	var b strings.Builder
	olds, news := byPath(c.Old), byPath(c.New)
	for _, r := range c.Diff.Resources {
		b.WriteString(diff.UnifiedManifest(olds[r.OldPath], news[r.NewPath]))
	}
	return b.String()
}

func byPath(ms render.Manifests) map[string]*render.Manifest {
	all := map[string]*render.Manifest{}
	for i := range ms {
		all[ms[i].Path] = &ms[i]
	}
	return all
}
