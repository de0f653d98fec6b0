package diff

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

var definitionRules = []Rule{
	{
		ID: "definition-version-removed", Level: Critical, Title: "Version of a definition removed",
		Why: "Resources and clients that use this version stop working.",
		Good: Example{
			Old: `{apiVersion: apiextensions.k8s.io/v1, kind: CustomResourceDefinition, metadata: {name: a}, spec: {versions: [{name: v1, served: true}]}}`,
			New: `{apiVersion: apiextensions.k8s.io/v1, kind: CustomResourceDefinition, metadata: {name: a}, spec: {versions: [{name: v1, served: true}, {name: v2, served: true}]}}`,
		},
		Bad: Example{
			Old: `{apiVersion: apiextensions.k8s.io/v1, kind: CustomResourceDefinition, metadata: {name: a}, spec: {versions: [{name: v1beta1, served: true}, {name: v1, served: true}]}}`,
			New: `{apiVersion: apiextensions.k8s.io/v1, kind: CustomResourceDefinition, metadata: {name: a}, spec: {versions: [{name: v1beta1, served: false}, {name: v1, served: true}]}}`,
		},
		find: versionsRemoved,
	},
	{
		ID: "definition-tightened", Level: High, Title: "Schema of a definition tightened",
		Why: "Resources that were valid may be refused at their next change.",
		Good: Example{
			Old: `{apiVersion: apiextensions.k8s.io/v1, kind: CustomResourceDefinition, metadata: {name: a}, spec: {versions: [{name: v1, schema: {openAPIV3Schema: {type: object, required: [x], properties: {x: {type: string, maxLength: 5}}}}}]}}`,
			New: `{apiVersion: apiextensions.k8s.io/v1, kind: CustomResourceDefinition, metadata: {name: a}, spec: {versions: [{name: v1, schema: {openAPIV3Schema: {type: object, properties: {x: {type: string, maxLength: 9}, y: {type: string}}}}}]}}`,
		},
		Bad: Example{
			Old: `{apiVersion: apiextensions.k8s.io/v1, kind: CustomResourceDefinition, metadata: {name: a}, spec: {versions: [{name: v1, schema: {openAPIV3Schema: {type: object, properties: {x: {type: string}}}}}]}}`,
			New: `{apiVersion: apiextensions.k8s.io/v1, kind: CustomResourceDefinition, metadata: {name: a}, spec: {versions: [{name: v1, schema: {openAPIV3Schema: {type: object, required: [x], properties: {x: {type: string}}}}}]}}`,
		},
		find: tightened,
	},
	{
		ID: "webhook-failure-policy", Level: High, Title: "Failure policy of a webhook",
		Why:  "With Fail the cluster accepts nothing while the webhook is down; with Ignore its check can be passed by.",
		Good: Example{New: `{apiVersion: admissionregistration.k8s.io/v1, kind: ValidatingWebhookConfiguration, metadata: {name: a}, webhooks: [{name: w, failurePolicy: Ignore}]}`},
		Bad:  Example{New: `{apiVersion: admissionregistration.k8s.io/v1, kind: ValidatingWebhookConfiguration, metadata: {name: a}, webhooks: [{name: w, failurePolicy: Fail}]}`},
		find: failurePolicies,
	},
}

func (s *scene) isDefinition() bool { return s.is("apiextensions.k8s.io/CustomResourceDefinition") }

func versionsRemoved(s *scene) []spot {
	if !s.both() || !s.isDefinition() {
		return nil
	}
	var found []spot
	for _, v := range s.old.at("spec", "versions").list() {
		name := v.get("name").str()
		now := named(s.new.at("spec", "versions"), name)
		switch {
		case now == nil:
			found = append(found, spot{"spec.versions[" + itemKey(name) + "]", "is removed"})
		case v.get("served").isTrue() && !now.get("served").isTrue():
			found = append(found, spot{"spec.versions[" + itemKey(name) + "].served", "is no longer served"})
		}
	}
	return found
}

// mostTightenings is how many places of one schema are named.
const mostTightenings = 5

func tightened(s *scene) []spot {
	if !s.both() || !s.isDefinition() {
		return nil
	}
	var found []spot
	for _, v := range s.old.at("spec", "versions").list() {
		name := v.get("name").str()
		now := named(s.new.at("spec", "versions"), name)
		if now == nil {
			continue
		}
		t := tightening{}
		t.schema(v.at("schema", "openAPIV3Schema"), now.at("schema", "openAPIV3Schema"), "")
		found = append(found, t.spots("spec.versions["+itemKey(name)+"].schema.openAPIV3Schema")...)
	}
	return found
}

