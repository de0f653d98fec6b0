package kustomize

// The library looks into fields by their paths and complains where it meets text on the way. branches are the fields on its
// ways that hold mappings, or lists of them, in any kind; those of kindBranches do in Kubernetes' own, in which kindNames are text,
// and in sharedKinds of any group, which it takes for those.
var (
	branches     = wordsOf(`metadata spec template jobTemplate containers initContainers volumes`)
	kindBranches = wordsOf(`ephemeralContainers env envFrom valueFrom configMap configMapRef configMapKeyRef secret secretRef secretKeyRef projected
		sources imagePullSecrets secrets selector matchLabels rules tls http paths backend defaultBackend service scaleTargetRef persistentVolumeClaim
		volumeClaimTemplates roleRef subjects claimRef dataSource affinity podAffinity podAntiAffinity topologySpreadConstraints podSelector
		ingress egress from to parameters cephfs rbd iscsi azureFile scaleIO storageos flexVolume csi cinder glusterfs ports data`)
	sharedKinds = wordsOf(`ConfigMap Secret Service ServiceAccount Pod PersistentVolumeClaim PersistentVolume ReplicationController Deployment StatefulSet
		DaemonSet ReplicaSet Job CronJob Ingress NetworkPolicy HorizontalPodAutoscaler Role ClusterRole RoleBinding ClusterRoleBinding StorageClass PriorityClass
		Namespace Endpoints CustomResourceDefinition APIService ValidatingWebhookConfiguration MutatingWebhookConfiguration PodDisruptionBudget IngressClass`)
	kindNames = wordsOf(`name secretName serviceName serviceAccountName serviceAccount claimName volumeName storageClassName priorityClassName ingressClassName
		adminSecretName userSecretName secretNamespace adminSecretNamespace userSecretNamespace`)
)

// isShaped tells whether an item has mappings and lists where the library looks for them.
func (it *item) isShaped() bool {
	return isShaped(it.values, !isTheirOwn(it.apiVersion) || sharedKinds[it.kind])
}

func isShaped(v any, ofKubernetes bool) bool {
	switch v := v.(type) {
	case map[string]any:
		for key, below := range v {
			_, isText := below.(string)
			switch {
			case branches[key] && !branchesOut(below), ofKubernetes && (kindBranches[key] && !branchesOut(below) || kindNames[key] && !isText):
				return false
			case !isText && !isShaped(below, ofKubernetes):
				return false
			}
		}
	case []any:
		for _, below := range v {
			if !isShaped(below, ofKubernetes) {
				return false
			}
		}
	}
	return true
}

// branchesOut tells a mapping, or a list of nothing but mappings.
func branchesOut(v any) bool {
	switch v := v.(type) {
	case map[string]any:
		return true
	case []any:
		for _, below := range v {
			if _, ok := below.(map[string]any); !ok {
				return false
			}
		}
		return true
	}
	return false
}
