package pipeline

import (
	"strconv"
	"strings"
	"time"

	"github.com/ferry-cd/ferry/connector"
	"github.com/ferry-cd/ferry/door"
	"github.com/ferry-cd/ferry/release"
)

// Message is what a pipeline is told. As JSON it is what webhooks and events carry; `ferry schema connector-message` prints
// its schema.
type Message struct {
	Version     int       `json:"version" jsonschema:"required,enum=1"`                                                               // of this form
	Type        string    `json:"type" jsonschema:"required,enum=promotion,enum=advance"`                                             // what it is about
	Key         string    `json:"key" jsonschema:"required"`                                                                          // the same for the same news, however often it comes; empty for advance
	Outcome     string    `json:"outcome,omitempty" jsonschema:"enum=healthy,enum=failed,enum=superseded,enum=timed-out,enum=closed"` // how it ended
	Repository  string    `json:"repository" jsonschema:"required"`                                                                   // the GitOps repository
	Environment string    `json:"environment,omitempty"`
	App         string    `json:"app,omitempty"`
	Cluster     string    `json:"cluster,omitempty"` // where the environment names clusters
	Commit      string    `json:"commit,omitempty"`  // of the GitOps repository
	By          string    `json:"by,omitempty"`      // the commit that superseded it, or that it is included in
	Text        string    `json:"text,omitempty"`    // for people; parts of it come from the cluster
	URL         string    `json:"url,omitempty"`     // where people can look
	Since       time.Time `json:"since,omitzero"`    // when it became so
	Checked     bool      `json:"checked"`           // health was looked at
	Release     Release   `json:"release,omitzero"`
	sequence    release.Sequence
}

// Release is what was promoted.
type Release struct {
	Version    string `json:"version"`
	Sequence   string `json:"sequence"`             // what orders releases: github-123
	Repository string `json:"repository,omitempty"` // of the source
	Commit     string `json:"commit,omitempty"`     // of the source
}

const messageVersion = 1

// What a message is about.
const (
	promotion = "promotion"
	advancing = "advance"
)

func ended(v connector.Verdict) Message {
	r := v.Release
	m := Message{Version: messageVersion, Type: promotion, Key: v.Key(), Outcome: word(v.Phase), Repository: v.Repository, Environment: v.Environment, App: v.App,
		Cluster: v.Cluster, Commit: v.Commit, By: v.By, Text: line(v.Text), URL: v.URL, Since: v.Since.UTC(), Checked: v.Checked, sequence: r.Sequence,
		Release: Release{Version: r.Version, Repository: r.Source.Repository, Commit: r.Source.Commit}}
	if r.Sequence.Number > 0 {
		m.Release.Sequence = r.Sequence.String()
	}
	return m
}

func advance(repository, why string) Message {
	return Message{Version: messageVersion, Type: advancing, Repository: repository, Text: line(why)}
}

// word is a phase as connector.yaml and messages spell it.
func word(p connector.Phase) string { return strings.ReplaceAll(string(p), " ", "-") }

// line makes text of a cluster harmless and short: GitHub takes 140 characters of it, people read no more.
func line(s string) string { return door.Outside(s).Cut(300).Line() }

// says names the news for an error.
func (m Message) says() string {
	if m.Type == advancing {
		return "ferry advance is due in " + m.Repository
	}
	return m.App + " in " + m.Environment + " is " + m.Outcome
}

// fill puts the message into text with placeholders. What is filled in has no braces of its own that would be read again.
func (m Message) fill(text string) string {
	return strings.NewReplacer("{environment}", m.Environment, "{app}", m.App, "{cluster}", m.Cluster, "{commit}", m.Commit, "{outcome}", m.Outcome,
		"{version}", m.Release.Version, "{source}", m.Release.Commit, "{repository}", m.Repository, "{key}", m.Key).Replace(text)
}

func (m Message) fillAll(texts map[string]string) map[string]string {
	out := map[string]string{}
	for name, text := range texts {
		out[name] = m.fill(text)
	}
	return out
}

// variables are what a pipeline of GitLab sees without being asked for more.
func (m Message) variables() map[string]string {
	return map[string]string{"FERRY_ENVIRONMENT": m.Environment, "FERRY_APP": m.App, "FERRY_CLUSTER": m.Cluster, "FERRY_COMMIT": m.Commit,
		"FERRY_OUTCOME": m.Outcome, "FERRY_VERSION": m.Release.Version, "FERRY_SOURCE": m.Release.Commit, "FERRY_KEY": m.Key, "FERRY_TYPE": m.Type}
}

// builtBy gives the run that built the release, where a kind of host counted it.
func (m Message) builtBy(kind release.Kind) (run string, ok bool) {
	return strconv.FormatInt(m.sequence.Number, 10), m.sequence.Kind == kind && m.sequence.Number > 0
}

// good tells whether whoever waits may go on.
func (m Message) good() bool { return m.Outcome == word(connector.Healthy) }
