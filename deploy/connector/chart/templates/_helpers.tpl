{{- define "ferry.labels" -}}
app.kubernetes.io/name: ferry-connector
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}
{{- define "ferry.name" -}}
{{- if contains "ferry-connector" .Release.Name }}{{ .Release.Name }}{{ else }}{{ .Release.Name }}-ferry-connector{{ end }}
{{- end }}
{{- define "ferry.watch" -}}
- apiGroups: [kustomize.toolkit.fluxcd.io]
  resources: [kustomizations]
  verbs: [get, list, watch]
- apiGroups: [helm.toolkit.fluxcd.io]
  resources: [helmreleases]
  verbs: [get, list, watch]
- apiGroups: [source.toolkit.fluxcd.io]
  resources: [buckets, externalartifacts, gitrepositories, ocirepositories]
  verbs: [get, list, watch]
- apiGroups: [argoproj.io]
  resources: [applications]
  verbs: [get, list, watch]
{{- end }}
{{- define "ferry.explain" -}}
- apiGroups: [apps]
  resources: [daemonsets, deployments, statefulsets]
  verbs: [get]
- apiGroups: [batch]
  resources: [jobs]
  verbs: [get]
- apiGroups: [""]
  resources: [pods]
  verbs: [list]
{{- end }}
