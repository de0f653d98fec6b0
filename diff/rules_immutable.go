package diff

import "strings"

var immutableRules = []Rule{
	{
		ID: "immutable-selector", Level: High, Title: "Selector changed",
		Why: "The cluster refuses it; the workload has to be deleted and made anew.",
		Good: Example{
			Old: `{apiVersion: apps/v1, kind: Deployment, metadata: {name: a}, spec: {selector: {matchLabels: {app: a}}}}`,
			New: `{apiVersion: apps/v1, kind: Deployment, metadata: {name: a, labels: {app: b}}, spec: {selector: {matchLabels: {app: a}}}}`,
		},
		Bad: Example{
			Old: `{apiVersion: apps/v1, kind: Deployment, metadata: {name: a}, spec: {selector: {matchLabels: {app: a}}}}`,
			New: `{apiVersion: apps/v1, kind: Deployment, metadata: {name: a}, spec: {selector: {matchLabels: {app: b}}}}`,
		},
		find: func(s *scene) []spot {
			return s.frozen("the cluster refuses another selector", frozenSelectors...)
		},
	},
	{
		ID: "selector-mismatch", Level: High, Title: "Pods do not match the selector",
		Why:  "The cluster refuses a workload whose selector does not match the labels of its own pods.",
		Good: Example{New: `{apiVersion: apps/v1, kind: Deployment, metadata: {name: a}, spec: {selector: {matchLabels: {app: a}}, template: {metadata: {labels: {app: a, x: y}}}}}`},
		Bad:  Example{New: `{apiVersion: apps/v1, kind: Deployment, metadata: {name: a}, spec: {selector: {matchLabels: {app: a}}, template: {metadata: {labels: {app: b}}}}}`},
		find: mismatch,
	},
	{
		ID: "immutable-statefulset", Level: High, Title: "Fixed field of a StatefulSet changed",
		Why: "The cluster refuses changes of claim templates, service name and pod management.",
		Good: Example{
			Old: `{apiVersion: apps/v1, kind: StatefulSet, metadata: {name: a}, spec: {volumeClaimTemplates: [{metadata: {name: d}, spec: {resources: {requests: {storage: 1Gi}}}}]}}`,
			New: `{apiVersion: apps/v1, kind: StatefulSet, metadata: {name: a}, spec: {volumeClaimTemplates: [{metadata: {name: d}, spec: {resources: {requests: {storage: 1024Mi}}}}]}}`,
		},
		Bad: Example{
			Old: `{apiVersion: apps/v1, kind: StatefulSet, metadata: {name: a}, spec: {volumeClaimTemplates: [{metadata: {name: d}, spec: {resources: {requests: {storage: 1Gi}}}}]}}`,
			New: `{apiVersion: apps/v1, kind: StatefulSet, metadata: {name: a}, spec: {volumeClaimTemplates: [{metadata: {name: d}, spec: {resources: {requests: {storage: 2Gi}}}}]}}`,
		},
		find: func(s *scene) []spot {
			return s.frozen("the cluster refuses it on a StatefulSet", frozenStatefulSet...)
		},
	},
	{
		ID: "immutable-job", Level: High, Title: "Job changed under the same name",
		Why: "The cluster refuses another template for a Job; give the Job a new name instead.",
		Good: Example{
			Old: `{apiVersion: batch/v1, kind: Job, metadata: {name: a-1}, spec: {template: {spec: {restartPolicy: Never}}}}`,
			New: `{apiVersion: batch/v1, kind: Job, metadata: {name: a-2}, spec: {template: {spec: {restartPolicy: OnFailure}}}}`,
		},
		Bad: Example{
			Old: `{apiVersion: batch/v1, kind: Job, metadata: {name: a}, spec: {template: {spec: {restartPolicy: Never}}}}`,
			New: `{apiVersion: batch/v1, kind: Job, metadata: {name: a}, spec: {template: {spec: {restartPolicy: OnFailure}}}}`,
		},
		find: func(s *scene) []spot {
			return s.frozen("the cluster refuses it while a Job of this name exists", frozenJob...)
		},
	},
	{
		ID: "immutable-cluster-ip", Level: High, Title: "Cluster IP of a Service changed",
		Why: "The cluster refuses it; the Service has to be deleted and made anew.",
		Good: Example{
			Old: `{apiVersion: v1, kind: Service, metadata: {name: a}, spec: {clusterIP: None, ports: [{port: 1}]}}`,
			New: `{apiVersion: v1, kind: Service, metadata: {name: a}, spec: {clusterIP: None, ports: [{port: 2}]}}`,
		},
		Bad: Example{
			Old: `{apiVersion: v1, kind: Service, metadata: {name: a}, spec: {clusterIP: 10.0.0.1}}`,
			New: `{apiVersion: v1, kind: Service, metadata: {name: a}, spec: {clusterIP: None}}`,
		},
		find: clusterIP,
	},
	{
		ID: "claim-shrink", Level: High, Title: "Volume claim shrunk",
		Why: "Claims grow only; the cluster refuses less than before.",
		Good: Example{
			Old: `{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {name: a}, spec: {resources: {requests: {storage: 900Mi}}}}`,
			New: `{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {name: a}, spec: {resources: {requests: {storage: 1Gi}}}}`,
		},
		Bad: Example{
			Old: `{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {name: a}, spec: {resources: {requests: {storage: 1Gi}}}}`,
			New: `{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {name: a}, spec: {resources: {requests: {storage: 1000Mi}}}}`,
		},
		find: shrunk,
	},
	{
		ID: "immutable-field", Level: High, Title: "Fixed field changed",
		Why: "The cluster refuses a change of this field; the resource has to be deleted and made anew.",
		Good: Example{
			Old: `{apiVersion: v1, kind: ConfigMap, metadata: {name: a}, data: {x: one}}`,
			New: `{apiVersion: v1, kind: ConfigMap, metadata: {name: a}, data: {x: two}, immutable: true}`,
		},
		Bad: Example{
			Old: `{apiVersion: v1, kind: ConfigMap, metadata: {name: a}, data: {x: one}, immutable: true}`,
			New: `{apiVersion: v1, kind: ConfigMap, metadata: {name: a}, data: {x: two}, immutable: true}`,
		},
		find: func(s *scene) []spot {
			return append(s.frozen("the cluster refuses a change of this field", frozenOthers...), frozenData(s)...)
		},
	},
}

