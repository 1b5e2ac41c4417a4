#!/bin/bash
# record-failures.sh KUBECONFIG PORT AGEKEY : records how the real Flux controllers fail, retry and give up. See common.sh.
# AGEKEY is a throwaway age identity of tests/keys.
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
key=$3

# A Deployment whose newest pods fit on no node stands for every roll-out that does not end: without the selector it runs at once.
deployment() { # deployment NAME NAMESPACE IMAGE DEADLINE [NODE]
  cat <<Y
apiVersion: apps/v1
kind: Deployment
metadata: {name: $1, namespace: $2}
spec:
  replicas: 1
  progressDeadlineSeconds: $4
  selector: {matchLabels: {app: $1}}
  template:
    metadata: {labels: {app: $1}}
    spec:
      containers: [{name: main, image: "$3"}]
      nodeSelector: {${5:+"kubernetes.io/hostname: $5"}}
Y
}
mkdir -p "$work/tree"/{workload,unbuildable}
deployment rolling default "example.com/good:1" 10 > "$work/tree/workload/deployment.yaml"
printf 'resources: [missing.yaml]\n' > "$work/tree/unbuildable/kustomization.yaml"
publish "the first commit"

# Version 0.3.0 never gets ready.
for version in 0.1.0 0.2.0 0.3.0; do
  mkdir -p "$work/fragile-$version/templates"
  printf 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: "{{ .Release.Name }}"}\ndata: {version: "%s"}\n' "$version" > "$work/fragile-$version/templates/settings.yaml"
done
deployment '"{{ .Release.Name }}"' flux-system "example.com/bad:1" 600 nowhere > "$work/fragile-0.3.0/templates/deployment.yaml"
index fragile 0.1.0 0.2.0 0.3.0
serve
repository
until_true gitrepository repository "$ready"

part_kustomizations() {
  # The key is not there, and then it is.
  kustomization keyless ./healthy 5m "" "decryption: {provider: sops, secretRef: {name: sops-age}}"
  until_true kustomization keyless "$(reason BuildFailed)"; sleep 2
  record kustomization-without-key kustomization keyless
  ask kustomization keyless one
  until_true kustomization keyless "$(handled one)"; record kustomization-without-key-requested kustomization keyless
  "$kubectl" create secret generic -n flux-system sops-age --from-file=age.agekey="$key" > /dev/null
  ask kustomization keyless two
  until_true kustomization keyless "$(handled two)"; record kustomization-with-key kustomization keyless

  # The root of a chain has a path that is not in the repository.
  kustomization root ./nowhere 5m
  until_true kustomization root "$(reason ArtifactFailed)"; record kustomization-without-path kustomization root
  kustomization middle ./healthy 5m root
  until_true kustomization middle "$(reason DependencyNotReady)"
  kustomization leaf ./healthy 5m middle
  until_true kustomization leaf "$(reason DependencyNotReady)"; record kustomization-behind kustomization leaf

  kustomization unbuildable ./unbuildable 5m
  until_true kustomization unbuildable "$(reason BuildFailed)"; record kustomization-unbuildable kustomization unbuildable

  # Somebody changes what Git owns: nothing is said until the next run puts it back.
  kustomization drifting ./healthy 5m
  until_true kustomization drifting "$ready"
  "$kubectl" patch -n default configmap settings --field-manager kubectl-edit --type merge -p '{"data":{"colour":"red"}}' > /dev/null
  sleep 2; record kustomization-drifted kustomization drifting
  ask kustomization drifting one
  until_true kustomization drifting "$(handled one)"; record kustomization-drift-corrected kustomization drifting

  # A roll-out that does not end: the checks time out first, and fail at once when the Deployment has given up.
  kustomization rolling ./workload 30s
  until_true kustomization rolling "$ready"; record kustomization-rolled-out kustomization rolling
  deployment rolling default "example.com/bad:1" 45 nowhere > "$work/tree/workload/deployment.yaml"; publish "a new image"
  ask gitrepository repository two
  until_true kustomization rolling "$(reason HealthCheckFailed)"; record kustomization-rollout-timeout kustomization rolling
  keep deployment-rollout-timeout default deployment rolling
  sleep 20
  keep deployment-rollout-exceeded default deployment rolling
  ask kustomization rolling three
  until_true kustomization rolling "$(handled three)"; record kustomization-rollout-failed kustomization rolling

  # A repository that is gone: one that never was fetched, and what builds from it.
  apply <<Y
apiVersion: source.toolkit.fluxcd.io/v1
kind: GitRepository
metadata: {name: nowhere, namespace: flux-system}
spec: {interval: 10m, url: "http://127.0.0.1:$port/git/nowhere.git", ref: {branch: main}}
Y
  until_true gitrepository nowhere "$(reason GitOperationFailed)"; record git-nowhere gitrepository nowhere
  SOURCE=nowhere kustomization sourceless ./healthy 5m
  until_true kustomization sourceless "$(reason ArtifactFailed)"; sleep 2; record kustomization-without-artifact kustomization sourceless
  # And one that was fetched before.
  mv "$work/git/served.git" "$work/git/moved.git"
  ask gitrepository repository lost
  until_true gitrepository repository "$(reason GitOperationFailed)"; sleep 2; record git-failing gitrepository repository
  mv "$work/git/moved.git" "$work/git/served.git"
  ask gitrepository repository found
  until_true gitrepository repository "$(handled found)"; record git-recovered gitrepository repository
}

