package operate

import (
	"bytes"
	"cmp"
	_ "embed"
	"encoding/json"
	"html/template"
	"net/http"
	"slices"
	"time"

	"github.com/ferry-cd/ferry/connector"
	"github.com/ferry-cd/ferry/door"
)

//go:embed page.html
var pageText string

var pageTemplate = template.Must(template.New("page").Parse(pageText))

// State is the page as JSON. Text in it that comes from the cluster is one harmless line.
type State struct {
	Version    string      `json:"version"`
	Cluster    string      `json:"cluster,omitempty"`
	Leading    bool        `json:"leading"`
	Synced     bool        `json:"synced"`
	Time       time.Time   `json:"time"`
	Problems   []Problem   `json:"problems"`
	Promotions []Promotion `json:"promotions"`
	Units      []Unit      `json:"units"`
}

// Problem is something that a person has to mend.
type Problem struct {
	Object string `json:"object"`
	Text   string `json:"text"`
	Next   string `json:"next,omitempty"`
}

// Promotion is a commit with what is known of it.
type Promotion struct {
	Repository  string    `json:"repository"`
	Environment string    `json:"environment"`
	App         string    `json:"app"`
	Cluster     string    `json:"cluster,omitempty"`
	Commit      string    `json:"commit"`
	Version     string    `json:"version"`
	Phase       string    `json:"phase"`
	Text        string    `json:"text"`
	Landed      time.Time `json:"landed,omitzero"`
	Deadline    time.Time `json:"deadline,omitzero"`
}

// Unit is an object of an engine.
type Unit struct {
	Engine    string `json:"engine"`
	Kind      string `json:"kind"`
	Namespace string `json:"namespace"`
	Name      string `json:"name"`
	Ready     string `json:"ready"`
	Healthy   string `json:"healthy,omitempty"`
	Suspended bool   `json:"suspended,omitempty"`
	Revision  string `json:"revision,omitempty"`
	Text      string `json:"text,omitempty"`
}

// shown bounds the page; the JSON has all.
const shown = 500

func (o Options) state() State {
	v := o.View()
	s := State{Version: o.Version, Cluster: v.Cluster, Leading: v.Leading, Synced: v.Synced, Time: o.Now().UTC(), Problems: []Problem{}, Promotions: []Promotion{}, Units: []Unit{}}
	for _, p := range v.Problems {
		s.Problems = append(s.Problems, Problem{line(p.Object), line(p.Text), line(p.Next)})
	}
	for _, r := range v.Repositories {
		s.repository(r)
	}
	slices.SortStableFunc(s.Promotions, func(a, b Promotion) int {
		return cmp.Or(cmp.Compare(a.Repository, b.Repository), cmp.Compare(a.Environment, b.Environment), cmp.Compare(a.App, b.App), b.Landed.Compare(a.Landed))
	})
	for _, u := range v.Units {
		s.Units = append(s.Units, unitOf(u))
	}
	return s
}

func (s *State) repository(r connector.RepositoryState) {
	if r.Problem != "" {
		s.Problems = append(s.Problems, Problem{Object: line(r.Name), Text: line(r.Problem)})
	}
	for _, p := range r.Parked {
		s.Problems = append(s.Problems, Problem{Object: line(cmp.Or(p.Context, p.Destination)), Text: line(p.Why)})
	}
	for _, one := range r.Verdicts {
		s.Promotions = append(s.Promotions, Promotion{r.Name, one.Environment, one.App, one.Cluster, one.Commit, line(one.Release.Version), string(one.Phase),
			line(one.Text), one.Landed, one.Deadline})
	}
}

func unitOf(u connector.Unit) Unit {
	out := Unit{Engine: u.Engine, Kind: u.Kind, Namespace: u.Namespace, Name: u.Name, Ready: u.Ready.State, Healthy: u.Healthy.State, Suspended: u.Suspended,
		Text: line(cmp.Or(u.Ready.Message, u.Ready.Reason))}
	if len(u.Origins) > 0 {
		out.Revision = line(u.Origins[0].Applied.String())
	}
	return out
}

func line(s string) string { return door.Outside(door.Redact(s)).Cut(300).Line() }

// admitted asks for a token. Where no token is configured there is nothing to see.
func (o Options) admitted(w http.ResponseWriter, r *http.Request) bool {
	tokens := o.Tokens()
	if len(tokens) == 0 {
		http.NotFound(w, r)
		return false
	}
	h := w.Header()
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'")
	h.Set("Referrer-Policy", "no-referrer")
	if !door.Knows(tokens, door.Presented(r)) {
		h.Set("WWW-Authenticate", `Basic realm="ferry", charset="UTF-8"`)
		http.Error(w, "a token opens this page: as the password of any user, or as a bearer token", http.StatusUnauthorized)
		return false
	}
	return true
}

func (o Options) page(w http.ResponseWriter, r *http.Request) {
	if !o.admitted(w, r) {
		return
	}
	s := o.state()
	var out bytes.Buffer
	more := max(len(s.Promotions)-shown, 0) + max(len(s.Units)-shown, 0)
	s.Promotions, s.Units = s.Promotions[:min(shown, len(s.Promotions))], s.Units[:min(shown, len(s.Units))]
	if err := pageTemplate.Execute(&out, struct {
		State
		More int
	}{s, more}); err != nil {
		http.Error(w, "the page cannot be written", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = out.WriteTo(w)
}

func (o Options) json(w http.ResponseWriter, r *http.Request) {
	if !o.admitted(w, r) {
		return
	}
	w.Header().Set("Content-Type", "application/json")
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	_ = e.Encode(o.state()) // who went away needs no answer
}
