#!/bin/bash
# record.sh KUBECONFIG PORT : records how the real Flux controllers move the status of their objects, for the simulation to be compared with.
#
# KUBECONFIG reaches an empty control plane with source-controller, kustomize-controller and helm-controller; PORT and PORT+1 on loopback are
# free. Writes one JSON file for each step beside this script: the object's generation and status, and the events about it. Whatever differs
# from run to run (times, identifiers, hashes, durations, ports) is replaced.
set -euo pipefail
export KUBECONFIG=$1
port=$2
here=$(cd "$(dirname "$0")" && pwd)
kubectl=${KUBECTL:-kubectl}
work=$(mktemp -d)
servers=()
finish() { kill "${servers[@]}" 2>/dev/null || true; rm -rf "$work"; }
trap finish EXIT

# A repository with what the Kustomizations build.
git init -q -b main "$work/tree"
mkdir -p "$work/tree"/{healthy,failing} "$work/charts"
cat > "$work/tree/healthy/settings.yaml" <<Y
apiVersion: v1
kind: ConfigMap
metadata: {name: settings, namespace: default}
data: {colour: blue}
Y
# A claim for storage that nobody provides is never bound.
cat > "$work/tree/failing/claim.yaml" <<Y
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: data, namespace: default}
spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}
Y
publish() { # publish SUBJECT
  git -C "$work/tree" add -A
  git -C "$work/tree" -c user.name=recorder -c user.email=recorder@example.com commit -q --allow-empty -m "$1"
  rm -rf "$work/served.git"
  git clone -q --bare "$work/tree" "$work/served.git"
}
publish "the first commit"
python3 "${GITSERVER:?the git server to use: gitserver.py ROOT PORT}" "$work" "$port" 2> "$work/git.log" & servers+=($!)

# Two versions of a chart, in a repository of charts.
for version in 0.1.0 0.2.0; do
  mkdir -p "$work/demo/templates"
  printf 'apiVersion: v2\nname: demo\nversion: %s\nappVersion: "%s"\n' "$version" "$version" > "$work/demo/Chart.yaml"
  printf 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: demo}\ndata: {version: "%s"}\n' "$version" > "$work/demo/templates/settings.yaml"
  printf 'colour: blue\n' > "$work/demo/values.yaml"
  tar -C "$work" -czf "$work/charts/demo-$version.tgz" demo
done
{
  printf 'apiVersion: v1\nentries:\n  demo:\n'
  for version in 0.1.0 0.2.0; do
    printf -- '  - {apiVersion: v2, name: demo, version: %s, appVersion: "%s", urls: [demo-%s.tgz]}\n' "$version" "$version" "$version"
  done
} > "$work/charts/index.yaml"
python3 -m http.server --bind 127.0.0.1 --directory "$work/charts" $((port + 1)) 2> "$work/charts.log" & servers+=($!)

for server in "served.git/HEAD" ""; do # wait until both serve
  at=$([ -n "$server" ] && echo "$port/$server" || echo "$((port + 1))/")
  for _ in $(seq 50); do curl -fsS -o /dev/null "http://127.0.0.1:$at" 2> /dev/null && break; sleep 0.1; done
done

clean='
  def scrub:
    gsub("[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}(\\.[0-9]+)?Z"; "TIME")
    | gsub("(?<algorithm>sha1|sha256):[0-9a-f]{40,64}"; "\(.algorithm):HASH")
    | gsub("[0-9a-f]{40,64}"; "HASH")
    | gsub("127\\.0\\.0\\.1:[0-9]+"; "HOST")
    | gsub("size [0-9.]+ ?k?B"; "size SIZE")
    | gsub("(?<word> in| after) ([0-9]+m)?[0-9]+(\\.[0-9]+)?(ms|µs|s)"; "\(.word) DURATION");
  walk(if type == "string" then scrub else . end)
  | walk(if type == "object" then
      with_entries(if .key == "size" then .value = "SIZE"
        elif (.key | test("Duration$")) then .value = "DURATION"
        elif (.key | test("^last(HandledReconcileAt|HandledForceAt)$")) then .
        else . end) else . end)'

# record STEP KIND NAME : keeps the object's state under the step's name.
record() {
  local object events
  object=$("$kubectl" get -n flux-system "$2" "$3" -o json)
  sleep 1 # events are written behind the status
  events=$("$kubectl" get -n flux-system events -o json --field-selector "involvedObject.name=$3,involvedObject.kind=$(jq -r .kind <<< "$object")")
  jq -n --sort-keys --argjson object "$object" --argjson events "$events" \
    '{kind: $object.kind, generation: $object.metadata.generation, status: $object.status,
      events: [$events.items[] | {type, reason, message}]}' | jq --sort-keys "$clean | .events |= unique" > "$here/$1.json"
  echo "recorded $1"
}
apply() { "$kubectl" apply -f - > /dev/null; }
ask() { # ask KIND NAME TOKEN [force]
  "$kubectl" annotate --overwrite -n flux-system "$1" "$2" "reconcile.fluxcd.io/requestedAt=$3" ${4:+"reconcile.fluxcd.io/forceAt=$3"} > /dev/null
}
until_true() { # until_true KIND NAME JQ
  for _ in $(seq 240); do
    "$kubectl" get -n flux-system "$1" "$2" -o json | jq -e "$3" > /dev/null && return 0
    sleep 0.25
  done
  echo "$1/$2 never became: $3" >&2
  "$kubectl" get -n flux-system "$1" "$2" -o yaml >&2
  exit 1
}
ready='.status.conditions // [] | any(.type == "Ready" and .status == "True")'
reason() { echo ".status.conditions // [] | any(.type == \"Ready\" and .reason == \"$1\")"; }
handled() { echo ".status.lastHandledReconcileAt == \"$1\""; }

apply <<Y
apiVersion: source.toolkit.fluxcd.io/v1
kind: GitRepository
metadata: {name: repository, namespace: flux-system}
spec: {interval: 10m, url: "http://127.0.0.1:$port/served.git", ref: {branch: main}}
Y
until_true gitrepository repository "$ready"; record git-fresh gitrepository repository
ask gitrepository repository one
until_true gitrepository repository "$(handled one)"; record git-requested gitrepository repository

kustomization() { # kustomization NAME PATH TIMEOUT [DEPENDENCY]
  apply <<Y
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: $1, namespace: flux-system}
spec:
  interval: 10m
  retryInterval: 10m
  timeout: $3
  path: $2
  prune: true
  wait: true
  sourceRef: {kind: GitRepository, name: repository}
  dependsOn: [${4:+"{name: $4}"}]
Y
}
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

apply <<Y
apiVersion: source.toolkit.fluxcd.io/v1
kind: HelmRepository
metadata: {name: charts, namespace: flux-system}
spec: {interval: 10m, url: "http://127.0.0.1:$((port + 1))"}
Y
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
