#!/bin/bash
# record-artifact.sh : records what of a repository Flux reads, by its own code (tests/testbed/artifact, built by tests/testbed/build.sh).
# The repositories are those that are recorded already: add a line with "files", and run it. It needs no cluster.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
bin=${FLUXDECK_TESTBED:-$HOME/.cache/fluxdeck-testbed}/bin
recorded=$here/artifact/recorded.jsonl
new=$(mktemp)
"$bin/artifact" <"$recorded" >"$new"
cat "$new" >"$recorded"
rm "$new"
