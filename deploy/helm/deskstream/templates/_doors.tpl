{{- /* The Services of a service. */ -}}
{{- define "deskstream.doors" }}
{{- $door := default dict .service.service }}
{{- if ne (toString .service.api) "false" }}
---
apiVersion: v1
kind: Service
metadata:
  name: {{ .full }}
  labels: {{- include "deskstream.labels" (dict "root" .root "component" .name "role" "api") | nindent 4 }}
  {{- with $door.annotations }}
  annotations: {{- toYaml . | nindent 4 }}
  {{- end }}
spec:
  type: {{ default "ClusterIP" $door.type }}
  selector: {{- include "deskstream.selector" (dict "root" .root "component" .name "role" "api") | nindent 4 }}
  ports:
    - {name: http, port: {{ default 80 $door.port }}, targetPort: http}
{{- end }}
{{- if ne (toString .service.worker) "false" }}
---
apiVersion: v1
kind: Service
metadata:
  name: {{ .full }}-worker
  labels: {{- include "deskstream.labels" (dict "root" .root "component" .name "role" "worker") | nindent 4 }}
spec:
  # For names and metrics: nobody calls a worker.
  clusterIP: None
  publishNotReadyAddresses: true
  selector: {{- include "deskstream.selector" (dict "root" .root "component" .name "role" "worker") | nindent 4 }}
  ports:
    - {name: http, port: 8080, targetPort: http}
{{- end }}
{{- if and (eq .name "ingest") (ne (toString .service.api) "false") }}
{{- $smtp := .root.Values.incomingMail.service }}
---
apiVersion: v1
kind: Service
metadata:
  name: {{ include "deskstream.fullname" .root }}-smtp
  labels: {{- include "deskstream.labels" (dict "root" .root "component" "smtp") | nindent 4 }}
  {{- with $smtp.annotations }}
  annotations: {{- toYaml . | nindent 4 }}
  {{- end }}
spec:
  type: {{ $smtp.type }}
  {{- with $smtp.externalTrafficPolicy }}
  # Local keeps the address of the relay, which trustedRelays is held against.
  externalTrafficPolicy: {{ . }}
  {{- end }}
  selector: {{- include "deskstream.selector" (dict "root" .root "component" .name "role" "api") | nindent 4 }}
  ports:
    - {name: smtp, port: {{ $smtp.port }}, targetPort: smtp}
{{- end }}
{{- end }}

{{- define "deskstream.networkPolicy" }}
{{- $policy := .root.Values.networkPolicy }}
{{- $outside := or (eq .name "gateway") (eq .name "ingest") }}
{{- $instance := dict "app.kubernetes.io/name" "deskstream" "app.kubernetes.io/instance" .root.Release.Name }}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: {{ .full }}
  labels: {{- include "deskstream.labels" (dict "root" .root "component" .name) | nindent 4 }}
spec:
  podSelector:
    matchLabels: {{- include "deskstream.selector" (dict "root" .root "component" .name) | nindent 6 }}
  policyTypes: [Ingress, Egress]
  ingress:
    - from: {{- toYaml $policy.monitoring | nindent 8 }}
      ports: [{port: http}]
    {{- if ne .name "gateway" }}
    - from:
        - podSelector:
            matchLabels: {{- toYaml (merge (dict "app.kubernetes.io/component" "gateway") $instance) | nindent 14 }}
      ports: [{port: http}]
    {{- end }}
    {{- if eq .name "ticket" }}
    # Who sends an answer fetches its files.
    - from:
        - podSelector:
            matchLabels: {{- toYaml (merge (dict "app.kubernetes.io/component" "notify") $instance) | nindent 14 }}
      ports: [{port: http}]
    {{- end }}
    {{- if $outside }}
    - {{ if $policy.doors }}from: {{- toYaml $policy.doors | nindent 8 }}
      {{ end }}ports:
        - {port: http}
        {{- if eq .name "ingest" }}
        - {port: smtp}
        {{- end }}
    - from:
        - podSelector:
            matchLabels: {{- toYaml (merge (dict "app.kubernetes.io/component" "test") $instance) | nindent 14 }}
    {{- end }}
  egress:
    - ports: [{port: 53, protocol: UDP}, {port: 53, protocol: TCP}]
    # Wherever database and Kafka are: their addresses are not the chart's to know.
    - ports:
        - {port: {{ include "deskstream.databasePort" .root }}}
        {{- range splitList "," (include "deskstream.bootstrapServers" .root) }}
        - {port: {{ splitList ":" . | last }}}
        {{- end }}
    {{- if eq .name "gateway" }}
    - to:
        - podSelector:
            matchLabels: {{- toYaml $instance | nindent 14 }}
      ports: [{port: 8080}]
    {{- end }}
    {{- if eq .name "notify" }}
    - to:
        - podSelector:
            matchLabels: {{- toYaml (merge (dict "app.kubernetes.io/component" "ticket") $instance) | nindent 14 }}
      ports: [{port: 8080}]
    - ports: [{port: {{ ternary 2525 (int .root.Values.outgoingMail.port) .root.Values.mailbox.enabled }}}]
    {{- end }}
    {{- with .root.Values.otlpEndpoint }}
    - ports: [{port: {{ regexFind ":[0-9]+" (regexReplaceAll "^[a-z]+://" . "") | trimPrefix ":" | default "443" }}}]
    {{- end }}
    {{- with $policy.extraEgress }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
{{- end }}
