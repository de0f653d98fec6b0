// Package helm renders Helm charts in process, to the bytes that
// `helm template NAME CHART --include-crds --skip-tests -n NAMESPACE --kube-version VERSION` prints.
//
//	chart.go      the files of a chart, as the CLI would have loaded them
//	blueprint.go  what is the same in every render of a chart, kept from one to the next
//	values.go     layers of values and --set, merged as the CLI does
//	coalesce.go   the values that a chart is given over its own, down to its subcharts
//	settle.go     which subcharts a chart has, by conditions and tags, and what it imports from them
//	chartutil/    the types that templates see; engine/ that of .Files
//	schema.go     values.schema.json, with a loader that opens nothing
//	template.go   values in, rendered templates out, within the limits of a context
//	engine.go     Helm's engine, ours because Helm's can neither be stopped nor kept from clock and chance
//	template/     the execution of one template, as Go does it
//	parsed.go     the templates of a chart, parsed and compiled once; parsable.go what is too much for that
//	functions.go  what templates may call: clock.go and entropy.go what depends on the world
//	budget.go     limits, asked by paid.go and quick.go around functions and by what harden.go puts into templates
//	hooks.go      which hooks stay, go, or stop the render
//	sort.go       what was rendered, cut and put into Helm's order
//	document.go   the same as the CLI prints it, and as documents
//	errors.go     what went wrong: chart, file, line
//
// Nothing but the Request reaches a manifest: Helm's action and command packages, which know clusters, registries and
// home folders, are never imported; DNS functions answer with nothing; schemas may refer to themselves only; what depends
// on chance or on the time of day is refused.
package helm

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"maps"
	"runtime"
	"slices"

	"helm.sh/helm/v3/pkg/chart"

	"github.com/ferry-cd/ferry/render"
	"github.com/ferry-cd/ferry/render/helm/chartutil"
)

// libraryVersion is the version of Helm whose output this package reproduces; a test compares it with go.mod.
const libraryVersion = "v3.22.0"

// Renderer renders charts. Between renders it keeps what is the same in all renders of a chart, and nothing of any one
// render. It may be used by many goroutines at once.
type Renderer struct {
	charts blueprints
	second func() *entropy // the world in which a chart that asked for chance is rendered again
}

var _ render.Renderer = (*Renderer)(nil)

// New gives a renderer of charts.
func New() *Renderer { return &Renderer{second: secondWorld} }

// Name is the kind of template folder it renders.
func (*Renderer) Name() string { return "helm" }

// Version is Helm's, as in v3.22.0.
func (*Renderer) Version() string { return libraryVersion }

// Render renders the chart in r.Dir of r.Files. Without a release name or namespace it takes those of the CLI,
// "release-name" and "default"; without a Kubernetes version it refuses. What a chart would render differently the next
// time is refused too: a *RandomError.
func (h *Renderer) Render(ctx context.Context, r render.Request) (render.Output, error) {
	r.Limits = r.Limits.Or(render.BuiltIn)
	if r.Seed != "" {
		return h.seeded(ctx, r)
	}
	first := firstWorld()
	j, out, err := h.renderIn(ctx, r, first)
	if err != nil || len(first.asked) == 0 {
		return out, err
	}
	again, err := h.again(ctx, j, h.second(), first.asked, out)
	if err == nil && bytes.Equal(out.Raw, again.Raw) {
		return out, nil
	}
	return render.Output{}, randomError(r.Dir, out, again, first.asked, err)
}

// seeded renders in a world that follows from the seed. Keys, certificates and salted hashes do not: they are refused
// where the manifests show them.
func (h *Renderer) seeded(ctx context.Context, r render.Request) (render.Output, error) {
	world := seededWorld(r)
	j, out, err := h.renderIn(ctx, r, world)
	asked := unseedable(world.asked)
	if err != nil || len(asked) == 0 {
		return out, err
	}
	again, err := h.again(ctx, j, seededWorld(r), asked, out)
	if err == nil && bytes.Equal(out.Raw, again.Raw) {
		return out, nil
	}
	return render.Output{}, randomError(r.Dir, out, again, asked, err)
}

// renderIn renders the chart with values of its own: templates change them.
func (h *Renderer) renderIn(ctx context.Context, r render.Request, world *entropy) (*job, render.Output, error) {
	j, err := h.prepare(r)
	if err != nil {
		return nil, render.Output{}, err
	}
	if j.files, err = j.execute(ctx, world, func(string) bool { return true }); err != nil {
		return nil, render.Output{}, err
	}
	j.askedForAddresses(world)
	out, err := assemble(j.chart, j.files, r)
	out.Notices = slices.Concat(j.notices, out.Notices)
	return j, out, err
}

