#!/usr/bin/env bash
# charts.sh REPOSITORY FOLDER URL: packages the stand-in charts beside this script, in every version that a HelmRelease in REPOSITORY asks
# for, into FOLDER, with the index.yaml of a chart server at URL. A HelmRelease there has the name of its chart. A stand-in without
# templates of its own gets those of charts/shared.
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

repository=$1 folder=$2 url=$3
mkdir -p "$folder"
stage=$(mktemp -d)
trap 'rm -rf "$stage"' EXIT
{
  echo "apiVersion: v1"
  echo "entries:"
  for chart in "$here"/charts/*/; do
    chart=$(basename "$chart")
    [ "$chart" != shared ] || continue
    versions=$(grep -rlE '^kind: HelmRelease' --include='*.yaml' "$repository" | xargs -r grep -lE "^  name: $chart\$" |
      xargs -r sed -nE 's/^      version: *["'\'']?(v?[0-9]+\.[0-9]+\.[0-9]+[^"'\'' ]*)["'\'']?.*/\1/p' | sort -u)
    [ -n "$versions" ] || fail "no HelmRelease in $repository pins a version of $chart: take it from tests/testbed/charts, or mend the pin"
    cp -r "$here/charts/$chart" "$stage/"
    [ -d "$stage/$chart/templates" ] || cp -r "$here/charts/shared/templates" "$stage/$chart/"
    echo "  $chart:"
    for version in $versions; do
      sed -i "s/^version: .*/version: $version/; s/^appVersion: .*/appVersion: $version/" "$stage/$chart/Chart.yaml"
      tar -C "$stage" -czf "$folder/$chart-$version.tgz" "$chart"
      echo "  - {apiVersion: v2, name: $chart, version: $version, appVersion: $version, urls: [$url/$chart-$version.tgz]}"
    done
  done
} >"$folder/index.yaml"
# Each of them, or a release waits for a chart that never comes.
grep -rlE '^kind: HelmRelease' --include='*.yaml' "$repository" | xargs -r sed -nE 's/^      chart: *([^ ]+)$/\1/p' | sort -u | while read -r chart; do
  [ -d "$here/charts/$chart" ] || fail "the repository asks for the chart $chart: give it a stand-in in tests/testbed/charts"
done
