{{- /* All objects of one service. Takes root and name. */ -}}
{{- define "deskstream.service" -}}
{{- $service := get .root.Values.services .name }}
{{- $context := dict "root" .root "name" .name "service" $service "full" (printf "%s-%s" (include "deskstream.fullname" .root) .name) }}
{{- include "deskstream.account" $context }}
{{- range $role := list "api" "worker" }}
{{- $given := get $service $role }}
{{- if ne (toString $given) "false" }}
{{- $own := mergeOverwrite (deepCopy (get $context.root.Values.defaults $role)) (default dict $given) }}
{{- $this := merge (dict "role" $role "own" $own) $context }}
{{- include "deskstream.workload" $this }}
{{- include "deskstream.disruption" $this }}
{{- include "deskstream.scaling" $this }}
{{- end }}
{{- end }}
{{- include "deskstream.doors" $context }}
{{- if .root.Values.networkPolicy.enabled }}
{{- include "deskstream.networkPolicy" $context }}
{{- end }}
{{- end }}

{{- define "deskstream.account" }}
---
apiVersion: v1
kind: ServiceAccount
metadata:
  name: {{ .full }}
  labels: {{- include "deskstream.labels" (dict "root" .root "component" .name) | nindent 4 }}
automountServiceAccountToken: false
{{- end }}

{{- define "deskstream.workload" }}
{{- $stateful := and (eq .role "worker") (eq .own.kind "StatefulSet") }}
{{- $scaled := or (and (eq .role "api") .own.autoscaling.enabled) (and (eq .role "worker") .root.Values.keda.enabled .own.keda.enabled) }}
{{- $labels := dict "root" .root "component" .name "role" .role }}
{{- $journal := and (eq .name "notify") (eq .role "worker") }}
{{- $kept := and $journal $stateful (ne (toString .service.journal.size) "") }}
---
apiVersion: apps/v1
kind: {{ ternary "StatefulSet" "Deployment" $stateful }}
metadata:
  name: {{ .full }}-{{ .role }}
  labels: {{- include "deskstream.labels" $labels | nindent 4 }}
