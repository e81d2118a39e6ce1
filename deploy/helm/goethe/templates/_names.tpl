{{/* The name of everything: that of the release. */}}
{{- define "goethe.name" -}}
{{- .Release.Name | trunc 50 | trimSuffix "-" -}}
{{- end -}}

{{- define "goethe.selector" -}}
app.kubernetes.io/name: goethe
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "goethe.labels" -}}
{{ include "goethe.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end -}}

{{- define "goethe.membersSecret" -}}
{{- .Values.members.secretName | default (printf "%s-members" (include "goethe.name" .)) -}}
{{- end -}}

{{/* Settings of the server: those that the chart knows, over those in config. */}}
{{- define "goethe.config" -}}
{{- $name := include "goethe.name" . -}}
{{- $majority := add1 (div (int .Values.replicas) 2) -}}
{{- $cluster := dict
  "mode" "kubernetes"
  "lease" $name
  "service" (printf "%s-members" $name)
  "minInSync" (int (.Values.members.minInSync | default $majority))
  "peerHost" "0.0.0.0"
  "secretFile" "/etc/goethe/members/secret"
-}}
{{- if .Values.members.tlsSecretName -}}
{{- $_ := set $cluster "tlsCa" "/etc/goethe/members-tls/ca.crt" -}}
{{- $_ := set $cluster "tlsCert" "/etc/goethe/members-tls/tls.crt" -}}
{{- $_ := set $cluster "tlsKey" "/etc/goethe/members-tls/tls.key" -}}
{{- end -}}
{{- $known := dict "data" "/goethe-data/log" "insecure" .Values.insecure "cluster" $cluster -}}
{{- if .Values.tls.secretName -}}
{{- $_ := set $known "tls" (dict "cert" "/etc/goethe/tls/tls.crt" "key" "/etc/goethe/tls/tls.key") -}}
{{- end -}}
{{- toYaml (mergeOverwrite (deepCopy .Values.config) $known) -}}
{{- end -}}
