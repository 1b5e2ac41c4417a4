#!/bin/bash
# record-node.sh KUBECONFIG PORT : records what kube-controller-manager truly makes of a node that falls silent and of the pods on it.
#
# The control plane is started with FLUXDECK_TESTBED_NODES=--manage-nodes-with-annotation-selector=kwok.x-k8s.io/node=fake, so that kwok leaves the
# node of this script alone, and with FLUXDECK_TESTBED_CONTROLLERS that contain the eviction of pods by taints. The script plays the kubelet: it says
# once that the node and its pod are well, and never again.
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

now() { date -u +%Y-%m-%dT%H:%M:%S.000000Z; }
status() { "$kubectl" patch "${@:2}" --subresource status --type merge -p "$1" > /dev/null; }
apply <<Y
apiVersion: v1
kind: Node
metadata: {name: lost, labels: {kubernetes.io/hostname: lost}}
---
apiVersion: coordination.k8s.io/v1
kind: Lease
metadata: {name: lost, namespace: kube-node-lease}
spec: {holderIdentity: lost, leaseDurationSeconds: 40, renewTime: "$(now)"}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: beacon, namespace: default}
spec:
  selector: {matchLabels: {app: beacon}}
  template:
    metadata: {labels: {app: beacon}}
    spec:
      nodeSelector: {kubernetes.io/hostname: lost}
      containers: [{name: main, image: "example.com/good:1"}]
      tolerations:
        - {key: node.kubernetes.io/unreachable, operator: Exists, effect: NoExecute, tolerationSeconds: 20}
        - {key: node.kubernetes.io/not-ready, operator: Exists, effect: NoExecute, tolerationSeconds: 20}
Y
condition() { echo "{\"type\": \"$1\", \"status\": \"$2\", \"reason\": \"$3\", \"message\": \"$4\", \"lastHeartbeatTime\": \"$(now)\", \"lastTransitionTime\": \"$(now)\"}"; }
status "{\"status\": {\"capacity\": {\"cpu\": \"4\", \"memory\": \"16Gi\", \"pods\": \"110\"}, \"allocatable\": {\"cpu\": \"4\", \"memory\": \"16Gi\", \"pods\": \"110\"}, \"conditions\": [
  $(condition MemoryPressure False KubeletHasSufficientMemory 'kubelet has sufficient memory available'),
  $(condition DiskPressure False KubeletHasNoDiskPressure 'kubelet has no disk pressure'),
  $(condition PIDPressure False KubeletHasSufficientPID 'kubelet has sufficient PID available'),
  $(condition Ready True KubeletReady 'kubelet is posting ready status')]}}" node lost
for _ in $(seq 100); do
  pod=$("$kubectl" get pods -n default -l app=beacon -o json | jq -r '.items[] | select(.spec.nodeName == "lost") | .metadata.name')
  [ -n "$pod" ] && break
  sleep 0.2
done
status "{\"status\": {\"phase\": \"Running\", \"conditions\": [
  {\"type\": \"Ready\", \"status\": \"True\", \"lastTransitionTime\": \"$(now)\"}, {\"type\": \"ContainersReady\", \"status\": \"True\", \"lastTransitionTime\": \"$(now)\"}],
  \"containerStatuses\": [{\"name\": \"main\", \"image\": \"example.com/good:1\", \"imageID\": \"\", \"ready\": true, \"restartCount\": 0, \"state\": {\"running\": {\"startedAt\": \"$(now)\"}}}]}}" \
  pod -n default "$pod"
until_here() { # until_here JQ RESOURCE…
  for _ in $(seq 480); do
    "$kubectl" get "${@:2}" -o json | jq -e "$1" > /dev/null && return 0
    sleep 0.25
  done
  echo "${*:2} never became: $1" >&2
  exit 1
}
until_here '.spec.taints // [] | any(.key == "node.kubernetes.io/unreachable" and .effect == "NoExecute")' node lost
sleep 3
keep node-lost "" node lost
keep pod-on-a-lost-node default pod "$pod"
keep deployment-on-a-lost-node default deployment beacon
until_here '.metadata.deletionTimestamp' pod -n default "$pod"
sleep 3
keep pod-evicted default pod "$pod"
new=$("$kubectl" get pods -n default -l app=beacon -o json | jq -r ".items[] | select(.metadata.name != \"$pod\") | .metadata.name")
keep pod-in-its-place default pod "$new"
