package kustomize

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strings"

	"sigs.k8s.io/kustomize/api/konfig"
	"sigs.k8s.io/kustomize/api/provider"
	"sigs.k8s.io/kustomize/api/resource"
	"sigs.k8s.io/kustomize/api/types"

	"github.com/ferry-cd/ferry/render"
)

// reader gives the bytes of a file by its slash-separated path from the root of the file set; a file that is not there,
// or a folder, is fs.ErrNotExist.
type reader func(path string) ([]byte, error)

func fromFiles(files render.Files) reader {
	return func(name string) ([]byte, error) {
		data, ok := files[name]
		if !ok {
			return nil, fs.ErrNotExist
		}
		return data, nil
	}
}

// listed names the files of a set below a folder.
func listed(files render.Files) func(string) []string {
	return func(dir string) []string {
		var all []string
		for name := range files {
			if strings.HasPrefix(name, dir+"/") {
				all = append(all, name)
			}
		}
		return all
	}
}

// Gather reads exactly the files that a build of the kustomization in dir reads, for whoever does not want to read all
// there are. read gives a file by its slash-separated path, fs.ErrNotExist for what is none; list names the files below a
// folder, for charts. All that is wrong with what the kustomizations refer to comes back as one joined error.
func (*Renderer) Gather(read func(path string) ([]byte, error), list func(dir string) []string, dir string) (render.Files, error) {
	w, err := walk(read, list, dir, render.BuiltIn)
	if err != nil {
		return nil, err
	}
	return w.files, nil
}

// walker follows a kustomization to everything it reads.
type walker struct {
	limits   render.Limits
	read     reader
	list     func(dir string) []string // nil where nobody can tell
	dir      string
	factory  *resource.Factory // of its abilities only those that leave the schema alone: the walk is outside the fence
	files    render.Files
	schema   bool     // some kustomization of the tree brings its own schema
	metadata []string // buildMetadata of the root
	stack    []string // folders of kustomizations on the way to the current one
	done     map[visit]bool
	problems []error
	root     string // file of the root kustomization
	made     map[string][]made
	followed []*kustomization
	modern   map[string][]byte // kustomizations without the words that the library complains of
	whole    string            // why a large build was not split
	listed   map[string]bool   // files that are resources
	loaded   map[string]bool   // files that are something else, perhaps as well
	stubs    map[string]*stub  // by word; what the library sees in place of them
	stubbing bool
	last     *last // of the root kustomization; nil where nothing may come last

	size, documents int // of what was taken into the set
	unfolded        int // values that aliases add to it
}

// inputShare and documentShare are the parts of the memory and the documents of a render that the files of a build may have:
// the library's time grows with the square of the number of resources.
const (
	inputShare    = 4
	documentShare = 2
)

// visit is a folder and, where it holds plugin configurations, the folder that their paths count from.
type visit struct{ dir, owner string }

func walk(read reader, list func(string) []string, dir string, limits render.Limits) (*walker, error) {
	w := &walker{
		limits: limits, read: read, list: list, dir: path.Clean(dir), files: render.Files{}, done: map[visit]bool{}, made: map[string][]made{}, modern: map[string][]byte{},
		listed: map[string]bool{}, loaded: map[string]bool{}, stubs: map[string]*stub{},
		factory: provider.NewDepProvider().GetResourceFactory(),
	}
	if !fs.ValidPath(w.dir) {
		return nil, &Problem{File: dir, Reason: "is not a folder of the sources"}
	}
	root := &kustomization{walker: w, dir: w.dir}
	if root.open() {
		w.root, w.metadata = root.file, root.BuildMetadata
		root.follow()
	}
	return w, errors.Join(w.problems...)
}

// kustomization is one file of that name, while it is being followed.
type kustomization struct {
	*walker
	types.Kustomization
	dir  string
	file string
	text []byte
}

// open reads the one kustomization file of the folder and says whether there is one that can be followed.
func (k *kustomization) open() bool {
	var found []string
	for _, name := range konfig.RecognizedKustomizationFileNames() {
		file := path.Join(k.dir, name)
		if data, err := k.read(file); err == nil {
			found = append(found, file)
			k.file, k.text = file, data
			k.files[file] = data
		} else if !errors.Is(err, fs.ErrNotExist) {
			k.problems = append(k.problems, fmt.Errorf("read %s: %w", file, err))
			return false
		}
	}
	switch len(found) {
	case 0:
		k.problems = append(k.problems, &Problem{File: k.dir, Reason: "there is no kustomization.yaml here"})
		return false
	case 1:
		return k.parse()
	}
	k.problems = append(k.problems, &Problem{File: k.dir, Reason: "more than one kustomization file: " + strings.Join(found, ", ")})
	return false
}

