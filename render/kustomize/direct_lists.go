package kustomize

import (
	"fmt"
	"strings"
)

// podLists are the lists of a pod that a strategic merge patch may change here, by their path in its spec: those with a key
// are merged by it, the others replaced. The rest, such as ports, which go by two keys, is for the library. A test holds the
// table against the library's schema.
var podLists = map[string]string{
	"imagePullSecrets": "name", "hostAliases": "ip", "tolerations": "", "readinessGates": "", "hostAliases/hostnames": "",
	"dnsConfig/nameservers": "", "dnsConfig/options": "", "dnsConfig/searches": "", "securityContext/supplementalGroups": "", "securityContext/sysctls": "",
	"containers": "name", "initContainers": "name",
	"containers/args": "", "initContainers/args": "", "containers/command": "", "initContainers/command": "",
	"containers/env": "name", "initContainers/env": "name", "containers/envFrom": "", "initContainers/envFrom": "",
	"containers/volumeMounts": "mountPath", "initContainers/volumeMounts": "mountPath",
	"containers/securityContext/capabilities/add": "", "containers/securityContext/capabilities/drop": "",
	"initContainers/securityContext/capabilities/add": "", "initContainers/securityContext/capabilities/drop": "",
	"containers/livenessProbe/exec/command": "", "containers/readinessProbe/exec/command": "", "containers/startupProbe/exec/command": "",
}

// podSpecs is where the spec of a pod stands in the kinds in which the library looks for what it refers to.
var podSpecs = map[string]string{
	"v1:Pod": "/spec/", "apps/v1:Deployment": "/spec/template/spec/", "apps/v1:StatefulSet": "/spec/template/spec/",
	"apps/v1:DaemonSet": "/spec/template/spec/", "apps/v1:ReplicaSet": "/spec/template/spec/", "batch/v1:Job": "/spec/template/spec/",
	"batch/v1:CronJob": "/spec/jobTemplate/spec/template/spec/",
}

// otherLists are those of other kinds.
var otherLists = map[string]map[string]string{
	"networking.k8s.io/v1:Ingress":             {"/spec/rules": "", "/spec/tls": ""},
	"networking.k8s.io/v1:NetworkPolicy":       {"/spec/ingress": "", "/spec/egress": "", "/spec/policyTypes": ""},
	"rbac.authorization.k8s.io/v1:Role":        {"/rules": ""},
	"rbac.authorization.k8s.io/v1:ClusterRole": {"/rules": ""},
}

// podSpec gives where the spec of its pod stands in an item; "" where it has none.
func (it *item) podSpec() string { return podSpecs[it.apiVersion+":"+it.kind] }

// listKey gives how a list of the item is merged.
func (it *item) listKey(path string) (by string, known bool) {
	if pod := it.podSpec(); pod != "" {
		if inPod, ok := strings.CutPrefix(path, pod); ok {
			by, known = podLists[inPod]
			return by, known
		}
	}
	by, known = otherLists[it.apiVersion+":"+it.kind][path]
	return by, known
}

// keyedFields are the fields of Kubernetes' kinds that hold lists of which items are told apart: by this key or, where there is
// none, by themselves. A test holds the table against the library's schema.
var keyedFields = map[string]string{
	"addresses": "type", "conditions": "type", "hostAliases": "ip", "podIPs": "ip", "ownerReferences": "uid", "volumeDevices": "devicePath", "volumeMounts": "mountPath",
	"containers": "name", "initContainers": "name", "ephemeralContainers": "name", "env": "name", "imagePullSecrets": "name", "secrets": "name", "volumes": "name",
	"webhooks": "name", "drivers": "name", "configMapGenerator": "name", "secretGenerator": "name",
	"ports": "port", "topologySpreadConstraints": "topologyKey", "finalizers": "", "podCIDRs": "",
}

// keyIn gives the key of a field, by what it is a field of.
func keyIn(parent, field string) (key string, isKeyed bool) {
	if field == "ports" && strings.HasSuffix(strings.ToLower(parent), "containers") {
		return "containerPort", true
	}
	key, isKeyed = keyedFields[field]
	return key, isKeyed
}

// mergesWithItself tells values that stay as they are when lists in them are merged with themselves: all items have keys, and
// no two the same.
func mergesWithItself(parent, field string, v any) bool {
	switch v := v.(type) {
	case map[string]any:
		for key, below := range v {
			if !mergesWithItself(field, key, below) {
				return false
			}
		}
	case []any:
		for _, below := range v {
			if !mergesWithItself(parent, field, below) {
				return false
			}
		}
		if key, isKeyed := keyIn(parent, field); isKeyed {
			return areTold(v, key)
		}
	}
	return true
}

// areTold tells whether the items of a list differ in their keys, which are no lists or mappings. Where the library looks at a
// second key as well, they differ all the more.
func areTold(list []any, key string) bool {
	seen := map[string]bool{}
	for _, v := range list {
		it, isMapping := v.(map[string]any)
		if isMapping {
			v = it[key]
		}
		if isMapping == (key == "") || v == nil || v == "" || !isScalar(v) || seen[fmt.Sprint(v)] {
			return false
		}
		seen[fmt.Sprint(v)] = true
	}
	return true
}

// isScalar tells values that are neither lists nor mappings.
func isScalar(v any) bool {
	switch v.(type) {
	case map[string]any, []any:
		return false
	}
	return true
}
