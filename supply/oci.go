package supply

import (
	"context"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/ferry-cd/ferry/archive"
	"github.com/ferry-cd/ferry/charts"
)

// Media types of templates in registries: Helm's (https://helm.sh/docs/topics/registries), and Flux's for folders of
// manifests (https://fluxcd.io/flux/cheatsheets/oci-artifacts). werf publishes its bundles as Helm charts.
const (
	helmConfig  = "application/vnd.cncf.helm.config.v1+json"
	helmLayer   = "application/vnd.cncf.helm.chart.content.v1.tar+gzip"
	fluxConfig  = "application/vnd.cncf.flux.config.v1+json"
	fluxLayer   = "application/vnd.cncf.flux.content.v1.tar+gzip"
	imageConfig = "application/vnd.oci.image.config.v1+json"
	plainLayer  = "application/vnd.oci.image.layer.v1.tar+gzip"
)

const maxLayer = 32 << 20 // bytes as it travels

var digestForm = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^sha256:[0-9a-f]{64}$`)
})

// pullOCI brings a chart or another artifact: any in range, the tag or digest that was asked for, or, with a digest, the
// very one. name is the chart it must be; "" is what the address says.
func (s *Supply) pullOCI(ctx context.Context, address, name, wanted, digest string) (pulled, error) {
	return s.charts.Do(strings.Join([]string{address, name, wanted, digest}, "\n"), func() (pulled, error) {
		repository, ok := strings.CutPrefix(strings.TrimSuffix(address, "/"), "oci://")
		if !ok || repository == "" {
			return pulled{}, wrong(address, "as oci://ghcr.io/acme/charts/shop", "is no address of a registry")
		}
		if name == "" {
			name = path.Base(repository)
		}
		reference, version, err := s.reference(ctx, repository, wanted, digest)
		if err != nil {
			return pulled{}, err
		}
		a, err := s.o.Registry.Artifact(ctx, reference)
		if err != nil {
			return pulled{}, err
		}
		return s.unpackOCI(ctx, "oci://"+repository, name, version, a)
	})
}

// reference finds the manifest that is meant: a digest, a tag as it is, or the tag of the newest version in range. Registries
// allow no plus in a tag; Helm writes an underscore for it.
func (s *Supply) reference(ctx context.Context, repository, wanted, digest string) (reference, version string, err error) {
	if digestForm().MatchString(wanted) {
		return repository + "@" + wanted, "", nil
	}
	if digest != "" {
		return repository + "@" + digest, wanted, nil
	}
	tags, err := s.tags.Do(repository, func() ([]string, error) { return s.o.Registry.Tags(ctx, repository) })
	if err != nil {
		return "", "", err
	}
	if slices.Contains(tags, wanted) {
		return repository + ":" + wanted, wanted, nil
	}
	versions := make([]string, len(tags))
	for i, tag := range tags {
		versions[i] = strings.ReplaceAll(tag, "_", "+")
	}
	i, err := charts.Pick(versions, wanted)
	if err != nil {
		return "", "", &Error{What: "oci://" + repository, Reason: err.Error()}
	}
	return repository + ":" + tags[i], versions[i], nil
}

// unpackOCI takes the layer that holds the templates.
func (s *Supply) unpackOCI(ctx context.Context, from, name, version string, a Artifact) (pulled, error) {
	what := from + "@" + a.Digest
	layer, err := contentOf(a)
	if err != nil {
		return pulled{}, &Error{What: what, Reason: err.Error(), Code: 3}
	}
	data, err := s.o.Registry.Blob(ctx, strings.TrimPrefix(from, "oci://"), layer.Digest, layer.Size, maxLayer)
	if err != nil {
		return pulled{}, err
	}
	p := pulled{Pinned: Pinned{From: from, Version: version, Digest: a.Digest}, archive: data}
	if layer.Type != helmLayer {
		p.files, err = archive.Unpack(data, archive.Limits{})
	} else {
		var c charts.Chart
		asked := version
		if !charts.Fits(version, "*-0") { // a tag that is no version says nothing of what is in it
			asked = ""
		}
		c, err = charts.Open(data, name, asked)
		p.files, p.Name, p.Version = c.Files, c.Name, c.Version
	}
	if err != nil {
		return pulled{}, &Error{What: what, Reason: "open it", Err: err}
	}
	return p, nil
}

// contentOf finds the one layer with templates; whatever else there is, such as a provenance file, is passed over.
func contentOf(a Artifact) (Layer, error) {
	var found []Layer
	var seen []string
	for _, l := range a.Layers {
		seen = append(seen, l.Type)
		switch {
		case l.Type == helmLayer && (a.Type == helmConfig || a.Type == ""), l.Type == fluxLayer,
			l.Type == plainLayer && a.Type != imageConfig:
			found = append(found, l)
		}
	}
	switch {
	case a.Type == imageConfig:
		return Layer{}, fmt.Errorf("it is a container image, not templates")
	case len(found) == 1:
		return found[0], nil
	case len(found) > 1:
		return Layer{}, fmt.Errorf("it has %d layers with templates; which one counts is not for ferry to guess", len(found))
	}
	return Layer{}, fmt.Errorf("it holds no chart and no folder of manifests, but %q with layers %q", a.Type, seen)
}
