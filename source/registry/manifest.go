package registry

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"mime"
	"net/http"
	"regexp"
	"strings"
	"sync"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/ferry-cd/ferry/door"
	"github.com/ferry-cd/ferry/release"
)

// Manifest is what a reference means: one image or artifact, or an index of them.
type Manifest struct {
	Repository string // as it was asked for
	Tag        string // by which it was asked for, if it was
	Digest     string // of Raw, computed here
	MediaType  string
	Raw        []byte

	Image *v1.Manifest      // nil where it is an index
	Index *v1.IndexManifest // nil where it is none
}

// Reference names it for good.
func (m *Manifest) Reference() string { return m.Repository + "@" + m.Digest }

// accepted are the forms that travel by digest. Docker's first form is not among them: its digest changes from one reading
// to the next.
var accepted = []string{string(types.OCIImageIndex), string(types.OCIManifestSchema1), string(types.DockerManifestList), string(types.DockerManifestSchema2)}

var digestForm = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^sha256:[0-9a-f]{64}$`)
})

// Manifest reads what a reference, NAME:TAG or NAME@sha256:..., means now. Where it has both, the digest is read; whether
// the tag still means it is asked with Moved. ErrAbsent where there is none.
func (c *Client) Manifest(ctx context.Context, reference string) (*Manifest, error) {
	image, err := release.ParseImage(reference)
	if err != nil {
		return nil, err
	}
	by := cmp.Or(image.Digest, image.Tag)
	if by == "" {
		return nil, &usageError{image.Name + " has neither a tag nor a digest: which one is meant is not for ferry to guess"}
	}
	p, err := c.place(cmp.Or(image.Repository, image.Name))
	if err != nil {
		return nil, err
	}
	m := &Manifest{Repository: p.named, Tag: image.Tag}
	a, err := c.ask(ctx, p, question{method: http.MethodGet, path: "manifests/" + by, accept: strings.Join(accepted, ", "), what: named(p.named, by)})
	if err != nil {
		return nil, err
	}
	if err := m.read(a, by); err != nil {
		return nil, err
	}
	return m, nil
}

// Digest is Manifest where only the digest is wanted.
func (c *Client) Digest(ctx context.Context, reference string) (string, error) {
	m, err := c.Manifest(ctx, reference)
	if err != nil {
		return "", err
	}
	return m.Digest, nil
}

// Exists tells whether a repository still has the manifest of a digest.
func (c *Client) Exists(ctx context.Context, repository, digest string) (bool, error) {
	if !digestForm().MatchString(digest) {
		return false, &usageError{"a digest is sha256: and 64 hex digits"}
	}
	p, err := c.place(repository)
	if err != nil {
		return false, err
	}
	_, err = c.ask(ctx, p, question{method: http.MethodHead, path: "manifests/" + digest, accept: strings.Join(accepted, ", "), what: named(repository, digest)})
	if err == nil {
		return true, nil
	}
	if isAbsent(err) {
		return false, nil
	}
	return false, err
}

func named(repository, by string) string {
	if strings.HasPrefix(by, "sha256:") {
		return repository + "@" + by
	}
	return repository + ":" + by
}

// read checks an answer and takes it apart.
func (m *Manifest) read(a answer, by string) error {
	what := named(m.Repository, by)
	m.Raw, m.Digest = a.body, sha256Of(a.body)
	if strings.HasPrefix(by, "sha256:") && m.Digest != by {
		return contentf(what, "the registry gave something else, with digest %s", m.Digest)
	}
	if claimed := a.header.Get("Docker-Content-Digest"); claimed != "" && claimed != m.Digest {
		return contentf(what, "the registry says that its digest is %s, and it is %s", door.Excerpt([]byte(claimed)), m.Digest)
	}
	var shape struct {
		SchemaVersion int               `json:"schemaVersion"`
		MediaType     string            `json:"mediaType"`
		Manifests     []json.RawMessage `json:"manifests"`
		Layers        []json.RawMessage `json:"layers"`
		Config        json.RawMessage   `json:"config"`
	}
	if err := json.Unmarshal(a.body, &shape); err != nil {
		return contentf(what, "the registry gave no manifest, but something that is no JSON")
	}
	sent, _, _ := mime.ParseMediaType(a.header.Get("Content-Type"))
	m.MediaType = cmp.Or(shape.MediaType, sent)
	switch {
	case shape.SchemaVersion == 1:
		return contentf(what, "it is in Docker's first manifest format, whose digest does not last: push it again with a client of today")
	case shape.MediaType != "" && sent != "" && sent != shape.MediaType:
		return contentf(what, "the registry calls it %q, and it calls itself %q", door.Excerpt([]byte(sent)), door.Excerpt([]byte(shape.MediaType)))
	case shape.Manifests != nil && (shape.Layers != nil || shape.Config != nil):
		return contentf(what, "it is an image and an index at once: readers would disagree about what it is")
	}
	return m.parse(what)
}

// parse reads it as what its media type says.
func (m *Manifest) parse(what string) error {
	var err error
	switch types.MediaType(m.MediaType) {
	case types.OCIImageIndex, types.DockerManifestList:
		m.Index, err = v1.ParseIndexManifest(bytes.NewReader(m.Raw))
	case types.OCIManifestSchema1, types.DockerManifestSchema2:
		m.Image, err = v1.ParseManifest(bytes.NewReader(m.Raw))
	default:
		return contentf(what, "%q is not the media type of an image or an index", door.Excerpt([]byte(m.MediaType)))
	}
	if err != nil {
		return contentf(what, "it is not the manifest that it says to be")
	}
	return nil
}
