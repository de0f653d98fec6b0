package diff

import "strings"

// Noise is what changes at every release and says nothing: labels and annotations, among them the checksums by which charts
// restart pods. Some of these are instructions all the same, and those are no noise.

// Labels that machinery obeys: Pod Security levels, sidecar injection, scheduling.
var obeyedLabels = map[string]bool{"Namespace": true, "Node": true}

// Kinds that are configured through annotations: by ingress controllers, cloud providers and identity webhooks.
var obeyedAnnotations = map[string]bool{
	"Namespace": true, "Node": true, "Service": true, "Ingress": true, "IngressClass": true, "Gateway": true, "GatewayClass": true,
	"HTTPRoute": true, "GRPCRoute": true, "TCPRoute": true, "TLSRoute": true, "Route": true, "ServiceAccount": true, "StorageClass": true,
}

// Annotations that GitOps engines and Helm obey, on any kind.
var obeyedPrefixes = []string{
	"argocd.argoproj.io/", "kustomize.toolkit.fluxcd.io/", "helm.toolkit.fluxcd.io/", "fluxcd.io/", "helm.sh/hook", "helm.sh/resource-policy", "meta.helm.sh/",
}

// Parts of the names of pod annotations that only tell versions apart; others may be for injectors and scrapers.
var versionMarks = []string{"checksum", "hash", "sha256", "chart", "version", "revision", "timestamp", "restartedat", "rollme", "last-applied"}

// isNoise tells whether a label or annotation says nothing; below is labels or annotations, pod whether it is a pod template's.
func isNoise(root, below, key string, pod bool) bool {
	if below == "labels" {
		return !obeyedLabels[root]
	}
	for _, prefix := range obeyedPrefixes {
		if strings.HasPrefix(key, prefix) {
			return false
		}
	}
	if key == lastApplied {
		return true
	}
	if pod {
		return marksVersion(key)
	}
	return !obeyedAnnotations[root]
}

// marksVersion looks at the name alone: vault.hashicorp.com/role has no hash in it, checksum/config is one.
func marksVersion(key string) bool {
	prefix, name, found := strings.Cut(strings.ToLower(key), "/")
	if !found {
		name = prefix
	}
	for _, mark := range versionMarks {
		if strings.Contains(name, mark) || prefix == mark {
			return true
		}
	}
	return false
}

// isNoisyMap tells whether a whole mapping of labels or annotations says nothing.
func isNoisyMap(root, below string, n *node, pod bool) bool {
	for _, p := range n.fields() {
		if !isNoise(root, below, p.key, pod) {
			return false
		}
	}
	return n.isSet() && n.shape == mapping
}