spec:
  {{- if not $scaled }}
  replicas: {{ .own.replicas }}
  {{- end }}
  revisionHistoryLimit: 3
  selector:
    matchLabels: {{- include "deskstream.selector" $labels | nindent 6 }}
  {{- if $stateful }}
  serviceName: {{ .full }}-worker
  # In parallel, so that a release that does not start can be rolled back without a hand.
  podManagementPolicy: Parallel
  updateStrategy: {type: RollingUpdate}
  {{- else }}
  strategy:
    type: RollingUpdate
    rollingUpdate: {maxUnavailable: 0, maxSurge: 1}
  {{- end }}
  template:
    metadata:
      labels: {{- include "deskstream.labels" $labels | nindent 8 }}
      annotations:
        {{- with .root.Values.podAnnotations }}{{ toYaml . | nindent 8 }}{{ end }}
        {{- if and (eq .name "ingest") (not .root.Values.secrets.existing) }}
        deskstream.io/forms: {{ .root.Values.forms | toJson | sha256sum | trunc 16 }}
        {{- end }}
        kubectl.kubernetes.io/default-container: {{ .name }}
    spec:
      serviceAccountName: {{ .full }}
      {{- include "deskstream.podCommon" .root | nindent 6 }}
      terminationGracePeriodSeconds: {{ .root.Values.terminationGracePeriodSeconds }}
      securityContext: {{- include "deskstream.podSecurity" 10001 | nindent 8 }}
      topologySpreadConstraints:
        {{- range $key := list "kubernetes.io/hostname" "topology.kubernetes.io/zone" }}
        - maxSkew: 1
          topologyKey: {{ $key }}
          whenUnsatisfiable: ScheduleAnyway
          labelSelector:
            matchLabels: {{- include "deskstream.selector" $labels | nindent 14 }}
        {{- end }}
      {{- $migrates := eq .root.Values.migrations.mode "init" }}
      {{- $topics := and (eq .role "worker") (eq .root.Values.kafka.topics "init") }}
      {{- if or $migrates $topics }}
      initContainers:
        {{- if $topics }}
        {{- include "deskstream.topicsContainer" . | nindent 8 }}
        {{- end }}
        {{- if $migrates }}
        {{- include "deskstream.container" (merge (dict "container" "migrate" "arg" "migrate") .) | nindent 8 }}
          volumeMounts:
            - {name: tmp, mountPath: /tmp}
            {{- include "deskstream.kafkaMount" .root | nindent 12 }}
            {{- include "deskstream.mailMount" (dict "root" .root "name" .name) | nindent 12 }}
        {{- end }}
      {{- end }}
      containers:
        {{- include "deskstream.container" (merge (dict "container" .name "arg" .role) .) | nindent 8 }}
          ports:
            - {name: http, containerPort: 8080}
            {{- if and (eq .name "ingest") (eq .role "api") }}
            - {name: smtp, containerPort: 2525}
            {{- end }}
          startupProbe:
            {{- if and (eq .name "ingest") (eq .role "api") }}
            tcpSocket: {port: smtp}
            {{- else }}
            httpGet: {path: /health/live, port: http}
            {{- end }}
            periodSeconds: 2
            timeoutSeconds: 3
            failureThreshold: 150
          readinessProbe:
            httpGet: {path: /health/ready, port: http}
            periodSeconds: 5
            timeoutSeconds: 3
          # By progress: a worker that has not turned for a minute is restarted. A database that is away is no reason.
          livenessProbe:
            httpGet: {path: /health/live, port: http}
            periodSeconds: 10
            timeoutSeconds: 5
            failureThreshold: 3
          {{- if eq .role "api" }}
          lifecycle:
            # Until everybody has heard that this pod is no longer to be asked.
            preStop: {sleep: {seconds: 5}}
          {{- end }}
          volumeMounts:
            - {name: tmp, mountPath: /tmp}
            {{- include "deskstream.kafkaMount" .root | nindent 12 }}
            {{- include "deskstream.mailMount" (dict "root" .root "name" .name) | nindent 12 }}
            {{- if $journal }}
            - {name: journal, mountPath: /var/lib/deskstream}
            {{- end }}
            {{- if eq .name "ingest" }}
            - {name: forms, mountPath: /etc/deskstream, readOnly: true}
            {{- end }}
      volumes:
        - name: tmp
          emptyDir: {sizeLimit: 256Mi}
        {{- include "deskstream.kafkaVolume" .root | nindent 8 }}
        {{- include "deskstream.mailVolume" (dict "root" .root "name" .name) | nindent 8 }}
        {{- if and $journal (not $kept) }}
        - name: journal
          emptyDir: {sizeLimit: 256Mi}
        {{- end }}
        {{- if eq .name "ingest" }}
        - name: forms
          secret:
            secretName: {{ include "deskstream.secretName" .root }}
            items: [{key: forms.json, path: forms.json}]
        {{- end }}
  {{- if $kept }}
  volumeClaimTemplates:
    - metadata: {name: journal}
      spec: {{- include "deskstream.volumeClaim" .service.journal | nindent 8 }}
  {{- end }}
{{- end }}

{{- define "deskstream.container" -}}
- name: {{ .container }}
  image: {{ include "deskstream.image" (dict "root" .root "image" .service.image) }}
  imagePullPolicy: {{ .root.Values.image.pullPolicy }}
  args: [{{ .arg }}]
  env: {{- include "deskstream.env" (dict "root" .root "name" .name "service" .service "own" .own.env) | nindent 4 }}
  resources: {{- toYaml .own.resources | nindent 4 }}
  securityContext: {{- include "deskstream.containerSecurity" true | nindent 4 }}
{{- end }}

