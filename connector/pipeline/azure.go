package pipeline

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"sync"

	"github.com/ferry-cd/ferry/door"
	"github.com/ferry-cd/ferry/release"
)

// azure gives the API of a project. A personal token is the password of nobody; a token of Entra is a JWT, and a bearer.
func (w Way) azure(project string) *host {
	return w.host(w.URL+"/"+url.PathEscape(project)+"/_apis", func(t door.Token) door.Credential {
		if strings.HasPrefix(t.Reveal(), "eyJ") && strings.Count(t.Reveal(), ".") == 2 {
			return door.Bearer(t)
		}
		return door.Basic("", t)
	})
}

// Run starts a pipeline of Azure DevOps.
func Run(w Way, project string, pipeline int, ref string, parameters map[string]string) Host {
	if !strings.HasPrefix(ref, "refs/") {
		ref = "refs/heads/" + ref
	}
	return run{w.azure(project), "/pipelines/" + strconv.Itoa(pipeline) + "/runs?api-version=7.1", ref, parameters}
}

type run struct {
	*host
	path, ref  string
	parameters map[string]string
}

func (r run) Tell(ctx context.Context, m Message) error {
	body := map[string]any{"resources": map[string]any{"repositories": map[string]any{"self": map[string]string{"refName": r.ref}}}}
	if len(r.parameters) > 0 {
		body["templateParameters"] = m.fillAll(r.parameters)
	}
	return r.call(ctx, http.MethodPost, r.path, body, nil)
}

// Task completes an agentless task that waits in the run of Azure Pipelines that built the release: a task of type Invoke
// REST API in callback mode, or any other that waits for TaskCompleted. It succeeds where the promotion is healthy, and
// fails on every other end.
func Task(w Way, project, name string) Host { return task{w.azure(project), name} }

type task struct {
	*host
	name string
}

// build is the part of a build that says where its events go, and whether anybody listens.
type build struct {
	Status string `json:"status"`
	Plan   struct {
		ID string `json:"planId"`
	} `json:"orchestrationPlan"`
}

// step is a line of a build's timeline.
type step struct {
	ID     string `json:"id"`
	Parent string `json:"parentId"`
	Type   string `json:"type"`
	Name   string `json:"name"`
	State  string `json:"state"`
}

// isPlan is for the identifier of a plan, which becomes a part of an address.
var isPlan = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[0-9A-Za-z-]+$`) })

func (t task) Tell(ctx context.Context, m Message) error {
	id, ok := m.builtBy(release.Azure)
	if !ok {
		return ErrNobody
	}
	var b build
	err := t.call(ctx, http.MethodGet, "/build/builds/"+id+"?api-version=7.1", nil, &b)
	if missing(err) || err == nil && b.Status == "completed" {
		return ErrNobody
	}
	if err != nil {
		return err
	}
	if !isPlan().MatchString(b.Plan.ID) {
		return fmt.Errorf("run %s has no plan yet that could be told", id)
	}
	var timeline struct {
		Records []step `json:"records"`
	}
	if err := t.call(ctx, http.MethodGet, "/build/builds/"+id+"/timeline?api-version=7.1", nil, &timeline); err != nil {
		return err
	}
	waiting, err := t.waiting(id, timeline.Records)
	if err != nil {
		return err
	}
	result := "failed"
	if m.good() {
		result = "succeeded"
	}
	return t.call(ctx, http.MethodPost, "/distributedtask/hubs/build/plans/"+b.Plan.ID+"/events?api-version=7.1",
		map[string]string{"name": "TaskCompleted", "taskId": waiting.ID, "jobId": waiting.Parent, "result": result}, nil)
}

// waiting finds the task that is in progress. One that was not reached yet will be; one that is over waits for nobody.
func (t task) waiting(run string, steps []step) (step, error) {
	err := error(&noJobError{t.name, run})
	for _, s := range steps {
		if s.Type != "Task" || s.Name != t.name {
			continue
		}
		switch s.State {
		case "inProgress":
			return s, nil
		case "pending":
			err = fmt.Errorf("task %s of run %s does not wait yet", t.name, run)
		default:
			err = ErrNobody
		}
	}
	return step{}, err
}
