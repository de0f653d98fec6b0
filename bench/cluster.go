package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
)

// fleet is an API server that has Flux's Kustomizations, all brought by one GitRepository, and in which nothing ever
// changes. Its objects are made when they are asked for, so that they take no memory on this side.
type fleet struct {
	units    int
	revision string // that all have applied
}

const (
	kustomizeGroup = "kustomize.toolkit.fluxcd.io"
	sourceGroup    = "source.toolkit.fluxcd.io"
	fleetVersion   = "1000" // of every object
	resourcesOf    = 20     // each Kustomization lists in its inventory
)

// kindsOf says what a group has.
var kindsOf = map[string]struct{ resource, kind string }{
	kustomizeGroup: {"kustomizations", "Kustomization"},
	sourceGroup:    {"gitrepositories", "GitRepository"},
}

func (f fleet) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	parts := strings.Split(strings.Trim(r.URL.Path, "/"), "/") // apis/GROUP/v1[/namespaces/NAMESPACE]/RESOURCE[/NAME]
	if len(parts) < 3 || parts[2] != "v1" || kindsOf[parts[1]].kind == "" {
		f.status(w, http.StatusNotFound, "NotFound")
		return
	}
	group, rest := parts[1], parts[3:]
	if len(rest) > 2 && rest[0] == "namespaces" {
		rest = rest[2:]
	}
	switch {
	case len(rest) == 0:
		k := kindsOf[group]
		reply(w, map[string]any{"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": group + "/v1",
			"resources": []any{map[string]any{"name": k.resource, "kind": k.kind, "namespaced": true, "verbs": []string{"get", "list", "watch"}}}})
	case rest[0] != kindsOf[group].resource:
		f.status(w, http.StatusNotFound, "NotFound")
	case len(rest) == 2:
		f.one(w, group, rest[1])
	case r.FormValue("watch") == "true" || r.FormValue("watch") == "1":
		f.watch(w, r)
	default:
		f.list(w, r, group)
	}
}

func (f fleet) one(w http.ResponseWriter, group, name string) {
	n, err := strconv.Atoi(strings.TrimPrefix(name, "unit-"))
	switch {
	case group == sourceGroup && name == "fleet":
		reply(w, f.source())
	case group == kustomizeGroup && err == nil && n < f.units:
		reply(w, f.unit(n))
	default:
		f.status(w, http.StatusNotFound, "NotFound")
	}
}

// watch says nothing until the client goes.
func (f fleet) watch(w http.ResponseWriter, r *http.Request) {
	if r.FormValue("resourceVersion") != fleetVersion {
		f.status(w, http.StatusGone, "Expired")
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusOK)
	_ = http.NewResponseController(w).Flush() // who went away is noticed below
	<-r.Context().Done()
}

// list sends a page; the token for the next is the place where it begins.
func (f fleet) list(w http.ResponseWriter, r *http.Request, group string) {
	items, meta := []any{f.source()}, map[string]any{"resourceVersion": fleetVersion}
	if group == kustomizeGroup {
		begin, _ := strconv.Atoi(r.FormValue("continue")) // the first page has none
		end := f.units
		if limit, _ := strconv.Atoi(r.FormValue("limit")); limit > 0 && begin+limit < end {
			end = begin + limit
			meta["continue"] = strconv.Itoa(end)
		}
		items = nil
		for n := begin; n < end; n++ {
			items = append(items, f.unit(n))
		}
	}
	reply(w, map[string]any{"kind": kindsOf[group].kind + "List", "apiVersion": group + "/v1", "metadata": meta, "items": items})
}

func (f fleet) source() map[string]any {
	return f.object(sourceGroup, "fleet",
		map[string]any{"url": fleetURL, "ref": map[string]any{"branch": "main"}},
		map[string]any{"artifact": map[string]any{"revision": f.revision}})
}

// unit is a Kustomization in good health. The first bring the apps of the repository, the others folders that are none of
// ferry's.
func (f fleet) unit(n int) map[string]any {
	path := fmt.Sprintf("./elsewhere/%04d", n)
	if n < small.apps*small.environments {
		path = fmt.Sprintf("./%s/%s", stages[n%small.environments], appName(n/small.environments))
	}
	var entries []any
	for i := range resourcesOf {
		entries = append(entries, map[string]any{"id": fmt.Sprintf("team-%04d_web-%02d_apps_Deployment", n, i), "v": "v1"})
	}
	var conditions []any
	for _, name := range []string{"Ready", "Healthy"} {
		conditions = append(conditions, map[string]any{"type": name, "status": "True", "reason": "Succeeded", "message": "Applied",
			"observedGeneration": 1, "lastTransitionTime": "2026-01-05T08:00:00Z"})
	}
	return f.object(kustomizeGroup, fmt.Sprintf("unit-%04d", n),
		map[string]any{"path": path, "wait": true, "prune": true, "interval": "1m", "sourceRef": map[string]any{"kind": "GitRepository", "name": "fleet"}},
		map[string]any{"lastAppliedRevision": f.revision, "lastAttemptedRevision": f.revision, "conditions": conditions, "inventory": map[string]any{"entries": entries}})
}

func (f fleet) object(group, name string, spec, status map[string]any) map[string]any {
	status["observedGeneration"] = 1
	return map[string]any{"apiVersion": group + "/v1", "kind": kindsOf[group].kind, "spec": spec, "status": status,
		"metadata": map[string]any{"name": name, "namespace": "flux-system", "uid": name, "generation": 1, "resourceVersion": fleetVersion}}
}

func (f fleet) status(w http.ResponseWriter, code int, reason string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	_ = json.NewEncoder(w).Encode(map[string]any{"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": code, "reason": reason, "message": reason})
}

func reply(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(v) // who went away hears nothing
}
