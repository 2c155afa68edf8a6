{{/* What every pod of the chart has in common: the restricted Pod Security Standard, written out. */}}

{{- define "datawarden.podSecurity" -}}
automountServiceAccountToken: false
enableServiceLinks: false
securityContext:
  runAsNonRoot: true
  runAsUser: 65532
  runAsGroup: 65532
  fsGroup: 65532
  fsGroupChangePolicy: OnRootMismatch
  seccompProfile: { type: RuntimeDefault }
{{- with .Values.image.pullSecrets }}
imagePullSecrets:
  {{- range . }}
  - name: {{ . }}
  {{- end }}
{{- end }}
{{- end }}

{{- define "datawarden.containerSecurity" -}}
image: {{ include "datawarden.image" . | quote }}
imagePullPolicy: {{ .Values.image.pullPolicy }}
securityContext:
  allowPrivilegeEscalation: false
  privileged: false
  readOnlyRootFilesystem: true
  runAsNonRoot: true
  capabilities: { drop: [ALL] }
{{- end }}

{{- define "datawarden.tmp" -}}
- name: tmp
  emptyDir: { sizeLimit: 64Mi }
{{- end }}

{{/* The Secret with the URL of a service's database, or advice. */}}
{{- define "datawarden.databaseSecret" -}}
{{- include "datawarden.needed" (dict "value" .values.database.existingSecret "key" (printf "services.%s.database.existingSecret" .name)
      "advice" "Name a Secret that holds the URL of this service's own database under the key of database.key.") }}
{{- end }}

{{- define "datawarden.databaseUrl" -}}
- name: DATAWARDEN__DATABASE__URL
  valueFrom:
    secretKeyRef:
      name: {{ .secret }}
      key: {{ .key }}
{{- end }}

{{/* A probe: `path`, whether over `tls`, and the `values` of its timing. The kubelet proves no certificate and asks for none. */}}
{{- define "datawarden.probe" -}}
httpGet: { path: {{ .path }}, port: http, scheme: {{ if .tls }}HTTPS{{ else }}HTTP{{ end }} }
{{ toYaml .values }}
{{- end }}