// again renders in another world. Where no template can have left anything for another one to see, only those that asked
// for chance or time can come out differently.
func (h *Renderer) again(ctx context.Context, j *job, world *entropy, asked map[string][]string, out render.Output) (render.Output, error) {
	if j.changed {
		_, out, err := h.renderIn(ctx, j.Request, world)
		runtime.KeepAlive(j) // so that nothing of the second render lies where something of the first did
		return out, err
	}
	some, err := j.execute(ctx, world, func(name string) bool { return asked[name] != nil })
	if err != nil {
		return render.Output{}, err
	}
	maps.DeleteFunc(some, func(name, text string) bool { return text == j.files[name] })
	if j.prints(some) {
		return out, nil
	}
	files := maps.Clone(j.files)
	maps.Copy(files, some)
	return assemble(j.chart, files, j.Request)
}

// prints tells whether the output is the same with some templates rendered to other text. What is printed of a template,
// and in which order, does not depend on the others; so only theirs are compared.
func (j *job) prints(other map[string]string) bool {
	if len(other) == 0 {
		return true
	}
	own := map[string]string{}
	for name := range other {
		own[name] = j.files[name]
	}
	r := j.Request
	r.IncludeCRDs = false
	before, errBefore := assemble(j.chart, own, r)
	after, errAfter := assemble(j.chart, other, r)
	return errBefore == nil && errAfter == nil && bytes.Equal(before.Raw, after.Raw)
}

// prepare settles everything that comes before the first template.
func (h *Renderer) prepare(r render.Request) (*job, error) {
	caps, err := capabilities(r.Kubernetes)
	if err != nil {
		return nil, err
	}
	values, err := mergeValues(r.Values, r.Set, r.Limits)
	if err != nil {
		return nil, err
	}
	b, err := h.charts.of(r.Files, r.Dir)
	if err != nil {
		return nil, err
	}
	for _, f := range b.chart.Raw {
		if err := r.Limits.CheckFile(join(r.Dir, f.Name), f.Data); err != nil {
			return nil, err
		}
	}
	if err := installable(b.chart, r.Dir, caps); err != nil {
		return nil, err
	}
	release, err := releaseOf(r)
	if err != nil {
		return nil, err
	}
	j := &job{Request: r, blueprint: b, sources: map[string]source{}}
	all, err := j.prepare(values)
	if err != nil {
		return nil, err
	}
	collect(j.chart, map[string]any{"Release": release, "Capabilities": caps, "Values": all}, j.sources)
	return j, nil
}

// releaseOf is what .Release shows.
func releaseOf(r render.Request) (map[string]any, error) {
	name := cmp.Or(r.Name, "release-name")
	if err := chartutil.ValidateReleaseName(name); err != nil {
		return nil, fmt.Errorf("release name %q: %w", name, err)
	}
	return map[string]any{
		"Name": name, "Namespace": cmp.Or(r.Namespace, "default"), "Revision": 1, "Service": "Helm", "IsInstall": true, "IsUpgrade": false,
	}, nil
}

// capabilities is what .Capabilities shows: Helm's built-in API versions and those that were asked for.
func capabilities(k render.Kubernetes) (*chartutil.Capabilities, error) {
	if k.Version == "" {
		return nil, &versionError{}
	}
	v, err := chartutil.ParseKubeVersion(k.Version)
	if err != nil {
		return nil, &versionError{given: k.Version, err: err}
	}
	return chartutil.Offline(*v, k.APIs), nil
}

// installable refuses what `helm template` refuses before it looks at a template.
func installable(ch *chart.Chart, dir string, caps *chartutil.Capabilities) error {
	file := join(dir, "Chart.yaml")
	switch ch.Metadata.Type {
	case "", "application":
	default:
		return &ChartError{File: file, Reason: fmt.Sprintf("a %s chart cannot be installed on its own", ch.Metadata.Type),
			hint: "render a chart that depends on it"}
	}
	if want := ch.Metadata.KubeVersion; want != "" && !chartutil.IsCompatibleRange(want, caps.KubeVersion.Version) {
		return &ChartError{File: file, Reason: fmt.Sprintf("the chart needs Kubernetes %s and is rendered for %s", want, caps.KubeVersion.Version),
			hint: "set the Kubernetes version of the environment (--kube-version)"}
	}
	return missingDependencies(ch, file)
}

// missingDependencies names every dependency of Chart.yaml that is not in charts/.
func missingDependencies(ch *chart.Chart, file string) error {
	have := map[string]bool{}
	for _, d := range ch.Dependencies() {
		have[d.Name()] = true
	}
	var missing []string
	for _, d := range ch.Metadata.Dependencies {
		if !have[d.Name] {
			missing = append(missing, dependencyText(d))
		}
	}
	if len(missing) == 0 {
		return nil
	}
	return &DependencyError{File: file, Missing: missing}
}

func dependencyText(d *chart.Dependency) string {
	text := d.Name
	if d.Version != "" {
		text += " " + d.Version
	}
	if d.Repository != "" {
		text += " from " + d.Repository
	}
	return text
}