func (k *kustomization) parse() (ok bool) {
	if err := k.unfolds(k.text); err != nil {
		k.refuse("", "", err.Error(), "write the values out where they are used; "+render.AliasesLimit.Hint())
		return false
	}
	defer func() {
		if p := recover(); p != nil {
			k.problems = append(k.problems, &Problem{File: k.file, Reason: fmt.Sprintf("kustomize cannot read it: %v", p)})
			ok = false
		}
	}()
	if err := k.Unmarshal(k.text); err != nil {
		k.problems = append(k.problems, &Problem{File: k.file, Reason: err.Error()})
		return false
	}
	complaints := k.CheckDeprecatedFields()
	k.FixKustomization()
	if complaints != nil && len(*complaints) > 0 {
		k.modernise()
	}
	return true
}

// follow looks at every field that names a file, a folder, or something to fetch or run.
func (k *kustomization) follow() {
	k.stack = append(k.stack, k.dir)
	defer func() { k.stack = k.stack[:len(k.stack)-1] }()
	k.schema = k.schema || len(k.OpenAPI) > 0
	k.followed = append(k.followed, k)
	for _, entry := range k.Resources {
		k.resource("resources", entry)
	}
	for _, entry := range k.Components {
		if k.local("components", entry) {
			k.folder("components", entry, nil)
		}
	}
	k.plugins("generators", k.Generators)
	k.plugins("transformers", k.Transformers)
	k.plugins("validators", k.Validators)
	k.loads("crds", k.Crds...)
	k.loads("configurations", k.Configurations...)
	k.loads("openapi", k.OpenAPI["path"])
	k.followPatches()
	k.followGenerators()
	for _, c := range k.HelmCharts {
		k.chart(c)
	}
}

func (k *kustomization) followPatches() {
	for _, p := range k.Patches {
		k.loads("patches", p.Path)
	}
	for _, p := range k.PatchesJson6902 {
		k.loads("patchesJson6902", p.Path)
	}
	for _, p := range k.PatchesStrategicMerge {
		k.patchOrPath("patchesStrategicMerge", string(p))
	}
	for _, r := range k.Replacements {
		k.loads("replacements", r.Path)
	}
}

func (k *kustomization) followGenerators() {
	for _, g := range k.ConfigMapGenerator {
		k.pairs("configMapGenerator", g.KvPairSources)
	}
	for _, g := range k.SecretGenerator {
		k.pairs("secretGenerator", g.KvPairSources)
	}
}

// patchOrPath is a field in which kustomize takes whatever parses as resources for the patch itself.
func (k *kustomization) patchOrPath(field, entry string) {
	if _, err := k.factory.SliceFromBytes([]byte(entry)); err != nil {
		k.loads(field, entry)
	}
}

func (k *kustomization) pairs(field string, sources types.KvPairSources) {
	for _, source := range sources.FileSources {
		name, file, keyed := strings.Cut(source, "=")
		if !keyed {
			file = name
		}
		k.loads(field, file)
	}
	k.loads(field, sources.EnvSources...)
	k.loads(field, sources.EnvSource)
}

// refuseChart is about a chart that a plugin would inflate.
func (k *kustomization) refuseChart(field, name string) {
	k.refuse(field, name, "is a chart that kustomize would run the helm command for; ferry runs no commands",
		"write it as helmCharts, make the chart an app of its own, or commit its manifests (ferry render CHART -o DIR)")
}

// resource is an entry that may be a file or the folder of another kustomization.
func (k *kustomization) resource(field, entry string) {
	if !k.local(field, entry) {
		return
	}
	name := path.Join(k.dir, entry)
	data, err := k.read(name)
	if err != nil {
		k.folder(field, entry, nil)
		return
	}
	if k.take(field, entry, name, data) {
		k.listed[name] = true
		k.remember(name, data)
	}
}

