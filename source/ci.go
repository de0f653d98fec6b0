package source

import (
	"cmp"
	"errors"
	"net/url"
	"strconv"
	"strings"

	"github.com/ferry-cd/ferry/git"
	"github.com/ferry-cd/ferry/release"
)

// CI is what the CI that runs us says of its run. The zero value means that there is none that we know.
type CI struct {
	Provider   release.Kind // GitHub, GitLab or Azure
	Repository string       // URL without credentials
	Commit     string
	Ref        string // full name, such as refs/heads/main
	Sequence   release.Sequence
	RunURL     string
}

// FromCI reads the variables of GitHub Actions, GitLab CI or Azure Pipelines. Where one of them runs us, its variables
// must be there and well formed: another order of releases in their place would be a surprise much later.
func FromCI(getenv func(string) string) (CI, error) {
	v := &variables{get: getenv}
	var ci CI
	switch {
	case getenv("GITHUB_ACTIONS") == "true":
		ci = v.github()
	case getenv("GITLAB_CI") == "true":
		ci = v.gitlab()
	case strings.EqualFold(getenv("TF_BUILD"), "true"):
		ci = v.azure()
	default:
		return CI{}, nil
	}
	if err := errors.Join(v.problems...); err != nil {
		return CI{}, err
	}
	return ci, nil
}

func (v *variables) github() CI {
	server, repository := strings.TrimSuffix(v.url("GITHUB_SERVER_URL"), "/"), v.must("GITHUB_REPOSITORY")
	run := v.number("GITHUB_RUN_ID")
	return CI{
		Provider:   release.GitHub,
		Repository: server + "/" + repository,
		Commit:     v.commit("GITHUB_SHA"),
		Ref:        v.get("GITHUB_REF"),
		Sequence:   release.Sequence{Kind: release.GitHub, Number: run},
		RunURL:     server + "/" + repository + "/actions/runs/" + strconv.FormatInt(run, 10),
	}
}

func (v *variables) gitlab() CI {
	return CI{
		Provider:   release.GitLab,
		Repository: v.url("CI_PROJECT_URL"),
		Commit:     v.commit("CI_COMMIT_SHA"),
		Ref:        v.gitlabRef(),
		Sequence:   release.Sequence{Kind: release.GitLab, Number: v.number("CI_PIPELINE_ID")},
		RunURL:     v.optionalURL(cmp.Or(v.get("CI_PIPELINE_URL"), v.get("CI_JOB_URL"))),
	}
}

// gitlabRef puts together what GitLab gives in pieces: the name alone does not say whether it is of a branch or a tag.
func (v *variables) gitlabRef() string {
	if tag := v.get("CI_COMMIT_TAG"); tag != "" {
		return "refs/tags/" + tag
	}
	if request := v.get("CI_MERGE_REQUEST_REF_PATH"); request != "" {
		return request
	}
	if branch := cmp.Or(v.get("CI_COMMIT_BRANCH"), v.get("CI_COMMIT_REF_NAME")); branch != "" {
		return "refs/heads/" + branch
	}
	return ""
}

func (v *variables) azure() CI {
	build := v.number("BUILD_BUILDID")
	ci := CI{
		Provider:   release.Azure,
		Repository: v.url("BUILD_REPOSITORY_URI"),
		Commit:     v.commit("BUILD_SOURCEVERSION"),
		Ref:        v.get("BUILD_SOURCEBRANCH"),
		Sequence:   release.Sequence{Kind: release.Azure, Number: build},
	}
	collection := v.optionalURL(cmp.Or(v.get("SYSTEM_COLLECTIONURI"), v.get("SYSTEM_TEAMFOUNDATIONCOLLECTIONURI")))
	if project := v.get("SYSTEM_TEAMPROJECT"); collection != "" && project != "" {
		ci.RunURL = strings.TrimSuffix(collection, "/") + "/" + url.PathEscape(project) + "/_build/results?buildId=" + strconv.FormatInt(build, 10)
	}
	return ci
}

// variables reads the environment and collects what is wrong with it.
type variables struct {
	get      func(string) string
	problems []error
}

func (v *variables) wrong(hint, format string, args ...any) {
	v.problems = append(v.problems, wrong(hint, format, args...))
}

func (v *variables) must(name string) string {
	value := v.get(name)
	if value == "" {
		v.wrong("a container is given the variables of the CI by its caller", "the CI's variable %s is not set", name)
	}
	return value
}

func (v *variables) number(name string) int64 {
	value := v.must(name)
	n, err := strconv.ParseInt(value, 10, 64)
	if value != "" && (err != nil || n <= 0 || value != strconv.FormatInt(n, 10)) {
		v.wrong("", "the CI's variable %s is %q, which is no positive whole number", name, value)
	}
	return n
}

func (v *variables) commit(name string) string {
	value := strings.ToLower(v.must(name))
	if value != "" && !git.ID(value).Valid() {
		v.wrong("", "the CI's variable %s is %q, which is no full commit id", name, value)
	}
	return value
}

func (v *variables) url(name string) string {
	value := v.must(name)
	clean := v.optionalURL(value)
	if value != "" && clean == "" {
		v.wrong("", "the CI's variable %s is no http or https URL", name)
	}
	return clean
}

// optionalURL gives a URL without credentials, "" where it is none.
func (v *variables) optionalURL(value string) string {
	u, err := url.Parse(value)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" {
		return ""
	}
	u.User = nil
	return u.String()
}
