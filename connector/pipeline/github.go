package pipeline

import (
	"context"
	"errors"
	"net/http"
	"net/url"

	"github.com/ferry-cd/ferry/connector"
	"github.com/ferry-cd/ferry/door"
)

// Workflow dispatches a workflow of GitHub Actions.
func Workflow(w Way, repository, file, ref string, inputs map[string]string) Host {
	flow := "/repos/" + slug(repository) + "/actions/workflows/" + url.PathEscape(file)
	return dispatch{w.github(), flow + "/dispatches", flow, ref, inputs}
}

// dispatch is a workflow that runs when it is asked to, on GitHub and on what speaks like it.
type dispatch struct {
	*host
	path, look, ref string // look is what can be read to see that it is there
	inputs          map[string]string
}

func (d dispatch) Tell(ctx context.Context, m Message) error {
	body := map[string]any{"ref": d.ref}
	if len(d.inputs) > 0 {
		body["inputs"] = m.fillAll(d.inputs)
	}
	return d.call(ctx, http.MethodPost, d.path, body, nil)
}

// github gives GitHub's API: a server of one's own has it below its pages.
func (w Way) github() *host {
	api := w.URL + "/api/v3"
	if w.URL == "https://github.com" {
		api = "https://api.github.com"
	}
	return w.host(api, door.Bearer)
}

// Event sends a repository_dispatch event: workflows on the default branch that listen to its type run.
func Event(w Way, repository, kind string) Host {
	return event{w.github(), "/repos/" + slug(repository) + "/dispatches", kind}
}

type event struct {
	*host
	path, kind string
}

// Tell puts the message below one key: GitHub takes ten.
func (e event) Tell(ctx context.Context, m Message) error {
	return e.call(ctx, http.MethodPost, e.path, map[string]any{"event_type": e.kind, "client_payload": map[string]any{"ferry": m}}, nil)
}

// Deployment sets the status of a source commit's deployment, and makes the deployment where there is none.
func Deployment(w Way, repository string) Host {
	return deployment{w.github(), "/repos/" + slug(repository) + "/deployments"}
}

type deployment struct {
	*host
	path string
}

type deployed struct {
	ID          int64  `json:"id"`
	State       string `json:"state"`
	Description string `json:"description"`
}

// states of a deployment by the end of a promotion. The words are GitHub's.
var states = map[string]string{word(connector.Healthy): "success", word(connector.Failed): "failure", word(connector.TimedOut): "failure",
	word(connector.Superseded): "inactive", word(connector.Closed): "inactive"}

func (d deployment) Tell(ctx context.Context, m Message) error {
	if m.Type != promotion || m.Release.Commit == "" {
		return ErrNobody
	}
	id, err := d.find(ctx, m)
	if err != nil {
		return err
	}
	statuses := d.path + "/" + id + "/statuses"
	var said []deployed
	if err := d.call(ctx, http.MethodGet, statuses+"?per_page=1", nil, &said); err != nil {
		return err
	}
	want := deployed{State: states[m.Outcome], Description: door.Outside(m.Text).Cut(140).Line()}
	if len(said) > 0 && said[0].State == want.State && said[0].Description == want.Description {
		return nil
	}
	body := map[string]any{"state": want.State, "description": want.Description, "environment": m.Environment}
	if m.URL != "" {
		body["log_url"] = m.URL
	}
	return d.call(ctx, http.MethodPost, statuses, body, nil)
}

// find gives the newest deployment of the source commit in the environment. One that is made carries the key, so that who
// looks at it finds the promotion.
func (d deployment) find(ctx context.Context, m Message) (string, error) {
	var found []deployed
	where := url.Values{"sha": {m.Release.Commit}, "environment": {m.Environment}, "per_page": {"1"}}
	if err := d.call(ctx, http.MethodGet, d.path+"?"+where.Encode(), nil, &found); err != nil {
		return "", err
	}
	if len(found) > 0 && found[0].ID > 0 {
		return number(found[0].ID), nil
	}
	var made deployed
	err := d.call(ctx, http.MethodPost, d.path, map[string]any{"ref": m.Release.Commit, "environment": m.Environment, "auto_merge": false,
		"required_contexts": []string{}, "task": "deploy", "payload": map[string]string{"ferry": m.Key}}, &made)
	if err == nil && made.ID <= 0 {
		err = errors.New("the host made a deployment and did not say which")
	}
	return number(made.ID), err
}
