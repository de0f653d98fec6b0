package config

import (
	"cmp"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/ferry-cd/ferry/environments"
)

// Config is connector.yaml with its defaults filled in.
type Config struct {
	Cluster      string
	Namespaces   []string // none means all
	Repositories []Repository
	Sources      []Source
	Pipelines    []Pipeline
	Webhooks     *Webhooks // nil where no port is opened for them
	Listen       string    // of metrics, probes and page
	Page         []Secret  // none means that there is no page
	Limits       Limits
}

// Repository is a GitOps repository.
type Repository struct {
	URL          string
	Addresses    []string // under which the engines know it, beside URL
	Forge        Forge
	Credentials  Credentials
	Environments []string // none means all that run here
	Units        []Unit
	Deployments  bool
	Production   []string // environments whose deployments are shown as production
}

// Forge says what an address does not tell.
type Forge struct {
	Kind, URL string
	PerHour   int // writes in an hour; 0 = as many as GitHub allows
}

// Credentials say who the connector is: with a token, or as a GitHub App.
type Credentials struct {
	Token    Secret
	Username string
	AppID    string
	AppKey   Secret
	SSHKey   Secret
}

// Unit says which object applies an app in an environment; no App means all.
type Unit struct{ Environment, App, Kind, Namespace, Name string }

// Source is a source repository, or several.
type Source struct {
	Pattern     string
	Forge       Forge
	Credentials Credentials
}

// Webhooks is where events come in.
type Webhooks struct {
	Listen          string
	Signing, Tokens []Secret
	MaxAge          time.Duration
}

// Limits are how long and how often.
type Limits struct {
	Settle, Every, Debounce time.Duration
	Posts, Waiting          int
}

// Pipeline is one that goes on. Exactly one of its hosts is not nil.
type Pipeline struct {
	Name                             string
	When                             []string
	Repositories, Environments, Apps []string // none means all; repositories are patterns
	Token                            Secret
	AllowPrivate                     bool
	GitHub                           *GitHub
	GitLab                           *GitLab
	Azure                            *Azure
	Gitea                            *Gitea
	Webhook                          *Outgoing
}

// GitHub is a workflow, an event or a deployment's status.
type GitHub struct {
	URL, Repository, Workflow, Ref, Event string
	Inputs                                map[string]string
	Deployment                            bool
}

// GitLab is a new pipeline, or a manual job where Job is given.
type GitLab struct {
	URL, Project, Ref, Job string
	Trigger                Secret
	Variables              map[string]string
}

// Azure is a run, or a task that waits where Task is given.
type Azure struct {
	URL, Project, Ref, Task string
	Pipeline                int
	Variables               map[string]string
}

// Gitea is a workflow.
type Gitea struct {
	URL, Repository, Workflow, Ref string
	Inputs                         map[string]string
}

// Outgoing is a signed message.
type Outgoing struct {
	URL     string
	Signing []Secret
}

// Load reads the text of a connector.yaml. Mistakes come back as environments.Problems, all of them.
func Load(file string, data []byte) (*Config, error) {
	var f rootFile
	d := environments.Decode(file, data, &f)
	check(d, f)
	if err := d.Err(); err != nil {
		return nil, err
	}
	return f.config(d), nil
}

func (f rootFile) config(d *environments.Document) *Config {
	c := &Config{Cluster: string(f.Cluster), Namespaces: strs(f.Namespaces), Listen: cmp.Or(string(f.Metrics.Listen), ":8081"), Page: secrets(f.Page.Tokens),
		Limits: Limits{Settle: span(f.Limits.Settle, "5s"), Every: span(f.Limits.Every, "1m"), Debounce: span(f.Limits.Debounce, "10s"), Posts: cmp.Or(f.Limits.Posts, 50), Waiting: cmp.Or(f.Limits.Waiting, 10_000)}}
	for _, r := range f.Repositories {
		c.Repositories = append(c.Repositories, r.repository())
	}
	for _, s := range f.Sources {
		c.Sources = append(c.Sources, Source{string(s.URL), s.Forge.forge(), s.Credentials.credentials()})
	}
	for i, p := range f.Pipelines {
		c.Pipelines = append(c.Pipelines, p.pipeline(func(host string) bool { return d.Has("pipelines", i, host) }))
	}
	if d.Has("webhooks") {
		w := f.Webhooks
		c.Webhooks = &Webhooks{Listen: cmp.Or(string(w.Listen), ":8080"), Signing: secrets(w.Signing), Tokens: secrets(w.Tokens), MaxAge: span(w.MaxAge, "15m")}
	}
	return c
}

func (r gitopsFile) repository() Repository {
	out := Repository{URL: string(r.URL), Addresses: strs(r.Addresses), Forge: r.Forge.forge(), Credentials: r.Credentials.credentials(), Environments: strs(r.Environments), Deployments: r.Deployments, Production: strs(r.Production)}
	for _, u := range r.Units {
		out.Units = append(out.Units, Unit{string(u.Environment), string(u.App), string(u.Kind), string(u.Namespace), string(u.Name)})
	}
	return out
}

func (f forgeFile) forge() Forge { return Forge{string(f.Kind), string(f.URL), f.PerHour} }

func (c credentialsFile) credentials() Credentials {
	return Credentials{Token: c.Token.secret(), Username: string(c.Username), AppID: string(c.App.ID), AppKey: c.App.Key.secret(), SSHKey: c.SSHKey.secret()}
}

func (s secretFile) secret() Secret { return Secret{File: string(s.File), Env: string(s.Env)} }

