package environments

import (
	"reflect"
	"strings"
)

// renderingFile is how an app is rendered, and what happens to its manifests afterwards: what defaults, an environment, an
// app and its override of an environment may say.
type renderingFile struct {
	Patches         []patchFile   `yaml:"patches" doc:"Patches of the rendered manifests, in this order: strategic merge patches, or JSON 6902 with a target." example:"[{path: patches/shop.yaml}]"`
	Extra           []extraFile   `yaml:"extra" doc:"Files of manifests, or folders of them or with a kustomization.yaml, in the GitOps repository, that are added to what was rendered; ? marks one that may be missing." example:"[\"extra/{app}?\"]"`
	Drop            []dropFile    `yaml:"drop" doc:"Rendered resources that are left out." example:"[{kind: Secret, name: shop}]"`
	Hooks           hooksRule     `yaml:"hooks" default:"keep for argocd, fail for flux" doc:"What happens to the hooks of a chart: keep prints them for an engine that runs them, drop leaves them out, fail refuses them. Tests are always left out." example:"drop"`
	IncludeCRDs     *bool         `yaml:"includeCRDs" doc:"Whether the definitions in the crds folder of a chart are rendered." example:"false"`
	InjectNamespace *bool         `yaml:"injectNamespace" doc:"Write the app's namespace into every namespaced resource that names none." example:"true"`
	Validate        validateRule  `yaml:"validate" doc:"What a resource that does not fit its schema does: strict refuses it, warn tells reviewers, off does not look. Schemas are those of Kubernetes' own kinds, of CustomResourceDefinitions in the render, and of .ferry/schemas. An included file may not say it." example:"strict"`
	Limits          limitsFile    `yaml:"limits" doc:"What one render may take: far above what charts need, so that no template keeps a run from ending. An included file may not say it, and --limits (FERRY_LIMITS) says how far it may go." example:"{memory: 512MB, time: 1m}"`
	Deterministic   deterministic `yaml:"deterministic" doc:"What a chart that asks for chance or the time does: strict refuses it where the manifests show it, seeded gives it what follows from the release. Keys and certificates are always refused." example:"seeded"`
}

type patchFile struct {
	Path   valuesFile `yaml:"path" jsonschema:"required" doc:"File of the GitOps repository with one patch or several; ? marks one that may be missing." example:"\"patches/{app}.yaml?\""`
	Target targetFile `yaml:"target" doc:"Which resources it changes. Without it, a strategic merge patch changes the one it names." example:"{kind: Deployment}"`
}

type targetFile struct {
	Group              text `yaml:"group" doc:"API group; without it, any." example:"apps"`
	Version            text `yaml:"version" doc:"API version; without it, any." example:"v1"`
	Kind               text `yaml:"kind" doc:"Kind, or a pattern with * of it; without it, any." example:"Deployment"`
	Name               text `yaml:"name" doc:"Name, or a pattern with * of it; without it, any." example:"shop-*"`
	Namespace          text `yaml:"namespace" doc:"Namespace; without it, any." example:"shop"`
	LabelSelector      text `yaml:"labelSelector" doc:"Labels that the resource has." example:"tier=backend"`
	AnnotationSelector text `yaml:"annotationSelector" doc:"Annotations that the resource has." example:"patched=yes"`
}

type dropFile struct {
	Group     text `yaml:"group" doc:"API group; without it, any." example:"batch"`
	Kind      text `yaml:"kind" jsonschema:"required" doc:"Kind, or a pattern with * of it." example:"Secret"`
	Name      text `yaml:"name" jsonschema:"required" doc:"Name, or a pattern with * of it." example:"shop"`
	Namespace text `yaml:"namespace" doc:"Namespace; without it, any." example:"shop"`
}

type policyFile struct {
	Name     appName    `yaml:"name" jsonschema:"required" doc:"Name of the rule, for messages." example:"replicas"`
	Rule     policyText `yaml:"rule" jsonschema:"required" doc:"A CEL expression over object, app and environment; true where the resource is as it should be." example:"\"object.kind != 'Deployment' || object.spec.replicas > 1\""`
	Message  text       `yaml:"message" jsonschema:"required" doc:"What a person is told where it is false." example:"one replica is none"`
	Severity severity   `yaml:"severity" default:"error" doc:"error refuses the promotion, warning tells reviewers." example:"warning"`
}

// The kinds of text in this file.
type (
	extraFile     string
	hooksRule     string
	validateRule  string
	deterministic string
	policyText    string
	severity      string
)

func (extraFile) rule() rule {
	return rule{name: "a file or folder of the GitOps repository", check: checkTemplated(func(s string) error {
		return checkFolder(strings.TrimSuffix(s, "?"))
	})}
}

func (hooksRule) rule() rule     { return words("keep", "drop", "fail") }
func (validateRule) rule() rule  { return words("strict", "warn", "off") }
func (deterministic) rule() rule { return words("strict", "seeded") }
func (severity) rule() rule      { return words("error", "warning") }
func (policyText) rule() rule {
	return rule{name: "a CEL expression", pattern: `^[^\x00-\x08\x0b-\x1f\x7f]+$`}
}

