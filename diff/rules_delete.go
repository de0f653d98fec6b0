package diff

var deletionRules = []Rule{
	{
		ID: "delete-namespace", Level: Critical, Title: "Namespace deleted",
		Why:  "Everything in the namespace is deleted with it, whoever made it.",
		Good: Example{Old: `{apiVersion: v1, kind: ConfigMap, metadata: {name: a}}`},
		Bad:  Example{Old: `{apiVersion: v1, kind: Namespace, metadata: {name: shop}}`},
		find: deletion("everything in it goes too", "/Namespace"),
	},
	{
		ID: "delete-definition", Level: Critical, Title: "CustomResourceDefinition deleted",
		Why:  "All resources of that kind, in all namespaces, are deleted with their definition.",
		Good: Example{Old: `{apiVersion: apps/v1, kind: Deployment, metadata: {name: a}}`},
		Bad:  Example{Old: `{apiVersion: apiextensions.k8s.io/v1, kind: CustomResourceDefinition, metadata: {name: widgets.example.com}}`},
		find: deletion("every resource of that kind goes too", "apiextensions.k8s.io/CustomResourceDefinition"),
	},
	{
		ID: "delete-volume", Level: Critical, Title: "Volume deleted",
		Why:  "The data behind a claim is usually deleted with it.",
		Good: Example{Old: `{apiVersion: v1, kind: ConfigMap, metadata: {name: data}}`},
		Bad:  Example{Old: `{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {name: data}}`},
		find: deletion("its data may be lost", "/PersistentVolumeClaim", "/PersistentVolume"),
	},
	{
		ID: "delete-statefulset", Level: High, Title: "StatefulSet deleted",
		Why:  "Its pods hold state; its claims stay behind, or go, as its retention policy says.",
		Good: Example{Old: `{apiVersion: apps/v1, kind: Deployment, metadata: {name: db}}`},
		Bad:  Example{Old: `{apiVersion: apps/v1, kind: StatefulSet, metadata: {name: db}}`},
		find: deletion("its pods stop", "apps/StatefulSet"),
	},
	{
		ID: "delete-service", Level: High, Title: "Service deleted",
		Why:  "Whoever calls it by name no longer reaches anything.",
		Good: Example{Old: `{apiVersion: serving.knative.dev/v1, kind: Service, metadata: {name: web}}`, New: `{apiVersion: serving.knative.dev/v1, kind: Service, metadata: {name: web}}`},
		Bad:  Example{Old: `{apiVersion: v1, kind: Service, metadata: {name: web}}`},
		find: deletion("its callers lose it", "/Service", "serving.knative.dev/Service"),
	},
	{
		ID: "delete-ingress", Level: High, Title: "Way in deleted",
		Why:  "Traffic from outside no longer arrives.",
		Good: Example{Old: `{apiVersion: networking.k8s.io/v1, kind: IngressClass, metadata: {name: web}}`},
		Bad:  Example{Old: `{apiVersion: networking.k8s.io/v1, kind: Ingress, metadata: {name: web}}`},
		find: deletion("traffic from outside ends", "networking.k8s.io/Ingress", "extensions/Ingress", "gateway.networking.k8s.io/Gateway",
			"gateway.networking.k8s.io/HTTPRoute", "gateway.networking.k8s.io/GRPCRoute", "networking.istio.io/VirtualService", "route.openshift.io/Route"),
	},
	{
		ID: "delete-workload", Level: Medium, Title: "Workload deleted",
		Why:  "What it did is no longer done.",
		Good: Example{Old: `{apiVersion: batch/v1, kind: Job, metadata: {name: migrate-1}}`},
		Bad:  Example{Old: `{apiVersion: apps/v1, kind: Deployment, metadata: {name: web}}`},
		find: deletion("its pods stop", "apps/Deployment", "apps/DaemonSet", "batch/CronJob", "argoproj.io/Rollout"),
	},
	{
		ID: "delete-disruption-budget", Level: Medium, Title: "PodDisruptionBudget deleted",
		Why:  "A drained node may now take all pods at once.",
		Good: Example{Old: `{apiVersion: policy/v1, kind: PodDisruptionBudget, metadata: {name: web}}`, New: `{apiVersion: policy/v1, kind: PodDisruptionBudget, metadata: {name: web}, spec: {minAvailable: 1}}`},
		Bad:  Example{Old: `{apiVersion: policy/v1, kind: PodDisruptionBudget, metadata: {name: web}}`},
		find: deletion("a drain may stop all its pods at once", "policy/PodDisruptionBudget"),
	},
}

func deletion(loss string, kinds ...string) func(*scene) []spot {
	return func(s *scene) []spot {
		if !s.removed() || !s.is(kinds...) {
			return nil
		}
		if by := keeper(s.old); by != "" {
			return []spot{{"", "leaves Git, but stays in the cluster: " + by}}
		}
		return []spot{{"", "is deleted: " + loss}}
	}
}

// keeper names the annotation by which an engine leaves a resource in the cluster.
func keeper(n *node) string {
	annotations := n.at("metadata", "annotations")
	for _, a := range [][2]string{
		{"kustomize.toolkit.fluxcd.io/prune", "disabled"},
		{"argocd.argoproj.io/sync-options", "Prune=false"},
		{"helm.sh/resource-policy", "keep"},
	} {
		if annotations.get(a[0]).str() == a[1] {
			return a[0] + ": " + a[1]
		}
	}
	return ""
}
