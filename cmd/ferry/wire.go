package main

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/ferry-cd/ferry/check"
	"github.com/ferry-cd/ferry/check/policy"
	"github.com/ferry-cd/ferry/check/schema"
	"github.com/ferry-cd/ferry/door"
	"github.com/ferry-cd/ferry/git"
	"github.com/ferry-cd/ferry/render"
	"github.com/ferry-cd/ferry/render/helm"
	"github.com/ferry-cd/ferry/render/kustomize"
	"github.com/ferry-cd/ferry/render/plain"
	"github.com/ferry-cd/ferry/scm"
	"github.com/ferry-cd/ferry/scm/azure"
	"github.com/ferry-cd/ferry/scm/bitbucket"
	"github.com/ferry-cd/ferry/scm/gitea"
	"github.com/ferry-cd/ferry/scm/github"
	"github.com/ferry-cd/ferry/scm/gitlab"
	"github.com/ferry-cd/ferry/scm/local"
)

// This file is the only one that knows drivers.

// driver is one kind of forge: how its repositories are found, who ferry is there, and how one is opened.
type driver struct {
	kind string
	// recognise tells a repository by its address alone; at reads an address that is known to be of this kind.
	recognise, at func(remote string) (site, bool)
	credentials   func(a *app, c call) (credentials, error)
	open          func(ctx context.Context, c call) (scm.Client, error)
}

var drivers = []driver{
	{"github", githubSite(""), githubSite("github"), (*app).githubCredentials, func(ctx context.Context, c call) (scm.Client, error) {
		return github.Open(ctx, githubOptions(c))
	}},
	{"gitlab", sites(gitlab.Recognise, gitlabSite), sites(gitlab.Parse, gitlabSite), (*app).gitlabCredentials, func(ctx context.Context, c call) (scm.Client, error) {
		return gitlab.Open(ctx, gitlab.Options{URL: c.url, Repository: c.repository, Credential: c.who.api, CABundle: c.ca, Now: c.now, Log: c.log})
	}},
	{"azure", sites(azure.Recognise, azureSite), sites(azure.Recognise, azureSite), (*app).azureCredentials, func(ctx context.Context, c call) (scm.Client, error) {
		return azure.Open(ctx, azure.Options{URL: c.url, Repository: c.repository, Credential: c.who.api, CABundle: c.ca, Now: c.now, Log: c.log})
	}},
	{"gitea", sites(gitea.Recognise, giteaSite), sites(gitea.At, giteaSite), (*app).giteaCredentials, func(ctx context.Context, c call) (scm.Client, error) {
		return gitea.Open(ctx, gitea.Options{URL: c.url, Repository: c.repository, Credential: c.who.api, CABundle: c.ca, Now: c.now, Log: c.log})
	}},
	{"bitbucket", sites(bitbucket.Recognise, bitbucketSite), sites(bitbucket.At, bitbucketSite), (*app).bitbucketCredentials, func(ctx context.Context, c call) (scm.Client, error) {
		return bitbucket.Open(ctx, bitbucket.Options{URL: c.url, Repository: c.repository, Credential: c.who.api, CABundle: c.ca, Now: c.now, Log: c.log})
	}},
}

// sites puts a driver's way of reading addresses into the words of this package.
func sites[O any](read func(string) (O, bool), in func(O) site) func(string) (site, bool) {
	return func(remote string) (site, bool) {
		o, ok := read(remote)
		return in(o), ok
	}
}

func gitlabSite(o gitlab.Options) site       { return site{url: o.URL, repository: o.Repository} }
func azureSite(o azure.Options) site         { return site{url: o.URL, repository: o.Repository} }
func giteaSite(o gitea.Options) site         { return site{url: o.URL, repository: o.Repository} }
func bitbucketSite(o bitbucket.Options) site { return site{url: o.URL, repository: o.Repository} }

func githubSite(kind string) func(string) (site, bool) {
	return func(remote string) (site, bool) {
		api, repository, ok := github.Recognise(remote, kind)
		return site{url: api, repository: repository}, ok
	}
}

func driverOf(kind string) (driver, bool) {
	i := slices.IndexFunc(drivers, func(d driver) bool { return d.kind == kind })
	if i < 0 {
		return driver{}, false
	}
	return drivers[i], true
}

// kinds lists the forges for people.
func kinds() string {
	var all []string
	for _, d := range drivers {
		all = append(all, d.kind)
	}
	return strings.Join(all, ", ")
}

func githubOptions(c call) github.Options {
	return github.Options{URL: c.url, Repository: c.repository, Credential: c.who.api, CABundle: c.ca, Now: c.now, Log: c.log}
}

// githubCredentials prefers a GitHub App: its tokens are narrow and short-lived, and its commits can be verified.
func (a *app) githubCredentials(c call) (credentials, error) {
	id := a.variable("FERRY_APP_ID", "FERRY_APP_CLIENT_ID")
	if key := a.token("FERRY_APP_PRIVATE_KEY"); id != "" && !key.IsZero() {
		one, err := github.NewApp(context.Background(), github.AppOptions{Options: githubOptions(c), ID: id, Key: key})
		if err != nil {
			return credentials{}, err
		}
		return credentials{one, appOverGit{one}, true}, nil
	}
	token := a.token("FERRY_TOKEN")
	if token.IsZero() && a.from("GITHUB_API_URL", c.site) {
		token = a.token("GITHUB_TOKEN", "GH_TOKEN")
	}
	who := a.tokenFor(github.Username, token, door.Bearer)
	who.vouched = strings.HasPrefix(token.Reveal(), "ghs_") // of an App's installation, as a job's own token is
	return who, nil
}

