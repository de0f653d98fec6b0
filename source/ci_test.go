package source

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ferry-cd/ferry/release"
)

const sha = "0123456789abcdef0123456789abcdef01234567"

var runs = map[string]struct {
	env  map[string]string
	want CI
}{
	"none": {map[string]string{"CI": "true", "GITHUB_SHA": sha}, CI{}},
	"github": {
		map[string]string{"GITHUB_ACTIONS": "true", "GITHUB_SHA": sha, "GITHUB_REPOSITORY": "acme/podinfo", "GITHUB_SERVER_URL": "https://github.example.com",
			"GITHUB_RUN_ID": "9876543210", "GITHUB_RUN_NUMBER": "3", "GITHUB_REF": "refs/heads/main"},
		CI{release.GitHub, "https://github.example.com/acme/podinfo", sha, "refs/heads/main", release.Sequence{Kind: release.GitHub, Number: 9876543210},
			"https://github.example.com/acme/podinfo/actions/runs/9876543210"},
	},
	"gitlab branch": {
		map[string]string{"GITLAB_CI": "true", "CI_COMMIT_SHA": sha, "CI_PROJECT_URL": "https://gitlab.com/acme/podinfo", "CI_PIPELINE_ID": "77", "CI_PIPELINE_IID": "2",
			"CI_COMMIT_REF_NAME": "main", "CI_COMMIT_BRANCH": "main", "CI_PIPELINE_URL": "https://gitlab.com/acme/podinfo/-/pipelines/77"},
		CI{release.GitLab, "https://gitlab.com/acme/podinfo", sha, "refs/heads/main", release.Sequence{Kind: release.GitLab, Number: 77},
			"https://gitlab.com/acme/podinfo/-/pipelines/77"},
	},
	"gitlab tag": {
		map[string]string{"GITLAB_CI": "true", "CI_COMMIT_SHA": sha, "CI_PROJECT_URL": "https://gitlab.com/acme/podinfo", "CI_PIPELINE_ID": "77",
			"CI_COMMIT_REF_NAME": "1.10", "CI_COMMIT_TAG": "1.10", "CI_JOB_URL": "https://gitlab.com/acme/podinfo/-/jobs/5"},
		CI{release.GitLab, "https://gitlab.com/acme/podinfo", sha, "refs/tags/1.10", release.Sequence{Kind: release.GitLab, Number: 77},
			"https://gitlab.com/acme/podinfo/-/jobs/5"},
	},
	"gitlab merge request": {
		map[string]string{"GITLAB_CI": "true", "CI_COMMIT_SHA": sha, "CI_PROJECT_URL": "https://gitlab.com/acme/podinfo", "CI_PIPELINE_ID": "77",
			"CI_COMMIT_REF_NAME": "topic", "CI_MERGE_REQUEST_REF_PATH": "refs/merge-requests/1/head"},
		CI{release.GitLab, "https://gitlab.com/acme/podinfo", sha, "refs/merge-requests/1/head", release.Sequence{Kind: release.GitLab, Number: 77}, ""},
	},
	"azure": {
		map[string]string{"TF_BUILD": "True", "BUILD_SOURCEVERSION": strings.ToUpper(sha), "BUILD_REPOSITORY_URI": "https://acme@dev.azure.com/acme/My%20Shop/_git/podinfo",
			"BUILD_BUILDID": "412", "BUILD_SOURCEBRANCH": "refs/heads/main", "SYSTEM_COLLECTIONURI": "https://dev.azure.com/acme/", "SYSTEM_TEAMPROJECT": "My Shop"},
		CI{release.Azure, "https://dev.azure.com/acme/My%20Shop/_git/podinfo", sha, "refs/heads/main", release.Sequence{Kind: release.Azure, Number: 412},
			"https://dev.azure.com/acme/My%20Shop/_build/results?buildId=412"},
	},
}

func TestFromCI(t *testing.T) {
	for name, run := range runs {
		got, err := FromCI(func(v string) string { return run.env[v] })
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if d := cmp.Diff(run.want, got); d != "" {
			t.Errorf("%s: %s", name, d)
		}
	}
}

func TestFromCIRefuses(t *testing.T) {
	for _, c := range []struct{ run, name, value, want string }{
		{"github", "GITHUB_RUN_ID", "", "GITHUB_RUN_ID is not set"},
		{"github", "GITHUB_RUN_ID", "1e3", `GITHUB_RUN_ID is "1e3", which is no positive whole number`},
		{"github", "GITHUB_RUN_ID", "0", "no positive whole number"},
		{"github", "GITHUB_RUN_ID", "-1", "no positive whole number"},
		{"github", "GITHUB_RUN_ID", " 1", "no positive whole number"},
		{"github", "GITHUB_RUN_ID", "+1", "no positive whole number"},
		{"github", "GITHUB_RUN_ID", "99999999999999999999", "no positive whole number"},
		{"github", "GITHUB_SHA", "main", `GITHUB_SHA is "main", which is no full commit id`},
		{"github", "GITHUB_REPOSITORY", "", "GITHUB_REPOSITORY is not set"},
		{"github", "GITHUB_SERVER_URL", "javascript:x", "GITHUB_SERVER_URL is no http or https URL"},
		{"gitlab branch", "CI_PIPELINE_ID", "x", "CI_PIPELINE_ID"},
		{"gitlab branch", "CI_PROJECT_URL", "", "CI_PROJECT_URL is not set"},
		{"gitlab branch", "CI_COMMIT_SHA", "", "CI_COMMIT_SHA is not set"},
		{"azure", "BUILD_BUILDID", "2026.1", "BUILD_BUILDID"},
		{"azure", "BUILD_SOURCEVERSION", "", "BUILD_SOURCEVERSION is not set"},
		{"azure", "BUILD_REPOSITORY_URI", "x", "BUILD_REPOSITORY_URI is no"},
	} {
		got, err := FromCI(func(v string) string {
			if v == c.name {
				return c.value
			}
			return runs[c.run].env[v]
		})
		if err == nil || !strings.Contains(err.Error(), c.want) || got != (CI{}) {
			t.Errorf("%s=%q: got %+v, %v", c.name, c.value, got, err)
		}
	}
}

func TestFromCIReportsAllAtOnce(t *testing.T) {
	_, err := FromCI(func(v string) string { return map[string]string{"GITLAB_CI": "true"}[v] })
	for _, name := range []string{"CI_COMMIT_SHA", "CI_PROJECT_URL", "CI_PIPELINE_ID"} {
		if err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s is not named: %v", name, err)
		}
	}
	var hint interface{ Hint() string }
	if !errors.As(err, &hint) || hint.Hint() == "" {
		t.Error("no next step")
	}
}
