{{- define "labels" -}}
app.kubernetes.io/name: {{ .Release.App }}
app.kubernetes.io/version: {{ .Release.Version | quote }}
{{- end }}