// frozenField is a field that the API server keeps as it was made.
type frozenField struct {
	kind     string // group/Kind
	path     string // dots between mapping keys
	standard string // what the server writes where nothing stands
}

var frozenSelectors = []frozenField{
	{"apps/Deployment", "spec.selector", ""}, {"apps/StatefulSet", "spec.selector", ""},
	{"apps/DaemonSet", "spec.selector", ""}, {"apps/ReplicaSet", "spec.selector", ""},
}

var frozenStatefulSet = []frozenField{
	{"apps/StatefulSet", "spec.volumeClaimTemplates", ""}, {"apps/StatefulSet", "spec.serviceName", ""},
	{"apps/StatefulSet", "spec.podManagementPolicy", "OrderedReady"},
}

var frozenJob = []frozenField{
	{"batch/Job", "spec.template", ""}, {"batch/Job", "spec.selector", ""}, {"batch/Job", "spec.completionMode", "NonIndexed"},
}

var frozenOthers = []frozenField{
	{"/PersistentVolumeClaim", "spec.accessModes", ""}, {"/PersistentVolumeClaim", "spec.storageClassName", ""},
	{"/PersistentVolumeClaim", "spec.volumeName", ""}, {"/PersistentVolumeClaim", "spec.volumeMode", "Filesystem"},
	{"/PersistentVolumeClaim", "spec.selector", ""}, {"/PersistentVolumeClaim", "spec.dataSource", ""},
	{"/Secret", "type", "Opaque"},
	{"rbac.authorization.k8s.io/RoleBinding", "roleRef", ""}, {"rbac.authorization.k8s.io/ClusterRoleBinding", "roleRef", ""},
	{"storage.k8s.io/StorageClass", "provisioner", ""}, {"storage.k8s.io/StorageClass", "parameters", ""},
	{"storage.k8s.io/StorageClass", "reclaimPolicy", "Delete"}, {"storage.k8s.io/StorageClass", "volumeBindingMode", "Immediate"},
	{"networking.k8s.io/IngressClass", "spec.controller", ""}, {"scheduling.k8s.io/PriorityClass", "value", ""},
	{"node.k8s.io/RuntimeClass", "handler", ""},
	{"apiextensions.k8s.io/CustomResourceDefinition", "spec.scope", ""},
}

