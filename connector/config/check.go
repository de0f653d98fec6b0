package config

import (
	"slices"
	"strings"

	"github.com/ferry-cd/ferry/environments"
)

// check reports what no single value shows.
func check(d *environments.Document, f rootFile) {
	if d.Has("repositories") && len(f.Repositories) == 0 {
		d.Report([]any{"repositories"}, "", "repositories names none: there would be nothing to do")
	}
	seen := map[string]bool{}
	for i, r := range f.Repositories {
		at := []any{"repositories", i}
		twice(d, append(at, "url"), seen, strings.TrimSuffix(string(r.URL), ".git"))
		checkCredentials(d, append(at, "credentials"), r.Credentials)
		for j, u := range r.Units {
			if len(r.Environments) > 0 && !slices.Contains(r.Environments, u.Environment) {
				d.Report(append(at, "units", j, "environment"), environments.DidYouMean(string(u.Environment), strs(r.Environments)),
					"%q is none of the environments above", u.Environment)
			}
		}
	}
	for i, s := range f.Sources {
		checkCredentials(d, []any{"sources", i, "credentials"}, s.Credentials)
	}
	checkSecrets(d, []any{"webhooks", "signing"}, f.Webhooks.Signing)
	checkSecrets(d, []any{"webhooks", "tokens"}, f.Webhooks.Tokens)
	checkSecrets(d, []any{"page", "tokens"}, f.Page.Tokens)
	if d.Has("webhooks", "listen") && f.Webhooks.Listen == f.Metrics.Listen {
		d.Report([]any{"webhooks", "listen"}, "", "metrics listen there, too")
	}
	names := map[string]bool{}
	for i, p := range f.Pipelines {
		twice(d, []any{"pipelines", i, "name"}, names, string(p.Name))
		checkPipeline(d, []any{"pipelines", i}, p)
	}
}

func twice(d *environments.Document, at []any, seen map[string]bool, value string) {
	if value != "" && seen[value] {
		d.Report(at, "", "%q is there twice", value)
	}
	seen[value] = true
}

func checkCredentials(d *environments.Document, at []any, c credentialsFile) {
	checkSecret(d, append(at, "token"), c.Token)
	checkSecret(d, append(at, "sshKey"), c.SSHKey)
	checkSecret(d, append(at, "app", "key"), c.App.Key)
	if d.Has(append(at, "token")...) && d.Has(append(at, "app")...) {
		d.Report(append(at, "app"), "", "token and app exclude each other")
	}
}

func checkSecrets(d *environments.Document, at []any, list []secretFile) {
	for i, s := range list {
		checkSecret(d, append(slices.Clone(at), i), s)
	}
}

// checkSecret wants one place where a secret is kept.
func checkSecret(d *environments.Document, at []any, s secretFile) {
	if d.Has(at...) && (s.File == "") == (s.Env == "") {
		d.Report(at, inPlace, "a secret is kept in a file or in env, one of them")
	}
}

// hosts of pipelines, by their keys.
var hosts = []string{"github", "gitlab", "azure", "gitea", "webhook"}

func checkPipeline(d *environments.Document, at []any, p pipelineFile) {
	checkSecret(d, append(at, "token"), p.Token)
	given := slices.DeleteFunc(slices.Clone(hosts), func(h string) bool { return !d.Has(append(slices.Clone(at), h)...) })
	if len(given) != 1 {
		d.Report(at, "", "a pipeline has one of %s", strings.Join(hosts, ", "))
		return
	}
	at = append(at, given[0])
	switch given[0] {
	case "github":
		oneOf(d, at, "workflow", "event", "deployment")
	case "gitlab":
		oneOf(d, at, "trigger", "job")
		checkSecret(d, append(at, "trigger"), p.GitLab.Trigger)
	case "azure":
		oneOf(d, at, "pipeline", "task")
	case "webhook":
		checkSecrets(d, append(at, "signing"), p.Webhook.Signing)
		if d.Has(append(at, "signing")...) && len(p.Webhook.Signing) == 0 {
			d.Report(append(at, "signing"), "", "a message is signed with one key at least")
		}
	}
	if needsToken := given[0] != "webhook" && !d.Has(append(at, "trigger")...); needsToken && !d.Has(append(at[:len(at)-1:len(at)-1], "token")...) {
		d.Report(at, "", "the pipeline has no token: nobody may start it")
	}
	if released := d.Has(append(at, "job")...) || d.Has(append(at, "task")...); released && slices.Contains(p.When, Advance) {
		d.Report(at, "dispatch a workflow or a pipeline", "advance belongs to no release, so there is no run in which something waits for it")
	}
}

// oneOf wants one of several keys.
func oneOf(d *environments.Document, at []any, keys ...string) {
	n := 0
	for _, key := range keys {
		if d.Has(append(slices.Clone(at), key)...) {
			n++
		}
	}
	if n != 1 {
		d.Report(at, "", "%s has one of %s", at[len(at)-1], strings.Join(keys, ", "))
	}
}
