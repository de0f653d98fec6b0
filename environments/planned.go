package environments

import (
	"reflect"
	"slices"
)

// What ferry.yaml will say one day. These keys and words are designed but do not work yet: they are refused as such, so
// that nobody takes them for a typo and nothing is accepted that does nothing. Delete an entry when its behaviour comes.
var (
	plannedKeys = map[reflect.Type][]string{
		reflect.TypeFor[appFile]():  {"keep"},
		reflect.TypeFor[settings](): {"deliver", "repository", "template"},
	}
)

// later tells whether a key is planned for a place. An environment may say what settings say.
func later(t reflect.Type, key string) bool {
	if t == reflect.TypeFor[environmentFile]() {
		t = reflect.TypeFor[settings]()
	}
	return slices.Contains(plannedKeys[t], key)
}
