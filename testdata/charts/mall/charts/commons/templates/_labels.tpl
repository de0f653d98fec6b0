{{- define "commons.labels" -}}
{{- $own := dict "chart" .Chart.Name "release" .Release.Name -}}
{{- toYaml (mergeOverwrite (deepCopy .Values.global.labels) $own) -}}
{{- end -}}
{{- define "commons.name" -}}
{{- $top := first . -}}
{{- printf "%s-%s" $top.Release.Name (last .) | kebabcase | trunc 53 -}}
{{- end -}}
{{- define "commons.note" -}}from the library{{- end -}}
