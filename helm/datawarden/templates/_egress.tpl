{{/* Egress rules. An empty `to` is left out: any address, on these ports only. */}}

{{- define "datawarden.egress" -}}
- ports:
    {{- range .ports }}
    - { port: {{ int . }}, protocol: TCP }
    {{- end }}
  {{- with .to }}
  to:
    {{- toYaml . | nindent 4 }}
  {{- end }}
{{- end }}

{{- define "datawarden.egressDns" -}}
- ports:
    {{- range .ports }}
    - { port: {{ int . }}, protocol: UDP }
    - { port: {{ int . }}, protocol: TCP }
    {{- end }}
  {{- with .to }}
  to:
    {{- toYaml . | nindent 4 }}
  {{- end }}
{{- end }}

{{- define "datawarden.egressService" -}}
- ports:
    - { port: 8080, protocol: TCP }
  to:
    - podSelector:
        matchLabels:
          {{- include "datawarden.selector" (dict "root" .root "name" .name "component" "serve") | nindent 10 }}
{{- end }}
