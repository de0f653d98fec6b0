package release

// Branches of the GitOps repository that are ferry's own.
const (
	SourcesBranch = "ferry-sources" // template trees and newest accepted release of each app
	StateBranch   = "ferry-state"   // decisions of people: holds, rejections, audit
)

// RecordName is the file beside the manifests that says what they are. It is YAML, but not named so: engines that read
// every .yaml of a folder must not take it for a manifest.
const RecordName = "release.lock"

// Trailers of ferry's commits, for people and tools; the record is the truth.
const (
	TrailerApp          = "Ferry-App"
	TrailerEnvironment  = "Ferry-Environment"
	TrailerRelease      = "Ferry-Release"
	TrailerSource       = "Ferry-Source"
	TrailerRun          = "Ferry-Run"
	TrailerPromotedFrom = "Ferry-Promoted-From"
	TrailerSupersedes   = "Ferry-Supersedes"
	TrailerOverride     = "Ferry-Override"
	TrailerDiscards     = "Ferry-Discards"
	TrailerRetires      = "Ferry-Retires"
	TrailerHotfix       = "Ferry-Hotfix"
)

// PromotionBranch names the branch that carries what waits to enter an environment. unit is the group or, where the app
// is in none, the app: they share one name space.
func PromotionBranch(environment, unit string) string { return "ferry/" + environment + "/" + unit }

// StatusContext names the commit status by which a connector says how an app does in an environment. cluster is empty
// where the environment declares none.
func StatusContext(environment, app, cluster string) string {
	if cluster == "" {
		return "ferry/" + environment + "/" + app
	}
	return "ferry/" + environment + "/" + app + "/" + cluster
}

// GatesContext is the status on a pull request's head that says what it waits for.
const GatesContext = "ferry/gates"

// AcceptedPath is where the sources branch keeps the newest accepted release of an app.
func AcceptedPath(app string) string { return app + "/" + RecordName }

// TemplatesPath is where the sources branch keeps a template tree.
func TemplatesPath(app, tree string) string { return app + "/" + tree }

// IsName tells whether a text can be the name of an app, a group or an environment.
func IsName(text string) bool { return checkName("name", text) == nil }
