package environments

import (
	"errors"
	"strings"
	"time"

	"github.com/Masterminds/semver/v3"
)

// rule is what a kind of text must look like: Load checks it, the JSON Schema says it.
type rule struct {
	name    string   // for messages and the reference: a duration
	pattern string   // regular expression, anchored, where one can tell
	enum    []string // or the words there are
	check   func(string) error
}

// ruled is implemented by every kind of text below.
type ruled interface{ rule() rule }

// The kinds of text in ferry.yaml.
type (
	text        string
	appName     string
	folder      string
	branchName  string
	valuesFile  string
	filePath    string
	glob        string
	sourcePath  string
	repository  string
	refName     string
	namespace   string
	versionText string
	apiVersion  string
	mergeRule   string
	engineName  string
	supersede   string
	gateName    string
	rollbackOn  string
	healthFrom  string
	duration    string
	clock       string
	closing     string
	weekday     string
	zoneName    string
	date        string
	imageName   string
	registry    string
	fieldPath   string
	valueText   string
	constraint  string
	person      string
	label       string
	statusName  string
	forgeKind   string
	asked       string
	webURL      string
	gitRef      string
	ociAddress  string
	webAddress  string
	chartName   string
	horizon     string
)

const namePattern = `^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$`

func (text) rule() rule { return rule{name: "text", pattern: `^[^\x00-\x08\x0b-\x1f\x7f]+$`} }

func (appName) rule() rule {
	return rule{name: "a name", pattern: namePattern, check: checkName}
}

func (folder) rule() rule {
	return rule{name: "a folder of the GitOps repository", check: checkTemplated(checkFolder)}
}

func (branchName) rule() rule {
	return rule{name: "a branch", check: checkTemplated(checkRef)}
}

func (valuesFile) rule() rule {
	return rule{name: "a file of the GitOps repository", check: checkTemplated(func(s string) error {
		return checkPath(strings.TrimSuffix(s, "?"))
	})}
}

func (filePath) rule() rule {
	return rule{name: "a folder of the source repository", check: checkPath}
}

func (sourcePath) rule() rule {
	return rule{name: "a folder of the source repository", check: checkTemplated(checkPath, "environment")}
}

func (glob) rule() rule {
	return rule{name: "a file or pattern", check: checkGlob}
}

func (repository) rule() rule {
	return rule{name: "a Git URL", check: checkRepository}
}

func (refName) rule() rule {
	return rule{name: "a full ref", pattern: `^refs/[^\s~^:?\\\[]+$`}
}

func (gitRef) rule() rule {
	return rule{name: "a branch, a tag or a full commit id", pattern: `^[^-\s~^:?*\\\[][^\s~^:?*\\\[]*$`}
}

func (ociAddress) rule() rule {
	return rule{name: "an address as oci://ghcr.io/acme/charts/shop", pattern: `^oci://[a-zA-Z0-9][-a-zA-Z0-9.]*(:[0-9]{1,5})?(/[a-z0-9]+([._-]+[a-z0-9]+)*)+$`}
}

func (webAddress) rule() rule {
	return rule{name: "an http(s) URL without credentials", pattern: `^https?://[^\s/@?#]+(/[^\s@?#]*)?$`}
}

func (chartName) rule() rule {
	return rule{name: "the name of a chart", pattern: `^[a-zA-Z0-9]([-a-zA-Z0-9._]{0,250})$`}
}

func (horizon) rule() rule {
	return rule{name: "a number of releases such as 10 releases", pattern: `^[1-9][0-9]{0,3} releases?$`}
}

func (namespace) rule() rule {
	return rule{name: "a namespace", check: checkTemplated(checkName)}
}

func (versionText) rule() rule {
	return rule{name: "a Kubernetes version", pattern: `^v?[1-9][0-9]?\.(0|[1-9][0-9]{0,2})(\.(0|[1-9][0-9]{0,3}))?([-+][0-9A-Za-z.+-]{1,64})?$`}
}

func (apiVersion) rule() rule {
	return rule{name: "an API version",
		pattern: `^([a-z0-9]([-a-z0-9.]*[a-z0-9])?/)?v[0-9]+((alpha|beta)[0-9]+)?(/[A-Z][A-Za-z0-9]*)?$`}
}

