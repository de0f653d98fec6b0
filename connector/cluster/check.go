package cluster

import (
	"context"
	"fmt"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// Finding is one right, or one kind, and whether it is there.
type Finding struct {
	What      string
	OK        bool
	Note, Fix string
}

var reviews = schema.GroupVersionResource{Group: "authorization.k8s.io", Version: "v1", Resource: "selfsubjectaccessreviews"}

// Check asks the API server which kinds it has, and whether this connector may do with them what it must: in the namespaces
// that are watched, none meaning all, and with the Lease in electIn, "" where there is no election. It writes nothing. The
// error says that the server could not be asked.
func Check(ctx context.Context, a Access, namespaces []string, electIn string) ([]Finding, error) {
	c := checker{a}
	found, kinds, err := c.kinds(ctx)
	if err != nil {
		return nil, err
	}
	if len(namespaces) == 0 {
		namespaces = []string{metav1.NamespaceAll}
	}
	for _, v := range Verbs() {
		where := namespaces
		switch {
		case v.Use == Watching && !kinds[v.Resource]:
			continue
		case v.Use == Electing && electIn == "":
			continue
		case v.Use == Electing:
			where = []string{electIn}
		}
		f, err := c.rights(ctx, v, where)
		if err != nil {
			return nil, err
		}
		found = append(found, f)
	}
	return found, nil
}

type checker struct{ a Access }

// kinds tells which engines are there.
func (c checker) kinds(ctx context.Context) (found []Finding, served map[string]bool, err error) {
	w, served := New(Options{Client: c.a.Client, Discovery: c.a.Discovery}), map[string]bool{}
	var have, lack []string
	for _, k := range kinds {
		version, err := w.served(ctx, k)
		if err != nil {
			return nil, nil, fmt.Errorf("ask which kinds there are: %w", err)
		}
		if served[k.resource] = version != ""; version == "" {
			lack = append(lack, k.String())
			continue
		}
		have = append(have, k.String()+" "+version)
	}
	f := Finding{What: "engines in " + c.a.Host, OK: served["kustomizations"] || served["helmreleases"] || served["applications"], Note: "it has " + strings.Join(have, ", ")}
	if len(lack) > 0 {
		f.Note += "; it does not have " + strings.Join(lack, ", ")
	}
	if !f.OK {
		f.Note, f.Fix = "it has neither Flux nor Argo CD: no Kustomization, HelmRelease or Application is defined", "install one of them; the connector picks it up by itself"
	}
	return []Finding{f}, served, nil
}

// rights asks for every verb in every namespace.
func (c checker) rights(ctx context.Context, v Verb, namespaces []string) (Finding, error) {
	name := strings.TrimSuffix(v.Resource+"."+v.Group, ".")
	var lacking []string
	for _, namespace := range namespaces {
		for _, verb := range v.Verbs {
			allowed, err := c.may(ctx, verb, v, namespace)
			if err != nil {
				return Finding{}, fmt.Errorf("ask for the right to %s %s: %w", verb, name, err)
			}
			if !allowed {
				lacking = append(lacking, strings.TrimSpace(verb+" "+in(namespace)))
			}
		}
	}
	if len(lacking) == 0 {
		return Finding{What: name, OK: true, Note: strings.Join(v.Verbs, ", ") + ": granted, for " + string(v.Use)}, nil
	}
	return Finding{What: name, OK: v.Use == Explaining, Note: "not granted: " + strings.Join(slices.Compact(lacking), ", ") + " (for " + string(v.Use) + ")",
		Fix: "grant it to this account; deploy/connector shows the role"}, nil
}

func in(namespace string) string {
	if namespace == "" {
		return "in all namespaces"
	}
	return "in " + namespace
}

func (c checker) may(ctx context.Context, verb string, v Verb, namespace string) (bool, error) {
	review := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectAccessReview",
		"spec": map[string]any{"resourceAttributes": map[string]any{"namespace": namespace, "verb": verb, "group": v.Group, "resource": v.Resource}},
	}}
	answer, err := c.a.Client.Resource(reviews).Create(ctx, review, metav1.CreateOptions{})
	if err != nil {
		return false, err
	}
	allowed, _, _ := unstructured.NestedBool(answer.Object, "status", "allowed")
	return allowed, nil
}
