#!/bin/sh
# Makes the vectors that the unit tests of src/sops read: plain documents (plain/) encrypted by the real sops, and decrypted by it again.
#
#   tests/sops/make-vectors.sh SOPS_3_9 SOPS_3_10 SOPS_3_13      (paths of the three programs)
#
# The programs come from the Go toolchain:
#   GOBIN=/tmp/sops-3.9  go install github.com/getsops/sops/v3/cmd/sops@v3.9.4
#   GOBIN=/tmp/sops-3.10 go install github.com/getsops/sops/v3/cmd/sops@v3.10.2
#   GOBIN=/tmp/sops-3.13 go install github.com/getsops/sops/v3/cmd/sops@v3.13.3
#
# The keys in vectors/throwaway-*.txt were made for this alone and protect nothing. The PGP key of the vectors `pgp-and-age` is made in a
# folder that goes away (gpg is needed): nobody can open them with it, so age must. ONLY=NAME makes vectors of that name alone anew.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
old=$1 middle=$2 new=$3
staging=$(sed -n 's/^# public key: //p' "$here/vectors/throwaway-staging.txt")
production=$(sed -n 's/^# public key: //p' "$here/vectors/throwaway-production.txt")
# Neither the caller's keys nor a .sops.yaml above may play a part.
export SOPS_AGE_KEY_FILE="$here/vectors/throwaway-staging.txt" XDG_CONFIG_HOME=/nonexistent HOME=/nonexistent
unset SOPS_AGE_KEY SOPS_AGE_KEY_CMD SOPS_AGE_RECIPIENTS || true
kubernetes='^(data|stringData)$'

# Some rules can only be set in a configuration.
configuration=$(mktemp)
GNUPGHOME=$(mktemp -d)
export GNUPGHOME
trap 'gpgconf --kill all 2>/dev/null; rm -rf "$configuration" "$GNUPGHOME"' EXIT
gpg --batch --quiet --passphrase '' --quick-generate-key 'throwaway <throwaway@example.com>' rsa2048 encr never
pgp=$(gpg --list-keys --with-colons | sed -n 's/^fpr:*\([0-9A-F]*\):*$/\1/p' | head -n 1)

wanted() {
    [ "${ONLY:-$1}" = "$1" ] && { [ -n "${ONLY:-}" ] || [ ! -e "$folder/$1.$2" ]; }
}

# vector NAME PLAIN FLAGS…: NAME.yaml is what $sops encrypts, NAME.plain.yaml what it decrypts that to.
vector() {
    name=$1 plain=$here/plain/$2.yaml
    shift 2
    wanted "$name" yaml || return 0
    (cd / && "$sops" --config /dev/null encrypt --age "$staging" "$@" "$plain") > "$folder/$name.yaml"
    plain "$name" yaml
}

# configured NAME PLAIN RULES [RECIPIENTS]: the same with rules from a configuration.
configured() {
    wanted "$1" yaml || return 0
    printf 'creation_rules:\n  - %s\n%s\n' "${4:-age: $staging}" "$3" > "$configuration"
    (cd / && "$sops" --config "$configuration" encrypt "$here/plain/$2.yaml") > "$folder/$1.yaml"
    plain "$1" yaml
}

# format NAME.ENDING FLAGS…: the same for a plain file of another format.
format() {
    name=${1%.*} ending=${1##*.}
    shift
    wanted "$name" "$ending" || return 0
    (cd / && "$sops" --config /dev/null encrypt --age "$staging" "$@" "$here/plain/$name.$ending") > "$folder/$name.$ending"
    plain "$name" "$ending"
}

plain() {
    (cd / && "$sops" --config /dev/null decrypt "$folder/$1.$2") > "$folder/$1.plain.$2"
}

for layout in 3.9 3.10 3.13; do
    case $layout in 3.9) sops=$old ;; 3.10) sops=$middle ;; *) sops=$new ;; esac
    folder=$here/vectors/$layout
    mkdir -p "$folder"
    format values.json --encrypted-regex "$kubernetes"
    format values.env
    format values.ini
    format note.txt
    format bytes.bin
    configured shamir secret "    encrypted_regex: $kubernetes
    shamir_threshold: 2
    key_groups:
      - age: [$staging]
      - age: [$production]
      - age: [$staging, $production]" "path_regex: ''"
    vector pgp-and-age secret --encrypted-regex "$kubernetes" --pgp "$pgp"
    vector secret secret --encrypted-regex "$kubernetes"
    vector documents documents --encrypted-regex "$kubernetes"
    vector two-recipients secret --encrypted-regex "$kubernetes" --age "$staging,$production"
    configured mac-only secret "    encrypted_regex: $kubernetes
    mac_only_encrypted: true"
    configured rule-encrypted-comment comments "    encrypted_comment_regex: sops:enc"
    configured rule-unencrypted-comment comments "    unencrypted_comment_regex: sops:plain"
    # Not for the key that decrypts the others, so there is no plain text of it.
    wanted other-key yaml &&
        (cd / && "$sops" --config /dev/null encrypt --age "$production" --encrypted-regex "$kubernetes" "$here/plain/secret.yaml") \
            > "$folder/other-key.yaml"
    # What sops writes between 3.10 and 3.12 differs in the block alone, so the values are not all made again.
    [ "$layout" = 3.10 ] && continue
    vector zoo zoo --encrypted-regex "$kubernetes"
    vector hard hard --encrypted-regex "$kubernetes"
    vector nested nested --encrypted-regex "$kubernetes"
    vector flow flow --encrypted-regex "$kubernetes"
    vector rule-unencrypted-suffix suffixes --unencrypted-suffix _plain
    vector rule-encrypted-suffix suffixes --encrypted-suffix _secret
    vector rule-unencrypted-regex suffixes --unencrypted-regex '_plain$'
    vector rule-default suffixes
    # What sops itself would write with carriage returns: it reads them but never writes them.
    wanted crlf yaml && {
        sed 's/$/\r/' "$folder/secret.yaml" > "$folder/crlf.yaml"
        cp "$folder/secret.plain.yaml" "$folder/crlf.plain.yaml"
    }
done
# Times: sops 3.9 cannot hash them.
vector times times --encrypted-regex "$kubernetes"
