package cluster

import (
	"cmp"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/ferry-cd/ferry/connector"
)

// What Argo CD calls its ways of being.
const (
	refreshAnnotation  = "argocd.argoproj.io/refresh" // somebody asked for a new comparison, and it is not done
	trackingAnnotation = "argocd.argoproj.io/tracking-id"
)

// Application reads one of Argo CD. Its status is no subresource, so that nothing tells which generation it speaks of: the
// times of its operation and of its last comparison do.
func Application(o *unstructured.Unstructured) connector.Unit {
	v := value{o.Object}
	status := v.at("status")
	u := named(o, connector.ArgoCD)
	u.Parent = tracked(v)
	u.Checks = true
	u.Remote = remote(v.at("spec", "destination"))
	u.Operation = operation(v)
	u.Sync = syncState(status.at("sync"))
	u.Healthy = health(status.at("health"))
	u.Reconciled = status.at("reconciledAt").time()
	u.Reconciling = working(v, u.Operation)
	failed := firstError(status.at("conditions"))
	u.Ready = readiness(failed, u.Operation, u.Sync)
	if failed.Reason == "InvalidSpecError" {
		u.Stalled = failed
		u.Stalled.State = connector.True
	}
	u.Origins = applicationOrigins(v)
	u.Resources, u.Omitted = resources(status)
	u.Changed = latest(u.Operation.Started, u.Operation.Finished, u.Healthy.Since, failed.Since)
	return u
}

// tracked is the Application that applied this one, by the mark that Argo CD puts on what it applies. Its namespace is not in
// the mark unless it differs from Argo CD's own: namespace_name:group/kind:namespace/name.
func tracked(v value) connector.Ref {
	app, _, ok := strings.Cut(v.at("metadata", "annotations", trackingAnnotation).name(), ":")
	if !ok || app == "" {
		return connector.Ref{}
	}
	namespace := v.at("metadata", "namespace").name()
	if before, after, ok := strings.Cut(app, "_"); ok {
		namespace, app = before, after
	}
	return connector.Ref{Kind: "Application", Namespace: namespace, Name: app}
}

// remote tells whether an Application's destination is another cluster than the one that Argo CD runs in.
func remote(destination value) bool {
	server, name := destination.at("server").name(), destination.at("name").name()
	return server != "" && server != "https://kubernetes.default.svc" || name != "" && name != "in-cluster"
}

func operation(v value) connector.Operation {
	s := v.at("status", "operationState")
	return connector.Operation{
		Phase: s.at("phase").name(), Message: s.at("message").message(),
		Started: s.at("startedAt").time(), Finished: s.at("finishedAt").time(),
		Retries: max(0, s.at("retryCount").number()),
		Asked:   v.at("operation").exists(),
	}
}

func syncState(v value) connector.Condition {
	word := v.at("status").name()
	if word == "" {
		return connector.Condition{}
	}
	states := map[string]string{"Synced": connector.True, "OutOfSync": connector.False}
	return connector.Condition{State: cmp.Or(states[word], connector.Unclear), Reason: word}
}

// health takes every word that is not known as unknown. Suspended is waiting for a person, Progressing for time.
func health(v value) connector.Condition {
	word := v.at("status").name()
	if word == "" {
		return connector.Condition{}
	}
	states := map[string]string{"Healthy": connector.True, "Degraded": connector.False, "Missing": connector.False}
	return connector.Condition{State: cmp.Or(states[word], connector.Unclear), Reason: word, Message: v.at("message").message(), Since: v.at("lastTransitionTime").time()}
}

// working tells whether Argo CD is at it, or was asked to be and has not begun: what the status says is then about to change.
func working(v value, op connector.Operation) connector.Condition {
	c := connector.Condition{State: connector.True, Message: op.Message, Since: op.Started}
	hydrating := v.at("status", "sourceHydrator", "currentOperation")
	switch {
	case op.Phase == "Running" || op.Phase == "Terminating":
		c.Reason = op.Phase
	case op.Asked:
		c = connector.Condition{State: connector.True, Reason: "OperationRequested"}
	case hydrating.at("phase").name() == "Hydrating":
		c.Reason, c.Message, c.Since = "Hydrating", hydrating.at("message").message(), hydrating.at("startedAt").time()
	case v.at("metadata", "annotations", refreshAnnotation).exists():
		c = connector.Condition{State: connector.True, Reason: "RefreshRequested"}
	default:
		return connector.Condition{}
	}
	return c
}

// firstError is the error that says most: a wrong specification makes all others, and a comparison that fails makes the
// state unknown. Warnings are none.
func firstError(v value) connector.Condition {
	order := []string{"InvalidSpecError", "ComparisonError", "SyncError", "DeletionError"}
	rank := func(kind string) int {
		if i := slices.Index(order, kind); i >= 0 {
			return i
		}
		return len(order)
	}
	var first connector.Condition
	for _, c := range v.list() {
		kind := c.at("type").name()
		if strings.HasSuffix(kind, "Error") && (first.State == "" || rank(kind) < rank(first.Reason)) {
			first = connector.Condition{State: connector.False, Reason: kind, Message: c.at("message").message(), Since: c.at("lastTransitionTime").time()}
		}
	}
	return first
}

// readiness is what Flux would call Ready: an error that is named, else a failed operation, else whether it is in sync.
func readiness(failed connector.Condition, op connector.Operation, sync connector.Condition) connector.Condition {
	switch {
	case failed.State != "":
		return failed
	case op.Phase == "Failed" || op.Phase == "Error":
		return connector.Condition{State: connector.False, Reason: op.Phase, Message: op.Message, Since: op.Finished}
	case op.Phase != "" && op.Phase != "Succeeded":
		return connector.Condition{State: connector.Unclear, Reason: op.Phase, Message: op.Message, Since: op.Started}
	case sync.State == connector.True:
		return connector.Condition{State: connector.True, Reason: sync.Reason, Since: op.Finished}
	}
	return connector.Condition{State: connector.Unclear, Reason: sync.Reason}
}

// resources reads what the Application tracks, each with its health where that is kept there, and with what the last sync said
// of it where that was a failure.
func resources(status value) (out []connector.Resource, omitted int) {
	results := map[connector.Resource]value{}
	for _, r := range status.at("operationState", "syncResult", "resources").list() {
		if r.at("status").name() == "SyncFailed" || r.at("hookPhase").name() == "Failed" || r.at("hookPhase").name() == "Error" {
			results[identity(r)] = r
		}
	}
	for _, r := range status.at("resources").list() {
		if len(out) == maxResources {
			omitted++
			continue
		}
		x := identity(r)
		result, failed := results[x]
		x.Health, x.Message = r.at("health", "status").name(), r.at("health", "message").message()
		if failed {
			x.Health, x.Message = "SyncFailed", cmp.Or(result.at("message").message(), x.Message)
		}
		out = append(out, x)
	}
	return out, omitted
}

func identity(r value) connector.Resource {
	return connector.Resource{
		Group: once(r.at("group").name()), Version: once(r.at("version").name()), Kind: once(r.at("kind").name()),
		Namespace: once(r.at("namespace").name()), Name: r.at("name").name(),
	}
}
