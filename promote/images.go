package promote

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"text/template"

	"github.com/ferry-cd/ferry/environments"
	"github.com/ferry-cd/ferry/release"
	"github.com/ferry-cd/ferry/render"
)

// imagesOf joins what ferry.yaml says of an app's images with what the release carries of them. An image that only the
// release names is pinned under its own name.
func imagesOf(p environments.Placement, rel release.Release) []render.Image {
	var images []render.Image
	for _, img := range rel.Images {
		one := render.Image{Name: cmp.Or(img.Repository, img.Name), Match: img.Name, Tag: img.Tag, Digest: img.Digest, Rewrite: p.Rewrite}
		if c, ok := configured(p, img.Name); ok {
			one.Match, one.Optional, one.Fields = cmp.Or(c.Match, img.Name), c.Optional || len(c.Set) > 0, c.Fields
		}
		images = append(images, one)
	}
	return images
}

func configured(p environments.Placement, name string) (environments.Image, bool) {
	i := slices.IndexFunc(p.Images, func(c environments.Image) bool { return release.SameImage(c.Name, name) })
	if i < 0 {
		return environments.Image{}, false
	}
	return p.Images[i], true
}

// setValues gives the values that ferry.yaml wants set from the release, for charts that compose image names themselves.
func setValues(p environments.Placement, rel release.Release) ([]render.Set, error) {
	var set []render.Set
	var problems []error
	for _, c := range p.Images {
		data := map[string]any{"Release": map[string]any{"Version": rel.Version, "App": rel.App, "Commit": rel.Source.Commit}}
		i := slices.IndexFunc(rel.Images, func(img release.Image) bool { return release.SameImage(c.Name, img.Name) })
		if i >= 0 {
			img := rel.Images[i]
			data["Image"] = map[string]any{"Name": img.Name, "Tag": img.Tag, "Digest": img.Digest, "Reference": img.Reference()}
		}
		for _, path := range slices.Sorted(maps.Keys(c.Set)) {
			value, err := expand(c.Set[path], data)
			if err != nil {
				problems = append(problems, fmt.Errorf("ferry.yaml: images: %s: set: %s: %w", c.Name, path, err))
			}
			set = append(set, render.Set{Path: path, Value: value, Literal: true})
		}
	}
	return set, errors.Join(problems...)
}

func expand(text string, data map[string]any) (string, error) {
	t, err := template.New("set").Option("missingkey=error").Parse(text)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	err = t.Execute(&b, data)
	return b.String(), err
}