release() { # release NAME VERSION [SPEC]
  apply <<Y
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: $1, namespace: flux-system}
spec:
  interval: 10m
  timeout: 5s
  chart: {spec: {chart: fragile, version: $2, sourceRef: {kind: HelmRepository, name: charts}}}
  values: {colour: red}
  ${3:-}
Y
}
stalled='.status.conditions // [] | any(.type == "Stalled" and .status == "True")'
part_releases() {
  charts
  until_true helmrepository charts "$ready"
  # No retries: the first failure is the last.
  release stuck 0.1.0
  until_true helmrelease stuck "$ready"
  release stuck 0.3.0
  until_true helmrelease stuck "$stalled"; record release-exhausted helmrelease stuck
  ask helmrelease stuck one
  until_true helmrelease stuck "$(handled one)"; sleep 2; record release-exhausted-requested helmrelease stuck
  ask helmrelease stuck two force
  until_true helmrelease stuck "$(handled two)"; sleep 2; record release-exhausted-forced helmrelease stuck
  "$kubectl" annotate --overwrite -n flux-system helmrelease stuck reconcile.fluxcd.io/{requestedAt,resetAt}=three > /dev/null
  until_true helmrelease stuck "$(handled three)"; sleep 2; record release-exhausted-reset helmrelease stuck
  release stuck 0.2.0
  until_true helmrelease stuck "$ready"; record release-mended helmrelease stuck

  # Retries: each failure is rolled back.
  release rolled 0.1.0 'upgrade: {remediation: {retries: 1}}'
  until_true helmrelease rolled "$ready"
  release rolled 0.3.0 'upgrade: {remediation: {retries: 1}}'
  until_true helmrelease rolled '.status.upgradeFailures == 1 and (.status.conditions | any(.type == "Remediated" and .status == "True"))'
  record release-rolled-back helmrelease rolled
  until_true helmrelease rolled "$stalled"; record release-rolled-back-exhausted helmrelease rolled
  release rolled 0.2.0 'upgrade: {remediation: {retries: 1}}'
  until_true helmrelease rolled "$ready"; record release-rolled-back-mended helmrelease rolled

  # A first installation that fails.
  release unborn 0.3.0
  until_true helmrelease unborn "$stalled"; record release-install-failed helmrelease unborn
  release reborn 0.3.0 'install: {remediation: {retries: 1}}'
  until_true helmrelease reborn "$stalled"; record release-install-retried helmrelease reborn

  # Somebody changes what a release owns.
  release drifting 0.1.0 'driftDetection: {mode: warn}'
  until_true helmrelease drifting "$ready"
  "$kubectl" patch -n flux-system configmap drifting --field-manager kubectl-edit --type merge -p '{"data":{"version":"by hand"}}' > /dev/null
  ask helmrelease drifting one
  until_true helmrelease drifting "$(handled one)"; sleep 2; record release-drifted helmrelease drifting
  release drifting 0.1.0 'driftDetection: {mode: enabled}'
  until_true helmrelease drifting '.status.observedGeneration == 2'; sleep 3; record release-drift-corrected helmrelease drifting
}

for part in ${PARTS:-kustomizations releases}; do "part_$part"; done
