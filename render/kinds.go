package render

// kind says what is known about a kind that Kubernetes itself defines.
type kind struct {
	group   string
	cluster bool // belongs to no namespace
}

// builtIn are the kinds whose file names need no group: the usual meaning of their name.
var builtIn = func() map[string]kind {
	kinds := map[string]kind{}
	add := func(group string, cluster bool, names ...string) {
		for _, name := range names {
			kinds[name] = kind{group, cluster}
		}
	}
	add("", false, "ConfigMap", "Endpoints", "LimitRange", "PersistentVolumeClaim", "Pod", "PodTemplate",
		"ReplicationController", "ResourceQuota", "Secret", "Service", "ServiceAccount")
	add("", true, "Namespace", "Node", "PersistentVolume")
	add("apps", false, "ControllerRevision", "DaemonSet", "Deployment", "ReplicaSet", "StatefulSet")
	add("autoscaling", false, "HorizontalPodAutoscaler")
	add("batch", false, "CronJob", "Job")
	add("coordination.k8s.io", false, "Lease")
	add("discovery.k8s.io", false, "EndpointSlice")
	add("networking.k8s.io", false, "Ingress", "NetworkPolicy")
	add("networking.k8s.io", true, "IngressClass", "IPAddress", "ServiceCIDR")
	add("policy", false, "PodDisruptionBudget")
	add("rbac.authorization.k8s.io", false, "Role", "RoleBinding")
	add("rbac.authorization.k8s.io", true, "ClusterRole", "ClusterRoleBinding")
	add("admissionregistration.k8s.io", true, "MutatingWebhookConfiguration", "ValidatingWebhookConfiguration",
		"ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding", "MutatingAdmissionPolicy", "MutatingAdmissionPolicyBinding")
	add("apiextensions.k8s.io", true, "CustomResourceDefinition")
	add("apiregistration.k8s.io", true, "APIService")
	add("certificates.k8s.io", true, "CertificateSigningRequest")
	add("flowcontrol.apiserver.k8s.io", true, "FlowSchema", "PriorityLevelConfiguration")
	add("node.k8s.io", true, "RuntimeClass")
	add("resource.k8s.io", false, "ResourceClaim", "ResourceClaimTemplate")
	add("resource.k8s.io", true, "DeviceClass", "ResourceSlice")
	add("scheduling.k8s.io", true, "PriorityClass")
	add("storage.k8s.io", false, "CSIStorageCapacity")
	add("storage.k8s.io", true, "CSIDriver", "CSINode", "StorageClass", "VolumeAttachment", "VolumeAttributesClass")
	return kinds
}()

// IsBuiltIn tells the kinds that Kubernetes itself defines.
func (i Identity) IsBuiltIn() bool {
	k, ok := builtIn[i.Kind]
	return ok && k.group == i.Group
}

// In gives the identity as the cluster will see it once an app is installed into a namespace: cluster-wide kinds of Kubernetes
// have no namespace, all others that of the app where they name none. Two resources are one where these are equal.
func (i Identity) In(namespace string) Identity {
	switch {
	case i.IsBuiltIn() && builtIn[i.Kind].cluster:
		i.Namespace = ""
	case i.Namespace == "":
		i.Namespace = namespace
	}
	return i
}
