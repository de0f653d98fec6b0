package kustomize

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strings"

	"sigs.k8s.io/kustomize/api/konfig"
	"sigs.k8s.io/kustomize/api/types"
	"sigs.k8s.io/kustomize/kyaml/kio"
	kyaml "sigs.k8s.io/kustomize/kyaml/yaml"
	"sigs.k8s.io/kustomize/kyaml/yaml/merge2"
	"sigs.k8s.io/yaml"

	"github.com/ferry-cd/ferry/render"
)

// WithCharts gives a builder that inflates helmCharts with a renderer of charts, where kustomize would run a command. The
// charts have to lie where kustomize would have pulled them to.
func (k *Renderer) WithCharts(charts render.Renderer) *Renderer {
	return &Renderer{charts: charts}
}

// chartFolder is where kustomize looks for a chart before it would fetch it.
func (k *kustomization) chartFolder(c types.HelmChart) string {
	home := types.HelmDefaultHome
	if k.HelmGlobals != nil && k.HelmGlobals.ChartHome != "" {
		home = k.HelmGlobals.ChartHome
	}
	if c.Version != "" && c.Repo != "" {
		home = path.Join(home, c.Name+"-"+c.Version)
	}
	return path.Join(home, c.Name)
}

// chart follows one of helmCharts to the chart's folder and to values.
func (k *kustomization) chart(c types.HelmChart) {
	const field = "helmCharts"
	folder := k.chartFolder(c)
	if c.Name == "" || strings.ContainsAny(c.Name, `/\`) || !k.local(field, folder) {
		if c.Name == "" || strings.ContainsAny(c.Name, `/\`) {
			k.problem(field, c.Name, "is no name of a chart", "")
		}
		return
	}
	dir := path.Join(k.dir, folder)
	meta, err := k.read(path.Join(dir, "Chart.yaml"))
	if errors.Is(err, fs.ErrNotExist) {
		k.refuse(field, c.Name, "is not in "+folder+"; a render fetches nothing", "ferry vendor notes which chart it is, and submit brings it in: see docs/intake.md")
		return
	}
	if err != nil {
		k.problem(field, c.Name, "cannot be read: "+err.Error(), "")
		return
	}
	k.files[path.Join(dir, "Chart.yaml")] = meta
	for _, name := range k.below(dir) {
		if data, err := k.read(name); err == nil {
			k.size += len(data)
			k.files[name] = data
		}
	}
	if most := k.limits.Memory / inputShare; k.size > most {
		k.refuse(field, c.Name, "is one too many: a build reads no more than "+render.Size(most), "make the chart an app of its own; "+render.MemoryLimit.Hint())
	}
	switch {
	case c.ReleaseName == "" || c.NameTemplate != "":
		k.problem(field, c.Name, "has no releaseName: Helm would make up another one each time", "write releaseName: "+c.Name)
	case c.Debug:
		k.problem(field, c.Name, "has debug, which prints more than resources", "leave debug out")
	}
	k.loads(field, append([]string{c.ValuesFile}, c.AdditionalValuesFiles...)...)
}

// below names the files of a folder, as far as whoever reads can tell.
func (w *walker) below(dir string) []string {
	if w.list == nil {
		return nil
	}
	return w.list(dir)
}

// inflate renders the charts of all kustomizations, and lists what comes out as their resources: the library only ever sees
// kustomizations without charts.
func (w *walker) inflate(ctx context.Context, charts render.Renderer, r render.Request) error {
	for _, k := range w.followed {
		if len(k.HelmCharts) == 0 {
			continue
		}
		plain := k.Kustomization
		if modern, ok := w.modern[k.file]; ok {
			plain = types.Kustomization{}
			if err := yaml.Unmarshal(modern, &plain); err != nil {
				return err
			}
		}
		plain.HelmCharts, plain.HelmGlobals = nil, nil
		plain.Resources = plain.Resources[:len(plain.Resources):len(plain.Resources)]
		for i, c := range k.HelmCharts {
			data, err := k.inflateOne(ctx, charts, c, r)
			if err != nil {
				return fmt.Errorf("%s: helmCharts: %s: %w", k.file, c.Name, err)
			}
			name := fmt.Sprintf("ferry-chart-%d-%s.yaml", i, c.Name)
			if _, taken := w.files[path.Join(k.dir, name)]; taken {
				return fmt.Errorf("%s: helmCharts: %s: the file %s is in its way", k.file, c.Name, name)
			}
			if len(bytes.TrimSpace(data)) > 0 {
				w.files[path.Join(k.dir, name)] = data
				plain.Resources = append(plain.Resources, name)
				w.remember(path.Join(k.dir, k.chartFolder(c)), data)
			}
		}
		data, err := yaml.Marshal(plain)
		if err != nil {
			return err
		}
		w.modern[k.file] = data
	}
	return nil
}

// inflateOne renders a chart as kustomize has Helm render it, with marks on what came out: the namespace of a kustomization
// passes over resources of charts that have one.
func (k *kustomization) inflateOne(ctx context.Context, charts render.Renderer, c types.HelmChart, r render.Request) ([]byte, error) {
	if charts == nil {
		return nil, errors.New("charts in kustomizations are not rendered here")
	}
	q := render.Request{Limits: r.Limits, App: r.App, Environment: r.Environment, Name: c.ReleaseName, Namespace: c.Namespace, Files: k.files, Dir: path.Join(k.dir, k.chartFolder(c)),
		Kubernetes: r.Kubernetes, Release: r.Release, Engine: r.Engine, IncludeCRDs: c.IncludeCRDs, Seed: r.Seed, Hooks: r.Hooks, KeepHooks: r.KeepHooks}
	if c.KubeVersion != "" {
		q.Kubernetes.Version = c.KubeVersion
	}
	if len(c.ApiVersions) > 0 {
		q.Kubernetes.APIs = c.ApiVersions
	}
	if c.SkipHooks {
		q.Hooks, q.KeepHooks, q.Engine = "drop", false, ""
	}
	values, err := k.chartValues(c, q.Dir)
	if err != nil {
		return nil, err
	}
	q.Values = append(q.Values, values)
	for _, name := range c.AdditionalValuesFiles {
		q.Values = append(q.Values, render.File{Path: path.Join(k.dir, name), Data: k.files[path.Join(k.dir, name)]})
	}
	out, err := charts.Render(ctx, q)
	if err != nil {
		return nil, err
	}
	return marked(out.Raw)
}

// chartValues are the values file or the chart's own, with those in the kustomization merged in as valuesMerge says.
func (k *kustomization) chartValues(c types.HelmChart, dir string) (render.File, error) {
	file := path.Join(dir, "values.yaml")
	if c.ValuesFile != "" {
		file = path.Join(k.dir, c.ValuesFile)
	}
	values := render.File{Path: file, Data: k.files[file]}
	if len(c.ValuesInline) == 0 {
		return values, nil
	}
	inline, err := kyaml.FromMap(c.ValuesInline)
	if err != nil {
		return values, err
	}
	merged := inline
	if c.ValuesMerge != "replace" {
		own, err := kyaml.Parse(string(values.Data))
		if err != nil {
			return values, fmt.Errorf("%s: %w", file, err)
		}
		over, under := inline, own
		switch c.ValuesMerge {
		case "", "override":
		case "merge":
			over, under = own, inline
		default:
			return values, fmt.Errorf("valuesMerge is %q: merge, override or replace", c.ValuesMerge)
		}
		if merged, err = merge2.Merge(over, under, kyaml.MergeOptions{}); err != nil {
			return values, err
		}
	}
	text, err := merged.String()
	return render.File{Path: file + " with valuesInline", Data: []byte(text)}, err
}

func marked(raw []byte) ([]byte, error) {
	nodes, err := (&kio.ByteReader{Reader: bytes.NewReader(raw), OmitReaderAnnotations: true}).Read()
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	for _, n := range nodes {
		if err := n.PipeE(kyaml.SetAnnotation(konfig.HelmGeneratedAnnotation, "true")); err != nil {
			return nil, err
		}
		text, err := n.String()
		if err != nil {
			return nil, err
		}
		out.WriteString("---\n" + text)
	}
	return out.Bytes(), nil
}
