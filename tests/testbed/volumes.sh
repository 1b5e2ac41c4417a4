#!/usr/bin/env bash
# volumes.sh NAME: volumes for the claims of one control plane, where no provisioner runs: eight of each class, as large as any claim.
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

name=${1:?"volumes.sh staging|production"}
for class in local-path longhorn; do
  for number in $(seq 8); do
    printf '%s\n' "{apiVersion: v1, kind: PersistentVolume, metadata: {name: $class-$number}, spec: {storageClassName: $class, capacity: {storage: 64Gi}, accessModes: [ReadWriteOnce], persistentVolumeReclaimPolicy: Delete, hostPath: {path: /nowhere}}}" ---
  done
done | kubectl "$name" apply -f - >/dev/null
