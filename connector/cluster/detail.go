package cluster

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/ferry-cd/ferry/connector"
)

// How much is read to explain what is the matter. A cluster where everything fails at once is not asked about everything.
const (
	maxTroubled  = 100 // units in one round
	maxWorkloads = 10  // of one unit
	maxPods      = 20  // of one workload
	askTimeout   = 10 * time.Second
)

// detail is what the workloads of a unit say, by the resource.
type detail map[connector.Resource]said

type said struct{ health, message string }

// explain adds what is known to a unit's resources, where the engine said nothing better.
func (d detail) explain(in []connector.Resource) []connector.Resource {
	if len(d) == 0 {
		return in
	}
	out := slices.Clone(in)
	for i, r := range out {
		if s, ok := d[plain(r)]; ok && r.Health != "SyncFailed" {
			out[i].Health, out[i].Message = s.health, s.message
		}
	}
	return out
}

// plain is a resource without what is said about it.
func plain(r connector.Resource) connector.Resource {
	r.Health, r.Message = "", ""
	return r
}

// explain asks the workloads of units in trouble how they do, again and again. It is a courtesy: where it is not allowed,
// or the server does not answer, the texts say less.
func (w *Watcher) explain(ctx context.Context) {
	tick := time.NewTicker(w.o.Rediscover / 2)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			if w.Synced() {
				w.explainOnce(ctx)
			}
		}
	}
}

func (w *Watcher) explainOnce(ctx context.Context) {
	asked := map[connector.Ref]bool{}
	for _, u := range inTrouble(w.memory.all()) {
		if ctx.Err() != nil {
			return
		}
		asked[u.Ref()] = true
		w.memory.explained(u.Ref(), w.ask(ctx, u))
	}
	w.memory.forgetOthers(asked)
}

// inTrouble gives the units to ask about: those that failed before those that are still at it.
func inTrouble(units []connector.Unit) []connector.Unit {
	var failed, working []connector.Unit
	for _, u := range units {
		if u.Suspended || u.Remote { // here is nothing of a remote unit, or something else by the same name
			continue
		}
		if failing(u) {
			failed = append(failed, u)
		} else if troubled(u) {
			working = append(working, u)
		}
	}
	all := slices.Concat(failed, working)
	return all[:min(len(all), maxTroubled)]
}

func failing(u connector.Unit) bool {
	return u.Ready.State == connector.False || u.Healthy.State == connector.False
}

// troubled tells whether a unit has not got there.
func troubled(u connector.Unit) bool {
	return u.Healthy.Reason == "Progressing" || u.Reconciling.Is() && u.Checks
}

// ask reads the workloads of a unit: those that its messages name first.
func (w *Watcher) ask(ctx context.Context, u connector.Unit) detail {
	out := detail{}
	text := u.Ready.Message + " " + u.Healthy.Message
	named, others := []connector.Resource{}, []connector.Resource{}
	for _, r := range u.Resources {
		if _, ok := workloads[schema.GroupKind{Group: r.Group, Kind: r.Kind}]; !ok {
			continue
		}
		if connector.Mentions(text, r) {
			named = append(named, r)
		} else {
			others = append(others, r)
		}
	}
	all := slices.Concat(named, others)
	for _, r := range all[:min(len(all), maxWorkloads)] {
		if s, ok := w.askWorkload(ctx, r); ok {
			out[plain(r)] = s
		}
	}
	return out
}

// askWorkload reads one workload, and its pods where it is not well.
func (w *Watcher) askWorkload(ctx context.Context, r connector.Resource) (said, bool) {
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	at := workloads[schema.GroupKind{Group: r.Group, Kind: r.Kind}]
	o, err := w.o.Client.Resource(at).Namespace(r.Namespace).Get(ctx, r.Name, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return said{"Missing", "it does not exist"}, true
	}
	if err != nil {
		return said{}, false
	}
	s, well := workload(o)
	if well {
		return said{}, false
	}
	theirs := selector(o)
	if theirs == "" { // everybody's pods
		return s, true
	}
	list, err := w.o.Client.Resource(pods).Namespace(r.Namespace).List(ctx, metav1.ListOptions{LabelSelector: theirs, Limit: maxPods})
	if err != nil {
		return s, true
	}
	if why := worstPod(list.Items); why != "" {
		s.message = why
	}
	return s, true
}

