package render

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Image is an image of a release and how to find it in the manifests of an environment.
type Image struct {
	Name     string            // as the release names it
	Match    string            // name in the templates, where it differs
	Tag      string            // may be empty beside a digest
	Digest   string            // sha256:...; empty only where tags were allowed
	Optional bool              // it need not be in the render
	Fields   []string          // fields of custom resources that hold it, as Workflow.spec.templates[].image
	Rewrite  map[string]string // registry, or registry and beginning of a path -> the one of this environment
}

// reference is what a container names afterwards.
func (i Image) reference() string {
	ref := rewritten(i.Name, i.Rewrite)
	if i.Tag != "" {
		ref += ":" + i.Tag
	}
	if i.Digest != "" {
		ref += "@" + i.Digest
	}
	return ref
}

// PulledFrom is the repository that an environment pulls it from, without tag and digest.
func (i Image) PulledFrom() string { return repository(rewritten(i.Name, i.Rewrite)) }

// names are the repositories by which templates may call it. They compare whole, never by a beginning.
func (i Image) names() []string {
	names := []string{repository(i.Name), repository(rewritten(i.Name, i.Rewrite))}
	if i.Match != "" {
		names = append(names, repository(i.Match))
	}
	return names
}

// Pinned says where an image is, and what it was before.
type Pinned struct {
	Image string // Image.Name
	Path  string // file
	Field string // spec.template.spec.containers[web].image
	From  string
	To    string // equal to From where the render had it right
}

// Pinning is what Pin did.
type Pinning struct {
	Manifests Manifests
	Pinned    []Pinned // by Path, then in the order of the file
	Notices   []string // for people: images that the render does not use
}

// NoImageError says that a render uses no image of the release that it is for.
type NoImageError struct {
	Images []string // of the release, that are not optional
	Found  []string // repositories in the render
}

func (e *NoImageError) Error() string {
	found := "it names no image at all"
	if len(e.Found) > 0 {
		found = "it uses " + list(e.Found)
	}
	return "the render uses no image of the release (" + list(e.Images) + "); " + found
}

// Hint is the next step.
func (e *NoImageError) Hint() string {
	return "say with match: how the templates call the image, with fields: where a custom resource names it, or optional: true"
}

// ExitCode is that of wrong configuration.
func (e *NoImageError) ExitCode() int { return 2 }

// Pin writes name:tag@digest of the release's images wherever the manifests use them: in the containers, init containers,
// ephemeral containers and image volumes of pods and of all that makes pods, and in the fields named for custom resources.
// Manifests that already say so stay as they are; none of those handed in is changed.
func Pin(ms Manifests, images []Image) (Pinning, error) {
	p := pinner{images: images, byName: map[string][]int{}, used: make([]bool, len(images)), found: map[string]bool{}}
	if err := p.prepare(); err != nil {
		return Pinning{}, err
	}
	result := Pinning{Manifests: slices.Clone(ms)}
	var problems []error
	for i, m := range ms {
		pinned, where, err := p.manifest(m)
		if err != nil {
			problems = append(problems, err)
		}
		result.Manifests[i] = pinned
		result.Pinned = append(result.Pinned, where...)
	}
	if len(problems) > 0 {
		return Pinning{}, errors.Join(problems...)
	}
	notices, err := p.unused()
	result.Notices = notices
	return result, err
}

type pinner struct {
	images []Image
	byName map[string][]int // repository -> images
	paths  []fieldPath
	used   []bool
	found  map[string]bool // repositories in the render
}

func (p *pinner) prepare() error {
	var problems []error
	for i, image := range p.images {
		if image.Tag == "" && image.Digest == "" {
			problems = append(problems, fmt.Errorf("image %s: neither tag nor digest", image.Name))
		}
		for _, name := range image.names() {
			if !slices.Contains(p.byName[name], i) {
				p.byName[name] = append(p.byName[name], i)
			}
		}
		for _, f := range image.Fields {
			path, err := parseFieldPath(f)
			if err != nil {
				problems = append(problems, fmt.Errorf("image %s: %w", image.Name, err))
			}
			p.paths = append(p.paths, path)
		}
	}
	return errors.Join(problems...)
}

func (p *pinner) manifest(m Manifest) (Manifest, []Pinned, error) {
	paths := p.pathsOf(m.Identity)
	if len(paths) == 0 {
		return m, nil, nil
	}
	var where []Pinned
	var problems []error
	root := m.Node()
	edited := root
	for _, s := range sitesOf(root, paths) {
		done, err := p.site(m, s)
		if err != nil {
			problems = append(problems, err)
		}
		if done.Image == "" {
			continue
		}
		where = append(where, done)
		if done.From != done.To {
			edited = replaced(edited, s.at, done.To)
		}
	}
	if edited != root {
		m.tree, m.Data = readTree(edited), write(make([]byte, 0, len(m.Data)+256), edited)
	}
	return m, where, errors.Join(problems...)
}

// site decides what one field should say; the zero Pinned where it is none of our images.
func (p *pinner) site(m Manifest, s site) (Pinned, error) {
	if s.node.Kind != yaml.ScalarNode || s.node.Tag != tagString || s.node.Value == "" {
		return Pinned{}, nil
	}
	from, name := s.node.Value, repository(s.node.Value)
	p.found[name] = true
	candidates := p.byName[name]
	if len(candidates) == 0 {
		return Pinned{}, nil
	}
	image := p.images[candidates[0]]
	to := image.reference()
	for _, i := range candidates {
		p.used[i] = true
		if p.images[i].reference() != to {
			return Pinned{}, fmt.Errorf("%s: %s is %s, which both images %s and %s of the release match", m.Path, s.field, from, image.Name, p.images[i].Name)
		}
	}
	if from != to && isEncrypted(m.Node()) {
		return Pinned{}, fmt.Errorf("%s: %s is %s, and a document encrypted with SOPS cannot be edited", m.Path, s.field, from)
	}
	return Pinned{Image: image.Name, Path: m.Path, Field: s.field, From: from, To: to}, nil
}

func (p *pinner) unused() (notices []string, err error) {
	var missing []string
	for i, image := range p.images {
		if !p.used[i] && !image.Optional {
			missing = append(missing, image.Name)
		}
	}
	if len(missing) > 0 && !slices.Contains(p.used, true) {
		return nil, &NoImageError{Images: missing, Found: p.repositories()}
	}
	for _, name := range missing {
		notices = append(notices, "image "+name+" is not in the render; say optional: true if that is meant")
	}
	return notices, nil
}

func (p *pinner) repositories() []string {
	var all []string
	for name := range p.found {
		all = append(all, name)
	}
	slices.Sort(all)
	return all
}

// list names a few of many.
func list(names []string) string {
	const few = 8
	if len(names) > few {
		return strings.Join(names[:few], ", ") + fmt.Sprintf(" and %d more", len(names)-few)
	}
	return strings.Join(names, ", ")
}
