package pipeline

import (
	"net/url"

	"github.com/ferry-cd/ferry/door"
)

// GiteaWorkflow dispatches a workflow of Gitea or Forgejo.
func GiteaWorkflow(w Way, repository, file, ref string, inputs map[string]string) Host {
	at := "/repos/" + slug(repository) // older servers and Forgejo dispatch workflows, and cannot be asked for one
	return dispatch{w.host(w.URL+"/api/v1", door.Bearer), at + "/actions/workflows/" + url.PathEscape(file) + "/dispatches", at, ref, inputs}
}