// selector is what a workload selects its pods by; "" where that cannot be written.
func selector(o *unstructured.Unstructured) string {
	v := value{o.Object}.at("spec", "selector", "matchLabels")
	m, _ := v.any.(map[string]any)
	set := labels.Set{}
	for k := range m {
		set[k] = v.at(k).name()
	}
	return set.String()
}

// workload says what a workload's own status does, and whether it is well.
func workload(o *unstructured.Unstructured) (said, bool) {
	v := value{o.Object}
	status := v.at("status")
	for _, c := range status.at("conditions").list() {
		kind, bad := c.at("type").name(), c.at("status").name()
		failed := kind == "Progressing" && bad == "False" || kind == "ReplicaFailure" && bad == "True" || kind == "Failed" && bad == "True"
		if failed {
			return said{"Degraded", cmp.Or(c.at("reason").name(), c.at("message").message())}, false
		}
	}
	wanted, ready := replicas(v)
	if status.at("observedGeneration").number() < v.at("metadata", "generation").number() {
		return said{"Progressing", "not observed yet"}, false
	}
	if ready < wanted {
		return said{"Progressing", fmt.Sprintf("%d of %d ready", ready, wanted)}, false
	}
	return said{}, true
}

// replicas gives how many pods a workload wants, and how many of the current kind are ready.
func replicas(v value) (wanted, ready int64) {
	spec, status := v.at("spec"), v.at("status")
	switch v.at("kind").name() {
	case "DaemonSet":
		return status.at("desiredNumberScheduled").number(), min(status.at("numberReady").number(), status.at("updatedNumberScheduled").number())
	case "Job":
		return 0, 0
	}
	wanted = 1
	if spec.at("replicas").exists() {
		wanted = spec.at("replicas").number()
	}
	return wanted, min(status.at("readyReplicas").number(), status.at("updatedReplicas").number())
}

// worstPod says why pods do not run: what a container waits for or ended with, else why a pod cannot be placed. Of several
// reasons, the one that is never a beginning.
func worstPod(list []unstructured.Unstructured) string {
	var reasons []string
	for _, p := range list {
		status := value{p.Object}.at("status")
		for _, field := range []string{"initContainerStatuses", "containerStatuses"} {
			for _, c := range status.at(field).list() {
				reasons = append(reasons, container(c))
			}
		}
		for _, c := range status.at("conditions").list() {
			if c.at("type").name() == "PodScheduled" && c.at("status").name() == "False" {
				reasons = append(reasons, cmp.Or(c.at("reason").name(), "Unschedulable"))
			}
		}
	}
	reasons = slices.DeleteFunc(reasons, func(r string) bool { return r == "" })
	slices.SortStableFunc(reasons, func(a, b string) int { return cmp.Or(cmp.Compare(severity(a), severity(b)), strings.Compare(a, b)) })
	if len(reasons) == 0 {
		return ""
	}
	return reasons[0]
}

// container gives the reason of one container, "" where it runs.
func container(c value) string {
	state := c.at("state")
	if waits := state.at("waiting"); waits.exists() {
		return waits.at("reason").name()
	}
	if ended := state.at("terminated"); ended.exists() && ended.at("exitCode").number() != 0 {
		return cmp.Or(ended.at("reason").name(), "Error")
	}
	return ""
}

// severity puts what stays before what passes.
func severity(reason string) int {
	switch reason {
	case "ContainerCreating", "PodInitializing":
		return 2
	case "CrashLoopBackOff", "Error", "Unschedulable":
		return 1 // what a container ended with says more than that it is started again
	}
	return 0
}

// explained keeps what the workloads of a unit said.
func (m *memory) explained(ref connector.Ref, d detail) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, there := m.readings[ref]; !there || maps.Equal(m.details[ref], d) {
		return
	}
	m.details[ref] = d
	m.dirty()
}

// forgetOthers forgets what was said of units that are in trouble no more.
func (m *memory) forgetOthers(keep map[connector.Ref]bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for ref := range m.details {
		if !keep[ref] {
			delete(m.details, ref)
			m.dirty()
		}
	}
}