func (p pipelineFile) pipeline(given func(host string) bool) Pipeline {
	out := Pipeline{Name: string(p.Name), When: strs(p.When), Repositories: strs(p.Repositories), Environments: strs(p.Environments), Apps: strs(p.Apps),
		Token: p.Token.secret(), AllowPrivate: p.AllowPrivate}
	if len(out.When) == 0 {
		out.When = ends
	}
	switch {
	case given("github"):
		g := p.GitHub
		out.GitHub = &GitHub{URL: site(g.URL, "https://github.com"), Repository: string(g.Repository), Workflow: string(g.Workflow), Ref: orMain(g.Ref),
			Event: string(g.Event), Inputs: words(g.Inputs), Deployment: g.Deployment}
	case given("gitlab"):
		g := p.GitLab
		out.GitLab = &GitLab{URL: site(g.URL, "https://gitlab.com"), Project: string(g.Project), Ref: orMain(g.Ref), Job: string(g.Job),
			Trigger: g.Trigger.secret(), Variables: words(g.Variables)}
	case given("azure"):
		z := p.Azure
		out.Azure = &Azure{URL: site(z.URL, ""), Project: string(z.Project), Ref: orMain(z.Ref), Task: string(z.Task), Pipeline: z.Pipeline, Variables: words(z.Variables)}
	case given("gitea"):
		g := p.Gitea
		out.Gitea = &Gitea{URL: site(g.URL, ""), Repository: string(g.Repository), Workflow: string(g.Workflow), Ref: orMain(g.Ref), Inputs: words(g.Inputs)}
	case given("webhook"):
		out.Webhook = &Outgoing{URL: string(p.Webhook.URL), Signing: secrets(p.Webhook.Signing)}
	}
	return out
}

func orMain(r refName) string { return cmp.Or(string(r), "main") }

func site(u environments.WebURL, standard string) string {
	return strings.TrimRight(cmp.Or(string(u), standard), "/")
}

func secrets(files []secretFile) []Secret {
	var out []Secret
	for _, f := range files {
		out = append(out, f.secret())
	}
	return out
}

func strs[T ~string](in []T) []string {
	var out []string
	for _, s := range in {
		out = append(out, string(s))
	}
	return out
}

func words(in map[inputName]input) map[string]string {
	out := map[string]string{}
	for k, v := range in {
		out[string(k)] = string(v)
	}
	return out
}

// span reads a duration whose rule was checked.
func span(s environments.Span, standard string) time.Duration {
	d, _ := environments.ParseSpan(cmp.Or(string(s), standard))
	return d
}

// SourceOf finds who the connector is to a source repository.
func (c *Config) SourceOf(url string) (Source, bool) {
	for _, s := range c.Sources {
		if Fits(s.Pattern, url) {
			return s, true
		}
	}
	return Source{}, false
}

// PerHour is how much may be written in an hour with these credentials: the least that is given for them; 0 = not given.
func (c *Config) PerHour(f Forge, who Credentials) int {
	least := f.PerHour
	note := func(other Forge, theirs Credentials) {
		if who != (Credentials{}) && theirs == who && other.PerHour > 0 && (least == 0 || other.PerHour < least) {
			least = other.PerHour
		}
	}
	for _, r := range c.Repositories {
		note(r.Forge, r.Credentials)
	}
	for _, s := range c.Sources {
		note(s.Forge, s.Credentials)
	}
	return least
}

// Concerns tells whether a pipeline is for an app in an environment of a repository; empty names are of none.
func (p Pipeline) Concerns(repository, environment, app string) bool {
	return (len(p.Repositories) == 0 || slices.ContainsFunc(p.Repositories, func(pattern string) bool { return Fits(pattern, repository) })) &&
		(environment == "" || len(p.Environments) == 0 || slices.Contains(p.Environments, environment)) &&
		(app == "" || len(p.Apps) == 0 || slices.Contains(p.Apps, app))
}

// Fits tells whether an address has the form of a pattern, in which * stands for any text. A credential that is kept for one
// host is not given to another: no * reaches over the end of the host.
func Fits(pattern, url string) bool {
	pattern, url = strings.TrimSuffix(pattern, ".git"), strings.TrimSuffix(url, ".git")
	host, rest, _ := cutHost(pattern)
	urlHost, urlRest, _ := cutHost(url)
	if ok, err := path.Match(host, urlHost); err != nil || !ok {
		return false
	}
	return matches(rest, urlRest)
}

// cutHost parts https://host/path and git@host:path after the host.
func cutHost(url string) (host, rest string, ok bool) {
	from := strings.Index(url, "://") + 3
	if from < 3 {
		host, rest, ok = strings.Cut(url, ":")
		return strings.ToLower(host), rest, ok
	}
	i := strings.IndexByte(url[from:], '/')
	if i < 0 {
		return strings.ToLower(url), "", false
	}
	return strings.ToLower(url[:from+i]), url[from+i+1:], true
}

// matches lets each * stand for any text, / too.
func matches(pattern, s string) bool {
	first, rest, more := strings.Cut(pattern, "*")
	if !more {
		return pattern == s
	}
	if !strings.HasPrefix(s, first) {
		return false
	}
	parts := strings.Split(rest, "*")
	s = s[len(first):]
	for _, part := range parts[:len(parts)-1] {
		i := strings.Index(s, part)
		if i < 0 {
			return false
		}
		s = s[i+len(part):]
	}
	return strings.HasSuffix(s, parts[len(parts)-1])
}
