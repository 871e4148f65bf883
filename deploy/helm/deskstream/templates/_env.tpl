{{- /* The environment of a service. Takes root, name, service, own (the role's env). */ -}}
{{- define "deskstream.env" -}}
{{- $values := .root.Values }}
{{- $full := include "deskstream.fullname" .root }}
{{- $secret := include "deskstream.secretName" .root }}
{{- $prefix := upper .name }}
- name: DATABASE_PASSWORD
  valueFrom: {secretKeyRef: {name: {{ $secret }}, key: database-{{ .name }}}}
- name: {{ $prefix }}_DATABASE_URL
  value: postgresql+asyncpg://{{ .name }}:$(DATABASE_PASSWORD)@{{ include "deskstream.databaseHost" .root }}:{{ include "deskstream.databasePort" .root }}/{{ .name }}
  {{- with $values.postgresql.parameters }}?{{ . }}{{ end }}
- name: {{ $prefix }}_INTERNAL_PUBLIC_KEY
  valueFrom: {secretKeyRef: {name: {{ $secret }}, key: internal-public-key}}
{{ include "deskstream.kafkaEnv" (dict "root" .root "name" .name "prefix" (printf "%s_" $prefix)) }}
- {name: {{ $prefix }}_HTTP_HOST, value: 0.0.0.0}
- {name: {{ $prefix }}_HTTP_PORT, value: "8080"}
- name: {{ $prefix }}_INSTANCE
  valueFrom: {fieldRef: {fieldPath: metadata.name}}
{{- $plain := dict
  (printf "%s_LOG_LEVEL" $prefix) $values.logLevel
  (printf "%s_OTLP_ENDPOINT" $prefix) $values.otlpEndpoint
  (printf "%s_KEEP_PARKED_DAYS" $prefix) (toString $values.retention.parkedDays)
  (printf "%s_HISTORY_MONTHS" $prefix) (toString $values.retention.historyMonths) }}
{{- if ne .name "gateway" }}
{{- $plain = merge $plain (dict
  (printf "%s_KEEP_IDEMPOTENCY_DAYS" $prefix) (toString $values.retention.idempotencyDays)
  (printf "%s_KEEP_PROCESSES_DAYS" $prefix) (toString $values.retention.processesDays)) }}
{{- end }}
{{- if eq .name "ingest" }}
- name: INGEST_REPLY_SECRET
  valueFrom: {secretKeyRef: {name: {{ $secret }}, key: reply-secret}}
- name: INGEST_WEBHOOK_MAIL_SECRETS
  valueFrom: {secretKeyRef: {name: {{ $secret }}, key: webhook-mail-secrets, optional: true}}
{{- $plain = merge $plain (dict
  "INGEST_SMTP_HOST" "0.0.0.0"
  "INGEST_SMTP_PORT" "2525"
  "INGEST_DOMAIN" $values.domain
  "INGEST_MAILBOXES" (join "," $values.mailboxes)
  "INGEST_AUTHSERV_ID" $values.incomingMail.authservId
  "INGEST_TRUSTED_RELAYS" (join "," $values.incomingMail.trustedRelays)
  "INGEST_KEEP_RAW_MAIL_DAYS" (toString $values.retention.rawMailDays)
  "INGEST_KEEP_QUARANTINED_DAYS" (toString $values.retention.quarantinedDays)
  "INGEST_FORMS" "/etc/deskstream/forms.json") }}
{{- else if eq .name "ticket" }}
- name: TICKET_FILES_SECRET
  valueFrom: {secretKeyRef: {name: {{ $secret }}, key: files-secret}}
- name: AWS_ACCESS_KEY_ID
  valueFrom: {secretKeyRef: {name: {{ $secret }}, key: s3-access-key-id, optional: true}}
