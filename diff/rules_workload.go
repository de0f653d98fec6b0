package diff

import (
	"fmt"
	"strconv"

	"github.com/ferry-cd/ferry/render"
)

var workloadRules = []Rule{
	{
		ID: "replicas-zero", Level: High, Title: "Scaled to zero",
		Why: "Nothing runs any more.",
		Good: Example{
			Old: `{apiVersion: apps/v1, kind: Deployment, metadata: {name: a}, spec: {replicas: 3}}`,
			New: `{apiVersion: apps/v1, kind: Deployment, metadata: {name: a}, spec: {replicas: 2}}`,
		},
		Bad: Example{
			Old: `{apiVersion: apps/v1, kind: Deployment, metadata: {name: a}, spec: {replicas: 3}}`,
			New: `{apiVersion: apps/v1, kind: Deployment, metadata: {name: a}, spec: {replicas: 0}}`,
		},
		find: func(s *scene) []spot {
			return s.scaling(func(was, is int64) bool { return was > 0 && is <= 0 }, "nothing runs any more")
		},
	},
	{
		ID: "replicas-cut", Level: Medium, Title: "Cut by half or more",
		Why: "What is left has to carry the load of all.",
		Good: Example{
			Old: `{apiVersion: apps/v1, kind: Deployment, metadata: {name: a}, spec: {replicas: 5}}`,
			New: `{apiVersion: apps/v1, kind: Deployment, metadata: {name: a}, spec: {replicas: 3}}`,
		},
		Bad: Example{
			Old: `{apiVersion: autoscaling/v2, kind: HorizontalPodAutoscaler, metadata: {name: a}, spec: {maxReplicas: 10}}`,
			New: `{apiVersion: autoscaling/v2, kind: HorizontalPodAutoscaler, metadata: {name: a}, spec: {maxReplicas: 5}}`,
		},
		find: func(s *scene) []spot {
			return s.scaling(func(was, is int64) bool { return is > 0 && is <= was/2 }, "half or less is left to carry the load")
		},
	},
	{
		ID: "probe-removed", Level: Medium, Title: "Probe removed",
		Why: "The cluster no longer sees whether the container works.",
		Good: Example{
			Old: `{apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {containers: [{name: c, livenessProbe: {httpGet: {path: /a}}}]}}`,
			New: `{apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {containers: [{name: c, livenessProbe: {httpGet: {path: /b}}}]}}`,
		},
		Bad: Example{
			Old: `{apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {containers: [{name: c, readinessProbe: {httpGet: {path: /a}}}]}}`,
			New: `{apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {containers: [{name: c}]}}`,
		},
		find: probes,
	},
	{
		ID: "limits-removed", Level: Medium, Title: "Limit or request removed",
		Why: "Without a limit a container can starve its node, without a request it can be starved.",
		Good: Example{
			Old: `{apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {containers: [{name: c, resources: {limits: {memory: 1Gi}}}]}}`,
			New: `{apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {containers: [{name: c, resources: {limits: {memory: 2Gi}}}]}}`,
		},
		Bad: Example{
			Old: `{apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {containers: [{name: c, resources: {limits: {memory: 1Gi}}}]}}`,
			New: `{apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {containers: [{name: c, resources: {}}]}}`,
		},
		find: limits,
	},
}

// scaled is a workload that an autoscaler sizes.
type scaled struct{ kind, namespace, name string }

// autoscaled gives the workloads whose number of replicas is not for manifests to say.
func autoscaled(ms render.Manifests, namespace string) map[scaled]bool {
	targets := map[scaled]bool{}
	for i := range ms {
		if m := &ms[i]; m.Kind == "HorizontalPodAutoscaler" || m.Kind == "ScaledObject" {
			target := parse(m).at("spec", "scaleTargetRef")
			kind := target.get("kind").str()
			if kind == "" { // a ScaledObject means a Deployment
				kind = "Deployment"
			}
			targets[scaled{kind, m.In(namespace).Namespace, target.get("name").str()}] = true
		}
	}
	return targets
}

// scaling reports numbers of replicas that fall as a rule says.
func (s *scene) scaling(falls func(was, is int64) bool, loss string) []spot {
	if !s.both() {
		return nil
	}
	fields := []string{"replicas"}
	if s.id.Kind == "HorizontalPodAutoscaler" {
		fields = []string{"minReplicas", "maxReplicas"}
	}
	var found []spot
	for _, field := range fields {
		was, is := s.replicas(s.old, field), s.replicas(s.new, field)
		if was >= 0 && is >= 0 && falls(was, is) {
			found = append(found, spot{"spec." + field, fmt.Sprintf("from %d to %d: %s", was, is, loss)})
		}
	}
	return found
}

// replicas reads a number of replicas; one where none stands, less than zero where nobody can tell.
func (s *scene) replicas(n *node, field string) int64 {
	v := n.at("spec", field)
	if v.isSet() {
		i, err := strconv.ParseInt(v.scalar(), 10, 64)
		if err != nil {
			return -1
		}
		return i
	}
	other := s.old.at("spec", field)
	if n == s.old {
		other = s.new.at("spec", field)
	}
	if !other.isSet() || s.autoscaled[scaled{s.id.Kind, s.id.Namespace, s.id.Name}] {
		return -1
	}
	return 1
}

func probes(s *scene) []spot {
	var found []spot
	for _, c := range s.containers() {
		for _, probe := range []string{"livenessProbe", "readinessProbe", "startupProbe"} {
			if c.old.get(probe).isSet() && !c.new.get(probe).isSet() {
				found = append(found, spot{c.path + "." + probe, "the container loses its " + probe})
			}
		}
	}
	return found
}

func limits(s *scene) []spot {
	var found []spot
	for _, c := range s.containers() {
		for _, side := range []string{"limits", "requests"} {
			for _, p := range c.old.at("resources", side).fields() {
				if p.value.isSet() && !c.new.at("resources", side, p.key).isSet() {
					path := appendKey([]byte(c.path+".resources."+side), p.key)
					found = append(found, spot{string(path), "was " + p.value.scalar() + ", now none"})
				}
			}
		}
	}
	return found
}
