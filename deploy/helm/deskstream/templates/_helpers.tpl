{{- define "deskstream.services" -}}ingest customer ticket routing sla notify gateway{{- end }}

{{- define "deskstream.fullname" -}}
{{- if .Values.fullnameOverride }}{{ .Values.fullnameOverride | trunc 40 | trimSuffix "-" }}
{{- else }}
{{- $name := default .Chart.Name .Values.nameOverride }}
{{- ternary .Release.Name (printf "%s-%s" .Release.Name $name) (contains $name .Release.Name) | trunc 40 | trimSuffix "-" }}
{{- end }}
{{- end }}

{{- /* Labels that choose pods: never changed, as Deployments do not allow it. Takes root, component, role. */ -}}
{{- define "deskstream.selector" -}}
app.kubernetes.io/name: deskstream
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .component }}
{{- with .role }}
deskstream.io/role: {{ . }}
{{- end }}
{{- end }}

{{- define "deskstream.labels" -}}
{{ include "deskstream.selector" . }}
app.kubernetes.io/part-of: deskstream
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version }}
{{- end }}

{{- /* Takes root and image, the last part of the name. */ -}}
{{- define "deskstream.image" -}}
{{- $image := .root.Values.image }}
{{- $name := printf "%s/%s:%s" $image.repository .image (default .root.Chart.AppVersion $image.tag) }}
{{- ternary (printf "%s/%s" $image.registry $name) $name (ne $image.registry "") }}
{{- end }}

{{- define "deskstream.secretName" -}}
{{- default (printf "%s-keys" (include "deskstream.fullname" .)) .Values.secrets.existing }}
{{- end }}

{{- define "deskstream.kafkaSecurity" -}}
{{- ternary "PLAINTEXT" .Values.kafka.security.protocol (eq .Values.kafka.mode "bundled") }}
{{- end }}

{{- /* How a container reaches Kafka. Takes root, name, prefix. */ -}}
{{- define "deskstream.kafkaEnv" -}}
{{- $security := .root.Values.kafka.security }}
{{- $protocol := include "deskstream.kafkaSecurity" .root -}}
- {name: {{ .prefix }}KAFKA_BOOTSTRAP_SERVERS, value: {{ include "deskstream.bootstrapServers" .root | quote }}}
- {name: {{ .prefix }}KAFKA_SECURITY_PROTOCOL, value: {{ $protocol }}}
{{- if hasPrefix "SASL" $protocol }}
{{- $own := printf "%s-%s" (include "deskstream.fullname" .root) .name }}
- {name: {{ .prefix }}KAFKA_SASL_MECHANISM, value: {{ $security.mechanism }}}
{{- if $security.credentials }}
- name: {{ .prefix }}KAFKA_SASL_USERNAME
  valueFrom: {secretKeyRef: {name: {{ $security.credentials }}, key: username}}
{{- else }}
- {name: {{ .prefix }}KAFKA_SASL_USERNAME, value: {{ $own }}}
{{- end }}
- name: {{ .prefix }}KAFKA_SASL_PASSWORD
  valueFrom: {secretKeyRef: {name: {{ default $own $security.credentials }}, key: password}}
{{- end }}
{{- if include "deskstream.kafkaAuthorities" .root }}
- {name: {{ .prefix }}KAFKA_SSL_CA_FILE, value: /etc/kafka/ca.crt}
{{- end }}
{{- end }}

{{- /* The Secret with the authorities that brokers are believed by, or nothing. */ -}}
{{- define "deskstream.kafkaAuthorities" -}}
{{- if hasSuffix "SSL" (include "deskstream.kafkaSecurity" .) }}{{ .Values.kafka.security.ca.secret }}{{ end }}
{{- end }}

{{- define "deskstream.kafkaMount" -}}
{{- if include "deskstream.kafkaAuthorities" . }}
- {name: kafka-ca, mountPath: /etc/kafka, readOnly: true}
{{- end }}
{{- end }}

{{- define "deskstream.kafkaVolume" -}}
{{- with include "deskstream.kafkaAuthorities" . }}
- name: kafka-ca
  secret:
    secretName: {{ . }}
    items: [{key: {{ $.Values.kafka.security.ca.key }}, path: ca.crt}]
{{- end }}
{{- end }}

{{- /* The Secret with the authorities that the mail server is believed by, where this is notify, or nothing. */ -}}
{{- define "deskstream.mailAuthorities" -}}
{{- if and (eq .name "notify") (not .root.Values.mailbox.enabled) }}{{ .root.Values.outgoingMail.ca.secret }}{{ end }}
{{- end }}

{{- define "deskstream.mailMount" -}}
{{- if include "deskstream.mailAuthorities" . }}
- {name: mail-ca, mountPath: /etc/mail-ca, readOnly: true}
{{- end }}
{{- end }}

{{- define "deskstream.mailVolume" -}}
{{- with include "deskstream.mailAuthorities" . }}
- name: mail-ca
  secret:
    secretName: {{ . }}
    items: [{key: {{ $.root.Values.outgoingMail.ca.key }}, path: ca.crt}]
{{- end }}
{{- end }}

{{- define "deskstream.bootstrapServers" -}}
{{- if eq .Values.kafka.mode "bundled" }}{{ include "deskstream.fullname" . }}-kafka:9092
{{- else }}{{ required "kafka.bootstrapServers is needed where kafka.mode is external" .Values.kafka.bootstrapServers }}
{{- end }}
{{- end }}

{{- define "deskstream.databaseHost" -}}
{{- if eq .Values.postgresql.mode "external" }}{{ required "postgresql.host is needed where postgresql.mode is external" .Values.postgresql.host }}
{{- else if eq .Values.postgresql.mode "cloudnative" }}{{ include "deskstream.fullname" . }}-postgres-rw
{{- else }}{{ include "deskstream.fullname" . }}-postgres
{{- end }}
{{- end }}

{{- define "deskstream.databasePort" -}}
{{- ternary .Values.postgresql.port 5432 (eq .Values.postgresql.mode "external") | int }}
{{- end }}

{{- define "deskstream.podSecurity" -}}
runAsNonRoot: true
runAsUser: {{ . }}
runAsGroup: {{ . }}
fsGroup: {{ . }}
fsGroupChangePolicy: OnRootMismatch
seccompProfile: {type: RuntimeDefault}
{{- end }}

{{- define "deskstream.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: {{ . }}
capabilities: {drop: [ALL]}
{{- end }}

{{- /* What every pod has, whatever runs in it. */ -}}
{{- define "deskstream.podCommon" -}}
automountServiceAccountToken: false
enableServiceLinks: false
{{- with .Values.image.pullSecrets }}
imagePullSecrets: {{ toJson . }}
{{- end }}
{{- with .Values.nodeSelector }}
nodeSelector: {{ toJson . }}
{{- end }}
{{- with .Values.tolerations }}
tolerations: {{ toJson . }}
{{- end }}
{{- end }}

{{- define "deskstream.volumeClaim" -}}
accessModes: [ReadWriteOnce]
{{- with .className }}
storageClassName: {{ . }}
{{- end }}
resources: {requests: {storage: {{ .size }}}}
{{- end }}
