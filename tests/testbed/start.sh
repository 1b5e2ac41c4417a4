#!/usr/bin/env bash
# start.sh: builds what is missing, starts staging and production, seeds them, and writes one kubeconfig with both contexts.
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

"$here/build.sh"
"$here/down.sh"
mkdir -p "$run"
# Both at once: each waits for itself most of the time.
starting=()
for name in "${environments[@]}"; do
  "$here/up.sh" "$name" &
  starting+=($!)
done
for process in "${starting[@]}"; do wait "$process" || fail "a control plane did not start: see the messages above"; done
KUBECONFIG=$run/staging/kubeconfig:$run/production/kubeconfig "$bin/kubectl" config view --flatten >"$run/kubeconfig"
chmod 600 "$run/kubeconfig"
"$here/seed.sh"
say "KUBECONFIG=$run/kubeconfig has the contexts ${environments[*]}; the repository is $run/repo"