// take puts a file into the set, unless it would blow up.
func (k *kustomization) take(field, entry, name string, data []byte) bool {
	if len(data) > k.limits.File {
		k.refuse(field, entry, "is a file of more than "+render.Size(k.limits.File), render.FileLimit.Hint())
		return false
	}
	if err := k.unfolds(data); err != nil {
		k.refuse(field, entry, err.Error(), "write the values out where they are used; "+render.AliasesLimit.Hint())
		return false
	}
	k.size += len(data)
	k.documents += bytes.Count(data, []byte("\n---"))
	switch bytes, documents := k.limits.Memory/inputShare, k.limits.Documents/documentShare; {
	case k.size > bytes:
		k.refuse(field, entry, "is one too many: a build reads no more than "+render.Size(bytes), "split the kustomization into several apps; "+render.MemoryLimit.Hint())
		return false
	case k.documents > documents:
		k.refuse(field, entry, fmt.Sprintf("is one too many: a build reads no more than %d documents", documents), "split the kustomization into several apps; "+render.DocumentsLimit.Hint())
		return false
	}
	k.files[name] = data
	return true
}

// folder follows the kustomization in another folder; with an owner, one that lists the owner's plugins.
func (k *kustomization) folder(field, entry string, owner *kustomization) {
	dir := path.Join(k.dir, entry)
	for _, above := range k.stack {
		if above == dir || dir == "." || strings.HasPrefix(above, dir+"/") {
			k.problem(field, entry, fmt.Sprintf("leads back to %s, which is being built: a cycle", above), "")
			return
		}
	}
	if k.done[visitOf(dir, owner)] {
		return
	}
	k.done[visitOf(dir, owner)] = true
	next := &kustomization{walker: k.walker, dir: dir}
	if !next.present() {
		k.problem(field, entry, "is neither a file nor a folder with a kustomization.yaml", "paths count from the folder of "+k.file)
		return
	}
	switch {
	case !next.open():
	case owner != nil:
		next.followPlugins(owner)
	default:
		next.follow()
	}
}

func visitOf(dir string, owner *kustomization) visit {
	if owner == nil {
		return visit{dir: dir}
	}
	return visit{dir: dir, owner: owner.dir}
}

// present says whether the folder holds a kustomization at all.
func (k *kustomization) present() bool {
	for _, name := range konfig.RecognizedKustomizationFileNames() {
		if _, err := k.read(path.Join(k.dir, name)); !errors.Is(err, fs.ErrNotExist) {
			return true
		}
	}
	return false
}

// loads takes files into the set. Empty entries are fields that were left out.
func (k *kustomization) loads(field string, entries ...string) {
	for _, entry := range entries {
		if entry == "" || !k.local(field, entry) {
			continue
		}
		name := path.Join(k.dir, entry)
		data, err := k.read(name)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			k.problem(field, entry, "does not exist", "paths count from the folder of "+k.file)
		case err != nil:
			k.problem(field, entry, "cannot be read: "+err.Error(), "")
		default:
			k.loaded[name] = true
			k.take(field, entry, name, data)
		}
	}
}

// local refuses every entry that is not a path inside the file set.
func (k *kustomization) local(field, entry string) bool {
	switch {
	case entry == "":
		k.problem(field, entry, "an empty entry names nothing", "")
	case remote(entry):
		k.refuse(field, entry, "would be fetched; a render opens no connection and runs no git",
			"ferry vendor notes which content it is, and submit brings that in; or copy it into the repository")
	case path.IsAbs(entry) || strings.ContainsRune(entry, '\\') || strings.ContainsRune(entry, 0):
		k.refuse(field, entry, "is not a relative path with forward slashes", "paths count from the folder of "+k.file)
	case !fs.ValidPath(path.Join(k.dir, entry)):
		k.refuse(field, entry, "leaves the sources",
			"set source.root (ferry render: --root) to a folder that holds both, such as the top of the repository")
	default:
		return true
	}
	return false
}

func (k *kustomization) problem(field, entry, reason, hint string) {
	line, column := at(k.text, entry)
	k.problems = append(k.problems, &Problem{File: k.file, Line: line, Column: column, Field: field, Entry: entry, Reason: reason, hint: hint})
}

func (k *kustomization) refuse(field, entry, reason, hint string) {
	line, column := at(k.text, entry)
	k.problems = append(k.problems, &Problem{File: k.file, Line: line, Column: column, Field: field, Entry: entry, Reason: reason, hint: hint, policy: true})
}