{{- define "deskstream.topicsContainer" -}}
- name: topics
  image: {{ include "deskstream.image" (dict "root" .root "image" .service.image) }}
  imagePullPolicy: {{ .root.Values.image.pullPolicy }}
  command: [python, -m, deskstream_chassis.bus.topics, --replication={{ .root.Values.kafka.replication }}]
  env: {{- include "deskstream.kafkaEnv" (dict "root" .root "name" .name "prefix" "") | nindent 4 }}
  resources: {{- toYaml .own.resources | nindent 4 }}
  securityContext: {{- include "deskstream.containerSecurity" true | nindent 4 }}
  volumeMounts:
    - {name: tmp, mountPath: /tmp}
    {{- include "deskstream.kafkaMount" .root | nindent 4 }}
{{- end }}

{{- define "deskstream.disruption" }}
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata:
  name: {{ .full }}-{{ .role }}
  labels: {{- include "deskstream.labels" (dict "root" .root "component" .name "role" .role) | nindent 4 }}
spec:
  # Also with one replica a node can be drained: what comes meanwhile waits in Kafka or is tried again.
  maxUnavailable: 1
  unhealthyPodEvictionPolicy: AlwaysAllow
  selector:
    matchLabels: {{- include "deskstream.selector" (dict "root" .root "component" .name "role" .role) | nindent 6 }}
{{- end }}

{{- define "deskstream.scaling" }}
{{- if and (eq .role "api") .own.autoscaling.enabled }}
---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata:
  name: {{ .full }}-api
  labels: {{- include "deskstream.labels" (dict "root" .root "component" .name "role" .role) | nindent 4 }}
spec:
  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: {{ .full }}-api}
  minReplicas: {{ .own.autoscaling.minReplicas }}
  maxReplicas: {{ .own.autoscaling.maxReplicas }}
  metrics:
    - type: Resource
      resource:
        name: cpu
        target: {type: Utilization, averageUtilization: {{ .own.autoscaling.cpuUtilization }}}
{{- end }}
{{- if and (eq .role "worker") .root.Values.keda.enabled .own.keda.enabled }}
---
apiVersion: keda.sh/v1alpha1
kind: ScaledObject
metadata:
  name: {{ .full }}-worker
  labels: {{- include "deskstream.labels" (dict "root" .root "component" .name "role" .role) | nindent 4 }}
spec:
  scaleTargetRef: {apiVersion: apps/v1, kind: {{ .own.kind }}, name: {{ .full }}-worker}
  # Never none: relays and timers work without messages, too.
  minReplicaCount: {{ .own.keda.minReplicas }}
  maxReplicaCount: {{ .own.keda.maxReplicas }}
  cooldownPeriod: 300
  triggers:
    - type: kafka
      metadata:
        bootstrapServers: {{ include "deskstream.bootstrapServers" .root }}
        consumerGroup: {{ .service.image }}
        lagThreshold: {{ .own.keda.lagThreshold | quote }}
        offsetResetPolicy: earliest
        {{- $protocol := include "deskstream.kafkaSecurity" .root }}
        {{- if hasPrefix "SASL" $protocol }}
        sasl: {{ get (dict "PLAIN" "plaintext" "SCRAM-SHA-256" "scram_sha256" "SCRAM-SHA-512" "scram_sha512") .root.Values.kafka.security.mechanism }}
        {{- end }}
        {{- if hasSuffix "SSL" $protocol }}
        tls: enable
        {{- end }}
      {{- if ne $protocol "PLAINTEXT" }}
      authenticationRef: {name: {{ .full }}-kafka}
---
apiVersion: keda.sh/v1alpha1
kind: TriggerAuthentication
metadata:
  name: {{ .full }}-kafka
  labels: {{- include "deskstream.labels" (dict "root" .root "component" .name "role" .role) | nindent 4 }}
spec:
  {{- if hasPrefix "SASL" $protocol }}
  # The worker's own.
  env:
    - {parameter: username, name: {{ upper .name }}_KAFKA_SASL_USERNAME, containerName: {{ .name }}}
    - {parameter: password, name: {{ upper .name }}_KAFKA_SASL_PASSWORD, containerName: {{ .name }}}
  {{- end }}
  {{- with include "deskstream.kafkaAuthorities" .root }}
  secretTargetRef: [{parameter: ca, name: {{ . }}, key: {{ $.root.Values.kafka.security.ca.key }}}]
  {{- end }}
      {{- end }}
{{- end }}
{{- end }}