// appOverGit is a GitHub App's token as the password that Git wants.
type appOverGit struct{ *github.App }

func (o appOverGit) Authorize(ctx context.Context, r *http.Request) error {
	token, err := o.Token(ctx)
	if err != nil {
		return err
	}
	return door.Basic(github.Username, token).Authorize(ctx, r)
}

func (a *app) gitlabCredentials(c call) (credentials, error) {
	if token := a.token("FERRY_TOKEN"); !token.IsZero() {
		return a.tokenFor(gitlab.Username, token, func(t door.Token) door.Credential { return door.Header("PRIVATE-TOKEN", t) }), nil
	}
	if !a.from("CI_SERVER_URL", c.site) {
		return credentials{}, nil
	}
	if token := a.token("GITLAB_TOKEN"); !token.IsZero() {
		return a.tokenFor(gitlab.Username, token, func(t door.Token) door.Credential { return door.Header("PRIVATE-TOKEN", t) }), nil
	}
	return a.tokenFor(gitlab.JobUsername, a.token("CI_JOB_TOKEN"), func(t door.Token) door.Credential { return door.Header("JOB-TOKEN", t) }), nil
}

// azureCredentials takes what a job or a federated identity offers, for Microsoft's own hosts alone: those tokens are good
// in every organization, and another server could use them there. ferry's own token is for whatever server is named, the
// job's for its own collection.
func (a *app) azureCredentials(c call) (credentials, error) {
	getenv := func(name string) string {
		own := name == "FERRY_TOKEN" || name == "SYSTEM_ACCESSTOKEN" && a.from("SYSTEM_COLLECTIONURI", c.site)
		if !own && (name == "SYSTEM_ACCESSTOKEN" || !microsofts(c.url)) {
			return ""
		}
		return a.Getenv(name)
	}
	who := azure.FromEnvironment(getenv, azure.WorkloadIdentity{CABundle: c.ca, Now: c.now})
	return credentials{api: who, git: who}, nil
}

// microsofts tells whether an organization lies in Azure DevOps Services.
func microsofts(address string) bool {
	u, err := url.Parse(address)
	return err == nil && u.Scheme == "https" && (u.Hostname() == "dev.azure.com" || strings.HasSuffix(u.Hostname(), ".visualstudio.com"))
}

func (a *app) giteaCredentials(c call) (credentials, error) {
	token := a.token("FERRY_TOKEN")
	if token.IsZero() && a.from("GITHUB_SERVER_URL", c.site) { // Gitea's and Forgejo's actions speak as GitHub's do
		token = a.token("GITEA_TOKEN", "FORGEJO_TOKEN", "GITHUB_TOKEN")
	}
	return a.tokenFor(gitea.Username, token, door.Bearer), nil
}

// bitbucketCloud is the one server that a job of Bitbucket Pipelines has a token for.
const bitbucketCloud = "https://api.bitbucket.org"

// bitbucketCredentials are an access token, which is its own user, or an API token with the account's address.
func (a *app) bitbucketCredentials(c call) (credentials, error) {
	token := a.token("FERRY_TOKEN")
	if token.IsZero() && c.url == bitbucketCloud {
		token = a.token("BITBUCKET_TOKEN")
	}
	if user := a.Getenv("FERRY_USERNAME"); user != "" && !token.IsZero() {
		who := door.Basic(user, token)
		return credentials{api: who, git: who}, nil
	}
	return a.tokenFor(bitbucket.Username, token, door.Bearer), nil
}

// tokenFor is one token for the API and for Git; nobody where there is none.
func (a *app) tokenFor(user string, token door.Token, api func(door.Token) door.Credential) credentials {
	if token.IsZero() {
		return credentials{}
	}
	if named := a.Getenv("FERRY_USERNAME"); named != "" {
		user = named
	}
	return credentials{api: api(token), git: door.Basic(user, token)}
}

// embedded gives the forge that lies in a bare repository of this machine.
func (a *app) embedded(ctx context.Context, repo *git.Repository, user string) (scm.Client, error) {
	return local.Open(ctx, repo, local.Options{User: user, Now: a.Now})
}

// pullRequestURL takes apart the URL of a pull request on the embedded forge: repository and number.
func pullRequestURL(url string) (repo string, number int, ok bool) { return local.ParseURL(url) }

// mergeBase gives the commit that a branch started from; "" where it has none in common with the other.
func mergeBase(ctx context.Context, repo *git.Repository, a, b git.ID) (git.ID, error) {
	id, err := local.MergeBase(ctx, repo, string(a), string(b))
	return git.ID(id), err
}

// renderers by the kinds of render.Detect.
func renderers() map[string]render.Renderer {
	return map[string]render.Renderer{"helm": helm.New(), "kustomize": kustomize.New().WithCharts(helm.New()), "plain": plain.New()}
}

// judges are those that have libraries of their own.
type judges struct{}

func (judges) Schemas(ctx context.Context, q check.Schemas, ms render.Manifests) ([]check.Finding, error) {
	return schema.Judge(ctx, q, ms)
}

func (judges) Policies(ctx context.Context, rules []check.Policy, about check.Subject, ms render.Manifests) ([]check.Finding, error) {
	return policy.Judge(ctx, rules, about, ms)
}
