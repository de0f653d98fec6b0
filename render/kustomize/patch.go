package kustomize

import (
	"bytes"
	"context"
	"fmt"

	"sigs.k8s.io/kustomize/api/types"
	"sigs.k8s.io/yaml"

	"github.com/ferry-cd/ferry/render"
)

var _ render.Patcher = (*Renderer)(nil)

// Patch applies a patch to one resource as the `patches` of a kustomization do.
func (*Renderer) Patch(ctx context.Context, resource []byte, p render.Patch) ([]byte, error) {
	k := types.Kustomization{
		TypeMeta:  types.TypeMeta{APIVersion: types.KustomizationVersion, Kind: types.KustomizationKind},
		Resources: []string{"resource.yaml"},
		Patches:   []types.Patch{{Path: "patch.yaml", Target: selector(p.Target)}},
	}
	file, err := yaml.Marshal(k)
	if err != nil {
		return nil, err
	}
	w := &walker{limits: render.BuiltIn, dir: "patch", files: render.Files{"patch/kustomization.yaml": file, "patch/resource.yaml": resource, "patch/patch.yaml": p.Data}}
	ctx, cancel := w.limits.Within(ctx)
	defer cancel()
	all, err := build(ctx, w)
	if err != nil {
		return nil, err
	}
	switch len(all) {
	case 0:
		return nil, nil
	case 1:
		data, err := asYAML(all[0])
		return bytes.Clone(data), err
	default:
		return nil, fmt.Errorf("one resource became %d", len(all))
	}
}

// selector leaves to kustomize what only it can read; the resource itself has been found already.
func selector(t render.Target) *types.Selector {
	s := &types.Selector{LabelSelector: t.LabelSelector, AnnotationSelector: t.AnnotationSelector}
	if t.LabelSelector+t.AnnotationSelector == "" {
		s.Name = "^.*$"
	}
	return s
}
