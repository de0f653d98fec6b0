// Package environments reads ferry.yaml and the app files it includes: which apps there are, which environments they
// go through in which order, with which values and gates. It loads, merges, validates and explains.
package environments

import (
	"iter"
	"slices"
	"time"
)

// Config is a valid ferry.yaml with everything it includes, defaults filled in.
type Config struct {
	Apps         []App         // sorted by name
	Include      []string      // patterns of the files that define apps besides ferry.yaml
	Environments []Environment // in an order where each comes after all of its After, otherwise as written
	Forge        Forge
	Trust        Trust
	People       map[string][]string // account -> addresses and names in commits
	Risk         map[string]string   // rule of risk -> off, low, medium, high or critical
	Texts        Texts
	Notify       []Notify
	Tickets      Tickets
	Keep         int      // releases of each app in each environment whose templates are kept for rollbacks
	Policies     []Policy // as written
	Overrides    []OverrideRule
	placements   map[[2]string]int // by app and environment, in ordered
	ordered      []Placement
	made         map[[2]string]made // what placements were made from, for Effective
}

// Forge says what holds the repository; zero where its address tells.
type Forge struct {
	Kind string // github, gitlab, azure, gitea, bitbucket
	URL  string // where its web pages begin; "" = the host of the repository
}

// App is a unit that is rendered and promoted on its own.
type App struct {
	Name        string
	Team        string
	File        string // where it is defined: ferry.yaml, or a file that it includes
	Source      AppSource
	AllowedFrom []AllowedFrom
	Group       string // "" where it travels alone
	TellSource  bool   // the merged pull request of a release's source commit hears how far the release has come
}

// AppSource says where templates come from.
type AppSource struct {
	Repository string
	Path       string // the folder to render; may contain {environment}
	Root       string // the folder that is stored with a release; contains Path; "" = Path's part before a placeholder
	Ref        string // of Repository, where it is not the app's own: templates come from there at each submit
	OCI        string // oci://..., in place of Repository
	Helm       string // a chart repository, in place of Repository
	Chart      string // with Helm
	Version    string // with OCI and Helm: a version, a range, with OCI also a tag or a digest
}

// AllowedFrom is one repository and ref that releases may come from.
type AllowedFrom struct{ Repository, Ref string }

// Environment is a place a release is promoted into, before an app's overrides.
type Environment struct {
	Name  string
	After []string
}

// Trust says whose statuses count; empty means anyone who may post them.
type Trust struct {
	Connector []string
	Checks    map[string][]string // pattern of a status context -> creators
	Issuers   []string            // of identities that releases of apps with AllowedFrom carry; none = releases are believed
}

// Placement is one app in one environment: everything merged, placeholders expanded.
type Placement struct {
	App          string
	Environment  string
	Unit         string // the group or, in none, the app: names the promotion branch
	Team         string
	Branch       string   // base branch; "" = the default branch
	Folder       string   // dev/podinfo
	After        []string // environments upstream that this app goes to
	Path         string   // folder to render, in the source repository
	Root         string   // folder stored with a release, in the source repository
	Values       []Values
	Namespace    string
	Kubernetes   Kubernetes
	Engine       string // flux or argocd
	Images       []Image
	Rewrite      map[string]string // registry -> registry of this environment, for every image
	Merge        Merge
	PullRequest  bool
	Supersede    Supersede
	Together     bool // the apps of a group travel together or not at all
	Rollback     Quick
	Hotfix       Quick
	Gates        Gates
	Health       Health
	Clusters     []string
	Deadline     time.Duration // how long a machine may take, counted from the merge
	Labels       []string
	Reviewers    []string // who is asked to review; teams as team/NAME
	Assignees    []string
	AllowSecrets bool
	Rendering    Rendering
}

// Values is one values file of the GitOps repository.
type Values struct {
	Path     string
	Optional bool
}

