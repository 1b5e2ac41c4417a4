#!/usr/bin/env bash
# start.sh: builds what is missing, starts staging and production, seeds them, and writes one kubeconfig with both contexts.
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

"$here/build.sh"
"$here/down.sh"
mkdir -p "$run"
for name in "${environments[@]}"; do "$here/up.sh" "$name"; done
KUBECONFIG=$run/staging/kubeconfig:$run/production/kubeconfig "$bin/kubectl" config view --flatten >"$run/kubeconfig"
chmod 600 "$run/kubeconfig"
"$here/seed.sh"
say "KUBECONFIG=$run/kubeconfig has the contexts ${environments[*]}; the repository is $run/repo"
