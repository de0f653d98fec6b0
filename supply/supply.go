// Package supply brings in what templates need from elsewhere, once, each at one content: whole sources (a Helm
// repository, an OCI registry, another Git repository) and what a source itself names (the dependencies of charts, the
// remote bases and charts of kustomizations).
//
//	supply.go    Supply: who is asked, each thing once
//	source.go    a whole source: a range becomes a version and a digest
//	oci.go       charts, bundles and artifacts out of registries
//	git.go       folders and files out of Git repositories, and single files from the web
//	needs.go     what the files of a source name
//	address.go   what kustomize would take for a Git repository or a URL
//	chartlock.go Chart.lock, as Helm checks it
//	lock.go      ferry.lock: what every need was when somebody looked at it
//	complete.go  a source and its lock to a source that needs nothing more
//	rewrite.go   kustomizations that name what was brought in
//
// Everything that comes is a stranger's: it is bounded, checked against the digest it must have, and never executed. What
// is complete renders without a network for ever.
package supply

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/ferry-cd/ferry/charts"
	"github.com/ferry-cd/ferry/door"
	"github.com/ferry-cd/ferry/git"
)

// Registry is what is asked of OCI registries.
type Registry interface {
	// Tags lists the tags of a repository.
	Tags(ctx context.Context, repository string) ([]string, error)
	// Artifact gives what a reference, NAME:TAG or NAME@sha256:..., means.
	Artifact(ctx context.Context, reference string) (Artifact, error)
	// Blob gives content by digest; never more than most bytes.
	Blob(ctx context.Context, repository, digest string, size, most int64) ([]byte, error)
}

// Artifact is what a registry says of content that is no image.
type Artifact struct {
	Digest      string // of the manifest
	Type        string // media type of its config, or its artifactType
	Layers      []Layer
	Annotations map[string]string
}

// Layer is one part of an artifact.
type Layer struct {
	Type, Digest string
	Size         int64
}

// Charts is what is asked of classic chart repositories.
type Charts interface {
	Find(ctx context.Context, repository, name, wanted string) (charts.Version, error)
	Fetch(ctx context.Context, repository, name string, v charts.Version, digest string) (charts.Chart, error)
	File(ctx context.Context, url string) ([]byte, error)
}

// Options say who is asked.
type Options struct {
	Charts   Charts
	Registry Registry
	// Git opens a repository by its address, with the credentials that are for it.
	Git func(ctx context.Context, address string) (*git.Repository, error)
	// Gather follows the kustomization in a folder to everything it reads. read gives fs.ErrNotExist for what is no file, list
	// the files below a folder.
	Gather func(read func(path string) ([]byte, error), list func(dir string) []string, dir string) (map[string][]byte, error)
	// Alias gives the address behind a name of a chart repository, "" where nobody knows it; nil knows none.
	Alias func(name string) string
}

// Supply brings things in, each once, however many apps name it. It may be used by several goroutines.
type Supply struct {
	o       Options
	charts  door.Once[pulled]
	tags    door.Once[[]string]
	folders door.Once[folder]
	repos   door.Once[*git.Repository]
	web     door.Once[[]byte]
}

// New makes a supply.
func New(o Options) *Supply { return &Supply{o: o} }

// Pinned is one thing at one content.
type Pinned struct {
	From    string // address of the repository or registry
	Name    string // the chart; or the folder of a Git repository
	Version string // what a range became; a ref of Git as it was asked for
	Digest  string // sha256:... of the archive or the manifest; the commit of a Git repository
}

// pulled is a chart or another archive that came in.
type pulled struct {
	Pinned
	files   map[string][]byte
	archive []byte
	notice  string
}

// Error says what cannot be brought in, and why.
type Error struct {
	What   string
	Reason string
	Next   string
	Err    error
	Code   int // exit code; 0 = 1
}

func (e *Error) Error() string {
	text := e.What + ": " + e.Reason
	if e.Err != nil {
		text = strings.TrimSuffix(text, ": ") + ": " + e.Err.Error()
	}
	return text
}

// Unwrap gives what went wrong below.
func (e *Error) Unwrap() error { return e.Err }

// Hint is the optional next step.
func (e *Error) Hint() string {
	var h interface{ Hint() string }
	if e.Next == "" && errors.As(e.Err, &h) {
		return h.Hint()
	}
	return e.Next
}

// ExitCode tells wrong input from a failure, and passes on what is known better below.
func (e *Error) ExitCode() int {
	var c interface{ ExitCode() int }
	if e.Code == 0 && errors.As(e.Err, &c) {
		return c.ExitCode()
	}
	return max(e.Code, 1)
}

// wrong is input that cannot be used as it is.
func wrong(what, next, format string, args ...any) error {
	return &Error{What: what, Reason: fmt.Sprintf(format, args...), Next: next, Code: 2}
}
