package helm

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"helm.sh/helm/v3/pkg/chart"

	"github.com/ferry-cd/ferry/render"
	"github.com/ferry-cd/ferry/render/helm/chartutil"
)

// prepare settles dependencies and values, and checks them against their schemas.
func (j *job) prepare(given map[string]any) (chartutil.Values, error) {
	ch, saidOfCharts, err := j.settle(given)
	if err != nil {
		return nil, j.unsettled(err)
	}
	said := map[string]bool{}
	values, err := coalesce(ch, given, &coalescing{said: said})
	switch {
	case err != nil && ch.Metadata.Dependencies != nil:
		return nil, j.unsettled(err)
	case err != nil:
		return nil, &ChartError{File: join(j.Dir, "values.yaml"), Reason: err.Error()}
	}
	if err := j.checkSchemas(ch, values, j.Dir); err != nil {
		return nil, err
	}
	j.chart = ch
	j.notice("Chart.yaml", saidOfCharts)
	j.notice("values.yaml", slices.Sorted(maps.Keys(said)))
	return values, nil
}

// notice keeps what people may want to know of a file of the chart, as much of it as anybody reads.
func (j *job) notice(file string, said []string) {
	const most = 10
	for i, s := range said {
		if i == most {
			s = fmt.Sprintf("and %d more like that", len(said)-most)
		}
		j.notices = append(j.notices, join(j.Dir, file)+": "+s)
		if i == most {
			return
		}
	}
}

func (j *job) unsettled(err error) error {
	return &ChartError{File: join(j.Dir, "Chart.yaml"), Reason: "settle the dependencies: " + err.Error()}
}

// job is one render on its way: a chart with its values, and what the templates made of them.
type job struct {
	render.Request
	*blueprint
	chart   *chart.Chart // as its values leave it
	notices []string
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
