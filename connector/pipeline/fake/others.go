package fake

import (
	"net/http"
	"strconv"
	"strings"
)

// Job is one of GitLab's pipeline 41.
type Job struct {
	ID           int
	Name, Status string
}

// GitLab plays the project acme/shop: trigger token "a-trigger-token", the branch main, and pipeline 41 with these jobs.
func GitLab(jobs ...Job) *Server {
	return serve(func(s *Server, mux *http.ServeMux) {
		const project = "/api/v4/projects/acme%2Fshop"
		mux.HandleFunc("POST /api/v4/projects/{project}/trigger/pipeline", func(w http.ResponseWriter, r *http.Request) {
			switch {
			case r.FormValue("token") != "a-trigger-token" || r.Header.Get("Private-Token") != "" || !strings.HasPrefix(r.URL.EscapedPath(), project):
				refuse(w, http.StatusNotFound, "404 Not Found")
			case r.FormValue("ref") != "main":
				answer(w, http.StatusBadRequest, map[string]any{"message": map[string]any{"base": []string{"Reference not found"}}})
			default:
				inputs := map[string]string{}
				for name := range r.PostForm {
					if key, ok := strings.CutPrefix(name, "variables["); ok {
						inputs[strings.TrimSuffix(key, "]")] = r.PostForm.Get(name)
					}
				}
				s.start(Run{What: "trigger", Ref: "main", Inputs: inputs})
				answer(w, http.StatusCreated, map[string]any{"id": 42})
			}
		})
		mux.HandleFunc("GET /api/v4/version", gitlabUser(func(w http.ResponseWriter, _ *http.Request) {
			answer(w, http.StatusOK, map[string]string{"version": "18.4.0"})
		}))
		mux.HandleFunc("GET /api/v4/projects/{project}", gitlabUser(func(w http.ResponseWriter, r *http.Request) {
			if r.PathValue("project") != "acme/shop" {
				refuse(w, http.StatusNotFound, "404 Project Not Found")
				return
			}
			level := map[string]int{Token: 30, Narrow: 40, Looker: 20}[r.Header.Get("Private-Token")]
			answer(w, http.StatusOK, map[string]any{"path_with_namespace": "acme/shop",
				"permissions": map[string]any{"project_access": nil, "group_access": map[string]int{"access_level": level, "notification_level": 3}}})
		}))
		mux.HandleFunc("GET /api/v4/personal_access_tokens/self", gitlabUser(func(w http.ResponseWriter, r *http.Request) {
			scope := map[string]string{Token: "api", Narrow: "read_api", Looker: "api"}[r.Header.Get("Private-Token")]
			answer(w, http.StatusOK, map[string]any{"id": 1, "active": true, "scopes": []string{scope}})
		}))
		mux.HandleFunc("GET /api/v4/projects/{project}/pipelines/{id}/jobs", gitlabUser(func(w http.ResponseWriter, r *http.Request) {
			if r.PathValue("id") != "41" {
				refuse(w, http.StatusNotFound, "404 Not found")
				return
			}
			s.mu.Lock()
			defer s.mu.Unlock()
			page, _ := strconv.Atoi(r.FormValue("page"))
			from := min(100*(page-1), len(jobs))
			found := []map[string]any{}
			for _, j := range jobs[from:min(from+100, len(jobs))] {
				found = append(found, map[string]any{"id": j.ID, "name": j.Name, "status": j.Status})
			}
			answer(w, http.StatusOK, found)
		}))
		mux.HandleFunc("POST /api/v4/projects/{project}/jobs/{id}/play", gitlabUser(func(w http.ResponseWriter, r *http.Request) {
			var body struct {
				Variables []struct{ Key, Value string } `json:"job_variables_attributes"`
			}
			raw, ok := read(w, r, &body)
			if !ok || !mayPlay(w, r) {
				return
			}
			s.mu.Lock()
			played := false
			for i := range jobs {
				if strconv.Itoa(jobs[i].ID) == r.PathValue("id") && jobs[i].Status == "manual" {
					jobs[i].Status, played = "pending", true
				}
			}
			s.mu.Unlock()
			if !played {
				refuse(w, http.StatusBadRequest, "400 Bad request - Unplayable Job")
				return
			}
			inputs := map[string]string{}
			for _, v := range body.Variables {
				inputs[v.Key] = v.Value
			}
			s.start(Run{"job " + r.PathValue("id"), "", inputs, raw})
			answer(w, http.StatusOK, map[string]any{"status": "pending"})
		}))
	})
}

// mayPlay refuses those who may only look.
func mayPlay(w http.ResponseWriter, r *http.Request) bool {
	switch r.Header.Get("Private-Token") {
	case Narrow:
		answer(w, http.StatusForbidden, map[string]string{"error": "insufficient_scope", "scope": "api"})
	case Looker:
		refuse(w, http.StatusForbidden, "403 Forbidden")
	default:
		return true
	}
	return false
}

func gitlabUser(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if who := r.Header.Get("Private-Token"); who != Token && who != Looker && who != Narrow {
			refuse(w, http.StatusUnauthorized, "401 Unauthorized")
			return
		}
		next(w, r)
	}
}

// Step is a task in Azure's run 77.
type Step struct{ ID, Parent, Name, State string }

