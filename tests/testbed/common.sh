# Read by the other scripts: where things lie, which ports are used, and how to fail loudly.
#
#   FLUXDECK_TESTBED             what is built once: binaries and CRDs       (default ~/.cache/fluxdeck-testbed)
#   FLUXDECK_TESTBED_RUN         what one run makes: clusters, repository    (default $FLUXDECK_TESTBED/run)
#   FLUXDECK_TESTBED_STAGING     first of 18 ports of the staging cluster    (default 21000)
#   FLUXDECK_TESTBED_PRODUCTION  first of 18 ports of production             (default 22000)
#   FLUXDECK_TESTBED_FAULTS      first of 18 ports of faults, which its test starts (default 23000)
#   FLUXDECK_TESTBED_SERVER      port of the Git and chart server            (default 20999)
# and for recordings (tests/recordings), which want an empty control plane that waits as long as a true one:
#   FLUXDECK_TESTBED_REQUEUE     when a dependency is looked at again        (default 5s)
#   FLUXDECK_TESTBED_CONTROLLERS what kube-controller-manager runs           (default: no eviction)
#   FLUXDECK_TESTBED_NODES       kwok's argument that names its nodes        (default: all)
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
checkout=$(cd "$here/../.." && pwd)
testbed=$(realpath -m "${FLUXDECK_TESTBED:-$HOME/.cache/fluxdeck-testbed}")
run=$(realpath -m "${FLUXDECK_TESTBED_RUN:-$testbed/run}")
bin=$testbed/bin
ports_per_cluster=18
server_port=${FLUXDECK_TESTBED_SERVER:-20999}
environments=(staging production)

say() { printf 'testbed: %s\n' "$*" >&2; }
fail() { say "FAILED: $*"; exit 1; }

# need PROGRAM WHY: the testbed never skips what it cannot run.
need() { command -v "$1" >/dev/null || fail "$1 is not installed; it is needed $2"; }

base_port() {
  case $1 in
    staging) echo "${FLUXDECK_TESTBED_STAGING:-21000}" ;;
    production) echo "${FLUXDECK_TESTBED_PRODUCTION:-22000}" ;;
    faults) echo "${FLUXDECK_TESTBED_FAULTS:-23000}" ;;
    *) fail "no environment is called $1" ;;
  esac
}

# must_be_free PORT…: something else that listens there would answer in the cluster's place.
must_be_free() {
  local port
  for port in "$@"; do
    if (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then
      fail "port $port of 127.0.0.1 is taken: end what listens there, or choose other ports (see tests/testbed/common.sh)"
    fi
  done
}

# start NAME LOG COMMAND…: runs it in the background and notes its process id for down.sh.
start() {
  local folder=$1 log=$2
  shift 2
  "$@" >"$log" 2>&1 </dev/null &
  echo $! >>"$folder/pids"
}

kubectl() { "$bin/kubectl" --kubeconfig "$run/$1/kubeconfig" "${@:2}"; }
