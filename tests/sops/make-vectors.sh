#!/bin/sh
# Makes the vectors that the unit tests of src/sops read: plain documents (plain/) encrypted by the real sops, and decrypted by it again.
#
#   tests/sops/make-vectors.sh SOPS_3_9 SOPS_3_13      (paths of the two programs)
#
# The programs come from the Go toolchain:
#   GOBIN=/tmp/sops-3.9  go install github.com/getsops/sops/v3/cmd/sops@v3.9.4
#   GOBIN=/tmp/sops-3.13 go install github.com/getsops/sops/v3/cmd/sops@v3.13.3
#
# The keys in vectors/throwaway-*.txt were made for this alone and protect nothing.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
old=$1 new=$2
staging=$(sed -n 's/^# public key: //p' "$here/vectors/throwaway-staging.txt")
production=$(sed -n 's/^# public key: //p' "$here/vectors/throwaway-production.txt")
# Neither the caller's keys nor a .sops.yaml above may play a part.
export SOPS_AGE_KEY_FILE="$here/vectors/throwaway-staging.txt" XDG_CONFIG_HOME=/nonexistent HOME=/nonexistent
unset SOPS_AGE_KEY SOPS_AGE_KEY_CMD SOPS_AGE_RECIPIENTS || true
kubernetes='^(data|stringData)$'

# Some rules can only be set in a configuration.
configuration=$(mktemp)
trap 'rm -f "$configuration"' EXIT

# vector NAME PLAIN FLAGS…: NAME.yaml is what $sops encrypts, NAME.plain.yaml what it decrypts that to.
vector() {
    name=$1 plain=$here/plain/$2.yaml
    shift 2
    (cd / && "$sops" --config /dev/null encrypt --age "$staging" "$@" "$plain") > "$folder/$name.yaml"
    plain "$name"
}

# configured NAME PLAIN RULES: the same with rules from a configuration.
configured() {
    printf 'creation_rules:\n  - age: %s\n%s\n' "$staging" "$3" > "$configuration"
    (cd / && "$sops" --config "$configuration" encrypt "$here/plain/$2.yaml") > "$folder/$1.yaml"
    plain "$1"
}

plain() {
    (cd / && "$sops" --config /dev/null decrypt "$folder/$1.yaml") > "$folder/$1.plain.yaml"
}

for layout in 3.9 3.13; do
    case $layout in 3.9) sops=$old ;; *) sops=$new ;; esac
    folder=$here/vectors/$layout
    mkdir -p "$folder"
    vector secret secret --encrypted-regex "$kubernetes"
    vector zoo zoo --encrypted-regex "$kubernetes"
    vector hard hard --encrypted-regex "$kubernetes"
    vector nested nested --encrypted-regex "$kubernetes"
    vector documents documents --encrypted-regex "$kubernetes"
    vector flow flow --encrypted-regex "$kubernetes"
    configured mac-only secret "    encrypted_regex: $kubernetes
    mac_only_encrypted: true"
    vector two-recipients secret --encrypted-regex "$kubernetes" --age "$staging,$production"
    # Not for the key that decrypts the others, so there is no plain text of it.
    (cd / && "$sops" --config /dev/null encrypt --age "$production" --encrypted-regex "$kubernetes" "$here/plain/secret.yaml") \
        > "$folder/other-key.yaml"
    vector rule-unencrypted-suffix suffixes --unencrypted-suffix _plain
    vector rule-encrypted-suffix suffixes --encrypted-suffix _secret
    vector rule-unencrypted-regex suffixes --unencrypted-regex '_plain$'
    vector rule-default suffixes
    configured rule-encrypted-comment comments "    encrypted_comment_regex: sops:enc"
    configured rule-unencrypted-comment comments "    unencrypted_comment_regex: sops:plain"
    # What sops itself would write with carriage returns: it reads them but never writes them.
    sed 's/$/\r/' "$folder/secret.yaml" > "$folder/crlf.yaml"
    cp "$folder/secret.plain.yaml" "$folder/crlf.plain.yaml"
done
# Times: sops 3.9 cannot hash them.
vector times times --encrypted-regex "$kubernetes"
