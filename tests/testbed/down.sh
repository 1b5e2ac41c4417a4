#!/usr/bin/env bash
# down.sh [NAME…]: ends what up.sh and seed.sh started, by the process ids that they noted; without a name, everything.
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

[ $# -gt 0 ] || set -- "${environments[@]}" faults server

# ours PID: an id may have passed to a stranger since; what this run started works inside its folder.
ours() { [[ $(readlink "/proc/$1/cwd") == "$run"/* ]]; }

for name in "$@"; do
  pids=$run/$name/pids
  [ -f "$pids" ] || continue
  mapfile -t processes <"$pids"
  rm -f "$pids"
  for process in "${processes[@]}"; do
    if ours "$process"; then kill "$process" 2>/dev/null || true; fi
  done
  for process in "${processes[@]}"; do
    for attempt in $(seq 50); do
      ours "$process" || break
      [ "$attempt" -lt 50 ] || kill -9 "$process" 2>/dev/null || true
      sleep 0.1
    done
  done
done