// Rendering is how an app is rendered in an environment, and what happens to its manifests afterwards.
type Rendering struct {
	Patches         []Patch  `json:",omitempty"`
	Extra           []Values `json:",omitempty"` // files, or folders of them
	Drop            []Target `json:",omitempty"`
	Hooks           string   `json:",omitempty"` // keep, drop or fail; "" = what the engine asks for
	OmitCRDs        bool     `json:",omitempty"`
	InjectNamespace bool     `json:",omitempty"`
	Seeded          bool     `json:",omitempty"` // chance and time follow from the release
	Validate        string   `json:"-"`          // strict, warn or off: judges manifests and changes none
	Limits          Limits   `json:"-"`          // refuse manifests and change none
}

// Patch is a file with patches and the resources it changes.
type Patch struct {
	Values
	Target Target // the zero Target: the resource that the patch names
}

// Target selects resources; an empty field selects all. Kind and Name may be patterns with *.
type Target struct {
	Group              string `json:",omitempty"`
	Version            string `json:",omitempty"`
	Kind               string `json:",omitempty"`
	Name               string `json:",omitempty"`
	Namespace          string `json:",omitempty"`
	LabelSelector      string `json:",omitempty"`
	AnnotationSelector string `json:",omitempty"`
}

// Policy is a rule that every resource must follow.
type Policy struct {
	Name    string
	Rule    string // CEL
	Message string
	Warning bool     // it does not refuse
	From    Position // where Rule is written
}

// Configuration lists what an app reads of the GitOps repository: values, patches and extras. Folder is true for what may
// be a folder, all of which is read.
func (p Placement) Configuration() []Reading {
	var all []Reading
	for _, v := range p.Values {
		all = append(all, Reading{Values: v, Key: "values"})
	}
	for _, patch := range p.Rendering.Patches {
		all = append(all, Reading{Values: patch.Values, Key: "patches"})
	}
	for _, v := range p.Rendering.Extra {
		all = append(all, Reading{Values: v, Key: "extra", Folder: true})
	}
	return all
}

// Reading is one file, or folder, of the GitOps repository that a render reads.
type Reading struct {
	Values
	Key    string // of ferry.yaml: values, patches or extra
	Folder bool
}

// Covers tells whether a file is this one, or lies in this folder.
func (r Reading) Covers(file string) bool {
	return r.Path == file || r.Folder && strings.HasPrefix(file, r.Path+"/")
}

// What names it for messages.
func (r Reading) What() string {
	return map[string]string{"values": "the values file", "patches": "the patch", "extra": "the extra"}[r.Key]
}

func renderingOf(s renderingFile, fill fill) Rendering {
	out := Rendering{
		Hooks: string(s.Hooks), OmitCRDs: s.IncludeCRDs != nil && !*s.IncludeCRDs,
		InjectNamespace: s.InjectNamespace != nil && *s.InjectNamespace, Seeded: s.Deterministic == "seeded", Validate: string(s.Validate), Limits: limitsOf(s.Limits),
	}
	for _, p := range s.Patches {
		out.Patches = append(out.Patches, Patch{Values: valuesOf([]valuesFile{p.Path}, fill)[0], Target: targetOf(p.Target, fill)})
	}
	for _, e := range s.Extra {
		out.Extra = append(out.Extra, valuesOf([]valuesFile{valuesFile(e)}, fill)...)
	}
	for _, d := range s.Drop {
		out.Drop = append(out.Drop, targetOf(targetFile{Group: d.Group, Kind: d.Kind, Name: d.Name, Namespace: d.Namespace}, fill))
	}
	return out
}

func targetOf(t targetFile, fill fill) Target {
	return Target{Group: string(t.Group), Version: string(t.Version), Kind: string(t.Kind), Name: fill.Replace(string(t.Name)),
		Namespace: fill.Replace(string(t.Namespace)), LabelSelector: fill.Replace(string(t.LabelSelector)), AnnotationSelector: fill.Replace(string(t.AnnotationSelector))}
}

// renderingKeys are the keys of renderingFile.
func renderingKeys() []string { return keysOf(reflect.TypeFor[renderingFile]()) }

// policies gives the rules of ferry.yaml with their places.
func (l *loader) policies() []Policy {
	var out []Policy
	for i, p := range l.root.Policies {
		at := l.rootNode.get("policies").item(i).at("rule")
		out = append(out, Policy{Name: string(p.Name), Rule: string(p.Rule), Message: string(p.Message), Warning: p.Severity == "warning", From: at})
	}
	return out
}

// checkPolicies wants each name once.
func (l *loader) checkPolicies() {
	seen := map[string]Position{}
	for i, p := range l.root.Policies {
		l.once(seen, string(p.Name), l.rootNode.get("policies").item(i).at("name"), "policy")
	}
}

// checkExtras reports extras that lie in the folder of an app, or hold one: what ferry writes would be read again.
func (l *loader) checkExtras(owners map[branchPath]*placed) {
	holders := map[string]*placed{}
	for key, owner := range owners {
		for up := range above(key.path) {
			if key.branch == "" {
				holders[up] = owner
			}
		}
	}
	for _, p := range l.placed {
		for i, e := range p.Rendering.Extra {
			at := p.node.get("extra").item(i).Position
			if owner, ok := owners[branchPath{"", strings.ToLower(e.Path)}]; ok {
				l.addOnce(at, "the extra %q is the folder of %q in %q", e.Path, owner.App, owner.Environment)
			}
			if _, ok := holders[strings.ToLower(e.Path)]; ok {
				l.addOnce(at, "the extra %q holds folders that promotions replace", e.Path)
			}
		}
	}
}
