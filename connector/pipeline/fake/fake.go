// Package fake plays the pipelines of GitHub, GitLab, Azure DevOps and Gitea for tests: each keeps what it was told and
// refuses what the real one refuses, in its words.
package fake

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
)

// Token is the one that every host takes.
const Token = "fake-pipeline-token"

// Tokens that are good for less: of a person who may look and start nothing, and of one who may more than the scope of the
// token.
const (
	Looker = "fake-token-of-a-looker"
	Narrow = "fake-token-of-narrow-scope"
)

// Server is a host with what it was told.
type Server struct {
	*httptest.Server
	mu    sync.Mutex
	runs  []Run
	fails []int
	loses int
}

// Run is something that was started, or let go on.
type Run struct {
	What   string // workflow acceptance.yml, event ferry, trigger, job 7, run 12, task
	Ref    string
	Inputs map[string]string
	Body   json.RawMessage
}

// Runs gives what was started so far, in order.
func (s *Server) Runs() []Run {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Run(nil), s.runs...)
}

// Fail has the next requests answered with these statuses and nothing done.
func (s *Server) Fail(codes ...int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fails = append(s.fails, codes...)
}

// Lose has the replies of the next n requests that change something lost, after they were done.
func (s *Server) Lose(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.loses = n
}

func (s *Server) failing() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.fails) == 0 {
		return 0
	}
	code := s.fails[0]
	s.fails = s.fails[1:]
	return code
}

func (s *Server) start(r Run) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.runs = append(s.runs, r)
	if s.loses > 0 {
		s.loses--
		panic(http.ErrAbortHandler)
	}
}

func serve(routes func(*Server, *http.ServeMux)) *Server {
	s := &Server{}
	mux := http.NewServeMux()
	routes(s, mux)
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if code := s.failing(); code != 0 {
			w.Header().Set("Retry-After", "1")
			refuse(w, code, "try again")
			return
		}
		mux.ServeHTTP(w, r)
	}))
	return s
}

func refuse(w http.ResponseWriter, code int, format string, args ...any) {
	answer(w, code, map[string]any{"message": fmt.Sprintf(format, args...)})
}

func answer(w http.ResponseWriter, code int, body any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(code)
	if body != nil {
		_ = json.NewEncoder(w).Encode(body)
	}
}

// read decodes a body strictly, false with an answer where it is none.
func read(w http.ResponseWriter, r *http.Request, into any) (json.RawMessage, bool) {
	var raw json.RawMessage
	if r.Header.Get("Content-Type") != "application/json" || json.NewDecoder(r.Body).Decode(&raw) != nil {
		refuse(w, http.StatusBadRequest, "Problems parsing JSON")
		return nil, false
	}
	d := json.NewDecoder(strings.NewReader(string(raw)))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		refuse(w, http.StatusUnprocessableEntity, "Invalid request: %v", err)
		return nil, false
	}
	return raw, true
}
