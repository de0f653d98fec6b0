// Package clustertest is an API server in memory, for tests: of the kinds that it was given it lists page by page, gets,
// creates, deletes and updates with compare-and-swap on the resource version, and streams changes from one on. It answers 410 where
// that is forgotten, 403 where a right is missing and 404 for kinds that it does not have, as a real one does. It checks no
// schema and runs no controller.
package clustertest

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"sort"
	"strconv"
	"strings"
	"sync"
	"testing"

	"k8s.io/apimachinery/pkg/runtime/schema"
)

// Server is the API server.
type Server struct {
	URL string

	mu      sync.Mutex
	kinds   map[schema.GroupVersionResource]string
	objects map[key]map[string]any
	events  []event
	version int64
	oldest  int64 // changes up to this one are forgotten
	cached  int64 // streams begin after this one: the server was started again then
	refused map[string]bool
	mute    bool              // streams stay open and bring nothing
	only    map[string]string // names that rights on a resource are bound to
	asked   map[string]bool
	news    chan struct{} // closed at each change
	cut     chan struct{} // closed to end every stream
	pages   int
}

type key struct {
	resource        schema.GroupVersionResource
	namespace, name string
}

type event struct {
	version int64
	at      key
	kind    string
	object  map[string]any
}

// New starts a server that ends with the test.
func New(t testing.TB) *Server {
	s := &Server{
		kinds: map[schema.GroupVersionResource]string{}, objects: map[key]map[string]any{}, version: 1000,
		refused: map[string]bool{}, only: map[string]string{}, asked: map[string]bool{}, news: make(chan struct{}), cut: make(chan struct{}),
	}
	h := httptest.NewServer(http.HandlerFunc(s.serve))
	s.URL = h.URL
	t.Cleanup(func() {
		s.Cut()
		h.CloseClientConnections()
		h.Close()
	})
	return s
}

// Kubeconfig writes a kubeconfig for the server, and gives its path.
func (s *Server) Kubeconfig(t testing.TB) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "kubeconfig")
	text := fmt.Sprintf("apiVersion: v1\nkind: Config\nclusters: [{name: c, cluster: {server: %q}}]\nusers: [{name: u, user: {token: secret}}]\ncontexts: [{name: x, context: {cluster: c, user: u}}]\ncurrent-context: x\n", s.URL)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// Serve adds a kind, as a new definition does.
func (s *Server) Serve(group, version, resource, kind string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.kinds[schema.GroupVersionResource{Group: group, Version: version, Resource: resource}] = kind
}

// Unserve takes a kind away, with its objects and the streams of them.
func (s *Server) Unserve(group, version, resource string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	at := schema.GroupVersionResource{Group: group, Version: version, Resource: resource}
	delete(s.kinds, at)
	for k := range s.objects {
		if k.resource == at {
			delete(s.objects, k)
		}
	}
	s.cutLocked()
}

// Refuse takes away a right, or gives it back: "list kustomizations".
func (s *Server) Refuse(right string, refuse bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.refused[right] = refuse
	s.cutLocked()
}

// Mute has streams stay open and bring nothing from now on.
func (s *Server) Mute() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.mute = true
}

// Bind grants what is done to a resource for objects of this name alone, as resourceNames of a Role do. Creating is not bound:
// Kubernetes cannot.
func (s *Server) Bind(resource, name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.only[resource] = name
}

// refuses tells whether a right is missing.
func (s *Server) refuses(verb, resource, name string) bool {
	only, bound := s.only[resource]
	return s.refused[verb+" "+resource] || bound && verb != "create" && name != only
}

// Put creates or replaces an object.
func (s *Server) Put(group, version, resource string, object map[string]any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.put(schema.GroupVersionResource{Group: group, Version: version, Resource: resource}, object)
}

func (s *Server) put(at schema.GroupVersionResource, object map[string]any) map[string]any {
	object = copied(object)
	meta, _ := object["metadata"].(map[string]any)
	namespace, _ := meta["namespace"].(string)
	name, _ := meta["name"].(string)
	k := key{at, namespace, name}
	kind := "MODIFIED"
	if _, ok := s.objects[k]; !ok {
		kind = "ADDED"
	}
	s.version++
	meta["resourceVersion"] = strconv.FormatInt(s.version, 10)
	if meta["uid"] == nil {
		meta["uid"] = fmt.Sprintf("%s-%s-%s", at.Resource, namespace, name)
	}
	s.objects[k] = object
	s.record(event{s.version, k, kind, object})
	return object
}

// Delete removes an object.
func (s *Server) Delete(group, version, resource, namespace, name string) {
	s.remove(key{schema.GroupVersionResource{Group: group, Version: version, Resource: resource}, namespace, name})
}

func (s *Server) remove(k key) {
	s.mu.Lock()
	defer s.mu.Unlock()
	object, ok := s.objects[k]
	if !ok {
		return
	}
	delete(s.objects, k)
	s.version++
	object = copied(object)
	object["metadata"].(map[string]any)["resourceVersion"] = strconv.FormatInt(s.version, 10)
	s.record(event{s.version, k, "DELETED", object})
}

func (s *Server) record(e event) {
	s.events = append(s.events, e)
	close(s.news)
	s.news = make(chan struct{})
}

// Get gives an object as it is kept.
func (s *Server) Get(group, version, resource, namespace, name string) map[string]any {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.objects[key{schema.GroupVersionResource{Group: group, Version: version, Resource: resource}, namespace, name}]
}

// Cut ends every stream, as a connection that breaks off.
func (s *Server) Cut() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.cutLocked()
}

func (s *Server) cutLocked() {
	close(s.cut)
	s.cut = make(chan struct{})
}

// Forget lets nobody take up a stream at what happened up to now: 410 Gone.
func (s *Server) Forget() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.version++
	s.oldest, s.events = s.version, nil
	s.cutLocked()
}

// Restart ends every stream and lets nobody take one up at what happened up to now, as a server that was started again: what is
// asked for at a version of before is still answered by the database.
func (s *Server) Restart() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.version++
	s.cached = s.version
	s.cutLocked()
}

// Asked lists what was asked for, as "list kustomizations", sorted.
func (s *Server) Asked() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []string
	for a := range s.asked {
		out = append(out, a)
	}
	slices.Sort(out)
	return out
}

// Pages tells how many pages of lists were sent.
func (s *Server) Pages() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.pages
}

func copied(object map[string]any) map[string]any {
	data, err := json.Marshal(object)
	if err != nil {
		panic(err) // a test gave something that is no JSON
	}
	var out map[string]any
	_ = json.Unmarshal(data, &out)
	return out
}

// past is what there was at a version, as far as changes are remembered.
func (s *Server) past(version int64) map[key]map[string]any {
	then := maps.Clone(s.objects)
	for _, e := range s.events {
		if e.version > version {
			delete(then, e.at)
		}
	}
	for _, e := range s.events {
		if e.version <= version {
			then[e.at] = e.object
		}
		if e.version <= version && e.kind == "DELETED" {
			delete(then, e.at)
		}
	}
	return then
}

// in lists the objects of a kind, in the order of their names.
func in(objects map[key]map[string]any, at schema.GroupVersionResource, namespace string) []key {
	var keys []key
	for k := range objects {
		if k.resource == at && (namespace == "" || k.namespace == namespace) {
			keys = append(keys, k)
		}
	}
	sort.Slice(keys, func(i, j int) bool {
		return strings.Join([]string{keys[i].namespace, keys[i].name}, "/") < strings.Join([]string{keys[j].namespace, keys[j].name}, "/")
	})
	return keys
}
