package diff

import (
	"slices"
	"strconv"
	"strings"
)

var podRules = []Rule{
	{
		ID: "privileged", Level: Critical, Title: "Privileged container",
		Why:  "A privileged container owns its node.",
		Good: Example{New: `{apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {containers: [{name: c, securityContext: {privileged: false}}]}}`},
		Bad:  Example{New: `{apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {containers: [{name: c, securityContext: {privileged: true}}]}}`},
		find: privileged,
	},
	{
		ID: "host-path", Level: High, Title: "Files of the node mounted",
		Why:  "A hostPath volume reaches the files of whatever node the pod lands on.",
		Good: Example{New: `{apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {volumes: [{name: v, emptyDir: {}}]}}`},
		Bad:  Example{New: `{apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {volumes: [{name: v, hostPath: {path: /var/run}}]}}`},
		find: hostPaths,
	},
	{
		ID: "host-namespace", Level: High, Title: "Network, processes or IPC of the node shared",
		Why:  "With hostNetwork, hostPID or hostIPC a pod is no longer apart from its node.",
		Good: Example{New: `{apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {hostNetwork: false}}`},
		Bad:  Example{New: `{apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {hostNetwork: true}}`},
		find: hostNamespaces,
	},
	{
		ID: "capabilities-added", Level: High, Title: "Capabilities added",
		Why: "The container may do more to its node than before.",
		Good: Example{
			Old: `{apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {containers: [{name: c, securityContext: {capabilities: {add: [CHOWN, NET_ADMIN]}}}]}}`,
			New: `{apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {containers: [{name: c, securityContext: {capabilities: {add: [NET_ADMIN]}}}]}}`,
		},
		Bad: Example{
			Old: `{apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {containers: [{name: c}]}}`,
			New: `{apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {containers: [{name: c, securityContext: {capabilities: {add: [NET_ADMIN]}}}]}}`,
		},
		find: capabilities,
	},
	{
		ID: "run-as-root", Level: High, Title: "Runs as root",
		Why: "Root in a container is one flaw away from root on its node.",
		Good: Example{
			Old: `{apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {securityContext: {runAsNonRoot: true}, containers: [{name: c}]}}`,
			New: `{apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {containers: [{name: c, securityContext: {runAsNonRoot: true}}]}}`,
		},
		Bad: Example{
			Old: `{apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {securityContext: {runAsNonRoot: true}, containers: [{name: c}]}}`,
			New: `{apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {containers: [{name: c}]}}`,
		},
		find: asRoot,
	},
}

func privileged(s *scene) []spot {
	var found []spot
	for _, c := range s.containers() {
		if c.new.at("securityContext", "privileged").isTrue() && !c.old.at("securityContext", "privileged").isTrue() {
			found = append(found, spot{c.path + ".securityContext.privileged", "the container becomes privileged"})
		}
	}
	return found
}

func hostPaths(s *scene) []spot {
	before, _ := s.pod(s.old)
	after, path := s.pod(s.new)
	var found []spot
	for i, v := range after.get("volumes").list() {
		host := v.get("hostPath")
		was := named(before.get("volumes"), v.get("name").str()).at("hostPath", "path")
		if !host.isSet() || was.isSet() && was.scalar() == host.get("path").scalar() {
			continue
		}
		key := strconv.Itoa(i)
		if name := v.get("name").str(); name != "" {
			key = itemKey(name)
		}
		found = append(found, spot{path + ".volumes[" + key + "].hostPath", "reads " + host.get("path").scalar() + " of the node"})
	}
	return found
}

func hostNamespaces(s *scene) []spot {
	before, _ := s.pod(s.old)
	after, path := s.pod(s.new)
	var found []spot
	for _, field := range []string{"hostNetwork", "hostPID", "hostIPC"} {
		if after.get(field).isTrue() && !before.get(field).isTrue() {
			found = append(found, spot{path + "." + field, "the pod shares it with its node"})
		}
	}
	return found
}

func capabilities(s *scene) []spot {
	var found []spot
	for _, c := range s.containers() {
		keys := []string{"securityContext", "capabilities"}
		before, after := c.old.at(keys...), c.new.at(keys...)
		path := c.path + ".securityContext.capabilities"
		if gained := missing(after.get("add").strings(), before.get("add").strings()); len(gained) > 0 {
			found = append(found, spot{path + ".add", "gains " + strings.Join(gained, ", ")})
		}
		if kept := missing(before.get("drop").strings(), after.get("drop").strings()); len(kept) > 0 && !slices.Contains(after.get("drop").strings(), "ALL") {
			found = append(found, spot{path + ".drop", "no longer drops " + strings.Join(kept, ", ")})
		}
	}
	return found
}

// missing gives what a has and b has not, in the order of a.
func missing(a, b []string) []string {
	has := make(map[string]bool, len(b))
	for _, s := range b {
		has[s] = true
	}
	var m []string
	for _, s := range a {
		if !has[s] {
			m = append(m, s)
		}
	}
	return m
}

func asRoot(s *scene) []spot {
	before, _ := s.pod(s.old)
	after, _ := s.pod(s.new)
	var found []spot
	for _, c := range s.containers() {
		path := c.path + ".securityContext"
		user, was := effective(after, c.new, "runAsUser"), effective(before, c.old, "runAsUser")
		if user.isSet() && user.scalar() == "0" && was.scalar() != "0" {
			found = append(found, spot{path + ".runAsUser", "the container runs as user 0"})
		}
		if effective(before, c.old, "runAsNonRoot").isTrue() && !effective(after, c.new, "runAsNonRoot").isTrue() {
			found = append(found, spot{path + ".runAsNonRoot", "root is no longer refused"})
		}
	}
	return found
}

// effective gives a setting of a container, which wins over that of its pod.
func effective(pod, container *node, setting string) *node {
	if v := container.at("securityContext", setting); v.isSet() {
		return v
	}
	return pod.at("securityContext", setting)
}
