#!/usr/bin/env bash
# run.sh [--figures] [ARGUMENT…]: the suite on real control planes in one command: builds, starts both, seeds them, runs `cargo test --test
# real` with the arguments, and stops everything, whatever happened. With --figures it measures the release build instead of testing it.
# FLUXDECK_TESTBED_KEEP=1 leaves the clusters running (down.sh ends them).
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

need cargo "to build fluxdeck and its tests"
tests=(--test real --)
if [ "${1:-}" = --figures ]; then
  need curl "to measure the API server itself"
  shift
  tests=(--release --test figures -- --nocapture)
fi

# Each part runs in a process group of its own, so that a signal ends it with all that it started, and at once.
set -m
part=
part() {
  local status=0
  "$@" </dev/null &
  part=$!
  wait "$part" || status=$?
  part=
  return $status
}
finish() {
  local status=$?
  trap '' INT TERM HUP
  [ -z "$part" ] || kill -- "-$part" 2>/dev/null || true
  if [ "${FLUXDECK_TESTBED_KEEP:-}" = 1 ] && [ -z "$part" ]; then
    say "left running: FLUXDECK_TESTBED_RUN=$run, KUBECONFIG=$run/kubeconfig, repository $run/repo; tests/testbed/down.sh ends it"
  else
    "$here/down.sh"
  fi
  [ $status -eq 0 ] || say "FAILED with status $status; logs are in $run/*/log"
  exit $status
}
trap finish EXIT
trap 'exit 130' INT TERM HUP

part "$here/start.sh"
cd "$checkout"
export FLUXDECK_TESTBED=$testbed FLUXDECK_TESTBED_RUN=$run
part cargo test "${tests[@]}" "$@"