// Kubernetes is what the environment's clusters offer.
type Kubernetes struct {
	Version string
	APIs    []string
}

// Image is an image that a release of the app carries.
type Image struct {
	Name     string
	Match    string            // name in the templates, where it differs from Name
	Optional bool              // no error when the render does not use it
	Fields   []string          // field paths in custom resources, as kind.path: "Workflow.spec.templates[].image"
	Set      map[string]string // values path -> template over .Release and .Image, for charts that want the value
}

// Merge says who merges a promotion.
type Merge string

// The merge rules.
const (
	Review Merge = "review" // a person
	Auto   Merge = "auto"   // ferry, once gates and the forge's required checks pass
)

// Supersede says what a newer release does to an open pull request.
type Supersede string

// The ways to supersede.
const (
	Replace    Supersede = "replace"     // the newer one takes its place
	OnApproval Supersede = "on-approval" // until somebody approves it; then the newer one waits
	Queue      Supersede = "queue"       // the newer one waits
)

// Quick are the gates of a way that is quicker than the usual one: a rollback or a hotfix.
type Quick struct {
	Approvals int      // of those whose approval counts in the environment
	Ignore    []string // names of gates that do not hold it back
	// OnFailure lets ferry start a rollback itself, when a release is reported as failed within Within of its coming.
	OnFailure bool
	Within    time.Duration
}

// OverrideRule lets persons pass gates in an emergency, on record.
type OverrideRule struct {
	Environments []string // empty = all
	Gates        []string
	By           []string
	Approvals    int           // of other people, at least 1
	Review       time.Duration // within which somebody else confirms it; 0 = nobody has to
}

// Gates are the conditions of entering an environment.
type Gates struct {
	Healthy   bool // proven in every environment of After
	Soak      time.Duration
	Checks    []string
	Approvals Approvals
	Windows   []Window
	Freezes   []Freeze
	Manual    bool
	// ImageExists asks registries, under the names of the environment, whether images are still there.
	ImageExists bool
	Tickets     bool // a release that names no ticket stays out
}

// SourceAuthors stands for everyone who wrote or committed what a release adds to what runs there now.
const SourceAuthors = "source-authors"

// Approvals asks for people.
type Approvals struct {
	Count   int
	From    []string // persons; empty = anyone who may approve
	Exclude []string // persons, teams, SourceAuthors
}

// Window is a time of the week in which an environment may change: From inclusive, To exclusive; To before From runs
// past midnight.
type Window struct {
	Days     []time.Weekday
	From, To time.Duration // since midnight, wall clock of Zone
	Zone     *time.Location
}

// Freeze is a span of days, both inclusive, in which nothing enters.
type Freeze struct {
	From, To string // 2006-01-02
	Zone     *time.Location
	Reason   string
}

// Health says what counts as healthy.
type Health struct {
	From  string // connector | status | check | merged
	Value string // the pattern of status or check
}

// App finds an app by name.
func (c *Config) App(name string) (App, bool) {
	for _, a := range c.Apps {
		if a.Name == name {
			return a, true
		}
	}
	return App{}, false
}

// Environment finds an environment by name.
func (c *Config) Environment(name string) (Environment, bool) {
	for _, e := range c.Environments {
		if e.Name == name {
			return e, true
		}
	}
	return Environment{}, false
}

// Placement gives an app's effective settings in an environment; false where the app does not go there.
func (c *Config) Placement(app, environment string) (Placement, bool) {
	i, ok := c.placements[[2]string{app, environment}]
	if !ok {
		return Placement{}, false
	}
	return c.ordered[i], true
}

// Placements gives every app in every environment it goes to, in the order of environments, then by app.
func (c *Config) Placements() []Placement { return slices.Clone(c.ordered) }

// EachPlacement gives the same one by one, without a copy of all: a large repository has megabytes of them.
func (c *Config) EachPlacement() iter.Seq[Placement] { return slices.Values(c.ordered) }
