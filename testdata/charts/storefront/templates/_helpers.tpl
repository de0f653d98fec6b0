{{/* A name is a label as well, so it ends after 63 characters and never in a dash. */}}
{{- define "storefront.short" -}}
{{ . | trunc 63 | trimSuffix "-" }}
{{- end }}

{{- define "storefront.name" -}}
{{ template "storefront.short" (.Values.nameOverride | default .Chart.Name) }}
{{- end }}

{{- define "storefront.fullname" -}}
{{- with .Values.fullnameOverride -}}
{{ template "storefront.short" . }}
{{- else -}}
{{ template "storefront.short" (list .Release.Name (include "storefront.name" .) | uniq | join "-") }}
{{- end -}}
{{- end }}

{{- define "storefront.selector" -}}
app.kubernetes.io/name: {{ include "storefront.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "storefront.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{ include "storefront.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end }}

{{- define "storefront.image" -}}
{{- $tag := .Values.image.tag | default .Chart.AppVersion -}}
{{- with .Values.image.digest -}}
{{ $.Values.image.repository }}:{{ $tag }}@{{ . }}
{{- else -}}
{{ .Values.image.repository }}:{{ $tag }}
{{- end -}}
{{- end }}

{{- define "storefront.serviceAccount" -}}
{{- if .Values.serviceAccount.create -}}
{{ default (include "storefront.fullname" .) .Values.serviceAccount.name }}
{{- else -}}
{{ default "default" .Values.serviceAccount.name }}
{{- end -}}
{{- end }}
