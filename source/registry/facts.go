package registry

import (
	"context"
	"encoding/json"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/ferry-cd/ferry/door"
)

// Facts is what an image says of where it came from, in the words of the OCI image specification. Whoever pushed it wrote
// that: it is shown and compared, and nothing follows from it.
type Facts struct {
	Source   string // org.opencontainers.image.source: where the sources are
	Revision string // .revision: the commit
	Version  string // .version
}

const (
	annotation = "org.opencontainers.image."
	maxConfig  = 8 << 20 // bytes of an image's configuration
	maxFact    = 1024    // bytes of one annotation
)

// Facts reads annotations and labels: those of the index before those of the first image in it, annotations before the
// labels of the configuration.
func (c *Client) Facts(ctx context.Context, m *Manifest) (Facts, error) {
	var f Facts
	image := m
	if m.Index != nil {
		f.add(m.Index.Annotations)
		first, ok := firstImage(m.Index)
		if !ok || f.complete() {
			return f, nil
		}
		var err error
		if image, err = c.Manifest(ctx, m.Repository+"@"+first.Digest.String()); err != nil {
			return f, err
		}
	}
	if image.Image == nil {
		return f, nil // an index within an index says nothing
	}
	f.add(image.Image.Annotations)
	if f.complete() || !isConfig(image.Image.Config) {
		return f, nil
	}
	data, err := c.Blob(ctx, m.Repository, image.Image.Config.Digest.String(), image.Image.Config.Size, maxConfig)
	if err != nil {
		return f, err
	}
	return f, f.addLabels(m.Reference(), data)
}

// firstImage finds an image for a platform in an index; attestations lie there for none.
func firstImage(index *v1.IndexManifest) (v1.Descriptor, bool) {
	for _, d := range index.Manifests {
		if d.Platform != nil && d.Platform.OS != "unknown" && d.MediaType.IsImage() {
			return d, true
		}
	}
	for _, d := range index.Manifests {
		if d.Platform == nil && d.MediaType.IsImage() {
			return d, true
		}
	}
	return v1.Descriptor{}, false
}

// isConfig tells the configuration of a container image from that of other artifacts.
func isConfig(d v1.Descriptor) bool { return d.MediaType.IsConfig() && d.Size > 0 }

func (f *Facts) addLabels(what string, data []byte) error {
	var config struct {
		Config struct {
			Labels map[string]string `json:"Labels"`
		} `json:"config"`
	}
	if err := json.Unmarshal(data, &config); err != nil {
		return contentf(what, "its configuration is not that of an image")
	}
	f.add(config.Config.Labels)
	return nil
}

func (f *Facts) complete() bool { return f.Source != "" && f.Revision != "" && f.Version != "" }

// add takes what is not known yet.
func (f *Facts) add(words map[string]string) {
	for name, into := range map[string]*string{"source": &f.Source, "revision": &f.Revision, "version": &f.Version} {
		value := strings.TrimSpace(words[annotation+name])
		if *into == "" && len(value) <= maxFact {
			*into = door.Excerpt([]byte(value))
		}
	}
}
