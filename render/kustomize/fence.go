package kustomize

import (
	"sync"

	"sigs.k8s.io/kustomize/kyaml/openapi"
	"sigs.k8s.io/kustomize/kyaml/yaml"
)

// The library keeps the Kubernetes schema in a global, and a build with an `openapi:` field replaces it for whoever
// comes next, or runs beside it: lists are then merged differently, without an error. Builds on the built-in schema
// only read it, once it is loaded, and share the fence; a build with a schema of its own has it alone and leaves the
// built-in one behind.
var fence struct {
	sync.RWMutex
	warm sync.Once
}

func fenced(ownSchema bool, build func() error) error {
	fence.warm.Do(loadBuiltin)
	if !ownSchema {
		fence.RLock()
		defer fence.RUnlock()
		return build()
	}
	fence.Lock()
	defer fence.Unlock()
	defer loadBuiltin()
	openapi.ResetOpenAPI()
	return build()
}

// loadBuiltin makes the built-in schema the global one and reads all of it, so that no build finds it half read.
func loadBuiltin() {
	openapi.ResetOpenAPI()
	openapi.SchemaForResourceType(yaml.TypeMeta{APIVersion: "apps/v1", Kind: "Deployment"})
}
