package clustertest

import (
	"encoding/json"
	"net/http"
	"reflect"
	"strconv"
	"strings"

	"k8s.io/apimachinery/pkg/runtime/schema"
)

// serve answers /apis/GROUP/VERSION, and objects below it or below /api/v1.
func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	parts := strings.Split(strings.Trim(r.URL.Path, "/"), "/")
	var at schema.GroupVersionResource
	switch {
	case len(parts) >= 3 && parts[0] == "apis":
		at.Group, at.Version, parts = parts[1], parts[2], parts[3:]
	case len(parts) >= 2 && parts[0] == "api":
		at.Version, parts = parts[1], parts[2:]
	default:
		refuse(w, http.StatusNotFound, "NotFound", "no such path")
		return
	}
	if len(parts) == 0 {
		s.resources(w, at)
		return
	}
	namespace, name := "", ""
	if parts[0] == "namespaces" && len(parts) > 2 {
		namespace, parts = parts[1], parts[2:]
	}
	at.Resource = parts[0]
	if len(parts) > 1 {
		name = parts[1]
	}
	verb := verbOf(r, name) // an update of the status is one like any other here
	s.mu.Lock()
	s.asked[verb+" "+at.Resource] = true
	_, known := s.kinds[at]
	refused := s.refuses(verb, at.Resource, name)
	s.mu.Unlock()
	switch {
	case at.Resource == "selfsubjectaccessreviews":
		s.review(w, r)
	case !known:
		refuse(w, http.StatusNotFound, "NotFound", "the server could not find the requested resource")
	case refused:
		refuse(w, http.StatusForbidden, "Forbidden", at.Resource+" is forbidden: no "+verb)
	default:
		s.answer(w, r, verb, key{at, namespace, name})
	}
}

func verbOf(r *http.Request, name string) string {
	switch {
	case r.Method == http.MethodPost:
		return "create"
	case r.Method == http.MethodPut:
		return "update"
	case r.Method == http.MethodDelete:
		return "delete"
	case name != "":
		return "get"
	case r.URL.Query().Get("watch") != "" && r.URL.Query().Get("watch") != "false":
		return "watch"
	}
	return "list"
}

func (s *Server) answer(w http.ResponseWriter, r *http.Request, verb string, k key) {
	switch verb {
	case "get":
		s.get(w, k)
	case "list":
		s.list(w, r, k)
	case "watch":
		s.watch(w, r, k)
	case "delete":
		s.remove(k)
		send(w, http.StatusOK, map[string]any{"kind": "Status", "apiVersion": "v1", "status": "Success"})
	default:
		s.write(w, r, verb, k)
	}
}

func refuse(w http.ResponseWriter, code int, reason, message string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	_ = json.NewEncoder(w).Encode(status(code, reason, message))
}

func status(code int, reason, message string) map[string]any {
	return map[string]any{"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": code, "reason": reason, "message": message}
}

func send(w http.ResponseWriter, code int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	_ = json.NewEncoder(w).Encode(v)
}

func (s *Server) resources(w http.ResponseWriter, at schema.GroupVersionResource) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var list []any
	for k, kind := range s.kinds {
		if k.Group == at.Group && k.Version == at.Version {
			list = append(list, map[string]any{"name": k.Resource, "kind": kind, "namespaced": true, "verbs": []string{"get", "list", "watch"}})
		}
	}
	if list == nil {
		refuse(w, http.StatusNotFound, "NotFound", "the server could not find the requested resource")
		return
	}
	send(w, http.StatusOK, map[string]any{"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": at.Group + "/" + at.Version, "resources": list})
}

func (s *Server) get(w http.ResponseWriter, k key) {
	s.mu.Lock()
	defer s.mu.Unlock()
	object, ok := s.objects[k]
	if !ok {
		refuse(w, http.StatusNotFound, "NotFound", k.resource.Resource+" "+k.name+" not found")
		return
	}
	send(w, http.StatusOK, object)
}

