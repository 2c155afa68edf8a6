{{/* "yes" where revoked certificates are looked up. */}}
{{- define "datawarden.looksUpRevoked" -}}
{{- with .Values.revocation }}{{ if or .citizen.lists .agency.lists .responders }}yes{{ end }}{{ end }}
{{- end }}

{{/* settings.toml of one service: root, service. Nothing secret goes in here; a key that the service does not know stops it. */}}
{{- define "datawarden.settings" -}}
{{- $root := .root }}
{{- $values := $root.Values }}
{{- $topology := .service.topology -}}
sample_ids = {{ $values.sampleIds }}

[http]
bind = "0.0.0.0:8080"
tls = {{ $values.tls }}

[database]
pool_size = {{ int .service.values.database.poolSize }}

[kafka]
brokers = {{ include "datawarden.needed" (dict "value" $values.kafka.brokers "key" "kafka.brokers" "advice"
  "Without brokers a service would talk to an in-process broker that no other pod can reach: name them as host:port,host:port.") | toJson }}
group_prefix = {{ $values.kafka.groupPrefix | toJson }}
partitions = {{ int $values.kafka.partitions }}
{{- with $values.otlp.endpoint }}

[otlp]
endpoint = {{ toJson . }}
{{- end }}

[identity]
issuer = {{ include "datawarden.needed" (dict "value" $values.identity.issuer "key" "identity.issuer" "advice"
  "Set it to the public URL of the account service: it is the issuer of all access tokens.") | toJson }}
audience = {{ $values.identity.audience | toJson }}
roots = "/run/datawarden/roots"
certificate = "/run/datawarden/identity/tls.crt"
key = "/run/datawarden/identity/tls.key"
{{- if and $topology.revocation (include "datawarden.looksUpRevoked" $root) }}

[identity.revocation]
refresh_seconds = {{ int $values.revocation.refreshSeconds }}
grace_seconds = {{ int $values.revocation.graceSeconds }}
cache = "/var/cache/datawarden/revocation"
{{- range $of := list "citizen" "agency" }}
{{- with index $values.revocation $of }}
{{- if or .lists .required }}

[identity.revocation.{{ $of }}]
lists = {{ toJson .lists }}
{{- end }}
{{- end }}
{{- end }}
{{- range $values.revocation.responders }}

[identity.revocation.responders.{{ .issuerKeyId | upper }}]
url = {{ toJson .url }}
issuer_hash = {{ .issuerHash | default "sha256" | toJson }}
nonce = {{ eq (toString .nonce) "false" | not }}
{{- end }}
{{- end }}

[secrets]
register_key_file = {{ printf "/run/datawarden/register-key/%s" $values.registerKey.key | toJson }}
{{- if $topology.logKeys }}
log_keys = "/var/lib/datawarden/log-keys"

[log]
{{- with $values.log.origin }}
origin = {{ toJson . }}
{{- end }}
backup_days = {{ int $values.log.backupDays }}
{{- if gt (int $values.log.quorum) (len $values.log.witnesses) }}{{ fail (printf "\n\nlog.quorum is %d, but log.witnesses names %d: no checkpoint could ever count as witnessed.\n" (int $values.log.quorum) (len $values.log.witnesses)) }}{{ end }}
{{- with int $values.log.quorum }}
quorum = {{ . }}
{{- end }}
{{- range $values.log.witnesses }}

[[log.witnesses]]
url = {{ toJson .url }}
key = {{ toJson .key }}
{{- end }}
{{- end }}
{{- if $values.rules.existingConfigMap }}

[rules]
dir = "/run/datawarden/rules"
{{- end }}
{{- if $topology.calls }}

[services]
{{- range $topology.calls }}
{{ replace "-" "_" . }} = {{ include "datawarden.url" (dict "root" $root "name" .) | toJson }}
{{- end }}
{{- end }}
{{- if $topology.providers }}
{{- range $provider := list "household" "tax" }}

[providers.{{ $provider }}]
url = {{ include "datawarden.needed" (dict "value" (index $values.providers $provider).url "key" (printf "providers.%s.url" $provider)
  "advice" "Set it to the base URL of that data provider.") | toJson }}
{{- if (index $values.providers $provider).rootsConfigMap }}
roots = {{ printf "/run/datawarden/providers/%s/ca.pem" $provider | toJson }}
{{- end }}
{{- end }}
{{- end }}
{{ end }}
