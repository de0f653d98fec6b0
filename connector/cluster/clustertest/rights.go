package clustertest

import (
	"context"
	"path/filepath"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
)

const rbac = "rbac.authorization.k8s.io"

var (
	serviceAccounts     = schema.GroupVersionResource{Version: "v1", Resource: "serviceaccounts"}
	roles               = schema.GroupVersionResource{Group: rbac, Version: "v1", Resource: "roles"}
	roleBindings        = schema.GroupVersionResource{Group: rbac, Version: "v1", Resource: "rolebindings"}
	clusterRoles        = schema.GroupVersionResource{Group: rbac, Version: "v1", Resource: "clusterroles"}
	clusterRoleBindings = schema.GroupVersionResource{Group: rbac, Version: "v1", Resource: "clusterrolebindings"}
)

// grants are the kinds of which Grant takes manifests.
var grants = map[string]schema.GroupVersionResource{
	"ServiceAccount": serviceAccounts, "Role": roles, "RoleBinding": roleBindings, "ClusterRole": clusterRoles, "ClusterRoleBinding": clusterRoleBindings,
}

// Grant makes what manifests say about accounts and rights, and leaves the others alone. What is not in the stage's namespace
// goes at the end of the test.
func (s *Stage) Grant(manifests []map[string]any) {
	s.Helper()
	for _, m := range manifests {
		o := &unstructured.Unstructured{Object: m}
		at, ok := grants[o.GetKind()]
		if !ok {
			continue
		}
		in := s.Access.Client.Resource(at)
		if o.GetNamespace() != "" {
			_, err := in.Namespace(o.GetNamespace()).Create(s.Context(), o, metav1.CreateOptions{})
			s.Must(err)
			continue
		}
		_, err := in.Create(s.Context(), o, metav1.CreateOptions{})
		s.Must(err)
		s.Cleanup(func() {
			ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
			defer cancel()
			if err := in.Delete(ctx, o.GetName(), metav1.DeleteOptions{}); err != nil {
				s.Errorf("%s %s stays behind: %v", o.GetKind(), o.GetName(), err)
			}
		})
	}
}

// Forbid takes a verb out of every rule of a Role in the stage's namespace that names the resource.
func (s *Stage) Forbid(role, verb, resource string) {
	s.Helper()
	s.Change(Definition{rbac, "v1", "roles", "Role"}, role, func(o *unstructured.Unstructured) {
		rules, _, _ := unstructured.NestedSlice(o.Object, "rules")
		left := []any{}
		for _, r := range rules {
			rule, _ := r.(map[string]any)
			verbs, _, _ := unstructured.NestedStringSlice(rule, "verbs")
			if names, _, _ := unstructured.NestedStringSlice(rule, "resources"); len(names) == 1 && names[0] == resource {
				rule["verbs"] = without(verbs, verb)
			}
			if len(rule["verbs"].([]any)) > 0 { // a rule without any is refused
				left = append(left, rule)
			}
		}
		o.Object["rules"] = left
	})
}

func without(all []string, one string) []any {
	var out []any
	for _, s := range all {
		if s != one {
			out = append(out, s)
		}
	}
	return out
}

// As writes a kubeconfig by which a service account of the stage's namespace comes to the API server, with a token of an hour.
func (s *Stage) As(account string) (kubeconfig string) {
	s.Helper()
	ask := object("authentication.k8s.io/v1", "TokenRequest", map[string]any{"name": account, "namespace": s.Namespace})
	ask.Object["spec"] = map[string]any{"expirationSeconds": int64(3600)}
	answer, err := s.Access.Client.Resource(serviceAccounts).Namespace(s.Namespace).Create(s.Context(), ask, metav1.CreateOptions{}, "token")
	s.Must(err)
	token, _, _ := unstructured.NestedString(answer.Object, "status", "token")
	if token == "" {
		s.Fatalf("the API server gives no token to %s", account)
	}
	config, _ := s.minimal()
	config.AuthInfos[config.Contexts[config.CurrentContext].AuthInfo] = &clientcmdapi.AuthInfo{Token: token}
	kubeconfig = filepath.Join(s.TempDir(), "kubeconfig")
	s.Must(clientcmd.WriteToFile(*config, kubeconfig))
	return kubeconfig
}
