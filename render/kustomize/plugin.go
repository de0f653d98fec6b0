package kustomize

import (
	"path"
	"reflect"

	"sigs.k8s.io/kustomize/api/konfig"
	"sigs.k8s.io/kustomize/api/resource"
	"sigs.k8s.io/kustomize/api/types"
	"sigs.k8s.io/yaml"
)

// plugins follows a field whose entries are plugin configurations: inline, in a file, or in a folder.
func (k *kustomization) plugins(field string, entries []string) {
	for _, entry := range entries {
		// Text that parses but cannot stand beside itself, as with two of one name, is a path to kustomize after all.
		inline, err := k.factory.SliceFromBytes([]byte(entry))
		if err == nil && !fetchable(entry) {
			k.configurations(k.file, k.text, inline)
			continue
		}
		k.pluginFile(field, entry, k)
	}
}

// pluginFile follows plugin configurations of owner that are not inline.
func (k *kustomization) pluginFile(field, entry string, owner *kustomization) {
	if !k.local(field, entry) {
		return
	}
	name := path.Join(k.dir, entry)
	data, err := k.read(name)
	if err != nil {
		k.folder(field, entry, owner)
		return
	}
	if !k.take(field, entry, name, data) {
		return
	}
	configs, err := k.factory.SliceFromBytes(data)
	if err != nil {
		k.problem(field, entry, "holds no plugin configuration: "+err.Error(), "")
		return
	}
	owner.configurations(name, data, configs)
}

// followPlugins follows a kustomization that lists plugin configurations of owner. Only one that does nothing else can
// be looked through before the build; one that patches or generates them could make a path out of any text.
func (k *kustomization) followPlugins(owner *kustomization) {
	k.stack = append(k.stack, k.dir)
	defer func() { k.stack = k.stack[:len(k.stack)-1] }()
	plain := types.Kustomization{TypeMeta: k.TypeMeta, MetaData: k.MetaData, Resources: k.Resources}
	if !reflect.DeepEqual(plain, k.Kustomization) {
		k.refuse("", "", "plugin configuration may be listed here, not computed: ferry could not tell what it would read",
			"keep only `resources` in this kustomization and write its result into the files")
		return
	}
	for _, entry := range k.Resources {
		k.pluginFile("resources", entry, owner)
	}
}

// configurations follows plugins that were found in a file. Their paths count from the kustomization that uses them.
func (k *kustomization) configurations(file string, text []byte, configs []*resource.Resource) {
	user := &kustomization{walker: k.walker, dir: k.dir, file: file, text: text}
	for _, c := range configs {
		user.configuration(c)
	}
}

// reads are the fields with which built-in plugins name files.
type reads struct {
	Path           string                      `json:"path"`
	Paths          []types.PatchStrategicMerge `json:"paths"`
	TargetFilePath string                      `json:"targetFilePath"`
	Replacements   []struct {
		Path string `json:"path"`
	} `json:"replacements"`
	types.KvPairSources
}

// configuration follows one plugin. Those that are not part of the library are commands, Go plugins or containers.
func (k *kustomization) configuration(c *resource.Resource) {
	kind := c.GetKind()
	if c.GetApiVersion() != konfig.BuiltinPluginApiVersion {
		k.refuse("", kind, "is a plugin that kustomize would run as a command or container; ferry runs none",
			"only plugins with apiVersion: builtin work; commit what the plugin makes instead")
		return
	}
	if kind == "HelmChartInflationGenerator" {
		k.refuseChart(kind, c.GetName())
		return
	}
	var r reads
	data, err := c.AsYAML()
	if err == nil {
		err = yaml.Unmarshal(data, &r)
	}
	if err != nil {
		k.problem("", kind, "cannot be read: "+err.Error(), "")
		return
	}
	k.loads(kind, r.Path, r.TargetFilePath)
	for _, p := range r.Paths {
		k.patchOrPath(kind, string(p))
	}
	for _, p := range r.Replacements {
		k.loads(kind, p.Path)
	}
	k.pairs(kind, r.KvPairSources)
}
