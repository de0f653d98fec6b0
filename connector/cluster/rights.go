package cluster

import (
	"context"
	"fmt"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/ferry-cd/ferry/connector"
)

// reviews are asked, not kept; Kubernetes lets everybody do that who has logged in.
var reviews = schema.GroupVersionResource{Group: "authorization.k8s.io", Version: "v1", Resource: "selfsubjectaccessreviews"}

// Missing asks the cluster, before anything is watched, which kinds it has and which rights on them are missing in these
// namespaces (none means all), and on the Lease of an election, unless that is nil. has names the kinds of units that are
// there; the error is that of a server that does not answer. A right to explain is not missed.
func Missing(ctx context.Context, a Access, namespaces []string, election *Election) (has []string, missing []connector.Problem, err error) {
	served := map[string]bool{}
	probe := New(Options{Client: a.Client, Discovery: a.Discovery})
	for _, k := range kinds {
		version, err := probe.served(ctx, k)
		if err != nil {
			return nil, nil, fmt.Errorf("ask %s which kinds it has: %w", a.Host, err)
		}
		if version != "" {
			served[k.String()] = true
			has = append(has, k.name)
		}
	}
	if len(namespaces) == 0 {
		namespaces = []string{metav1.NamespaceAll}
	}
	for _, v := range Verbs() {
		in, name := namespaces, ""
		switch {
		case v.Use == Electing && election != nil:
			in = []string{election.Namespace}
			if v.Named {
				name = election.Name
			}
		case v.Use != Watching || !served[v.Resource+"."+v.Group]:
			continue
		}
		for _, ns := range in {
			p, err := refusedIn(ctx, a, v, ns, name)
			if err != nil {
				return nil, nil, err
			}
			missing = append(missing, p...)
		}
	}
	return has, missing, nil
}

// refusedIn gives the verbs that are missing on one resource in one namespace as one problem. A right on one object alone is
// asked for by its name: who may do it on that one only may not in general.
func refusedIn(ctx context.Context, a Access, v Verb, namespace, name string) ([]connector.Problem, error) {
	var verbs []string
	for _, verb := range v.Verbs {
		ok, err := allowed(ctx, a, v, verb, namespace, name)
		if err != nil {
			return nil, fmt.Errorf("ask %s about the right to %s %s: %w", a.Host, verb, v.Resource, err)
		}
		if !ok {
			verbs = append(verbs, verb)
		}
	}
	if len(verbs) == 0 {
		return nil, nil
	}
	where := "in namespace " + namespace
	if namespace == metav1.NamespaceAll {
		where = "in all namespaces"
	}
	what := strings.Join(verbs, ", ") + " on " + v.Resource + "." + v.Group
	if name != "" {
		what += " named " + name
	}
	what += " " + where
	return []connector.Problem{{Object: v.Resource + "." + v.Group, Text: "no right to " + what, Next: "grant the connector's service account " + what}}, nil
}

func allowed(ctx context.Context, a Access, v Verb, verb, namespace, name string) (bool, error) {
	review := &unstructured.Unstructured{Object: map[string]any{"apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectAccessReview", "spec": map[string]any{
		"resourceAttributes": map[string]any{"namespace": namespace, "verb": verb, "group": v.Group, "resource": v.Resource, "name": name}}}}
	answer, err := a.Client.Resource(reviews).Create(ctx, review, metav1.CreateOptions{})
	if err != nil {
		return false, err
	}
	return value{answer.Object}.at("status", "allowed").flag(), nil
}