- name: AWS_SECRET_ACCESS_KEY
  valueFrom: {secretKeyRef: {name: {{ $secret }}, key: s3-secret-access-key, optional: true}}
{{- $plain = merge $plain (dict
  "TICKET_KEEP_UNCLAIMED_FILES_DAYS" (toString $values.retention.unclaimedFilesDays)
  "TICKET_FILES_STORE" $values.files.store) }}
{{- else if eq .name "routing" }}
{{- $plain = merge $plain (dict "ROUTING_KEEP_DECISIONS_DAYS" (toString $values.retention.decisionsDays)) }}
{{- else if eq .name "sla" }}
{{- $plain = merge $plain (dict "SLA_KEEP_OUTCOMES_DAYS" (toString $values.retention.outcomesDays)) }}
{{- else if eq .name "notify" }}
- name: NOTIFY_REPLY_SECRET
  valueFrom: {secretKeyRef: {name: {{ $secret }}, key: reply-secret}}
- name: NOTIFY_FILES_SECRET
  valueFrom: {secretKeyRef: {name: {{ $secret }}, key: files-secret}}
- name: NOTIFY_SMTP_PASSWORD
  valueFrom: {secretKeyRef: {name: {{ $secret }}, key: smtp-password, optional: true}}
{{- $plain = merge $plain (dict
  "NOTIFY_DOMAIN" $values.domain
  "NOTIFY_TICKET_URL" (printf "http://%s-ticket" $full)
  "NOTIFY_KEEP_CONTENT_DAYS" (toString $values.retention.contentDays)
  "NOTIFY_KEEP_DELIVERIES_DAYS" (toString $values.retention.deliveriesDays)
  "NOTIFY_DEFAULT_MAILBOX" (first $values.mailboxes)
  "NOTIFY_JOURNAL" "/var/lib/deskstream/journal") }}
{{- if $values.mailbox.enabled }}
{{- $plain = merge $plain (dict "NOTIFY_SMTP_HOST" (printf "%s-mailbox" $full) "NOTIFY_SMTP_PORT" "25") }}
{{- else }}
{{- $plain = merge $plain (dict
  "NOTIFY_SMTP_HOST" (required "outgoingMail.host is needed where there is no mailbox" $values.outgoingMail.host)
  "NOTIFY_SMTP_PORT" (toString $values.outgoingMail.port)
  "NOTIFY_SMTP_STARTTLS" (toString $values.outgoingMail.starttls)
  "NOTIFY_SMTP_IMPLICIT_TLS" (toString $values.outgoingMail.implicitTls)
  "NOTIFY_SMTP_EHLO_NAME" $values.outgoingMail.ehloName
  "NOTIFY_SMTP_USERNAME" $values.outgoingMail.username) }}
{{- end }}
{{- if include "deskstream.mailAuthorities" . }}
- {name: NOTIFY_SMTP_CA_FILE, value: /etc/mail-ca/ca.crt}
{{- end }}
{{- else if eq .name "gateway" }}
- name: GATEWAY_TOKEN_SECRET
  valueFrom: {secretKeyRef: {name: {{ $secret }}, key: token-secret}}
- name: GATEWAY_INTERNAL_PRIVATE_KEY
  valueFrom: {secretKeyRef: {name: {{ $secret }}, key: internal-private-key}}
{{- $plain = merge $plain (dict
  "GATEWAY_KEEP_DECISIONS_DAYS" (toString $values.retention.decisionsDays)
  "GATEWAY_KEEP_NOTIFICATIONS_DAYS" (toString $values.retention.deliveriesDays)
  "GATEWAY_KEEP_TOKENS_DAYS" (toString $values.retention.tokensDays)) }}
{{- range $owner := without (splitList " " (include "deskstream.services" .root)) "gateway" }}
{{- $_ := set $plain (printf "GATEWAY_%s_URL" (upper $owner)) (printf "http://%s-%s" $full $owner) }}
{{- end }}
{{- end }}
{{- range $key, $value := mergeOverwrite $plain (default dict .service.env) .own }}
- {name: {{ $key }}, value: {{ $value | quote }}}
{{- end }}
{{- end }}