{{/* The one pod template of all services, serving or working: root, service, component. */}}
{{- define "datawarden.podTemplate" -}}
{{- $root := .root }}
{{- $service := .service }}
{{- $values := $service.values }}
{{- $topology := $service.topology }}
{{- $names := dict "root" $root "name" $service.name "component" .component }}
{{- $field := printf "services.%s" $service.name }}
metadata:
  labels:
    {{- include "datawarden.labels" $names | nindent 4 }}
  annotations:
    checksum/settings: {{ include "datawarden.settings" (dict "root" $root "service" $service) | sha256sum }}
    {{- with $values.podAnnotations }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
spec:
  serviceAccountName: {{ include "datawarden.name" $names }}
  {{- include "datawarden.podSecurity" $root | nindent 2 }}
  terminationGracePeriodSeconds: {{ $values.terminationGracePeriodSeconds }}
  {{- with $values.nodeSelector }}
  nodeSelector:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with $values.tolerations }}
  tolerations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- if gt (int .replicas) 1 }}
  topologySpreadConstraints:
    {{- range $key := list "topology.kubernetes.io/zone" "kubernetes.io/hostname" }}
    - maxSkew: 1
      topologyKey: {{ $key }}
      whenUnsatisfiable: ScheduleAnyway
      labelSelector:
        matchLabels:
          {{- include "datawarden.selector" $names | nindent 10 }}
    {{- end }}
  {{- end }}
  containers:
    - name: {{ $service.name }}
      {{- include "datawarden.containerSecurity" $root | nindent 6 }}
      command: [/usr/local/bin/{{ $service.name }}]
      {{- /* Working pods serve too, though no Service leads to them: a bare `worker` answers no probe. */}}
      args: [serve, {{ if and (eq .component "serve") (gt (int $values.worker.replicas) 0) }}--no-worker, {{ end }}--log, {{ $values.logLevel | quote }}, --settings, /etc/datawarden/settings.toml]
      ports:
        - { name: http, containerPort: 8080, protocol: TCP }
      env:
        - name: POD_NAME
          valueFrom: { fieldRef: { fieldPath: metadata.name } }
        - name: OTEL_RESOURCE_ATTRIBUTES
          value: k8s.pod.name=$(POD_NAME),service.namespace={{ $root.Release.Namespace }}
        {{- include "datawarden.databaseUrl" (dict "key" $values.database.key "secret" (include "datawarden.databaseSecret" $service)) | nindent 8 }}
        - name: DATAWARDEN__REDIS__URL
          valueFrom:
            secretKeyRef:
              name: {{ include "datawarden.needed" (dict "value" $root.Values.redis.existingSecret "key" "redis.existingSecret"
                        "advice" "Name a Secret that holds the URL of Redis under the key of redis.key.") }}
              key: {{ $root.Values.redis.key }}
      {{- /* An image without a shell can still wait: endpoints are withdrawn before the process is told to end. */}}
      lifecycle:
        preStop: { sleep: { seconds: 5 } }
      startupProbe:
        {{- include "datawarden.probe" (dict "path" "/healthz" "tls" $root.Values.tls "values" $values.startupProbe) | nindent 8 }}
      livenessProbe:
        {{- include "datawarden.probe" (dict "path" "/healthz" "tls" $root.Values.tls "values" $values.livenessProbe) | nindent 8 }}
      readinessProbe:
        {{- include "datawarden.probe" (dict "path" "/readyz" "tls" $root.Values.tls "values" $values.readinessProbe) | nindent 8 }}
      resources:
        {{- toYaml $values.resources | nindent 8 }}
      volumeMounts:
        - { name: tmp, mountPath: /tmp }
        - { name: settings, mountPath: /etc/datawarden, readOnly: true }
        - { name: identity, mountPath: /run/datawarden/identity, readOnly: true }
        - { name: roots, mountPath: /run/datawarden/roots, readOnly: true }
        {{- if $topology.registerKey }}
        - { name: register-key, mountPath: /run/datawarden/register-key, readOnly: true }
        {{- end }}
        {{- if $topology.logKeys }}
        - { name: log-keys, mountPath: /var/lib/datawarden/log-keys }
        {{- end }}
        {{- if and $topology.revocation (include "datawarden.looksUpRevoked" $root) }}
        - { name: revocation, mountPath: /var/cache/datawarden/revocation }
        {{- end }}
        {{- if $root.Values.rules.existingConfigMap }}
        - { name: rules, mountPath: /run/datawarden/rules, readOnly: true }
        {{- end }}
        {{- if $topology.providers }}
        {{- range $provider, $at := $root.Values.providers }}
        {{- if $at.rootsConfigMap }}
        - { name: {{ $provider }}-roots, mountPath: /run/datawarden/providers/{{ $provider }}, readOnly: true }
        {{- end }}
        {{- end }}
        {{- end }}
  volumes:
    {{- include "datawarden.tmp" $root | nindent 4 }}
    - name: settings
      configMap: { name: {{ include "datawarden.name" $names }} }
    - name: identity
      secret:
        secretName: {{ include "datawarden.needed" (dict "value" $values.identitySecret "key" (printf "%s.identitySecret" $field)
                        "advice" "Name a Secret of type kubernetes.io/tls with the service's certificate chain (tls.crt) and key (tls.key).") }}
        defaultMode: 0440
    - name: roots
      configMap:
        name: {{ include "datawarden.needed" (dict "value" $root.Values.identity.rootsConfigMap "key" "identity.rootsConfigMap"
                  "advice" "Name a ConfigMap whose entries are the trusted roots as PEM files.") }}
    {{- if $topology.registerKey }}
    - name: register-key
      secret:
        secretName: {{ include "datawarden.needed" (dict "value" $root.Values.registerKey.existingSecret "key" "registerKey.existingSecret"
                        "advice" "Name a Secret that holds the matching key of the registers under the key of registerKey.key.") }}
        defaultMode: 0440
    {{- end }}
    {{- if $topology.logKeys }}
    - name: log-keys
      persistentVolumeClaim:
        claimName: {{ include "datawarden.needed" (dict "value" $values.logKeys.existingClaim "key" (printf "%s.logKeys.existingClaim" $field)
                        "advice" "Name a PersistentVolumeClaim for the data keys of the query log, ReadWriteMany where there is more than one replica.") }}
    {{- end }}
    {{- if and $topology.revocation (include "datawarden.looksUpRevoked" $root) }}
    - name: revocation
      emptyDir: { sizeLimit: 256Mi }
    {{- end }}
    {{- with $root.Values.rules.existingConfigMap }}
    - name: rules
      configMap: { name: {{ . }} }
    {{- end }}
    {{- if $topology.providers }}
    {{- range $provider, $at := $root.Values.providers }}
    {{- with $at.rootsConfigMap }}
    - name: {{ $provider }}-roots
      configMap: { name: {{ . }} }
    {{- end }}
    {{- end }}
    {{- end }}
{{- end }}
