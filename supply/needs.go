package supply

import (
	"maps"
	"path"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// need is something that a file of a source names and that the source does not hold.
type need struct {
	In   string // the file that names it, from the root of the source
	Asks string // what it names, as ferry.lock says it: the same words are the same need

	// One of three: a chart for the folder of a chart or kustomization, a remote base, or a chart of this very tree.
	Chart, Version, Repository string
	Place                      string // the folder that the chart goes to, as an archive or, where Laid, laid open
	Laid                       bool
	Base                       *remoteBase
	Local                      string // the folder of the chart in this tree
}

// needsOf finds what the files of a source name, in the order of their paths.
func needsOf(files map[string][]byte, alias func(string) string) ([]need, error) {
	var all []need
	for _, file := range slices.Sorted(maps.Keys(files)) {
		var some []need
		var err error
		switch base := path.Base(file); {
		case inside(files, file):
			continue
		case base == "Chart.yaml":
			some, err = chartNeeds(files, parent(file), alias)
		case slices.Contains(kustomizationNames, base):
			some, err = kustomizationNeeds(files, file)
		}
		if err != nil {
			return nil, err
		}
		all = append(all, some...)
	}
	return all, nil
}

var kustomizationNames = []string{"kustomization.yaml", "kustomization.yml", "Kustomization"}

// inside tells files that belong to a chart around them: its charts/ and templates/ are its own affair.
func inside(files map[string][]byte, file string) bool {
	for dir := parent(file); dir != ""; dir = parent(dir) {
		if base := path.Base(dir); base != "charts" && base != "templates" {
			continue
		}
		if _, chart := files[join(parent(dir), "Chart.yaml")]; chart {
			return true
		}
	}
	return strings.HasPrefix(file, mounts+"/") || strings.Contains(file, "/"+mounts+"/")
}

func parent(p string) string {
	if dir := path.Dir(p); dir != "." {
		return dir
	}
	return ""
}

func join(dir, name string) string { return path.Join(dir, name) }

// chartNeeds are the dependencies of a chart that are not in its charts/ folder. Where all are, nobody asks what its lock says:
// Helm does not when it renders.
func chartNeeds(files map[string][]byte, dir string, alias func(string) string) ([]need, error) {
	file, asked, err := dependenciesOf(files, dir)
	if err != nil || !slices.ContainsFunc(asked, func(d *dependency) bool { return !vendored(files, dir, d.Name) }) {
		return nil, err
	}
	locked, err := lockedBy(files, dir, asked)
	if err != nil {
		return nil, err
	}
	var all []need
	for _, d := range locked {
		if vendored(files, dir, d.Name) {
			continue
		}
		n := need{In: file, Chart: d.Name, Version: d.Version, Repository: strings.TrimSuffix(d.Repository, "/")}
		if n, err = n.from(dir, alias); err != nil {
			return nil, err
		}
		if !slices.ContainsFunc(all, func(o need) bool { return o.Asks == n.Asks }) {
			all = append(all, n)
		}
	}
	return all, nil
}

// vendored tells whether a chart's charts/ folder holds a dependency, as a folder or an archive.
func vendored(files map[string][]byte, dir, name string) bool {
	if _, ok := files[join(dir, "charts/"+name+"/Chart.yaml")]; ok {
		return true
	}
	start := join(dir, "charts/"+name+"-")
	for p := range files {
		if rest, ok := strings.CutPrefix(p, start); ok && strings.HasSuffix(rest, ".tgz") && rest[0] >= '0' && rest[0] <= '9' {
			return true
		}
	}
	return false
}

// from settles where a dependency of a chart comes from.
func (n need) from(dir string, alias func(string) string) (need, error) {
	for _, mark := range []string{"@", "alias:"} {
		name, named := strings.CutPrefix(n.Repository, mark)
		if !named {
			continue
		}
		if alias != nil {
			n.Repository = strings.TrimSuffix(alias(name), "/")
		}
		if alias == nil || n.Repository == "" {
			return n, wrong(n.In, "write the address itself: a name is known to one machine only", "dependency %s comes from the repository called %q, which is not known here", n.Chart, name)
		}
	}
	folder, local := strings.CutPrefix(n.Repository, "file://")
	switch {
	case n.Repository == "":
		return n, wrong(n.In, "add it there, or say where it comes from with repository:", "dependency %s names no repository and is not in charts/", n.Chart)
	case local:
		n.Local = path.Join(dir, folder)
		if path.IsAbs(folder) || n.Local == ".." || strings.HasPrefix(n.Local, "../") {
			return n, wrong(n.In, "set source.root of the app in ferry.yaml to a folder that holds both", "dependency %s is the folder %s, outside of what is stored with a release", n.Chart, folder)
		}
	case strings.ContainsAny(n.Chart, `/\`) || n.Chart == "..":
		return n, wrong(n.In, "", "%q is no name of a chart", n.Chart)
	case !isRepository(n.Repository):
		return n, wrong(n.In, "as https://charts.example.com or oci://ghcr.io/acme/charts", "dependency %s comes from %q, which is no address of charts", n.Chart, n.Repository)
	}
	n.Asks = asks(n.Chart, n.Version, n.Repository)
	n.Place = join(dir, "charts")
	return n, nil
}

func isRepository(address string) bool {
	for _, scheme := range []string{"https://", "http://", "oci://"} {
		if strings.HasPrefix(address, scheme) {
			return true
		}
	}
	return false
}

// asks puts a need for a chart into words.
func asks(chart, version, repository string) string {
	return strings.Join(strings.Fields(chart+" "+version+" from "+repository), " ")
}

// kustomization is what of a kustomization names things elsewhere.
type kustomization struct {
	Resources   []string `yaml:"resources"`
	Bases       []string `yaml:"bases"`
	Components  []string `yaml:"components"`
	HelmGlobals struct {
		ChartHome string `yaml:"chartHome"`
	} `yaml:"helmGlobals"`
	HelmCharts []struct {
		Name    string `yaml:"name"`
		Version string `yaml:"version"`
		Repo    string `yaml:"repo"`
	} `yaml:"helmCharts"`
}

// kustomizationNeeds are remote entries, and charts that are not where kustomize would have pulled them to. What cannot be
// read is for the renderer to say.
func kustomizationNeeds(files map[string][]byte, file string) ([]need, error) {
	var k kustomization
	if yaml.Unmarshal(files[file], &k) != nil {
		return nil, nil
	}
	var all []need
	for _, entry := range slices.Concat(k.Resources, k.Bases, k.Components) {
		if b, remote := parseRemote(entry); remote {
			all = append(all, need{In: file, Asks: entry, Base: &b})
		}
	}
	home := k.HelmGlobals.ChartHome
	if home == "" {
		home = "charts"
	}
	for _, c := range k.HelmCharts {
		place := join(parent(file), home)
		if c.Version != "" && c.Repo != "" {
			place = join(place, c.Name+"-"+c.Version)
		}
		place = join(place, c.Name)
		if _, there := files[join(place, "Chart.yaml")]; there || c.Repo == "" || c.Name == "" {
			continue
		}
		if place == ".." || strings.HasPrefix(place, "../") || path.IsAbs(home) || strings.ContainsAny(c.Name, `/\`) {
			return nil, wrong(file, "", "the chart %q would lie in %q, outside of the source", c.Name, place)
		}
		if !isRepository(c.Repo) {
			return nil, wrong(file, "as https://charts.example.com or oci://ghcr.io/acme/charts", "the chart %s comes from %q, which is no address of charts", c.Name, c.Repo)
		}
		repo := strings.TrimSuffix(c.Repo, "/")
		all = append(all, need{In: file, Asks: asks(c.Name, c.Version, repo), Chart: c.Name, Version: c.Version, Repository: repo, Place: place, Laid: true})
	}
	return all, nil
}
