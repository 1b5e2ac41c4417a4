#!/bin/sh
# Lets the real sops judge what src/sops writes: tests/sops/judge.sh SOPS…  (paths of one or more versions of it)
set -eu
cd "$(dirname "$0")/../.."
[ $# -gt 0 ] || { echo "usage: tests/sops/judge.sh SOPS…" >&2; exit 2; }
for sops in "$@"; do
    echo "judged by $("$sops" --version --disable-version-check | head -n 1)"
    FLUXDECK_SOPS=$sops cargo test --lib sops::tests::judge
done
