#!/usr/bin/env bash
# make.sh: draws the pictures of the README anew, from the demo, whose clock and commits are the same each time.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
cargo build --quiet
draw() { target/debug/fluxdeck snapshot --demo --format svg --size "$2" --keys "$3" ${4-} >"screenshots/$1.svg"; }
draw home 140x38 '3jjj'
draw home-80x24 80x24 '2jjj'
draw home-light 140x38 '3jjj' --light
draw confirm 120x34 '3R'
draw detail 120x34 '3/infrastructure-configs<enter><enter>'
draw tree 120x34 '2/apps<enter><enter>5'
draw describe 120x40 '2/linkding<enter>d'
draw git 120x34 'v'
draw helm 120x34 '3jj<enter>]'
draw secrets 140x38 '2S'
draw secret-text 120x34 '1/env-secret<enter>j<enter>jjjjjv'
draw secret 120x34 '1/env-secret<enter>j<enter>'
draw logs 140x38 '2jjl'
draw fault 140x38 '3jjjjjjj' '--scenario helm-exhausted'
draw check 120x34 'C'
draw compare 120x34 'Ejjjj<right>'
draw order 120x34 '3w'
draw becomes 140x38 '1/apps/base/linkding/ingress.yaml<enter><enter>'