// list sends a page: the continue token is the place in the order, at the version of the first page.
func (s *Server) list(w http.ResponseWriter, r *http.Request, k key) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.pages++
	q := r.URL.Query()
	begin, version := 0, s.version
	if token := q.Get("continue"); token != "" {
		place, at, _ := strings.Cut(token, ".")
		begin, _ = strconv.Atoi(place)
		version, _ = strconv.ParseInt(at, 10, 64)
		if version < s.oldest {
			refuse(w, http.StatusGone, "Expired", "the provided continue parameter is too old")
			return
		}
	}
	limit, _ := strconv.Atoi(q.Get("limit"))
	objects := s.objects
	if exactly, _ := strconv.ParseInt(q.Get("resourceVersion"), 10, 64); exactly > 0 && limit > 0 { // beside a limit, a version means itself
		if version = exactly; version < s.oldest {
			refuse(w, http.StatusGone, "Expired", "the requested resource version has been compacted")
			return
		}
		objects = s.past(version)
	}
	keys := in(objects, k.resource, k.namespace)
	end := len(keys)
	if limit > 0 {
		end = min(end, begin+limit)
	}
	meta := map[string]any{"resourceVersion": strconv.FormatInt(version, 10)}
	if end < len(keys) {
		meta["continue"] = strconv.Itoa(end) + "." + strconv.FormatInt(version, 10)
	}
	items := []any{}
	for _, k := range keys[min(begin, end):end] {
		items = append(items, objects[k])
	}
	kind := s.kinds[k.resource]
	send(w, http.StatusOK, map[string]any{"kind": kind + "List", "apiVersion": k.resource.GroupVersion().String(), "metadata": meta, "items": items})
}

// watch streams what happens after a version, until the client goes or the stream is cut.
func (s *Server) watch(w http.ResponseWriter, r *http.Request, k key) {
	from, err := strconv.ParseInt(r.URL.Query().Get("resourceVersion"), 10, 64)
	s.mu.Lock()
	cut, oldest := s.cut, max(s.oldest, s.cached)
	s.mu.Unlock()
	w.Header().Set("Content-Type", "application/json")
	out := json.NewEncoder(w)
	if err != nil || from < oldest {
		_ = out.Encode(map[string]any{"type": "ERROR", "object": status(http.StatusGone, "Expired", "too old resource version")})
		return
	}
	w.WriteHeader(http.StatusOK)
	w.(http.Flusher).Flush()
	for {
		events, news := s.since(from, k)
		for _, e := range events {
			from = e.version
			if out.Encode(map[string]any{"type": e.kind, "object": e.object}) != nil {
				return
			}
		}
		w.(http.Flusher).Flush()
		select {
		case <-r.Context().Done():
			return
		case <-cut:
			return
		case <-news:
		}
	}
}

func (s *Server) since(version int64, k key) ([]event, chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []event
	for _, e := range s.events {
		if !s.mute && e.version > version && e.at.resource == k.resource && (k.namespace == "" || e.at.namespace == k.namespace) {
			out = append(out, e)
		}
	}
	return out, s.news
}

// write creates what is not there, and updates what is as it was read.
func (s *Server) write(w http.ResponseWriter, r *http.Request, verb string, k key) {
	var object map[string]any
	if json.NewDecoder(r.Body).Decode(&object) != nil {
		refuse(w, http.StatusBadRequest, "BadRequest", "no JSON")
		return
	}
	meta, _ := object["metadata"].(map[string]any)
	if name, _ := meta["name"].(string); k.name == "" {
		k.name = name
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	have, there := s.objects[k]
	switch {
	case verb == "create" && there:
		refuse(w, http.StatusConflict, "AlreadyExists", k.name+" already exists")
	case verb == "update" && !there:
		refuse(w, http.StatusNotFound, "NotFound", k.name+" not found")
	case verb == "update" && meta["resourceVersion"] != have["metadata"].(map[string]any)["resourceVersion"]:
		refuse(w, http.StatusConflict, "Conflict", "the object has been modified")
	default:
		count(have, object)
		send(w, http.StatusOK, s.put(k.resource, object))
	}
}

// count numbers the versions of a spec.
func count(before, after map[string]any) {
	generation := 1.0
	if before != nil {
		generation, _ = before["metadata"].(map[string]any)["generation"].(float64)
		if !reflect.DeepEqual(before["spec"], after["spec"]) {
			generation++
		}
	}
	after["metadata"].(map[string]any)["generation"] = generation
}

// review says whether a right was taken away.
func (s *Server) review(w http.ResponseWriter, r *http.Request) {
	var object struct {
		Spec struct {
			ResourceAttributes struct{ Verb, Resource, Name string }
		}
	}
	_ = json.NewDecoder(r.Body).Decode(&object)
	s.mu.Lock()
	defer s.mu.Unlock()
	a := object.Spec.ResourceAttributes
	send(w, http.StatusCreated, map[string]any{"apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectAccessReview", "status": map[string]any{"allowed": !s.refuses(a.Verb, a.Resource, a.Name)}})
}
