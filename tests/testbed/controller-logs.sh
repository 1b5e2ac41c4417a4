#!/usr/bin/env bash
# controller-logs.sh NAME: gives each pod that stands for a Flux controller the true log of that controller, also after it was replaced.
# kwok finds a pod's log by a Logs resource of the pod's own name, and the pods of a Deployment have names of chance.
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

name=${1:?"controller-logs.sh NAME"}
while :; do
  kubectl "$name" --namespace flux-system get pods --selector app.kubernetes.io/part-of=flux --watch \
    --output 'jsonpath={.metadata.name} {.metadata.labels.app}{"\n"}' |
    while read -r pod app; do
      kubectl "$name" apply -f - <<LOGS
apiVersion: kwok.x-k8s.io/v1alpha1
kind: Logs
metadata: {name: $pod, namespace: flux-system}
spec:
  logs: [{containers: [manager], logsFile: $run/$name/pod-logs/$app, follow: true}]
LOGS
    done
  [ -f "$run/$name/pids" ] || exit 0
  sleep 1
done
