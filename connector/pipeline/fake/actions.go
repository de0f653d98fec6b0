package fake

import (
	"encoding/json"
	"net/http"
	"strconv"
	"sync"
)

// Workflow is one that can be dispatched.
type Workflow struct {
	Dispatch bool     // has on: workflow_dispatch
	Inputs   []string // it declares
	Required []string // of those
}

// GitHub plays Actions and deployments of the repository acme/shop, which has the branch main and one commit.
func GitHub(commit string, workflows map[string]Workflow) *Server {
	return serve(func(s *Server, mux *http.ServeMux) {
		actions(s, mux, "/api/v3", workflows, func(w http.ResponseWriter, r *http.Request) bool {
			return allowed(w, r.Header.Get("Authorization") == "Bearer "+Token)
		})
		d := &deployments{commit: commit, statuses: map[string][]map[string]any{}}
		const at = "/api/v3/repos/acme/shop/deployments"
		mux.HandleFunc("GET "+at, guard(d.list))
		mux.HandleFunc("POST "+at, guard(d.create))
		mux.HandleFunc("GET "+at+"/{id}/statuses", guard(d.said))
		mux.HandleFunc("POST "+at+"/{id}/statuses", guard(func(w http.ResponseWriter, r *http.Request) { d.say(s, w, r) }))
		mux.HandleFunc("POST /api/v3/repos/acme/shop/dispatches", guard(func(w http.ResponseWriter, r *http.Request) { dispatched(s, w, r) }))
	})
}

// Gitea plays its Actions for the same repository.
func Gitea(workflows map[string]Workflow) *Server {
	return serve(func(s *Server, mux *http.ServeMux) {
		actions(s, mux, "/api/v1", workflows, func(w http.ResponseWriter, r *http.Request) bool {
			return allowed(w, r.Header.Get("Authorization") == "Bearer "+Token)
		})
	})
}

func guard(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if allowed(w, r.Header.Get("Authorization") == "Bearer "+Token) {
			next(w, r)
		}
	}
}

func allowed(w http.ResponseWriter, ok bool) bool {
	if !ok {
		refuse(w, http.StatusUnauthorized, "Bad credentials")
	}
	return ok
}

func actions(s *Server, mux *http.ServeMux, base string, workflows map[string]Workflow, allowed func(http.ResponseWriter, *http.Request) bool) {
	mux.HandleFunc("GET "+base+"/repos/acme/shop", func(w http.ResponseWriter, r *http.Request) {
		if allowed(w, r) {
			answer(w, http.StatusOK, map[string]string{"full_name": "acme/shop"})
		}
	})
	mux.HandleFunc("GET "+base+"/repos/acme/shop/actions/workflows/{file}", func(w http.ResponseWriter, r *http.Request) {
		if !allowed(w, r) {
			return
		}
		if _, known := workflows[r.PathValue("file")]; !known {
			refuse(w, http.StatusNotFound, "Not Found")
			return
		}
		answer(w, http.StatusOK, map[string]string{"state": "active"})
	})
	mux.HandleFunc("POST "+base+"/repos/acme/shop/actions/workflows/{file}/dispatches", func(w http.ResponseWriter, r *http.Request) {
		var body struct {
			Ref    string            `json:"ref"`
			Inputs map[string]string `json:"inputs"`
		}
		if !allowed(w, r) {
			return
		}
		raw, ok := read(w, r, &body)
		if !ok {
			return
		}
		file := r.PathValue("file")
		flow, known := workflows[file]
		switch unexpected, missing := flow.judge(body.Inputs); {
		case !known:
			refuse(w, http.StatusNotFound, "Not Found")
		case body.Ref != "main":
			refuse(w, http.StatusUnprocessableEntity, "No ref found for: %s", body.Ref)
		case !flow.Dispatch:
			refuse(w, http.StatusUnprocessableEntity, "Workflow does not have 'workflow_dispatch' trigger")
		case len(body.Inputs) > 25:
			refuse(w, http.StatusUnprocessableEntity, "you may only define up to 25 `inputs`")
		case len(unexpected) > 0:
			refuse(w, http.StatusUnprocessableEntity, "Unexpected inputs provided: %q", unexpected)
		case len(missing) > 0:
			refuse(w, http.StatusUnprocessableEntity, "Required input '%s' not provided", missing[0])
		default:
			s.start(Run{"workflow " + file, body.Ref, body.Inputs, raw})
			w.WriteHeader(http.StatusNoContent)
		}
	})
}

