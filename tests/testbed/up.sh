#!/usr/bin/env bash
# up.sh staging|production|faults: one real control plane with the real Flux controllers on 127.0.0.1, in about ten seconds and 1 GB of memory.
# Writes $FLUXDECK_TESTBED_RUN/NAME/kubeconfig with a context of that name. down.sh NAME ends it.
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

name=${1:?"up.sh staging|production"}
base=$(base_port "$name")
cluster=$run/$name
need openssl "for the cluster's certificates"
need python3 "to write the controllers' logs in the form that kwok serves"
"$here/down.sh" "$name"
must_be_free $(seq "$base" $((base + ports_per_cluster - 1)))
rm -rf "$cluster"
mkdir -p "$cluster"/{log,artifacts,pod-logs,inside}
cd "$cluster"

# A CA and a leaf: rustls refuses a self-signed CA as the certificate of a server.
openssl req -x509 -newkey rsa:2048 -nodes -days 30 -subj "/CN=testbed-ca-$name" -keyout ca.key -out ca.crt 2>/dev/null
openssl req -newkey rsa:2048 -nodes -subj "/CN=testbed-$name" -keyout tls.key -out tls.csr 2>/dev/null
openssl x509 -req -in tls.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 30 -out tls.crt -extfile <(printf '%s\n' \
  basicConstraints=CA:FALSE subjectAltName=IP:127.0.0.1,DNS:localhost,DNS:kubernetes extendedKeyUsage=serverAuth,clientAuth) 2>/dev/null
openssl genrsa -out service-account.key 2048 2>/dev/null
openssl rsa -in service-account.key -pubout -out service-account.pub 2>/dev/null
# admin may all; reader may only look, for what the cockpit shows to somebody without rights. What audited asks for is written down.
cat >tokens.csv <<TOKENS
token-$name,admin,admin,"system:masters"
audited-$name,audited,audited,"system:masters"
reader-$name,reader,reader,"testbed:readers"
TOKENS
cat >audit.yaml <<AUDIT
apiVersion: audit.k8s.io/v1
kind: Policy
rules: [{level: Metadata, users: [audited], omitStages: [RequestReceived]}, {level: None}]
AUDIT
cat >kubeconfig <<KUBECONFIG
apiVersion: v1
kind: Config
clusters: [{name: $name, cluster: {server: "https://127.0.0.1:$((base + 2))", certificate-authority: $cluster/ca.crt}}]
users: [{name: $name, user: {token: token-$name}}]
contexts: [{name: $name, context: {cluster: $name, user: $name}}]
current-context: $name
KUBECONFIG

component() { start "$cluster" "log/$1.log" "$bin/$1" "${@:2}"; }

component etcd --name "$name" --data-dir etcd --unsafe-no-fsync \
  --listen-client-urls "http://127.0.0.1:$base" --advertise-client-urls "http://127.0.0.1:$base" \
  --listen-peer-urls "http://127.0.0.1:$((base + 1))" --initial-advertise-peer-urls "http://127.0.0.1:$((base + 1))" \
  --initial-cluster "$name=http://127.0.0.1:$((base + 1))"
component kube-apiserver --etcd-servers "http://127.0.0.1:$base" --bind-address 127.0.0.1 --advertise-address 127.0.0.1 \
  --secure-port $((base + 2)) --tls-cert-file tls.crt --tls-private-key-file tls.key --kubelet-certificate-authority ca.crt \
  --service-account-issuer https://kubernetes.default.svc --service-account-key-file service-account.pub \
  --service-account-signing-key-file service-account.key --service-cluster-ip-range 10.96.0.0/16 --endpoint-reconciler-type none \
  --token-auth-file tokens.csv --authorization-mode RBAC --allow-privileged=true \
  --audit-policy-file audit.yaml --audit-log-path log/audit.log
for _ in $(seq 200); do
  kubectl "$name" get --raw /readyz >/dev/null 2>&1 && ready=yes && break
  sleep 0.2
done
[ "${ready:-}" = yes ] || fail "the API server of $name did not become ready: see $cluster/log/kube-apiserver.log"

# Eviction and the collection of ended pods are left out: both act on a machine that is merely busy.
component kube-controller-manager --kubeconfig kubeconfig --service-account-private-key-file service-account.key --root-ca-file ca.crt \
  --bind-address 127.0.0.1 --secure-port $((base + 3)) --leader-elect=false \
  --controllers="${FLUXDECK_TESTBED_CONTROLLERS:-*,-nodeipam,-cloud-node-lifecycle,-taint-eviction-controller,-pod-garbage-collector-controller}"