// Azure plays the project shop of an organization: pipeline 12 with the parameters environment and key, and run 77 with
// these steps.
func Azure(status string, steps ...Step) *Server {
	return serve(func(s *Server, mux *http.ServeMux) {
		const at = "/shop/_apis"
		mux.HandleFunc("GET /{project}/_apis/", azureUser(func(w http.ResponseWriter, r *http.Request) {
			refuse(w, http.StatusNotFound, "TF200016: The following project does not exist: %s.", r.PathValue("project"))
		}))
		mux.HandleFunc("GET "+at+"/pipelines/{id}", azureUser(func(w http.ResponseWriter, r *http.Request) {
			if r.PathValue("id") != "12" {
				refuse(w, http.StatusNotFound, "Pipeline %s not found.", r.PathValue("id"))
				return
			}
			answer(w, http.StatusOK, map[string]any{"id": 12, "name": "acceptance"})
		}))
		mux.HandleFunc("GET "+at+"/build/builds", azureUser(func(w http.ResponseWriter, _ *http.Request) {
			answer(w, http.StatusOK, map[string]any{"count": 1, "value": []map[string]any{{"id": 77, "status": status}}})
		}))
		mux.HandleFunc("POST "+at+"/pipelines/{id}/runs", azureUser(func(w http.ResponseWriter, r *http.Request) {
			var body struct {
				Resources struct {
					Repositories struct{ Self struct{ RefName string } }
				}
				TemplateParameters map[string]string
			}
			raw, ok := read(w, r, &body)
			ref := body.Resources.Repositories.Self.RefName
			switch {
			case !ok:
			case r.PathValue("id") != "12":
				refuse(w, http.StatusNotFound, "Pipeline %s not found.", r.PathValue("id"))
			case ref != "refs/heads/main":
				refuse(w, http.StatusBadRequest, "Could not resolve a commit for %s", ref)
			case unknown(body.TemplateParameters, "environment", "key") != "":
				refuse(w, http.StatusBadRequest, "Unexpected parameter '%s'", unknown(body.TemplateParameters, "environment", "key"))
			default:
				s.start(Run{"run 12", ref, body.TemplateParameters, raw})
				answer(w, http.StatusOK, map[string]any{"id": 78, "state": "inProgress"})
			}
		}))
		mux.HandleFunc("GET "+at+"/build/builds/{id}", azureUser(func(w http.ResponseWriter, r *http.Request) {
			if r.PathValue("id") != "77" {
				refuse(w, http.StatusNotFound, "The requested build %s could not be found.", r.PathValue("id"))
				return
			}
			answer(w, http.StatusOK, map[string]any{"id": 77, "status": status, "orchestrationPlan": map[string]string{"planId": "plan-of-77"}})
		}))
		mux.HandleFunc("GET "+at+"/build/builds/77/timeline", azureUser(func(w http.ResponseWriter, _ *http.Request) {
			records := []map[string]any{{"id": "stage", "parentId": nil, "type": "Stage", "name": "wait for dev", "state": "inProgress"}}
			s.mu.Lock()
			defer s.mu.Unlock()
			for _, one := range steps {
				records = append(records, map[string]any{"id": one.ID, "parentId": one.Parent, "type": "Task", "name": one.Name, "state": one.State, "order": 1})
			}
			answer(w, http.StatusOK, map[string]any{"records": records})
		}))
		mux.HandleFunc("POST "+at+"/distributedtask/hubs/build/plans/{plan}/events", azureUser(func(w http.ResponseWriter, r *http.Request) {
			var body struct{ Name, TaskID, JobID, Result string }
			raw, ok := read(w, r, &body)
			if !ok {
				return
			}
			s.mu.Lock()
			done := false
			for i := range steps {
				if one := &steps[i]; one.ID == body.TaskID && one.Parent == body.JobID && one.State == "inProgress" && body.Name == "TaskCompleted" {
					one.State, done = "completed", true
				}
			}
			s.mu.Unlock()
			if r.PathValue("plan") != "plan-of-77" || !done || body.Result != "succeeded" && body.Result != "failed" {
				refuse(w, http.StatusNotFound, "Cannot find an active job for the event.")
				return
			}
			s.start(Run{"task " + body.TaskID, body.Result, nil, raw})
			w.WriteHeader(http.StatusNoContent)
		}))
	})
}

func unknown(given map[string]string, known ...string) string {
	for name := range given {
		if !contains(known, name) {
			return name
		}
	}
	return ""
}

// azureUser answers wrong credentials as Azure DevOps does: with a page for signing in, a token whose scope is another with
// 401, and who may not see or do something with 403.
func azureUser(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		switch _, password, _ := r.BasicAuth(); {
		case password == Narrow:
			w.WriteHeader(http.StatusUnauthorized)
			return
		case password == Looker && strings.Contains(r.URL.Path, "/shop/"):
			refuse(w, http.StatusForbidden, "TF215106: Access denied. A person needs View builds permissions for build definition 12.")
			return
		}
		if _, password, _ := r.BasicAuth(); password != Token || r.FormValue("api-version") == "" {
			w.Header().Set("Content-Type", "text/html")
			w.WriteHeader(http.StatusNonAuthoritativeInfo)
			_, _ = w.Write([]byte("<html>Azure DevOps Services | Sign In</html>"))
			return
		}
		next(w, r)
	}
}
