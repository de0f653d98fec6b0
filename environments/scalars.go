package environments

import (
	"errors"
	"fmt"
	"maps"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"text/template/parse"
	"time"

	"github.com/Masterminds/semver/v3"
)

// rule is what a kind of text must look like: Load checks it, the JSON Schema says it.
type rule struct {
	name    string   // for messages and the reference: a duration
	pattern string   // regular expression, anchored, where one can tell
	enum    []string // or the words there are
	check   func(string) error
	planned map[string]string // beginning of a text that will mean something one day -> what it is
}

// later names what a text stands for that is designed but does not work yet.
func (r rule) later(s string) (what string, ok bool) {
	for _, beginning := range slices.Sorted(maps.Keys(r.planned)) {
		if strings.HasPrefix(s, beginning) {
			return r.planned[beginning], true
		}
	}
	return "", false
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
func (supersede) rule() rule {
	r := words("replace")
	r.planned = plannedSupersede
	return r
}
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
	return rule{name: "a person's login", planned: plannedPersons, pattern: `^[A-Za-z0-9_][-A-Za-z0-9._@+]*(\[bot\])?$`}
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

var (
	nameRegexp  = regexp.MustCompile(namePattern)
	placeholder = regexp.MustCompile(`\{([^{}]*)\}`)
)

// placeholders are what stands in paths and names for the thing at hand.
var placeholders = []string{"app", "environment", "group", "team"}

// checkTemplated checks placeholders and then, each replaced by a harmless name, the text itself.
func checkTemplated(check func(string) error, allowed ...string) func(string) error {
	if allowed == nil {
		allowed = placeholders
	}
	return func(s string) error {
		for _, found := range placeholder.FindAllStringSubmatch(s, -1) {
			if !slices.Contains(allowed, found[1]) {
				return &unknownPlaceholder{found[1], allowed}
			}
		}
		plain := placeholder.ReplaceAllString(s, "x")
		if strings.ContainsAny(plain, "{}") {
			return errors.New("a brace is left open; placeholders are written {app}")
		}
		if check == nil {
			return nil
		}
		return check(plain)
	}
}

type unknownPlaceholder struct {
	name    string
	allowed []string
}

func (e *unknownPlaceholder) Error() string {
	return fmt.Sprintf("{%s} is not a placeholder; there are {%s}", quote(e.name), strings.Join(e.allowed, "}, {"))
}

func (e *unknownPlaceholder) Hint() string { return didYouMean(e.name, e.allowed) }

func checkName(s string) error {
	if !nameRegexp.MatchString(s) {
		return errors.New("it has lower-case letters, digits and dashes, at most 63")
	}
	return nil
}

// checkPath wants a clean path that stays inside its repository.
func checkPath(s string) error {
	switch {
	case strings.HasPrefix(s, "/"):
		return errors.New("it starts at the repository's root, without a slash")
	case strings.Contains(s, `\`):
		return errors.New("folders are separated by slashes")
	case s == ".." || strings.HasPrefix(s, "../") || strings.Contains(s, "/../") || strings.HasSuffix(s, "/.."):
		return errors.New("it leaves the repository")
	case !clean(s) || hasControl(s):
		return fmt.Errorf("it is not clean; write %q", strings.TrimPrefix(path.Clean("/"+s), "/"))
	case strings.EqualFold(strings.SplitN(s, "/", 2)[0], ".git"):
		return errors.New("it lies in .git")
	}
	return nil
}

// checkFolder wants a folder that engines may be pointed at.
func checkFolder(s string) error {
	if s == "." {
		return errors.New("it is the root of the repository")
	}
	if err := checkPath(s); err != nil {
		return err
	}
	if first := strings.ToLower(strings.SplitN(s, "/", 2)[0]); first == ".github" || first == ".ferry" {
		return fmt.Errorf("it lies in %s, which is not for manifests", first)
	}
	return nil
}

func checkGlob(s string) error {
	if _, err := path.Match(s, ""); err != nil {
		return errors.New("a bracket is left open")
	}
	if err := checkPath(s); err != nil {
		return err
	}
	if !strings.HasSuffix(s, ".yaml") && !strings.HasSuffix(s, ".yml") {
		return errors.New("it must end in .yaml or .yml")
	}
	return nil
}

var badRef = regexp.MustCompile(`[\x00-\x20\x7f~^:?*\[\\]|\.\.|//|@\{|^[-/.]|/\.|[/.]$|\.lock(/|$)`)

func checkRef(s string) error {
	if badRef.MatchString(s) || s == "@" || strings.HasPrefix(s, "refs/") {
		return errors.New("Git has no such branch names; write it without refs/heads/")
	}
	if s == "HEAD" || strings.HasPrefix(s, "ferry/") || s == "ferry-sources" || s == "ferry-state" {
		return errors.New("this branch is ferry's own")
	}
	return nil
}

// credentials are what stands before the host of a URL, where it is more than the user name that SSH needs.
var credentials = regexp.MustCompile(`(?i)(https?://|[a-z][-+.a-z0-9]*://[^/@\s]*:)[^/@\s]*@`)

func checkRepository(s string) error {
	if hasControl(s) || strings.HasPrefix(s, "-") || strings.TrimSpace(s) != s {
		return errors.New("it is not a Git URL")
	}
	if credentials.MatchString(s) {
		return errors.New("it carries a credential, which has no place in Git")
	}
	return nil
}

func checkImage(s string) error {
	if strings.Contains(s, "@") {
		return errors.New("the digest belongs to the release")
	}
	if i := strings.LastIndex(s, ":"); i > strings.LastIndex(s, "/") {
		return errors.New("the tag belongs to the release")
	}
	if strings.ToLower(s) != s {
		return errors.New("image names are lower case")
	}
	return nil
}

func checkTemplate(s string) error {
	tree := parse.New("value")
	tree.Mode = parse.SkipFuncCheck
	if _, err := tree.Parse(s, "", "", map[string]*parse.Tree{}); err != nil {
		return errors.New(strings.TrimPrefix(err.Error(), "template: value:1: "))
	}
	return nil
}

func hasControl(s string) bool {
	return strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f })
}

var days = regexp.MustCompile(`([0-9]+(?:\.[0-9]+)?)d`)

// parseDuration reads Go's durations and days: 90m, 36h, 2d, 1d12h.
func parseDuration(s string) (time.Duration, error) {
	inHours := days.ReplaceAllStringFunc(s, func(d string) string {
		n, err := strconv.ParseFloat(strings.TrimSuffix(d, "d"), 64)
		if err != nil || n > 36500 {
			return d
		}
		return strconv.FormatFloat(n*24, 'f', -1, 64) + "h"
	})
	d, err := time.ParseDuration(inHours)
	if err != nil || d < 0 || d > 10*365*24*time.Hour {
		return 0, errors.New("write it as 90m, 36h, 2d or 1d12h, at most ten years")
	}
	return d, nil
}

// parseClock reads a time of day; one that breaks its rule was reported and is midnight.
func parseClock(s string) time.Duration {
	h, m, _ := strings.Cut(s, ":")
	hours, _ := strconv.Atoi(h)
	minutes, _ := strconv.Atoi(m)
	return time.Duration(hours)*time.Hour + time.Duration(minutes)*time.Minute
}

// zones are those read so far: every app of every environment asks for the same few, each a file to read.
var zones sync.Map // of *time.Location, by name

// parseZone reads an IANA name. "Local" is refused: it would mean something else on every machine.
func parseZone(s string) (*time.Location, error) {
	if zone, ok := zones.Load(s); ok {
		return zone.(*time.Location), nil
	}
	if s == "" || s == "Local" {
		return nil, errors.New("write a name such as Europe/Berlin or UTC")
	}
	zone, err := time.LoadLocation(s)
	if err != nil {
		return nil, errors.New("no such zone; write a name such as Europe/Berlin or UTC")
	}
	zones.Store(s, zone)
	return zone, nil
}