func (f Workflow) judge(inputs map[string]string) (unexpected, missing []string) {
	for name := range inputs {
		if !contains(f.Inputs, name) {
			unexpected = append(unexpected, name)
		}
	}
	for _, name := range f.Required {
		if inputs[name] == "" {
			missing = append(missing, name)
		}
	}
	return unexpected, missing
}

func contains(list []string, s string) bool {
	for _, l := range list {
		if l == s {
			return true
		}
	}
	return false
}

func dispatched(s *Server, w http.ResponseWriter, r *http.Request) {
	var body struct {
		Type    string                     `json:"event_type"`
		Payload map[string]json.RawMessage `json:"client_payload"`
	}
	raw, ok := read(w, r, &body)
	switch {
	case !ok:
	case body.Type == "" || len(body.Type) > 100:
		refuse(w, http.StatusUnprocessableEntity, "event_type is too long (maximum is 100 characters)")
	case len(body.Payload) > 10:
		refuse(w, http.StatusUnprocessableEntity, "No more than 10 properties are allowed; %d were supplied.", len(body.Payload))
	case len(raw) > 65535:
		refuse(w, http.StatusUnprocessableEntity, "client_payload is too large.")
	default:
		s.start(Run{What: "event " + body.Type, Body: raw})
		w.WriteHeader(http.StatusNoContent)
	}
}

type deployments struct {
	mu       sync.Mutex
	commit   string
	made     []map[string]any
	statuses map[string][]map[string]any
}

func (d *deployments) list(w http.ResponseWriter, r *http.Request) {
	d.mu.Lock()
	defer d.mu.Unlock()
	found := []map[string]any{}
	for i := len(d.made) - 1; i >= 0; i-- {
		if one := d.made[i]; one["sha"] == r.FormValue("sha") && one["environment"] == r.FormValue("environment") {
			found = append(found, one)
		}
	}
	answer(w, http.StatusOK, found)
}

func (d *deployments) create(w http.ResponseWriter, r *http.Request) {
	var body struct {
		Ref, Environment, Task string
		AutoMerge              *bool           `json:"auto_merge"`
		Contexts               *[]string       `json:"required_contexts"`
		Payload                json.RawMessage `json:"payload"`
	}
	if _, ok := read(w, r, &body); !ok {
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	switch {
	case body.Ref != d.commit:
		refuse(w, http.StatusUnprocessableEntity, "No ref found for: %s", body.Ref)
	case body.AutoMerge == nil || *body.AutoMerge: // the default merges the default branch into the ref
		refuse(w, http.StatusAccepted, "Auto-merged main into %s on deployment.", body.Ref)
	case body.Contexts == nil: // the default wants every status of the commit to be success
		refuse(w, http.StatusConflict, "Conflict: Commit status checks failed for %s.", body.Ref)
	default:
		one := map[string]any{"id": 100 + len(d.made), "sha": body.Ref, "environment": body.Environment}
		d.made = append(d.made, one)
		answer(w, http.StatusCreated, one)
	}
}

func (d *deployments) said(w http.ResponseWriter, r *http.Request) {
	d.mu.Lock()
	defer d.mu.Unlock()
	said := append([]map[string]any{}, d.statuses[r.PathValue("id")]...)
	for i, j := 0, len(said)-1; i < j; i, j = i+1, j-1 {
		said[i], said[j] = said[j], said[i]
	}
	answer(w, http.StatusOK, said)
}

func (d *deployments) say(s *Server, w http.ResponseWriter, r *http.Request) {
	var body struct{ State, Description, Environment, Log string }
	var raw map[string]any
	data, ok := read(w, r, &raw)
	if !ok {
		return
	}
	_ = json.Unmarshal(data, &body)
	id := r.PathValue("id")
	n, _ := strconv.Atoi(id)
	d.mu.Lock()
	known := n >= 100 && n < 100+len(d.made)
	d.mu.Unlock()
	switch {
	case !known:
		refuse(w, http.StatusNotFound, "Not Found")
	case !contains([]string{"error", "failure", "inactive", "in_progress", "queued", "pending", "success"}, body.State):
		refuse(w, http.StatusUnprocessableEntity, "Validation Failed: state is not included in the list")
	case len([]rune(body.Description)) > 140:
		refuse(w, http.StatusUnprocessableEntity, "Validation Failed: description is too long (maximum is 140 characters)")
	default:
		d.mu.Lock()
		d.statuses[id] = append(d.statuses[id], raw)
		d.mu.Unlock()
		s.start(Run{What: "deployment " + body.State, Body: data})
		answer(w, http.StatusCreated, raw)
	}
}
