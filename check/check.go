// Package check asks of rendered manifests whether they may go to Git: no secret in them, nothing missing that was there,
// nothing that a cluster would refuse for its size, nothing that another app already has. Findings name files and keys,
// never values.
package check

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/ferry-cd/ferry/render"
)

// Level says whether a finding stops a promotion.
type Level string

// The levels.
const (
	Error   Level = "error"   // must not go to Git
	Warning Level = "warning" // a reviewer should know
)

// Rule names what a finding is about.
type Rule string

// The rules.
const (
	PlainSecret     Rule = "secret"           // a Secret whose values anyone can read
	PrivateKey      Rule = "private-key"      // a private key where it does not belong
	Token           Rule = "token"            // a credential of a well-known form
	Empty           Rule = "empty"            // nothing at all was rendered
	Shrink          Rule = "shrink"           // more than half of the resources are gone
	AnnotationLimit Rule = "annotation-limit" // too large for a client-side apply
	Duplicate       Rule = "duplicate"        // another app has the same resource
	PolicyRule      Rule = "policy"           // a rule of ferry.yaml is not followed
	SchemaRule      Rule = "schema"           // the resource does not fit its schema
)

// Finding is one thing that is wrong with a set of manifests.
type Finding struct {
	Rule    Rule   `json:"rule"`
	Level   Level  `json:"level"`
	File    string `json:"file,omitempty"`  // inside the environment's folder; "" = the whole render
	Field   string `json:"field,omitempty"` // path inside the resource
	Message string `json:"message"`
	Hint    string `json:"hint,omitempty"`
}

// String gives the finding as a person reads it: service-web.yaml: spec.x: what is wrong.
func (f Finding) String() string {
	s := f.Message
	if f.Field != "" {
		s = f.Field + ": " + s
	}
	if f.File != "" {
		s = f.File + ": " + s
	}
	return s
}

// Options say what is allowed, and what was there before.
type Options struct {
	AllowSecrets    bool             // plain Secrets may go to Git, and other credentials are warned of only
	AllowShrink     bool             // a person has confirmed that most resources go
	ServerSideApply bool             // the engine needs no annotation to apply, as Flux does
	Namespace       string           // of the app: where resources go that name none
	Old             render.Manifests // what the environment holds now; empty where it holds nothing of the app
}

// Check gives what is wrong with the manifests of one app in one environment, by file, field and rule.
func Check(ms render.Manifests, o Options) []Finding {
	findings := size(ms, o)
	for i := range ms {
		findings = append(findings, credentials(&ms[i], o)...)
		if !o.ServerSideApply {
			findings = append(findings, annotationLimit(&ms[i])...)
		}
	}
	slices.SortStableFunc(findings, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Field, b.Field), cmp.Compare(a.Rule, b.Rule), cmp.Compare(a.Message, b.Message))
	})
	return findings
}

func size(ms render.Manifests, o Options) []Finding {
	if len(ms) == 0 {
		return []Finding{{
			Rule: Empty, Level: Error, Message: "nothing was rendered; every resource of the app would be deleted",
			Hint: "check the values that switch parts of the app off; to take the app out of the environment, say so in ferry.yaml",
		}}
	}
	gone := lost(o.Old, ms, o.Namespace)
	if o.AllowShrink || 2*gone <= len(o.Old) {
		return nil
	}
	return []Finding{{
		Rule: Shrink, Level: Error, Message: fmt.Sprintf("%d of %d resources are gone", gone, len(o.Old)),
		Hint: "if this is meant, run again with --confirm-shrink",
	}}
}

// lost counts by kind and namespace how many resources there are fewer: one that only changes its name is not lost.
func lost(old, new render.Manifests, namespace string) int {
	left := map[render.Identity]int{}
	for i := range old {
		left[nameless(&old[i], namespace)]++
	}
	for i := range new {
		left[nameless(&new[i], namespace)]--
	}
	gone := 0
	for _, n := range left {
		gone += max(0, n)
	}
	return gone
}

func nameless(m *render.Manifest, namespace string) render.Identity {
	id := m.In(namespace)
	id.Name = ""
	return id
}
