package helm

import (
	"bytes"
	"cmp"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
	"time"

	"helm.sh/helm/v3/pkg/chart"
	"helm.sh/helm/v3/pkg/chart/loader"
	"helm.sh/helm/v3/pkg/ignore"

	"github.com/ferry-cd/ferry/render"
)

// load builds the chart in dir from files.
func load(files render.Files, dir string) (*chart.Chart, error) {
	buffers, err := chartFiles(files, dir)
	if err != nil {
		return nil, err
	}
	ch, err := loader.LoadFiles(buffers)
	if err != nil {
		return nil, loadError(dir, err)
	}
	order(ch)
	return ch, nil
}

// chartFiles lists what the CLI would read from the folder: in its order, without what .helmignore names.
func chartFiles(files render.Files, dir string) ([]*loader.BufferedFile, error) {
	rules, err := ignoreRules(files, dir)
	if err != nil {
		return nil, err
	}
	var out []*loader.BufferedFile
	archives := &unpacker{left: maxUnpacked}
	for _, name := range below(files, dir) {
		if !fs.ValidPath(name) {
			return nil, &ChartError{File: join(dir, "Chart.yaml"), Reason: fmt.Sprintf("%q is no name of a file of a chart", name)}
		}
		if ignored(rules, name) {
			continue
		}
		data := files[join(dir, name)]
		if int64(len(data)) > loader.MaxDecompressedFileSize {
			return nil, &ChartError{File: join(dir, name), Reason: fmt.Sprintf("%d bytes are more than Helm's limit of %d for one file of a chart", len(data), loader.MaxDecompressedFileSize),
				hint: "name the file in .helmignore if the chart does not need it"}
		}
		if err := archives.file(name, data); err != nil {
			return nil, &ChartError{File: join(dir, name), Reason: err.Error(), err: err}
		}
		out = append(out, &loader.BufferedFile{Name: name, Data: bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))})
	}
	if len(out) == 0 {
		return nil, &ChartError{File: join(dir, "Chart.yaml"), Reason: "there is no chart here"}
	}
	return out, nil
}

// below gives the names of the files in dir, relative to it, in the order of a walk: by folder, not by plain string.
func below(files render.Files, dir string) []string {
	var names []string
	for name := range files {
		if dir == "." || dir == "" {
			names = append(names, name)
		} else if rest, ok := strings.CutPrefix(name, dir+"/"); ok {
			names = append(names, rest)
		}
	}
	slices.SortFunc(names, func(a, b string) int {
		return slices.Compare(strings.Split(a, "/"), strings.Split(b, "/"))
	})
	return names
}

func ignoreRules(files render.Files, dir string) (*ignore.Rules, error) {
	rules := ignore.Empty()
	file := join(dir, ignore.HelmIgnore)
	if data, ok := files[file]; ok {
		parsed, err := ignore.Parse(bytes.NewReader(data))
		if err != nil {
			return nil, &ChartError{File: file, Reason: err.Error()}
		}
		rules = parsed
	}
	rules.AddDefaults()
	return rules, nil
}

// ignored asks the rules about every folder above the file and the file itself, as a walk would have.
func ignored(rules *ignore.Rules, name string) bool {
	for i, c := range name {
		if c == '/' && rules.Ignore(name[:i], entry{name: path.Base(name[:i]), dir: true}) {
			return true
		}
	}
	return rules.Ignore(name, entry{name: path.Base(name)})
}

// entry is as much of a file on disk as the rules of .helmignore ask for.
type entry struct {
	name string
	dir  bool
}

func (e entry) Name() string { return e.name }
func (e entry) Size() int64  { return 0 }
func (e entry) Mode() fs.FileMode {
	if e.dir {
		return fs.ModeDir | 0o755
	}
	return 0o644
}
func (e entry) ModTime() time.Time { return time.Time{} }
func (e entry) IsDir() bool        { return e.dir }
func (e entry) Sys() any           { return nil }

// order puts subcharts, which the loader hands over in the order of a map, into one that is always the same.
// It shows only where charts/ holds more than Chart.yaml names.
func order(ch *chart.Chart) {
	deps := slices.Clone(ch.Dependencies())
	slices.SortFunc(deps, func(a, b *chart.Chart) int {
		return cmp.Or(cmp.Compare(a.Name(), b.Name()), cmp.Compare(a.Metadata.Version, b.Metadata.Version), compareFiles(a.Raw, b.Raw))
	})
	ch.SetDependencies(deps...)
	for _, d := range deps {
		order(d)
	}
}

func compareFiles(a, b []*chart.File) int {
	return slices.CompareFunc(a, b, func(x, y *chart.File) int {
		return cmp.Or(cmp.Compare(x.Name, y.Name), bytes.Compare(x.Data, y.Data))
	})
}

// join names a file of the chart from the root of the file set.
func join(dir, name string) string { return path.Join(dir, name) }
