package helm

import (
	"context"
	"fmt"
	"maps"
	"strings"
	"time"

	"helm.sh/helm/v3/pkg/chart"
	"helm.sh/helm/v3/pkg/chartutil"
)

// timeLimit ends a render whose caller set no deadline. Templates notice in each loop and call; a single call of a library
// function that takes longer is left behind.
const timeLimit = 30 * time.Second

// prepare settles dependencies and values and checks them against their schemas, giving what templates see.
func prepare(ch *chart.Chart, values map[string]any, o chartutil.ReleaseOptions, caps *chartutil.Capabilities, dir string) (chartutil.Values, error) {
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
	if err := checkSchemas(ch, top["Values"].(chartutil.Values), dir); err != nil {
		return nil, err
	}
	return top, nil
}

// execute renders every template of the chart and its subcharts; notes for people are left out.
func execute(ctx context.Context, ch *chart.Chart, top chartutil.Values, dir string, world *entropy) (map[string]string, error) {
	ctx, cancel := context.WithTimeout(ctx, timeLimit)
	defer cancel()
	type result struct {
		files map[string]string
		err   error
	}
	done := make(chan result, 1)
	go func() {
		files, err := renderAll(ctx, ch, top, world)
		done <- result{files, err}
	}()
	select {
	case <-ctx.Done():
		return nil, fmt.Errorf("render chart %s in %s: %w", ch.Name(), dir, &LimitError{What: "rendering was stopped", err: context.Cause(ctx)})
	case r := <-done:
		return r.files, templateError(ch, dir, r.err)
	}
}

func renderAll(ctx context.Context, ch *chart.Chart, top chartutil.Values, world *entropy) (files map[string]string, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("a template function failed: %v", p)
		}
	}()
	sources := map[string]source{}
	collect(ch, top, sources)
	e := &engine{budget: &budget{ctx: ctx}, entropy: world}
	files, err = e.render(sources)
	maps.DeleteFunc(files, func(name, _ string) bool { return strings.HasSuffix(name, "NOTES.txt") })
	if err == nil {
		err = countDocuments(files)
	}
	return files, err
}

// countDocuments stops before documents are sorted, which takes Helm very long for very many.
func countDocuments(files map[string]string) error {
	n, size := 0, 0
	for _, text := range files {
		n += strings.Count(text, "\n---") + 1
		size += len(text)
	}
	if n > maxDocuments {
		return &LimitError{What: fmt.Sprintf("the templates render more than %d documents", maxDocuments)}
	}
	return (&budget{}).fits(size)
}
