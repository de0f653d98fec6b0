package helm

import (
	"fmt"
	"maps"

	"helm.sh/helm/v3/pkg/strvals"
	"sigs.k8s.io/yaml"

	"github.com/ferry-cd/ferry/render"
)

// mergeValues layers the files in order and the settings over them. As with the CLI a later map merges into an earlier
// one, anything else replaces, and a null stays until it meets the chart's own values, where it deletes.
func mergeValues(files []render.File, settings []render.Set, limits render.Limits) (map[string]any, error) {
	values := map[string]any{}
	for _, f := range files {
		if err := limits.CheckFile(f.Path, f.Data); err != nil {
			return nil, err
		}
		layer := map[string]any{}
		if err := yaml.Unmarshal(f.Data, &layer); err != nil {
			return nil, valuesError(f, err)
		}
		values = merge(values, layer)
	}
	return values, applySettings(values, settings)
}

func merge(base, over map[string]any) map[string]any {
	out := maps.Clone(base)
	if out == nil {
		out = map[string]any{}
	}
	for k, v := range over {
		o, isMap := v.(map[string]any)
		b, wasMap := out[k].(map[string]any)
		if isMap && wasMap {
			v = merge(b, o)
		}
		out[k] = v
	}
	return out
}

// applySettings applies all typed settings, then the strings, then the literals: the CLI's order, whatever theirs was.
func applySettings(values map[string]any, settings []render.Set) error {
	kinds := []struct {
		flag  string
		is    func(render.Set) bool
		parse func(string, map[string]any) error
	}{
		{"--set", func(s render.Set) bool { return s.Typed && !s.Literal }, strvals.ParseInto},
		{"--set-string", func(s render.Set) bool { return !s.Typed && !s.Literal }, strvals.ParseIntoString},
		{"--set-literal", func(s render.Set) bool { return s.Literal }, strvals.ParseLiteralInto},
	}
	for _, k := range kinds {
		for _, s := range settings {
			if !k.is(s) {
				continue
			}
			if err := k.parse(s.Path+"="+s.Value, values); err != nil {
				return fmt.Errorf("set value %s (%s): %w", s.Path, k.flag, err)
			}
		}
	}
	return nil
}
