package helm

import (
	"bytes"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/ferry-cd/ferry/render"
)

// asking is how templates ask whether a cluster has an API version.
var asking = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile("\\.Capabilities\\.APIVersions\\.Has\\s+(?:\"([^\"\n]+)\"|`([^`\n]+)`)")
})

// Unlisted gives the questions for API versions, in the templates of a chart and its unpacked subcharts, that are answered
// with no: a chart then leaves out what it would make for them, without a word. The error is about the Kubernetes version.
func (*Renderer) Unlisted(r render.Request) ([]render.Asked, error) {
	caps, err := capabilities(r.Kubernetes)
	if err != nil {
		return nil, err
	}
	var found []render.Asked
	for _, name := range below(r.Files, r.Dir) {
		if !strings.Contains("/"+name, "/templates/") {
			continue
		}
		text := r.Files[join(r.Dir, name)]
		for _, m := range asking().FindAllSubmatchIndex(text, -1) {
			version := string(text[max(m[2], m[4]):max(m[3], m[5])])
			if !caps.APIVersions.Has(version) {
				line := bytes.Count(text[:m[0]], []byte("\n")) + 1
				found = append(found, render.Asked{Place: join(r.Dir, name) + ":" + strconv.Itoa(line), Version: version})
			}
		}
	}
	return found, nil
}

// Layers gives the values that charts themselves bring, subcharts' first: what a chart says of its subcharts holds.
func (*Renderer) Layers(r render.Request) []render.Layer {
	var layers []render.Layer
	for _, name := range below(r.Files, r.Dir) {
		parts := strings.Split(name, "/")
		if len(parts) == 3 && parts[0] == "charts" && path.Base(name) == "values.yaml" {
			layers = append(layers, render.Layer{File: render.File{Path: join(r.Dir, name), Data: r.Files[join(r.Dir, name)]}, Under: parts[1]})
		}
	}
	if own, ok := r.Files[join(r.Dir, "values.yaml")]; ok {
		layers = append(layers, render.Layer{File: render.File{Path: join(r.Dir, "values.yaml"), Data: own}})
	}
	return slices.Clip(layers)
}
