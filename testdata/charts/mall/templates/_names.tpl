{{- define "mall.url" -}}https://{{ .Values.global.domain }}/{{ . | len }}{{- end -}}
{{- define "commons.note" -}}overridden by the umbrella{{- end -}}
