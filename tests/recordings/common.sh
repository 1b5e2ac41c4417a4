# Read by the recorders: a repository and a chart server beside an empty control plane, and how a state is kept.
#
# KUBECONFIG reaches an empty control plane with source-controller, kustomize-controller and helm-controller (FLUXDECK_TESTBED_REQUEUE=30s
# tests/testbed/up.sh NAME starts one); PORT on loopback is free. Whatever differs from run to run (times, identifiers, hashes, durations,
# ports) is replaced.
set -euo pipefail
export KUBECONFIG=$1
port=$2
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
kubectl=${KUBECTL:-kubectl}
work=$(mktemp -d)
servers=()
finish() { kill "${servers[@]}" 2>/dev/null || true; rm -rf "$work"; }
trap finish EXIT

git init -q -b main "$work/tree"
mkdir -p "$work/tree/healthy" "$work/git" "$work/charts"
cat > "$work/tree/healthy/settings.yaml" <<Y
apiVersion: v1
kind: ConfigMap
metadata: {name: settings, namespace: default}
data: {colour: blue}
Y
publish() { # publish SUBJECT
  git -C "$work/tree" add -A
  git -C "$work/tree" -c user.name=recorder -c user.email=recorder@example.com commit -q --allow-empty -m "$1"
  rm -rf "$work/git/served.git"
  git clone -q --bare "$work/tree" "$work/git/served.git"
}

# serve: begins to serve the repository and the charts.
serve() {
  python3 "$here/../testbed/serve.py" "$work" "$port" 2> "$work/served.log" & servers+=($!)
  for _ in $(seq 50); do curl -fsS -o /dev/null "http://127.0.0.1:$port/charts/index.yaml" 2> /dev/null && return; sleep 0.1; done
  echo "nothing is served: see $work/served.log" >&2
  exit 1
}

# index CHART VERSION…: packages what lies in $work/CHART-VERSION and writes the index of the chart server.
index() {
  local name=$1 version
  {
    printf 'apiVersion: v1\nentries:\n  %s:\n' "$name"
    for version in "${@:2}"; do
      rm -rf "${work:?}/$name"
      cp -r "$work/$name-$version" "$work/$name"
      printf 'apiVersion: v2\nname: %s\nversion: %s\nappVersion: "%s"\n' "$name" "$version" "$version" > "$work/$name/Chart.yaml"
      tar -C "$work" -czf "$work/charts/$name-$version.tgz" "$name"
      printf -- '  - {apiVersion: v2, name: %s, version: %s, appVersion: "%s", urls: [%s-%s.tgz]}\n' "$name" "$version" "$version" "$name" "$version"
    done
  } > "$work/charts/index.yaml"
}

clean='
  def scrub:
    gsub("[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}(\\.[0-9]+)?Z"; "TIME")
    | gsub("(?<algorithm>sha1|sha256):[0-9a-f]{40,64}"; "\(.algorithm):HASH")
    | gsub("[0-9a-f]{40,64}"; "HASH")
    | gsub("127\\.0\\.0\\.1:[0-9]+"; "HOST")
    | gsub("kustomization-[0-9]+"; "kustomization-N")
    | gsub("Last Helm logs:[\\s\\S]*"; "Last Helm logs: LOGS")
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
      events: [$events.items[] | select(.reason != "GarbageCollectionSucceeded") | {type, reason, message}]}' |
    jq --sort-keys "$clean | .events |= unique" > "$here/$1.json"
  echo "recorded $1"
}
apply() { "$kubectl" apply -f - > /dev/null; }
ask() { # ask KIND NAME TOKEN [force]
  "$kubectl" annotate --overwrite -n flux-system "$1" "$2" "reconcile.fluxcd.io/requestedAt=$3" ${4:+"reconcile.fluxcd.io/forceAt=$3"} > /dev/null
}
until_true() { # until_true KIND NAME JQ
  for _ in $(seq 480); do
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

repository() {
  apply <<Y
apiVersion: source.toolkit.fluxcd.io/v1
kind: GitRepository
metadata: {name: repository, namespace: flux-system}
spec: {interval: 10m, url: "http://127.0.0.1:$port/git/served.git", ref: {branch: main}}
Y
}
charts() {
  apply <<Y
apiVersion: source.toolkit.fluxcd.io/v1
kind: HelmRepository
metadata: {name: charts, namespace: flux-system}
spec: {interval: 10m, url: "http://127.0.0.1:$port/charts"}
Y
}
kustomization() { # kustomization NAME PATH TIMEOUT [DEPENDENCY] [SPEC]
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
  sourceRef: {kind: GitRepository, name: ${SOURCE:-repository}}
  dependsOn: [${4:+"{name: $4}"}]
  ${5:-}
Y
}

# keep STEP NAMESPACE KIND NAME : keeps what other controllers make of an object, with the events about it, under workloads/.
keep() {
  local object events
  object=$("$kubectl" get ${2:+-n "$2"} "$3" "$4" -o json)
  events=$("$kubectl" get -n "${2:-default}" events -o json --field-selector "involvedObject.name=$4,involvedObject.kind=$(jq -r .kind <<< "$object")")
  mkdir -p "$here/workloads"
  jq -n --sort-keys --argjson object "$object" --argjson events "$events" \
    '{kind: $object.kind, generation: $object.metadata.generation, deleted: ($object.metadata.deletionTimestamp != null), taints: $object.spec.taints,
      status: $object.status, events: [$events.items[] | {type, reason, message}]}' |
    jq --sort-keys "$clean | .events |= unique" > "$here/workloads/$1.json"
  echo "kept $1"
}
