package pipeline

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/ferry-cd/ferry/door"
	"github.com/ferry-cd/ferry/release"
)

func (w Way) gitlab(project string) (*host, string) {
	h := w.host(w.URL+"/api/v4", func(t door.Token) door.Credential { return door.Header("PRIVATE-TOKEN", t) })
	return h, "/projects/" + url.PathEscape(project)
}

// Trigger starts a new pipeline of GitLab with a trigger token. Way.Token is that token.
func Trigger(w Way, project, ref string, variables map[string]string) Host {
	token := w.Token
	w.Token = nil // a trigger token is no credential of the API; it travels in the form
	h, path := w.gitlab(project)
	return trigger{h, path + "/trigger/pipeline", ref, variables, token}
}

type trigger struct {
	*host
	path, ref string
	variables map[string]string
	token     func() door.Token
}

func (t trigger) Tell(ctx context.Context, m Message) error {
	form := url.Values{"token": {t.token().Reveal()}, "ref": {t.ref}}
	for name, value := range withOwn(m, t.variables) {
		form.Set("variables["+name+"]", value)
	}
	return t.send(ctx, http.MethodPost, t.path, "application/x-www-form-urlencoded", nil, strings.NewReader(form.Encode()), nil)
}

// withOwn lays the operator's variables over ferry's.
func withOwn(m Message, own map[string]string) map[string]string {
	out := m.variables()
	maps.Copy(out, m.fillAll(own))
	return out
}

// ManualJob plays a manual job in the pipeline of GitLab that built the release. Its token is of a user who may play it; a
// job's own token may not.
func ManualJob(w Way, project, name string, variables map[string]string) Host {
	h, path := w.gitlab(project)
	return manual{h, path, name, variables}
}

type manual struct {
	*host
	path, name string
	variables  map[string]string
}

type job struct {
	ID     int64  `json:"id"`
	Name   string `json:"name"`
	Status string `json:"status"`
}

func (j manual) Tell(ctx context.Context, m Message) error {
	pipeline, ok := m.builtBy(release.GitLab)
	if !ok {
		return ErrNobody
	}
	found, err := j.find(ctx, pipeline)
	if missing(err) {
		return ErrNobody // the pipeline was deleted
	}
	if err != nil {
		return err
	}
	switch found.Status {
	case "manual":
	case "created", "waiting_for_resource", "preparing", "scheduled":
		return fmt.Errorf("job %s of pipeline %s does not wait yet: it is %s", j.name, pipeline, found.Status)
	default: // somebody played it, or it will never run
		return ErrNobody
	}
	type attribute struct {
		Key   string `json:"key"`
		Value string `json:"value"`
	}
	var attributes []attribute
	all := withOwn(m, j.variables)
	for _, name := range slices.Sorted(maps.Keys(all)) {
		attributes = append(attributes, attribute{name, all[name]})
	}
	return j.call(ctx, http.MethodPost, j.path+"/jobs/"+number(found.ID)+"/play", map[string]any{"job_variables_attributes": attributes}, nil)
}

// maxPages bounds the jobs of a pipeline that are looked through: ten thousand.
const maxPages = 100

func (j manual) find(ctx context.Context, pipeline string) (job, error) {
	var newest job
	for page := 1; page <= maxPages; page++ {
		var jobs []job
		if err := j.call(ctx, http.MethodGet, j.path+"/pipelines/"+pipeline+"/jobs?per_page=100&page="+strconv.Itoa(page), nil, &jobs); err != nil {
			return job{}, err
		}
		for _, one := range jobs {
			if one.Name == j.name && cmp.Less(newest.ID, one.ID) {
				newest = one
			}
		}
		if len(jobs) < 100 {
			break
		}
	}
	if newest.ID == 0 {
		return job{}, &noJobError{j.name, pipeline}
	}
	return newest, nil
}

func number(n int64) string { return strconv.FormatInt(n, 10) }

// noJobError says that what should be waiting is not there.
type noJobError struct{ name, run string }

func (e *noJobError) Error() string {
	return fmt.Sprintf("run %s has nothing that is called %q", e.run, e.name)
}
func (e *noJobError) Hint() string {
	return "name it in connector.yaml as the pipeline names it, letter by letter"
}
