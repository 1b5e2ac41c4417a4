#!/usr/bin/env bash
# build.sh [kubectl]: builds the control plane, the Flux controllers, kwok and sops from pinned Go modules into $FLUXDECK_TESTBED/bin, and
# collects the CRDs.
# About 25 minutes on 2 cores with nothing cached; what is built already is left alone. With `kubectl` it builds that alone, which is all that
# `cargo test --test render` needs.
#
# Each program is built in a module of its own, because their pins exclude each other. The module's own go.sum is taken over: it names
# the hashes of everything that its authors built with. Change a version only together with a full build.
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

kubernetes=1.34.2
etcd=3.6.16
source_controller=1.7.3
kustomize_controller=1.7.3
helm_controller=1.4.3
# kustomize-controller of Flux 2.9 beside it, on the control plane of the faults. source-controller 1.9.6 stands on a module that the proxy refuses.
newer_kustomize_controller=1.9.6
# What Flux 2.9 does with variables, for the recordings of it.
pkg_kustomize=1.35.7
# What source-controller 1.7.3 leaves out of an artifact, for the recordings of it.
pkg_artifact=0.4.0
kwok=0.7.0
sops=3.13.3
# What flux-operator makes of a ResourceSet, for the recordings of it.
flux_operator=0.59.0
# Certificates on the control plane of the faults, with an ACME server.
cert_manager=1.21.2
pebble=2.10.3
# Usage of pods and nodes on the same control plane, as kwok tells it.
metrics_server=0.8.0
# The flux CLI, whose commands lessons teach.
flux=2.9.5

# built PROGRAM MODULE VERSION: whether it lies there in this very version, by what Go wrote into the program.
built() { [ -x "$bin/$1" ] && go version -m "$bin/$1" | grep "[[:space:]]$2[[:space:]]v$3[[:space:]]" >/dev/null; }