func (mergeRule) rule() rule  { return words("review", "auto") }
func (engineName) rule() rule { return words("flux", "argocd") }
func (forgeKind) rule() rule  { return words("github", "gitlab", "azure", "gitea", "bitbucket") }

func (webURL) rule() rule {
	return rule{name: "an https:// URL without credentials", pattern: `^https?://[^\s/@?#]+(/[^\s@?#]*)?$`}
}
func (supersede) rule() rule {
	return words("replace", "on-approval", "queue")
}
func (gateName) rule() rule {
	return words("healthy", "soak", "checks", "approvals", "windows", "freezes", "manual", "imageExists")
}
func (rollbackOn) rule() rule { return words("failure") }
func (healthFrom) rule() rule { return words("connector", "status", "check", "merged") }
func (weekday) rule() rule    { return words("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun") }

func (duration) rule() rule {
	return rule{name: "a duration", pattern: `^([0-9]+(\.[0-9]+)?(ms|s|m|h|d))+$`, check: func(s string) error {
		_, err := parseDuration(s)
		return err
	}}
}

func (clock) rule() rule {
	return rule{name: "a time of day such as 09:00", pattern: `^([01][0-9]|2[0-3]):[0-5][0-9]$`}
}

func (closing) rule() rule {
	return rule{name: "a time of day such as 16:00", pattern: `^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$`}
}

func (zoneName) rule() rule {
	return rule{name: "a time zone", check: func(s string) error {
		_, err := parseZone(s)
		return err
	}}
}

func (date) rule() rule {
	return rule{name: "a date", pattern: `^[0-9]{4}-[0-9]{2}-[0-9]{2}$`, check: func(s string) error {
		if _, err := time.Parse(time.DateOnly, s); err != nil {
			return errors.New("there is no such day")
		}
		return nil
	}}
}

func (imageName) rule() rule {
	return rule{name: "an image without tag and digest", pattern: imagePattern, check: checkImage}
}

func (registry) rule() rule {
	return rule{name: "a registry, with a path where it has one", pattern: registryPattern}
}

func (fieldPath) rule() rule {
	return rule{name: "a kind and the path of a field",
		pattern: `^[A-Z][A-Za-z0-9]*(\.[A-Za-z_][-A-Za-z0-9_]*(\[\])?)+$`}
}

func (valueText) rule() rule {
	return rule{name: "a value, a template over .Release and .Image", check: checkTemplate}
}

func (constraint) rule() rule {
	return rule{name: "a range of versions", check: func(s string) error {
		_, err := semver.NewConstraint(s)
		return err
	}}
}

func (person) rule() rule {
	return rule{name: "a person's login or team/NAME", pattern: `^(team/[A-Za-z0-9_][-A-Za-z0-9._/]*|[A-Za-z0-9_][-A-Za-z0-9._@+]*(\[bot\])?)$`}
}

func (asked) rule() rule {
	return rule{name: "a person's login, or team/NAME", pattern: `^(team/)?[A-Za-z0-9_][-A-Za-z0-9._@+/]*(\[bot\])?$`}
}

func (label) rule() rule {
	return rule{name: "a label", pattern: `^[^\x00-\x1f\x7f,]{1,255}$`, check: checkTemplated(nil)}
}

func (statusName) rule() rule {
	return rule{name: "a commit status", pattern: `^[^\x00-\x1f\x7f]{1,255}$`, check: checkTemplated(nil)}
}

func words(enum ...string) rule { return rule{name: "one of " + strings.Join(enum, ", "), enum: enum} }

// Parts of an image's name: host and port of a registry, folders of a repository.
const (
	hostPattern     = `[A-Za-z0-9]([-A-Za-z0-9.]*[A-Za-z0-9])?(:[0-9]{1,5})?`
	partPattern     = `[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*`
	imagePattern    = `^(` + hostPattern + `/)?` + partPattern + `(/` + partPattern + `)*$`
	registryPattern = `^` + hostPattern + `(/` + partPattern + `)*$`
)
