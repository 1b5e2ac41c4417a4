#!/usr/bin/env bash
# pods.sh NAME [COUNT]: makes COUNT pods (10,000 unless told) in the cluster NAME, for the figures: bound to a node from the start, in 25
# namespaces. About a minute for 10,000. `pods.sh NAME 0` takes them away.
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

name=${1:?"pods.sh NAME [COUNT]"}
count=${2:-10000}
namespaces=25
names=$(seq -f "load-%02.0f" 0 $((namespaces - 1)))
if [ "$count" -eq 0 ]; then
  kubectl "$name" delete namespace $names --ignore-not-found >/dev/null
  exit 0
fi
for namespace in $names; do printf '%s\n' "{apiVersion: v1, kind: Namespace, metadata: {name: $namespace}}" ---; done |
  kubectl "$name" apply -f - >/dev/null
server=$(kubectl "$name" config view --minify --output 'jsonpath={.clusters[0].cluster.server}')
# Straight to the API, eight at a time over kept connections: kubectl would read and compare each of them first.
python3 - "$server" "$run/$name/ca.crt" "token-$name" "$name" "$count" "$namespaces" <<'PYTHON'
import concurrent.futures, http.client, json, ssl, sys, threading, urllib.parse
server, ca, token, node, count, namespaces = sys.argv[1:5] + [int(sys.argv[5]), int(sys.argv[6])]
address, context, local = urllib.parse.urlsplit(server).netloc, ssl.create_default_context(cafile=ca), threading.local()

def make(number):
    namespace = f"load-{number % namespaces:02}"
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": f"worker-{number:05}", "labels": {"app": f"app-{number % 40}"}},
           "spec": {"nodeName": f"{node}-{number % 3}", "automountServiceAccountToken": False,
                    "containers": [{"name": "main", "image": "registry.example/worker:1.0"}]}}
    if not hasattr(local, "connection"):
        local.connection = http.client.HTTPSConnection(address, context=context)
    local.connection.request("POST", f"/api/v1/namespaces/{namespace}/pods", json.dumps(pod),
                             {"Authorization": f"Bearer {token}", "Content-Type": "application/json"})
    answer = local.connection.getresponse()
    text = answer.read()
    if answer.status not in (201, 409):
        sys.exit(f"a pod was refused: {answer.status} {text[:300]}")

with concurrent.futures.ThreadPoolExecutor(8) as pool:
    for _ in pool.map(make, range(count)):
        pass
PYTHON
until [ "$(kubectl "$name" get pods --all-namespaces --field-selector status.phase=Running --output name | grep -c '^pod/worker-')" -ge "$count" ]; do
  sleep 1
done
say "$count pods run in $name after $SECONDS seconds"
