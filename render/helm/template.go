package helm

import (
	"context"
	"fmt"
	"strings"
	"time"

	"helm.sh/helm/v3/pkg/chart"
	"helm.sh/helm/v3/pkg/chartutil"
	"helm.sh/helm/v3/pkg/engine"
)

// timeLimit ends a render whose caller set no deadline. Helm's engine cannot be stopped from outside: what a hostile
// chart started goes on in its goroutine until the process ends, but nobody waits for it.
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
func execute(ctx context.Context, ch *chart.Chart, top chartutil.Values, dir string) (map[string]string, error) {
	ctx, cancel := context.WithTimeout(ctx, timeLimit)
	defer cancel()
	type result struct {
		files map[string]string
		err   error
	}
	done := make(chan result, 1)
	go func() {
		files, err := engine.Engine{}.Render(ch, top)
		done <- result{files, err}
	}()
	select {
	case <-ctx.Done():
		return nil, fmt.Errorf("render chart %s in %s: %w", ch.Name(), dir, context.Cause(ctx))
	case r := <-done:
		if r.err != nil {
			return nil, templateError(ch, dir, r.err)
		}
		for name := range r.files {
			if strings.HasSuffix(name, "NOTES.txt") {
				delete(r.files, name)
			}
		}
		return r.files, nil
	}
}