component kube-scheduler --kubeconfig kubeconfig --leader-elect=false --bind-address 127.0.0.1 --secure-port $((base + 4))

kubectl "$name" apply --server-side -f "$testbed/crds" >/dev/null
kubectl "$name" wait --for=condition=Established -f "$testbed/crds" --timeout=60s >/dev/null
if [ "$name" = faults ]; then
  kubectl "$name" apply --server-side --force-conflicts -f "$testbed/crds-faults" >/dev/null
  kubectl "$name" wait --for=condition=Established -f "$testbed/crds-faults" --timeout=60s >/dev/null
  kubectl "$name" create namespace cert-manager >/dev/null
fi
kubectl "$name" create namespace flux-system >/dev/null
kubectl "$name" apply -f "$here/k3s.yaml" >/dev/null
"$here/volumes.sh" "$name"
kubectl "$name" apply -f "$here/readers.yaml" >/dev/null
for node in 0 1 2; do
  printf '%s\n' "{apiVersion: v1, kind: Node, metadata: {name: $name-$node, annotations: {kwok.x-k8s.io/node: fake, metrics.k8s.io/resource-metrics-path: /metrics/nodes/$name-$node/metrics/resource}, labels: {kubernetes.io/arch: arm64, kubernetes.io/os: linux, kubernetes.io/hostname: $name-$node}}}" ---
done | kubectl "$name" apply -f - >/dev/null

# kwok plays the kubelets: pods on its nodes become Running without being run. What is appended to pod-logs/every-pod is the log of every
# pod; those that stand for a controller have a Logs resource of their own, and answer with an error until they do, like a pod that starts.
# A command in a pod runs here, in the folder inside; every port of every pod is source-controller's, which answers /healthz.
# Leases are kept, else the nodes turn NotReady after 40 seconds.
: >pod-logs/every-pod
cat >kwok.yaml <<KWOK
apiVersion: kwok.x-k8s.io/v1alpha1
kind: ClusterLogs
metadata: {name: every-pod}
spec:
  logs:
    - {containers: [manager], logsFile: $cluster/pod-logs/not-yet}
    - {logsFile: $cluster/pod-logs/every-pod, follow: true}
---
apiVersion: kwok.x-k8s.io/v1alpha1
kind: ClusterExec
metadata: {name: every-pod}
spec:
  execs: [{local: {workDir: $cluster/inside}}]
---
apiVersion: kwok.x-k8s.io/v1alpha1
kind: ClusterPortForward
metadata: {name: every-pod}
spec:
  forwards: [{target: {address: 127.0.0.1, port: $((base + 7))}}]
KWOK
# What every container uses, for metrics-server: kwok serves it in the form of a kubelet's /metrics/resource.
[ "$name" != faults ] || cat >>kwok.yaml <<'KWOK'
---
apiVersion: kwok.x-k8s.io/v1alpha1
kind: ClusterResourceUsage
metadata: {name: every-pod}
spec: {usages: [{usage: {cpu: {value: 50m}, memory: {value: 20Mi}}}]}
---
apiVersion: kwok.x-k8s.io/v1alpha1
kind: Metric
metadata: {name: resource}
spec:
  path: /metrics/nodes/{nodeName}/metrics/resource
  metrics:
    - {name: node_cpu_usage_seconds_total, dimension: node, kind: counter, value: 'node.CumulativeUsage("cpu")'}
    - {name: node_memory_working_set_bytes, dimension: node, kind: gauge, value: 'node.Usage("memory")'}
    - name: container_start_time_seconds
      dimension: container
      kind: gauge
      labels: &container
        - {name: container, value: container.name}
        - {name: namespace, value: pod.metadata.namespace}
        - {name: pod, value: pod.metadata.name}
      value: pod.SinceSecond()
    - {name: container_cpu_usage_seconds_total, dimension: container, kind: counter, labels: *container, value: 'pod.CumulativeUsage("cpu", container.name)'}
    - {name: container_memory_working_set_bytes, dimension: container, kind: gauge, labels: *container, value: 'pod.Usage("memory", container.name)'}
KWOK
component kwok --config kwok.yaml --enable-crds Logs --kubeconfig kubeconfig "${FLUXDECK_TESTBED_NODES:---manage-all-nodes=true}" --node-lease-duration-seconds 40 \
  --node-ip 127.0.0.1 --node-port $((base + 12)) --server-address "127.0.0.1:$((base + 12))" \
  --tls-cert-file tls.crt --tls-private-key-file tls.key

