package helm

import (
	"context"
	"fmt"
	"maps"
	"strings"

	"helm.sh/helm/v3/pkg/chart"
	"helm.sh/helm/v3/pkg/chartutil"

	"github.com/ferry-cd/ferry/render"
)

// prepare settles dependencies and values and checks them against their schemas, giving what templates see.
func (b *blueprint) prepare(ch *chart.Chart, values map[string]any, o chartutil.ReleaseOptions, caps *chartutil.Capabilities, dir string) (chartutil.Values, error) {
	if err := chartutil.ValidateReleaseName(o.Name); err != nil {
		return nil, fmt.Errorf("release name %q: %w", o.Name, err)
	}
	if err := chartutil.ProcessDependenciesWithMerge(ch, values); err != nil {
		return nil, &ChartError{File: join(dir, "Chart.yaml"), Reason: "settle the dependencies: " + err.Error()}
	}
	const skipSchemas = true // ours opens nothing
	top, err := chartutil.ToRenderValuesWithSchemaValidation(ch, values, o, caps, skipSchemas)
	if err != nil {
		return nil, &ChartError{File: join(dir, "values.yaml"), Reason: err.Error()}
	}
	if err := b.checkSchemas(ch, top["Values"].(chartutil.Values), dir); err != nil {
		return nil, err
	}
	return top, nil
}

// job is one render on its way: a chart with its values, and what the templates made of them.
type job struct {
	render.Request
	*blueprint
	chart   *chart.Chart // its own
	sources map[string]source
	files   map[string]string
	changed bool // templates may have changed what the sources show
}

// execute renders the templates of the chart and its subcharts that only names; notes for people are left out. When time is
// up templates notice in each loop and call; a single call of a library function that takes longer is left behind.
func (j *job) execute(ctx context.Context, world *entropy, only func(name string) bool) (map[string]string, error) {
	ctx, cancel := j.Limits.Within(ctx)
	defer cancel()
	type result struct {
		files   map[string]string
		changed bool
		err     error
	}
	done := make(chan result, 1)
	go func() {
		files, changed, err := j.renderAll(ctx, world, only)
		done <- result{files, changed, err}
	}()
	select {
	case <-ctx.Done():
		return nil, fmt.Errorf("render chart %s in %s: %w", j.chart.Name(), j.Dir, render.Stopped(ctx))
	case r := <-done:
		j.changed = j.changed || r.changed
		return r.files, templateError(j.chart, j.Dir, r.err)
	}
}

func (j *job) renderAll(ctx context.Context, world *entropy, only func(string) bool) (files map[string]string, changed bool, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("a template function failed: %v", p)
		}
	}()
	e := engines.Get().(*engine)
	e.begin(ctx, j.Limits, world)
	files, err = e.render(j.blueprint, j.sources, only)
	changed = e.changed
	engines.Put(e)
	maps.DeleteFunc(files, func(name, _ string) bool { return strings.HasSuffix(name, "NOTES.txt") })
	if err == nil {
		err = j.countDocuments(files)
	}
	return files, changed, err
}

// countDocuments stops before documents are sorted, which takes Helm very long for very many.
func (j *job) countDocuments(files map[string]string) error {
	n, size := 0, 0
	for _, text := range files {
		n += strings.Count(text, "\n---") + 1
		size += len(text)
	}
	if n > j.Limits.Documents {
		return &LimitError{What: fmt.Sprintf("the templates render more than %d documents", j.Limits.Documents), Limit: render.DocumentsLimit}
	}
	return (&budget{limits: j.Limits}).fits(size)
}
