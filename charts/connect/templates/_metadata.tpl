{{- /* Metadata of an object: a dict of root, name, values and labels. */ -}}
{{- define "connect.metadata" -}}
{{- $common := dict
      "app.kubernetes.io/part-of" "sluice"
      "app.kubernetes.io/managed-by" .root.Release.Service
      "helm.sh/chart" (printf "%s-%s" .root.Chart.Name .root.Chart.Version) -}}
name: {{ .name }}
namespace: {{ .root.Release.Namespace }}
labels:
  {{- merge (dict) .labels (.values.labels | default dict) .root.Values.labels $common | toYaml | nindent 2 }}
{{- with merge (dict) (.values.annotations | default dict) .root.Values.annotations }}
annotations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}