// tightening collects what a schema refuses that it took before.
type tightening struct {
	found []spot // field within the schema's resource
	more  int
}

func (t *tightening) add(field, reason string) {
	if len(t.found) == mostTightenings {
		t.more++
		return
	}
	t.found = append(t.found, spot{cmp.Or(field, "the resource"), reason})
}

func (t *tightening) spots(path string) []spot {
	spots := make([]spot, len(t.found))
	for i, f := range t.found {
		spots[i] = spot{path, f.field + " " + f.reason}
	}
	if t.more > 0 {
		spots = append(spots, spot{path, fmt.Sprintf("and %d more places", t.more)})
	}
	return spots
}

func (t *tightening) schema(a, b *node, field string) {
	if a == nil || b == nil || a.shape != mapping || b.shape != mapping {
		return
	}
	t.keywords(a, b, field)
	before, after := a.get("properties"), b.get("properties")
	for _, p := range before.fields() {
		below := strings.TrimPrefix(field+"."+p.key, ".")
		now := after.get(p.key)
		if now == nil && !b.get("x-kubernetes-preserve-unknown-fields").isTrue() && !b.get("additionalProperties").isSet() {
			t.add(below, "is no longer known")
		}
		t.schema(p.value, now, below)
	}
	t.schema(a.get("items"), b.get("items"), field+"[]")
	t.schema(a.get("additionalProperties"), b.get("additionalProperties"), field+"{}")
}

func (t *tightening) keywords(a, b *node, field string) {
	if was, is := a.get("type").str(), b.get("type").str(); was != is && is != "" && !b.get("x-kubernetes-int-or-string").isTrue() {
		t.add(field, "must now be "+is)
	}
	if needed := missing(b.get("required").strings(), a.get("required").strings()); len(needed) > 0 {
		t.add(field, "must now have "+strings.Join(needed, ", "))
	}
	t.enum(a.get("enum"), b.get("enum"), field)
	for _, keyword := range []string{"maximum", "maxLength", "maxItems", "maxProperties"} {
		t.bound(a, b, field, keyword, 1)
	}
	for _, keyword := range []string{"minimum", "minLength", "minItems", "minProperties"} {
		t.bound(a, b, field, keyword, -1)
	}
	if b.get("pattern").isSet() && a.get("pattern").str() != b.get("pattern").str() {
		t.add(field, "must now match another pattern")
	}
	if a.get("nullable").isTrue() && !b.get("nullable").isTrue() {
		t.add(field, "must no longer be null")
	}
}

func (t *tightening) enum(a, b *node, field string) {
	if !b.isSet() {
		return
	}
	if !a.isSet() {
		t.add(field, "must now be one of "+strings.Join(clipped(b.strings()), ", "))
	} else if gone := missing(a.strings(), b.strings()); len(gone) > 0 {
		t.add(field, "must no longer be "+strings.Join(clipped(gone), ", "))
	}
}

func clipped(list []string) []string {
	if len(list) > 5 {
		return append(slices.Clone(list[:5]), "...")
	}
	return list
}

// bound compares a limit; sign is 1 for maxima, -1 for minima.
func (t *tightening) bound(a, b *node, field, keyword string, sign int) {
	is, ok := decimal(b.get(keyword).scalar())
	if !ok {
		return
	}
	if was, ok := decimal(a.get(keyword).scalar()); !ok || is.Cmp(was)*sign < 0 {
		t.add(field, "has a tighter "+keyword+": "+b.get(keyword).scalar())
	}
}

func failurePolicies(s *scene) []spot {
	if s.new == nil || !s.is("admissionregistration.k8s.io/ValidatingWebhookConfiguration", "admissionregistration.k8s.io/MutatingWebhookConfiguration") {
		return nil
	}
	var found []spot
	for _, hook := range s.new.get("webhooks").list() {
		name := hook.get("name").str()
		old := named(s.old.get("webhooks"), name)
		was, is := failurePolicy(old), failurePolicy(hook)
		field := "webhooks[" + itemKey(name) + "].failurePolicy"
		switch {
		case is == "Fail" && was != "Fail":
			found = append(found, spot{field, "while the webhook is down, the cluster refuses what it would be asked about"})
		case is == "Ignore" && was == "Fail":
			found = append(found, spot{field, "while the webhook is down, nothing is checked"})
		}
	}
	return found
}

// failurePolicy of a webhook that states none is Fail.
func failurePolicy(hook *node) string {
	if hook == nil {
		return ""
	}
	return cmp.Or(hook.get("failurePolicy").str(), "Fail")
}
