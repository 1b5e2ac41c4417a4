#!/bin/bash
# record-substitution.sh : records what Flux's own code makes of objects with variables (tests/testbed/substitution, built by tests/testbed/build.sh).
# The objects and variables are those that are recorded already: add a line with "variables" and "object", and run it. It needs no cluster.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
bin=${FLUXDECK_TESTBED:-$HOME/.cache/fluxdeck-testbed}/bin
recorded=$here/substitution/recorded.jsonl
new=$(mktemp)
"$bin/substitution" <"$recorded" >"$new"
cat "$new" >"$recorded"
rm "$new"
