// Package render holds the words of rendering and everything that comes after a renderer: what a Request may read, the
// documents that come out, and their canonical form, a set of Manifests. The renderers themselves live below it.
package render

import (
	"context"

	"github.com/ferry-cd/ferry/release"
)

// Files is an immutable set of files by slash-separated path relative to one root; paths are clean and never leave it.
type Files map[string][]byte

// File is one named piece of configuration.
type File struct {
	Path string // as messages name it
	Data []byte
}

// Request is everything a render may know. The same Request gives the same bytes on every machine.
type Request struct {
	App         string // "" in ad hoc renders
	Environment string // "" in ad hoc renders
	Name        string // Helm's release name
	Namespace   string
	Files       Files  // templates
	Dir         string // the folder of Files to render, "." for its root
	Values      []File // later wins, as in Helm: maps merge, null deletes, lists replace
	Set         []Set  // after Values
	Kubernetes  Kubernetes
	Release     release.Release
	Engine      string // flux, argocd or "": decides what hooks mean
	IncludeCRDs bool
	Seed        string // chance and the time of day follow from it; "" = what depends on them is refused
	Hooks       string // keep, drop or fail; "" asks Engine: argocd runs hooks, nobody else does
	KeepHooks   bool   // ad hoc and --raw: print hooks as helm template does
	Limits      Limits // what is left out is as built in
}

// Set is one value by dotted path, with Helm's --set-string or, where Typed, --set meaning.
type Set struct {
	Path    string
	Value   string
	Typed   bool
	Literal bool // Value is taken as it stands, as with --set-literal: no commas, braces or escapes
}

// Kubernetes is what a chart may learn of the cluster.
type Kubernetes struct {
	Version string   // "1.34" or "v1.34.2"; required
	APIs    []string // extra API versions, as "group/version" or "group/version/Kind"
}

// Document is one YAML document as a renderer wrote it.
type Document struct {
	Source string // template or file it came from, for messages
	Line   int    // of Source where Data begins, from 1; 0 where Data is not the text of Source
	Data   []byte
	parsed *tree
}

// Output is what a renderer gives back.
type Output struct {
	Raw       []byte     // exactly what the CLI of that renderer prints
	Documents []Document // Raw, document by document, in the same order; empty ones left out
	Notices   []string   // for people: dropped tests and the like
}

// Renderer turns templates into documents: no network, process, host file, environment variable or clock reaches it.
type Renderer interface {
	Name() string // "helm", "kustomize", "plain"; with its library's version in Version
	Version() string
	Render(ctx context.Context, r Request) (Output, error)
}
