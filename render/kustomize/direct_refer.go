package kustomize

import "strings"

// configMapFields are where the name of a config map stands in the spec of a pod.
var configMapFields = wordsOf(`volumes/configMap/name volumes/projected/sources/configMap/name
	containers/env/valueFrom/configMapKeyRef/name initContainers/env/valueFrom/configMapKeyRef/name
	containers/envFrom/configMapRef/name initContainers/envFrom/configMapRef/name`)

// ownFields are texts of a pod, and otherTexts of anything, that are no names of config maps, whatever they say.
var (
	ownFields = wordsOf(`containers/name initContainers/name volumes/name containers/volumeMounts/name initContainers/volumeMounts/name
		containers/env/name containers/env/value initContainers/env/name initContainers/env/value serviceAccountName
		containers/ports/name initContainers/ports/name containers/image initContainers/image imagePullSecrets/name volumes/secret/secretName
		containers/env/valueFrom/secretKeyRef/name initContainers/env/valueFrom/secretKeyRef/name
		containers/envFrom/secretRef/name initContainers/envFrom/secretRef/name volumes/projected/sources/secret/name`)
	ownTexts = wordsOf(`/metadata/name /metadata/namespace Ingress/spec/rules/http/paths/backend/service/name Ingress/spec/tls/secretName
		Ingress/spec/rules/host Service/spec/ports/name StatefulSet/spec/serviceName ServiceAccount/imagePullSecrets/name ServiceAccount/secrets/name
		HorizontalPodAutoscaler/spec/scaleTargetRef/name`)
	ownMaps = []string{"/metadata/labels/", "/spec/selector/", "/spec/template/metadata/labels/", "/spec/jobTemplate/spec/template/metadata/labels/"}
)

// referrer looks for the names of generated items in an item.
type referrer struct {
	*direct
	item  *item
	names map[string]hashed
	pod   string // where the spec of a pod stands
}

// hashed is a generated item and the name that it will have.
type hashed struct {
	*item
	name string
}

// follow goes through all values; the path is of keys, without places in lists.
func (r *referrer) follow(v any, path string) {
	switch v := v.(type) {
	case map[string]any:
		for key, below := range v {
			text, isText := below.(string)
			if !isText {
				r.follow(below, path+"/"+key)
			} else if h, ok := r.names[text]; ok && r.refers(path+"/"+key) {
				r.leaveIf(h.namespace != r.item.namespace)
				v[key] = h.name
			}
		}
	case []any:
		for _, below := range v {
			if text, ok := below.(string); ok {
				_, named := r.names[text]
				r.leaveIf(named)
				continue
			}
			r.follow(below, path)
		}
	}
}

// refers tells whether a text that is such a name refers to it. Where that is not known, it is for the library.
func (r *referrer) refers(path string) bool {
	inPod, ok := strings.CutPrefix(path, r.pod)
	switch {
	case r.pod != "" && ok && configMapFields[inPod]:
		return true
	case r.pod != "" && ok && ownFields[inPod], ownTexts[path], ownTexts[r.item.kind+path], r.item.kind == "ConfigMap" && strings.HasPrefix(path, "/data/"):
		return false
	}
	for _, prefix := range ownMaps {
		if strings.HasPrefix(path, prefix) {
			return false
		}
	}
	r.leave()
	return false
}