# module MODULE VERSION PROGRAM=PACKAGE… <replace lines
module() {
  local module=$1 version=$2 replaces program package folder sources
  shift 2
  replaces=$(cat)
  local wanted=()
  for program in "$@"; do
    built "${program%%=*}" "$module" "$version" || wanted+=("$program")
  done
  [ ${#wanted[@]} -gt 0 ] || return 0
  folder=$testbed/src/${wanted[0]%%=*}
  mkdir -p "$folder"
  printf 'module testbed\n\ngo 1.26.0\n\nrequire %s v%s\n\n%s\n' "$module" "$version" "$replaces" >"$folder/go.mod"
  sources=$(cd "$folder" && go mod download -json "$module@v$version" | sed -n 's/.*"Dir": "\(.*\)",/\1/p')
  [ -n "$sources" ] || fail "the Go module $module@v$version could not be had"
  rm -f "$folder/go.sum"
  if [ -f "$sources/go.sum" ]; then install -m 644 "$sources/go.sum" "$folder/go.sum"; fi
  for program in "${wanted[@]}"; do
    package=${program#*=}
    program=${program%%=*}
    say "building $program $version"
    (cd "$folder" && GOFLAGS=-buildvcs=false go build -mod=mod -o "$bin/$program" "$package") || fail "$program did not build"
  done
}

# own PROGRAM MODULE VERSION <replace lines: builds PROGRAM/main.go beside this script, with lines.go, on that module.
own() {
  local program=$1 module=$2 version=$3 replaces folder sources
  replaces=$(cat)
  folder=$testbed/src/$program
  # By the module that it stands on, and by its own text.
  [ -x "$bin/$program" ] && cmp -s "$here/$program/main.go" "$folder/main.go" && cmp -s "$here/lines.go" "$folder/lines.go" &&
    go version -m "$bin/$program" | grep "[[:space:]]$module[[:space:]]v$version[[:space:]]" >/dev/null && return 0
  mkdir -p "$folder"
  printf 'module testbed\n\ngo 1.26.0\n\nrequire %s v%s\n\n%s\n' "$module" "$version" "$replaces" >"$folder/go.mod"
  sources=$(cd "$folder" && go mod download -json "$module@v$version" | sed -n 's/.*"Dir": "\(.*\)",/\1/p')
  [ -n "$sources" ] || fail "the Go module $module@v$version could not be had"
  install -m 644 "$sources/go.sum" "$folder/go.sum"
  install -m 644 "$here/$program/main.go" "$here/lines.go" "$folder/"
  say "building $program on $module $version"
  (cd "$folder" && GOFLAGS=-buildvcs=false go build -mod=mod -o "$bin/$program" .) || fail "$program did not build"
}

# inside PROGRAM MODULE VERSION: builds PROGRAM/main.go beside this script, with lines.go, inside of a copy of that module, whose packages are internal. What the
# module's authors ask of Go's version is left to the Go that is here.
inside() {
  local program=$1 module=$2 version=$3 folder sources
  folder=$testbed/src/$program
  [ -x "$bin/$program" ] && cmp -s "$here/$program/main.go" "$folder/cmd/$program/main.go" && cmp -s "$here/lines.go" "$folder/cmd/$program/lines.go" &&
    [ "$(cat "$folder/.version" 2>/dev/null)" = "$version" ] &&
    return 0
  rm -rf "$folder"
  mkdir -p "$folder"
  sources=$(cd "$folder" && { go mod download -json "$module@v$version" || true; } | sed -n 's/.*"Zip": "\(.*\)",/\1/p')
  [ -n "$sources" ] || fail "the Go module $module@v$version could not be had"
  python3 -c 'import sys, zipfile; zipfile.ZipFile(sys.argv[1]).extractall(sys.argv[2])' "$sources" "$folder/.zip"
  cp -r "$folder/.zip/$module@v$version/." "$folder/"
  rm -rf "$folder/.zip"
  sed -i 's/^go .*/go 1.26.0/; /^toolchain /d' "$folder/go.mod"
  mkdir -p "$folder/cmd/$program"
  install -m 644 "$here/$program/main.go" "$here/lines.go" "$folder/cmd/$program/"
  say "building $program in $module $version"
  (cd "$folder" && GOFLAGS=-buildvcs=false go build -mod=mod -o "$bin/$program" "./cmd/$program") || fail "$program did not build"
  echo "$version" >"$folder/.version"
}

# cli VERSION: builds the flux CLI in a copy of its module. What its authors' own build adds, the manifests that `flux install` applies, is left out.
cli() {
  local folder=$testbed/src/flux sources
  [ -x "$bin/flux" ] && [ "$(cat "$folder/.version" 2>/dev/null)" = "$1" ] && return 0
  rm -rf "$folder"
  mkdir -p "$folder"
  sources=$(cd "$folder" && { go mod download -json "github.com/fluxcd/flux2/v2@v$1" || true; } | sed -n 's/.*"Zip": "\(.*\)",/\1/p')
  [ -n "$sources" ] || fail "the Go module github.com/fluxcd/flux2/v2@v$1 could not be had"
  python3 -c 'import sys, zipfile; zipfile.ZipFile(sys.argv[1]).extractall(sys.argv[2])' "$sources" "$folder/.zip"
  cp -r "$folder/.zip/github.com/fluxcd/flux2/v2@v$1/." "$folder/"
  rm -rf "$folder/.zip"
  sed -i 's/^go .*/go 1.26.0/; /^toolchain /d' "$folder/go.mod"
  mkdir -p "$folder/cmd/flux/manifests"
  echo '{}' >"$folder/cmd/flux/manifests/none.yaml"
  say "building flux $1"
  (cd "$folder" && GOFLAGS=-buildvcs=false go build -mod=mod -ldflags "-X main.VERSION=$1" -o "$bin/flux" ./cmd/flux) || fail "flux did not build"
  echo "$1" >"$folder/.version"
}

# crds FOLDER MODULE VERSION [INTO]: the CRDs that a module's sources hold.
crds() {
  local name into=$testbed/${4:-crds}
  name=$(basename "$2")
  mkdir -p "$into"
  [ "$(cat "$into/.$name.version" 2>/dev/null)" = "$3" ] && return 0
  local sources
  sources=$(cd "$testbed/src" && go mod download -json "$2@v$3" | sed -n 's/.*"Dir": "\(.*\)",/\1/p')
  ls "$sources/$1"/*.yaml >/dev/null || fail "$2 has no CRDs in $1"
  for file in "$sources/$1"/*.yaml; do install -m 644 "$file" "$into/"; done
  echo "$3" >"$into/.$name.version"
}

need go "to build the testbed's programs (version 1.26 or newer)"
mkdir -p "$bin" "$testbed/src" "$testbed/crds"
# Two runs that start together build once.
exec 9>"$testbed/build.lock"
need flock "to keep two builds apart"
flock 9

# Kubernetes is published as one module and its staging modules beside it, numbered 0.x for 1.x.
staging_modules=(api apiextensions-apiserver apimachinery apiserver cli-runtime client-go cloud-provider cluster-bootstrap code-generator
  component-base component-helpers controller-manager cri-api cri-client csi-translation-lib dynamic-resource-allocation endpointslice
  externaljwt kms kube-aggregator kube-controller-manager kube-proxy kube-scheduler kubectl kubelet metrics mount-utils
  pod-security-admission sample-apiserver)
programs=()
for name in kube-apiserver kube-controller-manager kube-scheduler kubectl; do
  [ "${1:-$name}" != "$name" ] || programs+=("$name=k8s.io/kubernetes/cmd/$name")
done
for name in "${staging_modules[@]}"; do echo "replace k8s.io/$name => k8s.io/$name v0.${kubernetes#1.}"; done |
  module k8s.io/kubernetes "$kubernetes" "${programs[@]}"
if [ "${1:-}" = kubectl ]; then
  say "kubectl in $bin"
  exit 0
fi

module go.etcd.io/etcd/server/v3 "$etcd" etcd=go.etcd.io/etcd/server/v3 </dev/null

module github.com/fluxcd/source-controller "$source_controller" source-controller=github.com/fluxcd/source-controller <<'REPLACE'
replace github.com/opencontainers/go-digest => github.com/opencontainers/go-digest v1.0.1-0.20220411205349-bde1400a84be
REPLACE

module github.com/fluxcd/kustomize-controller "$kustomize_controller" kustomize-controller=github.com/fluxcd/kustomize-controller <<'REPLACE'
replace github.com/opencontainers/go-digest => github.com/opencontainers/go-digest v1.0.1-0.20220411205349-bde1400a84be
replace gopkg.in/yaml.v3 => gopkg.in/yaml.v3 v3.0.1
replace sigs.k8s.io/kustomize/api => sigs.k8s.io/kustomize/api v0.20.1
replace sigs.k8s.io/kustomize/kyaml => sigs.k8s.io/kustomize/kyaml v0.20.1
REPLACE

module github.com/fluxcd/helm-controller "$helm_controller" helm-controller=github.com/fluxcd/helm-controller <<'REPLACE'
replace github.com/opencontainers/go-digest => github.com/opencontainers/go-digest v1.0.1-0.20231025023718-d50d2fec9c98
replace sigs.k8s.io/kustomize/api => sigs.k8s.io/kustomize/api v0.20.1
replace sigs.k8s.io/kustomize/kyaml => sigs.k8s.io/kustomize/kyaml v0.20.1
REPLACE

module github.com/fluxcd/kustomize-controller "$newer_kustomize_controller" newer-kustomize-controller=github.com/fluxcd/kustomize-controller <<'REPLACE'
replace github.com/opencontainers/go-digest => github.com/opencontainers/go-digest v1.0.1-0.20220411205349-bde1400a84be
replace gopkg.in/yaml.v3 => gopkg.in/yaml.v3 v3.0.1
replace sigs.k8s.io/kustomize/api => sigs.k8s.io/kustomize/api v0.21.1
replace sigs.k8s.io/kustomize/kyaml => sigs.k8s.io/kustomize/kyaml v0.21.1
REPLACE

module github.com/letsencrypt/pebble/v2 "$pebble" pebble=github.com/letsencrypt/pebble/v2/cmd/pebble </dev/null

module sigs.k8s.io/metrics-server "$metrics_server" metrics-server=sigs.k8s.io/metrics-server/cmd/metrics-server </dev/null

module sigs.k8s.io/kwok "$kwok" kwok=sigs.k8s.io/kwok/cmd/kwok </dev/null
module github.com/getsops/sops/v3 "$sops" sops=github.com/getsops/sops/v3/cmd/sops </dev/null

own substitution github.com/fluxcd/pkg/kustomize "$pkg_kustomize" <<'REPLACE'
replace github.com/opencontainers/go-digest => github.com/opencontainers/go-digest v1.0.1-0.20220411205349-bde1400a84be
replace sigs.k8s.io/kustomize/api => sigs.k8s.io/kustomize/api v0.21.1
replace sigs.k8s.io/kustomize/kyaml => sigs.k8s.io/kustomize/kyaml v0.21.1
REPLACE

own artifact github.com/fluxcd/pkg/artifact "$pkg_artifact" <<'REPLACE'
replace github.com/opencontainers/go-digest => github.com/opencontainers/go-digest v1.0.1-0.20220411205349-bde1400a84be
REPLACE

inside cert-manager github.com/cert-manager/cert-manager "$cert_manager"

inside resourceset github.com/controlplaneio-fluxcd/flux-operator "$flux_operator"

cli "$flux"

crds config/crd/bases github.com/fluxcd/source-controller "$source_controller"
crds config/crd/bases github.com/fluxcd/kustomize-controller "$kustomize_controller"
crds config/crd/bases github.com/fluxcd/helm-controller "$helm_controller"
crds kustomize/crd/bases sigs.k8s.io/kwok "$kwok"
# Those of the control plane of the faults, over the others.
crds config/crd/bases github.com/fluxcd/kustomize-controller "$newer_kustomize_controller" crds-faults
crds deploy/crds github.com/cert-manager/cert-manager "$cert_manager" crds-faults
say "programs in $bin"
