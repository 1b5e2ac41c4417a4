#!/usr/bin/env bash
# run.sh [ARGUMENT…]: the suite on real control planes in one command: builds, starts both, seeds them, runs `cargo test --test real` with
# the arguments, and stops everything, whatever happened. FLUXDECK_TESTBED_KEEP=1 leaves the clusters running (down.sh ends them).
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

need cargo "to build fluxdeck and its tests"
finish() {
  local status=$?
  if [ "${FLUXDECK_TESTBED_KEEP:-}" = 1 ]; then
    say "left running: FLUXDECK_TESTBED_RUN=$run, KUBECONFIG=$run/kubeconfig, repository $run/repo; tests/testbed/down.sh ends it"
  else
    "$here/down.sh"
  fi
  [ $status -eq 0 ] || say "FAILED with status $status; logs are in $run/*/log"
  exit $status
}
trap finish EXIT
trap 'exit 130' INT TERM HUP

"$here/start.sh"
cd "$checkout"
FLUXDECK_TESTBED=$testbed FLUXDECK_TESTBED_RUN=$run cargo test --test real -- "$@"
