#!/bin/bash
# record-resourceset.sh : records what flux-operator's own code makes of ResourceSets (tests/testbed/resourceset, built by tests/testbed/build.sh).
# The sets are those that are recorded already: add a line with "set" (and "providers" of type Static), and run it. It needs no cluster.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
bin=${FLUXDECK_TESTBED:-$HOME/.cache/fluxdeck-testbed}/bin
recorded=$here/resourceset/recorded.jsonl
new=$(mktemp)
"$bin/resourceset" <"$recorded" >"$new"
cat "$new" >"$recorded"
rm "$new"
