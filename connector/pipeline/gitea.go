package pipeline

import (
	"net/url"

	"github.com/ferry-cd/ferry/door"
)

// GiteaWorkflow dispatches a workflow of Gitea or Forgejo.
func GiteaWorkflow(w Way, repository, file, ref string, inputs map[string]string) Host {
	return dispatch{w.host(w.URL+"/api/v1", door.Bearer), "/repos/" + slug(repository) + "/actions/workflows/" + url.PathEscape(file) + "/dispatches", ref, inputs}
}
