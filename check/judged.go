package check

import (
	"context"

	"github.com/ferry-cd/ferry/render"
)

// Policy is a rule of ferry.yaml that every resource must follow. Package policy judges by it.
type Policy struct {
	Name    string
	Rule    string // CEL over object, app and environment
	Message string // for people, where it is not followed
	Warning bool   // it does not refuse
	From    string // file:line:column where Rule is written
}

// Subject is what manifests are judged as.
type Subject struct{ App, Environment string }

// Schemas say against what manifests are held. Package schema does it.
type Schemas struct {
	Version     string           // of Kubernetes: "1.34"
	Strict      bool             // a resource that does not fit is refused, not only told
	Definitions render.Manifests // CustomResourceDefinitions besides those in the render
	Files       SchemaFiles      // JSON Schemas of the repository; nil where it has none
}

// SchemaFiles are files of .ferry/schemas, by path below it.
type SchemaFiles interface {
	Has(name string) bool
	ID(name string) string // tells contents apart, also between repositories
	Read(ctx context.Context, name string) ([]byte, error)
}
