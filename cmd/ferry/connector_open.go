package main

import (
	"context"
	"slices"
	"strings"
	"sync"

	"github.com/ferry-cd/ferry/connector"
	"github.com/ferry-cd/ferry/connector/config"
	"github.com/ferry-cd/ferry/connector/pipeline"
	"github.com/ferry-cd/ferry/door"
	"github.com/ferry-cd/ferry/git"
)

// connectorName is who the connector is on the embedded forge; on others its credentials tell.
const connectorName = "ferry-connector"

// assemble puts together what the configuration names. Nothing is opened yet: a forge that is down keeps no other from being
// served.
func (r *running) assemble() (connector.Options, error) {
	pipelines, err := r.pipelines()
	if err != nil {
		return connector.Options{}, err
	}
	o := connector.Options{Cluster: r.watcher, ClusterName: r.config.Cluster, Counter: logged{r.metrics, r.log}, Leading: r.leads, Now: r.Now, Version: version,
		Timing: connector.Timing{Poll: r.config.Limits.Every, Settle: r.config.Limits.Settle, Debounce: r.config.Limits.Debounce, Budget: r.config.Limits.Posts, Waiting: r.config.Limits.Waiting}}
	if len(r.config.Pipelines) > 0 { // else nobody waits, and nothing has to be remembered of whom was told
		o.Pipelines = pipelines
	}
	if !r.advances(pipelines) {
		o.Timing.Advance = -1
	}
	for _, repository := range r.config.Repositories {
		o.Repositories = append(o.Repositories, r.repository(repository))
	}
	return o, nil
}

func (r *running) advances(p *pipeline.Pipelines) bool {
	return slices.ContainsFunc(r.config.Repositories, func(one config.Repository) bool { return p.Advances(one.URL) })
}

// open opens a repository with its forge, as whom the configuration says.
func (r *running) open(ctx context.Context, url string, f config.Forge, who config.Credentials) (connection, error) {
	a := r.as(who, r.secrets)
	how, err := a.gitOptions(git.Identity{Name: connectorName, Email: connectorName + "@localhost"})
	if err != nil {
		return connection{}, err
	}
	at, err := a.connect(ctx, url, connectorName, forgeOptions{kind: f.Kind, url: f.URL}, how)
	if err == nil && at.forge == nil {
		err = &noForgeError{url}
	}
	return at, err
}

func (r *running) repository(c config.Repository) connector.Repository {
	var rules []connector.Rule
	for _, u := range c.Units {
		rules = append(rules, connector.Rule{Environment: u.Environment, App: u.App, Unit: connector.Ref{Kind: u.Kind, Namespace: u.Namespace, Name: u.Name}})
	}
	return connector.Repository{
		Name: c.URL, Addresses: c.Addresses, Units: rules,
		Open: func(ctx context.Context) (*git.Repository, error) {
			fresh, err := r.open(ctx, c.URL, c.Forge, c.Credentials)
			return fresh.repo, err
		},
		Environments: c.Environments, Connect: r.connecting(c),
		Sources: r.sources.of, PullRequests: true, Deployments: c.Deployments, Production: c.Production,
	}
}

// connecting finds the forge of a repository when it is needed first, once for all terms of this leader.
func (r *running) connecting(c config.Repository) func(context.Context) (connector.Destination, error) {
	var mu sync.Mutex
	var known connector.Destination
	return func(ctx context.Context) (connector.Destination, error) {
		mu.Lock()
		defer mu.Unlock()
		if known.Forge != nil {
			return known, nil
		}
		ctx, cancel := context.WithTimeout(ctx, openTime)
		defer cancel()
		at, err := r.open(ctx, c.URL, c.Forge, c.Credentials)
		if err != nil {
			return connector.Destination{}, err
		}
		name := destinationName(at.repo.URL())
		if counts, ok := at.forge.(counted); ok {
			r.count(name, counts)
		}
		r.spends(name, c.Credentials, at.forge)
		known = connector.Destination{Name: name, Forge: at.forge, Credential: paceOf(c.Credentials, name), PerHour: r.config.PerHour(c.Forge, c.Credentials)}
		return known, nil
	}
}

func (r *running) count(name string, c counted) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.calls[name] = c
}

// paceOf names a credential: what is written with one and the same shares its pace.
func paceOf(c config.Credentials, other string) string {
	switch {
	case !c.Token.IsZero():
		return c.Token.String()
	case c.AppID != "":
		return "app " + c.AppID
	}
	return other
}

// destinationName is an address as people say it: github.com/acme/gitops.
func destinationName(url string) string {
	_, rest, found := strings.Cut(url, "://")
	if !found {
		rest = url
	}
	if at := strings.IndexByte(rest, '@'); at >= 0 {
		rest = rest[at+1:]
	}
	return strings.TrimSuffix(rest, ".git")
}

// pipelines makes those that the configuration names.
func (r *running) pipelines() (*pipeline.Pipelines, error) {
	ca, err := r.certificates()
	if err != nil {
		return nil, err
	}
	var all []pipeline.Pipeline
	for _, p := range r.config.Pipelines {
		one := pipeline.Pipeline{Name: p.Name, Host: r.host(p, ca), Concerns: p.Concerns}
		for _, when := range p.When {
			if when == config.Advance {
				one.Advance = true
				continue
			}
			one.When = append(one.When, connector.Phase(strings.ReplaceAll(when, "-", " ")))
		}
		all = append(all, one)
	}
	return pipeline.New(r.told, all...), nil
}

func (r *running) told(t pipeline.Told) {
	r.metrics.Told(t.Pipeline, t.Err, pipeline.ErrNobody)
	if t.Err != nil {
		r.log.Warn("a pipeline was not told", "pipeline", t.Pipeline, "key", t.Key, "error", t.Err.Error())
		return
	}
	r.log.Info("told a pipeline", "pipeline", t.Pipeline, "key", t.Key)
}

func (r *running) host(p config.Pipeline, ca []byte) pipeline.Host {
	way := func(url string, token config.Secret) pipeline.Way {
		return pipeline.Way{URL: url, Token: func() door.Token { return r.secrets.Last(token) }, AllowPrivate: p.AllowPrivate, CABundle: ca, Now: r.Now}
	}
	switch {
	case p.GitHub != nil:
		g := p.GitHub
		w := way(g.URL, p.Token)
		switch {
		case g.Deployment:
			return pipeline.Deployment(w, g.Repository)
		case g.Event != "":
			return pipeline.Event(w, g.Repository, g.Event)
		}
		return pipeline.Workflow(w, g.Repository, g.Workflow, g.Ref, g.Inputs)
	case p.GitLab != nil:
		g := p.GitLab
		if g.Job != "" {
			return pipeline.ManualJob(way(g.URL, p.Token), g.Project, g.Job, g.Variables)
		}
		return pipeline.Trigger(way(g.URL, g.Trigger), g.Project, g.Ref, g.Variables)
	case p.Azure != nil:
		z := p.Azure
		if z.Task != "" {
			return pipeline.Task(way(z.URL, p.Token), z.Project, z.Task)
		}
		return pipeline.Run(way(z.URL, p.Token), z.Project, z.Pipeline, z.Ref, z.Variables)
	case p.Gitea != nil:
		g := p.Gitea
		return pipeline.GiteaWorkflow(way(g.URL, p.Token), g.Repository, g.Workflow, g.Ref, g.Inputs)
	}
	w := way(p.Webhook.URL, config.Secret{})
	w.Token = nil
	return pipeline.Webhook(w, r.secrets.All(p.Webhook.Signing))
}
