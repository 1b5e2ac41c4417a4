#!/bin/bash
# record.sh KUBECONFIG PORT : records how the real Flux controllers move the status of their objects, for the simulation to be compared with.
# Writes one JSON file for each step beside this script: the object's generation and status, and the events about it. See common.sh.
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

mkdir -p "$work/tree/failing"
# A claim for storage that nobody provides is never bound.
cat > "$work/tree/failing/claim.yaml" <<Y
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: data, namespace: default}
spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}
Y
publish "the first commit"
for version in 0.1.0 0.2.0; do
  mkdir -p "$work/demo-$version/templates"
  printf 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: demo}\ndata: {version: "%s"}\n' "$version" > "$work/demo-$version/templates/settings.yaml"
  printf 'colour: blue\n' > "$work/demo-$version/values.yaml"
done
index demo 0.1.0 0.2.0
serve

repository
until_true gitrepository repository "$ready"; record git-fresh gitrepository repository
ask gitrepository repository one
until_true gitrepository repository "$(handled one)"; record git-requested gitrepository repository

kustomization healthy ./healthy 5m
until_true kustomization healthy "$ready"; record kustomization-fresh kustomization healthy
ask kustomization healthy one
until_true kustomization healthy "$(handled one)"; record kustomization-requested kustomization healthy
kustomization failing ./failing 10s
until_true kustomization failing '.status.conditions // [] | any(.type == "Healthy")'; record kustomization-checking kustomization failing
kustomization waiting ./healthy 5m failing
until_true kustomization waiting "$(reason DependencyNotReady)"; record kustomization-waiting kustomization waiting
kustomization orphaned ./healthy 5m nobody
until_true kustomization orphaned "$(reason DependencyNotReady)"; record kustomization-orphaned kustomization orphaned
until_true kustomization failing "$(reason HealthCheckFailed)"; record kustomization-failing kustomization failing
"$kubectl" patch -n flux-system kustomization healthy --type merge -p '{"spec":{"suspend":true}}' > /dev/null
ask kustomization healthy two
sleep 3; record kustomization-suspended kustomization healthy
"$kubectl" patch -n flux-system kustomization healthy --type merge -p '{"spec":{"suspend":false}}' > /dev/null
until_true kustomization healthy '.status.observedGeneration == 3'; record kustomization-resumed kustomization healthy
"$kubectl" patch -n flux-system gitrepository repository --type merge -p '{"spec":{"suspend":true}}' > /dev/null
ask gitrepository repository two
sleep 3; record git-suspended gitrepository repository
"$kubectl" patch -n flux-system gitrepository repository --type merge -p '{"spec":{"suspend":false}}' > /dev/null
until_true gitrepository repository '.status.observedGeneration == 3'
sed -i 's/blue/green/' "$work/tree/healthy/settings.yaml"; publish "the second commit"
ask gitrepository repository three
until_true gitrepository repository "$(handled three)"; record git-new-commit gitrepository repository
until_true kustomization healthy '.status.history | length == 2'; record kustomization-new-commit kustomization healthy

charts
until_true helmrepository charts "$ready"; record helm-repository-fresh helmrepository charts
ask helmrepository charts one
until_true helmrepository charts "$(handled one)"; record helm-repository-requested helmrepository charts
release() { # release NAME VERSION [DEPENDENCY]
  apply <<Y
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: $1, namespace: flux-system}
spec:
  interval: 10m
  chart: {spec: {chart: demo, version: $2, sourceRef: {kind: HelmRepository, name: charts}}}
  values: {colour: red}
  dependsOn: [${3:+"{name: $3}"}]
Y
}
release demo 0.1.0
until_true helmrelease demo "$ready"; record release-fresh helmrelease demo
record chart-fresh helmchart flux-system-demo
ask helmrelease demo one
until_true helmrelease demo "$(handled one)"; record release-requested helmrelease demo
release demo 0.2.0
until_true helmrelease demo '.status.history[0].version == 2 and (.status.conditions | any(.type == "Ready" and .status == "True"))'
record release-upgraded helmrelease demo
record chart-upgraded helmchart flux-system-demo
ask helmrelease demo two force
until_true helmrelease demo "$(handled two)"; record release-forced helmrelease demo
"$kubectl" patch -n flux-system helmrelease demo --type merge -p '{"spec":{"suspend":true}}' > /dev/null
ask helmrelease demo three
sleep 3; record release-suspended helmrelease demo
release waiting 0.1.0 demo-that-is-not-there
until_true helmrelease waiting "$(reason DependencyNotReady)"; record release-orphaned helmrelease waiting
release lacking 9.9.9
until_true helmrelease lacking "$(reason SourceNotReady)"; sleep 2; record release-without-chart helmrelease lacking
record chart-missing helmchart flux-system-lacking
