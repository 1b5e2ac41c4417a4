#!/usr/bin/env bash
# charts.sh REPOSITORY FOLDER URL: packages the stand-in charts beside this script, in every version that a HelmRelease in REPOSITORY asks
# for, into FOLDER, with the index.yaml of a chart server at URL.
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

repository=$1 folder=$2 url=$3
mkdir -p "$folder"
{
  echo "apiVersion: v1"
  echo "entries:"
  for chart in "$here"/charts/*/; do
    chart=$(basename "$chart")
    versions=$(grep -rlE '^kind: HelmRelease' --include='*.yaml' "$repository" | xargs -r grep -lE "$chart" |
      xargs -r sed -nE 's/^ +version: *["'\'']?(v?[0-9]+\.[0-9]+\.[0-9]+[^"'\'' ]*)["'\'']?.*/\1/p' | sort -u)
    [ -n "$versions" ] || continue
    echo "  $chart:"
    for version in $versions; do
      stage=$(mktemp -d)
      cp -r "$here/charts/$chart" "$stage/"
      sed -i "s/^version: .*/version: $version/; s/^appVersion: .*/appVersion: $version/" "$stage/$chart/Chart.yaml"
      tar -C "$stage" -czf "$folder/$chart-$version.tgz" "$chart"
      rm -rf "$stage"
      echo "  - {apiVersion: v2, name: $chart, version: $version, appVersion: $version, urls: [$url/$chart-$version.tgz]}"
    done
  done
} >"$folder/index.yaml"
grep -q '^  - ' "$folder/index.yaml" || fail "no HelmRelease in $repository asks for one of the charts in tests/testbed/charts"
