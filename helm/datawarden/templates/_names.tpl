{{/* Names and labels. Each takes a dict: root (the chart's context), name (a service), component (serve, worker, migrate, smoke). */}}

{{- define "datawarden.fullname" -}}
{{- if contains "datawarden" .Release.Name }}{{ .Release.Name | trunc 40 | trimSuffix "-" }}{{ else }}{{ printf "%s-datawarden" .Release.Name | trunc 40 | trimSuffix "-" }}{{ end }}
{{- end }}

{{- define "datawarden.name" -}}
{{ include "datawarden.fullname" .root }}-{{ .name }}
{{- end }}

{{- define "datawarden.selector" -}}
app.kubernetes.io/name: {{ .name }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .component }}
{{- end }}

{{- define "datawarden.labels" -}}
{{ include "datawarden.selector" . }}
app.kubernetes.io/part-of: datawarden
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version | replace "+" "_" }}
{{- end }}

{{- define "datawarden.image" -}}
{{- with .Values.image -}}
{{- if .digest }}{{ .repository }}@{{ .digest }}{{ else }}{{ .repository }}:{{ .tag | default $.Chart.AppVersion }}{{ end }}
{{- end }}
{{- end }}

{{- define "datawarden.url" -}}
{{ if .root.Values.tls }}https{{ else }}http{{ end }}://{{ include "datawarden.name" . }}:8080
{{- end }}

{{/* A value that must be set: `value`, the `key` it is set by, and `advice`. */}}
{{- define "datawarden.needed" -}}
{{- if not .value }}{{ fail (printf "\n\n%s is empty. %s\nSee docs/OPERATIONS.md, \"Secrets and settings\".\n" .key .advice) }}{{ end }}
{{- .value }}
{{- end }}

{{/*
The list of all services, each with its topology, its defaults and its own values joined, as YAML:
  services: [{name, topology, values}]
*/}}
{{- define "datawarden.services" -}}
{{- $topology := .Files.Get "files/topology.yaml" | fromYaml }}
{{- $list := list }}
{{- range $name := keys $topology | sortAlpha }}
  {{- $values := mergeOverwrite (deepCopy $.Values.defaults) (deepCopy (index $.Values.services $name)) }}
  {{- $list = append $list (dict "name" $name "topology" (index $topology $name) "values" $values) }}
{{- end }}
{{- dict "services" $list | toYaml }}
{{- end }}