// frozen reports changes of fields that must not change; a renamed resource is another one and may.
func (s *scene) frozen(reason string, fields ...frozenField) []spot {
	if !s.both() || s.renamed {
		return nil
	}
	var found []spot
	for _, f := range fields {
		if !s.is(f.kind) {
			continue
		}
		keys := strings.Split(f.path, ".")
		a, b := orStandard(s.old.at(keys...), f.standard), orStandard(s.new.at(keys...), f.standard)
		if s.differ(a, b, keys[len(keys)-1]) {
			found = append(found, spot{f.path, reason})
		}
	}
	return found
}

func orStandard(n *node, standard string) *node {
	if n.isSet() || standard == "" {
		return n
	}
	return &node{shape: text, text: standard}
}

func frozenData(s *scene) []spot {
	if !s.both() || s.renamed || !s.is("/ConfigMap", "/Secret") || !s.old.get("immutable").isTrue() {
		return nil
	}
	if !s.new.get("immutable").isTrue() {
		return []spot{{"immutable", "the cluster refuses to lift it once it is true"}}
	}
	for _, key := range []string{"data", "stringData", "binaryData"} {
		if s.differ(s.old.get(key), s.new.get(key), key) {
			return []spot{{key, "the cluster refuses other data once immutable is true"}}
		}
	}
	return nil
}

func mismatch(s *scene) []spot {
	if s.new == nil || !s.is("apps/Deployment", "apps/StatefulSet", "apps/DaemonSet", "apps/ReplicaSet") {
		return nil
	}
	labels := s.new.at("spec", "template", "metadata", "labels")
	for _, p := range s.new.at("spec", "selector", "matchLabels").fields() {
		if labels.get(p.key).scalar() != p.value.scalar() {
			field := string(appendKey([]byte("spec.selector.matchLabels"), p.key))
			return []spot{{field, "the pods of the template do not carry this label, so the cluster refuses the workload"}}
		}
	}
	return nil
}

func clusterIP(s *scene) []spot {
	if !s.both() || !s.is("/Service") || s.new.at("spec", "type").str() == "ExternalName" || s.old.at("spec", "type").str() == "ExternalName" {
		return nil
	}
	was, is := s.old.at("spec", "clusterIP").str(), s.new.at("spec", "clusterIP").str()
	switch {
	case was == is, is == "": // what is not stated stays as it was
		return nil
	case was == "None":
		return []spot{{"spec.clusterIP", "the cluster refuses to give a headless Service an address"}}
	case is == "None":
		return []spot{{"spec.clusterIP", "the cluster refuses to make a Service headless"}}
	}
	return []spot{{"spec.clusterIP", "the cluster refuses another address than it has"}}
}

func shrunk(s *scene) []spot {
	if !s.both() || !s.is("/PersistentVolumeClaim") {
		return nil
	}
	keys := []string{"spec", "resources", "requests", "storage"}
	was, ok := quantity(s.old.at(keys...))
	is, also := quantity(s.new.at(keys...))
	if !ok || !also || is.Cmp(was) >= 0 {
		return nil
	}
	return []spot{{strings.Join(keys, "."), "shrinks from " + s.old.at(keys...).scalar() + " to " + s.new.at(keys...).scalar() + ", which the cluster refuses"}}
}