# The Flux controllers run here, outside the cluster, and Deployments stand for them inside it, with the true logs.
export KUBECONFIG=$cluster/kubeconfig RUNTIME_NAMESPACE=flux-system
controller() {
  local log=log/$1.log lines=pod-logs/$1
  : >"$log"
  : >"$lines"
  "$bin/$1" --events-addr "" "${@:2}" > >(exec python3 "$here/cri_log.py" "$log" "$lines") 2>&1 </dev/null &
  echo $! >>pids
}
controller source-controller --storage-path "$cluster/artifacts" --storage-addr "127.0.0.1:$((base + 5))" \
  --storage-adv-addr "127.0.0.1:$((base + 5))" --metrics-addr "127.0.0.1:$((base + 6))" --health-addr "127.0.0.1:$((base + 7))"
# Waiting for a dependency is looked at every 5 seconds rather than every 30: the seed would else take minutes.
requeue=${FLUXDECK_TESTBED_REQUEUE:-5s}
sharded=()
[ "$name" != faults ] || sharded=(--watch-label-selector '!sharding.fluxcd.io/key')
controller kustomize-controller --requeue-dependency "$requeue" "${sharded[@]}" --metrics-addr "127.0.0.1:$((base + 8))" --health-addr "127.0.0.1:$((base + 9))"
controller helm-controller --requeue-dependency "$requeue" --metrics-addr "127.0.0.1:$((base + 10))" --health-addr "127.0.0.1:$((base + 11))"
if [ "$name" = faults ]; then
  # Flux 2.9 applies what has its shard's key. Certificates come from an ACME server that refuses one domain, and answers on this machine alone.
  controller newer-kustomize-controller --watch-label-selector sharding.fluxcd.io/key=newer --requeue-dependency "$requeue" \
    --metrics-addr "127.0.0.1:$((base + 13))" --health-addr "127.0.0.1:$((base + 14))"
  cat >pebble.json <<PEBBLE
{"pebble": {"listenAddress": "127.0.0.1:$((base + 15))", "managementListenAddress": "127.0.0.1:$((base + 16))",
  "certificate": "$cluster/tls.crt", "privateKey": "$cluster/tls.key", "httpPort": 1, "tlsPort": 1, "domainBlocklist": ["blocked.example.org"],
  "profiles": {"default": {"description": "as usual", "validityPeriod": 7776000}}}}
PEBBLE
  start "$cluster" log/pebble.log "$bin/pebble" -config pebble.json -dnsserver 127.0.0.1:1
  kubectl "$name" apply -f - >/dev/null <<METRICS
apiVersion: apiregistration.k8s.io/v1
kind: APIService
metadata: {name: v1beta1.metrics.k8s.io}
spec:
  {group: metrics.k8s.io, version: v1beta1, groupPriorityMinimum: 100, versionPriority: 100, insecureSkipTLSVerify: true,
   service: {name: metrics-server, namespace: kube-system, port: $((base + 17))}}
---
apiVersion: v1
kind: Service
metadata: {name: metrics-server, namespace: kube-system}
spec: {type: ExternalName, externalName: localhost, ports: [{port: $((base + 17))}]}
---
# The API server has no certificate to present there.
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: testbed-metrics}
rules:
  - {apiGroups: [metrics.k8s.io], resources: ["*"], verbs: [get, list]}
  - {nonResourceURLs: ["/apis/metrics.k8s.io", "/apis/metrics.k8s.io/*"], verbs: [get]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: testbed-metrics}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: testbed-metrics}
subjects: [{apiGroup: rbac.authorization.k8s.io, kind: Group, name: "system:unauthenticated"}]
METRICS
  component metrics-server --kubeconfig kubeconfig --authentication-kubeconfig kubeconfig --authorization-kubeconfig kubeconfig \
    --authentication-tolerate-lookup-failure --bind-address 127.0.0.1 --secure-port $((base + 17)) --tls-cert-file tls.crt --tls-private-key-file tls.key \
    --kubelet-insecure-tls --kubelet-use-node-status-port --kubelet-preferred-address-types InternalIP --metric-resolution 15s --kubelet-request-timeout 5s
  SSL_CERT_FILE=$cluster/ca.crt start "$cluster" log/cert-manager.log "$bin/cert-manager" --kubeconfig kubeconfig
fi
kubectl "$name" apply -f "$here/controllers.yaml" >/dev/null
start "$cluster" log/controller-logs.log "$here/controller-logs.sh" "$name"
say "$name is up: KUBECONFIG=$cluster/kubeconfig"
